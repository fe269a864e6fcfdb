import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.config.run import Standard
from funnelsim.metrics.evidence import Contacts, counted_tries, gather
from funnelsim.records import Result, Row, State

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def read(world):
    return gather(world.leads(), world.outcomes(), world.touches(), world.scenario)


def contacts(rows):
    """(lead, hour, e-mail) rows, in any order."""
    rows = sorted(rows)
    lead, at, email = (np.array([r[j] for r in rows], dtype=np.int64) for j in range(3))
    return Contacts(lead, at * HOUR, np.zeros_like(lead), email.astype(np.bool_), np.arange(lead.size))


def by_the_text(rows, standard, n):
    """The rule of the model, one lead and one try after the other."""
    counts = []
    for lead in range(n):
        count, last, emails = 0, None, 0
        for _, hour, email in sorted(r for r in rows if r[0] == lead):
            emails += email
            if email and emails > standard.emails:
                continue
            if last is None or hour * HOUR - last >= standard.apart.ms():
                count, last = count + 1, hour * HOUR
        counts.append(count)
    return counts


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.booleans()), max_size=60),
    st.integers(0, 4),
    st.integers(0, 9),
)
def test_tries_are_counted_as_the_standard_says(rows, emails, hours_apart):
    standard = Standard(emails=emails, apart=f"{hours_apart}h")

    assert counted_tries(contacts(rows), n=4, standard=standard).tolist() == by_the_text(rows, standard, 4)


def test_a_try_counts_from_the_last_counted_one_and_not_from_the_last():
    """Calls at 0, 3, 5 and 9 h: that of 3 h does not count, so that of 5 h does, and so does that of 9 h."""
    calls = contacts([(0, hour, False) for hour in (0, 3, 5, 9)])

    assert counted_tries(calls, n=1, standard=Standard()).tolist() == [3]


def test_of_the_emails_only_the_first_two_count_and_each_call_does():
    emails = contacts([(0, day * 24, True) for day in range(5)])
    both = contacts([(0, day * 24, day < 3) for day in range(5)])

    assert counted_tries(emails, n=1, standard=Standard()).tolist() == [2]
    assert counted_tries(both, n=1, standard=Standard()).tolist() == [4]


def test_touches_belong_to_the_handover_in_which_they_were_listed(world):
    """Two handovers of one lead, one of another; a recycled lead stays in its handover though its episode rises."""
    i, j = world.lead(), world.lead()
    world.handover(i, 10 * DAY, 12 * DAY, episode=2)
    world.touch(i, 10 * DAY + HOUR, episode=1)
    world.touch(i, 11 * DAY, episode=2)
    world.handover(j, 11 * DAY, 13 * DAY)
    world.touch(j, 11 * DAY + HOUR)
    world.handover(i, 40 * DAY, 42 * DAY)
    world.talk(i, 41 * DAY)

    h = read(world).handovers

    assert h.lead.tolist() == [i, i, j]
    assert h.tries.tolist() == [2, 1, 1]
    assert h.first_try.tolist() == [10 * DAY + HOUR, 41 * DAY, 11 * DAY + HOUR]
    assert h.first_talk.tolist() == [-1, 41 * DAY, -1]
    assert h.window_due.tolist() == [31 * DAY, 61 * DAY, 32 * DAY]


def test_a_handover_keeps_its_first_window_when_it_is_recycled(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 60 * DAY, window=20 * DAY)
    world.row(Row.WINDOW, i, queued_at=20 * DAY, start=20 * DAY, available_at=20 * DAY, due_at=30 * DAY, end=30 * DAY)

    assert read(world).handovers.window_due.tolist() == [20 * DAY]


def test_what_is_no_talk(world):
    """Not answered, too soon, an e-mail sent, a meeting that nobody attended, a call still going on at the end."""
    i = world.lead()
    world.handover(i, 10 * DAY, 91 * DAY, Result.OPEN)
    world.touch(i, 11 * DAY, Result.NOT_REACHED)
    world.touch(i, 12 * DAY, Result.TOO_SOON)
    world.touch(i, 13 * DAY, Result.SENT, kind=Row.EMAIL)
    world.touch(i, 14 * DAY, Result.OPEN)
    world.meeting(i, 15 * DAY, Result.NO_SHOW)

    e = read(world)

    assert e.talks.lead.size == 0
    assert e.tries.at.tolist() == [11 * DAY, 12 * DAY, 13 * DAY, 14 * DAY]
    assert e.tries.email.tolist() == [False, False, True, False]


