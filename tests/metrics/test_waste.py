import pytest

from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import NEVER, Result, Row, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
JUDGED_UNTIL = 77 * DAY


def causes(world):
    cause = wasted_cause(world.leads(), world.outcomes(), world.touches(), world.scenario)
    return [Waste(c) for c in cause.tolist()]


def calls(world, i, since, n, *, apart=DAY, **columns):
    for k in range(n):
        world.touch(i, since + k * apart, **columns)


# Lives, each with the cause it must be found under. They are told from the default lead: an able buyer of day 10,
# ready from then to day 40.


def won(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 20 * DAY, Result.WON)
    w.wins(i, 20 * DAY)


def merged(w):
    w.becomes(w.lead(able=False, duplicate_of=0), State.MERGED, 10 * DAY)


def open_with_a_meeting(w):
    i = w.lead()
    w.handover(i, 70 * DAY, -1, Result.OPEN)  # missed, were it not booked
    w.becomes(i, State.MEETING_BOOKED, 80 * DAY)


def open_with_an_opportunity(w):
    i = w.lead()
    w.handover(i, 70 * DAY, -1, Result.OPEN)
    w.becomes(i, State.OPPORTUNITY, 80 * DAY)


def duplicate_worked(w):
    i = w.lead(able=False, duplicate_of=0)
    w.handover(i, 10 * DAY, 31 * DAY)
    w.touch(i, 11 * DAY)


def duplicate_that_booked_for_itself(w):
    i = w.lead(able=False, duplicate_of=0, books_itself=True)
    w.handover(i, 10 * DAY, 12 * DAY, Result.NO_SHOW, due_at=-1)
    w.books(i, 10 * DAY, 12 * DAY)
    w.meeting(i, 12 * DAY, Result.NO_SHOW)
    w.becomes(i, State.NO_SHOW, 12 * DAY)


def duplicate_that_opted_out(w):
    i = w.lead(able=False, duplicate_of=0)
    w.handover(i, 10 * DAY, 11 * DAY, Result.TOO_SOON)
    w.touch(i, 11 * DAY, Result.TOO_SOON)
    w.becomes(i, State.OPTED_OUT, 11 * DAY, burnt=1)


def duplicate_not_tried(w):
    w.handover(w.lead(able=False, duplicate_of=0), 10 * DAY, 31 * DAY)


def duplicate_not_handed_over(w):
    w.lead(able=False, duplicate_of=0)


def touched_too_soon(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 10 * DAY + HOUR, Result.TOO_SOON)
    w.touch(i, 10 * DAY + HOUR, Result.TOO_SOON)
    w.becomes(i, State.OPTED_OUT, 10 * DAY + HOUR, burnt=1)


def tired_and_unable(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 11 * DAY, Result.TIRED)
    w.talk(i, 11 * DAY, Result.TIRED)
    w.becomes(i, State.OPTED_OUT, 11 * DAY, burnt=2)


def ended_as(state):
    def life(w):
        i = w.lead()
        w.handover(i, 10 * DAY, 20 * DAY)
        w.talk(i, 11 * DAY)
        w.becomes(i, state, 20 * DAY)

    return life


def never_handed_over(w):
    w.lead()


def handed_over_after_its_window(w):
    i = w.lead()
    w.handover(i, 40 * DAY + 1, 60 * DAY, Result.LOST_TO_ANOTHER)
    w.talk(i, 41 * DAY, Result.LOST_TO_ANOTHER)
    w.becomes(i, State.LOST_TO_ANOTHER, 41 * DAY)


def returned_before_its_window(w):
    i = w.lead(ready_from=30 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 30 * DAY - 1)
    calls(w, i, 11 * DAY, 6)


def held_at_the_first_instant_of_its_window(w):
    """Six tries before it, none inside: held, so not missed."""
    i = w.lead(ready_from=30 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 30 * DAY)
    calls(w, i, 11 * DAY, 6)


def handed_over_at_the_last_instant_of_its_window(w):
    i = w.lead()
    w.handover(i, 40 * DAY, 61 * DAY)
    calls(w, i, 41 * DAY, 6)


def unable_and_never_handed_over(w):
    w.lead(able=False)


def never_ready(w):
    w.lead(ready_from=NEVER, ready_until=-1)


def window_too_late_to_be_judged(w):
    w.lead(ready_from=JUDGED_UNTIL + 1, ready_until=90 * DAY)


def window_just_judged(w):
    w.lead(ready_from=JUDGED_UNTIL, ready_until=90 * DAY)


def handed_over_and_not_tried(w):
    w.handover(w.lead(able=False), 10 * DAY, 31 * DAY)


