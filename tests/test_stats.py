"""Intervals and levels against tables, closed forms, exact tests and their own coverage."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from funnelsim import stats


def test_examples_in_the_docstrings():
    outcome = doctest.testmod(stats)
    assert outcome.attempted >= 6
    assert outcome.failed == 0


def test_an_interval_by_the_table_of_t():
    """Ten values 1..10: mean 5.5, variance 55/6, and the table gives 2.262 for 9 degrees of freedom."""
    found = stats.interval(range(1, 11))
    assert (found.mean, found.n) == (5.5, 10)
    assert found.half_width == pytest.approx(2.262 * math.sqrt(55 / 6 / 10), rel=2e-4)
    assert (found.low, found.high) == (5.5 - found.half_width, 5.5 + found.half_width)


def test_an_interval_of_too_few_values_says_so():
    one, none = stats.interval([3.0]), stats.interval([])
    assert (one.mean, one.n) == (3.0, 1)
    assert math.isnan(one.half_width)
    assert math.isnan(none.mean)
    assert none.n == 0


def test_equal_values_have_no_spread():
    """The mean of six times 0.1 is not 0.1 in floating point; the interval must not show that."""
    assert stats.interval([0.1] * 6) == stats.Interval(0.1, 0.0, 6)


def test_undefined_values_are_left_out():
    assert stats.interval([1.0, math.nan, 3.0]) == stats.interval([1.0, 3.0])
    assert stats.paired([1.0, 2.0, math.nan], [0.0, 4.0, 1.0]) == stats.interval([1.0, -2.0])


def test_intervals_cover_as_often_as_they_say():
    samples = np.random.default_rng(1).normal(10.0, 3.0, (4_000, 8))
    found = [stats.interval(row, 0.9) for row in samples]
    covered = sum(f.low <= 10.0 <= f.high for f in found)
    assert abs(covered / 4_000 - 0.9) < 4 * math.sqrt(0.9 * 0.1 / 4_000)


def test_a_pair_needs_its_partner():
    with pytest.raises(ValueError, match="equally long"):
        stats.paired([1.0, 2.0], [1.0])


def test_paired_p_values_agree_with_the_t_test():
    rng = np.random.default_rng(2)
    a = rng.normal(size=12)
    b = a + rng.normal(0.4, 0.5, size=12)
    assert stats.paired_p_value(a, b) == pytest.approx(scipy_stats.ttest_rel(a, b).pvalue, rel=1e-9)
    assert stats.paired_p_value(a, a) == 1.0
    assert stats.paired_p_value([1.0, 1.0], [0.0, 0.0]) == 0.0
    assert math.isnan(stats.paired_p_value([1.0], [0.0]))


def test_holm_by_hand():
    """Sorted .005 .01 .03 .04 times 4 3 2 1: .02 .03 .06 .04, the last raised to .06."""
    assert stats.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert stats.holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert stats.holm([0.5, math.nan, 0.02]) == pytest.approx([0.5, math.nan, 0.04], nan_ok=True)
    assert stats.holm([]).size == 0


def test_holm_rejects_a_true_hypothesis_as_seldom_as_it_says():
    """Twenty true hypotheses at a time: some rejection at .05 in at most .05 of the families."""
    families = np.random.default_rng(3).random((4_000, 20))
    rejected = sum(stats.holm(p).min() <= 0.05 for p in families)
    assert rejected / 4_000 < 0.05 + 4 * math.sqrt(0.05 * 0.95 / 4_000)
    assert rejected / 4_000 > 0.03


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (8, 10), (10, 10), (37, 200)])
def test_wilson_ends_solve_the_score_equation(successes: int, n: int):
    """At each end p, |share - p| is exactly 1.96 standard errors taken at p."""
    found = stats.proportion_interval(successes, n)
    share = successes / n
    z = scipy_stats.norm.ppf(0.975)
    for end in (found.low, found.high):
        assert (share - end) ** 2 == pytest.approx(z**2 * end * (1 - end) / n, abs=1e-12)
    assert found.low <= share <= found.high


def test_proportions_at_the_borders():
    assert math.isnan(stats.proportion_interval(0, 0).low)
    with pytest.raises(ValueError, match=r"within 0\.\.3"):
        stats.proportion_interval(4, 3)


def test_bca_of_a_symmetric_sample_is_near_the_t_interval():
    values = np.random.default_rng(4).normal(5.0, 2.0, 400)
    bca, t = stats.bca_interval(values), stats.interval(values)
    assert bca.estimate == pytest.approx(t.mean)
    assert (bca.low, bca.high) == pytest.approx((t.low, t.high), abs=0.1 * t.half_width)


def test_bca_of_a_skewed_sample_leans_to_the_long_tail():
    bounds = stats.bca_interval(np.random.default_rng(5).lognormal(0.0, 1.0, 30))
    assert bounds.high - bounds.estimate > 1.2 * (bounds.estimate - bounds.low)


def test_bca_is_repeatable_and_follows_its_seed():
    values = np.random.default_rng(6).exponential(size=20)
    assert stats.bca_interval(values) == stats.bca_interval(values, seed=0)
    assert stats.bca_interval(values) != stats.bca_interval(values, seed=1)


def test_bca_where_there_is_little_to_resample():
    assert stats.bca_interval([2.0, 2.0]) == stats.Bounds(2.0, 2.0, 2.0, 2)
    one = stats.bca_interval([2.0])
    assert one.estimate == 2.0
    assert math.isnan(one.low)
    assert stats.bca_interval([]).n == 0
    two = stats.bca_interval([1.0, 3.0, math.nan])
    assert (two.low, two.estimate, two.high) == (1.0, 2.0, 3.0)


def test_bca_of_a_quantile():
    values = np.random.default_rng(7).exponential(size=300)
    bounds = stats.bca_interval(values, statistic=lambda x, axis=-1: np.quantile(x, 0.9, axis=axis))
    assert bounds.estimate == pytest.approx(np.quantile(values, 0.9))
    assert bounds.low < bounds.estimate < bounds.high


@pytest.mark.slow
def test_bca_misses_skewed_means_more_evenly_than_t():
    """Means of 50 lognormal values: at a nominal .95 t lies too low about .10 of the time and too high .005."""
    samples = np.random.default_rng(8).lognormal(0.0, 1.0, (1_000, 50))
    truth = math.exp(0.5)
    t = [stats.interval(s) for s in samples]
    bca = [stats.bca_interval(s, resamples=999) for s in samples]
    lean_t = sum(f.high < truth for f in t) - sum(f.low > truth for f in t)
    lean_bca = sum(f.high < truth for f in bca) - sum(f.low > truth for f in bca)
    assert 0 <= lean_bca < 0.6 * lean_t
    assert 850 < sum(f.low <= truth <= f.high for f in bca) < 950


def test_the_bound_on_a_variance_ratio_is_near_the_exact_one_of_normal_samples():
    """Independent normal samples: the exact lower bound is the ratio over the F quantile."""
    rng = np.random.default_rng(9)
    x, y = rng.normal(0.0, 3.0, 500), rng.normal(0.0, 1.0, 500)
    ratio = x.var(ddof=1) / y.var(ddof=1)
    exact = ratio / scipy_stats.f.ppf(0.95, 499, 499)
    assert stats.variance_ratio_lower_bound(x, y) == pytest.approx(exact, rel=0.05)


@pytest.mark.slow
def test_the_bound_on_a_variance_ratio_holds_as_often_as_it_says():
    """Correlated pairs, true ratio 5: exceeds it in about .05 of 400 cases (bootstrap of 200 pairs: allow .04 more)."""
    rng = np.random.default_rng(10)
    x = rng.normal(0.0, math.sqrt(5.0), (400, 200))
    y = 0.6 * x / math.sqrt(5.0) + 0.8 * rng.normal(size=(400, 200))
    too_high = sum(stats.variance_ratio_lower_bound(a, b, resamples=999) > 5.0 for a, b in zip(x, y, strict=True))
    assert 0.01 < too_high / 400 < 0.09 + 2 * math.sqrt(0.05 * 0.95 / 400)


def test_variance_ratios_without_variance():
    assert stats.variance_ratio_lower_bound([1.0, 2.0, 4.0], [1.0, 1.0, 1.0]) == math.inf
    assert math.isnan(stats.variance_ratio_lower_bound([1.0, 1.0, 1.0], [1.0, 1.0, 1.0]))
    assert stats.variance_ratio_lower_bound([1.0, 1.0, 1.0], [1.0, 2.0, 4.0]) == 0.0
    assert math.isnan(stats.variance_ratio_lower_bound([1.0, 2.0], [1.0, 2.0]))


@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(1, 19))
def test_levels_are_the_sharpest_that_hold(values: list[int], twentieths: int):
    """Counted in whole numbers: at least share of the values keep the level, and of no sharper value."""
    share, n = twentieths / 20, len(values)
    kept, met = stats.level_kept(values, share), stats.level_met(values, share)
    assert 20 * sum(v <= kept for v in values) >= twentieths * n
    assert all(20 * sum(v <= w for v in values) < twentieths * n for w in values if w < kept)
    assert 20 * sum(v >= met for v in values) >= twentieths * n
    assert all(20 * sum(v >= w for v in values) < twentieths * n for w in values if w > met)


def test_levels_of_ten_months():
    months = [30, 10, 20, 50, 40, 70, 60, 90, 80, 100]
    assert stats.level_met(months, 0.9) == 20
    assert stats.level_kept(months, 0.9) == 90
    assert math.isnan(stats.level_met([], 0.9))
    assert math.isnan(stats.quantile([math.nan], 0.9))


def test_shares_must_be_shares():
    for refused in (0.0, 1.0, 95):
        with pytest.raises(ValueError, match=r"within 0\.\.1"):
            stats.interval([1.0, 2.0], refused)
