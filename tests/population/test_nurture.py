"""Answers to nurture sends: probabilities by the state of the journey, timing, and who unsubscribes."""

import numpy as np
import pytest

from population import worlds
from population.worlds import DAY, HOUR

OFFERS = {
    "content": {"ready_at_arrival": 0.0, "ready_later": 1.0, "ready_lag": {"form": "fixed", "mean": "50d"}},
    "demo": {"hand_raise": True, "ready_at_arrival": 0.0, "ready_later": 0.0},
}
NURTURE = {
    "finest_pace": "7d",
    "response_idle": 0.1,
    "response_before_ready": 0.3,
    "response_ready": 0.6,
    "lag": {"form": "fixed", "mean": "5h"},
}


def _draw(days=150, **changes):
    journey = {"window": {"form": "fixed", "mean": "40d"}}
    world = worlds.market(40.0, offers=OFFERS, journey=journey, nurture=NURTURE | changes)
    return worlds.draw(world, worlds.run(days))


def test_answers_by_the_state_of_the_journey_at_the_send():
    leads = _draw()
    lead = np.repeat(np.arange(leads.n), np.diff(leads.nurture_start))
    ready_in_the_end = leads.offer == 0
    # Sends 1, 2 at days 7, 14; 3 to 7 in the 30 days before day 50; 8 to 12 until day 90; 13 after it.
    probability = [0.1, 0.1, 0.3, 0.3, 0.3, 0.3, 0.3, 0.6, 0.6, 0.6, 0.6, 0.6, 0.1]
    for s, p in enumerate(probability, start=1):
        arrives = leads.created + s * 7 * DAY + 5 * HOUR < 150 * DAY
        answered = np.zeros(leads.n, dtype=bool)
        answered[lead[leads.nurture_send == s]] = True
        assert worlds.within_sampling_error(answered[arrives & ready_in_the_end], p), s
        assert worlds.within_sampling_error(answered[arrives & ~ready_in_the_end], 0.1), s
        assert not answered[~arrives].any()


def test_answers_come_the_lag_after_the_send_and_are_in_order():
    leads = _draw()
    lead = np.repeat(np.arange(leads.n), np.diff(leads.nurture_start))

    assert np.array_equal(leads.nurture_time, leads.created[lead] + leads.nurture_send * (7.0 * DAY) + 5 * HOUR)
    assert np.all(np.diff(leads.nurture_send)[lead[1:] == lead[:-1]] > 0)
    assert leads.nurture_time.max() < 150 * DAY


def test_drawn_lags_have_their_mean():
    leads = _draw(days=300, lag={"form": "exponential", "mean": "5h"})
    lead = np.repeat(np.arange(leads.n), np.diff(leads.nurture_start))
    sent = leads.created[lead] + leads.nurture_send * (7.0 * DAY)

    early = sent < 290 * DAY  # late answers of late sends are cut off by the end
    assert worlds.mean_is((leads.nurture_time - sent)[early], 5 * HOUR)


def test_without_answers_there_are_none():
    leads = _draw(response_idle=0.0, response_before_ready=0.0, response_ready=0.0)

    assert leads.nurture_send.size == 0
    assert np.array_equal(leads.nurture_start, np.zeros(leads.n + 1))


@pytest.mark.parametrize(("most", "mean"), [(4, 6.0), (2, 1.0)])
def test_sensitive_leads_have_a_limit_and_a_geometric_send(most, mean):
    leads = _draw(sensitive_share=0.4, sensitive_every_max=most, unsubscribe_send_mean=mean)
    sensitive = leads.unsubscribe_below > 0

    assert worlds.within_sampling_error(sensitive, 0.4)
    limits = leads.unsubscribe_below[sensitive]
    assert set(limits) == set(range(2, most + 1))
    assert worlds.within_sampling_error(limits == 2, 1.0 / (most - 1))
    sends = leads.unsubscribe_send[sensitive]
    for s in range(1, 4):  # P(send > s) = (1 - 1 / mean)^s
        assert worlds.within_sampling_error(sends > s, (1.0 - 1.0 / mean) ** s)
    assert not leads.unsubscribe_send[~sensitive].any()
