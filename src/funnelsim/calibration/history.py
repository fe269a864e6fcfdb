"""What a CRM remembers, cleaned: the one form in which every export is fitted, replayed and compared.

Times are integer milliseconds since local midnight of `first_day` in `time_zone`, as in the engine (`Clock`), -1 where
unknown. Categories are indices into the tuple of names beside them, -1 where unknown. Money is in `currency`.

Dates without a time (a closing date) are taken at noon of that day, never before the lead's creation: count days to won
in local days (`observed.days_to_won`), not in multiples of 24 h.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from funnelsim.calendar import Clock
from funnelsim.records import Bool, Float64, Int8, Int16, Int32, Int64

Keys = NDArray[np.object_]
"""Ids of the CRM, text; an array of references, so that a million can be put in order and picked from at once."""


@dataclass(frozen=True, slots=True, eq=False)
class LeadTable:
    """The leads of an export, one row each, in order of (created, key). n leads."""

    key: Keys  # (n,) the CRM's own id, text
    contact: Int64  # (n,) index of the person, equal for leads of one person
    created: Int64  # (n,) ms
    channel: Int16  # (n,) into History.channels
    owner: Int16  # (n,) into History.reps, -1 nobody or unknown
    attributes: dict[str, Int16] = field(default_factory=dict)  # name -> (n,) into History.categories[name]
    won: Bool | None = None  # (n,); None: the export does not say
    closed: Bool | None = None  # (n,) a final outcome is known (won or lost)
    closed_at: Int64 | None = None  # (n,) ms, -1 unknown
    stage: Int16 | None = None  # (n,) into History.stages
    lost_reason: Int16 | None = None  # (n,) into History.lost_reasons
    unreachable: Bool | None = None  # (n,) a wrong or missing number, as the CRM marks it
    not_called: Bool | None = None  # (n,) stands in a stage that sales does not call
    value: Float64 | None = None  # (n,) offer value, nan unknown
    first_response_ms: Int64 | None = None  # (n,) creation to first touch as the CRM says, -1 none or unknown

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return int(self.created.size)


@dataclass(frozen=True, slots=True, eq=False)
class TouchTable:
    """Outbound attempts after redials were merged, in order of (lead, at). m attempts."""

    lead: Int64  # (m,) row of LeadTable
    at: Int64  # (m,) ms, start of the first call of the attempt; up to Touches.early_minutes before its lead's creation
    number: Int32  # (m,) attempt of its lead, from 1
    calls: Int32  # (m,) calls that were merged into it, >= 1
    duration_ms: Int64  # (m,) the longest call of the attempt, -1 unknown
    connected: Bool  # (m,) a talk: its longest call lasts Touches.contact_seconds, or its result says so
    rep: Int16  # (m,) into History.reps, -1 unknown; the lead's owner where the export does not say who called
    kind: Int8  # (m,) Row.CALL or Row.EMAIL

    @property
    def n(self) -> int:
        """Return the number of attempts."""
        return int(self.lead.size)


@dataclass(frozen=True, slots=True, eq=False)
class SpendTable:
    """Spend by day and channel. d rows, in order of (day, channel)."""

    day: Int32  # (d,) days since first_day
    channel: Int16  # (d,) into History.channels
    impressions: Float64  # (d,) nan unknown
    clicks: Float64  # (d,) nan unknown
    spend: Float64  # (d,) money


@dataclass(frozen=True, slots=True)
class Cleaning:
    """One rule that changed, set aside or merged rows.

    For each table, rows read = rows kept + merged + set aside + unreadable; those changed or only noted are kept.
    """

    table: str  # "leads", "touches" or "spend"
    rule: str  # a short name, e.g. "duplicate"
    meaning: str  # in words
    rows: int
    effect: Literal["set aside", "merged", "changed", "noted"] = "changed"


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """One imported and cleaned export."""

    first_day: date
    last_day: date  # the last day on which leads were created
    as_of: date  # outcomes are known up to here
    time_zone: str
    currency: str
    channels: tuple[str, ...]
    reps: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]  # attribute -> its categories
    known_late: tuple[str, ...]  # attributes that are only known after talking: never a predictor at arrival
    stages: tuple[str, ...]
    lost_reasons: tuple[str, ...]
    leads: LeadTable
    touches: TouchTable | None
    spend: SpendTable | None
    cleaning: tuple[Cleaning, ...]
    read: dict[str, int]  # table -> rows read, before any cleaning
    unreadable: dict[str, int]  # table -> rows that could not be read
    notes: tuple[str, ...] = ()  # what is missing, and what it costs

    def clock(self) -> Clock:
        """Return the clock of these times: `measured_until` is the end of `last_day`, `end` that of `as_of`."""
        return clock_of(self.first_day, self.last_day, self.as_of, time_zone=self.time_zone)


def clock_of(first_day: date, last_day: date, as_of: date, *, time_zone: str) -> Clock:
    """Return the clock of a history: `measured_until` is the end of `last_day`, `end` that of `as_of`."""
    days = (last_day - first_day).days + 1
    return Clock.of(_Dates(first_day, time_zone, days, max((as_of - last_day).days, 0)))


@dataclass(frozen=True, slots=True)
class _Dates:
    """The dates of a history, as a clock wants them of a run."""

    start: date
    time_zone: str
    horizon_days: int
    followup_days: int
    warmup_days: int = 0
