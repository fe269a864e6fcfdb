"""What policies are worth over states of the world by expectation, worst share and regret, and how surely.

The means of policies in states are drawn many times as the replications allow (see `selection_statistics`): a
replication is the same luck in every state and under every policy, so it is weighed as a whole. Where the states are a
sample, they are drawn again too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats as scipy_stats

from funnelsim.config.uncertain import Criterion
from funnelsim.records import Float64
from funnelsim.selection_statistics import multipliers
from funnelsim.stats import Bounds

Better = Literal["up", "down"]
CRITERIA: tuple[Criterion, ...] = ("expectation", "cvar", "regret")
CONFIDENCE = 0.95
_BATCH_VALUES = 4_000_000  # numbers held in memory at once
_TAILS = [50 * (1 - CONFIDENCE), 50 * (1 + CONFIDENCE)]


def cvar(values: Float64, weights: Float64, share: float, *, better: Better) -> Float64:
    """Return the conditional value at risk: the weighted mean of the worst `share` of the states.

    A state that lies across the edge counts in part. Rockafellar & Uryasev (2002), Journal of Banking & Finance 26(7).

    Args:
        values: By state, on the last axis; nan in a state makes the answer nan.
        weights: Of the states, summing to one, of a shape that goes with `values`.
        share: Within 0..1, above 0; 1 gives the expectation.
        better: Whether more or less is better, and so which states are the worst.

    >>> equal = np.full(4, 0.25)
    >>> float(cvar(np.array([4.0, 1.0, 2.0, 3.0]), equal, 0.5, better="up"))
    1.5
    """
    weights = np.broadcast_to(weights, values.shape)
    order = np.argsort(values if better == "up" else -values, axis=-1, kind="stable")
    sorted_weights = np.take_along_axis(weights, order, axis=-1)
    before = np.cumsum(sorted_weights, axis=-1) - sorted_weights
    taken = np.clip(share - before, 0.0, sorted_weights)
    ranked = np.take_along_axis(values, order, axis=-1)
    # A nan sorts last; its state must spoil the answer also where it is not among the worst.
    spoilt = np.isnan(values).any(axis=-1)
    found = (np.where(taken > 0, ranked, 0.0) * taken).sum(axis=-1) / taken.sum(axis=-1)
    return np.asarray(np.where(spoilt, np.nan, found), dtype=np.float64)


def regrets(means: Float64, *, better: Better) -> Float64:
    """Return by how much each policy falls behind the best one in each state: at least 0, of the shape of `means`.

    Args:
        means: Shape (..., policies, states).
        better: Whether more or less is better.

    >>> regrets(np.array([[3.0, 1.0], [2.0, 4.0]]), better="up").tolist()
    [[0.0, 3.0], [1.0, 0.0]]
    """
    gains = means if better == "up" else -means
    return np.asarray(gains.max(axis=-2, keepdims=True) - gains, dtype=np.float64)


def state_means(values: Float64) -> Float64:
    """Return the mean over the replications, (policies, states), a nan left out; nan where all are.

    Args:
        values: Shape (policies, states, replications).
    """
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        total = np.where(known, values, 0.0).sum(axis=-1)
        return np.asarray(total / known.sum(axis=-1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Worth:
    """What one policy is worth, with 95 % intervals."""

    estimates: Mapping[Criterion, Bounds]  # regret is the largest over the states
    differences: Mapping[Criterion, Bounds]  # against the first policy
    chances: Mapping[Criterion, float]  # in which share of the draws it is the best


def worth(
    values: Float64,
    *,
    better: Better,
    weights: Float64,
    drawn: bool,
    worst_share: float,
    draws: int,
    seed: int = 0,
) -> tuple[Worth, ...]:
    """Return what each policy is worth over the states.

    *Expectation* and all differences have percentile intervals of the draws, which for states that are all there is are
    t-intervals of the weighted replications. Where the states are a sample, whole states are resampled (their part
    stretched, as that of luck is, by sqrt(s / chi2(s - 1)), for few of them vary too little) and both parts are added:
    the interaction of luck and states counts in both, so it errs on the wide side, as the pigeonhole bootstrap (Owen
    2007, Annals of Applied Statistics 1(2)) does; Sobol points are spread more evenly than it assumes, so it errs there
    once more. In the *worst share* luck picks states that it made look bad, and more so in the draws: the interval
    holds both their percentiles and those of what luck does mirrored at the estimate. The *largest regret* is
    the largest of the paired differences to any policy in any state at hand. It is at least what all of them hold
    together (lower ends at the level of their largest t, from the draws), and at most their largest upper end, for that
    is no lower than the upper end of whichever is truly the largest.

    Args:
        values: Shape (policies, states, replications); a nan is left out of the mean of its state.
        better: Whether more or less is better.
        weights: Of the states, summing to one.
        drawn: Whether the states are a sample of what may be; False where they are all there is.
        worst_share: Of the states, for the conditional value at risk.
        draws: How many times the means are drawn.
        seed: Of that; 0 is a seed.

    Returns:
        Intervals of nan where a criterion is not defined, or for fewer than 2 replications.
    """
    policies, states, n = values.shape
    means = state_means(values)
    found = _by_criterion(means[None], weights[None], worst_share, better)
    estimates = {c: found[c][0] for c in CRITERIA}
    if n < 2:
        return tuple(_alone(estimates, p, better, n) for p in range(policies))
    rng = np.random.default_rng(seed)
    spread = _spread(values, means)
    errors = _pair_errors(values)
    luck: dict[Criterion, list[Float64]] = {c: [] for c in CRITERIA}
    largest: list[Float64] = []
    size = max(1, _BATCH_VALUES // max(policies * states, n))
    for begin in range(0, draws, size):
        moved = np.einsum("br,psr->bps", multipliers(n, size=min(size, draws - begin), rng=rng), spread)
        for c, part in _by_criterion(means + moved, weights[None], worst_share, better).items():
            luck[c].append(part)
        largest.append(_largest_t(moved, errors, better))
    again = {c: np.concatenate(parts) for c, parts in luck.items()}
    mirror = 2 * (again["cvar"] - estimates["cvar"])
    if drawn:
        picked = rng.multinomial(states, np.full(states, 1 / states), size=draws) * weights
        picked = picked / picked.sum(axis=1, keepdims=True)
        stretch = np.sqrt(states / rng.chisquare(max(states - 1, 1), size=draws))
        other = _by_criterion(np.broadcast_to(means, (draws, *means.shape)), picked, worst_share, better)
        for c in ("expectation", "cvar"):
            again[c] = again[c] + stretch[:, None] * (other[c] - estimates[c])
    ends = _regret_ends(means, errors, np.concatenate(largest), n, better)
    chances = {c: _chances(again[c], "down" if c == "regret" else better) for c in CRITERIA}
    told = []
    for p in range(policies):
        bounds = {c: _bounds(float(estimates[c][p]), again[c][:, p], n) for c in CRITERIA}
        bounds["cvar"] = _both(bounds["cvar"], _bounds(float(estimates["cvar"][p]), (again["cvar"] - mirror)[:, p], n))
        bounds["regret"] = Bounds(float(estimates["regret"][p]), float(ends[0, p]), float(ends[1, p]), n)
        differences = {
            c: _bounds(float(estimates[c][p] - estimates[c][0]), again[c][:, p] - again[c][:, 0], n) for c in CRITERIA
        }
        told.append(Worth(bounds, differences, {c: float(chances[c][p]) for c in CRITERIA}))
    return tuple(told)


def _alone(estimates: Mapping[Criterion, Float64], p: int, better: Better, n: int) -> Worth:
    """Return what a single replication says: no interval."""
    nan = float("nan")
    return Worth(
        {c: Bounds(float(estimates[c][p]), nan, nan, n) for c in CRITERIA},
        {c: Bounds(float(estimates[c][p] - estimates[c][0]), nan, nan, n) for c in CRITERIA},
        {c: float(_chances(estimates[c][None], "down" if c == "regret" else better)[p]) for c in CRITERIA},
    )


def _spread(values: Float64, means: Float64) -> Float64:
    """Return the deviations of the replications, scaled where some are unknown so that `multipliers` fits all.

    nan in a state that only one is known of: how far its mean may be off is not known.
    """
    known = (~np.isnan(values)).sum(axis=-1)
    n = values.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(known > 1, np.sqrt(n * (n - 1) / (known * (known - 1.0))), np.nan)
    scale = np.where(known == n, 1.0, scale)
    return np.asarray(np.where(np.isnan(values), 0.0, values - means[..., None]) * scale[..., None], dtype=np.float64)


def _pair_errors(values: Float64) -> Float64:
    """Return (policies, policies, states) the standard error of the paired difference of each two policies."""
    rows = []
    least = 1e-12 * np.abs(np.nan_to_num(values)).max()  # equal differences vary by rounding only
    for one in values:
        ahead = values - one
        known = (~np.isnan(ahead)).sum(axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            off = np.nan_to_num(ahead - state_means(ahead)[..., None])
            off = np.where(np.abs(off) <= least, 0.0, off)
            rows.append(np.sqrt((off**2).sum(axis=-1) / (known - 1) / known))
    return np.array(rows)


def _largest_t(moved: Float64, errors: Float64, better: Better) -> Float64:
    """Return (draws, policies) the largest t of the lead of any other policy in any state."""
    ahead = moved if better == "up" else -moved
    found = np.zeros(moved.shape[:2])
    for p, error in enumerate(errors):
        varies = error > 0
        if varies.any():
            found[:, p] = ((ahead - ahead[:, p : p + 1])[:, varies] / error[varies]).max(axis=1)
    return found


def _regret_ends(means: Float64, errors: Float64, largest: Float64, n: int, better: Better) -> Float64:
    """Return (2, policies) both ends of the largest regret."""
    gains = means if better == "up" else -means
    ahead = gains[None] - gains[:, None]  # [p, q, s]: of q before p
    level = 1 - (1 - CONFIDENCE) / 2
    critical = np.quantile(largest, level, axis=0)[:, None, None]
    low = (ahead - critical * errors).max(axis=(1, 2))
    high = (ahead + float(scipy_stats.t.ppf(level, n - 1)) * errors).max(axis=(1, 2))
    return np.asarray(np.maximum(np.stack([low, high]), 0.0), dtype=np.float64)


def _by_criterion(means: Float64, weights: Float64, worst_share: float, better: Better) -> dict[Criterion, Float64]:
    """Return each criterion by draw and policy, of means (draws, policies, states) and weights by draw."""
    w = weights[:, None, :]
    spoilt = np.isnan(means) & (w > 0)
    expected = np.where(spoilt.any(axis=-1), np.nan, (np.where(w > 0, means, 0.0) * w).sum(axis=-1))
    # A state that was not drawn again has no weight, and so no part in the tail.
    tail = cvar(np.where((w == 0) & np.isnan(means), 0.0, means), w, worst_share, better=better)
    return {"expectation": expected, "cvar": tail, "regret": regrets(means, better=better).max(axis=-1)}


def _chances(found: Float64, better: Better) -> Float64:
    losses = np.where(np.isnan(found), np.inf, found if better == "down" else -found)
    best = losses == losses.min(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0), dtype=np.float64)


def _bounds(estimate: float, drawn: Float64, n: int) -> Bounds:
    if np.isnan(estimate) or np.isnan(drawn).any():
        return Bounds(estimate, float("nan"), float("nan"), n)
    low, high = np.percentile(drawn, _TAILS)
    return Bounds(estimate, float(low), float(high), n)


def _both(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(one.estimate, min(one.low, other.low), max(one.high, other.high), one.n)
