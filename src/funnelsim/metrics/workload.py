"""The reps' side: hours worked, utilisation, overtime, backlog, waiting, and how evenly the leads were spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import Calendar, Clock, open_before
from funnelsim.metrics.arithmetic import HOUR_MS, MONTH_MS, clipped, integral, jain_index, mean, ratio
from funnelsim.metrics.evidence import Evidence
from funnelsim.metrics.rows import is_work
from funnelsim.records import Bool, Float64, Int64, Leads, Outcomes, Row, TouchLog
from funnelsim.roster import Roster


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Hours of each rep in the measured window. R reps."""

    open_ms: Int64  # (R,) at work by the calendar
    busy_ms: Int64  # (R,) at some piece of work, overtime included
    overtime_ms: Int64  # (R,) of these, outside the own open hours
    rows: Int64  # (w,) rows of the log that are work done in the window
    work_ms: Int64  # (w,) how much of it was done in the window

    def utilisation(self, members: list[int]) -> float:
        """Return busy over open time of some reps together; above 1 where overtime outweighs idle time."""
        return ratio(float(self.busy_ms[members].sum()), float(self.open_ms[members].sum()))


def rep_hours(touches: TouchLog, roster: Roster, clock: Clock) -> Hours:
    """Return the hours of each rep in the measured window; work is cut at the window's edges."""
    since, until = clock.measured_from, clock.measured_until
    rows = np.flatnonzero(is_work(touches) & (touches.start < until) & (touches.end > since))
    rep, start, end = touches.rep[rows], np.maximum(touches.start[rows], since), np.minimum(touches.end[rows], until)
    outside = np.zeros(rows.size, dtype=np.int64)
    open_ms = np.zeros(roster.n, dtype=np.int64)
    calendars = list(dict.fromkeys(roster.calendars))  # reps of a group share theirs
    calendar_of = np.array([calendars.index(calendar) for calendar in roster.calendars])
    for c, calendar in enumerate(calendars):
        theirs = np.flatnonzero(calendar_of[rep] == c)
        outside[theirs] = _closed_ms(calendar, start[theirs], end[theirs])
        opened = open_before(calendar, np.array([since, until]))
        open_ms[calendar_of == c] = opened[1] - opened[0]
    return Hours(
        open_ms=open_ms,
        busy_ms=_sums(rep, end - start, roster.n),
        overtime_ms=_sums(rep, outside, roster.n),
        rows=rows,
        work_ms=end - start,
    )


def _closed_ms(calendar: Calendar, start: Int64, end: Int64) -> Int64:
    """Return how much of each interval [start, end) lies outside the open hours; most begin and end inside one."""
    closed = np.zeros(start.size, dtype=np.int64)
    shift = np.searchsorted(calendar.opens, start, side="right") - 1
    inside = shift >= 0
    inside[inside] = end[inside] <= calendar.closes[shift[inside]]
    others = np.flatnonzero(~inside)
    opened = open_before(calendar, end[others]) - open_before(calendar, start[others])
    closed[others] = end[others] - start[others] - opened
    return closed


def _sums(index: Int64, values: Int64, n: int) -> Int64:
    """Return (n,) the sum of `values` for each index; exact below 2**53, as hours of one rep in ms are."""
    return np.bincount(index, weights=values, minlength=n).astype(np.int64)


def months_at_work(roster: Roster, members: list[int], clock: Clock) -> float:
    """Return the rep-months of the measured window, from each rep's start until it leaves; a month has 30.4375 days."""
    begins = np.maximum(roster.starts[members], clock.measured_from)
    ends = np.minimum(roster.leaves[members], clock.measured_until)
    return float(np.maximum(ends - begins, 0).sum()) / MONTH_MS


def team_of_list(list_index: Int64, roster: Roster) -> Int64:
    """Return the team of each work list as `TouchLog.list` numbers them: a rep's, the team's, or the unassigned."""
    team = np.concatenate((roster.team.astype(np.int64), np.arange(roster.n_teams), np.arange(roster.n_teams)))
    return team[list_index]


