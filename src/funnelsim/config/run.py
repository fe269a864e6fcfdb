"""How we look: the dates, the seeds, and the yardstick that every policy of a study is measured by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from funnelsim.config.durations import Duration
from funnelsim.config.kinds import CalendarDuration, Date
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.team import Zone

FIRST_YEAR, LAST_YEAR = 1970, 2400
"""Years in which time zones and holidays are known well enough."""


class Standard(Paper):
    """Standard effort: what "worked" means, the same for every policy."""

    attempts: int = field(
        6,
        "attempts",
        "Counted attempts that a lead deserves.",
        ge=1,
        source="six calls reach 93 % of those ever reached (Velocify)",
    )
    apart: CalendarDuration = field(
        Duration(4, "h"),
        "duration",
        "A try counts if begun at least this after the last counted one.",
        source="assumed",
    )
    emails: int = field(2, "e-mails", "How many e-mails can count.", ge=0, source="assumed")
    days: float = field(
        14.0,
        "days",
        "Handovers and windows that open later than this before the end are not judged.",
        ge=0.0,
        source="HubSpot: 5 calls in 14 days",
    )


class Run(Paper):
    """Dates, replications, seeds and the constants of a study."""

    start: Date = field(dt.date(2025, 1, 6), "date", "First day; the clock counts from its local midnight.")
    time_zone: Zone = field("UTC", "", "Time zone of the clock and of reps that name none.")
    warmup_days: int = field(
        90, "days", "Days that fill the pipeline before measuring.", ge=0, le=36_500, source="assumed"
    )
    horizon_days: int = field(365, "days", "Days measured.", ge=1, le=36_500)
    followup_days: int = field(90, "days", "Days in which measured leads finish.", ge=0, le=36_500, source="assumed")
    replications: int = field(
        20,
        "replications",
        "How many, unless the command says otherwise.",
        ge=1,
        le=1_000_000,
        source="t-intervals on skewed revenue need 20 or more",
    )
    seed: int = field(1, "", "Root of all luck; 0 is a seed.", ge=0, lt=2**63)
    max_touches: int = field(
        24, "touches", "Human touches in a lead's whole life for which luck is drawn.", ge=1, le=200
    )
    max_meetings: int = field(8, "meetings", "Meetings in a lead's whole life for which luck is drawn.", ge=1, le=60)
    grid: CalendarDuration = field(
        Duration(0, "min"),
        "duration",
        "Drawn moments and lengths are whole multiples of this, so that ties are everywhere; 0 = one millisecond.",
    )
    standard: Standard = field(None, "", "Standard effort.", factory=Standard)

    @binds("start", "warmup_days", "horizon_days", "followup_days")
    def _years(self) -> Iterator[Broken]:
        if self.start.year < FIRST_YEAR:
            yield Broken("start", f"must not be before {FIRST_YEAR}-01-01, got {self.start}")
        elif self.start.toordinal() + self.days > dt.date(LAST_YEAR, 12, 31).toordinal():
            yield Broken("start", f"the run must end by {LAST_YEAR}-12-31, got {self.start} and {self.days} days")

    @property
    def days(self) -> int:
        """Return the number of days simulated."""
        return self.warmup_days + self.horizon_days + self.followup_days
