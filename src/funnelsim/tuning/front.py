"""The confirmed front: how surely each of its policies is on it, and where it bends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.pareto import knee, probability_nondominated
from funnelsim.records import Bool, Int64
from funnelsim.tuning.goals import Goals, Row
from funnelsim.tuning.verdict import Report

RESAMPLES = 1_000


def probability_on_front(
    rows: Mapping[int, Sequence[Row]], goals: Goals, *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[int, float]:
    """Return for each policy the probability that it is on the front of those given: feasible, and not dominated.

    A bootstrap over the replications, drawn alike for all policies, since common random numbers make their errors
    alike. Policies that agree in every replication stand and fall together. It is said of the policies given, not of
    all that could be tried, and a bootstrap of few replications is a little too sure of itself (the spread of n values
    falls short by the factor sqrt((n - 1) / n)).

    Args:
        rows: The evaluations of each policy by number, on the same replications.
        goals: What is wanted, the constraints included, which are judged anew in each resample.
        resamples: How many times the replications are drawn.
        seed: Of that; 0 is a seed.

    Returns:
        By number; 0 for a policy of which an objective is not defined in every replication.
    """
    numbers = list(rows)
    samples = np.array([goals.losses(rows[number]) for number in numbers])  # (policies, replications, objectives)
    samples[~np.isfinite(samples).all(axis=(1, 2))] = math.nan
    samples = samples.swapaxes(0, 1)

    def allowed(picked: Int64) -> Bool:
        return np.array([goals.judge([rows[number][at] for at in picked]).feasible for number in numbers])

    found = probability_nondominated(
        samples,
        ["minimize"] * samples.shape[2],
        allowed=allowed if goals.constraints else None,
        resamples=resamples,
        seed=seed,
    )
    return dict(zip(numbers, found.tolist(), strict=True))


def knee_of(found: Report, goals: Goals) -> int | None:
    """Return the number of the front's policy beyond which one objective costs much of another; None without one.

    The policy in force takes part where it is on the front. A front of a single policy has no knee.
    """
    front = [*found.policies, *([found.in_force] if found.in_force_on_front else [])]
    means = [[e.estimate.mean for e in p.effects] for p in front]
    if sum(all(math.isfinite(m) for m in row) for row in means) < 2:
        return None
    return front[knee(means, [g.direction for g in goals.objectives])].tried.number
