"""Why a measure misses a plan or a target: what each of five factors brings, by Shapley over counterfactual runs.

Every coalition of factors is played on the same replications: people who come in both scenarios keep their moment and
their luck. What the factors bring adds up to the gap in every replication, to rounding.
"""

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
from funnelsim.lab.factors import FACTORS, Factor, changes, mixed
from funnelsim.lab.play import play
from funnelsim.lab.processes import Finished, Progress, for_each_replication, to_json
from funnelsim.population.volume import draw_in_volume
from funnelsim.records import Float64
from funnelsim.shapley import coalition, shapley_values
from funnelsim.stats import Interval, holm, interval, paired_p_value

LEVEL = 0.05
EVERYTHING = coalition(range(len(FACTORS)))
ALL_BUT_VOLUME = EVERYTHING - coalition([FACTORS.index("volume")])
MOST_VOLUME = 20.0
"""A target that needs more than so many times the leads, or less than one in so many, is no plan."""
NOT_OFFERED = ("visitors", "visitor_to_lead_share")
"""Measures of people who come without becoming leads: who comes in addition is drawn as leads alone."""

Finding = Literal["missing", "in excess", "no detectable part", "the same"]
Worth = dict[int, Float64]
"""By replication, the measure of each coalition by its number: (32,)."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one factor brings to the gap, in the measure's unit."""

    factor: Factor
    brings: Interval  # Shapley value; 95 % for all parts together
    alone: float  # were it the only one as planned
    last: float  # were it the last one to be as planned
    p_value: float  # that it brings nothing, adjusted (Holm)
    finding: Finding


@dataclass(frozen=True, slots=True)
class Attribution:
    """A gap and its parts."""

    measure: str
    replications: tuple[int, ...]
    as_is: Interval  # 95 %
    planned: Interval  # with all five factors as planned, 95 %
    target: float | None  # None: the plan itself is what is wanted
    gap: Interval  # what is wanted less what is, 95 %
    parts: tuple[Part, ...]
    remainder: Interval | None  # target less planned, 95 %; None without a target
    volume: float | None  # times the leads that a target needs, all else as planned; None for a plan
    differs: Mapping[Factor, tuple[str, ...]]  # paths in which the plan differs, by factor

    @property
    def wanted(self) -> float:
        """Return what is wanted: the target, or what the plan brings."""
        return self.planned.mean if self.target is None else self.target


def coalitions(actual: Scenario, plan: Scenario) -> tuple[Scenario, ...]:
    """Return the scenario of every coalition of factors by its number, 0 being `actual` and the last one the plan.

    Raises:
        InputError: where a mixture of the two breaks a rule of scenarios: every fault at once.
    """
    found, faults = [], list[Fault]()
    for number in range(EVERYTHING + 1):
        taken = [factor for at, factor in enumerate(FACTORS) if number >> at & 1]
        try:
            found.append(mixed(actual, plan, taken))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    return tuple(found)


def play_coalitions(
    actual: Scenario,
    plan: Scenario,
    *,
    measure: str,
    replications: Sequence[int],
    only: Sequence[int] | None = None,
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, Float64], None] | None = None,
    finished: Finished[Float64] | None = None,
) -> Worth:
    """Return by replication the measure under every coalition of factors, nan for those that are not in `only`.

    Coalitions of equal scenarios are played once. Other arguments and errors as in `for_each_replication` and `play`.

    Raises:
        InputError: where a mixture breaks a rule of scenarios.
        ValueError: where the measure counts people who are no leads.
    """
    if measure in NOT_OFFERED:
        raise ValueError(f"'{measure}' cannot be attributed")
    if not isinstance(engine, Engine):
        engine = choose(engine)
    engine.prepare()
    every = coalitions(actual, plan)
    texts = tuple(to_json(s) if only is None or at in only else "" for at, s in enumerate(every))
    return for_each_replication(
        partial(_measure_coalitions, texts=texts, measure=measure, engine=engine),
        actual,
        replications=replications,
        jobs=jobs,
        progress=progress,
        executor=executor,
        on_result=on_result,
        finished=finished,
    )


