"""Fronts of several objectives: who is on it, how surely, where it bends, and how much it covers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from funnelsim.records import Bool, Float64

Direction = Literal["maximize", "minimize"]
_BATCH = 100  # draws compared at once
_ROUNDING = 1e-12  # of the largest value: what two ways of summing may differ by


def nondominated(points: ArrayLike, directions: Sequence[Direction]) -> Bool:
    """Return for each point whether no other is at least as good in every objective and better in one.

    Equal points stand together. A point with an undefined (nan) objective is never on the front and dominates none.

    Args:
        points: (n, m), a row a point and a column an objective.
        directions: 'maximize' or 'minimize' for each objective.

    >>> nondominated([[1.0, 1.0], [2.0, 3.0], [3.0, 4.0], [2.0, 4.0]], ["maximize", "minimize"]).tolist()
    [True, True, True, False]
    """
    losses = _losses(points, directions)
    on_front: Bool = np.asarray(~np.isnan(losses).any(axis=1))
    for i in np.flatnonzero(on_front):
        # Comparisons with nan are false, so undefined points dominate none.
        no_worse = (losses <= losses[i]).all(axis=1)
        better = (losses < losses[i]).any(axis=1)
        on_front[i] = not (no_worse & better).any()
    return on_front


def probability_nondominated(drawn: ArrayLike, directions: Sequence[Direction]) -> Float64:
    """Return for each point in which share of draws of all points it is on the front.

    Values that differ by rounding only are equal. A point with an undefined (nan) objective in a draw is not on the
    front of that draw and dominates none.

    Args:
        drawn: (d, n, m), an objective of a point in a draw: what the point may truly be worth.
        directions: 'maximize' or 'minimize' for each objective.

    Returns:
        (n,) shares of the draws.
    """
    values = np.asarray(drawn, dtype=np.float64)
    if values.ndim != 3 or values.shape[0] == 0:
        raise ValueError(f"drawn must be (draws, points, objectives), got shape {values.shape}")
    draws, points = values.shape[:2]
    losses = _losses(values.reshape(draws * points, -1), directions).reshape(values.shape)
    finite = np.abs(np.where(np.isfinite(losses), losses, 0.0))
    rounding = _ROUNDING * finite.max(axis=(0, 1), initial=0.0)
    times_on_front = np.zeros(points, dtype=np.float64)
    for begin in range(0, draws, _BATCH):
        some = losses[begin : begin + _BATCH]
        one, other = some[:, :, None, :], some[:, None, :, :]
        # Comparisons with nan are false, so undefined points dominate none.
        dominated = ((other <= one + rounding).all(axis=3) & (other < one - rounding).any(axis=3)).any(axis=2)
        times_on_front += (~dominated & ~np.isnan(some).any(axis=2)).sum(axis=0)
    return np.asarray(times_on_front / draws)


def knee(points: ArrayLike, directions: Sequence[Direction]) -> int:
    """Return the index of the point at which the front bends most: beyond it one objective costs much of another.

    The point of the front farthest towards the ideal from the chord between the front's best points, every objective
    scaled to 0..1 over the front: Das (1999, Structural Optimization 18). With three objectives the chord is the plane
    through the three unit points. Among equals, and on a straight front, the first.

    Args:
        points: (n, m), a row a point; dominated points and those with a nan or infinity are passed over.
        directions: 'maximize' or 'minimize' for each objective.

    Raises:
        ValueError: where no point of the front has every objective finite.

    >>> knee([[0.0, 0.0], [8.0, 2.0], [10.0, 10.0]], ["maximize", "minimize"])
    1
    """
    finite = np.isfinite(_losses(points, directions)).all(axis=1)
    front = np.flatnonzero(nondominated(points, directions) & finite)
    if front.size == 0:
        raise ValueError("there is no point on the front with every objective finite")
    losses = _losses(points, directions)[front]
    best, worst = losses.min(axis=0), losses.max(axis=0)
    span = np.where(worst > best, worst - best, 1.0)
    # On a front of two objectives the extremes are (0, 1) and (1, 0): points with a sum of one lie on the chord.
    from_ideal = ((losses - best) / span).sum(axis=1)
    return int(front[np.argmin(np.round(from_ideal, 12))])


def hypervolume_2d(points: ArrayLike, directions: Sequence[Direction], *, reference: Sequence[float]) -> float:
    """Return the area between the front of two objectives and a reference point, in the product of their units.

    Zitzler & Thiele (1998). Points no better than the reference in some objective add nothing.

    Args:
        points: (n, 2), a row a point.
        directions: 'maximize' or 'minimize' for both objectives.
        reference: A point that good points are better than in both.

    >>> hypervolume_2d([[3.0, 1.0], [2.0, 0.5]], ["maximize", "minimize"], reference=[0.0, 2.0])
    4.0
    """
    losses = _losses(points, directions)
    if losses.shape[1] != 2:
        raise ValueError(f"there must be two objectives, got {losses.shape[1]}")
    corner = _losses([list(reference)], directions)[0]
    inside = losses[(losses < corner).all(axis=1)]
    area, reached = 0.0, float(corner[1])
    for first, second in inside[np.lexsort((inside[:, 1], inside[:, 0]))].tolist():
        if second < reached:
            area += (float(corner[0]) - first) * (reached - second)
            reached = second
    return area


def hypervolume(points: ArrayLike, directions: Sequence[Direction], *, reference: Sequence[float]) -> float:
    """Return the length, area or volume between the front of one to three objectives and a reference point.

    Three objectives are cut into slices of the third, between which the front of the other two does not change.

    Args:
        points: (n, m), a row a point, m of 1 to 3; those no better than the reference in some objective add nothing.
        directions: 'maximize' or 'minimize' for each objective.
        reference: A point that good points are better than in all.

    >>> hypervolume([[1.0, 2.0, 3.0]], ["minimize"] * 3, reference=[3.0, 3.0, 4.0])
    2.0
    """
    losses = _losses(points, directions)
    corner = _losses([list(reference)], directions)[0]
    inside = losses[(losses < corner).all(axis=1)]
    if inside.size == 0:
        return 0.0
    if losses.shape[1] == 1:
        return float(corner[0] - inside.min())
    if losses.shape[1] == 2:
        return hypervolume_2d(inside, ["minimize"] * 2, reference=corner.tolist())
    if losses.shape[1] != 3:
        raise ValueError(f"there must be one to three objectives, got {losses.shape[1]}")
    inside = inside[np.argsort(inside[:, 2], kind="stable")]
    ends = np.append(inside[1:, 2], corner[2])
    volume = 0.0
    for n, depth in enumerate((ends - inside[:, 2]).tolist(), start=1):
        if depth > 0:
            volume += depth * hypervolume_2d(inside[:n, :2], ["minimize"] * 2, reference=corner[:2].tolist())
    return volume


def _losses(points: ArrayLike, directions: Sequence[Direction]) -> Float64:
    """Return the points with every objective to be minimised."""
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(directions):
        raise ValueError(
            f"points must be (n, {len(directions)}), a column for each direction, got shape {values.shape}"
        )
    unknown = [d for d in directions if d not in ("maximize", "minimize")]
    if unknown:
        raise ValueError(f"directions must be 'maximize' or 'minimize', got {unknown[0]!r}")
    return values * np.where([d == "maximize" for d in directions], -1.0, 1.0)
