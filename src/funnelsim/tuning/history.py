"""How much of the goals a search has reached, policy after policy, and whether it still gains: its hypervolume.

The hypervolume is the share of a box that the front so far covers (Zitzler & Thiele 1998). In each objective the box
reaches from the best of the front to a little beyond its worst (a tenth of the span: Ishibuchi et al. 2018,
Evolutionary Computation 26(3)), and at least beyond the middle of all that was tried, so that a front of nearly one
point is not measured by its own noise. All volumes are told in the box of the last front. They rest on the search's own
few replications and flatter as those do; they tell when to stop, and nothing of what a policy is worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.pareto import hypervolume, nondominated
from funnelsim.records import Float64
from funnelsim.tuning.driver import Tried
from funnelsim.tuning.goals import Goals
from funnelsim.tuning.samplers import STARTUP_TRIALS

BEYOND = 0.1
"""How far the box reaches beyond the worst that it must hold, as a share of its span."""


@dataclass(frozen=True, slots=True)
class Plateau:
    """When a search has stopped gaining."""

    share: float  # within 0..1: growth below this share of the volume
    over: int  # policies, >= 1: within which it is judged

    def reached(self, tried: Sequence[Tried], goals: Goals, *, batch: int) -> bool:
        """Return whether the last `over` policies (rounded up to whole batches) added less than `share`.

        Never where no policy is feasible yet, nor before as many again were tried as the sampler draws at random.
        Asked where a batch ends, the answer is a function of the policies alone.

        Args:
            tried: All policies so far, by number.
            goals: What is wanted.
            batch: Policies asked for at once.
        """
        before = len(tried) - math.ceil(self.over / batch) * batch
        if before < STARTUP_TRIALS:
            return False
        losses = _losses(tried, goals)
        box = _box(losses)
        if box is None:
            return False
        earlier, now = (_volume(losses[:n], box) for n in (before, len(tried)))
        return now - earlier < self.share * now


def volumes(tried: Sequence[Tried], goals: Goals) -> Float64:
    """Return the hypervolume after each policy as a share of the last: (policies,), 0 before the first feasible one.

    nan everywhere where no policy is feasible.
    """
    losses = _losses(tried, goals)
    box = _box(losses)
    if box is None:
        return np.full(len(tried), np.nan)
    found = np.zeros(len(tried))
    front: Float64 = np.empty((0, losses.shape[1]))
    for at, point in enumerate(losses):
        found[at] = found[at - 1] if at else 0.0
        if np.isfinite(point).all() and not (front <= point).all(axis=1).any():
            front = np.vstack([front[~(point <= front).all(axis=1)], point])
            found[at] = _volume(front, box)
    shares: Float64 = found / found[-1]
    return shares


def reached_at(found: Float64, share: float) -> int:
    """Return after how many policies the hypervolume first was at least `share` of its last value.

    Args:
        found: From `volumes`, without nan.
        share: Within 0..1.
    """
    return int(np.flatnonzero(found >= share * found[-1])[0]) + 1


def _losses(tried: Sequence[Tried], goals: Goals) -> Float64:
    """Return the objectives of each policy as losses, lower is better; nan where it is not feasible."""
    means = np.array([t.judgement.means for t in tried], dtype=np.float64)
    means[[not t.judgement.feasible for t in tried]] = math.nan
    return means * np.array([-g.sign for g in goals.objectives], dtype=np.float64)


def _box(losses: Float64) -> tuple[Float64, Float64] | None:
    """Return the best corner of the box and its reference corner; None where no policy is feasible."""
    known = losses[np.isfinite(losses).all(axis=1)]
    if known.size == 0:
        return None
    front = known[nondominated(known, ["minimize"] * known.shape[1])]
    best = front.min(axis=0)
    worst = np.maximum(front.max(axis=0), np.median(known, axis=0))
    span = np.where(worst > best, worst - best, 1.0)
    return best, best + (1.0 + BEYOND) * span


def _volume(losses: Float64, box: tuple[Float64, Float64]) -> float:
    best, reference = box
    known = losses[np.isfinite(losses).all(axis=1)]
    unit = (known - best) / (reference - best)
    return hypervolume(unit, ["minimize"] * unit.shape[1], reference=[1.0] * unit.shape[1])