def _measure_coalitions(
    scenario: Scenario, replication: int, *, texts: tuple[str, ...], measure: str, engine: Engine
) -> Float64:
    """Return the measure of every coalition in one replication. Other processes import this by name."""
    found = np.full(len(texts), np.nan)
    done: dict[str, float] = {"": math.nan}
    for text in _by_world(texts):
        base = _read(text)
        leads, market = draw_in_volume(scenario.market, base.market, base.economics, scenario.run, replication)
        for other in texts:
            if other not in done and (_read(other).market, _read(other).economics) == (base.market, base.economics):
                played = play(_read(other).model_copy(update={"market": market}), leads, engine=engine)
                done[other] = played.summary([measure])[measure]
    found[:] = [done[text] for text in texts]
    return found


@lru_cache(maxsize=4)
def _by_world(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return one of the texts for each world among them."""
    first: list[str] = []
    for text in dict.fromkeys(texts):
        worlds = [(_read(other).market, _read(other).economics) for other in first]
        if text and (_read(text).market, _read(text).economics) not in worlds:
            first.append(text)
    return tuple(first)


@lru_cache(maxsize=2 * (EVERYTHING + 1))
def _read(text: str) -> Scenario:
    return Scenario.model_validate_json(text)


def needed_volume(worth: Worth, target: float, *, where: str) -> float:
    """Return how many times the leads bring the target, all else as planned, from what all but volume bring.

    With reps enough, what leads bring is proportional to how many they are.

    Args:
        worth: With the coalition `ALL_BUT_VOLUME` in each replication.
        target: In the measure's unit over the measured window.
        where: Origin of the target, for messages.

    Raises:
        InputError: where no sensible number of leads brings it.
    """
    mean = float(np.mean([row[ALL_BUT_VOLUME] for row in worth.values()]))
    factor = target / mean if mean > 0 else math.inf
    if not 1 / MOST_VOLUME <= factor <= MOST_VOLUME:
        rule = f"would need {factor:.3g} times the leads, all else by the standard; it must be {MOST_VOLUME:g} at most"
        raise InputError([Fault(where, "", rule if factor > 1 else "is far below what the leads there are bring")])
    return factor


def attribute(
    worth: Worth,
    actual: Scenario,
    plan: Scenario,
    *,
    measure: str,
    target: float | None = None,
    volume: float | None = None,
) -> Attribution:
    """Return what each factor brings to the gap between what is and what is wanted.

    Intervals are t-intervals over the replications; those of the parts hold all together with 95 % (Bonferroni). A part
    is called where its interval excludes zero; its p-value is adjusted for the five by Holm, who needs a little less.

    Args:
        worth: By replication, the measure of every coalition (`play_coalitions`).
        actual: The scenario as it is.
        plan: The plan.
        measure: The measure.
        target: What is wanted in place of what the plan brings, in the measure's unit over the measured window.
        volume: By how much the plan multiplies the leads, where it was made for a target.
    """
    numbers = sorted(worth)
    table = np.stack([worth[r] for r in numbers])  # (replications, 32)
    known = table[np.isfinite(table).all(axis=1)]
    brought = shapley_values(known.T)  # (5, replications)
    nothing = np.zeros(known.shape[0])
    adjusted = holm([paired_p_value(row, nothing) for row in brought])
    differs = changes(actual, plan)
    parts = []
    for at, factor in enumerate(FACTORS):
        bit = coalition([at])
        brings = interval(brought[at], 1 - LEVEL / len(FACTORS))
        parts.append(
            Part(
                factor=factor,
                brings=brings,
                alone=float((known[:, bit] - known[:, 0]).mean()),
                last=float((known[:, EVERYTHING] - known[:, EVERYTHING - bit]).mean()),
                p_value=float(adjusted[at]),
                finding=_finding(brought[at], brings),
            )
        )
    as_is, planned = known[:, 0], known[:, EVERYTHING]
    return Attribution(
        measure=measure,
        replications=tuple(numbers),
        as_is=interval(as_is),
        planned=interval(planned),
        target=target,
        gap=interval((planned if target is None else target) - as_is),
        parts=tuple(parts),
        remainder=None if target is None else interval(target - planned),
        volume=volume,
        differs={factor: tuple(path for path, _, _ in found) for factor, found in differs.items()},
    )


def _finding(brought: Float64, brings: Interval) -> Finding:
    if (brought == 0.0).all():
        return "the same"
    if not abs(brings.mean) > brings.half_width:
        return "no detectable part"
    return "missing" if brings.mean > 0 else "in excess"
