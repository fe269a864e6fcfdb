"""Which fields of policy and world matter: one at a time, screened all together (Morris), and as shares of variance.

Every point is played on the same replications. Given those, a response is a function of the inputs alone; it is
averaged over the replications, and what luck is left shows in the intervals, which resample replications too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Wish, choose
from funnelsim.lab.compare import Comparison, compare
from funnelsim.lab.inputs import Input, Setting, ends_of
from funnelsim.lab.play import play
from funnelsim.lab.processes import Finished, Progress, for_each_replication
from funnelsim.population.volume import draw_in_volume
from funnelsim.records import Float64
from funnelsim.screening import Screened, elementary_effects, screen, trajectories
from funnelsim.sobol import Shares, saltelli_design, sobol_shares

MOST_SHARED = 8
"""Inputs that Sobol indices are worked out for."""
FEWER = 4
"""Replications of each point of a screening or of the design behind Sobol indices."""

Values = dict[int, Float64]
"""By replication, (points, measures)."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What a study of sensitivity says; d inputs."""

    inputs: tuple[Input, ...]
    measures: tuple[str, ...]
    replications: tuple[int, ...]
    alone: Comparison  # in force, then every end (or choice) of every input, all else as it is
    ends: tuple[tuple[int, ...], ...]  # by input, the scenarios of `alone` that are its ends, low to high
    screened: Mapping[str, tuple[Screened, ...]]  # by measure that is defined everywhere; empty: not asked for
    trajectories: int
    shared: Mapping[str, tuple[Shares, ...]]  # by measure, of the inputs `shared_inputs`
    shared_inputs: tuple[int, ...]
    rows: int  # of the design behind `shared`
    complete: bool = True  # False where the user interrupted before all was played

    def swing(self, measure: str, at: int) -> float:
        """Return how far apart the ends of an input alone are, the value in force among them."""
        m = self.measures.index(measure)
        seen = [0.0, *(self.alone.contrasts[s][m].difference.mean for s in self.ends[at])]
        return max(seen) - min(seen)

    def order(self, measure: str) -> list[int]:
        """Return the inputs from the most to the least important: by mu*, else by swing."""
        known = self.screened.get(measure)
        weight = [
            known[at].mu_star.estimate if known is not None else self.swing(measure, at)
            for at in range(len(self.inputs))
        ]
        return sorted(range(len(weight)), key=lambda at: (-np.nan_to_num(weight[at], nan=-1.0), at))


def play_settings(
    scenario: Scenario,
    settings: Sequence[Setting],
    *,
    measures: Sequence[str],
    replications: Sequence[int],
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, Float64], None] | None = None,
    finished: Finished[Float64] | None = None,
) -> Values:
    """Return by replication the measures of the scenario under each setting: (settings, measures).

    Settings of one world share their leads, equal ones are played once. Where a setting changes how many come, those
    who came anyway are not moved (`draw_in_volume`); all other numbers are those of `replicate`, to the bit. Arguments
    and errors as in `for_each_replication` and `play`.
    """
    if not isinstance(engine, Engine):
        engine = choose(engine)
    engine.prepare()
    return for_each_replication(
        partial(_measure_settings, settings=tuple(settings), measures=tuple(measures), engine=engine),
        scenario,
        replications=replications,
        jobs=jobs,
        progress=progress,
        executor=executor,
        on_result=on_result,
        finished=finished,
    )


def _measure_settings(
    scenario: Scenario, replication: int, *, settings: tuple[Setting, ...], measures: tuple[str, ...], engine: Engine
) -> Float64:
    """Return the measures of every setting in one replication. Other processes import this by name."""
    places: dict[Setting, list[int]] = {}
    for at, setting in enumerate(settings):
        places.setdefault(setting, []).append(at)
    found = np.empty((len(settings), len(measures)))
    worlds: dict[tuple[tuple[str, float | str], ...], list[Setting]] = {}
    for setting in places:
        worlds.setdefault(setting.world, []).append(setting)
    for world, members in worlds.items():
        base = Setting(world=world).applied(scenario)
        leads, market = draw_in_volume(scenario.market, base.market, base.economics, base.run, replication)
        base = base.model_copy(update={"market": market})
        for setting in members:
            values = play(Setting(setting.policy).applied(base), leads, engine=engine).summary(measures)
            found[places[setting]] = [values[m] for m in measures]
    return found


