"""What a history shows, counted by hand on a dozen leads."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from funnelsim.calibration import observed
from funnelsim.calibration.history import History, LeadTable, SpendTable, TouchTable
from funnelsim.records import Row

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def ints(*values: int, dtype: type = np.int64) -> np.ndarray:
    return np.array(values, dtype=dtype)


def history() -> History:
    """Four people from Monday 4 to Sunday 17 March 2024, UTC; the first has two leads, the last was never called."""
    created = ints(10 * HOUR, DAY + 9 * HOUR, 2 * DAY, 7 * DAY + 23 * HOUR, 13 * DAY)
    return History(
        first_day=dt.date(2024, 3, 4),
        last_day=dt.date(2024, 3, 17),
        as_of=dt.date(2024, 6, 30),
        time_zone="UTC",
        currency="EUR",
        channels=("ads", "web"),
        reps=("Ann", "Bo"),
        categories={"grade": ("A", "B")},
        known_late=("grade",),
        stages=(),
        lost_reasons=(),
        leads=LeadTable(
            key=np.array(["a", "b", "c", "d", "e"], dtype=object),
            contact=ints(0, 1, 0, 2, 3),
            created=created,
            channel=ints(0, 1, 1, 1, 0, dtype=np.int16),
            owner=ints(0, 1, 0, 1, -1, dtype=np.int16),
            attributes={"grade": ints(0, 0, 1, -1, 1, dtype=np.int16)},
            won=np.array([True, False, True, True, False]),
            closed=np.array([True, True, True, True, False]),
            closed_at=ints(3 * DAY + HOUR, -1, 2 * DAY + HOUR, -1, -1),
            value=np.array([100.0, 5.0, np.nan, 300.0, 7.0]),
            first_response_ms=ints(5 * MINUTE, 90 * MINUTE, -1, 30 * MINUTE, -1),
        ),
        touches=TouchTable(
            lead=ints(0, 0, 1, 1, 2, 3),
            at=ints(10 * HOUR - MINUTE, DAY, DAY + 9 * HOUR + 10 * MINUTE, 9 * DAY, 2 * DAY + HOUR, 9 * DAY),
            number=ints(1, 2, 1, 2, 1, 1, dtype=np.int32),
            calls=ints(1, 1, 1, 1, 1, 1, dtype=np.int32),
            duration_ms=ints(0, 0, 0, 70_000, 80_000, -1),
            connected=np.array([False, False, False, True, True, False]),
            rep=ints(0, 0, 1, 1, 0, 1, dtype=np.int16),
            kind=ints(*[Row.CALL] * 5, Row.EMAIL, dtype=np.int8),
        ),
        spend=SpendTable(
            day=ints(0, 1, dtype=np.int32),
            channel=ints(0, 0, dtype=np.int16),
            impressions=np.array([np.nan, np.nan]),
            clicks=np.array([20.0, np.nan]),
            spend=np.array([1.5, 2.0]),
        ),
        cleaning=(),
        read={},
        unreadable={},
    )


def test_arrivals_by_day_weekday_and_hour():
    h = history()
    assert observed.leads_per_day(h) == 5 / 14
    assert observed.weekdays(h).tolist() == [2] * 7
    assert observed.leads_by_weekday(h).tolist() == [1.0, 0.5, 0.5, 0.0, 0.0, 0.0, 0.5]  # two on two Mondays
    shares = observed.share_by_hour(h)
    assert {hour: shares[hour] for hour in np.flatnonzero(shares)} == {0: 0.4, 9: 0.2, 10: 0.2, 23: 0.2}
    assert observed.hour_of_week(h, leads=h.leads.channel == 0).nonzero()[0].tolist() == [10, 144]


def test_by_person_all_calls_count_from_the_first_lead_and_emails_do_not():
    made = observed.attempts(history(), by="contact")
    assert made.called == 2
    assert made.unit.tolist() == [0, 0, 0, 1, 1]
    assert made.number.tolist() == [1, 2, 3, 1, 2]
    assert made.created.tolist() == [10 * HOUR, DAY + 9 * HOUR]
    assert made.delay_ms().tolist() == [0, 14 * HOUR, 39 * HOUR, 10 * MINUTE, 7 * DAY + 15 * HOUR]
    assert made.reached_at().tolist() == [3, 2]
    assert observed.attempts_per_called(made) == 2.5
    assert observed.reached_by_attempt(made, (1, 2, 3)).tolist() == [0.0, 0.5, 1.0]


def test_by_lead_each_has_its_own_calls():
    made = observed.attempts(history(), by="lead")
    assert made.called == 3
    assert made.number.tolist() == [1, 2, 1, 2, 1]
    assert made.reached_at().tolist() == [0, 2, 1]
    share, called = observed.reached_first_by_delay(made, (10.0, 60.0))
    assert called.tolist() == [2, 1, 0]  # a delay of exactly ten minutes lies in the first band
    np.testing.assert_array_equal(share, [0.0, 1.0, np.nan])


def test_leads_can_be_chosen_and_their_persons_other_calls_are_left_out():
    h = history()
    made = observed.attempts(h, leads=h.leads.channel == 1)
    assert made.created.tolist() == [2 * DAY, DAY + 9 * HOUR]
    assert made.number.tolist() == [1, 1, 2]


def test_first_response_by_the_crm_and_by_the_touches():
    h = history()
    assert sorted(observed.first_response_minutes(h)) == [5.0, 30.0, 90.0]
    assert sorted(observed.first_response_minutes(h, source="touches")) == [0.0, 10.0, 60.0]
    assert observed.answered_within(observed.first_response_minutes(h), (4, 5, 30, 100)).tolist() == pytest.approx(
        [0, 1 / 3, 2 / 3, 1]
    )


def test_won_by_channel_and_category_value_days_and_spend():
    h = history()
    assert observed.won_share(h) == 0.6
    assert observed.won_by_channel(h) == {"ads": (2, 1), "web": (3, 2)}
    assert observed.won_by_attribute(h, "grade") == {"A": (2, 1), "B": (2, 1)}
    assert observed.mean_won_value(h) == 200.0
    assert sorted(observed.days_to_won(h).tolist()) == [0, 3]  # local days, not multiples of 24 h
    assert observed.clicks_and_spend(h) == (20.0, 3.5)


def test_effort_by_rep_and_day():
    h = history()
    # Ann: 4 March, 5 March, 6 March, one each; Bo: 5 March one, 13 March two.
    assert observed.attempts_per_rep_day(h).tolist() == [1.0, 1.0, 1.0, 1.0, 2.0]
    assert observed.reps_at_work(h).tolist() == [1, 2, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_a_history_of_leads_alone_says_nothing_where_it_knows_nothing():
    import dataclasses

    h = dataclasses.replace(history(), touches=None, spend=None)
    bare = dataclasses.replace(h.leads, won=None, closed_at=None, value=None, first_response_ms=None)
    h = dataclasses.replace(h, leads=bare)
    made = observed.attempts(h)
    assert (made.called, observed.first_response_minutes(h).size, observed.days_to_won(h).size) == (0, 0, 0)
    assert np.isnan([observed.won_share(h), observed.mean_won_value(h), observed.attempts_per_called(made)]).all()
    assert np.isnan(observed.clicks_and_spend(h)).all()
    assert observed.reps_at_work(h).sum() == 0
    assert np.isnan(observed.quantiles(np.zeros(0), (0.5,))).all()
