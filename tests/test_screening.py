"""Morris screening: on responses whose elementary effects are known."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.screening import elementary_effects, moves, screen, trajectories


def effects_of(response, *, inputs=3, count=40, seed=1, replications=1):
    points = trajectories(inputs, count, seed=seed)
    return elementary_effects(points, np.stack([response(points)] * replications))


def test_each_input_moves_once_by_two_thirds_of_its_range_between_four_levels():
    points = trajectories(5, 30, seed=4)

    np.testing.assert_array_equal(np.sort(moves(points), axis=1), np.tile(np.arange(5), (30, 1)))
    np.testing.assert_allclose(np.abs(np.diff(points, axis=1)).sum(axis=2), 2 / 3)
    assert {round(3 * v, 9) for v in points.ravel()} == {0.0, 1.0, 2.0, 3.0}
    for levels, step in ((2, 1.0), (6, 3 / 5)):
        lengths = np.abs(np.diff(trajectories(2, 9, levels=levels), axis=1)).sum(axis=2)
        np.testing.assert_allclose(lengths, step)


def test_of_a_linear_response_mu_is_the_slope_mu_star_its_size_and_sigma_nothing():
    found = screen(effects_of(lambda x: 5 * x[..., 0] - 2 * x[..., 1] + 7))

    assert [s.mu.estimate for s in found] == pytest.approx([5, -2, 0])
    assert [s.mu_star.estimate for s in found] == pytest.approx([5, 2, 0])
    for s in found:
        assert s.sigma.estimate == pytest.approx(0, abs=1e-9)
        assert s.mu.low == pytest.approx(s.mu.estimate, abs=1e-9)
        assert s.mu.high == pytest.approx(s.mu.estimate, abs=1e-9)


def test_an_interaction_shows_as_spread_and_as_a_mean_that_hides_it():
    """f = x0 + (2 x1 - 1)(2 x2 - 1): the effect of x1 is 2 (2 x2 - 1), over the levels 2 (-1, -1/3, 1/3, 1).

    So mu = 0, mu* = 4/3 and sigma = 2 sqrt(5/9) = 1.4907 for x1 and x2, and 1, 1, 0 for x0.
    """
    found = screen(effects_of(lambda x: x[..., 0] + (2 * x[..., 1] - 1) * (2 * x[..., 2] - 1), count=2_000))

    assert (found[0].mu_star.estimate, found[0].sigma.estimate) == pytest.approx((1, 0), abs=1e-9)
    for s in found[1:]:
        assert s.mu.estimate == pytest.approx(0, abs=4 * 1.4907 / 2_000**0.5)
        assert s.mu_star.estimate == pytest.approx(4 / 3, abs=4 * 2 / 3 / 2_000**0.5)
        assert s.sigma.estimate == pytest.approx(1.4907, abs=0.05)
        assert s.mu_star.low < 4 / 3 < s.mu_star.high


def test_what_moves_the_level_of_a_replication_moves_no_effect():
    """Common random numbers: a replication that is lucky everywhere tells nothing of any input."""
    points = trajectories(2, 10, seed=2)
    luck = np.array([-100.0, 3.0, 50.0])[:, None, None]
    found = screen(elementary_effects(points, points[..., 0] * 4.0 + luck))

    assert [s.mu.estimate for s in found] == pytest.approx([4, 0])
    assert found[0].mu.high - found[0].mu.low == pytest.approx(0, abs=1e-9)


def test_luck_that_differs_between_points_widens_the_interval():
    points = trajectories(2, 10, seed=2)
    rng = np.random.default_rng(1)
    quiet, loud = (
        screen(elementary_effects(points, points[..., 0] * 4.0 + rng.normal(0, sd, (6, *points.shape[:2]))))[0].mu
        for sd in (0.1, 2.0)
    )

    assert loud.high - loud.low > 5 * (quiet.high - quiet.low)


def test_a_single_trajectory_has_effects_but_no_interval_and_no_spread():
    found = screen(effects_of(lambda x: x[..., 0], count=1))

    assert found[0].mu.estimate == pytest.approx(1)
    assert np.isnan([found[0].mu.low, found[0].mu.high, found[0].sigma.estimate]).all()


@pytest.mark.slow
def test_the_interval_of_mu_star_holds_it_in_about_95_of_100_designs():
    """f = (2 x0 - 1)(2 x1 - 1) on 30 trajectories: percentiles of a mean of 30 cover a little less than nominal."""
    held = 0
    for seed in range(200):
        found = screen(
            effects_of(lambda x: (2 * x[..., 0] - 1) * (2 * x[..., 1] - 1), inputs=2, count=30, seed=seed),
            seed=seed,
            resamples=300,
        )
        held += found[0].mu_star.low <= 4 / 3 <= found[0].mu_star.high

    assert 0.89 <= held / 200 <= 0.98


def test_wrong_use_is_explained():
    with pytest.raises(ValueError, match="at least one input"):
        trajectories(0, 3)
    with pytest.raises(ValueError, match="levels must be even"):
        trajectories(2, 3, levels=3)
    with pytest.raises(ValueError, match="exactly one input"):
        moves(np.zeros((1, 3, 2)))
    with pytest.raises(ValueError, match="a value for each"):
        elementary_effects(trajectories(2, 3), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="replications, trajectories, inputs"):
        screen(np.zeros((3, 2)))