def not_tried_the_second_time(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.handover(i, 50 * DAY, 71 * DAY)


def not_tried_but_too_late_to_be_judged(w):
    w.handover(w.lead(able=False), JUDGED_UNTIL + 1, -1, Result.OPEN)


def not_tried_and_just_judged(w):
    w.handover(w.lead(able=False), JUDGED_UNTIL, -1, Result.OPEN)


def no_touch_left(w):
    """Handed over again although the touches of its whole life are spent: none could be made."""
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 6)
    w.handover(i, 50 * DAY, 50 * DAY, Result.EXHAUSTED)
    w.becomes(i, State.EXHAUSTED, 50 * DAY)


def five_calls(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 5)


def six_calls(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 6)


def six_calls_in_a_day(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 6, apart=HOUR)


def two_emails_and_four_calls(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 2, kind=Row.EMAIL, result=Result.SENT)
    calls(w, i, 14 * DAY, 4)


def three_emails_and_three_calls(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 3, kind=Row.EMAIL, result=Result.SENT)
    calls(w, i, 14 * DAY, 3)


def three_calls_in_each_of_two_handovers(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 31 * DAY)
    calls(w, i, 11 * DAY, 3)
    w.handover(i, 50 * DAY, 71 * DAY)
    calls(w, i, 51 * DAY, 3)


def one_call_in_a_handover_that_is_not_judged(w):
    i = w.lead(able=False)
    w.handover(i, JUDGED_UNTIL + 1, -1, Result.OPEN)
    calls(w, i, 78 * DAY, 1)


def reached_at_the_first_call(w):
    i = w.lead(able=False)
    w.handover(i, 10 * DAY, 11 * DAY, Result.DISQUALIFIED)
    w.talk(i, 11 * DAY, Result.DISQUALIFIED)
    w.becomes(i, State.DISQUALIFIED, 11 * DAY)


