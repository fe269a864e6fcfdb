import math

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.week import daily, hour_edges, hourly
from funnelsim.metrics.workload import backlog_by_team, could_never_buy, measures, months_at_work, rep_hours
from funnelsim.records import NEVER, Result, Row

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# Measured from day 7 to day 63, both Mondays: eight weeks of 40 h, so 320 h open for each of the two reps.


def figures(world):
    touches, outcomes = world.touches(), world.outcomes()
    e = gather(world.leads(), outcomes, touches, world.scenario)
    hours = rep_hours(touches, world.roster, e.clock)
    return measures(world.leads(), outcomes, touches, evidence=e, roster=world.roster, hours=hours)


def work(world, i, start, end, *, rep=0, kind=Row.CALL, **columns):
    world.row(kind, i, rep=rep, list=rep, queued_at=start, available_at=start, due_at=start, start=start, dial=start,
              end=end, result=Result.NOT_REACHED, **columns)  # fmt: skip


def test_utilisation_clips_work_at_the_edges_of_the_window(world):
    """The bdr works 16 h inside the window (2 h of a piece that began before it, 1 h of one that ends after it)."""
    i = world.lead()
    world.handover(i, 6 * DAY, 80 * DAY)
    work(world, i, 7 * DAY - 3 * HOUR, 7 * DAY + 2 * HOUR)
    work(world, i, 14 * DAY + 9 * HOUR, 14 * DAY + 22 * HOUR)
    work(world, i, 63 * DAY - HOUR, 63 * DAY + 5 * HOUR)
    work(world, i, 70 * DAY, 70 * DAY + 5 * HOUR)
    work(world, i, 20 * DAY, 20 * DAY + 8 * HOUR, rep=1, kind=Row.DEAL_WORK)

    values = figures(world)

    assert values["utilisation_touch"] == 16 / 320
    assert values["utilisation_close"] == 8 / 320
    assert values["rep_hours"] == 24.0


def test_overtime_is_what_is_worked_outside_the_own_open_hours(world):
    """Begun at 16:30 on a Friday and done at 17:45: three quarters of an hour; a whole Saturday hour; none in time."""
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    work(world, i, 11 * DAY + 16 * HOUR + 30 * MINUTE, 11 * DAY + 17 * HOUR + 45 * MINUTE)
    work(world, i, 12 * DAY + 10 * HOUR, 12 * DAY + 11 * HOUR, rep=1, kind=Row.MEETING)
    work(world, i, 15 * DAY + 16 * HOUR, 15 * DAY + 17 * HOUR)

    assert figures(world)["overtime_hours"] == 0.75 + 1.0


def test_hours_in_vain_go_to_those_who_could_never_buy(world):
    buyer, unable = world.lead(), world.lead(able=False)
    never = world.lead(ready_from=NEVER, ready_until=-1)
    past = world.lead(ready_from=DAY, ready_until=9 * DAY)
    unlucky = world.lead(win_until=-1)
    for j, i in enumerate((buyer, unable, never, past, unlucky)):
        world.handover(i, 10 * DAY, 31 * DAY)
        work(world, i, 14 * DAY + (9 + j) * HOUR, 14 * DAY + (10 + j) * HOUR)

    assert could_never_buy(world.leads()).tolist() == [False, True, True, True, False]
    assert figures(world)["rep_hours_in_vain"] == 3.0
    assert figures(world)["rep_hours_in_vain_share"] == 0.6


