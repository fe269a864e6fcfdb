import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.metrics.arithmetic import (
    clipped,
    first_of,
    integral,
    jain_index,
    kept_by,
    lexical_order,
    ordinal,
    quantile,
    quantiles,
    ratio,
    reached_by,
)


def ints(values):
    return np.array(values, dtype=np.int64)


intervals = st.lists(st.tuples(st.integers(0, 60), st.integers(-5, 60)), max_size=30)


@given(intervals, st.lists(st.integers(0, 130), min_size=2, max_size=8).map(sorted))
def test_the_integral_equals_the_sum_of_the_clipped_stays(spans, edges):
    start = ints([a for a, _ in spans])
    end = ints([a + length for a, length in spans])

    by_hand = [
        sum(max(0, min(e, after) - max(s, before)) for s, e in zip(start, end, strict=True))
        for before, after in pairwise(edges)
    ]
    assert integral(start, end, ints(edges)).tolist() == by_hand
    assert clipped(start, end, since=edges[0], until=edges[-1]).sum() == sum(by_hand)


narrow, wide = st.integers(-3, 3), st.sampled_from([-(2**62), -1, 0, 1, 2**40, 2**62])


@given(st.lists(st.tuples(narrow, wide, narrow, narrow), max_size=60), st.permutations(range(4)))
def test_the_lexical_order_is_that_of_the_tuples_and_ties_keep_theirs(rows, turn):
    """Python's own stable sort of tuples is the oracle; a key that spans 2^63 cannot be packed."""
    rows = [tuple(row[j] for j in turn) for row in rows]
    keys = [ints([row[j] for row in rows]) for j in range(4)]

    assert lexical_order(*keys).tolist() == sorted(range(len(rows)), key=lambda i: rows[i])


def test_the_lexical_order_takes_keys_that_just_fit_and_just_do_not():
    """Two rows: one bit for the place, so 62 bits fit beside it in one integer and 63 do not."""
    for width in (60, 61, 62, 63):
        first, second = ints([2**width - 1, 0]), ints([1, 0])
        assert lexical_order(first, second).tolist() == [1, 0]
        assert lexical_order(second, first).tolist() == [1, 0]
        assert lexical_order(ints([0, 0]), first).tolist() == [1, 0]


@given(st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_several_quantiles_are_those_taken_one_by_one(values):
    values, levels = np.array(values), (0.5, 0.9, 0.95)

    one_by_one = [quantile(values, level) for level in levels]
    np.testing.assert_array_equal(quantiles(values, *levels), one_by_one)


def test_the_integral_is_exact_for_the_longest_runs():
    """Ten thousand stays of a century, in ms: the sum is beyond what a float holds exactly."""
    century = 36_500 * 86_400_000
    start = np.arange(10_000, dtype=np.int64)

    total = integral(start, start + century + 1, ints([0, 2 * century]))

    assert total.tolist() == [10_000 * (century + 1)]


def test_a_promise_is_kept_by_the_share_it_names_and_not_by_less():
    hours = np.arange(1.0, 11.0)

    assert kept_by(hours, 0.9) == 9.0
    assert kept_by(np.append(hours, np.inf), 0.9) == 10.0
    assert kept_by(np.array([1.0, np.inf]), 0.9) == math.inf
    assert math.isnan(kept_by(np.zeros(0), 0.9))


def test_the_level_met_in_nine_months_of_ten():
    assert reached_by(ints([30, 10, 20, 40, 50, 60, 70, 80, 90, 100]), 0.9) == 20
    assert reached_by(ints([30, 10, 20]), 0.9) == 10


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40))
def test_the_level_met_is_the_highest_one_that_is(counts):
    level = reached_by(ints(counts), 0.9)

    def met(value):
        return sum(c >= value for c in counts) >= 0.9 * len(counts)

    assert met(level)
    assert not any(met(c) for c in counts if c > level)


def test_ratios_and_quantiles_of_nothing_are_undefined():
    assert math.isnan(ratio(1.0, 0.0))
    assert math.isnan(quantile(np.zeros(0), 0.5))
    assert math.isnan(jain_index(ints([0, 0])))


def test_fairness_falls_from_even_to_one_who_has_all():
    assert jain_index(ints([3, 3, 3, 3])) == 1.0
    assert jain_index(ints([8, 0, 0, 0])) == 0.25
    assert jain_index(ints([1, 2, 3])) == pytest.approx(36 / (3 * 14))


@given(st.lists(st.tuples(st.integers(-1, 4), st.integers(0, 50)), max_size=20))
def test_first_of_each_group(rows):
    first = first_of(ints([g for g, _ in rows]), ints([t for _, t in rows]), n=5, none=-1)

    assert first.tolist() == [min((t for g, t in rows if g == group), default=-1) for group in range(5)]


def test_the_place_in_a_group_starts_anew_with_each_group():
    assert ordinal(ints([0, 0, 0, 2, 2, 5])).tolist() == [0, 1, 2, 0, 1, 0]
