"""A history's own leads and team under another policy: what would have changed, both sides on the same luck.

Who came when and who was at work is the history's; what becomes of them is the model's, under the policy in force and
under the other one. The two share every lead's luck, so a difference is the policy's and nothing else's; with no change
it is exactly zero. `CAVEATS` says what that does not settle.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.backtest import ENOUGH, of_world, played_as_history, scenario_of_period
from funnelsim.calibration.history import History
from funnelsim.calibration.predicted import LEVEL, prediction_interval
from funnelsim.calibration.team import team_of
from funnelsim.calibration.window import check_days
from funnelsim.config.draws import Draw, with_draw
from funnelsim.config.paths import with_values
from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.lab.processes import Progress, for_each_replication
from funnelsim.metrics import MEASURES
from funnelsim.population import GivenArrivals
from funnelsim.stats import Interval, interval, paired

OF_VISITORS = frozenset({"visitors", "visitor_to_lead_share"})
"""Measures that a replay leaves out: a history knows who left a name, not who only looked."""

CAVEATS = (
    "Who came, when, through which channel, and who was at work is the history's; what becomes of them is the model's.",
    "Both policies meet the same leads with the same luck, but not the luck that these people really had.",
    "How much is lost by calling later was estimated from a team that chooses whom to call first; if it calls good "
    "leads first, a part of the effect is choice, not speed.",
    "People and reps are taken to behave as they did: a policy far from the one in force asks the model about what "
    "nobody has seen.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Another policy: a whole one, single values by path, or both (the values are laid over it)."""

    policy: Policy | None = None
    values: tuple[tuple[str, Any], ...] = ()  # ("scoring.cutoff", 60.0); see `config.paths.with_values`

    def applied(self, scenario: Scenario) -> Scenario:
        """Return `scenario` under the other policy.

        Raises:
            InputError: where a path does not exist or a value breaks a rule.
        """
        policy = scenario.policy if self.policy is None else self.policy
        return scenario.with_policy(with_values(policy, dict(self.values)) if self.values else policy)


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Everything that the replications of a replay share; passes between processes."""

    arrivals: GivenArrivals
    change: Change
    draws: tuple[Draw, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure under both policies."""

    measure: str
    before: float  # mean over replications, under the policy in force
    after: float
    mean: Interval  # of the difference, over replications: how exactly the model's answer is known
    low: float  # what one history may show of it, luck and what is unknown of the parameters
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Replay:
    """What would have changed."""

    before: Scenario  # the history's dates and team, the policy in force
    after: Scenario
    first: dt.date
    last: dt.date
    replications: int
    level: float
    with_draws: bool
    own_team: bool
    differences: tuple[Difference, ...]
    rows: dict[int, tuple[dict[str, float], dict[str, float]]]  # measures of each replication, before and after


def measured(stage: Stage, scenario: Scenario, replication: int) -> tuple[dict[str, float], dict[str, float]]:
    """Return the measures of one replication under both policies. At the top of the module, for other processes."""
    if stage.draws:
        scenario = with_draw(scenario, stage.draws[replication], where=f"draw {replication}")
    first = played_as_history(scenario, replication, stage.arrivals)
    second = played_as_history(stage.change.applied(scenario), replication, stage.arrivals)
    return _kept(first.summary()), _kept(second.summary())


def replay(
    scenario: Scenario,
    history: History,
    change: Change,
    *,
    first: dt.date,
    last: dt.date,
    replications: int = ENOUGH,
    draws: Sequence[Draw] = (),
    own_team: bool = True,
    offers: Mapping[str, str] | None = None,
    level: float = LEVEL,
    jobs: int = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Replay:
    """Return what another policy would have changed for the leads of a period.

    Args:
        scenario: Calibrated; its policy is the one in force.
        history: Whose leads and team are played again.
        change: The other policy.
        first: First day of the leads that are measured; earlier ones are played too, under the same policy.
        last: Last day.
        replications: How many, >= 2.
        draws: Of the parameters, used in turn; without them the intervals are of luck alone.
        own_team: The history's headcount, where it has touches; else the scenario's team.
        offers: See `arrivals.offers_of`.
        level: Of the intervals for one history.
        jobs: Worker processes; never changes an answer.
        progress: Called with (finished, of how many) replications.
        executor: See `for_each_replication`.

    Raises:
        InputError: where the history does not fit the scenario, or the policy breaks a rule.
    """
    check_days(history, first, last)
    own_team = own_team and history.touches is not None
    before = scenario_of_period(scenario, history, first, last)
    if own_team:
        before = before.model_copy(update={"team": team_of(history, scenario.team)})
    after = change.applied(before)
    chosen = tuple(of_world(draws[r % len(draws)], own_team) for r in range(replications)) if draws else ()
    rows = for_each_replication(
        partial(measured, Stage(given_arrivals(history, before.market, offers=offers), change, chosen)),
        before,
        replications=range(replications),
        jobs=jobs,
        progress=progress,
        executor=executor,
    )
    return Replay(
        before=before,
        after=after,
        first=first,
        last=last,
        replications=replications,
        level=level,
        with_draws=bool(draws),
        own_team=own_team,
        differences=_differences(rows, level),
        rows=rows,
    )


def _kept(measures: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in measures.items() if name not in OF_VISITORS}


def _differences(rows: dict[int, tuple[dict[str, float], dict[str, float]]], level: float) -> tuple[Difference, ...]:
    found = []
    for name in MEASURES:
        if name in OF_VISITORS:
            continue
        a = np.array([first[name] for first, _ in rows.values()], dtype=np.float64)
        b = np.array([second[name] for _, second in rows.values()], dtype=np.float64)
        low, high = prediction_interval(b - a, level)
        found.append(Difference(name, interval(a).mean, interval(b).mean, paired(b, a), low, high))
    return tuple(found)
