"""Replications in other processes: the same answers for any number of workers, and no worker left behind."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from funnelsim.config.scenario import Scenario
from funnelsim.errors import FunnelsimError

T = TypeVar("T")
INTERNAL = 70
"""Exit code of an error that nobody foresaw (EX_SOFTWARE of sysexits.h)."""
FORGETS_S = 0.1
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Parameters of glibc's `mallopt`."""
Progress = Callable[[int, int], None]
"""Called with how many replications are finished, and of how many."""


class ReplicationError(FunnelsimError):
    """One replication failed; names it, so that it can be run again alone."""

    def __init__(self, replication: int, reason: str, exit_code: int = 1) -> None:
        super().__init__(replication, reason, exit_code)  # all three, so that it passes between processes whole
        self.replication = replication
        self.exit_code = exit_code

    def __str__(self) -> str:
        return f"replication {self.replication} failed: {self.args[1]}"


class WorkerLostError(FunnelsimError):
    """A worker process ended without an answer."""

    resumable = True


MEMORY_SHORT = "replication {} needs more memory than there is; fewer jobs need less"


class MemoryShortError(FunnelsimError):
    """A replication needed more memory than there was."""

    resumable = True


class Finished(Protocol[T]):
    """Replications finished earlier, and where those that are finished now go (see `lab.kept`)."""

    def answers(self) -> Mapping[int, T]:
        """Return the answers that are there, by replication."""
        ...

    def add(self, replication: int, answer: T) -> None:
        """Keep an answer."""
        ...


def for_each_replication(
    work: Callable[[Scenario, int], T],
    scenario: Scenario,
    *,
    replications: Sequence[int],
    jobs: int = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, T], None] | None = None,
    finished: Finished[T] | None = None,
) -> dict[int, T]:
    """Return `work(scenario, r)` for each replication r, in rising order of r.

    Args:
        work: A function at the top of a module (other processes import it by name), or a `partial` of one; its answer
            must be picklable.
        scenario: The scenario; other processes get it as JSON and read it once.
        replications: Numbers >= 0, each at most once, at least one.
        jobs: Worker processes, >= 1; 1 works in this process. Never changes an answer.
        progress: Called after each replication with (finished, of how many).
        executor: Anything with the interface of `concurrent.futures.Executor`, used in place of own workers.
        on_result: Called in this process with (replication, answer) as each is finished, in no fixed order: what it
            has been given is not lost where a later replication fails or the user interrupts.
        finished: Where answers are kept; what is there already is not worked out again.

    Raises:
        ValueError: where the numbers of replications or `jobs` are out of range.
        ReplicationError: where a replication fails; the first one that does ends the rest.
        MemoryShortError: where one needs more memory than there is.
        WorkerLostError: where a worker process is killed.
        OSError: where an answer cannot be kept in `finished`.
    """
    numbers = _checked(replications, jobs)
    earlier = {} if finished is None else finished.answers()
    done: dict[int, T] = {}

    def keep(replication: int, answer: T) -> None:
        if finished is not None and replication not in earlier:
            finished.add(replication, answer)
        done[replication] = answer
        if on_result is not None:
            on_result(replication, answer)
        if progress is not None:
            progress(len(done), len(numbers))

    for r in numbers:
        if r in earlier:
            keep(r, earlier[r])
    missing = [r for r in numbers if r not in earlier]
    if executor is not None:
        _through(executor, work, scenario, missing, keep, cancel=True)
    elif min(jobs, len(missing)) <= 1:
        for r in missing:
            keep(r, _guarded(work, scenario, r))
    else:
        with worker_pool(min(jobs, len(missing))) as pool:
            _through(pool, work, scenario, missing, keep)
    return {r: done[r] for r in numbers}


