"""The best of many scenarios: a first look drops who cannot be it, then KN with a guarantee or OCBA for a budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine
from funnelsim.errors import Fault, InputError
from funnelsim.lab.compare import play_each
from funnelsim.lab.processes import Finished
from funnelsim.metrics import MEASURES
from funnelsim.records import Float64, Int64
from funnelsim.selecting_best import kim_nelson, probability_correct, starved, subset

AHEAD = 8
"""Replications played at once where the procedure asks for the next: a constant, whatever the number of workers."""
STEPS = 20
"""Into so many steps OCBA cuts what is left of its budget after the first look."""
LEAST_FIRST = 10
"""Replications of the first look on which KN may rest its guarantee.

Kim & Nelson (2006, Handbooks in Operations Research and Management Science 13, ch. 17) ask for 10 or more. From fewer
the variances of differences are so uncertain that KN needs ten times the replications (of five normal systems 3,000 in
all after a first look of 3, 290 after 10), and values that are not normal mislead it more (`docs/select.md`).
"""

Procedure = Literal["KN", "OCBA"]
PlaySome = Callable[[Sequence[int], range], Mapping[int, Sequence[float]]]
"""Plays some systems in some replications: by replication their values, in the order asked for."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What is asked of a selection."""

    procedure: Procedure
    direction: Literal["up", "down"]  # which way is better
    indifference: float  # in the measure's unit; > 0 for KN, >= 0 for OCBA
    confidence: float = 0.95  # of KN; of OCBA for the first look alone
    first: int = LEAST_FIRST  # replications of all before anything is dropped: of KN >= `LEAST_FIRST`, of OCBA >= 2
    at_most: int = 1_000  # KN: replications of one system at which it gives up
    budget: int | None = None  # OCBA: replications of all systems together


@dataclass(frozen=True, slots=True)
class Selection:
    """Which system was selected, and how."""

    rules: Rules
    best: int
    first_look: tuple[int, ...]  # who was left after the first look
    left: tuple[int, ...]  # who is left at the end, the selected one among them
    values: tuple[tuple[float, ...], ...]  # of each system in replications 0, 1, ...
    looked_at: tuple[int, ...]  # replications of each that decided; KN is played a little ahead of these
    probability: float  # approximate probability of correct selection: estimated from the values, not guaranteed;
    #                     correct is whoever no other is ahead of by more than the indifference
    complete: bool  # False where it was interrupted

    @property
    def guaranteed(self) -> bool:
        """Return whether KN came to its end: the best is selected with the confidence if ahead by the indifference."""
        return self.rules.procedure == "KN" and self.complete and len(self.left) == 1

    @property
    def played(self) -> int:
        """Return the replications of all systems together."""
        return sum(len(v) for v in self.values)


def select(play_some: PlaySome, *, systems: int, rules: Rules) -> Selection:
    """Return the best of `systems`, all played in the same replications from 0 on.

    The first look is subset selection; with KN each of the two gets half of 1 - confidence. KN goes on from the same
    replications, which is sound: the best is selected where it survives the first look and wins its races against all
    others, those that the first look dropped included, and each race keeps its share of the error (hence the level
    below, by which KN on fewer systems counts with all). Nelson, Swann, Goldsman & Song (2001, Operations Research
    49(6)) for the two stages; Kim & Nelson (2001, ACM TOMACS 11(3)) for KN. The guarantee supposes paired differences
    near normal. OCBA has none: of it the approximate probability of correct selection is told, which is estimated.

    Args:
        play_some: Plays; each system and replication is asked for once.
        systems: How many, >= 2.
        rules: What is asked.

    Raises:
        ValueError: where the rules make no sense.
        KeyboardInterrupt: where the user interrupts before the first look is complete; later, what is known is
            returned with `complete` False.
    """
    check_rules(rules, systems)
    table = _Table(play_some, systems, sign=1.0 if rules.direction == "up" else -1.0)
    everyone = list(range(systems))
    table.fill(dict.fromkeys(everyone, rules.first))
    error = (1 - rules.confidence) / (2 if rules.procedure == "KN" else 1)
    stays = subset(table.head(everyone, rules.first), confidence=1 - error, indifference=rules.indifference)
    first_look = np.flatnonzero(stays).tolist()
    going = _Going(first_look, table.counts())
    complete = True
    try:
        if len(first_look) > 1 and rules.procedure == "KN":
            _race(table, going, rules, error=error)
        elif len(first_look) > 1:
            _spend(table, going, rules)
    except KeyboardInterrupt:
        complete = False
    best = table.leader(going.left) if going.best is None else going.best
    probability = probability_correct(table.values, selected=best, indifference=rules.indifference)
    given = tuple(tuple((table.sign * np.array(v)).tolist()) for v in table.values)
    return Selection(
        rules=rules,
        best=best,
        first_look=tuple(first_look),
        left=tuple(going.left),
        values=given,
        looked_at=tuple(going.looked_at.tolist()),
        probability=probability,
        complete=complete,
    )