def talked_too_early_and_let_go(w):
    """Talked to on day 11, held again in its window from day 30 with two calls and no answer."""
    i = w.lead(ready_from=30 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.handover(i, 28 * DAY, 49 * DAY)
    calls(w, i, 29 * DAY, 1)
    calls(w, i, 31 * DAY, 2)


def talked_too_early_and_tried_six_times_inside(w):
    i = w.lead(ready_from=30 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.handover(i, 28 * DAY, 49 * DAY)
    calls(w, i, 30 * DAY, 6)


def five_inside_and_one_just_before(w):
    i = w.lead(ready_from=30 * DAY, ready_until=60 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY)
    w.talk(i, 11 * DAY, Result.NURTURE)
    w.handover(i, 28 * DAY, 49 * DAY)
    calls(w, i, 30 * DAY - 1, 6)


def talked_in_its_window_and_lost(w):
    i = w.lead()
    w.handover(i, 10 * DAY, 30 * DAY, Result.LOST)
    w.talk(i, 11 * DAY)
    w.meeting(i, 12 * DAY)
    w.becomes(i, State.LOST, 30 * DAY, closed_at=30 * DAY)


def booked_for_itself_and_came_too_late(w):
    i = w.lead(books_itself=True, ready_until=11 * DAY)
    w.handover(i, 10 * DAY, 12 * DAY, Result.LOST_TO_ANOTHER, due_at=-1)
    w.books(i, 10 * DAY, 12 * DAY)
    w.meeting(i, 12 * DAY, Result.LOST_TO_ANOTHER)
    w.becomes(i, State.LOST_TO_ANOTHER, 12 * DAY)


def still_on_the_phone_at_the_end(w):
    """Its first answered call is in work at the end of the run: it has been reached."""
    i = w.lead(ready_from=60 * DAY, ready_until=95 * DAY)
    w.handover(i, 70 * DAY, -1, Result.OPEN)
    w.touch(i, 91 * DAY - MINUTE, Result.OPEN)
    w.becomes(i, State.IN_WORK, 91 * DAY - MINUTE, first_talk_at=91 * DAY - MINUTE, contact_at=91 * DAY - MINUTE)


LIVES = [
    (won, Waste.NONE),
    (merged, Waste.NONE),
    (open_with_a_meeting, Waste.NONE),
    (open_with_an_opportunity, Waste.NONE),
    (duplicate_worked, Waste.DUPLICATE),
    (duplicate_that_booked_for_itself, Waste.DUPLICATE),
    (duplicate_that_opted_out, Waste.DUPLICATE),
    (duplicate_not_tried, Waste.UNTOUCHED),
    (duplicate_not_handed_over, Waste.NONE),
    (touched_too_soon, Waste.BURNT),
    (tired_and_unable, Waste.BURNT),
    (ended_as(State.STALLED), Waste.STALLED),
    (ended_as(State.REJECTED), Waste.REJECTED),
    (ended_as(State.NO_SHOW), Waste.NO_SHOW),
    (ended_as(State.LOST), Waste.NONE),
    (never_handed_over, Waste.MISSED),
    (handed_over_after_its_window, Waste.MISSED),
    (returned_before_its_window, Waste.MISSED),
    (held_at_the_first_instant_of_its_window, Waste.COLD),
    (handed_over_at_the_last_instant_of_its_window, Waste.COLD),
    (unable_and_never_handed_over, Waste.NONE),
    (never_ready, Waste.NONE),
    (window_too_late_to_be_judged, Waste.NONE),
    (window_just_judged, Waste.MISSED),
    (handed_over_and_not_tried, Waste.UNTOUCHED),
    (not_tried_the_second_time, Waste.UNTOUCHED),
    (not_tried_but_too_late_to_be_judged, Waste.NONE),
    (not_tried_and_just_judged, Waste.UNTOUCHED),
    (no_touch_left, Waste.NONE),
    (five_calls, Waste.UNDER_WORKED),
    (six_calls, Waste.NONE),
    (six_calls_in_a_day, Waste.UNDER_WORKED),
    (two_emails_and_four_calls, Waste.NONE),
    (three_emails_and_three_calls, Waste.UNDER_WORKED),
    (three_calls_in_each_of_two_handovers, Waste.NONE),
    (one_call_in_a_handover_that_is_not_judged, Waste.NONE),
    (reached_at_the_first_call, Waste.NONE),
    (talked_too_early_and_let_go, Waste.COLD),
    (talked_too_early_and_tried_six_times_inside, Waste.NONE),
    (five_inside_and_one_just_before, Waste.COLD),
    (talked_in_its_window_and_lost, Waste.NONE),
    (booked_for_itself_and_came_too_late, Waste.NONE),
    (still_on_the_phone_at_the_end, Waste.NONE),
]


@pytest.mark.parametrize(("life", "expected"), LIVES, ids=[f"{life.__name__}-{c.name.lower()}" for life, c in LIVES])
def test_each_life_is_found_under_its_cause(world, life, expected):
    life(world)

    assert causes(world) == [expected]


def test_lives_side_by_side_do_not_disturb_one_another(world):
    for life, _ in LIVES:
        life(world)

    assert causes(world) == [expected for _, expected in LIVES]


def test_every_cause_is_shown_by_some_life():
    assert {cause for _, cause in LIVES} == set(Waste)


def test_a_shorter_time_to_judge_judges_more(new_world):
    world = new_world(run={"standard": {"days": 0}})
    not_tried_but_too_late_to_be_judged(world)

    assert causes(world) == [Waste.UNTOUCHED]


def test_the_yardstick_is_the_studys_and_not_the_policys(new_world):
    """A policy that promises a single attempt is judged by the standard's six all the same."""
    world = new_world(policy={"sla": {"attempts": 1}})
    five_calls(world)

    assert causes(world) == [Waste.UNDER_WORKED]


# Who would buy.

REFUSALS = {
    "unable": {"able": False},
    "never ready": {"ready_from": NEVER, "ready_until": -1},
    "ready before it came": {"ready_from": 5 * DAY, "ready_until": 9 * DAY},
    "ready after the end": {"ready_from": 91 * DAY, "ready_until": 99 * DAY},
    "out of reach": {"connect_until": -1},
    "never keeps a meeting": {"show_until": -1},
    "keeps too few for the deal": {"meetings_needed": 2, "show_until": [0, -1, 0, -1]},
    "not won": {"win_until": -1},
}


@pytest.mark.parametrize("change", REFUSALS.values(), ids=REFUSALS)
def test_one_refusal_is_enough(world, change):
    world.lead()
    world.lead(**change)

    assert would_buy(world.leads(), world.scenario).tolist() == [True, False]


KINDNESS = {
    "one call of its life": {"connect_until": [-1] * 7 + [0]},
    "one e-mail of its life": {"connect_until": -1, "reply_until": [-1] * 7 + [0]},
    "books for itself": {"connect_until": -1, "books_itself": True},
    "meetings enough": {"meetings_needed": 2, "show_until": [0, -1, 0, 0]},
    "won at no delay only": {"win_until": 0},
    "easily annoyed, tired, unprepared": {"annoyed": True, "tired": True, "too_soon": DAY, "prep_needed": DAY},
    "ready at the last instant": {"ready_from": 91 * DAY - 1, "ready_until": 91 * DAY - 1},
}


@pytest.mark.parametrize("change", KINDNESS.values(), ids=KINDNESS)
def test_the_kindest_way_is_enough(world, change):
    world.lead(**change)

    assert would_buy(world.leads(), world.scenario).tolist() == [True]


def test_where_deals_close_by_themselves_no_meeting_is_needed(new_world):
    world = new_world(market={"deal": {"closes_by": "delay"}}, policy={"self_scheduling": False})
    world.lead(show_until=-1)

    assert would_buy(world.leads(), world.scenario).tolist() == [True]


def test_a_world_where_everything_succeeds_has_only_buyers(world):
    for _ in range(5):
        world.lead()

    assert would_buy(world.leads(), world.scenario).all()
