"""Which days of an export can be: not long before anybody used a CRM, not after the export, not outside its period."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from funnelsim.config.mapping import Mapping
from funnelsim.records import Bool, Int64

DAY_MS = 86_400_000
_ZERO = dt.date(1970, 1, 1).toordinal()


def day_number(day: dt.date) -> int:
    """Return the days from 1970-01-01 to `day`."""
    return day.toordinal() - _ZERO


def day_of(number: int) -> dt.date:
    """Return the date that is `number` days after 1970-01-01."""
    return dt.date.fromordinal(number + _ZERO)


@dataclass(frozen=True, slots=True)
class Span:
    """Days, counted from 1970-01-01."""

    earliest: int  # a date before this cannot be
    latest: int  # nor one after this
    since: int | None  # the export's first day
    until: int | None  # and its last

    @classmethod
    def of(cls, mapping: Mapping, *, today: dt.date) -> Span:
        """Return the days that can be; nothing lies after `today`, or after the mapping's `as_of`."""
        return cls(
            earliest=day_number(mapping.earliest),
            latest=day_number(mapping.as_of or today),
            since=None if mapping.since is None else day_number(mapping.since),
            until=None if mapping.until is None else day_number(mapping.until),
        )

    @property
    def earliest_date(self) -> dt.date:
        """Return the first date that can be."""
        return day_of(self.earliest)

    def outside(self, day: Int64) -> Bool:
        """Return which days lie outside the export's period."""
        outside: Bool = day > (self.latest if self.until is None else self.until)
        return outside if self.since is None else outside | (day < self.since)