def test_the_backlog_is_the_mean_over_time_of_what_waits(world):
    """56 days: one call waits 7 of them, one a stay that began 3 days before the window and ends 7 days into it.

    The first is in work from then on, the second is dropped; deal work and meetings in progress do not wait.
    """
    i = world.lead()
    world.handover(i, 3 * DAY, 80 * DAY)
    listed = {"rep": 0, "list": 0, "due_at": 90 * DAY}
    world.row(Row.CALL, i, **listed, queued_at=10 * DAY, available_at=10 * DAY, start=17 * DAY, dial=17 * DAY,
              end=18 * DAY, result=Result.NOT_REACHED)  # fmt: skip
    world.row(Row.CALL, i, **listed, queued_at=4 * DAY, available_at=4 * DAY, end=14 * DAY, result=Result.DROPPED)
    world.row(Row.DEAL_WORK, i, rep=1, list=1, queued_at=10 * DAY, available_at=10 * DAY, start=38 * DAY,
              dial=38 * DAY, end=39 * DAY, result=Result.DONE)  # fmt: skip
    world.row(Row.UNASSIGNED, i, list=4, queued_at=10 * DAY, available_at=10 * DAY, end=24 * DAY,
              result=Result.ASSIGNED)  # fmt: skip

    values = figures(world)

    assert values["backlog_mean"] == (7 + 7) / 56
    assert values["deal_work_backlog_mean"] == 28 / 56
    assert values["unassigned_mean"] == 14 / 56


def test_each_stay_counts_on_the_list_of_its_team(world):
    """List 0 is the bdr's, 1 the ae's, 2 and 3 the teams'."""
    i = world.lead()
    world.handover(i, 3 * DAY, 80 * DAY)
    for which, length in ((0, 1), (1, 2), (2, 4), (3, 8)):
        world.row(Row.CALL, i, list=which, queued_at=10 * DAY, end=10 * DAY + length * HOUR, result=Result.DROPPED)

    edges = np.array([10 * DAY, 10 * DAY + 2 * HOUR, 10 * DAY + 10 * HOUR])

    assert backlog_by_team(world.touches(), world.roster, edges).tolist() == [[1.5, 0.25], [2.0, 0.75]]


