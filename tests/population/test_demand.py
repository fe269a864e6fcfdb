"""Leads come as a Poisson process of the rate that the market writes down."""

import datetime as dt

import numpy as np
import pytest
from scipy import stats

from funnelsim.calendar import Clock
from funnelsim.population import draw_visitors
from funnelsim.population.demand import draw_arrivals, visitor_curve
from population import worlds
from population.worlds import DAY, HOUR

HOURS = [1.0] * 8 + [6.0] * 10 + [2.0] * 6
WEEK = [3.0, 3.0, 2.0, 2.0, 2.0, 1.0, 1.0]


def _curve(dates, **changes):
    world = worlds.market(channels={"organic": worlds.channel(10.0, **changes)})
    return visitor_curve(world.channels["organic"], world, Clock.of(dates)), Clock.of(dates)


def _expected_on(dates, day, **changes):
    curve, clock = _curve(dates, **changes)
    d = (day - dates.start).days
    return curve.between(int(clock.midnights[d]), int(clock.midnights[d + 1]))


def test_counts_by_hour_of_the_week_are_poisson_of_the_written_rate():
    shape = {"hour_weights": HOURS, "weekday_weights": WEEK}
    world = worlds.market(channels={"organic": worlds.channel(100.0, shape=shape)})
    counts = np.zeros(168)
    for r in range(10):
        created = draw_arrivals(world, worlds.run(70), r).created
        counts += np.bincount(created // HOUR % 168, minlength=168)

    by_hour = np.array(HOURS) / np.mean(HOURS)
    by_day = np.array(WEEK) / np.mean(WEEK)
    expected = 10 * 10 * 100.0 / 24.0 * np.outer(by_day, by_hour).ravel()
    chi_square = np.sum((counts - expected) ** 2 / expected)
    assert stats.chi2.sf(chi_square, 168) > 1e-4
    assert stats.chi2.cdf(chi_square, 168) > 1e-4


def test_the_number_of_leads_has_poisson_mean_and_variance():
    world = worlds.market(5.0)
    counts = np.array([draw_arrivals(world, worlds.run(40), r).created.size for r in range(400)])

    assert worlds.mean_is(counts, 200.0)
    dispersion = counts.var(ddof=1) / 200.0 * (counts.size - 1)
    assert 1e-4 < stats.chi2.cdf(dispersion, counts.size - 1) < 1.0 - 1e-4


def test_gaps_between_leads_of_a_constant_rate_are_exponential():
    created = draw_arrivals(worlds.market(2_000.0), worlds.run(10), 0).created

    assert stats.kstest(np.diff(created, prepend=0) * 2_000.0 / DAY, "expon").pvalue > 1e-4


def test_visitors_a_day_do_not_depend_on_the_scale_of_the_weights():
    shape = {"hour_weights": [7.0 * w for w in HOURS], "weekday_weights": WEEK, "month_weights": [4.0] * 12}
    curve, clock = _curve(worlds.run(70), shape=shape)

    assert curve.between(0, clock.end) == pytest.approx(20.0 * 70)


def test_season_multiplies_the_days_of_its_month():
    weights = [1.0] * 11 + [13.0]  # December, 13 times the rest: 13 / 2 of the mean
    dates = worlds.run(365)

    assert _expected_on(dates, dt.date(2025, 12, 1), shape={"month_weights": weights}) == pytest.approx(20.0 * 6.5)
    assert _expected_on(dates, dt.date(2025, 11, 30), shape={"month_weights": weights}) == pytest.approx(20.0 * 0.5)


def test_trend_is_compounded_from_the_start():
    curve, clock = _curve(worlds.run(731), shape={"trend_per_year": 0.3})

    expected = sum(20.0 * 1.3 ** (d / 365.25) for d in range(731))
    assert curve.between(0, clock.end) == pytest.approx(expected)


def test_bursts_multiply_their_days_only():
    bursts = [{"date": dt.date(2025, 1, 10), "days": 2, "multiplier": 5.0}]
    days = [_expected_on(worlds.run(30), dt.date(2025, 1, d), bursts=bursts) for d in (9, 10, 11, 12)]

    assert days == pytest.approx([20.0, 100.0, 100.0, 20.0])


def test_a_burst_that_began_before_the_run_still_counts():
    bursts = [{"date": dt.date(2025, 1, 1), "days": 10, "multiplier": 3.0}]

    assert _expected_on(worlds.run(30), dt.date(2025, 1, 10), bursts=bursts) == pytest.approx(60.0)
    assert _expected_on(worlds.run(30), dt.date(2025, 1, 11), bursts=bursts) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", dt.date(2025, 3, 30), 23.0),
        ("Europe/Berlin", dt.date(2025, 10, 26), 25.0),
        ("Australia/Lord_Howe", dt.date(2025, 10, 5), 23.5),
    ],
)
def test_a_day_on_which_the_clocks_change_has_its_own_length(zone, day, hours):
    dates = worlds.run(330, time_zone=zone)

    assert _expected_on(dates, day) == pytest.approx(20.0 * hours / 24.0)
    assert _expected_on(dates, day + dt.timedelta(days=1)) == pytest.approx(20.0)


