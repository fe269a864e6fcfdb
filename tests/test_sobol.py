"""Sobol indices by our own design and intervals, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from funnelsim.sobol import saltelli_design, sobol_shares

A, B = 7.0, 0.1


def ishigami(unit):
    """Return the function of Ishigami & Homma (1990) of points in the unit cube: (..., 3)."""
    x = math.pi * (2 * unit - 1)
    return np.sin(x[..., 0]) + A * np.sin(x[..., 1]) ** 2 + B * x[..., 2] ** 4 * np.sin(x[..., 0])


def closed_form():
    """Return its first and total indices, each by input."""
    alone = 0.5 * (1 + B * math.pi**4 / 5) ** 2, A**2 / 8, 0.0
    together = B**2 * math.pi**8 * (1 / 18 - 1 / 50)  # of inputs 0 and 2
    whole = sum(alone) + together
    first = [v / whole for v in alone]
    return first, [first[0] + together / whole, first[1], together / whole]


def test_the_closed_form_is_the_published_one():
    first, total = closed_form()

    assert first == pytest.approx([0.3139, 0.4424, 0.0], abs=5e-5)
    assert total == pytest.approx([0.5576, 0.4424, 0.2437], abs=5e-5)


def test_indices_of_the_ishigami_function_and_their_intervals():
    design = saltelli_design(3, 2**12, seed=3)
    # Three replications: the level of each is luck, the response to the inputs is not.
    found = sobol_shares(ishigami(design.points) + np.array([[0.0], [5.0], [-40.0]]), design, resamples=200)
    first, total = closed_form()

    for shares, s, t in zip(found, first, total, strict=True):
        assert shares.first.estimate == pytest.approx(s, abs=0.02)
        assert shares.total.estimate == pytest.approx(t, abs=0.02)
        assert shares.first.low - 0.01 <= s <= shares.first.high + 0.01
        assert shares.total.low - 0.01 <= t <= shares.total.high + 0.01
        assert shares.total.high - shares.total.low < 0.15


def test_what_simply_adds_up_has_first_and_total_indices_that_agree_with_its_variances():
    """f = 1 x0 + 2 x1 of uniforms: the variances are 1 and 4 twelfths, so .2 and .8."""
    design = saltelli_design(2, 2**10, seed=1)
    found = sobol_shares((design.points @ np.array([1.0, 2.0]))[None], design, resamples=50)

    for shares, expected in zip(found, (0.2, 0.8), strict=True):
        assert shares.first.estimate == pytest.approx(expected, abs=0.01)
        assert shares.total.estimate == pytest.approx(expected, abs=0.01)


def test_the_points_are_even_and_each_row_changes_one_input_at_a_time():
    design = saltelli_design(3, 64, seed=0)

    assert design.points.shape == (64 * 5, 3)
    np.testing.assert_array_equal(design.points[0], design.a[0])
    np.testing.assert_array_equal(design.points[1], design.b[0])
    for j in range(3):
        row = design.points[2 + j]
        assert row[j] == design.b[0, j]
        assert (np.delete(row, j) == np.delete(design.a[0], j)).all()
    # A Sobol sequence of 64: each half of each input's range has exactly 32.
    assert (np.count_nonzero(design.a < 0.5, axis=0) == 32).all()


def test_a_response_that_never_varies_has_no_indices():
    design = saltelli_design(2, 8)
    found = sobol_shares(np.ones((2, 32)), design)

    assert all(math.isnan(v) for s in found for v in (s.first.estimate, s.first.low, s.total.estimate, s.total.high))


def test_luck_between_points_widens_the_intervals():
    design = saltelli_design(2, 64, seed=5)
    response = (design.points @ np.array([1.0, 2.0]))[None]
    rng = np.random.default_rng(0)
    quiet, loud = (sobol_shares(response + rng.normal(0, sd, (4, 256)), design)[1].total for sd in (0.0, 1.0))

    assert loud.high - loud.low > 1.5 * (quiet.high - quiet.low)


def test_wrong_use_is_explained():
    with pytest.raises(ValueError, match="power of two"):
        saltelli_design(2, 12)
    with pytest.raises(ValueError, match="at least one input"):
        saltelli_design(0, 8)
    with pytest.raises(ValueError, match="values must be"):
        sobol_shares(np.zeros((2, 7)), saltelli_design(2, 8))
