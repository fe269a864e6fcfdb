"""A window of a history is a history of its own."""

import datetime as dt

import numpy as np
import pytest

from calibration.scenes_backtest import FIRST, LAST, history_of_replication
from funnelsim.calibration.window import window
from funnelsim.errors import InputError

DAY = 86_400_000


@pytest.fixture(scope="module")
def history():
    return history_of_replication(1)


def test_the_leads_of_the_span_are_there_on_a_clock_of_their_own(history):
    found = window(history, FIRST, LAST)
    inside = (history.leads.created >= 14 * DAY) & (history.leads.created < 42 * DAY)

    assert (found.first_day, found.last_day, found.as_of) == (FIRST, LAST, history.as_of)
    assert found.leads.key.tolist() == history.leads.key[inside].tolist()
    assert np.array_equal(found.leads.created, history.leads.created[inside] - 14 * DAY)
    assert np.array_equal(found.leads.attributes["size"], history.leads.attributes["size"][inside])
    closed = history.leads.closed_at[inside]
    assert np.array_equal(found.leads.closed_at, np.where(closed < 0, -1, closed - 14 * DAY))
    assert found.clock().end == history.clock().end - 14 * DAY


def test_touches_follow_their_leads(history):
    found = window(history, FIRST, LAST)
    key = history.leads.key[history.touches.lead]
    mine = np.isin(key, found.leads.key)

    assert found.touches.n == mine.sum() > 0
    assert found.leads.key[found.touches.lead].tolist() == key[mine].tolist()
    assert np.array_equal(found.touches.at, history.touches.at[mine] - 14 * DAY)
    assert np.array_equal(found.touches.number, history.touches.number[mine])


def test_spend_is_that_of_its_days(history):
    found = window(history, FIRST, LAST)
    assert set(found.spend.day.tolist()) <= set(range(28))


def test_the_whole_span_is_the_history(history):
    found = window(history, history.first_day, history.last_day)
    assert np.array_equal(found.leads.created, history.leads.created)
    assert found.touches.n == history.touches.n


def test_as_of_takes_back_what_came_later(history):
    found = window(history, FIRST, LAST, as_of=LAST)
    whole = window(history, FIRST, LAST)
    until = 28 * DAY

    assert found.touches.at.max() < until <= whole.touches.at.max()
    known = whole.leads.won & (whole.leads.closed_at < until)
    assert np.array_equal(found.leads.won, known)
    assert 0 < known.sum() < whole.leads.won.sum()
    answered = found.leads.first_response_ms >= 0
    late = whole.leads.created + whole.leads.first_response_ms >= until
    assert np.array_equal(answered, (whole.leads.first_response_ms >= 0) & ~late)
    assert not found.leads.won[~found.leads.closed].any()


def test_days_out_of_range_are_all_named(history):
    with pytest.raises(InputError) as error:
        window(history, dt.date(2024, 1, 1), dt.date(2026, 1, 1))

    assert [fault.key for fault in error.value.faults] == ["from", "to"]
    with pytest.raises(InputError, match="as_of"):
        window(history, FIRST, LAST, as_of=dt.date(2030, 1, 1))
