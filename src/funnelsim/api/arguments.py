"""What the calls of the Python interface take alike: replications, measures, and where they are played."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

from funnelsim.config.scenario import Scenario
from funnelsim.config.suggest import did_you_mean
from funnelsim.engines.choice import Engine, Wish, choose
from funnelsim.errors import Fault, InputError
from funnelsim.metrics import MEASURES

Replications = int | Sequence[int] | None
"""A number N for replications 0 to N-1, the replications by number, or None for as many as the scenario says."""


def numbers_of(replications: Replications, scenario: Scenario) -> list[int]:
    """Return which replications are meant."""
    if replications is None:
        replications = scenario.run.replications
    return list(range(replications)) if isinstance(replications, int) else [int(r) for r in replications]


def two_or_more(replications: Replications, scenario: Scenario) -> list[int]:
    """Return which replications are meant.

    Raises:
        ValueError: where they are fewer than two.
    """
    numbers = numbers_of(replications, scenario)
    if len(numbers) < 2:
        raise ValueError(f"differences and intervals need 2 replications or more, got {len(numbers)}")
    return numbers


def checked_measures(measures: Sequence[str] | None, scenario: Scenario) -> list[str]:
    """Return the names in `measures`, each once; the objectives of the scenario's search where None.

    Raises:
        InputError: with every name that is no measure.
    """
    if measures is None:
        return [objective.measure for objective in scenario.search.objectives]
    names = known_measures([measures] if isinstance(measures, str) else measures)
    if not names:
        raise InputError([Fault("measures", "", "names no measure", None, "funnelsim.MEASURES holds them all")])
    return names


def known_measures(
    names: Sequence[str], *, where: str = "measures", all_of_them: str = "funnelsim.MEASURES holds them all"
) -> list[str]:
    """Return `names`, each once.

    Args:
        names: Names of measures.
        where: What gave them, for messages.
        all_of_them: Where to find them all, for messages.

    Raises:
        InputError: with every one that is no measure.
    """
    wanted = list(dict.fromkeys(names))
    faults = [
        Fault(where, "", f"no such measure '{name}'", None, did_you_mean(name, MEASURES) or all_of_them)
        for name in wanted
        if name not in MEASURES
    ]
    if faults:
        raise InputError(faults)
    return wanted


@contextmanager
def where_it_plays(
    jobs: int, cluster: str | None, engine: Engine | Wish, executor: Executor | None = None
) -> Iterator[dict[str, Any]]:
    """Give `jobs`, `engine` and `executor` as `for_each_replication` and its like take them, the engine ready to play.

    Raises:
        ValueError: where both a cluster and an executor are given.
        EngineError: where that engine cannot play here.
        ClusterError: see `lab.cluster.connected`.
    """
    chosen = engine if isinstance(engine, Engine) else choose(engine)
    chosen.prepare()
    if cluster is None:
        yield {"jobs": jobs, "engine": chosen, "executor": executor}
        return
    if executor is not None:
        raise ValueError("give a cluster or an executor, not both")
    from funnelsim.lab.cluster import connected

    with connected(cluster, engine=chosen.name) as there:
        yield {"jobs": jobs, "engine": chosen, "executor": there.executor}
