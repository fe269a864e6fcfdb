"""Offers and the window in which a lead would buy."""

import numpy as np
import pytest
from scipy import stats

from funnelsim.population.journey import UNNOTICED_MS
from funnelsim.records import NEVER
from population import worlds
from population.worlds import DAY

FIXED = {
    "content": {
        "ready_at_arrival": 0.05,
        "ready_later": 0.25,
        "ready_lag": {"form": "fixed", "mean": "10d"},
        "too_soon_mean": "15min",
        "anonymous_visits_mean": 1.5,
    },
    "demo": {
        "hand_raise": True,
        "ready_at_arrival": 0.2,
        "ready_later": 0.5,
        "ready_lag": {"form": "lognormal", "median": "20d", "sigma": 0.7},
        "self_books_share": 0.4,
    },
}


def _many(**changes):
    plain = {"offers": FIXED, "journey": {"window": {"form": "fixed", "mean": "40d"}}}
    return worlds.draw(worlds.market(400.0, **(plain | changes)), worlds.run(100))


def test_offers_come_in_the_mix_of_their_channel():
    channels = {"a": worlds.channel(200.0), "b": worlds.channel(200.0, offers={"demo": 1.0})}
    leads = _many(channels=channels)

    assert worlds.within_sampling_error(leads.offer[leads.channel == 0] == 1, 0.3)
    assert np.all(leads.offer[leads.channel == 1] == 1)
    assert np.array_equal(leads.hand_raise, leads.offer == 1)


def test_readiness_by_offer():
    leads = _many()
    at_arrival = leads.ready_from == leads.created
    never = leads.ready_from == NEVER

    for offer, now, later in ((0, 0.05, 0.25), (1, 0.2, 0.5)):
        mine = leads.offer == offer
        assert worlds.within_sampling_error(at_arrival[mine], now)
        assert worlds.within_sampling_error(never[mine], 1.0 - now - later)
    assert np.array_equal(leads.ready_until == -1, never)
    assert np.all((leads.ready_until - leads.ready_from)[~never] == 40 * DAY)


def test_lags_are_those_of_the_offer():
    leads = _many()
    later = (leads.ready_from != NEVER) & (leads.ready_from != leads.created)
    lag = leads.ready_from - leads.created

    assert np.all(lag[later & (leads.offer == 0)] == 10 * DAY)
    scaled = np.log(lag[later & (leads.offer == 1)] / (20.0 * DAY)) / 0.7
    assert stats.kstest(scaled, "norm").pvalue > 1e-4


@pytest.mark.parametrize(
    ("multiplier", "now", "later"), [(0.5, 0.1, 0.25), (0.0, 0.0, 0.0), (10.0, 2.0 / 7.0, 5.0 / 7.0)]
)
def test_a_channel_multiplies_readiness_up_to_everybody(multiplier, now, later):
    leads = _many(channels={"a": worlds.channel(400.0, offers={"demo": 1.0}, ready_multiplier=multiplier)})
    at_arrival = leads.ready_from == leads.created

    assert worlds.within_sampling_error(at_arrival, now)
    assert worlds.within_sampling_error((leads.ready_from != NEVER) & ~at_arrival, later)


def test_what_annoys_and_what_was_seen_before_depend_on_the_offer():
    leads = _many()
    content, demo = leads.offer == 0, leads.offer == 1

    assert worlds.mean_is(leads.too_soon[content], 15 * 60_000)
    assert np.all(leads.too_soon[demo] == 0)
    assert worlds.mean_is(leads.anonymous_visits[content], 1.5)
    assert worlds.mean_is((leads.anonymous_visits[content] - 1.5) ** 2, 1.5)
    assert np.all(leads.anonymous_visits[demo] == 0)
    assert worlds.within_sampling_error(leads.books_itself[demo], 0.4)
    assert not leads.books_itself[content].any()


def test_a_share_of_the_leads_is_never_noticed_and_the_others_stay_as_they_were():
    """One in five, within four standard errors; a larger share takes the same ones and more."""
    plain = _many(sync_latency="90s")
    few, many = (_many(sync_latency="90s", unnoticed_share=share).sync_latency for share in (0.2, 0.4))
    error = np.sqrt(0.2 * 0.8 / few.size)

    assert abs(np.mean(few == UNNOTICED_MS) - 0.2) < 4 * error
    assert np.all(few[few != UNNOTICED_MS] == plain.sync_latency[few != UNNOTICED_MS])
    assert np.all(many[few == UNNOTICED_MS] == UNNOTICED_MS)


def test_each_lead_adds_its_own_delay_to_the_sync_latency():
    fixed = _many(sync_latency="90s")
    assert np.all(fixed.sync_latency == 90_000)
    seen = _many(sync_latency="90s", sync_delay={"form": "lognormal", "median": "40min", "sigma": 1.3})
    delay = seen.sync_latency - 90_000
    assert stats.kstest(np.log(delay / (40.0 * 60_000)) / 1.3, "norm").pvalue > 1e-4
    assert np.array_equal(seen.too_soon, fixed.too_soon)
