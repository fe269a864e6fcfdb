"""How surely policies are on the front of those that were played on the same replications."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from funnelsim.pareto import probability_nondominated
from funnelsim.records import Bool, Float64
from funnelsim.selection_statistics import multipliers
from funnelsim.tuning.goals import Goals, Row, margins, needed

DRAWS = 1_000


def probability_on_front(
    rows: Mapping[int, Sequence[Row]],
    goals: Goals,
    *,
    besides: Mapping[int, Sequence[float]] | None = None,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[int, float]:
    """Return for each policy the probability that it is on the front of those given: feasible, and not dominated.

    The true means of all policies are drawn together, as their replications allow, so that the difference of any two
    has its paired t distribution (see `selection_statistics.multipliers`); who is on the front is counted. With two
    policies and one objective the probability is one minus the one-sided p-value of the paired t-test. Constraints are
    drawn along: a bound on a mean by its mean, one with a probability by its share of replications. Policies that agree
    in every replication stand and fall together. It is said of the policies given, not of all that could be tried.

    Args:
        rows: The evaluations of each policy by number, on the same replications; a single one leaves no doubt.
        goals: What is wanted.
        besides: By number, further losses that are known without doubt, as many for each policy.
        draws: How many times the means are drawn.
        seed: Of that; 0 is a seed.

    Returns:
        By number; 0 for a policy of which an objective is not defined in every replication.
    """
    numbers = list(rows)
    if not numbers:
        return {}
    losses = np.array([goals.losses(rows[number]) for number in numbers])  # (policies, replications, objectives)
    losses[~np.isfinite(losses).all(axis=(1, 2))] = math.nan
    margin = np.array([_margins(rows[number], goals) for number in numbers])  # (policies, replications, constraints)
    drawn = _drawn(np.concatenate([losses, margin], axis=2), draws=draws, seed=seed)
    means, margin = drawn[:, :, : losses.shape[2]], drawn[:, :, losses.shape[2] :]
    allowed: Bool = np.asarray((margin <= 0.0).all(axis=2))  # False where it is not a number
    means[~allowed] = math.nan
    known = np.array([list((besides or {}).get(number, ())) for number in numbers])
    whole = np.concatenate([means, np.broadcast_to(known, (*means.shape[:2], known.shape[1]))], axis=2)
    found = probability_nondominated(whole, ["minimize"] * whole.shape[2])
    return dict(zip(numbers, found.tolist(), strict=True))


def _margins(rows: Sequence[Row], goals: Goals) -> Float64:
    """Return (replications, constraints): kept where the mean over the replications is <= 0."""
    found = np.zeros((len(rows), len(goals.constraints)))
    for at, constraint in enumerate(goals.constraints):
        broken_by = margins(constraint, [row[constraint.measure] for row in rows])
        if constraint.probability is not None:
            # A count that suffices suffices, however the shares are rounded.
            found[:, at] = needed(constraint, len(rows)) / len(rows) - (broken_by <= 0.0) - 1e-9
        else:
            found[:, at] = broken_by
    return found


def _drawn(values: Float64, *, draws: int, seed: int) -> Float64:
    """Return (draws, policies, columns) of means drawn from values of (policies, replications, columns)."""
    policies, n, columns = values.shape
    with np.errstate(invalid="ignore"):  # a margin that is infinite has no deviation
        means = values.mean(axis=1)
        deviations = (values - means[:, None, :]).swapaxes(0, 1).reshape(n, policies * columns)
        if n == 1:
            return np.array(means[None])
        moved = multipliers(n, size=draws, rng=np.random.default_rng(seed)) @ deviations
    return np.asarray(means + moved.reshape(draws, policies, columns))
