"""From the search's front to the policies worth reporting: near-front candidates, estimated again on fresh seeds.

What looks best among many was also lucky. So the candidates, those of the front and those that two standard errors
could put there, are estimated again on replications that the search never saw. There a few replications cannot tell
neighbours apart, and who is behind by his mean may well be the best; so only what is dominated beyond reasonable doubt
is dropped, and the report, on replications of its own, says of the others how surely each is on the front.
Where there are constraints, policies that give something up to keep them by more are estimated again too: those just
inside on the seeds of the search may all be just outside on fresh ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.pareto import nondominated
from funnelsim.records import Bool, Float64
from funnelsim.tuning.driver import Tried
from funnelsim.tuning.front import probability_on_front
from funnelsim.tuning.goals import Goals, Judgement, Row

MOST_CANDIDATES = 24
"""Candidates estimated again, besides the policy in force."""

NEAR = 2.0
"""Standard errors of the paired difference by which a candidate may lie behind the search's front."""

DOUBT = 0.05
"""A policy is dominated beyond reasonable doubt where it is on the front with less than this probability."""

MOST_KEPT = 12
"""Policies reported besides the one in force: of more, those that are most surely on the front."""

Rows = Callable[[Tried], list[Row]]
"""The evaluations of a policy on one set of replications."""


@dataclass(frozen=True, slots=True)
class Selected:
    """A candidate after its second estimate."""

    tried: Tried
    judgement: Judgement  # on the selection's replications
    kept: bool
    why: str  # why it was dropped; "" where it was kept
    probability: float = 0.0  # that it is on the front, on these replications


