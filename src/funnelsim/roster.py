"""Reps and agreements as integers: what an engine reads of the team and the policy, and how it is made of them."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np

from funnelsim.calendar import Calendar as Calendar
from funnelsim.calendar import cut, midnight_of, open_intervals, union
from funnelsim.config.durations import Duration
from funnelsim.config.policy import Terms
from funnelsim.config.scenario import Scenario
from funnelsim.config.team import Reps, Team, parse_days_off, parse_hours, parse_shift
from funnelsim.records import ALWAYS, NEVER, Bool, Float64, Int8, Int16, Int64, Rules

CALL, EMAIL = 0, 1
DEADLINE, TIER, FIFO, LIFO, SCORE = range(5)
POOL, ROUND_ROBIN, WEIGHTED, LEAST_LOADED, SEGMENT = range(5)
NO_BREACH, ESCALATE, REASSIGN = range(3)
SCORED, EVERY_LEAD, BOOKED_ONLY = range(3)


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """All reps, in the order of team.reps; R reps, T teams (one per role in use; touch and close may be one)."""

    names: tuple[str, ...]  # (R,)
    team_names: tuple[str, ...]  # (T,) roles
    team: Int16  # (R,) team of each rep
    touch_team: int
    close_team: int
    calendars: tuple[Calendar, ...]  # (R,) hours, from the first day until the rep leaves
    diaries: tuple[Calendar, ...]  # (R,) hours as if nobody left: into these meetings are booked
    team_calendars: tuple[Calendar, ...]  # (T,) union of the reps' hours
    business_day_ms: tuple[int, ...]  # (T,) mean length of a working day
    starts: Int64  # (R,) ms, 0 where from the beginning
    leaves: Int64  # (R,) ms from which the rep is gone, 0 where from the beginning, NEVER where not at all
    ramp_from: tuple[Int64, ...]  # (R,) ms from which each productivity holds, the first 0
    ramp_permille: tuple[Int64, ...]  # (R,)
    cost_per_hour: Float64  # (R,)
    max_open_leads: Int64  # (R,) ALWAYS where there is no limit
    max_open_opportunities: Int64  # (R,)
    serves: Bool  # (R, C) the categories of policy.routing.segment_by that each rep serves; (R, 1) all True without one
    weight: Int64  # (R,)
    segment_row: int  # row of Leads.firmographics that segments go by, or -1

    @property
    def n(self) -> int:
        """Return the number of reps."""
        return len(self.names)

    @property
    def n_teams(self) -> int:
        """Return the number of teams."""
        return len(self.team_names)

    def members(self, team: int) -> list[int]:
        """Return the rep indices of a team."""
        return [r for r in range(self.n) if int(self.team[r]) == team]


@dataclass(frozen=True, slots=True)
class Span:
    """A term in ms of its clock."""

    ms: int
    business: bool


@dataclass(frozen=True, slots=True, eq=False)
class TierTerms:
    """Sales' terms for one tier."""

    first_touch: Span
    later_touch: Span
    attempts: int
    gaps: tuple[Span, ...]  # gaps[j]: from the end of attempt j + 1 to the next, j < attempts - 1
    touches: Int8  # (attempts,) CALL or EMAIL
    preparation_ms: int
    earliest: Span
    window: Span


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """A policy as integers."""

    tiers: tuple[TierTerms, TierTerms, TierTerms]
    handed_over: int  # SCORED, EVERY_LEAD, BOOKED_ONLY
    qualifying_talk: bool
    self_scheduling: bool
    deduplication: bool
    callbacks: bool
    order: int  # DEADLINE .. SCORE
    first_before_later: bool
    routing: int  # POOL .. SEGMENT
    recycles: int
    on_breach: int
    close_after_attempts: bool
    cool_off_ms: int
    slot_ms: int
    notice: Span
    rebookings: int
    accept_within: Span | None
    book_ahead: Span