def alone_settings(inputs: Sequence[Input]) -> tuple[list[Setting], list[str], list[tuple[int, ...]]]:
    """Return the settings of a look at one input at a time (in force first), their labels, and the places by input."""
    settings, labels, ends = [Setting()], ["in force"], []
    for one in inputs:
        first = len(settings)
        for u in ends_of(one):
            settings.append(one.at(u))
            labels.append(f"{one.path} = {end_text(one, u)}")
        ends.append(tuple(range(first, len(settings))))
    return settings, labels, ends


def end_text(one: Input, u: float) -> str:
    """Return the value of an input at `u`, 0..1, as a file writes it, or the change of a relative one.

    >>> end_text(Input("sla.attempts", "policy", 2.0, 12.0, whole=True), 0.5)
    '7'
    """
    if one.choices:
        return str(one.choices[one.choice(u)])
    if one.is_relative:
        return f"{100 * one.amount(u):+.3g} %"
    amount = float(f"{one.amount(u):.4g}")
    return f"{amount:g}" if one.unit is None else str(one.unit.scaled_to(amount))


def morris_settings(inputs: Sequence[Input], count: int, *, seed: int) -> tuple[list[Setting], Float64]:
    """Return the settings along Morris trajectories, and the points that they lie at: (count, d + 1, d).

    An input of choices goes from one to another, both drawn for each trajectory, so every pair has its turn.
    """
    points = trajectories(len(inputs), count, seed=seed)
    rng = np.random.default_rng([seed, 1])
    settings = []
    for path in points:
        pairs = [rng.permutation(len(one.choices))[:2] if one.choices else None for one in inputs]
        for point in path:
            whole = Setting()
            for j, one in enumerate(inputs):
                u = float(point[j])
                pair = pairs[j]
                if pair is not None:
                    u = (pair[int(u != path[0, j]) % len(pair)] + 0.5) / len(one.choices)
                whole = whole.joined(one.at(u))
            settings.append(whole)
    placed = points.copy()
    for j, one in enumerate(inputs):
        placed[..., j] = np.vectorize(one.place, otypes=[float])(points[..., j])
    # A step that whole numbers swallow moves nothing: its effect is nothing over the length that was meant.
    swallowed = (np.diff(placed, axis=1) != 0).sum(axis=2) != 1
    return settings, points if swallowed.any() else placed


def sobol_settings(inputs: Sequence[Input], rows: int, *, seed: int) -> list[Setting]:
    """Return the settings at the points of the Saltelli design of so many rows."""
    settings = []
    for point in saltelli_design(len(inputs), rows, seed=seed).points:
        whole = Setting()
        for one, u in zip(inputs, point, strict=True):
            whole = whole.joined(one.at(float(u)))
        settings.append(whole)
    return settings


def judge(
    inputs: Sequence[Input],
    alone: Values,
    screening: Values | None,
    variance: Values | None = None,
    *,
    measures: Sequence[str],
    points: Float64 | None = None,
    shared_inputs: Sequence[int] = (),
    rows: int = 0,
    seed: int = 0,
    complete: bool = True,
) -> Sensitivity:
    """Return what the replications of `alone_settings`, `morris_settings` and `sobol_settings` say.

    A measure that is undefined at any point has no screening and no shares.

    Args:
        inputs: What was varied.
        alone: Values at `alone_settings`.
        screening: Values at `morris_settings`; None where not asked for.
        variance: Values at `sobol_settings` of the inputs `shared_inputs`; None where not asked for.
        measures: In the order of the values' last axis.
        points: Of `morris_settings`.
        shared_inputs: Which inputs the design of `rows` rows varied.
        rows: Rows of that design.
        seed: Seed of the designs, and of the resampling.
        complete: Whether all that was asked for was played.
    """
    _, labels, ends = alone_settings(inputs)
    rows_alone = {
        r: tuple(dict(zip(measures, map(float, row), strict=True)) for row in table) for r, table in alone.items()
    }
    screened, shared = {}, {}
    for m, measure in enumerate(measures):
        if screening is not None and points is not None:
            table = np.stack([screening[r][:, m] for r in sorted(screening)])
            if np.isfinite(table).all():
                values = table.reshape(table.shape[0], *points.shape[:2])
                screened[measure] = screen(elementary_effects(points, values), seed=seed)
        if variance is not None:
            table = np.stack([variance[r][:, m] for r in sorted(variance)])
            if np.isfinite(table).all():
                shared[measure] = sobol_shares(table, saltelli_design(len(shared_inputs), rows, seed=seed), seed=seed)
    return Sensitivity(
        inputs=tuple(inputs),
        measures=tuple(measures),
        replications=tuple(sorted(alone)),
        alone=compare(rows_alone, labels=labels, measures=measures, seed=seed),
        ends=tuple(ends),
        screened=screened,
        trajectories=0 if points is None else points.shape[0],
        shared=shared,
        shared_inputs=tuple(shared_inputs),
        rows=rows,
        complete=complete,
    )


