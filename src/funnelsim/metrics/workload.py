"""The reps' side: hours worked, utilisation, overtime, backlog, waiting, and how evenly the leads were spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import Clock, open_before
from funnelsim.metrics.arithmetic import HOUR_MS, MONTH_MS, clipped, integral, jain_index, mean, ratio
from funnelsim.metrics.evidence import Evidence, is_try, is_work
from funnelsim.records import Bool, Float64, Int64, Leads, Outcomes, Row, TouchLog
from funnelsim.roster import Roster


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """Hours of each rep in the measured window. R reps."""

    open_ms: Int64  # (R,) at work by the calendar
    busy_ms: Int64  # (R,) at some piece of work, overtime included
    overtime_ms: Int64  # (R,) of these, outside the own open hours

    def utilisation(self, members: list[int]) -> float:
        """Return busy over open time of some reps together; above 1 where overtime outweighs idle time."""
        return ratio(float(self.busy_ms[members].sum()), float(self.open_ms[members].sum()))


def rep_hours(touches: TouchLog, roster: Roster, clock: Clock) -> Hours:
    """Return the hours of each rep in the measured window; work is cut at the window's edges."""
    since, until = clock.measured_from, clock.measured_until
    rows = np.flatnonzero(is_work(touches))
    rows = rows[np.argsort(touches.rep[rows], kind="stable")]
    start = np.clip(touches.start[rows], since, until)
    end = np.clip(touches.end[rows], since, until)
    busy = np.zeros(roster.n, dtype=np.int64)
    overtime = np.zeros(roster.n, dtype=np.int64)
    open_ms = np.zeros(roster.n, dtype=np.int64)
    bounds = np.searchsorted(touches.rep[rows], np.arange(roster.n + 1))
    for r, calendar in enumerate(roster.calendars):
        mine = slice(int(bounds[r]), int(bounds[r + 1]))
        inside = open_before(calendar, end[mine]) - open_before(calendar, start[mine])
        busy[r] = (end[mine] - start[mine]).sum()
        overtime[r] = busy[r] - inside.sum()
        opened = open_before(calendar, np.array([since, until]))
        open_ms[r] = opened[1] - opened[0]
    return Hours(open_ms=open_ms, busy_ms=busy, overtime_ms=overtime)


def months_at_work(roster: Roster, members: list[int], clock: Clock) -> float:
    """Return the rep-months of the measured window, from each rep's start on; a month has 30.4375 days."""
    begins = np.maximum(roster.starts[members], clock.measured_from)
    return float(np.maximum(clock.measured_until - begins, 0).sum()) / MONTH_MS


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
    edges = np.array([clock.measured_from, clock.measured_until], dtype=np.int64)
    return float(integral(start, end, edges)[0]) / float(edges[1] - edges[0])


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
    deal = touches.kind[rows] == Row.DEAL_WORK
    queued, left = touches.queued_at[rows], stay_ends(touches, rows)
    unassigned = touches.kind == Row.UNASSIGNED
    work = is_work(touches)
    worked = clipped(touches.start[work], touches.end[work], since=clock.measured_from, until=clock.measured_until)
    in_vain = could_never_buy(leads)[touches.lead[work]]
    made = is_try(touches) & (touches.available_at >= clock.measured_from)
    made &= touches.available_at < clock.measured_until
    wait = touches.start[made] - touches.available_at[made]
    handed = evidence.handovers.start
    handed_in_window = np.count_nonzero((handed >= clock.measured_from) & (handed < clock.measured_until))
    open_touch = float(hours.open_ms[touch].sum())
    at_work = [r for r in touch if hours.open_ms[r] > 0]
    owner = outcomes.owner[evidence.measured & (outcomes.owner >= 0)]
    return {
        "rep_hours": float(hours.busy_ms.sum()) / HOUR_MS,
        "rep_hours_in_vain": float(worked[in_vain].sum()) / HOUR_MS,
        "rep_hours_in_vain_share": ratio(float(worked[in_vain].sum()), float(worked.sum())),
        "overtime_hours": float(hours.overtime_ms.sum()) / HOUR_MS,
        "utilisation_touch": hours.utilisation(touch),
        "utilisation_close": hours.utilisation(close),
        "backlog_mean": mean_number(queued[~deal], left[~deal], clock),
        "deal_work_backlog_mean": mean_number(queued[deal], left[deal], clock),
        "unassigned_mean": mean_number(touches.queued_at[unassigned], touches.end[unassigned], clock),
        "queue_wait_mean_hours": mean(wait) / HOUR_MS,
        "queued_share": mean(wait > 0),
        "routing_fairness": jain_index(np.bincount(owner, minlength=roster.n)[at_work]),
        "leads_a_rep_can_handle": ratio(
            handed_in_window * ratio(open_touch, months_at_work(roster, touch, clock)),
            float(hours.busy_ms[touch].sum()),
        ),
    }
