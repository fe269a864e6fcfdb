"""Both sides' agreement, read off what was done: attainment, speed, attempts, and the monthly numbers."""

from __future__ import annotations

import calendar as months_of
from dataclasses import dataclass
from typing import Literal

import numpy as np

from funnelsim.calendar import Clock, open_before
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.arithmetic import HOUR_MS, NAN, hours, lexical_order, mean, ordinal, quantiles, reached_by
from funnelsim.metrics.evidence import Evidence
from funnelsim.metrics.rows import is_listed_try
from funnelsim.records import NO, Bool, Float64, Int64, Outcomes, Result, TouchLog
from funnelsim.roster import Roster, Span, build_agreement

TIERS: tuple[Literal["A", "B", "C"], ...] = ("A", "B", "C")
WORKED_WITHIN_MS = 48 * HOUR_MS
"""The common promise: every lead worked within 48 hours of its handover."""


@dataclass(frozen=True, slots=True, eq=False)
class Speed:
    """How fast each handover of the measured window was first touched; bookings made by the lead are left out."""

    handover: Int64  # (s,) index into Handovers
    tried: Bool  # (s,) it was touched at all before the end of the run
    hours: Float64  # (s,) from the qualifying event to the first touch, calendar; inf where not touched
    business_hours: Float64  # (s,) the same in open hours of the touching team


def ordinary_handovers(e: Evidence) -> Int64:
    """Return the handovers of the measured window to which a first touch was owed: all but those the lead booked."""
    h = e.handovers
    return np.flatnonzero((h.start >= e.clock.measured_from) & (h.start < e.clock.measured_until) & ~h.booked_itself)


def speed_to_lead(e: Evidence, roster: Roster) -> Speed:
    """Return the speed of each ordinary handover of the measured window."""
    h = e.handovers
    chosen = ordinary_handovers(e)
    qualified, first = h.qualified[chosen], h.first_try[chosen]
    tried = first >= 0
    team = roster.team_calendars[roster.touch_team]
    business = open_before(team, first) - open_before(team, qualified)
    return Speed(
        handover=chosen,
        tried=tried,
        hours=np.where(tried, hours(first - qualified), np.inf),
        business_hours=np.where(tried, hours(business), np.inf),
    )


def first_touch_kept(e: Evidence) -> tuple[Int64, Bool]:
    """Return the handovers of the measured window whose first touch can be judged, and which of them kept the term.

    Kept: the first dial was at or before the due date that the handover was given. Judged: that date lies before the
    end of the run; a lead that left sales untouched before it counts as not kept.
    """
    h = e.handovers
    chosen = ordinary_handovers(e)
    first, due = h.first_try[chosen], h.due_at[chosen]
    judged = (due >= 0) & (due < e.end)
    return chosen[judged], ((first >= 0) & (first <= due))[judged]


def later_touch_attainment(e: Evidence, touches: TouchLog) -> float:
    """Return the share of later touches (attempt 2 and up, call-backs included) made at or before they were due.

    Of those that fell due in the measured window, whether they were made or not; one that was dropped or cancelled
    before it was due is not judged.
    """
    due = touches.due_at
    owed = is_listed_try(touches) & (touches.attempt > 1) & (touches.result != Result.REASSIGNED)
    owed &= measured_at(due, e.clock) & ((touches.dial >= 0) | (touches.end > due))
    return mean((touches.dial[owed] >= 0) & (touches.dial[owed] <= due[owed]))


def worked_in_window(e: Evidence, scenario: Scenario) -> tuple[Int64, Bool]:
    """Return the judged handovers of the measured window, and which of them were worked within their first window.

    Worked: by the planned end of the window the lead was talked to, was given every attempt that the policy agrees for
    its tier, or had opted out of a touch. Judged: the window was to end before the end of the run.
    """
    h = e.handovers
    chosen = ordinary_handovers(e)
    chosen = chosen[(h.window_due[chosen] >= 0) & (h.window_due[chosen] < e.end)]
    attempts = np.array([scenario.policy.sla.of_tier(tier).attempts for tier in TIERS], dtype=np.int64)
    by_handover = lexical_order(e.tries.handover)
    handover, at = e.tries.handover[by_handover], e.tries.at[by_handover]
    all_given = np.full(h.n, NO, dtype=np.int64)
    owed = attempts[np.clip(h.tier, 0, len(TIERS) - 1)]
    last = (handover >= 0) & (ordinal(handover) == owed[np.maximum(handover, 0)] - 1) if h.n else np.zeros(0, np.bool_)
    all_given[handover[last]] = at[last]
    due = h.window_due
    worked = (
        ((h.first_talk >= 0) & (h.first_talk <= due))
        | ((all_given >= 0) & (all_given <= due))
        | (h.too_soon & (h.end <= due))
    )
    return chosen, worked[chosen]


