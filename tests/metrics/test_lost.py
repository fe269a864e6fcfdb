from dataclasses import replace

import numpy as np
import pytest

from funnelsim.errors import ResultError
from funnelsim.metrics.lost import LOST_TEXT, LostBuyer, lost_cause, saved_by_unlimited_reps
from funnelsim.metrics.waste import WASTE_TEXT, Waste
from funnelsim.records import NEVER, Result, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def causes(world):
    cause = lost_cause(world.leads(), world.outcomes(), world.touches(), world.scenario)
    return [LostBuyer(c) for c in cause.tolist()]


def calls(world, i, since, n, *, apart=DAY, **columns):
    for k in range(n):
        world.touch(i, since + k * apart, **columns)


# Lives of buyers. The default lead would buy from day 10 to day 40 and is won if contacted by day 30.


def won(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 20 * DAY, Result.WON)
    w.talk(i, 11 * DAY)
    w.wins(i, 20 * DAY)


def would_not_have_bought(w):
    i = w.lead(win_until=-1)
    w.handover(i, 10 * DAY, 20 * DAY, Result.LOST)
    w.talk(i, 11 * DAY)
    w.becomes(i, State.LOST, 20 * DAY, closed_at=20 * DAY)


def never_qualified(w):
    w.lead()


def never_qualified_and_its_time_is_not_over(w):
    w.lead(ready_from=75 * DAY, ready_until=95 * DAY)


def not_over_at_the_last_instant(w):
    """Could still be contacted at the end of the run, which is no instant of it."""
    w.lead(ready_from=71 * DAY, ready_until=120 * DAY)


def over_just_before_the_end(w):
    w.lead(ready_from=71 * DAY - 1, ready_until=120 * DAY)


def handed_over_after_the_win_delay(w):
    """On day 30 a contact would still have won; it was handed over just after, and talked to in its window."""
    i = w.lead()
    w.handover(i, 30 * DAY + 1, 50 * DAY, Result.LOST)
    w.talk(i, 32 * DAY)
    w.meeting(i, 33 * DAY)
    w.becomes(i, State.LOST, 50 * DAY, closed_at=50 * DAY)


def handed_over_after_its_window(w):
    i = w.lead(ready_until=15 * DAY)
    w.handover(i, 16 * DAY, 17 * DAY, Result.LOST_TO_ANOTHER)
    w.talk(i, 17 * DAY, Result.LOST_TO_ANOTHER)
    w.becomes(i, State.LOST_TO_ANOTHER, 17 * DAY)


def qualified_but_still_on_its_way_to_sales(w):
    w.becomes(w.lead(), State.SYNCING, 30 * DAY, mql_at=29 * DAY)


def burnt_in_a_handover_that_came_too_late(w):
    i = w.lead()
    w.handover(i, 32 * DAY, 33 * DAY, Result.TOO_SOON)
    w.touch(i, 33 * DAY, Result.TOO_SOON)
    w.becomes(i, State.OPTED_OUT, 33 * DAY, burnt=1)


def talked_to_after_the_win_delay(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 50 * DAY, Result.LOST)
    calls(w, i, 11 * DAY, 2)
    w.talk(i, 30 * DAY + 1)
    w.meeting(i, 33 * DAY)
    w.becomes(i, State.LOST, 50 * DAY, closed_at=50 * DAY)


def still_an_opportunity_but_lost_already(w):
    i = w.lead()
    w.handover(i, 10 * DAY, -1, Result.OPEN)
    w.talk(i, 31 * DAY)
    w.meeting(i, 33 * DAY)
    w.becomes(i, State.OPPORTUNITY, 33 * DAY + HOUR)


def held_and_not_tried(w):
    w.handover(w.lead(), 10 * DAY, 31 * DAY)


def held_at_the_last_instant_and_not_tried(w):
    w.handover(w.lead(), 30 * DAY, 51 * DAY)


