"""How much waits and how busy the reps are, by hour of the local week and day by day."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from funnelsim.calendar import Calendar, Clock, open_before
from funnelsim.config.scenario import Scenario
from funnelsim.config.team import WEEKDAYS
from funnelsim.metrics.arithmetic import HOUR_MS, integral
from funnelsim.metrics.rows import is_work
from funnelsim.metrics.tables import Table, shares
from funnelsim.metrics.workload import backlog_by_team, stay_ends, team_of_list, waiting
from funnelsim.records import Float64, Int64, TouchLog
from funnelsim.roster import Roster

HOURS = 168
HOUR_NAMES = tuple(f"{day} {hour:02d}" for day in WEEKDAYS for hour in range(24))


def hourly(touches: TouchLog, roster: Roster, scenario: Scenario) -> dict[str, Table]:
    """Return for each role, by name, its week over the measured window: 168 rows, Monday 0-1 h first, local time.

    Columns: backlog, the mean number of tasks that wait in the lists of the role's reps and team; busy_hours and
    open_hours, rep-hours in all; utilisation, busy over open hours, nan where nobody was open. Work is counted in the
    hours in which it was done, overtime included, so single hours may exceed 1.
    """
    clock = Clock.of(scenario.run)
    edges = hour_edges(clock)
    hour_of_week = clock.local_hour_of_week(edges[:-1])
    length = _by_hour(np.diff(edges), hour_of_week)
    rows = waiting(touches)
    list_team = team_of_list(touches.list[rows], roster)
    queued, left = touches.queued_at[rows], stay_ends(touches, rows)
    work = np.flatnonzero(is_work(touches))
    work_team = roster.team.astype(np.int64)[touches.rep[work]]
    weeks: dict[str, Table] = {}
    for t, role in enumerate(roster.team_names):
        mine, done = list_team == t, work[work_team == t]
        waited = _by_hour(integral(queued[mine], left[mine], edges), hour_of_week)
        busy = _by_hour(integral(touches.start[done], touches.end[done], edges), hour_of_week)
        opened = _by_hour(
            np.sum([_open_in(roster.calendars[r], edges) for r in roster.members(t)], axis=0), hour_of_week
        )
        weeks[role] = {
            "hour": HOUR_NAMES,
            "backlog": shares(waited, length),
            "busy_hours": busy / HOUR_MS,
            "open_hours": opened / HOUR_MS,
            "utilisation": shares(busy, opened),
        }
    return weeks


def daily(touches: TouchLog, roster: Roster, scenario: Scenario) -> dict[str, Table]:
    """Return for each role, by name, its backlog over the whole run: a row for each local day, warm-up included.

    Columns: date ('YYYY-MM-DD'); measured, whether the day lies in the measured window; backlog, the mean number of
    tasks that wait in the lists of the role's reps and team; busy_hours and open_hours, rep-hours of the day.
    """
    clock = Clock.of(scenario.run)
    edges = clock.midnights
    dates = tuple(str(day) for day in np.datetime64(clock.start, "D") + np.arange(edges.size - 1))
    work = np.flatnonzero(is_work(touches))
    work_team = roster.team.astype(np.int64)[touches.rep[work]]
    backlog = backlog_by_team(touches, roster, edges)
    days: dict[str, Table] = {}
    for t, role in enumerate(roster.team_names):
        done = work[work_team == t]
        opened = np.sum([_open_in(roster.calendars[r], edges) for r in roster.members(t)], axis=0)
        days[role] = {
            "date": dates,
            "measured": (edges[:-1] >= clock.measured_from) & (edges[:-1] < clock.measured_until),
            "backlog": backlog[t],
            "busy_hours": integral(touches.start[done], touches.end[done], edges) / HOUR_MS,
            "open_hours": opened / HOUR_MS,
        }
    return days


def hour_edges(clock: Clock) -> Int64:
    """Return the edges of the hours of the measured window, each wholly inside one hour of the local week.

    Hours of elapsed time from every local midnight on: a change of the clocks by whole hours keeps them aligned.
    """
    midnights = clock.midnights
    inside = midnights[(midnights >= clock.measured_from) & (midnights <= clock.measured_until)]
    days = [np.arange(a, b, HOUR_MS, dtype=np.int64) for a, b in pairwise(inside.tolist())]
    return np.concatenate((*days, inside[-1:]))


def _open_in(calendar: Calendar, edges: Int64) -> Int64:
    return np.diff(open_before(calendar, edges))


def _by_hour(amounts: Int64, hour_of_week: Int64) -> Float64:
    return np.asarray(np.bincount(hour_of_week, weights=amounts, minlength=HOURS), dtype=np.float64)
