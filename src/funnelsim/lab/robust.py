"""Policies over the states of the world: expectation, conditional value at risk and regret, each with its interval.

Replication r is the same luck in every state and under every policy, so all differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np

from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.config.uncertain import Criterion
from funnelsim.engines.choice import Engine, Wish, choose
from funnelsim.lab.criteria import Better, regrets, state_means, worth
from funnelsim.lab.play import play
from funnelsim.lab.processes import Finished, Progress, for_each_replication, to_json
from funnelsim.population.volume import draw_in_volume
from funnelsim.records import Float64
from funnelsim.stats import Bounds

DRAWS = (2_000, 10_000)
"""Of the means behind intervals and chances, at least and at most: ends are known to 4 and to 2 % of a half-width."""
DRAWN_VALUES = 8_000_000
"""Draws times policies times states from which on fewer are drawn: a second or two."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One policy over all states, in one measure."""

    estimates: Mapping[Criterion, Bounds]  # 95 %; regret is the largest over the states
    differences: Mapping[Criterion, Bounds]  # against the first policy, 95 %
    chances: Mapping[Criterion, float]  # in which share of the draws it is the best
    means: tuple[float, ...]  # by state
    worst_state: int  # where it does worst
    regret_state: int  # where it falls most behind the best policy


@dataclass(frozen=True, slots=True)
class Robustness:
    """Several policies over the states of the world, in one measure."""

    measure: str
    better: Better
    worst_share: float
    weights: tuple[float, ...]  # of the states
    replications: int
    standings: tuple[Standing, ...]  # by policy

    def best(self, criterion: Criterion, *, among: Sequence[int] | None = None) -> int:
        """Return which policy (of those `among`, or of all) is best by a criterion, the first of equals.

        It is the first of them where the criterion is defined for none.
        """
        able = list(range(len(self.standings))) if among is None else list(among)
        found = [self.standings[at].estimates[criterion].estimate for at in able]
        losses = [f if criterion == "regret" or self.better == "down" else -f for f in found]
        return able[int(np.argmin(np.where(np.isnan(losses), np.inf, losses)))]


def play_in_states(
    scenario: Scenario,
    policies: Sequence[Policy],
    states: Sequence[State],
    *,
    measures: Sequence[str],
    replications: Sequence[int],
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, Float64], None] | None = None,
    finished: Finished[Float64] | None = None,
) -> dict[str, Float64]:
    """Return by measure what each policy reaches in each state and replication: shape (policies, states, replications).

    The leads of a state are drawn once a replication, for all policies. Where a state changes how many come, those who
    came anyway are not moved (`draw_in_volume`), so states are paired too; in any other state the numbers are those of
    `replicate`, to the bit. Arguments and errors as in `for_each_replication` and `play`; the answer of a replication
    has the shape (states, policies, measures).

    Raises:
        InputError: where a state or a policy in it breaks a rule.
    """
    worlds = [in_state(scenario, state) for state in states]
    for world in worlds:
        for policy in policies:
            world.with_policy(policy)  # a fault is told before the work
    if not isinstance(engine, Engine):
        engine = choose(engine)
    engine.prepare()
    rows = for_each_replication(
        partial(
            _measure_states,
            worlds=tuple(to_json(world) for world in worlds),
            policies=tuple(policy.model_dump_json(exclude_unset=True) for policy in policies),
            measures=tuple(measures),
            engine=engine,
        ),
        scenario,
        replications=replications,
        jobs=jobs,
        progress=progress,
        executor=executor,
        on_result=on_result,
        finished=finished,
    )
    return by_measure(rows, measures)


def by_measure(rows: Mapping[int, Float64], measures: Sequence[str]) -> dict[str, Float64]:
    """Return by measure (policies, states, replications), of (states, policies, measures) by replication."""
    together = np.array([rows[r] for r in sorted(rows)])
    return {m: np.ascontiguousarray(together[..., j].transpose(2, 1, 0)) for j, m in enumerate(measures)}


def _measure_states(
    scenario: Scenario,
    replication: int,
    *,
    worlds: tuple[str, ...],
    policies: tuple[str, ...],
    measures: tuple[str, ...],
    engine: Engine,
) -> Float64:
    """Return (states, policies, measures) in one replication. Other processes import this by name."""
    found = np.empty((len(worlds), len(policies), len(measures)))
    for s, world in enumerate(_read(worlds)):
        leads, market = draw_in_volume(scenario.market, world.market, world.economics, world.run, replication)
        there = world.model_copy(update={"market": market})
        for p, policy in enumerate(_policies(policies)):
            values = play(there.with_policy(policy), leads, engine=engine).summary(measures)
            found[s, p] = [values[m] for m in measures]
    return found


@lru_cache(maxsize=1)
def _read(worlds: tuple[str, ...]) -> tuple[Scenario, ...]:
    return tuple(Scenario.model_validate_json(world) for world in worlds)


@lru_cache(maxsize=1)
def _policies(texts: tuple[str, ...]) -> tuple[Policy, ...]:
    return tuple(Policy.model_validate_json(text) for text in texts)


def judge(
    values: Float64,
    *,
    measure: str,
    better: Better,
    weights: Sequence[float],
    drawn: bool,
    worst_share: float,
    seed: int = 0,
    draws: int | None = None,
) -> Robustness:
    """Return what each policy is worth over the states, and how surely one is best (see `worth` for the intervals).

    Luck enters the largest regret as a maximum, so with few replications it is overstated; the mean of the worst share
    is a little too bad for the same reason. Their intervals allow for it.

    Args:
        values: Shape (policies, states, replications); a nan is left out of the mean of its state.
        measure: Its name.
        better: Whether more or less is better.
        weights: Of the states, summing to one.
        drawn: Whether the states are a sample of what may be; False where they are all there is.
        worst_share: Of the states, for the conditional value at risk.
        seed: Of the draws; 0 is a seed.
        draws: How many; None = as many as `DRAWS` and `DRAWN_VALUES` say.
    """
    w = np.asarray(weights, dtype=np.float64)
    if draws is None:
        draws = min(max(DRAWN_VALUES // (values.shape[0] * values.shape[1]), DRAWS[0]), DRAWS[1])
    found = worth(values, better=better, weights=w, drawn=drawn, worst_share=worst_share, draws=draws, seed=seed)
    means = state_means(values)
    behind = regrets(means, better=better)
    bad = means if better == "up" else -means
    standings = [
        Standing(
            estimates=one.estimates,
            differences=one.differences,
            chances=one.chances,
            means=tuple(means[p].tolist()),
            worst_state=int(np.argmin(np.nan_to_num(bad[p], nan=np.inf))),
            regret_state=int(np.argmax(np.nan_to_num(behind[p], nan=-np.inf))),
        )
        for p, one in enumerate(found)
    ]
    return Robustness(measure, better, worst_share, tuple(w.tolist()), values.shape[-1], tuple(standings))