def sensitivity(
    scenario: Scenario,
    inputs: Sequence[Input],
    *,
    measures: Sequence[str],
    replications: Sequence[int],
    screening: int = 10,
    rows: int = 0,
    most: int = MOST_SHARED,
    fewer: int = FEWER,
    seed: int = 0,
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Callable[[str], Progress | None] | None = None,
    executor: Executor | None = None,
    finished: Callable[[str, Sequence[str]], Finished[Float64] | None] | None = None,
) -> Sensitivity:
    """Return how the measures depend on the inputs, all played on the same replications.

    Where the user interrupts, what is finished is returned, if each input alone was looked at in two replications.

    Args:
        scenario: What is in force.
        inputs: What is varied (see `funnelsim.lab.inputs`), at least one.
        measures: Names of measures.
        replications: For the look at one input at a time; at least one.
        screening: Morris trajectories; 0 = none.
        rows: Rows of the Saltelli design behind the Sobol indices, a power of two; 0 = none.
        most: Sobol indices are of so many inputs, those that weigh most by the first measure.
        fewer: Screening and indices take the first so many of the replications.
        seed: Seed of the designs; 0 is a seed.
        jobs: Worker processes; never changes an answer.
        engine: Which engine plays.
        progress: Given the name of a part, returns what is called with (finished, of how many replications) of it.
        executor: Used in place of own workers (see `for_each_replication`).
        finished: Given the name of a part and the paths of its inputs, returns where its replications are kept.
    """
    numbers = sorted(replications)
    points = None
    parts: dict[str, Values] = {}

    def values(part: str, of: Sequence[Input], settings: list[Setting], which: Sequence[int]) -> None:
        done: Values = {}
        parts[part] = done
        play_settings(
            scenario, settings, measures=measures, replications=which, jobs=jobs, engine=engine,
            progress=None if progress is None else progress(part), on_result=done.__setitem__, executor=executor,
            finished=None if finished is None else finished(part, [one.path for one in of]),
        )  # fmt: skip

    chosen: list[int] = []
    complete = True
    try:
        values("one at a time", inputs, alone_settings(inputs)[0], numbers)
        if screening:
            walked, points = morris_settings(inputs, screening, seed=seed)
            values("screening", inputs, walked, numbers[:fewer])
        if rows:
            known = _judged(parts, inputs, measures=measures, points=points, seed=seed)
            chosen = sorted(known.order(measures[0])[:most])
            weighty = [inputs[at] for at in chosen]
            values("indices", weighty, sobol_settings(weighty, rows, seed=seed), numbers[:fewer])
    except KeyboardInterrupt:
        if len(parts.get("one at a time", {})) < 2:
            raise
        complete = False
    return _judged(
        parts, inputs, measures=measures, points=points, shared_inputs=chosen, rows=rows, seed=seed, complete=complete
    )


def _judged(parts: Mapping[str, Values], inputs: Sequence[Input], **how: Any) -> Sensitivity:
    return judge(
        inputs, parts["one at a time"], parts.get("screening") or None, parts.get("indices") or None, **how
    )  # fmt: skip