@contextlib.contextmanager
def worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Give `jobs` worker processes that share what they are given to do. See `worker_pools`."""
    with worker_pools([jobs]) as pools:
        yield pools[0]


@contextlib.contextmanager
def lasting(jobs: int, executor: Executor | None) -> Iterator[Executor | None]:
    """Give what lives through many calls of `for_each_replication`: `executor`, own workers, or None for one job."""
    if executor is not None or jobs == 1:
        yield executor
        return
    with worker_pool(jobs) as pool:
        yield pool


@contextlib.contextmanager
def worker_pools(sizes: Sequence[int]) -> Iterator[list[ProcessPoolExecutor]]:
    """Give pools of so many worker processes each, all started, that end with the block, whichever way it is left.

    The workers ignore Ctrl-C (this process decides) and end by themselves where this process is killed. Not for
    several threads at once: the workers are told from other children by when they were started.
    """
    others = set(multiprocessing.active_children())
    spawn = multiprocessing.get_context("spawn")
    pools = [ProcessPoolExecutor(size, mp_context=spawn, initializer=_prepare_worker) for size in sizes]
    try:
        with _interrupts_ignored():
            for pool in pools:
                pool.submit(os.getpid)  # starts every worker now, and so deaf to Ctrl-C from its first instruction
        yield pools
    except BaseException:
        workers = set(multiprocessing.active_children()) - others
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        # A pool that finds its workers dead stumbles over futures that its user has cancelled (CPython 3.11); given
        # this moment it has forgotten them.
        time.sleep(FORGETS_S)
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.join()
        raise
    else:
        for pool in pools:
            pool.shutdown(wait=True)


def _checked(replications: Sequence[int], jobs: int) -> list[int]:
    numbers = sorted(int(r) for r in replications)
    if not numbers:
        raise ValueError("name at least one replication")
    if numbers[0] < 0 or len(set(numbers)) != len(numbers):
        raise ValueError("replications must be >= 0, each named once")
    if jobs < 1:
        raise ValueError(f"jobs must be >= 1, got {jobs}")
    return numbers


def _through(
    pool: Executor,
    work: Callable[[Scenario, int], T],
    scenario: Scenario,
    numbers: list[int],
    keep: Callable[[int, T], None],
    *,
    cancel: bool = False,
) -> None:
    """Let `pool` do all the work; on the way out, `cancel` what is left of it in a pool that lives on."""
    text = to_json(scenario)
    futures = {pool.submit(_answer, work, text, r): r for r in numbers}
    waiting = set(numbers)
    try:
        for future in as_completed(futures):
            keep(futures[future], future.result())
            waiting.remove(futures[future])
    except BrokenExecutor as error:
        missing = ", ".join(str(r) for r in sorted(waiting)[:8]) + (", ..." if len(waiting) > 8 else "")
        raise WorkerLostError(f"{lost_for(error)} before replications {missing} were finished") from None
    finally:
        if cancel:
            for future in futures:
                future.cancel()


def lost_for(error: BrokenExecutor) -> str:
    """Return in words why an executor is broken."""
    if isinstance(error, BrokenProcessPool):
        return "a worker process was killed (out of memory? fewer jobs need less)"
    return str(error)


def to_json(scenario: Scenario) -> str:
    """Return the scenario as JSON that `Scenario.model_validate_json` reads back as its equal.

    Only what was given is written: some rules ask whether a field was given or left to its default.
    """
    return scenario.model_dump_json(exclude_unset=True)


def _answer(work: Callable[[Scenario, int], Any], text: str, replication: int) -> Any:
    return _guarded(work, _read(text), replication)


@lru_cache(maxsize=2)
def _read(text: str) -> Scenario:
    return Scenario.model_validate_json(text)


def _guarded(work: Callable[[Scenario, int], T], scenario: Scenario, replication: int) -> T:
    try:
        return work(scenario, replication)
    except MemoryError:
        raise MemoryShortError(MEMORY_SHORT.format(replication)) from None
    except Exception as error:
        if isinstance(error, FunnelsimError):
            raise ReplicationError(replication, str(error), error.exit_code) from error
        raise ReplicationError(replication, f"internal error: {type(error).__name__}: {error}", INTERNAL) from error


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _keep_freed_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _keep_freed_memory() -> None:
    """Let the C library keep large freed blocks for the next play, where it is one that asks (glibc).

    By itself it returns them to the system after every play and has them zeroed page by page in the next: a tenth of
    the time of a play of 40,000 leads.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):  # another C library, or none that can be asked
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, most in ((M_MMAP_THRESHOLD, 2**30), (M_TRIM_THRESHOLD, 2**31 - 1)):
            mallopt(parameter, most)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
