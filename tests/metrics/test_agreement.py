import math

import numpy as np
import pytest

from funnelsim.calendar import Clock
from funnelsim.metrics.agreement import (
    acceptance_attainment,
    first_touch_kept,
    later_touch_attainment,
    measures,
    monthly_counts,
    monthly_level,
    speed_to_lead,
    whole_months,
    worked_in_window,
)
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.promises import promises
from funnelsim.records import Result, Row, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
# Day 0 is Monday, 6 January 2025: day 11 is a Friday, day 14 the Monday after.


def read(world):
    return gather(world.leads(), world.outcomes(), world.touches(), world.scenario)


def figures(world):
    e = read(world)
    return measures(world.outcomes(), world.touches(), evidence=e, scenario=world.scenario, roster=world.roster)


def handed(world, start, *, first=None, end=None, result=Result.NURTURE, **columns):
    """A lead handed over at `start` and first touched at `first`."""
    i = world.lead(created=min(start, 60 * DAY))
    world.handover(i, start, start + 21 * DAY if end is None else end, result, **columns)
    if first is not None:
        world.touch(i, first)
    return i


def test_a_first_touch_is_kept_up_to_the_instant_at_which_it_is_due(world):
    handed(world, 10 * DAY, first=10 * DAY + 8 * HOUR)
    handed(world, 11 * DAY, first=11 * DAY + 8 * HOUR + 1)
    handed(world, 12 * DAY)

    chosen, kept = first_touch_kept(read(world))

    assert chosen.tolist() == [0, 1, 2]
    assert kept.tolist() == [True, False, False]
    assert figures(world)["first_touch_attainment"] == pytest.approx(1 / 3)


def test_first_touches_that_are_not_judged(world):
    """Before the measured window, after it, booked by the lead itself; and one due at the end of the run."""
    handed(world, 6 * DAY, first=6 * DAY + HOUR)
    handed(world, 63 * DAY, first=63 * DAY + HOUR)
    i = world.lead(books_itself=True)
    world.handover(i, 10 * DAY, 20 * DAY, due_at=-1, window=-1)
    world.books(i, 10 * DAY, 11 * DAY)
    handed(world, 20 * DAY, first=20 * DAY + HOUR, due_at=91 * DAY)

    assert first_touch_kept(read(world))[0].size == 0
    assert figures(world)["handovers"] == 2
    assert math.isnan(figures(world)["first_touch_attainment"])


def test_speed_to_lead_on_both_clocks(world):
    """Friday 16:00 to Monday 9:30 is 65.5 hours by the calendar and 1.5 in the bdr's open hours."""
    friday, monday = 11 * DAY + 16 * HOUR, 14 * DAY + 9 * HOUR + 30 * MINUTE
    handed(world, friday, first=monday)
    handed(world, friday)

    speed = speed_to_lead(read(world), world.roster)

    assert speed.tried.tolist() == [True, False]
    assert speed.hours.tolist() == [65.5, math.inf]
    assert speed.business_hours.tolist() == [1.5, math.inf]
    values = figures(world)
    assert values["speed_to_lead_median_hours"] == 65.5
    assert values["speed_to_lead_p95_business_hours"] == 1.5
    assert values["handovers_untouched_share"] == 0.5


def test_speed_counts_from_the_qualifying_event_not_from_the_handover(world):
    handed(world, 10 * DAY, first=10 * DAY + 2 * HOUR, available_at=10 * DAY - HOUR)

    assert speed_to_lead(read(world), world.roster).hours.tolist() == [3.0]


def test_worked_within_48_hours_of_the_handover(world):
    handed(world, 10 * DAY, first=12 * DAY)
    handed(world, 10 * DAY, first=12 * DAY + 1)
    handed(world, 10 * DAY)
    handed(world, 10 * DAY)

    assert figures(world)["worked_within_48h_share"] == 0.25


