"""Policies over the states of the world: expectation, conditional value at risk and regret, each with its interval.

Replication r is the same luck in every state and under every policy, so all differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal

import numpy as np

from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.config.uncertain import Criterion
from funnelsim.engines.choice import Engine, Wish, choose
from funnelsim.lab.play import play
from funnelsim.lab.processes import Finished, Progress, for_each_replication, to_json
from funnelsim.population.volume import draw_in_volume
from funnelsim.records import Float64
from funnelsim.stats import Bounds

Better = Literal["up", "down"]
RESAMPLES = 2_000
CRITERIA: tuple[Criterion, ...] = ("expectation", "cvar", "regret")


@dataclass(frozen=True, slots=True)
class Standing:
    """One policy over all states, in one measure."""

    estimates: Mapping[Criterion, Bounds]  # 95 %; regret is the largest over the states
    differences: Mapping[Criterion, Bounds]  # against the first policy, 95 %
    chances: Mapping[Criterion, float]  # in which share of the resamples it is the best
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


def cvar(values: Float64, weights: Float64, share: float, *, better: Better) -> Float64:
    """Return the conditional value at risk: the weighted mean of the worst `share` of the states.

    A state that lies across the edge counts in part. Rockafellar & Uryasev (2002), Journal of Banking & Finance 26(7).

    Args:
        values: By state, on the last axis; nan in a state makes the answer nan.
        weights: Of the states, summing to one, of a shape that goes with `values`.
        share: Within 0..1, above 0; 1 gives the expectation.
        better: Whether more or less is better, and so which states are the worst.

    >>> equal = np.full(4, 0.25)
    >>> float(cvar(np.array([4.0, 1.0, 2.0, 3.0]), equal, 0.5, better="up"))
    1.5
    """
    weights = np.broadcast_to(weights, values.shape)
    order = np.argsort(values if better == "up" else -values, axis=-1, kind="stable")
    sorted_weights = np.take_along_axis(weights, order, axis=-1)
    before = np.cumsum(sorted_weights, axis=-1) - sorted_weights
    taken = np.clip(share - before, 0.0, sorted_weights)
    ranked = np.take_along_axis(values, order, axis=-1)
    # A nan sorts last; its state must spoil the answer also where it is not among the worst.
    spoilt = np.isnan(values).any(axis=-1)
    found = (np.where(taken > 0, ranked, 0.0) * taken).sum(axis=-1) / taken.sum(axis=-1)
    return np.asarray(np.where(spoilt, np.nan, found), dtype=np.float64)


def regrets(means: Float64, *, better: Better) -> Float64:
    """Return by how much each policy falls behind the best one in each state: at least 0, of the shape of `means`.

    Args:
        means: Shape (..., policies, states).
        better: Whether more or less is better.

    >>> regrets(np.array([[3.0, 1.0], [2.0, 4.0]]), better="up").tolist()
    [[0.0, 3.0], [1.0, 0.0]]
    """
    gains = means if better == "up" else -means
    return np.asarray(gains.max(axis=-2, keepdims=True) - gains, dtype=np.float64)


def judge(
    values: Float64,
    *,
    measure: str,
    better: Better,
    weights: Sequence[float],
    drawn: bool,
    worst_share: float,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Robustness:
    """Return what each policy is worth over the states, and how surely one is best.

    Intervals are percentiles of a bootstrap that resamples whole replications and, where the states were drawn, whole
    states: the pigeonhole bootstrap (Owen 2007, Annals of Applied Statistics 1(2)), which errs on the wide side; Sobol
    points are spread more evenly than it assumes, so it errs there once more. The largest regret is that over the
    states at hand; its interval resamples replications alone. Luck enters it as a maximum, so with few replications it
    is overstated.

    Args:
        values: Shape (policies, states, replications); a nan is left out of the mean of its state.
        measure: Its name.
        better: Whether more or less is better.
        weights: Of the states, summing to one.
        drawn: Whether the states are a sample of what may be; False where they are all there is.
        worst_share: Of the states, for the conditional value at risk.
        seed: Of the resampling; 0 is a seed.
        resamples: How many.
    """
    _, states, replications = values.shape
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(replications, np.full(replications, 1 / replications), size=resamples)
    w = np.asarray(weights, dtype=np.float64)
    resampled_w = rng.multinomial(states, w / w.sum(), size=resamples) / states if drawn else np.tile(w, (resamples, 1))
    means = _state_means(values, np.ones((1, replications)))
    resampled = _state_means(values, counts.astype(np.float64))
    found = _by_criterion(means, w[None, :], worst_share, better)
    again = _by_criterion(resampled, resampled_w, worst_share, better)
    chances = {c: _chances(again[c], "down" if c == "regret" else better) for c in CRITERIA}
    behind = regrets(means[0], better=better)
    bad = means[0] if better == "up" else -means[0]
    standings = [
        Standing(
            estimates={c: _bounds(found[c][0, p], again[c][:, p], replications) for c in CRITERIA},
            differences={
                c: _bounds(found[c][0, p] - found[c][0, 0], again[c][:, p] - again[c][:, 0], replications)
                for c in CRITERIA
            },
            chances={c: float(chances[c][p]) for c in CRITERIA},
            means=tuple(means[0, p].tolist()),
            worst_state=int(np.argmin(np.nan_to_num(bad[p], nan=np.inf))),
            regret_state=int(np.argmax(np.nan_to_num(behind[p], nan=-np.inf))),
        )
        for p in range(values.shape[0])
    ]
    return Robustness(measure, better, worst_share, tuple(w.tolist()), replications, tuple(standings))


def _state_means(values: Float64, counts: Float64) -> Float64:
    """Return the mean of each policy in each state, by resample: shape (resamples, policies, states)."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        total = np.einsum("psr,br->bps", np.where(known, values, 0.0), counts)
        return np.asarray(total / np.einsum("psr,br->bps", known.astype(np.float64), counts), dtype=np.float64)


def _by_criterion(means: Float64, weights: Float64, worst_share: float, better: Better) -> dict[Criterion, Float64]:
    """Return each criterion by resample and policy, of means (resamples, policies, states), weights by resample."""
    w = weights[:, None, :]
    spoilt = np.isnan(means) & (w > 0)
    expected = np.where(spoilt.any(axis=-1), np.nan, (np.where(w > 0, means, 0.0) * w).sum(axis=-1))
    # A state that was not drawn again has no weight, and so no part in the tail.
    tail = cvar(np.where((w == 0) & np.isnan(means), 0.0, means), w, worst_share, better=better)
    return {"expectation": expected, "cvar": tail, "regret": regrets(means, better=better).max(axis=-1)}


def _chances(found: Float64, better: Better) -> Float64:
    losses = np.where(np.isnan(found), np.inf, found if better == "down" else -found)
    best = losses == losses.min(axis=1, keepdims=True)
    return np.asarray((best / best.sum(axis=1, keepdims=True)).mean(axis=0), dtype=np.float64)


def _bounds(estimate: float, resampled: Float64, n: int) -> Bounds:
    if np.isnan(estimate) or n < 2 or np.isnan(resampled).any():
        return Bounds(float(estimate), float("nan"), float("nan"), n)
    low, high = np.percentile(resampled, [2.5, 97.5])
    return Bounds(float(estimate), float(low), float(high), n)