def playing(
    scenarios: Sequence[Scenario],
    labels: Sequence[str],
    *,
    measure: str,
    jobs: int = 1,
    engine: Engine,
    executor: Executor | None = None,
    told: Callable[[int], None] = lambda plays: None,
    finished: Finished[float] | None = None,
) -> PlaySome:
    """Return what plays scenarios for `select`: the numbers of `compare` for the same scenarios.

    Args:
        scenarios: All looked at alike, with the seed of the first.
        labels: What to call them.
        measure: The measure.
        jobs: Worker processes where there is no `executor`; no number changes an answer.
        engine: The one that plays.
        executor: Worker processes that live longer than one call.
        told: Called with how many plays are finished, after each batch.
        finished: Where values are kept, each as number replication * scenarios + scenario; what is there already is
            not played again.

    Raises:
        InputError: where the measure is not defined in a replication (from the function returned).
    """
    done = 0

    def play_some(systems: Sequence[int], replications: range) -> dict[int, list[float]]:
        nonlocal done
        # All with the run of the first of all, also where that one is out of the race.
        some = [scenarios[s].model_copy(update={"run": scenarios[0].run}) for s in systems]
        kept = None if finished is None else _KeptOfSome(finished, systems, of=len(scenarios), measure=measure)
        rows = play_each(
            some, measures=[measure], replications=replications, jobs=jobs, engine=engine, executor=executor,
            finished=kept,
        )  # fmt: skip
        found = {r: [row[measure] for row in rows[r]] for r in replications}
        for r, values in found.items():
            for s, value in zip(systems, values, strict=True):
                if not math.isfinite(value):
                    rule = f"{measure} is not defined in replication {r}, so nothing can be selected by it"
                    raise InputError([Fault(labels[s], "", rule, None, "select by another measure, or a longer run")])
        done += len(systems) * len(replications)
        told(done)
        return found

    return play_some