def test_later_touches_are_judged_whether_made_or_not(world):
    """Of five: in time, late, never made, dropped before it was due, and reassigned (its new stay answers for it)."""
    i = handed(world, 10 * DAY)
    world.touch(i, 10 * DAY + HOUR)  # a first touch: not one of them
    world.touch(i, 11 * DAY, due_at=11 * DAY)
    world.touch(i, 12 * DAY, due_at=12 * DAY - 1)
    listed = {"queued_at": 13 * DAY, "available_at": 13 * DAY, "due_at": 14 * DAY, "list": 0, "attempt": 4}
    world.row(Row.CALL, i, **listed, end=15 * DAY, result=Result.DROPPED)
    world.row(Row.CALL, i, **listed, end=14 * DAY, result=Result.DROPPED)
    world.row(Row.CALL, i, **listed, end=15 * DAY, result=Result.REASSIGNED)

    assert later_touch_attainment(read(world), world.touches()) == pytest.approx(1 / 3)


def test_worked_in_the_window(world):
    """Six attempts are agreed. Worked: talked to, or given all six, by the planned end; or opted out of a touch."""
    talked = handed(world, 10 * DAY)
    world.talk(talked, 31 * DAY)
    talked_late = handed(world, 10 * DAY, end=40 * DAY)
    world.talk(talked_late, 31 * DAY + 1)
    all_given = handed(world, 10 * DAY)
    five_given = handed(world, 10 * DAY, end=40 * DAY)
    for k in range(6):
        world.touch(all_given, 11 * DAY + k * DAY)
        world.touch(five_given, 11 * DAY + k * DAY if k < 5 else 32 * DAY)
    annoyed = handed(world, 10 * DAY, end=11 * DAY, result=Result.TOO_SOON)
    world.touch(annoyed, 11 * DAY, Result.TOO_SOON)
    untouched = handed(world, 10 * DAY)
    not_over = handed(world, 62 * DAY, window=91 * DAY)

    chosen, worked = worked_in_window(read(world), world.scenario)

    expected = [talked, talked_late, all_given, five_given, annoyed, untouched]
    assert read(world).handovers.lead[chosen].tolist() == expected
    assert worked.tolist() == [True, False, True, False, True, False]
    assert not_over not in chosen


def test_the_attempts_owed_are_those_of_the_tier(new_world):
    world = new_world(policy={"sla": {"A": {"attempts": 2}}})
    hot, cool = handed(world, 10 * DAY, tier=0), handed(world, 10 * DAY, tier=2)
    for i in (hot, cool):
        world.touch(i, 11 * DAY)
        world.touch(i, 12 * DAY)

    assert worked_in_window(read(world), world.scenario)[1].tolist() == [True, False]


def test_attempts_given_and_against_the_standard(world):
    """Three leads: reached at the second attempt, unreached after three, unreached after eight (six are asked for)."""
    reached = handed(world, 10 * DAY)
    world.touch(reached, 11 * DAY)
    world.talk(reached, 12 * DAY)
    for n in (3, 8):
        i = handed(world, 10 * DAY)
        for k in range(n):
            world.touch(i, 11 * DAY + k * DAY)

    values = figures(world)

    assert values["attempts_mean"] == pytest.approx((2 + 3 + 8) / 3)
    assert values["attempts_unreached_mean"] == pytest.approx((3 + 8) / 2)
    assert values["standard_tries_share"] == pytest.approx((3 / 6 + 1) / 2)


def test_recycles_are_counted_in_the_window(world):
    i = handed(world, 10 * DAY)
    for at in (20 * DAY, 64 * DAY):
        world.row(Row.WINDOW, i, queued_at=at, start=at, available_at=at, due_at=at, end=at, result=Result.RECYCLED)

    assert figures(world)["recycles"] == 1


