"""What a policy is worth against the one in force, from replications that neither the search nor the selection saw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from funnelsim.pareto import knee
from funnelsim.stats import Interval, holm, interval, paired, paired_p_value
from funnelsim.tuning.driver import Tried
from funnelsim.tuning.goals import Goals, Judgement, Row
from funnelsim.tuning.selection import Selected

LEVEL = 0.05
"""Probability that anything is called better though nothing is."""

Finding = Literal["better", "trade", "same", "worse", "infeasible"]
Summary = Literal["improvement", "trade-off", "no detectable improvement", "no feasible policy", "in force infeasible"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One objective of one policy on the report's replications."""

    measure: str
    estimate: Interval
    difference: Interval  # against the policy in force, paired; positive is more, whether that is good or not
    gain: float  # the difference's mean, positive where better
    p_value: float  # that there is no difference, adjusted (Holm) for all policies and objectives reported
    optimism: float  # by how much of its report estimate the search made the policy look better than it is

    @property
    def improved(self) -> bool:
        """Return whether it is better beyond doubt, all policies and objectives considered."""
        return self.gain > 0 and self.p_value <= LEVEL

    @property
    def lost(self) -> bool:
        """Return whether it is worse by its own 95 % interval, which lets fewer losses pass than the adjusted one."""
        return self.gain < 0 and not self.difference.low <= 0.0 <= self.difference.high


@dataclass(frozen=True, slots=True)
class Reported:
    """One policy as it is reported."""

    tried: Tried
    judgement: Judgement  # on the report's replications
    effects: tuple[Effect, ...]
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """What a search found, and whether it is worth anything."""

    in_force: Reported
    policies: tuple[Reported, ...]  # kept by the selection, by number, without the one in force
    in_force_on_front: bool  # as far as the selection can tell: it is not dominated beyond doubt
    summary: Summary

    @property
    def better(self) -> tuple[Reported, ...]:
        """Return the policies better in an objective beyond doubt, with no loss detected in another."""
        return tuple(p for p in self.policies if p.finding == "better")


def report(selected: Sequence[Selected], rows: Sequence[Sequence[Row]], goals: Goals) -> Report:
    """Return the report on the policy in force, which comes first, and those that the selection kept.

    A policy is *better* than the one in force where an objective has improved (Holm's adjustment over all policies and
    objectives) and none is lost (by its own 95 % interval); a *trade* where one is improved and another lost; *worse*
    where one is lost and none improved; else the *same*: no difference can be told.

    Args:
        selected: The policy in force, then the policies kept, by number.
        rows: Their evaluations on the report's replications, in the same order.
        goals: What was wanted.
    """
    names = [(g.measure, g.sign) for g in goals.objectives]
    today = rows[0]
    tests = [paired_p_value(_known(own, name), _known(today, name)) for own in rows[1:] for name, _ in names]
    adjusted = iter(holm(tests).tolist())
    judgements = [goals.judge(own, confirming=True) for own in rows]
    reported = []
    for s, own, judgement in zip(selected, rows, judgements, strict=True):
        p_values = [1.0] * len(names) if own is today else [next(adjusted) for _ in names]
        effects = tuple(
            _effect(name, sign, own, today, s.tried.judgement.means[at], p_values[at])
            for at, (name, sign) in enumerate(names)
        )
        reported.append(Reported(s.tried, judgement, effects, _finding(effects, judgement)))
    in_force, policies = reported[0], tuple(reported[1:])
    return Report(in_force, policies, selected[0].kept, _summary(in_force, policies))


def knee_of(found: Report, goals: Goals) -> int | None:
    """Return the number of the front's policy beyond which one objective costs much of another; None without one.

    The policy in force takes part where it is on the front. A front of a single policy has no knee.
    """
    front = [*found.policies, *([found.in_force] if found.in_force_on_front else [])]
    means = [[e.estimate.mean for e in p.effects] for p in front]
    if sum(all(math.isfinite(m) for m in row) for row in means) < 2:
        return None
    return front[knee(means, [g.direction for g in goals.objectives])].tried.number


def _effect(
    measure: str, sign: int, own: Sequence[Row], today: Sequence[Row], searched: float, p_value: float
) -> Effect:
    values, base = _known(own, measure), _known(today, measure)
    estimate, difference = interval(values), paired(values, base)
    flattered = sign * (searched - estimate.mean)
    optimism = flattered / abs(estimate.mean) if estimate.mean else (0.0 if flattered == 0.0 else math.nan)
    return Effect(measure, estimate, difference, sign * difference.mean, p_value, optimism)


def _known(rows: Sequence[Row], measure: str) -> list[float]:
    """Return the values of a measure, nan for those that are no finite number."""
    return [row[measure] if math.isfinite(row[measure]) else math.nan for row in rows]


def _finding(effects: Sequence[Effect], judgement: Judgement) -> Finding:
    if not judgement.feasible:
        return "infeasible"
    improved, lost = any(e.improved for e in effects), any(e.lost for e in effects)
    if improved:
        return "trade" if lost else "better"
    return "worse" if lost else "same"


def _summary(in_force: Reported, policies: Sequence[Reported]) -> Summary:
    found = {p.finding for p in policies} - {"infeasible"}
    if not in_force.judgement.feasible:
        return "in force infeasible" if found else "no feasible policy"
    if "better" in found:
        return "improvement"
    return "trade-off" if "trade" in found else "no detectable improvement"