_Array = TypeVar("_Array", bound="np.ndarray[Any, Any]")
_ORDERS = {"deadline": DEADLINE, "tier": TIER, "fifo": FIFO, "lifo": LIFO, "score": SCORE}
_ROUTINGS = {
    "pool": POOL,
    "round_robin": ROUND_ROBIN,
    "weighted": WEIGHTED,
    "least_loaded": LEAST_LOADED,
    "segment": SEGMENT,
}
_BREACHES = {"none": NO_BREACH, "escalate": ESCALATE, "reassign": REASSIGN}
_HANDED_OVER = {"scored": SCORED, "every_lead": EVERY_LEAD, "booked": BOOKED_ONLY}
_TOUCHES = {"call": CALL, "email": EMAIL}


@dataclass(frozen=True, slots=True)
class _Dates:
    """The fields of a run that calendars depend on; equal where they are (the key of the cache)."""

    start: dt.date
    time_zone: str
    warmup_days: int
    horizon_days: int
    followup_days: int


def build_roster(scenario: Scenario) -> Roster:
    """Return every rep of the scenario under its policy's headcount and routing, with calendars on the run's clock.

    `policy.headcount` keeps the first reps of a role in file order, and repeats the last one where more are wanted;
    these stay, even if the one repeated leaves. Segments bind only where `policy.routing.method` is 'segment'. The same
    object is returned for the same team, dates, headcount and segments; its arrays are read-only.
    """
    routing, run = scenario.policy.routing, scenario.run
    categories: tuple[str, ...] = ()
    segment_row = -1
    if routing.method == "segment" and routing.segment_by is not None:
        segment_row = list(scenario.market.firmographics).index(routing.segment_by)
        categories = tuple(scenario.market.firmographics[routing.segment_by].mix)
    return _roster(
        scenario.team.model_dump_json(),
        headcount=tuple(sorted(scenario.policy.headcount.items())),
        dates=_Dates(run.start, run.time_zone, run.warmup_days, run.horizon_days, run.followup_days),
        categories=categories,
        segment_row=segment_row,
    )


@lru_cache(maxsize=64)
def _roster(
    team_json: str,
    *,
    headcount: tuple[tuple[str, int], ...],
    dates: _Dates,
    categories: tuple[str, ...],
    segment_row: int,
) -> Roster:
    team = Team.model_validate_json(team_json)
    reps = _expand(team, dict(headcount))
    roles = tuple(dict.fromkeys((team.touch_role, team.close_role)))
    made: dict[int, tuple[Calendar, Calendar, int, int, Int64, Int64]] = {}  # by group: its reps are alike
    for group in reps:
        if id(group) not in made:
            diary, leaves = _calendar(group, dates), _midnight(group.leaves, group, dates, absent=NEVER)
            starts = _midnight(group.starts, group, dates, absent=0)
            made[id(group)] = (cut(diary, leaves), diary, starts, leaves, *_ramp(group, dates))
    of_rep = [made[id(group)] for group in reps]
    return Roster(
        names=_names(reps),
        team_names=roles,
        team=_frozen(np.array([roles.index(group.role) for group in reps], dtype=np.int16)),
        touch_team=roles.index(team.touch_role),
        close_team=roles.index(team.close_role),
        calendars=tuple(m[0] for m in of_rep),
        diaries=tuple(m[1] for m in of_rep),
        team_calendars=tuple(
            union(dict.fromkeys(made[id(group)][0] for group in reps if group.role == role)) for role in roles
        ),
        business_day_ms=tuple(_business_day_ms([group for group in reps if group.role == role]) for role in roles),
        starts=_frozen(np.array([m[2] for m in of_rep], dtype=np.int64)),
        leaves=_frozen(np.array([m[3] for m in of_rep], dtype=np.int64)),
        ramp_from=tuple(m[4] for m in of_rep),
        ramp_permille=tuple(m[5] for m in of_rep),
        cost_per_hour=_frozen(np.array([group.cost_per_hour for group in reps], dtype=np.float64)),
        max_open_leads=_limits([group.max_open_leads for group in reps]),
        max_open_opportunities=_limits([group.max_open_opportunities for group in reps]),
        serves=_serves(reps, categories),
        weight=_frozen(np.array([group.weight for group in reps], dtype=np.int64)),
        segment_row=segment_row,
    )


