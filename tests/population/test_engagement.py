"""Engagement is a Poisson process whose rate is the largest that applies: counts by phase against rate times length."""

import numpy as np
import pytest

from funnelsim.config.market import Engagement
from funnelsim.population.engagement import event_rates
from funnelsim.population.journey import Journey
from funnelsim.records import NEVER
from population import worlds
from population.worlds import DAY

LATER = {
    "content": {"ready_at_arrival": 0.0, "ready_later": 1.0, "ready_lag": {"form": "fixed", "mean": "50d"}},
    "demo": {"hand_raise": True, "ready_at_arrival": 0.0, "ready_later": 0.0},
}


def _world(**engagement):
    return worlds.market(
        40.0, offers=LATER, journey={"window": {"form": "fixed", "mean": "40d"}}, engagement=engagement
    )


def _ages(leads, kept):
    """Return the age at each own event after creation of `kept` leads, ms, and how many such leads there are."""
    lead = np.repeat(np.arange(leads.n), np.diff(leads.event_start))
    later = np.ones(lead.size, dtype=bool)
    later[leads.event_start[:-1]] = False
    chosen = later & kept[lead]
    return leads.event_time[chosen] - leads.created[lead[chosen]], int(kept.sum())


def _poisson_rate_is(ages, n, low, high, per_day):
    count = np.count_nonzero((ages >= low * DAY) & (ages < high * DAY))
    expected = n * (high - low) * per_day
    return abs(count - expected) <= 4.0 * np.sqrt(expected)


def test_rates_before_and_while_ready_and_at_other_times():
    leads = worlds.draw(_world(shopper_share=0.0), worlds.run(200))
    old = leads.created < 80 * DAY  # their first 120 days lie within the run
    ages, n = _ages(leads, old & (leads.offer == 0))

    for low, high, per_day in ((0, 20, 0.012), (20, 50, 0.07), (50, 90, 0.22), (90, 120, 0.012)):
        assert _poisson_rate_is(ages, n, low, high, per_day), (low, high)
    ages, n = _ages(leads, old & (leads.offer == 1))
    assert _poisson_rate_is(ages, n, 0, 120, 0.012)


def test_window_shoppers_look_around_and_the_largest_rate_counts():
    leads = worlds.draw(_world(shopper_share=1.0), worlds.run(200))
    ages, n = _ages(leads, (leads.created < 80 * DAY) & (leads.offer == 0))

    # .08 for 30 days, which exceeds .07 from day 20 on; then .07 until ready.
    for low, high, per_day in ((0, 30, 0.08), (30, 50, 0.07), (50, 90, 0.22), (90, 120, 0.012)):
        assert _poisson_rate_is(ages, n, low, high, per_day), (low, high)


def test_a_quarter_of_the_leads_are_window_shoppers():
    engagement = {"shopper_share": 0.25, "shopper_per_day": 5.0, "idle_per_day": 0.0}
    leads = worlds.draw(_world(**engagement), worlds.run(100))
    judged = (leads.offer == 1) & (leads.created < 60 * DAY)

    counts = np.diff(leads.event_start)[judged] - 1
    assert worlds.within_sampling_error(counts > 0, 0.25)
    assert worlds.mean_is(counts[counts > 0], 150.0)


def test_counts_of_a_constant_rate_are_poisson():
    flat = {"idle_per_day": 0.1, "shopper_share": 0.0, "before_ready_per_day": 0.0, "ready_per_day": 0.0}
    leads = worlds.draw(_world(**flat), worlds.run(100))

    expected = 0.1 * (100 * DAY - leads.created) / DAY
    standardised = (np.diff(leads.event_start) - 1 - expected) / np.sqrt(expected)
    assert worlds.mean_is(standardised, 0.0)
    assert worlds.mean_is(standardised**2, 1.0)


