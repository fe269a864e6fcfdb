"""Morris screening: which of many inputs matter, from a few trajectories through the space of them all.

A trajectory moves one input after another by the same share of its range. What each move changes is an *elementary
effect*. Over the trajectories, their mean (`mu`) is the input's overall effect, the mean of their sizes (`mu_star`) its
weight, and their spread (`sigma`) says how much it depends on the others or bends.

Morris (1991, Technometrics 33(2)); `mu_star` is of Campolongo, Cariboni & Saltelli (2007, Environmental Modelling &
Software 22(10)).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Float64, Int64
from funnelsim.stats import Bounds

LEVELS = 4
RESAMPLES = 999


@dataclass(frozen=True, slots=True)
class Screened:
    """What screening says of one input, in units of the response over the input's whole range."""

    mu: Bounds
    mu_star: Bounds
    sigma: Bounds


def trajectories(inputs: int, count: int, *, levels: int = LEVELS, seed: int = 0) -> Float64:
    """Return points in the unit cube: `count` trajectories in which each input moves once, in random order.

    Each moves by levels / (2 (levels - 1)) of its range, up or down, between `levels` even levels.

    Args:
        inputs: How many inputs, >= 1.
        count: How many trajectories, >= 1.
        levels: Even, >= 2.
        seed: Seed of the design; 0 is a seed.

    Returns:
        (count, inputs + 1, inputs) within 0..1.
    """
    if inputs < 1 or count < 1:
        raise ValueError(f"there must be at least one input and one trajectory, got {inputs} and {count}")
    if levels < 2 or levels % 2:
        raise ValueError(f"levels must be even and at least 2, got {levels}")
    rng = np.random.default_rng(seed)
    step = levels // 2
    points = np.empty((count, inputs + 1, inputs), dtype=np.int64)
    for t in range(count):
        low = rng.integers(0, levels - step, size=inputs)
        rises = rng.random(inputs) < 0.5
        points[t, 0] = np.where(rises, low, low + step)
        for at, moved in enumerate(rng.permutation(inputs)):
            points[t, at + 1] = points[t, at]
            points[t, at + 1, moved] = low[moved] + (step if rises[moved] else 0)
    return points / (levels - 1)


def moves(points: ArrayLike) -> Int64:
    """Return which input each step of the trajectories moves: (count, inputs).

    Raises:
        ValueError: where a step moves none or several.
    """
    changed = np.diff(np.asarray(points, dtype=np.float64), axis=1) != 0
    if not (changed.sum(axis=2) == 1).all():
        raise ValueError("each step of a trajectory must move exactly one input")
    return np.asarray(changed.argmax(axis=2), dtype=np.int64)


def elementary_effects(points: ArrayLike, values: ArrayLike) -> Float64:
    """Return the change of the response with each input, per whole range of it.

    Args:
        points: (t, d + 1, d) trajectories within 0..1, each step moving one input.
        values: (..., t, d + 1) the response at each point.

    Returns:
        (..., t, d), by input.
    """
    x, y = np.asarray(points, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if y.shape[-2:] != x.shape[:2]:
        raise ValueError(f"values must end in a value for each of the {x.shape[:2]} points, got {y.shape}")
    moved = moves(x)
    length = np.take_along_axis(np.diff(x, axis=1), moved[:, :, None], axis=2)[:, :, 0]
    slopes = np.diff(y, axis=-1) / length
    effects = np.empty_like(slopes)
    np.put_along_axis(effects, np.broadcast_to(moved, slopes.shape), slopes, axis=-1)
    return effects


def screen(
    effects: ArrayLike, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Screened, ...]:
    """Return mu, mu* and sigma of each input with bootstrap intervals.

    The effects are averaged over the replications first; the intervals (percentiles) come from resampling trajectories
    and replications together, since both are samples. What luck is left in the average makes mu* and sigma a little too
    large: an input that does nothing but shift luck has a mu* above zero.

    Args:
        effects: (replications, trajectories, inputs), finite.
        confidence: Within 0..1.
        resamples: How many resamples.
        seed: Seed of the resampling; 0 is a seed.
    """
    table = np.asarray(effects, dtype=np.float64)
    if table.ndim != 3 or not table.size:
        raise ValueError(f"effects must be (replications, trajectories, inputs), got {table.shape}")
    rng = np.random.default_rng(seed)
    replications, paths, _ = table.shape
    drawn = np.stack([
        _summary(
            table[rng.integers(0, replications, replications)].mean(axis=0)[rng.integers(0, paths, paths)]
        )
        for _ in range(resamples)
    ])  # fmt: skip
    whole = _summary(table.mean(axis=0))
    tail = 100 * (1 - confidence) / 2
    known = paths > 1
    low, high = np.percentile(drawn, [tail, 100 - tail], axis=0) if known else np.full((2, *whole.shape), np.nan)
    return tuple(
        Screened(*(Bounds(float(whole[k, j]), float(low[k, j]), float(high[k, j]), paths) for k in range(3)))
        for j in range(table.shape[2])
    )


def _summary(effects: Float64) -> Float64:
    """Return mu, mu* and sigma of each input: (3, d). The sigma of a single trajectory is not defined."""
    sigma = effects.std(axis=0, ddof=1) if effects.shape[0] > 1 else np.full(effects.shape[1], np.nan)
    return np.stack([effects.mean(axis=0), np.abs(effects).mean(axis=0), sigma])
