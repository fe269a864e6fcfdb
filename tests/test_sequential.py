"""Replications until means are known to a share: hand-computed, and against the closed form on normal values."""

from __future__ import annotations

import math

import numpy as np
import pytest

from funnelsim.sequential import LEAST, enough, forecast, look_ahead, relative_half_widths
from funnelsim.stats import interval


def test_the_widths_are_those_of_the_interval_of_what_is_there_so_far():
    values = np.random.default_rng(1).normal(50.0, 9.0, 30)
    values[7] = math.nan
    widths = relative_half_widths(values)

    for n in range(2, 31):
        found = interval(values[:n])
        assert widths[n - 1] == pytest.approx(found.half_width / abs(found.mean), rel=1e-9)
    assert widths[0] == math.inf
    assert widths[7] == widths[6]


def test_equal_values_are_known_at_once_and_a_mean_of_zero_never():
    assert relative_half_widths([0.1] * 4).tolist() == [math.inf, 0.0, 0.0, 0.0]
    assert relative_half_widths([0.0] * 3).tolist() == [math.inf, 0.0, 0.0]
    assert relative_half_widths([1.0, -1.0])[1] == math.inf
    assert np.isinf(relative_half_widths([math.nan, math.nan])).all()


def test_the_precision_must_last_for_the_look_ahead():
    """Three equal values satisfy anything; a fourth that is far off breaks it, and the search goes on from there."""
    calm = np.full((8, 1), 10.0)
    assert enough(calm, precision=0.05) == LEAST
    assert enough(calm[:7], precision=0.05) is None  # 3 and the look-ahead of 5 are 8

    jolt = np.full((400, 1), 10.0)
    jolt[3] = 20.0
    # Half-width over mean after n values, one of them 20: the first n from which it stays at most 5 %.
    widths = relative_half_widths(jolt[:, 0])
    first = int(np.flatnonzero(widths[3:] <= 0.05)[0]) + 4
    assert enough(jolt, precision=0.05) == first > 20


def test_the_worst_measure_decides():
    rng = np.random.default_rng(2)
    easy, hard = rng.normal(100, 1, 300), rng.normal(100, 20, 300)
    both = np.column_stack([easy, hard])

    assert enough(easy[:, None], precision=0.05) == LEAST
    assert enough(both, precision=0.05) == enough(hard[:, None], precision=0.05) > 30
    assert enough(np.column_stack([easy, hard - 100]), precision=0.05) is None


def test_the_look_ahead_grows_beyond_100():
    assert [look_ahead(n) for n in (3, 100, 101, 240)] == [5, 5, 5, 12]


def test_a_forecast_from_many_values_is_what_is_then_needed():
    """A coefficient of variation of .2 and 5 %: n = (1.998 .2 / .05)^2 = 63.9, so 64, and the look-ahead."""
    values = np.random.default_rng(3).normal(0.0, 1.0, 2_000)
    values = 100 + 20 * (values - values.mean()) / values.std(ddof=1)

    assert forecast(values[:, None], precision=0.05) == 64 + 5
    assert forecast(np.column_stack([values, values * 3]), precision=0.05) == 69
    assert forecast(np.full((5, 1), 3.0), precision=0.05) == LEAST + 5
    assert forecast(np.array([[1.0], [-1.0]]), precision=0.05) is None
    assert forecast(np.array([[1.0]]), precision=0.05) is None


def test_stopped_intervals_cover_nearly_as_often_as_they_say():
    """Stopping by a look at the width covers too seldom by a little; of 1,000 at nominal .95 at least .92 must."""
    rng = np.random.default_rng(4)
    covered, stopped = 0, []
    for _ in range(1_000):
        values = rng.normal(100.0, 20.0, (150, 1))
        n = enough(values, precision=0.08)
        assert n is not None
        stopped.append(n)
        found = interval(values[: n + look_ahead(n), 0])
        covered += found.low <= 100.0 <= found.high

    assert covered >= 920
    # (t s / d)^2 = (1.96 .2 / .08)^2 = 24, and a little more for t.
    assert 20 <= np.mean(stopped) <= 32


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="replications, measures"):
        enough([1.0, 2.0], precision=0.1)
    with pytest.raises(ValueError, match="precision"):
        enough([[1.0]], precision=0.0)
