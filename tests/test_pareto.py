"""Fronts against the definition, probabilities enumerated by hand, and areas counted out."""

from __future__ import annotations

import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim import pareto
from funnelsim.pareto import Direction, hypervolume_2d, knee, nondominated, probability_nondominated

UP_DOWN: tuple[Direction, Direction] = ("maximize", "minimize")
UP_UP: tuple[Direction, Direction] = ("maximize", "maximize")
direction = st.sampled_from(["maximize", "minimize"])
grid_points = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=12)


def test_examples_in_the_docstrings():
    outcome = doctest.testmod(pareto)
    assert outcome.attempted >= 3
    assert outcome.failed == 0


def dominates(a: tuple[float, ...], b: tuple[float, ...], directions: list[Direction]) -> bool:
    gains = [x - y if d == "maximize" else y - x for x, y, d in zip(a, b, directions, strict=True)]
    return min(gains) >= 0 and max(gains) > 0


@given(
    st.integers(1, 3).flatmap(
        lambda m: st.tuples(
            st.lists(st.tuples(*[st.integers(0, 4)] * m), min_size=1, max_size=10),
            st.lists(direction, min_size=m, max_size=m),
        )
    )
)
def test_the_front_is_what_nobody_dominates(case: tuple[list[tuple[float, ...]], list[Direction]]):
    points, directions = case
    expected = [not any(dominates(other, point, directions) for other in points) for point in points]
    assert nondominated(points, directions).tolist() == expected


def test_equal_points_stand_together_and_undefined_ones_not_at_all():
    points = [[1.0, 1.0], [1.0, 1.0], [math.nan, 0.0], [5.0, math.nan], [0.5, 1.0]]
    assert nondominated(points, UP_DOWN).tolist() == [True, True, False, False, False]


def test_points_must_match_their_directions():
    with pytest.raises(ValueError, match="a column for each direction"):
        nondominated([[1.0, 2.0, 3.0]], UP_DOWN)
    with pytest.raises(ValueError, match="got 'up'"):
        nondominated([[1.0]], ["up"])  # type: ignore[list-item]  # what is refused


def test_the_share_of_draws_in_which_a_point_is_on_the_front():
    """A leads B in three of four draws, in one objective; C is beside both in another."""
    leads = [1.0, 0.25, 0.25, -0.5]
    drawn = [[[lead, 0.0], [0.0, 0.0], [-9.0, -9.0]] for lead in leads]
    assert probability_nondominated(drawn, UP_DOWN).tolist() == [0.75, 0.25, 1.0]


def test_points_that_differ_by_rounding_stand_together():
    drawn = [[[0.1 + 0.2, 5e6], [0.3, 5e6 + 1e-9]]]
    assert probability_nondominated(drawn, UP_UP).tolist() == [1.0, 1.0]


def test_a_point_undefined_in_a_draw_is_off_the_front_there():
    drawn = [[[9.0, 9.0], [1.0, 1.0]], [[math.nan, 9.0], [1.0, 1.0]]]
    assert probability_nondominated(drawn, UP_UP).tolist() == [0.5, 0.5]
    with pytest.raises(ValueError, match="draws, points, objectives"):
        probability_nondominated(drawn[0], UP_UP)


def test_more_draws_than_are_compared_at_once():
    drawn = np.random.default_rng(2).normal(size=(257, 5, 2))
    exact = np.mean([nondominated(one, UP_UP) for one in drawn], axis=0)
    assert np.allclose(probability_nondominated(drawn, UP_UP), exact)


def test_the_knee_of_a_quarter_circle_is_at_45_degrees():
    angles = np.radians(np.arange(0, 91, 5))
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert knee(circle, UP_UP) == 9


def test_the_knee_is_the_front_s_not_a_dominated_point_s():
    points = [[0.0, 0.0], [6.0, 5.0], [8.0, 2.0], [10.0, 10.0], [math.nan, 0.0], [math.inf, 50.0]]
    assert knee(points, UP_DOWN) == 2


def test_the_knee_where_there_is_none():
    assert knee([[3.0, 1.0]], UP_DOWN) == 0
    assert knee([[0.0, 9.0], [3.0, 1.0], [3.0, 1.0]], UP_DOWN) == 1
    assert knee([[0.0, 0.0], [0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], UP_DOWN) == 0
    with pytest.raises(ValueError, match="no point"):
        knee([[math.nan, 1.0]], UP_DOWN)


def test_the_knee_of_three_objectives_is_the_balanced_point():
    assert knee([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.4]], ["maximize"] * 3) == 3


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=15))
def test_the_knee_is_farthest_from_the_chord(points: list[tuple[float, float]]):
    """Measured as a distance to the line through the front's best points, in units of the front's extent."""
    front = np.array(points)[nondominated(points, UP_UP)]
    span = np.ptp(front, axis=0)
    if (span < 1e-3).any():
        return
    scaled = (front - front.min(axis=0)) / span
    a, b = scaled[scaled[:, 0].argmax()], scaled[scaled[:, 1].argmax()]
    offsets = scaled - a
    along = (b - a) / np.hypot(*(b - a))
    distance = offsets[:, 0] * along[1] - offsets[:, 1] * along[0]
    chosen = (np.array(points[knee(points, UP_UP)]) - front.min(axis=0)) / span - a
    assert chosen[0] * along[1] - chosen[1] * along[0] == pytest.approx(distance.max(), abs=1e-9)


def test_the_knee_knows_no_units():
    points = np.random.default_rng(3).random((40, 2))
    index = knee(points, UP_UP)
    assert knee(points * [1e6, 1e-3] + [5.0, -7.0], UP_UP) == index
    assert knee(points * [1.0, -1.0], UP_DOWN) == index


@given(grid_points, direction, direction)
def test_the_hypervolume_counts_dominated_cells(points: list[tuple[int, int]], first: Direction, second: Direction):
    """Every unit cell between the reference and some point, counted one by one."""
    reference = [0 if first == "maximize" else 6, 0 if second == "maximize" else 6]
    cells = {
        (x, y)
        for a, b in points
        for x in range(min(a, reference[0]), max(a, reference[0]))
        for y in range(min(b, reference[1]), max(b, reference[1]))
    }
    assert hypervolume_2d(points, [first, second], reference=reference) == len(cells)


def test_points_beyond_the_reference_add_nothing():
    assert hypervolume_2d([[-1.0, 5.0], [2.0, 0.0], [math.nan, 3.0]], UP_UP, reference=[0.0, 0.0]) == 0.0
    assert hypervolume_2d(np.zeros((0, 2)), UP_UP, reference=[0.0, 0.0]) == 0.0
    with pytest.raises(ValueError, match="two objectives"):
        hypervolume_2d([[1.0]], ["maximize"], reference=[0.0])