def candidates(
    tried: Sequence[Tried],
    rows: Rows,
    goals: Goals,
    *,
    changes: Callable[[Tried], int],
    most: int = MOST_CANDIDATES,
) -> list[Tried]:
    """Return the feasible policies on or near the search's front, by number, at most `most`, never the one in force.

    The fronts: of the objectives, and of the objectives together with how well each constraint is kept.
    Near: no policy of the front is better in every objective by more than `NEAR` standard errors of the difference,
    paired.
    Policies that agree in every objective and replication are one, and the one with the fewest changes against today
    stands for it (the policy in force stands for those that agree with it). Where there are too many, the fronts come
    first, thinned where they are densest (the second to a third), then the others by how nearly they are on one.
    """
    feasible = [t for t in tried if t.judgement.feasible]
    distinct = _distinct(feasible, rows, goals, changes)
    if not distinct:
        return []
    losses = np.array([goals.losses(rows(t)) for t in distinct])  # (policies, replications, objectives)
    means = losses.mean(axis=1)
    front = nondominated(means, ["minimize"] * means.shape[1])
    behind = _behind(losses, front)
    eligible = [at for at, t in enumerate(distinct) if t.number > 0]
    careful = _careful(means, distinct, rows, goals)
    wide = nondominated(careful, ["minimize"] * careful.shape[1])
    safe = _spread(careful, [at for at in eligible if wide[at] and not front[at]], max(1, most // 3))
    chosen = safe + _spread(means, [at for at in eligible if front[at]], most - len(safe))
    near = [at for at in eligible if at not in chosen and not front[at] and behind[at] <= NEAR]
    near.sort(key=lambda at: (behind[at], at))
    chosen += near[: most - len(chosen)]
    return sorted((distinct[at] for at in chosen), key=lambda t: t.number)


def select(
    in_force: Tried, chosen: Sequence[Tried], rows: Rows, goals: Goals, *, most: int = MOST_KEPT, seed: int = 0
) -> list[Selected]:
    """Return the policy in force and the candidates, each judged on fresh replications and kept or dropped.

    Kept is who is feasible and on the front with a probability of `DOUBT` or more (see `front.probability_on_front`),
    or by his means; of more than `most`, the most probable. Where the report must show a probability with some
    confidence, a policy that shows it less does not dominate one that shows it more.

    Args:
        in_force: The policy in force, which takes part and is told of in any case.
        chosen: The candidates, by number.
        rows: Gives the evaluations of a policy on the selection's replications.
        goals: What is wanted.
        most: How many candidates may be kept, >= 1.
        seed: Of the draws behind the probabilities; 0 is a seed.
    """
    everyone = [in_force, *chosen]
    judgements = [goals.judge(rows(t)) for t in everyone]
    feasible = [at for at, j in enumerate(judgements) if j.feasible]
    signs = np.array([-g.sign for g in goals.objectives], dtype=np.float64)
    means = np.array([judgements[at].means for at in feasible]).reshape(len(feasible), signs.size) * signs
    doubts = np.array([goals.doubts(rows(everyone[at])) for at in feasible]).reshape(len(feasible), len(goals.chances))
    losses = np.hstack([means, doubts])
    on_front = nondominated(losses, ["minimize"] * losses.shape[1]) if feasible else np.zeros(0, dtype=np.bool_)
    besides = {at: tuple(doubts[n].tolist()) for n, at in enumerate(feasible)}
    sure = probability_on_front({at: rows(everyone[at]) for at in feasible}, goals, besides=besides, seed=seed)
    why = {
        at: "" if on_front[n] or sure[at] >= DOUBT else _dominator(losses, n, feasible, everyone)
        for n, at in enumerate(feasible)
    }
    kept = sorted((at for at in feasible if at > 0 and not why[at]), key=lambda at: (-sure[at], at))
    why |= {at: f"{most} others are on the front more surely ({sure[at]:.0%} on fresh seeds)" for at in kept[most:]}
    return [
        Selected(tried, judgement, why.get(at) == "", why.get(at, judgement.reason), sure.get(at, 0.0))
        for at, (tried, judgement) in enumerate(zip(everyone, judgements, strict=True))
    ]


def _careful(means: Float64, tried: Sequence[Tried], rows: Rows, goals: Goals) -> Float64:
    """Return the objectives as losses, and beside them how near each constraint is to being broken."""
    tightness = np.array([goals.tightness(rows(t)) for t in tried]).reshape(len(tried), len(goals.constraints))
    return np.hstack([means, np.nan_to_num(tightness, nan=0.0)])


def _dominator(losses: Float64, of: int, feasible: Sequence[int], everyone: Sequence[Tried]) -> str:
    better = (losses <= losses[of]).all(axis=1) & (losses < losses[of]).any(axis=1)
    number = min(everyone[feasible[n]].number for n in np.flatnonzero(better).tolist())
    return f"dominated by {'the policy in force' if number == 0 else f'policy {number}'} on fresh seeds"


def _distinct(tried: Sequence[Tried], rows: Rows, goals: Goals, changes: Callable[[Tried], int]) -> list[Tried]:
    groups: dict[bytes, list[Tried]] = {}
    for t in tried:
        groups.setdefault(goals.losses(rows(t)).tobytes(), []).append(t)
    return [
        group[0] if len(group) == 1 else min(group, key=lambda t: (t.number > 0, changes(t), t.number))
        for group in groups.values()
    ]


def _behind(losses: Float64, front: Bool) -> Float64:
    """Return how far each policy lies behind the front, in standard errors of the paired difference.

    For a pair it is the smallest over the objectives (behind in all of them by at least that), for a policy the largest
    over the front; with one replication there is no error, and any policy off the front is infinitely far behind.
    """
    replications = losses.shape[1]
    worst = np.full(losses.shape[0], -math.inf)
    for leader in np.flatnonzero(front).tolist():
        difference = losses - losses[leader]
        mean = difference.mean(axis=1)
        spread = difference.std(axis=1, ddof=1) if replications > 1 else np.zeros_like(mean)
        with np.errstate(divide="ignore", invalid="ignore"):
            errors = np.where(mean == 0.0, 0.0, mean / (spread / math.sqrt(replications)))
        worst = np.maximum(worst, errors.min(axis=1))
    return worst


def _spread(means: Float64, front: Sequence[int], most: int) -> list[int]:
    """Return at most `most` of a front's policies: the best in each objective, and of others those that stand apart."""
    if len(front) <= most:
        return list(front)
    span = np.ptp(means[list(front)], axis=0)
    scaled = means / np.where(span > 0, span, 1.0)
    corners = {min(front, key=lambda at: (means[at, j], at)) for j in range(means.shape[1])}
    kept = list(front)
    while len(kept) > most:
        places = scaled[kept]
        apart = np.sqrt(((places[:, None, :] - places[None, :, :]) ** 2).sum(axis=2))
        np.fill_diagonal(apart, math.inf)
        nearest = np.sort(apart, axis=1)[:, :2]  # to its nearest, then to the next
        loose = [n for n, at in enumerate(kept) if at not in corners] or list(range(len(kept)))
        del kept[min(loose, key=lambda n: (*nearest[n].tolist(), -kept[n]))]
    return kept
