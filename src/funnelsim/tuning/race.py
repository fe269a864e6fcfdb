"""Racing: a policy is played in stages, and given up once playing it on could no longer make it wanted.

Two grounds. A policy that was on the front when the batch began dominates it beyond doubt: by paired differences on the
same replications, worse in no objective within their one-sided t-bounds and better in one. Or a constraint cannot be
met any more: too many replications have broken one with a probability, or the mean of another lies beyond its bound by
more than its t-bound. Looks and rivals are many, so each test is as strict as keeps the probability of ever giving up a
policy that no rival dominates, or that keeps its bounds, below `GIVE_UP` (Bonferroni; the t-bounds hold for differences
that are nearly normal).

All is decided from the policy's own rows and the rivals of the batch, so neither workers nor interruptions matter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats as scipy_stats

from funnelsim.config.search import Constraint
from funnelsim.pareto import nondominated
from funnelsim.records import Bool, Float64
from funnelsim.tuning.goals import Goals, Judgement, Row, describe, kept, margins, needed

GIVE_UP = 0.05
"""Probability that a policy is given up on either ground though it should not have been."""

ENOUGH = 5
"""Replications from which a difference that is the same in all of them is believed: before, it may be chance."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """The front as it stood when a batch began."""

    numbers: tuple[int, ...]  # of the policies, rising
    losses: Float64  # (rivals, replications, objectives), lower is better


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a policy is given up."""

    reason: str
    rival: int | None = None  # number of the policy that dominates it; None where a constraint is the ground


@dataclass(frozen=True, slots=True)
class Race:
    """How policies are played in stages, and when one is given up."""

    goals: Goals
    start: int  # replications of the first stage, >= 2 and below `replications`
    replications: int  # of a policy that is carried through

    @property
    def stages(self) -> tuple[int, ...]:
        """Return how many replications a policy has after each stage: each is longer than the last by half."""
        found = [self.start]
        while found[-1] < self.replications:
            found.append(min(found[-1] + found[-1] // 2, self.replications))
        return tuple(found)

    def given_up(self, rows: Sequence[Row], rivals: Rivals) -> Verdict | None:
        """Return why a policy is given up after the replications in `rows`; None where it goes on.

        Args:
            rows: Its measures, one for each of the first replications, at least two.
            rivals: The front, on all replications.
        """
        so_far = self.goals.judge(rows)
        after = f"after {len(rows)} of {self.replications} replications"
        if so_far.status == "undefined":
            return Verdict(so_far.reason)  # it stays so, whatever comes
        broken = [describe(c) for c in self.goals.constraints if self._hopeless(c, [row[c.measure] for row in rows])]
        if broken:
            return Verdict(f"cannot keep {'; '.join(broken)} any more, {after}")
        beaten = np.flatnonzero(self._dominated(self.goals.losses(rows), rivals.losses))
        if beaten.size:
            number = rivals.numbers[int(beaten[0])]
            name = "the policy in force" if number == 0 else f"policy {number}"
            return Verdict(f"dominated by {name}, {after}", number)
        return None

    def judged(self, verdict: Verdict, rows: Sequence[Row], base: Sequence[Row] | None) -> Judgement:
        """Return what is said of a policy that was given up after the replications in `rows`.

        Its means are those of the rows, moved by as much as the mean of `base` over all replications lies beside that
        over the first ones: common luck of the first replications would otherwise put it before or behind all others.

        Args:
            verdict: From `given_up`.
            rows: Its measures.
            base: Those of its rival, else of the policy in force, in all replications; None leaves the means as they
                are, as does a base that is not defined throughout.
        """
        so_far = self.goals.judge(rows)
        means = so_far.means
        if base is not None:
            first, whole = self.goals.judge(base[: len(rows)]), self.goals.judge(base)
            if all(map(math.isfinite, (*means, *whole.means))):
                means = tuple(m + (w - f) for m, w, f in zip(means, whole.means, first.means, strict=True))
        status = so_far.status if so_far.status == "undefined" else "given up"
        return Judgement(means, so_far.violations, status, verdict.reason, len(rows))

    def _looks(self) -> int:
        return max(1, len(self.stages) - 1)

    def _hopeless(self, constraint: Constraint, values: Sequence[float]) -> bool:
        """Return whether the constraint cannot be met any more, `values` being those of the first replications."""
        if constraint.probability is not None:
            to_come = self.replications - len(values)
            return kept(constraint, values) + to_come < needed(constraint, self.replications)
        broken_by = margins(constraint, values)
        if not np.isfinite(broken_by).all():
            return True  # a mean with one such value breaks any bound
        on_means = sum(1 for c in self.goals.constraints if c.probability is None)
        low = _lower_bounds(broken_by[:, None], GIVE_UP / (self._looks() * on_means))
        return bool(low[0] > 0.0)

    def _dominated(self, own: Float64, rivals: Float64) -> Bool:
        """Return (rivals,) whether each dominates a policy beyond doubt; `own` is (first replications, objectives)."""
        n = own.shape[0]
        if rivals.shape[0] == 0:
            return np.zeros(0, dtype=np.bool_)
        behind = own[:, None] - rivals[:, :n].swapaxes(0, 1)  # (first replications, rivals, objectives)
        low = _lower_bounds(behind, GIVE_UP / (self._looks() * rivals.shape[0]))
        return np.asarray((low >= 0.0).all(axis=1) & (low > 0.0).any(axis=1))


def front_of(judgements: Sequence[Judgement], rows: Callable[[int], Sequence[Row]], goals: Goals) -> Rivals:
    """Return the front of the feasible policies, each of those that never differ once.

    Args:
        judgements: Of every policy so far, by number.
        rows: Gives the measures of a policy by number, in all replications; asked of those on the front.
        goals: What is wanted.
    """
    feasible = [number for number, judgement in enumerate(judgements) if judgement.feasible]
    signs = np.array([-g.sign for g in goals.objectives], dtype=np.float64)
    means = np.array([judgements[number].means for number in feasible]).reshape(len(feasible), signs.size) * signs
    on_front = nondominated(means, ["minimize"] * means.shape[1])
    found: dict[bytes, tuple[int, Float64]] = {}
    for number in np.array(feasible, dtype=np.int64)[on_front].tolist():
        losses = goals.losses(rows(number))
        found.setdefault(losses.tobytes(), (number, losses))
    shape = (0, 0, len(goals.objectives))
    return Rivals(
        tuple(number for number, _ in found.values()),
        np.stack([losses for _, losses in found.values()]) if found else np.zeros(shape),
    )


def _lower_bounds(values: Float64, level: float) -> Float64:
    """Return one-sided t-bounds below which the means along the first axis lie with probability `level`.

    Equal values have no spread: from `ENOUGH` of them on they are their own bound, before there is none.
    """
    n = values.shape[0]
    errors = values.std(axis=0, ddof=1) / math.sqrt(n)
    bounds = values.mean(axis=0) - float(scipy_stats.t.isf(level, n - 1)) * errors
    equal = (values == values[0]).all(axis=0)
    return np.where(equal, values[0] if n >= ENOUGH else -math.inf, bounds)
