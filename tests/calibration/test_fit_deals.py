"""Deals: closed forms without censoring, planted values with it, values, and what dates can tell."""

from __future__ import annotations

import math

import numpy as np
import pytest

from calibration import scenes_fit as scenes
from calibration.scenes_fit import DAY, HOUR
from funnelsim.calibration.fit_deals import fit_deals
from funnelsim.calibration.fit_parameter import HALF


def by_path(history):
    found = fit_deals(history)
    return {p.path: p for p in found.parameters}, found


def company(n: int, *, share: float, seed: int, observed_days: float, median: float = 20.0, sigma: float = 0.9):
    """Return n leads of the first day, each contacted at once, followed for so many days; the rest still open."""
    rng = np.random.default_rng(seed)
    days = median * np.exp(sigma * rng.standard_normal(n))
    won = (rng.random(n) < share) & (days <= observed_days)
    at = np.where(won, np.rint(days * DAY).astype(np.int64), -1)
    table = scenes.leads(np.zeros(n), won=won, closed=won, closed_at=at)
    calls = scenes.touches(np.arange(n), np.full(n, 60_000), np.ones(n))
    return scenes.history(table, calls, days=1, as_of_days=round(observed_days) - 1)


def test_with_every_outcome_known_the_times_are_those_of_the_logarithms():
    """No lead is open: the likelihood splits, and its maximum is the mean and the standard deviation of the logs."""
    days = np.array([1.1, 2.3, 3.7, 5.2, 8.9, 13.4, 21.7] * 4)
    won = np.concatenate([np.ones(28), np.zeros(72)]).astype(bool)
    at = np.full(100, 50 * DAY)
    at[:28] = np.rint(days * DAY)
    known, _ = by_path(scenes.history(
        scenes.leads(np.zeros(100), won=won, closed=np.ones(100, dtype=bool), closed_at=at), days=1, as_of_days=60
    ))  # fmt: skip
    logs = np.log(days)

    assert known["deals.days_to_won_median"].estimate == pytest.approx(math.exp(logs.mean()), rel=1e-3)
    assert known["deals.days_to_won_sigma"].estimate == pytest.approx(logs.std(), rel=1e-3)
    assert known["deals.win_share"].estimate == pytest.approx(28.5 / 101.0)


def test_open_leads_are_censored_not_lost():
    """After 20 days half of the deals are still to come: 0.1 is seen, and 0.2 is the share."""
    history = company(12_000, share=0.2, seed=3, observed_days=20.0)
    known, _ = by_path(history)

    assert history.leads.won.mean() < 0.11
    assert known["deals.days_to_won_median"].low < 20.0 < known["deals.days_to_won_median"].high
    assert known["deals.win_share"].estimate == pytest.approx(0.2, abs=0.03)
    assert known["deals.win_share_contacted"].estimate == pytest.approx(0.2, abs=0.03)


def test_dates_without_a_time_say_within_which_day():
    """Deals of a few days, known by their date (noon), from leads of noon: rounding hardly moves or widens the fit."""
    rng = np.random.default_rng(4)
    n = 4_000
    days = 3.0 * np.exp(1.2 * rng.standard_normal(n))
    at = np.rint(days) * DAY + 12 * HOUR
    table = scenes.leads(
        np.full(n, 12 * HOUR), won=np.ones(n, dtype=bool), closed=np.ones(n, dtype=bool), closed_at=at.astype(np.int64)
    )
    known, _ = by_path(scenes.history(table, days=1, as_of_days=300))
    median, sigma = known["deals.days_to_won_median"], known["deals.days_to_won_sigma"]

    assert abs(math.log(median.estimate / 3.0)) < 4 * math.log(median.high / median.estimate) / HALF
    assert abs(math.log(sigma.estimate / 1.2)) < 4 * math.log(sigma.high / sigma.estimate) / HALF
    assert math.log(median.high / median.estimate) / HALF < 1.2 * 1.2 / math.sqrt(n)