def test_waiting_runs_from_available_to_the_beginning_of_work(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    for available, start in ((10, 10), (11, 13), (6, 8)):  # the last was available before the window
        world.row(Row.CALL, i, rep=0, list=0, queued_at=available * DAY, available_at=available * DAY,
                  start=start * DAY, dial=start * DAY + MINUTE, end=start * DAY + HOUR, result=0)  # fmt: skip

    values = figures(world)

    assert values["queue_wait_mean_hours"] == 24.0
    assert values["queued_share"] == 0.5


def test_the_leads_that_a_rep_can_handle(world):
    """Ten handovers took the bdr 20 h: two hours each. A rep-month here has 320 h x 30.4375 / 56 open hours."""
    for k in range(10):
        i = world.lead()
        world.handover(i, 10 * DAY, 31 * DAY)
        work(world, i, 14 * DAY + k * 2 * HOUR, 14 * DAY + (k + 1) * 2 * HOUR)

    for start in (6, 63):
        world.handover(world.lead(), start * DAY, 80 * DAY)  # not in the window

    assert figures(world)["leads_a_rep_can_handle"] == pytest.approx(320 * 30.4375 / 56 / 2)


def test_fairness_is_among_the_reps_of_the_touching_role(new_world):
    world = new_world(team={"reps": [{"role": "bdr", "count": 2}, {"role": "ae", "count": 3}]})
    for owner in (0, 0, 0, 1, -1):
        world.becomes(world.lead(), 9, 20 * DAY, owner=owner)
    world.becomes(world.lead(created=DAY), 9, 20 * DAY, owner=1)  # not of the cohort

    assert figures(world)["routing_fairness"] == pytest.approx(16 / (2 * 10))


def test_months_at_work_begin_with_a_reps_start(new_world):
    """From Monday 10 February, day 35: half of the 56 days."""
    world = new_world(team={"reps": [{"role": "bdr", "starts": "2025-02-10"}, {"role": "ae"}]})
    clock = Clock.of(world.scenario.run)

    assert months_at_work(world.roster, [0], clock) == pytest.approx(28 / 30.4375)
    assert months_at_work(world.roster, [0, 1], clock) == pytest.approx(84 / 30.4375)
    hours = rep_hours(world.touches(), world.roster, clock)
    assert (hours.open_ms / HOUR).tolist() == [160.0, 320.0]


def test_a_rep_without_open_hours_has_no_utilisation(new_world):
    world = new_world(team={"reps": [{"role": "bdr", "starts": "2025-06-01"}, {"role": "ae"}]})

    assert math.isnan(figures(world)["utilisation_touch"])


def test_the_week_by_hand(world):
    """On two of the eight Mondays the bdr works from 9:30 to 11:00; on one Tuesday a task waits from 8:15 to 9:45."""
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    for monday in (14, 21):
        work(world, i, monday * DAY + 9 * HOUR + 30 * MINUTE, monday * DAY + 11 * HOUR)
    work(world, i, 6 * DAY + 9 * HOUR, 6 * DAY + 10 * HOUR)  # before the window
    world.row(Row.CALL, i, list=2, queued_at=15 * DAY + 8 * HOUR + 15 * MINUTE, end=15 * DAY + 9 * HOUR + 45 * MINUTE,
              result=Result.DROPPED)  # fmt: skip

    week = hourly(world.touches(), world.roster, world.scenario)
    bdr = week["bdr"]

    assert bdr["hour"][9] == "Mon 09"
    assert bdr["busy_hours"][8:12].tolist() == [0.0, 1.0, 2.0, 0.0]
    assert bdr["open_hours"][8:18].tolist() == [0.0] + [8.0] * 8 + [0.0]
    assert bdr["utilisation"][9:11].tolist() == [1 / 8, 2 / 8]
    assert math.isnan(bdr["utilisation"][8])
    assert bdr["backlog"][24 + 8 : 24 + 11].tolist() == [0.75 / 8, 0.75 / 8, 0.0]
    assert bdr["busy_hours"].sum() == 3.0
    assert week["ae"]["busy_hours"].sum() == 0.0
    assert week["ae"]["open_hours"].sum() == 320.0


def test_the_hours_of_a_week_in_which_the_clocks_change(new_world):
    """Berlin, 30 March 2025: that Sunday has 23 hours, the one from 2 to 3 is missing; nothing shifts by an hour."""
    world = new_world(run={"start": "2025-03-24", "time_zone": "Europe/Berlin", "warmup_days": 0, "horizon_days": 14})
    clock = Clock.of(world.scenario.run)
    edges = hour_edges(clock)
    counts = np.bincount(clock.local_hour_of_week(edges[:-1]), minlength=168)

    assert edges.size - 1 == 14 * 24 - 1
    assert set(np.diff(edges)) == {HOUR}
    assert np.flatnonzero(counts != 2).tolist() == [6 * 24 + 2]
    week = hourly(world.touches(), world.roster, world.scenario)["bdr"]
    assert week["open_hours"][9] == 2.0  # Mondays, before and after the change


def test_the_days_by_hand(world):
    """A task waits from Monday 18:00 to Tuesday 12:00, and the ae works an hour on that Tuesday."""
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    world.row(Row.CALL, i, list=0, queued_at=14 * DAY + 18 * HOUR, end=15 * DAY + 12 * HOUR, result=Result.DROPPED)
    work(world, i, 15 * DAY + 10 * HOUR, 15 * DAY + 11 * HOUR, rep=1, kind=Row.MEETING)

    days = daily(world.touches(), world.roster, world.scenario)

    assert len(days["bdr"]["date"]) == 91
    assert days["bdr"]["date"][14:16] == ("2025-01-20", "2025-01-21")
    assert days["bdr"]["backlog"][13:17].tolist() == [0.0, 0.25, 0.5, 0.0]
    assert days["ae"]["busy_hours"][14:17].tolist() == [0.0, 1.0, 0.0]
    assert days["ae"]["open_hours"][11:15].tolist() == [8.0, 0.0, 0.0, 8.0]
    assert np.flatnonzero(days["ae"]["measured"])[[0, -1]].tolist() == [7, 62]
