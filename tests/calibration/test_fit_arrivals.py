"""Arrivals: closed forms on balanced calendars, and days that vary more than Poisson."""

from __future__ import annotations

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit_arrivals import fit_arrivals
from funnelsim.calibration.fit_parameter import HALF


def created(counts: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return creation times, `counts[d]` on day d at random hours."""
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(counts.size), counts)
    return np.sort(day * DAY + rng.integers(0, 24 * HOUR, day.size))


def by_path(history):
    found = fit_arrivals(history)
    return {p.path: p for p in found.parameters}


def test_on_whole_weeks_of_one_month_weights_are_shares_of_weekdays():
    """Four weeks of January 2024, which began on a Monday: the Poisson likelihood is the share of each weekday."""
    week = np.array([10, 12, 8, 9, 11, 4, 2])
    known = by_path(scenes.history(scenes.leads(created(np.tile(week, 4))), days=28))

    for j in range(7):
        p = known[f"market.shape.weekday_weights.{j}"]
        assert p.estimate == pytest.approx(week[j] / week.mean(), rel=1e-5)
    assert known["arrivals.leads_per_day.web"].estimate == pytest.approx(week.mean(), rel=1e-5)


def test_the_rate_of_a_channel_has_the_width_of_its_count():
    """All days alike: the logarithm of a Poisson rate has variance 1 / count."""
    counts = np.full(28, 10)
    channel = np.tile([0] * 8 + [1] * 2, 28)
    known = by_path(scenes.history(scenes.leads(created(counts), channel=channel), days=28))
    rate = known["arrivals.leads_per_day.fair"]

    assert rate.estimate == pytest.approx(2.0, rel=1e-5)
    assert np.log(rate.high / rate.estimate) == pytest.approx(HALF / np.sqrt(56), rel=1e-3)


def test_hours_are_shares_and_an_empty_hour_keeps_an_interval():
    at = np.concatenate([np.arange(100) % 28 * DAY + 9 * HOUR, np.arange(300) % 28 * DAY + 15 * HOUR])
    known = by_path(scenes.history(scenes.leads(np.sort(at)), days=28))

    assert known["market.shape.hour_weights.15"].estimate == pytest.approx(24 * 300 / 411.0, rel=1e-6)  # 22 x 1/2 more
    empty = known["market.shape.hour_weights.3"]
    assert "no lead" in empty.warning
    assert 0 < empty.low < empty.high < 1


def test_days_that_vary_more_than_poisson_are_told_and_widen_the_intervals():
    rng = np.random.default_rng(2)
    level = rng.gamma(4.0, 0.25, 84)  # mean 1, variance 1/4: index about 1 + 20/4 = 6
    uneven = by_path(scenes.history(scenes.leads(created(rng.poisson(20 * level))), days=84))
    even = by_path(scenes.history(scenes.leads(created(rng.poisson(20.0, 84))), days=84))

    assert 4.0 < uneven["arrivals.dispersion"].estimate < 8.5
    assert uneven["arrivals.dispersion"].low > 1.0
    assert 0.35 < uneven["arrivals.level_sd"].estimate < 0.65
    assert even["arrivals.dispersion"].low < 1.0 < even["arrivals.dispersion"].high
    wide, narrow = (known["market.shape.weekday_weights.0"] for known in (uneven, even))
    assert np.log(wide.high / wide.low) > 1.7 * np.log(narrow.high / narrow.low)


def test_season_and_trend_are_told_apart_from_two_years_on():
    """Grows by 40 % a year, twice as many in December."""
    day = np.arange(3 * 365)
    month = (np.datetime64("2024-01-01") + day).astype("datetime64[M]").astype(int) % 12
    mean = 12.0 * 1.4 ** (day / 365.25) * np.where(month == 11, 2.0, 1.0)
    counts = np.random.default_rng(4).poisson(mean)
    known = by_path(scenes.history(scenes.leads(created(counts)), days=day.size))
    trend, december = known["market.shape.trend_per_year"], known["market.shape.month_weights.11"]

    assert abs(trend.estimate - 0.4) < 4 * (trend.high - trend.estimate) / HALF
    assert abs(np.log(december.estimate * 13 / 24)) < 4 * np.log(december.high / december.estimate) / HALF
    assert december.high / december.low < 1.1
    short = by_path(scenes.history(scenes.leads(created(counts[:200])), days=200))
    assert "market.shape.trend_per_year" not in short
    assert "cannot be told apart" in short["market.shape.month_weights.3"].warning
