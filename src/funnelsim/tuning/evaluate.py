"""Policies on replications, in this process or in others; leads are drawn once and kept for all policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, as_completed
from contextlib import contextmanager
from functools import lru_cache
from itertools import pairwise

from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search
from funnelsim.engines.choice import Engine, choose
from funnelsim.errors import FunnelsimError
from funnelsim.lab.cache import LeadsCache, default_bytes
from funnelsim.lab.play import draw, play
from funnelsim.lab.processes import MEMORY_SHORT, MemoryShortError, WorkerLostError, lost_for, to_json, worker_pools
from funnelsim.records import Leads
from funnelsim.tuning.evaluations import Evaluate, Job
from funnelsim.tuning.goals import Row
from funnelsim.tuning.robust import Play, in_states_of


class EvaluationError(FunnelsimError):
    """A policy that could not be played; names the replication, so that it can be run again alone."""


class Bench:
    """One world on which policies are tried."""

    def __init__(
        self,
        scenario: Scenario,
        *,
        engine: Engine,
        cache_bytes: int,
        drawing: Callable[[int], Leads] | None = None,
    ) -> None:
        self._world = without_search(scenario)
        self._engine = engine
        drawing = drawing or (lambda replication: draw(self._world, replication))
        self._leads = LeadsCache(drawing, most_bytes=cache_bytes)
        self._scenario = lru_cache(maxsize=64)(self._under)

    def __call__(self, job: Job) -> Row:
        """Return the measures that a job wants of one policy in one replication.

        Raises:
            EvaluationError: where it cannot be played.
        """
        try:
            played = play(self._scenario(job.document), self._leads(job.replication), engine=self._engine)
            return played.summary(job.measures)
        except MemoryError:
            raise MemoryShortError(MEMORY_SHORT.format(job.replication)) from None
        except Exception as error:
            what = str(error) if isinstance(error, FunnelsimError) else f"{type(error).__name__}: {error}"
            raise EvaluationError(
                f"replication {job.replication} of the policy {job.document} failed: {what}"
            ) from error

    def _under(self, document: str) -> Scenario:
        return self._world.with_policy(Policy.model_validate_json(document))


def bench_of(scenario: Scenario, *, engine: Engine, cache_bytes: int) -> Play:
    """Return what plays policies in the world of `scenario`, or in all its states where something is uncertain."""
    in_states = in_states_of(scenario)
    if in_states is None:
        return Bench(scenario, engine=engine, cache_bytes=cache_bytes)
    of_each = cache_bytes // len(in_states.states)
    return in_states.play(
        scenario,
        lambda world, drawing: Bench(world, engine=engine, cache_bytes=of_each, drawing=drawing),
    )


def without_search(scenario: Scenario) -> Scenario:
    """Return the scenario with nothing to search, but with what is wanted: which states are the worst hangs on that."""
    wanted = Search(objectives=scenario.search.objectives, constraints=scenario.search.constraints)
    return scenario.model_copy(update={"search": wanted})


@contextmanager
def evaluating(
    scenario: Scenario,
    *,
    jobs: int,
    engine: Engine | None = None,
    cache_bytes: int | None = None,
    executors: Sequence[Executor] = (),
) -> Iterator[Evaluate]:
    """Give what evaluates policies in the world of `scenario`, with `jobs` processes; their number changes no answer.

    Each process has its own share of the replications, so that it draws and keeps those alone.

    Args:
        scenario: The world; its own policy does not matter.
        jobs: Worker processes, >= 1; 1 works in this process.
        engine: The one that plays; chosen as `auto` where it is None.
        cache_bytes: Memory for drawn leads, all workers together; `cache.default_bytes` where it is None.
        executors: One for each worker of a cluster (see `lab.cluster`), in place of own processes.

    Raises:
        EvaluationError: where a policy cannot be played.
        MemoryShortError: where that needs more memory than there is.
        WorkerLostError: where a worker process is killed.
    """
    engine = engine or choose()
    engine.prepare()
    cache_bytes = default_bytes() if cache_bytes is None else cache_bytes
    if executors:
        there = to_json(without_search(scenario)), engine, cache_bytes // len(executors)
        yield lambda wanted: _through(executors, there, wanted)
        return
    if jobs == 1:
        bench = bench_of(scenario, engine=engine, cache_bytes=cache_bytes)
        yield lambda wanted: ((job, bench(job)) for job in wanted)
        return
    about = to_json(without_search(scenario)), engine, cache_bytes // jobs
    with worker_pools([1] * jobs) as pools:
        yield lambda wanted: _through(pools, about, wanted)


About = tuple[str, Engine, int]
"""What a worker must know: the world as JSON, the engine, and its own memory for leads."""


def shares(wanted: Sequence[Job], workers: int) -> list[Sequence[Job]]:
    """Return `wanted` cut into parts of equal length (within one), in its order: one replication after the other.

    The next batch of as many policies is cut at the same places, so each worker finds its replications drawn.
    """
    cuts = [len(wanted) * w // workers for w in range(workers + 1)]
    return [wanted[begin:end] for begin, end in pairwise(cuts)]


def _through(pools: Sequence[Executor], about: About, wanted: Sequence[Job]) -> Iterable[tuple[Job, Row]]:
    futures = {
        pool.submit(_answer, about, job): job
        for pool, share in zip(pools, shares(wanted, len(pools)), strict=True)
        for job in share
    }
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenExecutor as error:
        raise WorkerLostError(lost_for(error)) from None
    finally:
        for future in futures:
            future.cancel()


@lru_cache(maxsize=1)
def _bench(about: About) -> Play:
    """Return the bench of this worker process."""
    world, engine, cache_bytes = about
    return bench_of(Scenario.model_validate_json(world), engine=engine, cache_bytes=cache_bytes)


def _answer(about: About, job: Job) -> Row:
    return _bench(about)(job)
