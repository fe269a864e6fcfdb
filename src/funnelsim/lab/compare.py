"""Several scenarios on the same replications: paired differences, how surely one is best, and what would settle it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Wish, choose
from funnelsim.errors import Fault, InputError
from funnelsim.lab.play import draw, play
from funnelsim.lab.processes import Finished, Progress, for_each_replication, to_json
from funnelsim.metrics import MEASURES
from funnelsim.records import Float64
from funnelsim.selection_statistics import chances, replications_to_detect
from funnelsim.stats import Interval, holm, interval, paired, paired_p_value

LEVEL = 0.05
"""Probability that any difference is called though there is none."""

Finding = Literal["better", "worse", "more", "less", "no detectable difference", "not defined"]
Rows = dict[int, tuple[dict[str, float], ...]]
"""By replication, the measures of each scenario."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """One measure of one scenario beside the first."""

    measure: str
    estimate: Interval  # of the scenario alone, 95 %
    difference: Interval  # against the first, paired; 95 % for all differences of the comparison together
    p_value: float  # that there is no difference, adjusted (Holm) for all of them
    finding: Finding  # a difference is called where its interval excludes zero
    equal: bool  # the same number in every replication
    settled_by: int | None  # replications in all that would show the difference seen; None = it is shown, or no number
    probability_best: float  # nan for a measure of which neither way is better
    expected_regret: float  # in the measure's unit: how much the best one is better than this, on average

    @property
    def borderline(self) -> bool:
        """Return whether Holm's test tells a difference that the interval does not."""
        return self.finding == "no detectable difference" and self.p_value <= LEVEL


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison says; the first scenario is the one that the others are held against."""

    labels: tuple[str, ...]
    measures: tuple[str, ...]
    replications: tuple[int, ...]
    contrasts: tuple[tuple[Contrast, ...], ...]  # [scenario][measure]; those of the first with itself are equal

    def best(self, measure: str) -> int | None:
        """Return which scenario is most probably best in a measure, the first of equals; None where none can be."""
        at = self.measures.index(measure)
        found = [row[at].probability_best for row in self.contrasts]
        return None if any(math.isnan(p) for p in found) else found.index(max(found))


def check_comparable(scenarios: Sequence[Scenario], labels: Sequence[str]) -> None:
    """Check that all scenarios are looked at alike: one currency, and one `run` but for seed and replications.

    Raises:
        InputError: with everything in which one differs from the first.
    """
    first, faults = scenarios[0], []
    for scenario, label in zip(scenarios[1:], labels[1:], strict=True):
        wanted, given = first.run.model_dump(mode="json"), scenario.run.model_dump(mode="json")
        for name in wanted:
            if name not in ("seed", "replications") and wanted[name] != given[name]:
                rule = f"must be as in {labels[0]}, {wanted[name]}, or measures cannot be compared"
                faults.append(Fault(label, f"run.{name}", rule, str(given[name])))
        if first.economics.currency != scenario.economics.currency:
            rule = f"must be as in {labels[0]}, {first.economics.currency!r}"
            faults.append(Fault(label, "economics.currency", rule, repr(scenario.economics.currency)))
    if faults:
        raise InputError(faults)


def same_leads(a: Scenario, b: Scenario) -> bool:
    """Return whether two scenarios of one `run` meet the same leads: everything that is drawn is equal."""
    return (a.market, a.economics) == (b.market, b.economics)


def play_each(
    scenarios: Sequence[Scenario],
    *,
    measures: Sequence[str],
    replications: Sequence[int],
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, tuple[dict[str, float], ...]], None] | None = None,
    finished: Finished[tuple[dict[str, float], ...]] | None = None,
) -> Rows:
    """Return for each replication the measures of every scenario, all played with the first one's `run`.

    Scenarios of one world share their leads, which are drawn once a replication. Arguments and errors as in
    `for_each_replication` and `play`; the numbers are those of `replicate`, to the bit.

    Raises:
        InputError: where the scenarios are not looked at alike.
    """
    check_comparable(scenarios, [s.name or f"scenario {at}" for at, s in enumerate(scenarios)])
    run = scenarios[0].run
    texts = tuple(to_json(s.model_copy(update={"run": run})) for s in scenarios)
    if not isinstance(engine, Engine):
        engine = choose(engine)
    engine.prepare()
    return for_each_replication(
        partial(_measure_each, texts=texts, measures=tuple(measures), engine=engine),
        scenarios[0],
        replications=replications,
        jobs=jobs,
        progress=progress,
        executor=executor,
        on_result=on_result,
        finished=finished,
    )


def _measure_each(
    scenario: Scenario, replication: int, *, texts: tuple[str, ...], measures: tuple[str, ...], engine: Engine
) -> tuple[dict[str, float], ...]:
    """Return the measures of every scenario in one replication. Other processes import this by name."""
    drawn_for, leads = scenario, draw(scenario, replication)
    rows = []
    for one in _read(texts):
        if not same_leads(one, drawn_for):
            drawn_for, leads = one, draw(one, replication)
        rows.append(play(one, leads, engine=engine).summary(measures))
    return tuple(rows)


@lru_cache(maxsize=1)
def _read(texts: tuple[str, ...]) -> tuple[Scenario, ...]:
    return tuple(Scenario.model_validate_json(text) for text in texts)


def compare(rows: Rows, *, labels: Sequence[str], measures: Sequence[str], seed: int = 0) -> Comparison:
    """Return what the replications of `play_each` say of each scenario against the first.

    A difference is called where its interval excludes zero: so which way it lies is as sure as the intervals, which all
    hold together with 95 % (Bonferroni), and nobody reads "better" beside an interval that includes zero. The p-values
    are adjusted by Holm (1979), whose test needs a little less and has no such intervals: where it alone tells a
    difference, that is `borderline`. A measure that is undefined (nan, infinite) in a replication is left out there.

    Args:
        rows: By replication, at least one.
        labels: What to call each scenario.
        measures: Those to compare, all of them in `rows`.
        seed: Seed of the draws behind the probability of being best; 0 is a seed.
    """
    numbers = sorted(rows)
    tables = {m: _table([[one[m] for one in rows[r]] for r in numbers]) for m in measures}
    tests = [paired_p_value(t[:, s], t[:, 0]) for s in range(1, len(labels)) for t in tables.values()]
    family = max(1, sum(not math.isnan(p) for p in tests))
    adjusted = iter(holm(tests).tolist())
    luck = {m: _chances(table, m, seed) for m, table in tables.items()}
    contrasts = []
    for s in range(len(labels)):
        row = []
        for m, table in tables.items():
            p = next(adjusted) if s else math.nan
            row.append(_contrast(m, table, s, p_value=p, family=family, luck=luck[m]))
        contrasts.append(tuple(row))
    return Comparison(tuple(labels), tuple(measures), tuple(numbers), tuple(contrasts))


def _table(rows: Sequence[Sequence[float]]) -> Float64:
    values = np.asarray(rows, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _chances(table: Float64, measure: str, seed: int) -> tuple[Float64, Float64]:
    direction = MEASURES[measure].direction if measure in MEASURES else "none"
    if direction == "none":
        unknown = np.full(table.shape[1], np.nan)
        return unknown, unknown
    found = chances(table, better=direction, seed=seed)
    return found.probability_best, found.expected_regret


def _contrast(
    measure: str, table: Float64, s: int, *, p_value: float, family: int, luck: tuple[Float64, Float64]
) -> Contrast:
    own, first = table[:, s], table[:, 0]
    difference = paired(own, first, confidence=1 - LEVEL / family)
    known = ~np.isnan(own - first)
    equal = bool(known.any() and (own[known] == first[known]).all())
    finding = _finding(measure, difference, itself=s == 0, equal=equal)
    settled_by = None
    if finding == "no detectable difference" and not equal:
        # At the level of the intervals, as it is they that call a difference.
        deviation = float((own - first)[known].std(ddof=1))
        settled_by = replications_to_detect(difference.mean, deviation, level=LEVEL / family)
    return Contrast(
        measure=measure,
        estimate=interval(own),
        difference=difference,
        p_value=1.0 if s == 0 else p_value,
        finding=finding,
        equal=equal,
        settled_by=settled_by,
        probability_best=float(luck[0][s]),
        expected_regret=float(luck[1][s]),
    )


def _finding(measure: str, difference: Interval, *, itself: bool, equal: bool) -> Finding:
    if difference.n == 0 or (difference.n < 2 and not itself):
        return "not defined"
    if itself or equal or not abs(difference.mean) > difference.half_width:
        return "no detectable difference"
    direction = MEASURES[measure].direction if measure in MEASURES else "none"
    if direction == "none":
        return "more" if difference.mean > 0 else "less"
    return "better" if (difference.mean > 0) == (direction == "up") else "worse"


def values_by_scenario(rows: Rows, labels: Sequence[str]) -> Mapping[str, dict[int, dict[str, float]]]:
    """Return the measures by label and replication, replications rising."""
    return {label: {r: rows[r][at] for r in sorted(rows)} for at, label in enumerate(labels)}