class _KeptOfSome:
    """What is kept of some of the scenarios, as `play_each` has it: their rows by replication."""

    def __init__(self, kept: Finished[float], systems: Sequence[int], *, of: int, measure: str) -> None:
        self._kept, self._systems, self._of, self._measure = kept, systems, of, measure
        self._there = kept.answers()

    def answers(self) -> dict[int, tuple[dict[str, float], ...]]:
        """Return the rows of the replications that all of them have."""
        begun = {n // self._of for n in self._there}
        numbers = {r: [r * self._of + s for s in self._systems] for r in begun}
        whole = {r: of_it for r, of_it in numbers.items() if all(n in self._there for n in of_it)}
        return {r: tuple({self._measure: self._there[n]} for n in of_it) for r, of_it in whole.items()}

    def add(self, replication: int, answer: tuple[dict[str, float], ...]) -> None:
        """Keep the value of each that is not there yet."""
        for s, row in zip(self._systems, answer, strict=True):
            number = replication * self._of + s
            if number not in self._there:
                self._kept.add(number, row[self._measure])


def direction_of(measure: str) -> Literal["up", "down"]:
    """Return which way a measure is better.

    Raises:
        InputError: where neither way is.
    """
    direction = MEASURES[measure].direction
    if direction == "none":
        raise InputError([Fault("--measure", "", "must be one of which more or less is better", measure)])
    return direction


def check_rules(rules: Rules, systems: int) -> None:
    """Check that rules can be kept with so many systems.

    Raises:
        ValueError: where not, saying which.
    """
    if systems < 2:
        raise ValueError(f"there must be 2 or more to select among, got {systems}")
    if rules.first < 2:
        raise ValueError(f"the first look takes 2 replications or more, got {rules.first}")
    if not 0.5 < rules.confidence < 1:
        raise ValueError(f"the confidence must be above 0.5 and below 1, got {rules.confidence:g}")
    if rules.procedure == "KN" and not rules.indifference > 0:
        raise ValueError(f"the smallest difference worth detecting must be > 0, got {rules.indifference:g}")
    if rules.procedure == "KN" and rules.first < LEAST_FIRST:
        raise ValueError(f"the guarantee of KN takes a first look of {LEAST_FIRST} or more, got {rules.first}")
    if rules.procedure == "KN" and rules.at_most < rules.first:
        raise ValueError(f"KN gives up after the first {rules.first} replications or later, got {rules.at_most}")
    if rules.procedure == "OCBA" and (rules.budget is None or rules.budget < systems * rules.first):
        least = f"{systems} scenarios x {rules.first} replications of each at first = {systems * rules.first}"
        raise ValueError(f"the budget must be at least {least}, got {rules.budget}")


class _Going:
    """How far a selection has come, for who interrupts it."""

    def __init__(self, left: list[int], looked_at: Int64) -> None:
        self.left, self.looked_at = left, looked_at
        self.best: int | None = None


class _Table:
    """Values of systems, more being better, replications 0, 1, ... of each."""

    def __init__(self, play_some: PlaySome, systems: int, *, sign: float) -> None:
        self._play_some, self.sign = play_some, sign
        self.values: list[list[float]] = [[] for _ in range(systems)]

    def fill(self, wanted: Mapping[int, int]) -> None:
        """Play each system in the replications below the number given that it lacks, in as few calls as can be."""
        edges = sorted({len(self.values[s]) for s in wanted} | set(wanted.values()))
        for begin, end in pairwise(edges):
            some = [s for s, until in wanted.items() if len(self.values[s]) == begin and until >= end]
            if some:
                found = self._play_some(some, range(begin, end))
                for at, s in enumerate(some):
                    self.values[s] += [self.sign * found[r][at] for r in range(begin, end)]

    def head(self, systems: Sequence[int], n: int) -> Float64:
        """Return (n, systems): the first n replications."""
        return np.array([self.values[s][:n] for s in systems], dtype=np.float64).T

    def counts(self) -> Int64:
        """Return (k,) how many replications each system has."""
        return np.array([len(v) for v in self.values], dtype=np.int64)

    def ahead(self, s: int, other: int) -> Float64:
        """Return by how much `s` is ahead of `other`, in each replication that both were played in."""
        n = min(len(self.values[s]), len(self.values[other]))
        found: Float64 = np.array(self.values[s][:n]) - np.array(self.values[other][:n])
        return found

    def leader(self, systems: Sequence[int]) -> int:
        """Return who leads, each held against the one with most replications, in those that both have."""
        most = max(systems, key=lambda s: len(self.values[s]))
        return max(systems, key=lambda s: float(self.ahead(s, most).mean()))


def _race(table: _Table, going: _Going, rules: Rules, *, error: float) -> None:
    """Let those who are left race by KN."""
    racing = list(going.left)
    level = error * (len(racing) - 1) / (len(table.values) - 1)

    def play(left: Int64, r: int) -> Float64:
        systems = [racing[n] for n in left.tolist()]
        if r >= rules.first:
            table.fill(dict.fromkeys(systems, min((r // AHEAD + 1) * AHEAD, rules.at_most)))
        going.left = systems
        going.looked_at[systems] = np.maximum(going.looked_at[systems], r + 1)
        return np.array([table.values[s][r] for s in systems])

    found = kim_nelson(
        play,
        systems=len(racing),
        indifference=rules.indifference,
        confidence=1 - level,
        first=rules.first,
        at_most=rules.at_most,
    )
    going.best, going.left = racing[found.best], [racing[n] for n in found.left]


def _spend(table: _Table, going: _Going, rules: Rules) -> None:
    """Spend what is left of the budget on those who are left, by OCBA for common random numbers."""
    assert rules.budget is not None  # checked
    racing, rest = list(going.left), rules.budget - int(table.counts().sum())
    step = max(1, math.ceil(rest / STEPS))
    while rest > 0:
        leader = table.leader(racing)
        differences = [table.ahead(leader, s) for s in racing]
        behind = [0.0 if s == leader else max(0.0, float(d.mean())) for s, d in zip(racing, differences, strict=True)]
        spread = [0.0 if (d == d[0]).all() else float(d.std(ddof=1)) for d in differences]
        # The leader comes first among those with distance 0, as `starved` takes it.
        order = sorted(range(len(racing)), key=lambda n: racing[n] != leader)
        counts = [len(table.values[s]) for s in racing]
        wanted = starved(*([values[n] for n in order] for values in (behind, spread, counts)), more=min(step, rest))
        if not wanted.any():
            break
        table.fill({racing[n]: counts[n] + more for n, more in zip(order, wanted.tolist(), strict=True)})
        going.looked_at = table.counts()
        rest = rules.budget - int(going.looked_at.sum())
    going.best = table.leader(racing)
