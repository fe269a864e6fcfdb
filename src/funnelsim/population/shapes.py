"""Shapes of luck: lengths, categories and counts from uniforms, and probabilities turned into thresholds.

Durations are rounded half to even to whole milliseconds; thresholds are floored, -1 where they never succeed and
`ALWAYS` where they never fail. All functions are elementwise, so no lead's luck depends on another's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special
from scipy.optimize import elementwise

from funnelsim.config.durations import DAY_MS
from funnelsim.config.market import Length
from funnelsim.population.streams import Luck, standard_normal, unit_exponential
from funnelsim.records import ALWAYS, NO, Float64, Int64

LONGEST = 2**50
"""No length is longer than this (35,000 years), so that sums of a few stay below `ALWAYS`."""

_LATEST_LOG_DAY = 60.0  # ln(1 + d / 24 h) of a delay far above ALWAYS


def length_ms(length: Length, uniform: Float64) -> Float64:
    """Return lengths in ms, not yet rounded, from uniforms on [0, 1): the quantiles of `length`."""
    middle = length.mean if length.mean is not None else length.median
    assert middle is not None  # Length demands one of the two
    centre = float(middle.ms())
    if length.form == "fixed":
        return np.full(uniform.shape, centre)
    if length.form == "exponential":
        return centre * unit_exponential(uniform)
    if length.form == "uniform":
        return 2.0 * centre * uniform
    median = centre if length.mean is None else centre * float(np.exp(-0.5 * length.sigma**2))
    return median * np.exp(length.sigma * standard_normal(uniform))


def draw_length(luck: Luck, length: Length, stream: str, k: int = 0) -> Float64:
    """Return one length for each lead in ms, not yet rounded: (n,). A fixed length draws nothing."""
    if length.form == "fixed":
        return length_ms(length, np.zeros(luck.n))
    return length_ms(length, luck.uniform(stream, k))


def duration(ms: Float64) -> Int64:
    """Return whole milliseconds, rounded half to even, at most `LONGEST`."""
    return np.rint(np.minimum(ms, float(LONGEST))).astype(np.int64)


def threshold(ms: Float64) -> Int64:
    """Return floored thresholds: -1 where below 0, `ALWAYS` where above `LONGEST` (infinity included)."""
    floored = np.floor(np.clip(ms, -1.0, float(LONGEST))).astype(np.int64)
    return np.where(ms < 0.0, NO, np.where(ms > LONGEST, ALWAYS, floored))


def category(shares: Sequence[float], uniform: Float64) -> Int64:
    """Return the index of a category for each uniform on [0, 1); shares >= 0, scaled to sum to one, none drawn of 0."""
    cumulated = np.cumsum(np.asarray(shares, dtype=np.float64))
    cumulated /= cumulated[-1]
    last = int(np.flatnonzero(np.asarray(shares) > 0)[-1])
    return np.minimum(np.searchsorted(cumulated, uniform, side="right"), last)


def poisson(mean: float, uniform: Float64) -> Int64:
    """Return Poisson counts of `mean` >= 0 from uniforms on [0, 1): more uniform or a larger mean, never fewer."""
    reach = 12.0 * float(np.sqrt(mean)) + 40.0  # the quantiles of all uniforms that can be drawn lie within
    counts = np.arange(max(int(mean - reach), 0), int(mean + reach))
    return np.asarray(counts[0] + np.searchsorted(special.pdtr(counts, mean), uniform, side="right"), dtype=np.int64)


def exponential_until(probability: Float64, tau_ms: float | None, uniform: Float64) -> Int64:
    """Return the largest delay at which `uniform < probability * exp(-delay / tau_ms)` holds, in ms.

    Args:
        probability: At no delay, 0..1, one for each uniform.
        tau_ms: Time constant, > 0; None for no fall at all.
        uniform: On [0, 1).
    """
    succeeds = uniform < probability
    if tau_ms is None:
        return np.where(succeeds, ALWAYS, NO)
    delay = np.full(uniform.shape, -1.0)
    possible = succeeds & (uniform > 0.0)
    delay[possible] = tau_ms * np.log(probability[possible] / uniform[possible])
    delay[succeeds & (uniform == 0.0)] = np.inf
    return threshold(delay)


def logit_until(eta: Float64, *, beta: float, tau_ms: float, gamma: float, uniform: Float64) -> Int64:
    """Return the largest delay d in ms with logit(uniform) < eta + beta exp(-d / tau_ms) - gamma ln(1 + d / 24 h).

    Args:
        eta: Reachability of each lead, log-odds.
        beta: Advantage of an immediate attempt, log-odds, >= 0.
        tau_ms: Its time constant, > 0.
        gamma: Slow decay, log-odds, >= 0.
        uniform: On [0, 1).
    """
    needed = np.asarray(special.logit(uniform), dtype=np.float64)
    delay = np.full(uniform.shape, -1.0)
    succeeds = needed < eta + beta
    if gamma > 0.0:
        delay[succeeds] = _fading_delay(eta[succeeds], needed[succeeds], beta=beta, tau_ms=tau_ms, gamma=gamma)
        return threshold(delay)
    always = needed < eta
    delay[always] = np.inf
    between = succeeds & ~always
    # needed == eta gives the logarithm of 0: reached at every delay, however large.
    with np.errstate(divide="ignore"):
        delay[between] = -tau_ms * np.log((needed[between] - eta[between]) / beta)
    return threshold(delay)


def _fading_delay(eta: Float64, needed: Float64, *, beta: float, tau_ms: float, gamma: float) -> Float64:
    """Return the delay in ms at which the falling log-odds meet `needed`, all of which they exceed at no delay."""

    def surplus(log_day: Float64, eta: Float64, needed: Float64) -> Float64:
        return eta + beta * np.exp(-DAY_MS / tau_ms * np.expm1(log_day)) - gamma * log_day - needed

    late = np.full(eta.shape, _LATEST_LOG_DAY)
    meets = surplus(late, eta, needed) < 0.0
    delay = np.full(eta.shape, np.inf)
    if meets.any():
        eta, needed = eta[meets], needed[meets]
        # Without the advantage of being at the desk, and with all of it for ever: the delay lies between the two.
        low = np.maximum((eta - needed) / gamma, 0.0)
        low = np.maximum(low - 1e-9 * (1.0 + low), 0.0)
        high = np.minimum((eta + beta - needed) / gamma * (1.0 + 1e-9) + 1e-9, _LATEST_LOG_DAY)
        root = elementwise.find_root(surplus, (low, high), args=(eta, needed))
        delay[meets] = DAY_MS * np.expm1(root.x)
    return delay