def test_without_any_rate_only_the_creation_is_left():
    none = {"idle_per_day": 0.0, "shopper_per_day": 0.0, "before_ready_per_day": 0.0, "ready_per_day": 0.0}
    leads = worlds.draw(_world(**none))

    assert np.array_equal(leads.event_start, np.arange(leads.n + 1))
    assert np.array_equal(leads.event_time, leads.created)


def test_events_are_sorted_within_a_lead_and_begin_with_the_creation():
    leads = worlds.draw(_world(), worlds.run(100))
    lead = np.repeat(np.arange(leads.n), np.diff(leads.event_start))

    assert np.array_equal(leads.event_time[leads.event_start[:-1]], leads.created)
    assert np.all(leads.event_activity[leads.event_start[:-1]] == 0)
    assert np.count_nonzero(leads.event_activity == 0) == leads.n
    same_lead = lead[1:] == lead[:-1]
    assert np.all(np.diff(leads.event_time)[same_lead] >= 0)
    assert leads.event_time.max() < 100 * DAY


def test_activities_follow_the_mix_of_the_moment():
    world = _world()
    leads = worlds.draw(world, worlds.run(200))
    lead = np.repeat(np.arange(leads.n), np.diff(leads.event_start))
    ready = (leads.ready_from[lead] <= leads.event_time) & (leads.event_time <= leads.ready_until[lead])
    own = leads.event_activity != 0

    names = world.activities()
    for mine, mix in ((own & ready, world.engagement.mix_ready), (own & ~ready, world.engagement.mix_otherwise)):
        for name, share in mix.items():
            assert worlds.within_sampling_error(leads.event_activity[mine] == names.index(name), share), name


def test_the_inverse_of_a_hand_made_rate():
    """Created at day 10, shopping for 4 days, ready from day 20 to 30, watched from day 18: .5, .1, .2, 1, .1 a day."""
    one = np.array([10 * DAY])
    journey = Journey(
        offer=np.zeros(1, dtype=np.int16),
        hand_raise=np.zeros(1, dtype=np.bool_),
        ready_from=np.array([20 * DAY]),
        ready_until=np.array([30 * DAY]),
        anonymous_visits=np.zeros(1, dtype=np.int32),
        books_itself=np.zeros(1, dtype=np.bool_),
        too_soon=np.zeros(1, dtype=np.int64),
        sync_latency=np.zeros(1, dtype=np.int64),
    )
    engagement = Engagement(
        idle_per_day=0.1,
        shopper_per_day=0.5,
        shopper_days=4.0,
        before_ready_per_day=0.2,
        before_ready_days=2.0,
        ready_per_day=1.0,
    )
    rates = event_rates(one, journey, np.array([True]), engagement)

    def day(expected):
        return rates.after(np.array([0]), np.array([expected]))[0] / DAY

    assert day(1.0) == pytest.approx(12.0)
    assert day(2.0 + 0.3) == pytest.approx(17.0)
    assert day(2.0 + 0.4 + 0.2) == pytest.approx(19.0)
    assert day(2.0 + 0.4 + 0.4 + 7.0) == pytest.approx(27.0)
    assert day(2.0 + 0.4 + 0.4 + 10.0 + 3.0) == pytest.approx(60.0)


def test_a_lead_that_is_never_ready_and_never_idle_gathers_nothing():
    journey = Journey(
        offer=np.zeros(1, dtype=np.int16),
        hand_raise=np.zeros(1, dtype=np.bool_),
        ready_from=np.array([NEVER]),
        ready_until=np.array([-1]),
        anonymous_visits=np.zeros(1, dtype=np.int32),
        books_itself=np.zeros(1, dtype=np.bool_),
        too_soon=np.zeros(1, dtype=np.int64),
        sync_latency=np.zeros(1, dtype=np.int64),
    )
    rates = event_rates(np.array([DAY]), journey, np.array([False]), Engagement(idle_per_day=0.0))

    assert rates.after(np.array([0]), np.array([1e-9])).tolist() == [np.inf]