def build_agreement(scenario: Scenario, roster: Roster) -> Agreement:
    """Return the scenario's policy as integers.

    A business day is as long as a mean working day of the team that the term binds: the touching team for the terms of
    `policy.sla`, the closing team for meetings.
    """
    policy = scenario.policy
    touch_day = roster.business_day_ms[roster.touch_team]
    close_day = roster.business_day_ms[roster.close_team]
    accept = policy.meetings.accept_within
    return Agreement(
        tiers=(
            _tier_terms(policy.sla.of_tier("A"), touch_day),
            _tier_terms(policy.sla.of_tier("B"), touch_day),
            _tier_terms(policy.sla.of_tier("C"), touch_day),
        ),
        handed_over=_HANDED_OVER[policy.handed_over],
        qualifying_talk=policy.qualifying_talk,
        self_scheduling=policy.self_scheduling,
        deduplication=policy.deduplication,
        callbacks=policy.callbacks,
        order=_ORDERS[policy.order.work],
        first_before_later=policy.order.first_before_later,
        routing=_ROUTINGS[policy.routing.method],
        recycles=policy.routing.recycles,
        on_breach=_BREACHES[policy.routing.on_breach],
        close_after_attempts=policy.after_attempts == "close",
        cool_off_ms=policy.cool_off.ms(),
        slot_ms=policy.meetings.slot.ms(),
        notice=_span(policy.meetings.notice, close_day),
        rebookings=policy.meetings.rebookings,
        accept_within=None if accept is None else _span(accept, close_day),
        book_ahead=_span(policy.meetings.book_ahead, close_day),
    )


def build_rules(scenario: Scenario) -> Rules:
    """Return the constants of the scenario's world that an engine needs."""
    market, run = scenario.market, scenario.run
    return Rules(
        mean_call_ms=market.effort.call.mean_ms(),
        mean_email_ms=market.effort.email.mean_ms(),
        meeting_ms=market.effort.meeting.mean_ms(),
        no_show_ms=market.effort.no_show.ms(),
        reach_from_available=market.reach.form == "exponential",
        closes_by_delay=market.deal.closes_by == "delay",
        syncs_in_business=market.sync_clock == "business",
        # The allowance keeps 0.29 at 290: 1000 * 0.29 is a little less in binary.
        unprepared_permille=math.floor(1000 * market.temper.unprepared_factor + 1e-9),
        max_touches=run.max_touches,
        max_meetings=run.max_meetings,
    )


def _expand(team: Team, headcount: dict[str, int]) -> list[Reps]:
    """Return the group of each rep, in file order, with the headcount of the policy laid over that of the file."""
    left = {group.role: headcount.get(group.role) for group in team.reps}
    last = {group.role: j for j, group in enumerate(team.reps)}
    reps: list[Reps] = []
    for j, group in enumerate(team.reps):
        wanted = left[group.role]
        count = group.count
        if wanted is not None:
            count = wanted if last[group.role] == j else min(count, wanted)
            left[group.role] = wanted - count
        reps += [group] * min(count, group.count)
        if count > group.count:
            stays = group if group.leaves is None else group.model_copy(update={"leaves": None})
            reps += [stays] * (count - group.count)
    return reps


def _names(reps: list[Reps]) -> tuple[str, ...]:
    """Return a name for each rep: the group's name or role, numbered where several reps share it."""
    bases = [group.name or group.role for group in reps]
    total, seen, names = Counter(bases), Counter[str](), []
    for base in bases:
        seen[base] += 1
        names.append(f"{base} {seen[base]}" if total[base] > 1 else base)
    return tuple(names)


