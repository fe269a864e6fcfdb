"""A policy's stress tests: each uncertain input at its ends, each event, and all of them together over the states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State
from funnelsim.engines.choice import Engine, Wish
from funnelsim.lab.compare import Comparison, compare
from funnelsim.lab.criteria import Better
from funnelsim.lab.processes import Finished, Progress
from funnelsim.lab.robust import Robustness, by_measure, judge, play_in_states
from funnelsim.lab.states import AS_WRITTEN, Stress, is_enumerated, states_of, stresses_of
from funnelsim.metrics import MEASURES
from funnelsim.records import Float64

BASE = "as written"


@dataclass(frozen=True, slots=True, eq=False)
class Stressed:
    """What policies do under stress; the first is the one that the others are held against over the states."""

    labels: tuple[str, ...]  # of the policies
    measures: tuple[str, ...]
    stresses: tuple[Stress, ...]
    tables: tuple[Comparison, ...]  # by policy: the world as written, then each stress, paired against it
    states: tuple[State, ...]
    enumerated: bool  # whether the states are all there are
    robust: Mapping[str, Robustness]  # by measure, of those of which either way is better
    values: Mapping[str, Float64]  # by measure: (policies, 1 + stresses + states, replications)
    replications: tuple[int, ...]
    complete: bool = True  # False where the user interrupted before all were played


def stress(
    scenario: Scenario,
    policies: Mapping[str, Policy],
    *,
    measures: Sequence[str],
    replications: Sequence[int],
    jobs: int = 1,
    engine: Engine | Wish = "auto",
    progress: Progress | None = None,
    executor: Executor | None = None,
    finished: Finished[Float64] | None = None,
) -> Stressed:
    """Return what `policies` do where the world of `scenario` is not as written.

    Args:
        scenario: The world, with what is uncertain of it.
        policies: By label, at least one.
        measures: Names of measures.
        replications: At least two.
        jobs: As in `for_each_replication`.
        engine: As in `play`.
        progress: As in `for_each_replication`.
        executor: As in `for_each_replication`.
        finished: As in `for_each_replication`.

    Raises:
        InputError: where nothing is uncertain, or a state or a policy in it breaks a rule.
        KeyboardInterrupt: where the user interrupts before two replications are finished; later, those are judged.
    """
    states, stresses = states_of(scenario), stresses_of(scenario)
    everything = [AS_WRITTEN, *(s.state for s in stresses), *states]
    played: dict[int, Float64] = {}
    try:
        play_in_states(
            scenario,
            list(policies.values()),
            everything,
            measures=measures,
            replications=replications,
            jobs=jobs,
            engine=engine,
            progress=progress,
            executor=executor,
            on_result=played.__setitem__,
            finished=finished,
        )
    except KeyboardInterrupt:
        if len(played) < 2:
            raise
    values, numbers = by_measure(played, measures), tuple(sorted(played))
    head = 1 + len(stresses)
    labels = [BASE, *(s.label for s in stresses)]
    enumerated = is_enumerated(scenario)
    return Stressed(
        labels=tuple(policies),
        measures=tuple(measures),
        stresses=stresses,
        tables=tuple(
            compare(_rows(values, p, head, numbers), labels=labels, measures=measures) for p in range(len(policies))
        ),
        states=states,
        enumerated=enumerated,
        robust={
            m: judge(
                values[m][:, head:, :],
                measure=m,
                better=better,
                weights=[s.weight for s in states],
                drawn=not enumerated,
                worst_share=scenario.uncertain.worst_share,
            )
            for m in measures
            if (better := better_of(m)) is not None
        },
        values=values,
        replications=numbers,
        complete=len(numbers) == len(replications),
    )


def better_of(measure: str) -> Better | None:
    """Return which way a measure is better, None where neither is."""
    direction = MEASURES[measure].direction
    return None if direction == "none" else direction


def _rows(
    values: Mapping[str, Float64], p: int, head: int, numbers: Sequence[int]
) -> dict[int, tuple[dict[str, float], ...]]:
    return {
        r: tuple({m: float(table[p, at, j]) for m, table in values.items()} for at in range(head))
        for j, r in enumerate(numbers)
    }
