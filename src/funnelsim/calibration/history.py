"""What a CRM remembers, cleaned: the one form in which every export is fitted, replayed and compared.

Times are integer milliseconds since local midnight of `first_day` in `time_zone`, as in the engine (`Clock`), -1 where
unknown. Categories are indices into the tuple of names beside them, -1 where unknown. Money is in `currency`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from funnelsim.records import Bool, Float64, Int8, Int16, Int32, Int64


@dataclass(frozen=True, slots=True, eq=False)
class LeadTable:
    """The leads of an export, one row each, in order of (created, key). n leads."""

    key: tuple[str, ...]  # (n,) the CRM's own id
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
    at: Int64  # (m,) ms, start of the first call of the attempt
    number: Int32  # (m,) attempt of its lead, from 1
    duration_ms: Int64  # (m,) the longest call of the attempt
    connected: Bool  # (m,) a talk: see Import.contact_seconds
    rep: Int16  # (m,) into History.reps, -1 unknown
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
    """One rule that changed, set aside or merged rows."""

    table: str  # "leads", "touches" or "spend"
    rule: str  # a short name, e.g. "duplicate"
    meaning: str  # in words
    rows: int


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
    stages: tuple[str, ...]
    lost_reasons: tuple[str, ...]
    leads: LeadTable
    touches: TouchTable | None
    spend: SpendTable | None
    cleaning: tuple[Cleaning, ...]
    read: dict[str, int]  # table -> rows read, before any cleaning
    unreadable: dict[str, int]  # table -> rows that could not be read
    notes: tuple[str, ...] = ()  # what is missing, and what it costs
