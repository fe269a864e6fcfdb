"""A search over states of the world: what a policy reaches in all of them makes one evaluation.

An evaluation plays a policy in every state on one replication, the same luck in each, and combines what it reaches: the
mean over the states, or the mean of the worst of them. So an evaluation stays one row of measures, and racing,
constraints, selection and intervals work on it as on any other. Regret needs the best of each state among all policies
that count, so it is judged at the end, among those that the search kept (see `confirm`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from funnelsim.config.market import Market
from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.engines.choice import Engine
from funnelsim.lab.criteria import Better, cvar
from funnelsim.lab.processes import Progress
from funnelsim.lab.robust import Robustness, judge, play_in_states
from funnelsim.lab.states import is_enumerated, states_of
from funnelsim.population.volume import draw_in_volume, same_demand
from funnelsim.records import Leads
from funnelsim.tuning.driver import REPORT_FROM
from funnelsim.tuning.evaluations import Job
from funnelsim.tuning.goals import Row, goals_of

Drawing = Callable[[int], Leads]
"""Gives the leads of a replication."""
Play = Callable[[Job], Row]
"""Gives the measures that a job wants of one policy in one replication."""


@dataclass(frozen=True, slots=True)
class InStates:
    """The states of the world that a search looks at, and how it combines them."""

    states: tuple[State, ...]
    worst_share: float | None  # of the states, where their worst count; None = the mean over all
    better: Mapping[str, Better]  # by measure that is wanted or bound; others are averaged

    def combine(self, rows: Sequence[Row]) -> Row:
        """Return the measures of one policy in one replication over all states.

        A measure that is not a finite number in one of them is nan.

        Args:
            rows: Its measures by state, in the order of `states`.
        """
        weights = np.array([state.weight for state in self.states])
        return {name: self._over(name, [row[name] for row in rows], weights) for name in rows[0]}

    def _over(self, name: str, values: Sequence[float], weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        if not all(math.isfinite(v) for v in values):
            return math.nan
        if self.worst_share is None or name not in self.better:
            return math.fsum(w * v for w, v in zip(weights.tolist(), values, strict=True))
        return float(cvar(np.array(values), weights, self.worst_share, better=self.better[name]))

    def play(self, scenario: Scenario, bench: Callable[[Scenario, Drawing | None], Play]) -> Play:
        """Return what plays a policy in all states.

        Args:
            scenario: The world as written.
            bench: Gives what plays policies in one world, and, where its demand is another, with leads drawn by the
                function given: those who come anyway are then not moved.
        """
        worlds = [bench(*_drawn(scenario, in_state(scenario, state))) for state in self.states]
        return lambda job: self.combine([world(job) for world in worlds])


def _drawn(scenario: Scenario, world: Scenario) -> tuple[Scenario, Drawing | None]:
    """Return a world as it is played, and what draws its leads where its demand is not that of `scenario`."""
    if same_demand(scenario.market, world.market):
        return world, None

    def drawn(replication: int) -> tuple[Leads, Market]:
        return draw_in_volume(scenario.market, world.market, world.economics, world.run, replication)

    return world.model_copy(update={"market": drawn(0)[1]}), lambda replication: drawn(replication)[0]


def in_states_of(scenario: Scenario) -> InStates | None:
    """Return the states that a search of `scenario` looks at, None where nothing is uncertain.

    The worst states are those of least value where more of a measure is wanted or it is bound from below, else those of
    most. The worst for one measure need not be the worst for another.

    Raises:
        InputError: where the file of draws cannot be read, or a goal names no measure.
    """
    uncertain = scenario.uncertain
    if not uncertain.anything:
        return None
    goals = goals_of(scenario)
    better: dict[str, Better] = {c.measure: "down" if c.at_least is None else "up" for c in goals.constraints}
    better |= {g.measure: "up" if g.sign > 0 else "down" for g in goals.objectives}
    worst_share = uncertain.worst_share if uncertain.criterion == "cvar" else None
    return InStates(states_of(scenario), worst_share, better)


def confirm(
    scenario: Scenario,
    policies: Sequence[Policy],
    *,
    jobs: int = 1,
    engine: Engine | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[Robustness, ...]:
    """Return what policies are worth over the states, one for each objective, on the replications of the report.

    Args:
        scenario: The world, with what is uncertain of it, and its search.
        policies: Today's first, then those that the search kept; regret is against the best of them in each state.
        jobs: Worker processes, >= 1; their number changes no answer.
        engine: The one that plays; chosen as `auto` where it is None.
        executor: Workers in place of own processes, as in `for_each_replication`.
        progress: Called after each replication.

    Raises:
        InputError: where nothing is uncertain, or a policy breaks a rule in a state.
    """
    goals, states = goals_of(scenario), states_of(scenario)
    values = play_in_states(
        scenario,
        policies,
        states,
        measures=[g.measure for g in goals.objectives],
        replications=range(REPORT_FROM, REPORT_FROM + scenario.search.report_replications),
        jobs=jobs,
        engine=engine or "auto",
        executor=executor,
        progress=progress,
    )
    return tuple(
        judge(
            values[goal.measure],
            measure=goal.measure,
            better="up" if goal.sign > 0 else "down",
            weights=[state.weight for state in states],
            drawn=not is_enumerated(scenario),
            worst_share=scenario.uncertain.worst_share,
        )
        for goal in goals.objectives
    )