def _calendar(group: Reps, dates: _Dates) -> Calendar:
    return open_intervals(
        [span for text in group.hours for span in parse_hours(text)],
        time_zone=group.time_zone or dates.time_zone,
        holidays=group.holidays,
        days_off=[parse_days_off(text) for text in group.days_off],
        starts=group.starts,
        run=dates,
        shifts=[parse_shift(text) for text in group.shifts],
    )


def _midnight(day: dt.date | None, group: Reps, dates: _Dates, *, absent: int) -> int:
    """Return the ms at which `day` begins where the group is, 0 if that is before the run; `absent` without a day."""
    if day is None:
        return absent
    return max(0, midnight_of(day, time_zone=group.time_zone or dates.time_zone, run=dates))


def _ramp(group: Reps, dates: _Dates) -> tuple[Int64, Int64]:
    """Return the ms from which each productivity holds, and the productivities in permille.

    Steps count local midnights from the rep's first day, or from the start of the run where it names none. Before the
    first step the rep is fully productive. A step before 0 holds from 0 unless a later one does too.
    """
    first = group.starts or dates.start
    zone = group.time_zone or dates.time_zone
    steps = {0: 1000}
    for step in group.ramp:
        if first.toordinal() + step.after_days >= dt.date.max.toordinal():
            break  # later than any date
        begins = midnight_of(first + dt.timedelta(days=step.after_days), time_zone=zone, run=dates)
        if group.starts is None and step.after_days == 0:
            begins = 0  # wherever the rep is
        # Steps rise, so a later one overwrites those that also lie before 0.
        steps[max(0, begins)] = max(1, round(1000 * step.productivity))
    return _frozen(np.array(list(steps), dtype=np.int64)), _frozen(np.array(list(steps.values()), dtype=np.int64))


def _business_day_ms(groups: list[Reps]) -> int:
    """Return the mean open time over the weekdays on which anybody works, by nominal wall-clock hours; at least 1."""
    spans = sorted({span for group in groups for text in group.hours for span in parse_hours(text)})
    minutes: dict[int, int] = {}
    day_now, reached = -1, 0
    for day, opens, closes in spans:
        if day != day_now:
            day_now, reached = day, 0
        minutes[day] = minutes.get(day, 0) + max(0, closes - max(opens, reached))
        reached = max(reached, closes)
    return max(1, round(sum(minutes.values()) * 60_000 / len(minutes)))


def _limits(values: list[int | None]) -> Int64:
    return _frozen(np.array([ALWAYS if value is None else value for value in values], dtype=np.int64))


def _serves(reps: list[Reps], categories: tuple[str, ...]) -> Bool:
    if not categories:
        return _frozen(np.ones((len(reps), 1), dtype=np.bool_))
    return _frozen(
        np.array([[not group.segments or c in group.segments for c in categories] for group in reps], dtype=np.bool_)
    )


def _tier_terms(terms: Terms, business_day_ms: int) -> TierTerms:
    count = terms.attempts
    gaps = terms.gaps or [terms.gap]
    return TierTerms(
        first_touch=_span(terms.first_touch, business_day_ms),
        later_touch=_span(terms.later_touch, business_day_ms),
        attempts=count,
        gaps=tuple(_span(gaps[min(j, len(gaps) - 1)], business_day_ms) for j in range(count - 1)),
        touches=_frozen(
            np.array([_TOUCHES[terms.touches[min(j, len(terms.touches) - 1)]] for j in range(count)], dtype=np.int8)
        ),
        preparation_ms=terms.preparation.ms(),
        earliest=_span(terms.earliest_touch, business_day_ms),
        window=_span(terms.window, business_day_ms),
    )


def _span(duration: Duration, business_day_ms: int) -> Span:
    return Span(duration.ms(business_day_ms), duration.business)


def _frozen(array: _Array) -> _Array:
    array.setflags(write=False)
    return array
