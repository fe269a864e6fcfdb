"""What a search wants: objectives to raise or lower, and constraints; and what replications of a policy say of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Constraint, Search
from funnelsim.config.suggest import did_you_mean
from funnelsim.errors import Fault, InputError
from funnelsim.metrics import MEASURES
from funnelsim.records import Float64
from funnelsim.stats import proportion_low

Row = Mapping[str, float]
"""The measures of one policy in one replication, by name."""

Status = Literal["feasible", "infeasible", "undefined", "invalid", "given up"]
"""'invalid' makes no policy; one 'given up' was not played on all replications (see `race`)."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One objective."""

    measure: str
    direction: Literal["maximize", "minimize"]

    @property
    def sign(self) -> int:
        """Return 1 where more is better, else -1."""
        return 1 if self.direction == "maximize" else -1


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the replications of one policy say of the goals."""

    means: tuple[float, ...]  # objectives, in their own units; nan where not defined
    violations: tuple[float, ...]  # constraints; kept where <= 0
    status: Status
    reason: str = ""  # why it is not feasible
    replications: int = 0  # on which it rests

    @property
    def feasible(self) -> bool:
        """Return whether every objective is defined and every constraint kept."""
        return self.status == "feasible"


@dataclass(frozen=True, slots=True)
class Goals:
    """All objectives and constraints of a study."""

    objectives: tuple[Goal, ...]
    constraints: tuple[Constraint, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        """Return the names of all measures that are looked at, each once."""
        names = [g.measure for g in self.objectives] + [c.measure for c in self.constraints]
        return tuple(dict.fromkeys(names))

    def losses(self, rows: Sequence[Row]) -> Float64:
        """Return the objectives by replication as losses, lower is better: shape (replications, objectives)."""
        values = [[-g.sign * row[g.measure] for g in self.objectives] for row in rows]
        return np.array(values, dtype=np.float64).reshape(len(rows), len(self.objectives))

    def tightness(self, rows: Sequence[Row]) -> tuple[float, ...]:
        """Return how near each constraint is to being broken, on the mean: the less, the more there is to spare."""
        found = []
        for constraint in self.constraints:
            bound, sign = _bound(constraint)
            found.append(sign * (bound - mean([row[constraint.measure] for row in rows])))
        return tuple(found)

    @property
    def chances(self) -> tuple[Constraint, ...]:
        """Return the constraints with a probability that the report must show."""
        return tuple(c for c in self.constraints if c.probability is not None and c.confidence is not None)

    def doubts(self, rows: Sequence[Row]) -> tuple[float, ...]:
        """Return for each of `chances` how far `rows` are from showing it, >= 0."""
        return tuple(max(0.0, shortfall(c, [row[c.measure] for row in rows])) for c in self.chances)

    def judge(self, rows: Sequence[Row], *, confirming: bool = False) -> Judgement:
        """Return what `rows`, one for each replication, say.

        An objective that is not a finite number in some replication makes the policy `undefined`, which is never
        feasible: its mean could not be compared with that of a policy for which every replication counts.

        Args:
            rows: Measures, one entry a replication.
            confirming: A constraint with a probability and a confidence counts as kept only where the rows show it:
                where the lower bound of the probability reaches it (see `shortfall`).
        """
        n = len(rows)
        means = tuple(mean([row[g.measure] for row in rows]) for g in self.objectives)
        breach = shortfall if confirming else violation
        violations = tuple(breach(c, [row[c.measure] for row in rows]) for c in self.constraints)
        absent = [g.measure for g, m in zip(self.objectives, means, strict=True) if not math.isfinite(m)]
        if absent:
            return Judgement(means, violations, "undefined", f"{', '.join(absent)} not defined in every replication", n)
        broken = [c for c, v in zip(self.constraints, violations, strict=True) if v > 0]
        # What the share keeps is not broken: its probability is not shown.
        shown = [c for c in broken if violation(c, [row[c.measure] for row in rows]) > 0]
        reasons = [f"breaks {'; '.join(describe(c) for c in shown)}"] if shown else []
        reasons += [f"does not show {confirmation(c, rows)}" for c in broken if c not in shown]
        if reasons:
            return Judgement(means, violations, "infeasible", "; ".join(reasons), n)
        return Judgement(means, violations, "feasible", "", n)


def goals_of(scenario: Scenario) -> Goals:
    """Return the goals of a scenario's search; an objective without a direction has that of its measure.

    Raises:
        InputError: with every measure that does not exist, is wanted twice, or is not better either way, and every
            bound that no share can have.
    """
    objectives: list[Goal] = []
    faults: list[Fault] = []
    for at, wanted in enumerate(scenario.search.objectives):
        key, direction = f"search.objectives.{at}", wanted.direction
        measure = MEASURES.get(wanted.measure)
        if measure is None:
            faults.append(_unknown(scenario, f"{key}.measure", wanted.measure))
            continue
        if direction is None and measure.direction == "none":
            rule = f"must be given: '{wanted.measure}' is not better either way"
            faults.append(Fault(scenario.name, f"{key}.direction", rule))
            continue
        if wanted.measure in (g.measure for g in objectives):
            faults.append(Fault(scenario.name, f"{key}.measure", "is an objective already", repr(wanted.measure)))
            continue
        objectives.append(Goal(wanted.measure, direction or ("maximize" if measure.direction == "up" else "minimize")))
    for at, constraint in enumerate(scenario.search.constraints):
        if constraint.measure not in MEASURES:
            faults.append(_unknown(scenario, f"search.constraints.{at}.measure", constraint.measure))
    faults += bound_faults(scenario.search, where=scenario.name)
    if faults:
        raise InputError(faults)
    return Goals(tuple(objectives), tuple(scenario.search.constraints))


def bound_faults(search: Search, *, where: str) -> list[Fault]:
    """Return a fault for each constraint that bounds a share outside 0 to 1.

    Args:
        search: Its constraints; a measure that does not exist is passed over.
        where: Their origin, for messages.
    """
    faults = []
    for at, constraint in enumerate(search.constraints):
        measure = MEASURES.get(constraint.measure)
        name = "at_least" if constraint.at_least is not None else "at_most"
        bound, _ = _bound(constraint)
        if measure is None or measure.unit != "share" or 0.0 <= bound <= 1.0:
            continue
        remedy = f"did you mean {bound / 100:g}?" if 1.0 < bound <= 100.0 else None
        key = f"search.constraints.{at}.{name}"
        faults.append(Fault(where, key, "a share lies between 0 and 1", f"{bound:g}", remedy))
    return faults


def _unknown(scenario: Scenario, key: str, name: str) -> Fault:
    remedy = did_you_mean(name, MEASURES) or "`funnelsim measures` lists them"
    return Fault(scenario.name, key, "no such measure", repr(name), remedy)


def _bound(constraint: Constraint) -> tuple[float, int]:
    """Return the bound of a constraint, and 1 where it is a lower, -1 where it is an upper one."""
    bound, sign = (constraint.at_least, 1) if constraint.at_least is not None else (constraint.at_most, -1)
    assert bound is not None  # the model has exactly one of the two
    return bound, sign


def mean(values: Sequence[float]) -> float:
    """Return the mean, summed without rounding error in between; nan where a value is not finite."""
    if not all(math.isfinite(v) for v in values):
        return math.nan
    return math.fsum(values) / len(values)


def violation(constraint: Constraint, values: Sequence[float]) -> float:
    """Return by how much `values`, one for each replication, break the constraint: kept where <= 0, always finite.

    On the mean: by how much it lies beyond the bound, as a share of the bound (of 1 where the bound is 0). With a
    probability: how much the share of replications that keep the bound falls short of it. A value that is not a finite
    number does not keep its bound; one such makes the mean break it by 1.
    """
    if constraint.probability is not None:
        return (needed(constraint, len(values)) - kept(constraint, values)) / len(values)
    bound, sign = _bound(constraint)
    centre = mean(values)
    if not math.isfinite(centre):
        return 1.0
    return sign * (bound - centre) / (abs(bound) or 1.0)


def shortfall(constraint: Constraint, values: Sequence[float]) -> float:
    """Return by how much `values` fall short of showing that the constraint is kept: shown where <= 0.

    With a probability and a confidence: how much the lower bound of the share of replications that keep the bound (see
    `stats.proportion_low`) lies below the probability. Otherwise the `violation`.
    """
    if constraint.probability is None or constraint.confidence is None:
        return violation(constraint, values)
    # Where it takes every one of n replications, the two sides differ by rounding alone.
    low = proportion_low(kept(constraint, values), len(values), constraint.confidence)
    return 0.0 if math.isclose(low, constraint.probability, rel_tol=1e-12) else constraint.probability - low


def confirmation(constraint: Constraint, rows: Sequence[Row]) -> str:
    """Return in words how surely a constraint with a probability and a confidence is kept.

    >>> tested = Constraint(measure="mqls", at_least=9.0, probability=0.9)
    >>> confirmation(tested, [{"mqls": 10.0}] * 19 + [{"mqls": 8.0}])
    'mqls >= 9 in 90 % of replications: kept in 19 of 20, so in at least 78.4 % (95 % confidence)'
    """
    assert constraint.confidence is not None
    times = kept(constraint, [row[constraint.measure] for row in rows])
    low = proportion_low(times, len(rows), constraint.confidence)
    share = f"in at least {100 * low:.3g} % ({100 * constraint.confidence:g} % confidence)"
    return f"{describe(constraint)}: kept in {times} of {len(rows)}, so {share}"


def needed(constraint: Constraint, replications: int) -> int:
    """Return how many of so many replications must keep a constraint with a probability."""
    assert constraint.probability is not None
    # Compared as counts: 0.9 of 20 replications is 18, not 18.000000000000004.
    return math.ceil(constraint.probability * replications - 1e-9)


def kept(constraint: Constraint, values: Sequence[float]) -> int:
    """Return how many of `values` keep the bound of a constraint."""
    return int(np.count_nonzero(margins(constraint, values) <= 0.0))


def margins(constraint: Constraint, values: Sequence[float]) -> Float64:
    """Return by how much each of `values` breaks the bound, in its own unit: kept where <= 0, inf where not finite."""
    bound, sign = _bound(constraint)
    found = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(found), sign * (bound - found), math.inf)


def describe(constraint: Constraint) -> str:
    """Return the constraint in one line.

    >>> describe(Constraint(measure="first_touch_attainment", at_least=0.9, probability=0.95))
    'first_touch_attainment >= 0.9 in 95 % of replications'
    """
    bound = f">= {constraint.at_least:g}" if constraint.at_least is not None else f"<= {constraint.at_most:g}"
    how = "" if constraint.probability is None else f" in {constraint.probability * 100:g} % of replications"
    return f"{constraint.measure} {bound}{how}"