def test_a_fall_with_delay_is_found_and_its_absence_too():
    rng = np.random.default_rng(5)
    n = 6_000
    delay = rng.exponential(5.0, n)
    calls = scenes.touches(np.arange(n), np.rint(delay * DAY), np.ones(n))
    for fall in (0.1, 0.0):
        won = rng.random(n) < 0.4 * np.exp(-fall * delay)
        table = scenes.leads(
            np.zeros(n), won=won, closed=np.ones(n, dtype=bool), closed_at=np.rint((delay + 3.3) * DAY).astype(np.int64)
        )
        known, _ = by_path(scenes.history(table, calls, days=1, as_of_days=200))
        rate = known["deals.win_fall_per_day"]
        assert rate.low < fall < rate.high
        assert ("no fall" in rate.warning) == (fall == 0.0)


def test_the_value_of_a_deal_and_the_width_of_its_mean():
    """Cox: the logarithm of a lognormal mean has variance s^2 / n + s^4 / 2n."""
    rng = np.random.default_rng(6)
    n = 400
    value = np.exp(rng.normal(8.0, 0.5, n))
    table = scenes.leads(np.zeros(n), won=np.ones(n, dtype=bool), value=value)
    known, _ = by_path(scenes.history(table, days=1))
    mean = known["market.deal.value_mean"]
    s = np.log(value).std(ddof=1)

    assert mean.estimate == pytest.approx(math.exp(np.log(value).mean() + s * s / 2))
    assert math.log(mean.high / mean.estimate) == pytest.approx(HALF * math.sqrt(s**2 / n + s**4 / (2 * n)))


def test_deals_without_dates_inform_the_share_only():
    won = np.concatenate([np.ones(60), np.zeros(140)]).astype(bool)
    at = np.full(200, 40 * DAY)
    at[:30] = np.arange(1, 31) * 12 * HOUR
    at[30:60] = -1
    known, _ = by_path(scenes.history(
        scenes.leads(np.zeros(200), won=won, closed=np.ones(200, dtype=bool), closed_at=at), days=1, as_of_days=60
    ))  # fmt: skip

    assert known["deals.win_share"].estimate == pytest.approx(60.5 / 201.0, rel=0.01)
    assert known["deals.days_to_won_median"].n == 30
    assert "30 of 60 wins have no date" in known["deals.days_to_won_median"].warning


def test_wins_without_a_date_do_not_make_deals_look_quick():
    """Half of the wins lose their date, whenever they come to be known; the others are seen after 20 days only."""
    rng = np.random.default_rng(8)
    n = 20_000
    days = 20.0 * np.exp(0.9 * rng.standard_normal(n))
    buys, dateless = rng.random(n) < 0.2, rng.random(n) < 0.5
    won = buys & (dateless | (days <= 20.0))
    at = np.where(won & ~dateless, np.rint(days * DAY).astype(np.int64), -1)
    table = scenes.leads(np.zeros(n), won=won, closed=won, closed_at=at)
    calls = scenes.touches(np.arange(n), np.full(n, 60_000), np.ones(n))
    known, _ = by_path(scenes.history(table, calls, days=1, as_of_days=19))
    median = known["deals.days_to_won_median"]

    assert abs(math.log(median.estimate / 20.0)) < 4 * math.log(median.high / median.estimate) / HALF
    assert known["deals.win_share"].estimate == pytest.approx(0.2, abs=0.03)
    assert known["deals.win_share_contacted"].estimate == pytest.approx(0.2, abs=0.03)


def test_an_export_that_does_not_say_who_was_won_leaves_it_assumed():
    _, found = by_path(scenes.history(scenes.leads(np.zeros(5)), days=1))

    assert not found.parameters
    assert {a.path for a in found.assumed} >= {"market.deal.win_at_once", "market.deal.value_mean"}