def tried_only_after_the_deadline(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 50 * DAY)
    calls(w, i, 30 * DAY + 1, 6)


def tried_in_an_earlier_handover_only(w):
    """Six calls before its window, none in the handover that held it in time."""
    i = w.lead(ready_from=40 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 6)
    w.handover(i, 45 * DAY, 66 * DAY)


def tried_five_times(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 5)


def five_times_in_time_and_a_sixth_after(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 35 * DAY)
    calls(w, i, 11 * DAY, 5)
    calls(w, i, 30 * DAY + 1, 1)


def opted_out_at_the_very_deadline(w):
    """A tie goes to the time that ran out."""
    i = w.lead()
    w.handover(i, 10 * DAY, 30 * DAY, Result.TOO_SOON)
    w.touch(i, 20 * DAY)
    w.touch(i, 30 * DAY, Result.TOO_SOON)
    w.becomes(i, State.OPTED_OUT, 30 * DAY, burnt=1)


def answered_an_email_that_nobody_read(w):
    """The contact was timely, so its window decides: by day 40 there was no talk."""
    i = w.lead()
    w.handover(i, 10 * DAY, 31 * DAY)
    w.touch(i, 11 * DAY, Result.SENT, kind=1)
    w.becomes(i, State.NURTURE, 31 * DAY, contact_at=12 * DAY)


def tried_six_times(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 6)


def talked_to_too_early_and_not_reached_again(w):
    i = w.lead(ready_from=15 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 31 * DAY)
    w.talk(i, 11 * DAY, Result.CALLED_BACK)
    calls(w, i, 16 * DAY, 2)


def exhausted_after_the_deadline(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 35 * DAY, Result.EXHAUSTED)
    calls(w, i, 11 * DAY, 6)
    w.becomes(i, State.EXHAUSTED, 35 * DAY)


def exhausted_before_it(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 17 * DAY, Result.EXHAUSTED)
    calls(w, i, 11 * DAY, 6)
    w.becomes(i, State.EXHAUSTED, 17 * DAY)


def touched_too_soon(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 10 * DAY + HOUR, Result.TOO_SOON)
    w.touch(i, 10 * DAY + HOUR, Result.TOO_SOON)
    w.becomes(i, State.OPTED_OUT, 10 * DAY + HOUR, burnt=1)


def tired_before_its_window(w):
    i = w.lead(ready_from=60 * DAY, ready_until=80 * DAY)
    w.handover(i, 10 * DAY, 11 * DAY, Result.TIRED)
    w.talk(i, 11 * DAY, Result.TIRED)
    w.becomes(i, State.OPTED_OUT, 11 * DAY, burnt=2)


def passed_on_by_error(w):
    i = w.lead(ready_from=50 * DAY, ready_until=80 * DAY)
    w.handover(i, 10 * DAY, 13 * DAY, Result.REJECTED)
    w.talk(i, 11 * DAY)
    w.meeting(i, 12 * DAY, Result.REJECTED)
    w.becomes(i, State.REJECTED, 13 * DAY, misjudged=True)


def passed_on_by_error_where_deals_close_by_themselves(w):
    """Nobody meets it, so nobody rejects it: it is lost before it is ready, without a contact since."""
    i = w.lead(ready_from=50 * DAY, ready_until=80 * DAY)
    w.handover(i, 10 * DAY, 13 * DAY, Result.LOST)
    w.talk(i, 11 * DAY)
    w.becomes(i, State.LOST, 13 * DAY, closed_at=13 * DAY, opportunity_at=11 * DAY, misjudged=True)


def rejected_without_error(w):
    i = w.lead(ready_from=50 * DAY, ready_until=80 * DAY)
    w.handover(i, 10 * DAY, 13 * DAY, Result.REJECTED)
    w.meeting(i, 12 * DAY, Result.REJECTED)
    w.becomes(i, State.REJECTED, 13 * DAY)


