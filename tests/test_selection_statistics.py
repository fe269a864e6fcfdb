"""Which system is best, and what choosing it risks: against the paired t-test, closed forms and simulated power."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from funnelsim.selection_statistics import MOST_REPLICATIONS, chances, multipliers, replications_to_detect
from funnelsim.stats import paired_p_value


def normal_table(r: int, means: list[float], *, seed: int, shared: float = 0.0) -> np.ndarray:
    """Return (r, k) normal values with the given means, and `shared` luck that all columns have in common."""
    rng = np.random.default_rng(seed)
    return rng.normal(means, 1.0, (r, len(means))) + shared * rng.normal(size=(r, 1))


@pytest.mark.parametrize(("r", "shift"), [(40, 0.0), (40, 0.2), (40, 0.4), (5, 0.8), (3, 1.0), (2, 1.0)])
def test_of_two_systems_the_probability_is_that_of_the_one_sided_paired_t_test(r, shift):
    """However few the replications: of two rows, resampled whole, every second resample would not vary."""
    table = normal_table(r, [0.0, shift], seed=3, shared=5.0)
    one_sided = paired_p_value(table[:, 1], table[:, 0]) / 2
    ahead = table[:, 1].mean() > table[:, 0].mean()

    found = chances(table, better="up", resamples=40_000)

    # Four standard errors of a share of 40,000 draws.
    assert found.probability_best[1] == pytest.approx(1 - one_sided if ahead else one_sided, abs=0.01)


@pytest.mark.parametrize("skewed", [False, True])
@pytest.mark.parametrize("r", [5, 10, 20])
def test_drawn_means_cover_as_often_as_they_say(r, skewed):
    """The middle 95 % of the drawn differences of two systems holds the true one in about 95 % of 2,000 samples.

    Resampled rows without a stretch hold it in 83 % at five, 90 % at ten and 92 % at twenty.
    """
    rng, runs = np.random.default_rng(11), 2_000
    own = rng.exponential(size=(runs, r)) - rng.exponential(size=(runs, r)) if skewed else rng.normal(size=(runs, r))
    deviations = own - own.mean(axis=1, keepdims=True)
    drawn = multipliers(r, size=1_000, rng=rng)
    low, high = np.percentile(own.mean(axis=1) + drawn @ deviations.T, [2.5, 97.5], axis=0)

    inside = float(np.mean((low <= 0) & (high >= 0)))
    # Four standard errors (.0195), and what values that are not normal change (they make t cover a little more).
    assert 0.93 < inside < (0.985 if skewed else 0.97)


def test_the_regret_of_two_systems_is_the_t_distributions_mean_excess():
    """E max(T, 0) of T = d + s t with v degrees is s (v + u^2)/(v - 1) f(u) + d F(u), with u = d / s."""
    table = normal_table(60, [0.0, 0.1], seed=4)
    difference = table[:, 1] - table[:, 0]
    d, s, v = difference.mean(), difference.std(ddof=1) / math.sqrt(60), 59
    u = d / s
    excess = s * (v + u**2) / (v - 1) * stats.t.pdf(u, v) + d * stats.t.cdf(u, v)

    found = chances(table, better="up", resamples=40_000)

    assert found.expected_regret[0] == pytest.approx(excess, rel=0.05)
    assert found.expected_regret[1] == pytest.approx(excess - d, rel=0.05)


def test_less_is_better_turns_everything_round():
    table = normal_table(20, [0.0, 0.5, 1.0], seed=5)

    up, down = chances(-table, better="up"), chances(table, better="down")

    assert up.probability_best.tolist() == down.probability_best.tolist()
    assert up.expected_regret.tolist() == down.expected_regret.tolist()
    assert down.probability_best[0] > 0.9


def test_systems_that_are_equal_share():
    table = normal_table(12, [0.0, 3.0], seed=6)
    twice = np.column_stack([table, table[:, 1]])

    found = chances(twice, better="up")

    assert found.probability_best == pytest.approx([0.0, 0.5, 0.5], abs=1e-3)
    assert found.probability_best[1] == found.probability_best[2]
    assert found.probability_best.sum() == pytest.approx(1.0)
    assert found.expected_regret[0] == pytest.approx(twice[:, 1].mean() - twice[:, 0].mean(), rel=0.05)


def test_equal_in_every_replication_but_for_rounding_is_a_tie():
    """The second is larger by one in the last of 16 digits; it may not win by that."""
    column = np.random.default_rng(1).normal(1e6, 10.0, 30)
    found = chances(np.column_stack([column, column * (1 + 2e-16)]), better="up")

    assert found.probability_best.tolist() == [0.5, 0.5]


def test_constant_values_do_not_divide_by_zero():
    found = chances([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]], better="up")

    assert found.probability_best.tolist() == [0.0, 1.0]
    assert found.expected_regret.tolist() == [1.0, 0.0]


def test_undefined_replications_are_left_out_and_too_few_say_nothing():
    table = normal_table(10, [0.0, 0.3], seed=7)
    holed = np.vstack([table, [math.nan, 1e9]])

    whole = chances(table, better="up").probability_best
    assert chances(holed, better="up").probability_best.tolist() == whole.tolist()
    assert np.isnan(chances(holed[-2:], better="up").probability_best).all()
    with pytest.raises(ValueError, match="replications, systems"):
        chances([1.0, 2.0], better="up")


def test_the_seed_decides_the_draws():
    table = normal_table(10, [0.0, 0.1], seed=8)

    first, again, other = (chances(table, better="up", seed=seed).expected_regret[0] for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize(("uplift", "deviation", "level"), [(2.0, 5.0, 0.05), (2.0, 3.0, 0.05 / 6), (2.0, 20.0, 0.05)])
def test_so_many_replications_find_a_planted_uplift_of_2_in_100_with_the_stated_power(uplift, deviation, level):
    n = replications_to_detect(uplift, deviation, level=level, power=0.8)
    assert n is not None
    trials = 4_000
    rng = np.random.default_rng(9)
    values = rng.normal(uplift, deviation, (trials, n))
    t = values.mean(axis=1) / (values.std(axis=1, ddof=1) / math.sqrt(n))

    power = float(np.mean(np.abs(t) > stats.t.ppf(1 - level / 2, n - 1)))

    # Four standard errors, and what one replication more or less makes where they are few.
    assert abs(power - 0.8) < 4 * math.sqrt(0.16 / trials) + 0.5 / n


def test_a_larger_difference_needs_fewer_replications_and_none_at_all_no_number():
    assert replications_to_detect(1.0, 1.0) < replications_to_detect(0.5, 1.0)
    assert replications_to_detect(-1.0, 2.0) == replications_to_detect(1.0, 2.0)
    assert replications_to_detect(1.0, 0.0) == 2
    assert replications_to_detect(0.0, 1.0) is None
    assert replications_to_detect(1.0, 1e6) is None
    assert replications_to_detect(2.81 / math.sqrt(MOST_REPLICATIONS), 1.0) is not None
    with pytest.raises(ValueError, match="finite"):
        replications_to_detect(math.nan, 1.0)