def measured_at(ms: Int64, clock: Clock) -> Bool:
    """Return which instants lie in the measured window."""
    return (ms >= clock.measured_from) & (ms < clock.measured_until)


def whole_months(clock: Clock) -> Int64:
    """Return the indices of `clock.months` that lie wholly inside the measured window."""
    days = clock.midnights[:-1]
    days = days[measured_at(days, clock)]
    found = np.bincount(clock.month_index(days), minlength=len(clock.months))
    lengths = [months_of.monthrange(int(label[:4]), int(label[5:]))[1] for label in clock.months]
    return np.flatnonzero(found == np.array(lengths))


def monthly_counts(at: Int64, clock: Clock) -> Int64:
    """Return how many of the instants `at` (-1 = did not happen) fall into each whole month of the measured window."""
    month = clock.month_index(at[(at >= 0) & (at < clock.end)])
    return np.bincount(month, minlength=len(clock.months))[whole_months(clock)]


def monthly_level(at: Int64, clock: Clock, *, share: float = 0.9) -> float:
    """Return the monthly number met in at least `share` of the whole months of the measured window; nan without any."""
    return reached_by(monthly_counts(at, clock), share)


def acceptance_attainment(outcomes: Outcomes, e: Evidence, scenario: Scenario, roster: Roster) -> float:
    """Return the share of SQLs of the measured window met within `policy.meetings.accept_within`; nan without the term.

    Judged where the term ran out before the end of the run. Leads that booked for themselves agreed nothing.
    """
    term: Span | None = build_agreement(scenario, roster).accept_within
    if term is None:
        return NAN
    own = e.handovers.booked_itself
    booked = np.zeros(outcomes.sql_at.size, dtype=np.bool_)
    booked[e.handovers.lead[own]] = outcomes.sql_at[e.handovers.lead[own]] == e.handovers.start[own]
    sql = measured_at(outcomes.sql_at, e.clock) & ~booked
    since, met = outcomes.sql_at[sql], outcomes.met_at[sql]
    calendar = roster.team_calendars[roster.close_team]

    def passed(until: Int64) -> Int64:
        return open_before(calendar, until) - open_before(calendar, since) if term.business else until - since

    kept = (met >= 0) & (passed(met) <= term.ms)
    judged = passed(np.full(since.shape, e.end, dtype=np.int64)) > term.ms
    return mean(kept[judged])


def measures(
    outcomes: Outcomes, touches: TouchLog, *, evidence: Evidence, scenario: Scenario, roster: Roster
) -> dict[str, float]:
    """Return the measures of the group `agreement`."""
    e, h = evidence, evidence.handovers
    speed = speed_to_lead(e, roster)
    median, p90, p95 = quantiles(speed.hours[speed.tried], 0.5, 0.9, 0.95)
    business_median, business_p90, business_p95 = quantiles(speed.business_hours[speed.tried], 0.5, 0.9, 0.95)
    chosen = speed.handover
    within = h.start[chosen] + WORKED_WITHIN_MS
    first = h.first_try[chosen]
    judged_48h = within < e.end
    judged = chosen[h.start[chosen] <= e.judged_until]
    unreached = judged[(h.first_talk[judged] < 0) & ~h.too_soon[judged]]
    handed = e.measured & e.any_of(h.lead[h.start <= e.judged_until])
    never_reached = handed & ~e.talked
    counted = e.tries_counted[never_reached]
    return {
        "handovers": float(np.count_nonzero(measured_at(h.start, e.clock))),
        "first_touch_attainment": mean(first_touch_kept(e)[1]),
        "later_touch_attainment": later_touch_attainment(e, touches),
        "acceptance_attainment": acceptance_attainment(outcomes, e, scenario, roster),
        "worked_in_window_share": mean(worked_in_window(e, scenario)[1]),
        "worked_within_48h_share": mean(((first >= 0) & (first <= within))[judged_48h]),
        "handovers_untouched_share": mean(~h.tried[judged]),
        "attempts_mean": mean(h.tries[judged]),
        "attempts_unreached_mean": mean(h.tries[unreached]),
        "standard_tries_share": mean(np.minimum(counted / e.standard.attempts, 1.0)),
        "speed_to_lead_median_hours": median,
        "speed_to_lead_p90_hours": p90,
        "speed_to_lead_p95_hours": p95,
        "speed_to_lead_median_business_hours": business_median,
        "speed_to_lead_p90_business_hours": business_p90,
        "speed_to_lead_p95_business_hours": business_p95,
        "recycles": float(np.count_nonzero((touches.result == Result.RECYCLED) & measured_at(touches.end, e.clock))),
    }