def test_whole_months_and_the_level_met_in_them(new_world):
    """13 January to 10 March 2025 holds one whole month. A year from 1 March holds twelve: nine of ten are eleven."""
    short = new_world()
    clock = Clock.of(short.scenario.run)
    assert [clock.months[m] for m in whole_months(clock)] == ["2025-02"]
    february = clock.month_starts[1]
    at = np.array([-1, february - 1, february, february + 27 * DAY, february + 28 * DAY])
    assert monthly_counts(at, clock).tolist() == [2]

    long = new_world(run={"start": "2025-03-01", "warmup_days": 0, "horizon_days": 365, "followup_days": 14})
    clock = Clock.of(long.scenario.run)
    assert len(whole_months(clock)) == 12
    counts = [7, 3, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]
    at = np.repeat(clock.month_starts[:12] + DAY, counts)
    assert monthly_counts(at, clock).tolist() == counts
    assert monthly_level(at, clock) == 7
    assert monthly_level(at, clock, share=1.0) == 3


def test_without_a_whole_month_no_level_is_defined(new_world):
    world = new_world(run={"warmup_days": 0, "horizon_days": 20})

    assert math.isnan(monthly_level(np.array([DAY]), Clock.of(world.scenario.run)))


def test_sqls_are_accepted_by_meeting_them_within_the_term(new_world):
    """The term is a business day of 8 h of the ae: from Friday 16:00 it runs to Monday 16:00."""
    world = new_world(policy={"meetings": {"accept_within": "1 business day"}})
    friday, monday = 11 * DAY + 16 * HOUR, 14 * DAY + 16 * HOUR
    for met in (monday, monday + 1, -1):
        world.becomes(world.lead(), State.OPPORTUNITY, 20 * DAY, sql_at=friday, met_at=met)
    world.becomes(world.lead(created=60 * DAY), State.MEETING_BOOKED, 62 * DAY, sql_at=6 * DAY, met_at=-1)

    assert acceptance_attainment(
        world.outcomes(), read(world), world.scenario, world.roster
    ) == pytest.approx(1 / 3)  # fmt: skip


def test_without_the_term_acceptance_is_not_defined(world):
    world.becomes(world.lead(), State.OPPORTUNITY, 20 * DAY, sql_at=11 * DAY, met_at=12 * DAY)

    assert math.isnan(acceptance_attainment(world.outcomes(), read(world), world.scenario, world.roster))


def promised(world):
    return promises(world.leads(), world.outcomes(), world.touches(), world.roster, world.scenario)


def test_the_promise_is_the_shortest_time_kept_in_nine_cases_of_ten(world):
    """Ten handovers on Mondays at 9:00: first touched after 1, 2, ... 9 h, and one never."""
    for k in range(9):
        handed(world, 14 * DAY + 9 * HOUR, first=14 * DAY + 9 * HOUR + (k + 1) * HOUR)
    handed(world, 14 * DAY + 9 * HOUR)

    kept = promised(world)

    assert kept.first_touch_hours == 9.0
    assert kept.first_touch_business_hours == 8.0  # the ninth hour is after closing
    handed(world, 14 * DAY + 9 * HOUR)
    assert promised(world).first_touch_hours == math.inf


def test_the_attempts_and_the_pace_given(world):
    """Of ten that stayed unreached nine got three calls a day apart, one got one; who was reached does not count."""
    for k in range(10):
        i = handed(world, 10 * DAY)
        for j in range(3 if k else 1):
            world.touch(i, 11 * DAY + j * (DAY if k > 2 else 2 * DAY))
    reached = handed(world, 10 * DAY)
    world.talk(reached, 11 * DAY)
    still_open = handed(world, 60 * DAY, end=-1, result=Result.OPEN)
    world.touch(still_open, 61 * DAY)

    kept = promised(world)

    assert kept.attempts == 3.0
    # Eighteen gaps: four of 48 h (two leads), the others of 24 h.
    assert kept.gap_median_hours == 24.0
    assert kept.gap_hours == 48.0


def test_gaps_do_not_run_from_one_handover_to_the_next(world):
    i = handed(world, 10 * DAY, first=11 * DAY)
    world.handover(i, 40 * DAY, 61 * DAY)
    world.touch(i, 41 * DAY)

    assert math.isnan(promised(world).gap_hours)