def final_after_a_timely_talk(state, **changes):
    def life(w):
        i = w.lead()
        w.handover(i, 10 * DAY, 50 * DAY)
        w.talk(i, 11 * DAY)
        w.becomes(i, state, 50 * DAY, **changes)

    return life


def back_in_nurture_when_its_time_came(w):
    i = w.lead(ready_from=40 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.becomes(i, State.MARKETING, 42 * DAY)


def back_in_nurture_and_handed_over_again_too_late(w):
    i = w.lead(ready_from=40 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.handover(i, 61 * DAY, 80 * DAY)


def in_nurture_at_the_end_with_time_left(w):
    i = w.lead(ready_from=80 * DAY, ready_until=120 * DAY)
    w.handover(i, 50 * DAY, 60 * DAY)
    w.becomes(i, State.NURTURE, 60 * DAY)


def back_in_marketing_at_the_end_with_time_left(w):
    i = w.lead(ready_from=80 * DAY, ready_until=120 * DAY)
    w.handover(i, 50 * DAY, 60 * DAY)
    w.becomes(i, State.MARKETING, 90 * DAY)


def waiting_at_the_end_with_time_left(w):
    i = w.lead(ready_from=80 * DAY, ready_until=120 * DAY)
    w.handover(i, 85 * DAY, -1, Result.OPEN)
    w.becomes(i, State.WAITING, 85 * DAY)


def on_the_phone_at_the_end(w):
    """Its answered call is still going on, and its window closes during it."""
    i = w.lead(ready_from=80 * DAY, ready_until=91 * DAY - 1)
    w.handover(i, 85 * DAY, -1, Result.OPEN)
    w.touch(i, 91 * DAY - MINUTE, Result.OPEN)
    w.becomes(i, State.IN_WORK, 91 * DAY - MINUTE, contact_at=91 * DAY - MINUTE, first_talk_at=91 * DAY - MINUTE)


LIVES = [
    (won, LostBuyer.NONE),
    (would_not_have_bought, LostBuyer.NONE),
    (never_qualified, LostBuyer.BELOW_THRESHOLD),
    (never_qualified_and_its_time_is_not_over, LostBuyer.OPEN),
    (not_over_at_the_last_instant, LostBuyer.OPEN),
    (over_just_before_the_end, LostBuyer.BELOW_THRESHOLD),
    (handed_over_after_the_win_delay, LostBuyer.HANDED_LATE),
    (handed_over_after_its_window, LostBuyer.HANDED_LATE),
    (qualified_but_still_on_its_way_to_sales, LostBuyer.HANDED_LATE),
    (burnt_in_a_handover_that_came_too_late, LostBuyer.HANDED_LATE),
    (back_in_nurture_and_handed_over_again_too_late, LostBuyer.HANDED_LATE),
    (talked_to_after_the_win_delay, LostBuyer.SLOW),
    (still_an_opportunity_but_lost_already, LostBuyer.SLOW),
    (held_and_not_tried, LostBuyer.UNTOUCHED),
    (held_at_the_last_instant_and_not_tried, LostBuyer.UNTOUCHED),
    (tried_only_after_the_deadline, LostBuyer.UNTOUCHED),
    (tried_in_an_earlier_handover_only, LostBuyer.UNTOUCHED),
    (tried_five_times, LostBuyer.UNDER_WORKED),
    (five_times_in_time_and_a_sixth_after, LostBuyer.UNDER_WORKED),
    (opted_out_at_the_very_deadline, LostBuyer.UNDER_WORKED),
    (answered_an_email_that_nobody_read, LostBuyer.UNDER_WORKED),
    (tried_six_times, LostBuyer.COLD),
    (talked_to_too_early_and_not_reached_again, LostBuyer.COLD),
    (exhausted_after_the_deadline, LostBuyer.COLD),
    (exhausted_before_it, LostBuyer.EXHAUSTED),
    (touched_too_soon, LostBuyer.BURNT),
    (tired_before_its_window, LostBuyer.BURNT),
    (passed_on_by_error, LostBuyer.MISJUDGED),
    (passed_on_by_error_where_deals_close_by_themselves, LostBuyer.MISJUDGED),
    (rejected_without_error, LostBuyer.REJECTED),
    (final_after_a_timely_talk(State.NO_SHOW), LostBuyer.NO_SHOW),
    (final_after_a_timely_talk(State.STALLED, closed_at=50 * DAY), LostBuyer.STALLED),
    (final_after_a_timely_talk(State.LOST, closed_at=50 * DAY, unprepared=True), LostBuyer.UNPREPARED),
    (final_after_a_timely_talk(State.LOST_TO_ANOTHER), LostBuyer.LOST_TO_ANOTHER),
    (final_after_a_timely_talk(State.ABANDONED), LostBuyer.ABANDONED),
    (final_after_a_timely_talk(State.MEETING_BOOKED), LostBuyer.OPEN),
    (final_after_a_timely_talk(State.OPPORTUNITY), LostBuyer.OPEN),
    (back_in_nurture_when_its_time_came, LostBuyer.LEFT_IN_NURTURE),
    (in_nurture_at_the_end_with_time_left, LostBuyer.LEFT_IN_NURTURE),
    (back_in_marketing_at_the_end_with_time_left, LostBuyer.LEFT_IN_NURTURE),
    (waiting_at_the_end_with_time_left, LostBuyer.OPEN),
    (on_the_phone_at_the_end, LostBuyer.OPEN),
]


@pytest.mark.parametrize(("life", "expected"), LIVES, ids=[f"{life.__name__}-{c.name.lower()}" for life, c in LIVES])
def test_each_life_is_found_under_its_cause(world, life, expected):
    life(world)

    assert causes(world) == [expected]


def test_lives_side_by_side_do_not_disturb_one_another(world):
    for life, _ in LIVES:
        life(world)

    assert causes(world) == [expected for _, expected in LIVES]


def test_every_cause_is_shown_by_some_life_and_told_in_words():
    assert {cause for _, cause in LIVES} == set(LostBuyer)
    assert set(LOST_TEXT) == set(LostBuyer) - {LostBuyer.NONE}
    assert set(WASTE_TEXT) == set(Waste) - {Waste.NONE}


def test_a_buyer_lost_for_no_reason_is_an_internal_error(world):
    """Contacted in time, prepared, and lost all the same: the records contradict one another."""
    final_after_a_timely_talk(State.LOST, closed_at=50 * DAY)(world)

    with pytest.raises(ResultError, match=r"lead 0 \(lost\)"):
        causes(world)


def test_thresholds_without_limit_do_not_overflow(world):
    i = world.lead(win_until=2**62, ready_until=NEVER)
    world.handover(i, 10 * DAY, 31 * DAY)
    world.becomes(i, State.NURTURE, 31 * DAY)

    assert causes(world) == [LostBuyer.LEFT_IN_NURTURE]


def test_what_unlimited_reps_would_have_saved(world):
    """Of four buyers two are won; with unlimited reps another two, and one of those won is not."""
    values = [1_000.0, 2_000.0, 4_000.0, 8_000.0]
    for value in values:
        world.lead(value=value)
    world.lead(created=5 * DAY, value=64_000.0)  # not of the cohort
    outcomes = world.outcomes()
    here = replace(outcomes, state=np.array([State.WON, State.WON, State.NURTURE, State.NURTURE, State.NURTURE]))
    there = replace(outcomes, state=np.array([State.WON, State.NURTURE, State.WON, State.WON, State.WON]))

    saved = saved_by_unlimited_reps(world.leads(), here, there, world.scenario)

    assert (saved.buyers_lost, saved.deals_saved, saved.deals_given_up) == (2, 2, 1)
    assert saved.value_saved == 4_000.0 + 8_000.0 - 2_000.0
