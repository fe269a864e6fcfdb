"""Shapley values: against games whose values are known, and against what defines them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from numpy.random import default_rng

from funnelsim.shapley import coalition, shapley_values


def worth_of(parts, value):
    """Return the worth of every coalition, by number, of a function of its members."""
    members = [[i for i in range(parts) if number >> i & 1] for number in range(2**parts)]
    return [value(m) for m in members]


def test_parts_that_simply_add_up_get_what_they_add():
    own = [3.0, -1.0, 0.0, 7.5]

    assert shapley_values(worth_of(4, lambda m: 100.0 + sum(own[i] for i in m))) == pytest.approx(own)


def test_of_two_left_gloves_and_a_right_one_the_right_gets_four_sixths():
    """A pair is worth 1: the right glove (2) has a partner unless it comes first, 4 of 6 orders; the others 1 in 6."""
    worth = worth_of(3, lambda m: float(2 in m and len(m) > 1))

    assert shapley_values(worth) == pytest.approx([1 / 6, 1 / 6, 4 / 6])


def test_it_is_the_mean_gain_over_all_orders_and_adds_up_for_each_replication():
    worth = default_rng(3).normal(size=(32, 4))
    found = shapley_values(worth)

    gains = np.zeros((5, 4))
    for order in itertools.permutations(range(5)):
        for at, part in enumerate(order):
            gains[part] += worth[coalition(order[: at + 1])] - worth[coalition(order[:at])]
    np.testing.assert_allclose(found, gains / math.factorial(5), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), worth[-1] - worth[0], atol=1e-12)


@pytest.mark.parametrize("worth", [[], [1.0], [1.0, 2.0, 3.0], 5.0])
def test_what_is_no_game_is_refused(worth):
    with pytest.raises(ValueError, match="an entry for each"):
        shapley_values(worth)
