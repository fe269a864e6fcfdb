"""Prediction intervals keep what they promise, whatever the distribution."""

import math

import numpy as np
import pytest

from funnelsim.calibration.predicted import Compared, Key, compare, prediction_interval, share_inside

KEY = Key("won", "all", "%")


@pytest.mark.parametrize("n", [19, 39, 60])
@pytest.mark.parametrize("shape", ["normal", "exponential"])
def test_one_further_value_lies_within_with_the_probability_promised(n, shape):
    rng = np.random.default_rng(n)
    trials = 20_000
    values = getattr(rng, f"standard_{shape}")((trials, n + 1))
    low, high = np.quantile(values[:, :n], [0.05, 0.95], axis=1, method="weibull")
    own = np.array([prediction_interval(row[:n]) for row in values[:200]])
    assert np.allclose(own, np.stack((low, high), axis=1)[:200])

    inside = np.mean((values[:, n] >= low) & (values[:, n] <= high))
    # Between whole order statistics (n = 60) interpolation is exact only to a fraction of 1 / n.
    slack = 4 * math.sqrt(0.09 / trials) + (0.0 if n in (19, 39) else 0.004)
    assert abs(inside - 0.9) < slack


def test_the_ends_are_order_statistics():
    assert prediction_interval(np.arange(1.0, 40.0)) == (2.0, 38.0)
    assert prediction_interval([3.0, math.nan, 5.0]) == (3.0, 5.0)
    assert all(math.isnan(end) for end in prediction_interval([math.nan]))


def figure(observed=1.0, low=0.0, high=2.0, *, given=False, n=19, low_alone=0.5, high_alone=1.5):
    return Compared(KEY, observed, 1.0, low, high, low_alone, high_alone, n, given)


def test_what_was_given_or_is_not_known_is_not_judged():
    figures = [figure(), figure(5.0), figure(given=True), figure(math.nan), figure(n=0, low=math.nan)]

    found = share_inside(figures)

    assert (found.inside, found.judged) == (1, 2)
    assert found.value == 0.5
    assert math.isnan(share_inside(figures[2:]).value)


def test_the_ends_belong_to_the_interval():
    assert figure(0.0).inside
    assert figure(2.0).inside
    assert not figure(2.1).inside


def test_widening_is_the_ratio_of_widths():
    assert figure().widening == 2.0
    assert figure(low=1.0, high=1.0, low_alone=1.0, high_alone=1.0).widening == 1.0
    assert figure(low_alone=1.0, high_alone=1.0).widening == math.inf


def test_figures_are_compared_by_key_and_missing_ones_left_out():
    other = Key("arrivals", "leads a day", "leads")
    rows = [{KEY: float(v), other: 7.0} for v in range(1, 20)]
    rows[3] = {other: 7.0}

    won, leads = compare({KEY: 4.5, other: 7.0}, rows, [{KEY: 5.0}] * 19, given=("arrivals",))

    assert (won.n, won.low, won.high) == (18, 1.0, 19.0)
    assert won.mean == pytest.approx((190 - 4) / 18)
    assert (won.low_alone, won.high_alone) == (5.0, 5.0)
    assert won.judged
    assert won.inside
    assert leads.given
    assert not leads.judged
