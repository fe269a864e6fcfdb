"""A walk seen with errors: by hand where it is exact, by counting where it is a promise."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.calibration.local_level import local_level


def test_without_steps_the_level_is_the_mean_weighted_by_precision():
    """Of 1 (error 1), 4 (error .5) and 2 (error 1) the weighted mean is (1 + 16 + 2) / 6 = 19/6, its error 6 ** -.5."""
    found = local_level(np.array([1.0, 4.0, 2.0]), np.array([1.0, 0.5, 1.0]))

    assert (found.steps[0], found.passing[0]) == (0.0, 0.0)
    assert found.levels[0] == pytest.approx(19 / 6)
    assert found.errors[0] == pytest.approx(6**-0.5)
    assert found.weights.sum() == pytest.approx(1.0)


def test_the_mean_of_the_next_four_periods_moves_with_the_root_of_30_sixteenths_of_a_step():
    """The first step moves all four, the next three quarters, ...: 1 + 9/16 + 4/16 + 1/16 = 30/16."""
    found = local_level(np.arange(6.0), np.full(6, 1e-9))
    alone = found.passing == 0.0
    assert found.ahead(4)[1][alone] == pytest.approx(found.steps[alone] * np.sqrt(30 / 16), abs=1e-8)


def test_likelihood_is_that_of_the_changes_where_nothing_is_hidden():
    """Without errors the steps are seen: their likelihood is normal, largest at their root mean square."""
    values = np.cumsum([0.0, 0.3, -0.2, 0.4, 0.1, -0.3])
    found = local_level(values, np.full(6, 1e-9))
    size = np.sqrt(np.mean(np.diff(values) ** 2))
    alone = (found.passing == 0.0) & (found.steps > 0.0)
    steps, weights = found.steps[alone], found.weights[alone]
    log = -5 * np.log(steps) - np.sum(np.diff(values) ** 2) / (2 * steps**2)
    expected = np.exp(log - log.max())

    assert weights / weights.sum() == pytest.approx(expected / expected.sum(), abs=1e-6)
    assert abs(steps[weights.argmax()] - size) <= steps[0]


@pytest.mark.parametrize("step", [0.05, 0.1, 0.3, 1.0])
def test_nine_of_ten_intervals_hold_the_periods_ahead(step: float):
    """Ten periods with errors of .1, four ahead; four standard errors of 400 walks: .06. Small steps are overrated."""
    rng = np.random.default_rng(int(100 * step))
    inside = 0
    for _ in range(400):
        level = np.cumsum(step * rng.standard_normal(14))
        found = local_level(level[:10] + 0.1 * rng.standard_normal(10), np.full(10, 0.1))
        low, high = np.quantile([found.draw(4, rng) for _ in range(199)], [0.05, 0.95])
        inside += low <= level[10:].mean() <= high
    assert inside / 400 > 0.9 - 0.06
    assert inside / 400 < (1.0 if step < 0.2 else 0.96)


def test_mean_and_spread_are_those_of_the_draws():
    found = local_level(np.array([0.0, 0.5, 0.2, 0.9]), np.full(4, 0.2))
    rng = np.random.default_rng(1)
    draws = np.array([found.draw(2, rng) for _ in range(20_000)])
    mean, spread = found.foretold(2)

    assert draws.mean() == pytest.approx(mean, abs=4 * spread / np.sqrt(20_000))
    assert draws.std() == pytest.approx(spread, rel=0.06)
