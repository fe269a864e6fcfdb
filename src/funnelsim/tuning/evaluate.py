"""Policies on replications, in this process or in others; leads are drawn once and kept for all policies."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache

import numpy as np

from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search
from funnelsim.errors import FunnelsimError
from funnelsim.lab.play import draw, play
from funnelsim.lab.processes import WorkerLostError, to_json, worker_pool
from funnelsim.records import Leads
from funnelsim.tuning.evaluations import Evaluate, Job
from funnelsim.tuning.goals import Row

LEADS_BYTES = 2**30
"""Memory for drawn leads, all workers together; each keeps at least one replication."""


class EvaluationError(FunnelsimError):
    """A policy that could not be played; names the replication, so that it can be run again alone."""


class LeadsCache:
    """The leads of replications, drawn when first asked for; those not used for longest go beyond `most_bytes`."""

    def __init__(self, draw_one: Callable[[int], Leads], *, most_bytes: int) -> None:
        self._draw = draw_one
        self._most = most_bytes
        self._kept: OrderedDict[int, Leads] = OrderedDict()
        self._bytes = 0

    def __call__(self, replication: int) -> Leads:
        """Return the leads of one replication."""
        if replication in self._kept:
            self._kept.move_to_end(replication)
            return self._kept[replication]
        leads = self._draw(replication)
        self._kept[replication] = leads
        self._bytes += size_of(leads)
        while self._bytes > self._most and len(self._kept) > 1:
            self._bytes -= size_of(self._kept.popitem(last=False)[1])
        return leads


class Bench:
    """One world on which policies are tried."""

    def __init__(self, scenario: Scenario, *, leads_bytes: int = LEADS_BYTES) -> None:
        self._world = without_search(scenario)
        self._leads = LeadsCache(lambda replication: draw(self._world, replication), most_bytes=leads_bytes)
        self._scenario = lru_cache(maxsize=64)(self._under)

    def __call__(self, job: Job) -> Row:
        """Return every measure of one policy in one replication.

        Raises:
            EvaluationError: where it cannot be played.
        """
        try:
            return play(self._scenario(job.document), self._leads(job.replication)).summary()
        except Exception as error:
            what = str(error) if isinstance(error, FunnelsimError) else f"{type(error).__name__}: {error}"
            raise EvaluationError(
                f"replication {job.replication} of the policy {job.document} failed: {what}"
            ) from error

    def _under(self, document: str) -> Scenario:
        return self._world.with_policy(Policy.model_validate_json(document))


def without_search(scenario: Scenario) -> Scenario:
    """Return the scenario with nothing to search: what is searched tells nothing about what a policy does."""
    return scenario.model_copy(update={"search": Search()})


def size_of(leads: Leads) -> int:
    """Return the bytes that the arrays of `leads` take."""
    arrays = (getattr(leads, f.name) for f in fields(leads))
    return sum(a.nbytes for a in arrays if isinstance(a, np.ndarray))


@contextmanager
def evaluating(scenario: Scenario, *, jobs: int, leads_bytes: int = LEADS_BYTES) -> Iterator[Evaluate]:
    """Give what evaluates policies in the world of `scenario`, with `jobs` processes; their number changes no answer.

    Args:
        scenario: The world; its own policy does not matter.
        jobs: Worker processes, >= 1; 1 works in this process.
        leads_bytes: Memory for drawn leads, all workers together.

    Raises:
        EvaluationError: where a policy cannot be played.
        WorkerLostError: where a worker process is killed.
    """
    if jobs == 1:
        bench = Bench(scenario, leads_bytes=leads_bytes)
        yield lambda wanted: ((job, bench(job)) for job in wanted)
        return
    world = to_json(without_search(scenario))
    with worker_pool(jobs) as pool:
        yield lambda wanted: _through(pool, world, wanted, leads_bytes // jobs)


def _through(pool: Executor, world: str, wanted: Sequence[Job], leads_bytes: int) -> Iterable[tuple[Job, Row]]:
    futures = {pool.submit(_answer, world, leads_bytes, job): job for job in wanted}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except BrokenProcessPool:
        raise WorkerLostError(
            "a worker process was killed (out of memory?); go on with --resume, and fewer --jobs if it happens again"
        ) from None
    finally:
        for future in futures:
            future.cancel()


@lru_cache(maxsize=1)
def _bench(world: str, leads_bytes: int) -> Bench:
    """Return the bench of this worker process."""
    return Bench(Scenario.model_validate_json(world), leads_bytes=leads_bytes)


def _answer(world: str, leads_bytes: int, job: Job) -> Row:
    return _bench(world, leads_bytes)(job)
