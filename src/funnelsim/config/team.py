"""The team and the economics: who works when, at what cost, and what a deal leaves. The world, not the policy."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

import holidays as _holidays
from pydantic import AfterValidator, Field

from funnelsim.config.kinds import Date, NonNegative, Share
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.suggest import did_you_mean

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOURS = re.compile(r"^\s*([A-Z][a-z]{2})(?:\s*-\s*([A-Z][a-z]{2}))?\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$")
_SHIFT = re.compile(r"^\s*(\d{4}-\d{2}-\d{2})\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*$")


def parse_hours(text: str) -> list[tuple[int, int, int]]:
    """Return (weekday, opening minute, closing minute) for each day that `text` names.

    Raises:
        ValueError: where the text is no opening time.

    >>> parse_hours("Mon-Tue 09:00-17:00")
    [(0, 540, 1020), (1, 540, 1020)]
    """
    match = _HOURS.match(text)
    if not match or match[1] not in WEEKDAYS or (match[2] or "Mon") not in WEEKDAYS:
        raise ValueError(f"must be opening times such as 'Mon-Fri 09:00-17:00', got {text!r}")
    first, last = WEEKDAYS.index(match[1]), WEEKDAYS.index(match[2] or match[1])
    opens, closes = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    if last < first or not 0 <= opens < closes <= 24 * 60:
        raise ValueError(f"must open before it closes, on days in order from Mon to Sun, got {text!r}")
    return [(day, opens, closes) for day in range(first, last + 1)]


def longest_shift_minutes(hours: list[str]) -> int:
    """Return the longest time without a break in a week of these opening times, in minutes; 7 days round the clock.

    >>> longest_shift_minutes(["Mon-Fri 09:00-12:00", "Mon-Thu 12:00-17:00"])
    480
    """
    week = 7 * 24 * 60
    days = [span for text in hours for span in parse_hours(text)]
    spans = sorted((day * 1440 + opens, day * 1440 + closes) for day, opens, closes in days)
    longest, begins, ends = 0, -1, -1
    for opens, closes in [*spans, *((a + week, b + week) for a, b in spans)]:
        begins, ends = (begins, closes) if opens == ends else (opens, closes)
        longest = max(longest, ends - begins)
    return min(longest, week)


def _hours(value: list[str]) -> list[str]:
    spans = sorted(span for text in value for span in parse_hours(text))
    if not spans:
        raise ValueError("must name at least one opening time")
    for (day, _, closes), (next_day, opens, _) in pairwise(spans):
        if day == next_day and opens < closes:
            raise ValueError(f"opening times overlap on {WEEKDAYS[day]}")
    return value


def parse_days_off(text: str) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of "2025-12-24" or "2025-12-24..2026-01-02".

    Raises:
        ValueError: where the text names no dates or the last comes before the first.
    """
    first, _, last = text.partition("..")
    try:
        span = dt.date.fromisoformat(first.strip()), dt.date.fromisoformat((last or first).strip())
    except ValueError:
        raise ValueError(f"must be a date or '2025-12-24..2026-01-02', got {text!r}") from None
    if span[1] < span[0]:
        raise ValueError(f"must end after it begins, got {text!r}")
    return span


def _days_off(value: list[str]) -> list[str]:
    for text in value:
        parse_days_off(text)
    return value


def parse_shift(text: str) -> tuple[dt.date, int, int]:
    """Return date, opening minute and closing minute of "2025-12-24 09:00-13:00".

    Raises:
        ValueError: where the text is no shift.

    >>> parse_shift("2025-12-24 09:00-13:00")
    (datetime.date(2025, 12, 24), 540, 780)
    """
    match = _SHIFT.match(text)
    try:
        day = dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if match is None or day is None:
        raise ValueError(f"must be a date with opening times such as '2025-12-24 09:00-13:00', got {text!r}")
    opens, closes = int(match[2]) * 60 + int(match[3]), int(match[4]) * 60 + int(match[5])
    if not 0 <= opens < closes <= 24 * 60:
        raise ValueError(f"must open before it closes, got {text!r}")
    return day, opens, closes


def _shifts(value: list[str]) -> list[str]:
    for (day, _, closes), (next_day, opens, _) in pairwise(sorted(parse_shift(text) for text in value)):
        if day == next_day and opens < closes:
            raise ValueError(f"shifts overlap on {day}")
    return value


def _country(value: str | None) -> str | None:
    if value is None:
        return None
    country, _, subdivision = value.partition("-")
    known = _holidays.list_supported_countries()
    if country not in known:
        raise ValueError("must be a country code such as 'US' or 'DE-BY'")
    if subdivision and subdivision not in known[country]:
        raise ValueError(f"{country} has no part '{subdivision}' (it has {', '.join(known[country][:12])})")
    return value