def test_rates_follow_the_local_hour_through_daylight_saving():
    nights = [0.0] * 2 + [24.0] + [0.0] * 21  # only from 2 to 3 h
    dates = worlds.run(330, time_zone="Europe/Berlin")
    days = (dt.date(2025, 3, 29), dt.date(2025, 3, 30), dt.date(2025, 10, 26))
    expected = [_expected_on(dates, day, shape={"hour_weights": nights}) for day in days]
    assert expected == pytest.approx([20.0, 0.0, 40.0])  # skipped in spring, twice in autumn

    noon = [0.0] * 12 + [24.0] + [0.0] * 11
    world = worlds.market(channels={"organic": worlds.channel(10.0, shape={"hour_weights": noon})})
    clock = Clock.of(dates)
    created = draw_arrivals(world, dates, 0).created
    assert {clock.to_datetime(t).hour for t in created.tolist()} == {12}


def test_leads_are_in_order_of_time_channel_and_number_before_the_end():
    # So dense that many leads share a millisecond, within one channel and between the two.
    world = worlds.market(channels={"b": worlds.channel(4e5), "a": worlds.channel(4e5)})
    arrivals = draw_arrivals(world, worlds.run(1), 0)
    world_end = Clock.of(worlds.run(1)).end

    keys = np.lexsort((arrivals.number, arrivals.channel, arrivals.created))
    assert np.array_equal(keys, np.arange(keys.size))
    assert np.count_nonzero(np.diff(arrivals.created) == 0) > 1_000
    assert arrivals.created[0] >= 0
    assert arrivals.created[-1] < world_end
    for c in (0, 1):
        number = arrivals.number[arrivals.channel == c]
        assert np.array_equal(number, np.arange(number.size))


def test_twice_the_rate_halves_every_arrival_time():
    """The unit exponentials are kept: lead i of a constant rate comes at their sum divided by the rate."""
    slow = draw_arrivals(worlds.market(20.0), worlds.run(50), 3).created
    fast = draw_arrivals(worlds.market(40.0), worlds.run(50), 3).created

    assert np.abs(fast[: slow.size] - slow / 2.0).max() <= 1.0


def test_no_visitors_no_leads():
    for changes in ({"visitors_per_day": 0.0}, {"visit_to_lead": 0.0}):
        world = worlds.market(channels={"organic": worlds.channel(10.0, **changes)})
        assert draw_arrivals(world, worlds.run(), 0).created.size == 0


def test_visitors_are_poisson_and_include_the_leads_of_the_measured_window():
    world = worlds.market(channels={"a": worlds.channel(4.0), "b": worlds.channel(2.0, visit_to_lead=0.02)})
    dates = worlds.run(20, warmup_days=10, followup_days=5)
    counts = [draw_visitors(world, dates, r) for r in range(300)]

    assert worlds.mean_is([c["a"] for c in counts], 8.0 * 20)
    assert worlds.mean_is([c["b"] for c in counts], 4.0 * 20)
    assert np.var([c["a"] for c in counts], ddof=1) == pytest.approx(160.0, rel=4.0 * np.sqrt(2.0 / 299))
    everyone = worlds.market(channels={"a": worlds.channel(4.0, visit_to_lead=1.0)})
    arrivals = draw_arrivals(everyone, dates, 0).created
    measured = int(np.count_nonzero((arrivals >= 10 * DAY) & (arrivals < 30 * DAY)))
    assert draw_visitors(everyone, dates, 0) == {"a": measured}