def test_what_is_a_talk(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 80 * DAY)
    world.talk(i, 11 * DAY, Result.NURTURE)
    world.talk(i, 12 * DAY, Result.CALLED_BACK, kind=Row.REPLY)
    world.talk(i, 13 * DAY, Result.SQL, kind=Row.CALLBACK)
    world.meeting(i, 14 * DAY, Result.OPPORTUNITY)
    world.meeting(i, 15 * DAY, Result.MET)

    e = read(world)

    assert e.talks.at.tolist() == [d * DAY for d in (11, 12, 13, 14, 15)]
    assert e.tries.at.tolist() == [11 * DAY, 13 * DAY]  # a reply and a meeting are no tries


def test_a_touch_that_was_listed_but_not_made_is_no_try(world):
    i = world.lead()
    world.handover(i, 10 * DAY, 31 * DAY)
    world.row(Row.CALL, i, queued_at=10 * DAY, available_at=10 * DAY, end=31 * DAY, list=0, result=Result.DROPPED)

    e = read(world)

    assert e.tries.at.size == 0
    assert not e.handovers.tried[0]
    assert e.handovers.listed_at.tolist() == [10 * DAY]


def test_a_booking_made_by_the_lead_counts_as_tried_and_reached(world):
    """The booking is the handover; one agreed in a talk is none of the lead's own."""
    own, agreed = world.lead(books_itself=True), world.lead(books_itself=True)
    world.handover(own, 10 * DAY, 20 * DAY, Result.NO_SHOW, due_at=-1)
    world.books(own, 10 * DAY, 12 * DAY)
    world.handover(agreed, 10 * DAY, 20 * DAY, Result.NO_SHOW)
    world.talk(agreed, 11 * DAY)
    world.books(agreed, 11 * DAY + 10 * MINUTE, 12 * DAY)

    h = read(world).handovers

    assert h.booked_itself.tolist() == [True, False]
    assert h.tried.tolist() == [True, True]
    assert h.first_try.tolist() == [-1, 11 * DAY]
    assert h.first_talk.tolist() == [10 * DAY, 11 * DAY]


def test_without_self_scheduling_nobody_books_for_itself(new_world):
    world = new_world(policy={"self_scheduling": False})
    i = world.lead(books_itself=True)
    world.handover(i, 10 * DAY, 20 * DAY, Result.NO_SHOW)
    world.books(i, 10 * DAY, 12 * DAY)

    assert not read(world).handovers.booked_itself[0]


def test_a_buyer_is_able_and_has_a_window_that_opens_before_the_end(world):
    world.lead()
    world.lead(able=False)
    world.lead(ready_from=2**62, ready_until=-1)
    world.lead(ready_from=5 * DAY, ready_until=9 * DAY)  # was ready before it came
    world.lead(ready_from=5 * DAY, ready_until=10 * DAY)  # up to the instant at which it came
    world.lead(ready_from=91 * DAY, ready_until=99 * DAY)
    world.lead(win_until=-1, connect_until=-1)  # luck is not asked

    assert read(world).buyer.tolist() == [True, False, False, False, True, False, True]


def test_a_window_holds_its_first_and_its_last_instant(world):
    i = world.lead()
    world.handover(i, 9 * DAY, 50 * DAY)
    for at in (10 * DAY - 1, 10 * DAY, 40 * DAY, 40 * DAY + 1):
        world.touch(i, at)

    e = read(world)

    assert e.in_window(e.tries).tolist() == [False, True, True, False]


def test_the_cohort_is_created_in_the_measured_window(world):
    for day in (7, 62.999, 6.999, 63):
        world.lead(created=round(day * DAY))

    assert read(world).measured.tolist() == [True, True, False, False]


def test_an_open_handover_lasts_to_the_end_of_the_run(world):
    i = world.lead()
    world.handover(i, 10 * DAY, -1, Result.OPEN)
    world.becomes(i, State.WAITING, 10 * DAY)

    assert read(world).handovers.end.tolist() == [91 * DAY]