def time_zone(value: str | None) -> str | None:
    """Return `value` where it names an IANA time zone.

    Raises:
        ValueError: where it does not.
    """
    from zoneinfo import ZoneInfo

    if value is not None:
        try:
            ZoneInfo(value)
        except Exception:
            raise ValueError("must be an IANA time zone such as 'Europe/Berlin'") from None
    return value


Zone = Annotated[str, AfterValidator(time_zone)]


class RampStep(Paper):
    """Productivity from a day after the start on."""

    after_days: int = field(..., "days", "Days since the rep's start.", ge=0)
    productivity: float = field(..., "share", "Speed of work relative to a practised rep.", gt=0.0, le=1.0)


class Reps(Paper):
    """A number of reps who are alike."""

    role: str = field(..., "", "Their role: bdr, ae, or sales for one that does both (any name).", min_length=1)
    count: int = field(1, "reps", "How many.", ge=1, le=10_000)
    name: str = field("", "", "Name for tables; the role where empty. Numbered where count > 1.")
    hours: Annotated[list[str], AfterValidator(_hours)] = field(
        None, "", "Opening times by weekday, local time.", factory=lambda: ["Mon-Fri 09:00-17:00"], source="assumed"
    )
    time_zone: Zone | None = field(None, "", "Their time zone; run.time_zone where absent.")
    holidays: Annotated[str | None, AfterValidator(_country)] = field(
        None, "", "Country (and part) whose public holidays they keep, such as 'US' or 'DE-BY'."
    )
    days_off: Annotated[list[str], AfterValidator(_days_off)] = field(
        None, "dates", "Days off: dates or '2025-12-24..2026-01-02'.", factory=list
    )
    shifts: Annotated[list[str], AfterValidator(_shifts)] = field(
        None,
        "",
        "Opening times on single days, such as '2025-12-24 09:00-13:00', in place of those of the weekday; on days off "
        "and holidays too.",
        factory=list,
    )
    starts: Date | None = field(None, "date", "First day at work; from the beginning where absent.")
    leaves: Date | None = field(None, "date", "First day on which they are gone; they stay where absent.")
    ramp: list[RampStep] = field(None, "", "Productivity after the start, in steps; full where empty.", factory=list)
    cost_per_hour: NonNegative = field(40.0, "money/h", "Cost of an hour, all in.", source="assumed")
    max_open_leads: int | None = field(None, "leads", "Leads a rep may own at once; no limit where absent.", ge=1)
    max_open_opportunities: int | None = field(
        None, "opportunities", "Booked meetings and open opportunities a rep may own at once.", ge=1
    )
    segments: list[str] = field(
        None, "", "Categories of policy.routing.segment_by that they serve; all where empty.", factory=list
    )
    weight: int = field(1, "", "Share of leads under weighted routing.", ge=1, le=1000)

    @binds("ramp.*.after_days")
    def _ramp_order(self) -> Iterator[Broken]:
        days = [step.after_days for step in self.ramp]
        if days != sorted(set(days)):
            yield Broken("ramp", "after_days must rise from step to step")

    @binds("starts", "leaves")
    def _in_order(self) -> Iterator[Broken]:
        if self.starts is not None and self.leaves is not None and self.leaves <= self.starts:
            yield Broken("leaves", f"must be after starts, got {self.starts} and {self.leaves}")


class Team(Paper):
    """All reps, and which role does what."""

    reps: Annotated[list[Reps], Field(min_length=1)] = field(..., "", "Groups of reps.")
    touch_role: str = field("bdr", "", "Role that calls and qualifies.")
    close_role: str = field("ae", "", "Role that holds meetings and closes.")

    @binds("reps.*.role", "touch_role", "close_role")
    def _filled(self) -> Iterator[Broken]:
        roles = sorted({group.role for group in self.reps})
        for key in ("touch_role", "close_role"):
            role = getattr(self, key)
            if role not in roles:
                yield Broken(
                    key,
                    f"nobody fills the role '{role}' (roles of team.reps: {', '.join(roles)})",
                    did_you_mean(role, roles),
                )


class Economics(Paper):
    """What a deal leaves, and what it costs beyond spend and reps."""

    currency: str = field("EUR", "", "Currency of every amount of money.", min_length=1)
    gross_margin: Share = field(0.8, "share", "Share of revenue left after the cost of delivery.", source="assumed")
    lifetime_months: float = field(
        36.0, "months", "Mean time that a customer stays (exponential).", gt=0.0, source="assumed"
    )
    contract_months: float = field(12.0, "months", "Months that one deal value pays for.", gt=0.0, source="assumed")
    keep_cost_per_month: NonNegative = field(0.0, "money/month", "Cost of keeping a customer for a month.")
    overtime_factor: float = field(1.0, "ratio", "Pay of an hour of overtime relative to an ordinary one.", ge=0.0)
    fixed_cost_per_month: NonNegative = field(0.0, "money/month", "Tools and other costs that no policy changes.")
    quota_per_month: NonNegative = field(0.0, "money/month", "Revenue that each closing rep owes a month; 0 = none.")