def waiting(touches: TouchLog) -> Int64:
    """Return the rows that are a stay in a work list of a rep or a team."""
    return np.flatnonzero((touches.list >= 0) & (touches.kind != Row.UNASSIGNED) & (touches.queued_at >= 0))


def stay_ends(touches: TouchLog, rows: Int64) -> Int64:
    """Return when each stay ended: when work began, or when the task left the list without work."""
    return np.where(touches.start[rows] >= 0, touches.start[rows], touches.end[rows])


def mean_number(start: Int64, end: Int64, clock: Clock) -> float:
    """Return how many of the intervals run, on average over the measured window."""
    inside = clipped(start, end, since=clock.measured_from, until=clock.measured_until)
    return float(inside.sum()) / float(clock.measured_until - clock.measured_from)


def backlog_by_team(touches: TouchLog, roster: Roster, edges: Int64) -> Float64:
    """Return (T, e - 1) the mean number of tasks that wait in the lists of each team between the edges (ms)."""
    rows = waiting(touches)
    team, start, end = team_of_list(touches.list[rows], roster), touches.queued_at[rows], stay_ends(touches, rows)
    lengths = np.diff(edges).astype(np.float64)
    return np.array([integral(start[team == t], end[team == t], edges) / lengths for t in range(roster.n_teams)])


def could_never_buy(leads: Leads) -> Bool:
    """Return (n,) which leads could never buy: unable (duplicates among them), or never ready after their creation."""
    return ~leads.able | (np.maximum(leads.created, leads.ready_from) > leads.ready_until)


def measures(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, *, evidence: Evidence, roster: Roster, hours: Hours
) -> dict[str, float]:
    """Return the measures of the group `workload`."""
    clock = evidence.clock
    touch, close = roster.members(roster.touch_team), roster.members(roster.close_team)
    rows = waiting(touches)
    waited = clipped(
        touches.queued_at[rows], stay_ends(touches, rows), since=clock.measured_from, until=clock.measured_until
    )
    deal_waited = int(waited[touches.kind[rows] == Row.DEAL_WORK].sum())
    length = float(clock.measured_until - clock.measured_from)
    unassigned = touches.kind == Row.UNASSIGNED
    in_vain = hours.work_ms[could_never_buy(leads)[touches.lead[hours.rows]]]
    tries = evidence.tries.row
    available = touches.available_at[tries]
    made = (available >= clock.measured_from) & (available < clock.measured_until)
    wait = touches.start[tries[made]] - available[made]
    handed = evidence.handovers.start
    handed_in_window = np.count_nonzero((handed >= clock.measured_from) & (handed < clock.measured_until))
    open_touch = float(hours.open_ms[touch].sum())
    at_work = [r for r in touch if hours.open_ms[r] > 0]
    owner = outcomes.owner[evidence.measured & (outcomes.owner >= 0)]
    return {
        "rep_hours": float(hours.busy_ms.sum()) / HOUR_MS,
        "rep_hours_in_vain": float(in_vain.sum()) / HOUR_MS,
        "rep_hours_in_vain_share": ratio(float(in_vain.sum()), float(hours.work_ms.sum())),
        "overtime_hours": float(hours.overtime_ms.sum()) / HOUR_MS,
        "utilisation_touch": hours.utilisation(touch),
        "utilisation_close": hours.utilisation(close),
        "backlog_mean": float(int(waited.sum()) - deal_waited) / length,
        "deal_work_backlog_mean": float(deal_waited) / length,
        "unassigned_mean": mean_number(touches.queued_at[unassigned], touches.end[unassigned], clock),
        "queue_wait_mean_hours": mean(wait) / HOUR_MS,
        "queued_share": mean(wait > 0),
        "routing_fairness": jain_index(np.bincount(owner, minlength=roster.n)[at_work]),
        "leads_a_rep_can_handle": ratio(
            handed_in_window * ratio(open_touch, months_at_work(roster, touch, clock)),
            float(hours.busy_ms[touch].sum()),
        ),
    }
