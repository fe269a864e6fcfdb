"""Sobol indices: the share of a response's variance that each input brings, alone and with the others.

The estimators are scipy's (Saltelli et al. 2010, Computer Physics Communications 181(2)). What is ours is the design,
evaluated wherever one likes, and intervals that know of two samples: the points, and the replications that a simulated
response is averaged over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as scipy_stats

from funnelsim.records import Float64
from funnelsim.stats import Bounds

RESAMPLES = 499


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Points of the unit cube; d inputs, n rows."""

    a: Float64  # (n, d)
    b: Float64  # (n, d)
    ab: Float64  # (d, n, d): `a` with one input taken from `b`

    @property
    def points(self) -> Float64:
        """Return all points, row by row: that of a, that of b, then those of ab: (n (d + 2), d)."""
        n, d = self.a.shape
        return np.concatenate([self.a[:, None], self.b[:, None], np.moveaxis(self.ab, 0, 1)], axis=1).reshape(
            n * (d + 2), d
        )


@dataclass(frozen=True, slots=True)
class Shares:
    """The share of the variance that one input brings."""

    first: Bounds  # by itself
    total: Bounds  # with all that it does together with others


def saltelli_design(inputs: int, rows: int, *, seed: int = 0) -> Design:
    """Return the points at which a response of `inputs` inputs is to be evaluated: scrambled Sobol sequences.

    Args:
        inputs: How many inputs, >= 1.
        rows: A power of two; there are rows x (inputs + 2) points.
        seed: Seed of the scrambling; 0 is a seed.

    Raises:
        ValueError: where `rows` is no power of two or there is no input.
    """
    if inputs < 1:
        raise ValueError("there must be at least one input")
    if rows < 2 or rows & (rows - 1):
        raise ValueError(f"rows must be a power of two, got {rows}")
    sample = scipy_stats.qmc.Sobol(2 * inputs, scramble=True, rng=np.random.default_rng(seed)).random(rows)
    a, b = sample[:, :inputs], sample[:, inputs:]
    ab = np.repeat(a[None], inputs, axis=0)
    for j in range(inputs):
        ab[j, :, j] = b[:, j]
    return Design(a, b, ab)


def sobol_shares(
    values: ArrayLike, design: Design, *, confidence: float = 0.95, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[Shares, ...]:
    """Return first and total index of each input with bootstrap intervals; nan where the response does not vary.

    The response is averaged over the replications first. Its indices are those of the averaged response; the intervals
    (percentiles) come from resampling rows of the design and replications together. An index may come out a little
    below 0 or above 1.

    Args:
        values: (replications, n (d + 2)) the response at `design.points`, finite.
        design: Where it was evaluated.
        confidence: Within 0..1.
        resamples: How many resamples.
        seed: Seed of the resampling; 0 is a seed.
    """
    n, d = design.a.shape
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] != n * (d + 2) or not table.shape[0]:
        raise ValueError(f"values must be (replications, {n * (d + 2)}), got {table.shape}")
    table = table.reshape(table.shape[0], n, d + 2)
    whole = _indices(table.mean(axis=0))
    rng = np.random.default_rng(seed)
    drawn = np.stack([
        _indices(table[rng.integers(0, table.shape[0], table.shape[0])].mean(axis=0)[rng.integers(0, n, n)])
        for _ in range(resamples)
    ])  # fmt: skip
    tail = 100 * (1 - confidence) / 2
    low, high = np.nanpercentile(drawn, [tail, 100 - tail], axis=0) if np.isfinite(whole).all() else (whole, whole)
    return tuple(
        Shares(*(Bounds(float(whole[k, j]), float(low[k, j]), float(high[k, j]), n) for k in range(2)))
        for j in range(d)
    )


def _indices(rows: Float64) -> Float64:
    """Return first and total index of each input from (n, d + 2) responses: (2, d)."""
    if np.ptp(rows[:, :2]) == 0.0:
        return np.full((2, rows.shape[1] - 2), np.nan)
    evaluated: dict[Literal["f_A", "f_B", "f_AB"], Float64] = {
        "f_A": rows[None, :, 0],
        "f_B": rows[None, :, 1],
        "f_AB": rows[:, None, 2:].T,  # (d, 1, n)
    }
    found = scipy_stats.sobol_indices(func=evaluated, n=rows.shape[0])
    return np.stack([np.ravel(found.first_order), np.ravel(found.total_order)])

