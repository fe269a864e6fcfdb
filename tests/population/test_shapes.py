"""Quantile functions against their definitions, and thresholds against the probabilities that they invert."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from funnelsim.config.market import length
from funnelsim.population.shapes import (
    LONGEST,
    category,
    duration,
    exponential_until,
    length_ms,
    logit_until,
    poisson,
    threshold,
)
from funnelsim.records import ALWAYS, NO
from population.worlds import DAY, HOUR

GRID = (np.arange(200_000) + 0.5) / 200_000  # uniforms at even spacing: means are integrals of the quantile function


@pytest.mark.parametrize("form", ["exponential", "lognormal", "uniform", "fixed"])
def test_a_length_has_the_mean_that_is_asked_for(form):
    shaped = length_ms(length(form, mean="22min", sigma=0.4), GRID)

    assert shaped.mean() == pytest.approx(22 * 60_000, rel=1e-4)


@pytest.mark.parametrize(
    ("asked", "uniform", "minutes"),
    [
        (length("exponential", mean="10min"), 1.0 - np.exp(-1.0), 10.0),
        (length("lognormal", median="10min", sigma=0.7), 0.5, 10.0),
        (length("lognormal", median="10min", sigma=0.7), stats.norm.cdf(1.0), 10.0 * np.exp(0.7)),
        (length("uniform", mean="10min"), 0.25, 5.0),
        (length("fixed", median="10min"), 0.9, 10.0),
    ],
)
def test_quantiles_of_lengths(asked, uniform, minutes):
    assert length_ms(asked, np.array([uniform]))[0] == pytest.approx(minutes * 60_000, rel=1e-12)


def test_durations_are_rounded_half_to_even():
    assert duration(np.array([0.5, 1.5, 2.5, 2.6, 1e300])).tolist() == [0, 2, 2, 3, LONGEST]


def test_thresholds_are_floored():
    limits = threshold(np.array([-0.1, 0.0, 0.99, 1.0, 7.999, np.inf]))

    assert limits.tolist() == [NO, 0, 0, 1, 7, ALWAYS]


def test_categories_come_in_their_shares_and_never_with_none():
    drawn = category([0.0, 0.25, 0.0, 0.75, 0.0], np.append(GRID, [0.0, 1.0 - 2.0**-53]))

    assert set(drawn.tolist()) == {1, 3}
    assert np.mean(drawn == 1) == pytest.approx(0.25, abs=1e-5)


@pytest.mark.parametrize("mean", [0.0, 0.3, 7.0, 12_345.6, 3e6])
def test_poisson_counts_are_the_quantiles(mean):
    uniform = np.append(np.random.default_rng(1).random(2_000), [1e-16, 1.0 - 1e-10])

    assert poisson(mean, uniform).tolist() == stats.poisson.ppf(uniform, mean).tolist()


def _probability_of_reach(d, eta, beta, tau, gamma):
    return special.expit(eta + beta * np.exp(-d / tau) - gamma * np.log1p(d / DAY))


@given(
    uniform=st.floats(1e-9, 1.0 - 1e-9),
    eta=st.floats(-6.0, 6.0),
    beta=st.floats(0.0, 5.0),
    tau=st.floats(60_000.0, 30.0 * DAY),
    gamma=st.sampled_from([0.0, 0.05, 0.5, 3.0]),
)
@settings(max_examples=300, deadline=None)
def test_logit_threshold_is_the_last_delay_that_succeeds(uniform, eta, beta, tau, gamma):
    limit = int(logit_until(np.array([eta]), beta=beta, tau_ms=tau, gamma=gamma, uniform=np.array([uniform]))[0])

    def succeeds(d, slack):
        return special.logit(uniform) < eta + beta * np.exp(-d / tau) - gamma * np.log1p(d / DAY) + slack

    slack = 1e-9  # of floating point
    if limit == NO:
        assert not succeeds(0.0, -slack)
    elif limit == ALWAYS:
        assert succeeds(float(LONGEST), slack)
    else:
        assert succeeds(float(limit), slack)
        assert not succeeds(limit + 1.0, -slack)


@pytest.mark.parametrize("gamma", [0.0, 0.4])
def test_share_of_thresholds_beyond_a_delay_is_the_probability_at_that_delay(gamma):
    """Each uniform is one attempt: the share that connects at a delay is the curve, and it never rises with delay."""
    eta, beta, tau = -0.39, 2.55, 0.24 * HOUR
    limits = logit_until(np.full(GRID.size, eta), beta=beta, tau_ms=tau, gamma=gamma, uniform=GRID)

    shares = []
    for delay in (0, 60_000, 10 * 60_000, HOUR, DAY, 30 * DAY):
        shares.append(np.mean(delay <= limits))
        assert shares[-1] == pytest.approx(_probability_of_reach(delay, eta, beta, tau, gamma), abs=2.0 / GRID.size)
    assert shares == sorted(shares, reverse=True)


def test_slow_decay_that_vanishes_agrees_with_none():
    uniform = GRID[::100]
    eta = np.full(uniform.size, 0.3)
    without = logit_until(eta, beta=2.0, tau_ms=HOUR, gamma=0.0, uniform=uniform)
    hardly = logit_until(eta, beta=2.0, tau_ms=HOUR, gamma=1e-12, uniform=uniform)

    finite = (without >= 0) & (without < 10 * HOUR)
    assert finite.sum() > 500
    assert np.abs(without - hardly)[finite].max() <= 1
    assert (hardly[without == ALWAYS] > 1000 * DAY).all()


def test_logit_threshold_without_advantage_is_all_or_nothing():
    limits = logit_until(np.zeros(2), beta=0.0, tau_ms=HOUR, gamma=0.0, uniform=np.array([0.49, 0.51]))

    assert limits.tolist() == [ALWAYS, NO]


@given(
    uniform=st.just(0.0) | st.floats(2.0**-53, 1.0 - 2.0**-53),
    probability=st.sampled_from([0.0, 1.0]) | st.floats(1e-9, 1.0),
    tau=st.floats(1.0, 1e10),
)
@settings(max_examples=300, deadline=None)
def test_exponential_threshold_is_the_last_delay_that_succeeds(uniform, probability, tau):
    limit = int(exponential_until(np.array([probability]), tau, np.array([uniform]))[0])

    if uniform >= probability:
        assert limit == NO
    elif uniform == 0.0:
        assert limit == ALWAYS
    else:
        assert uniform <= probability * np.exp(-limit / tau) * (1.0 + 1e-9)
        assert uniform >= probability * np.exp(-(limit + 1.0) / tau) * (1.0 - 1e-9)


def test_exponential_threshold_without_fall_is_all_or_nothing():
    assert exponential_until(np.full(2, 0.3), None, np.array([0.2, 0.3])).tolist() == [ALWAYS, NO]
