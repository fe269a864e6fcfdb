"""Replications on a cluster of `dask.distributed`: the interface of own worker processes, and the same bits or none."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from dataclasses import dataclass
from typing import Any

from funnelsim.engines.choice import Name
from funnelsim.errors import FunnelsimError
from funnelsim.lab.cache import default_bytes
from funnelsim.lab.probe import Report, report

INSTALL = "pip install 'funnelsim[cluster]'"
CONNECT_S = 10.0
"""How long a scheduler, and then its first worker, are waited for."""
FORSAKEN_S = 60.0
"""After so long without any worker what is under way is given up."""
LOOKS_S = 1.0
SHOWN = 4
"""Workers that a message names."""
_ONE_AT_A_TIME = threading.Lock()


class ClusterError(FunnelsimError):
    """A cluster that cannot be reached, or whose workers would not give the bits of this process."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster whose workers have shown that they give the same bits as this process."""

    address: str
    executor: Executor
    """For work that any worker may do."""
    each: Sequence[Executor]
    """For work that a certain worker should do, as long as it lives; one for each worker there was at the start."""
    bytes_each: int
    """Memory for drawn leads in each worker."""


@contextlib.contextmanager
def connected(address: str, *, engine: Name) -> Iterator[Cluster]:
    """Give the cluster whose scheduler listens at `address`, every worker of it checked by a probe.

    A worker that joins later is checked before its first piece of work. What a worker had in hand when it was lost is
    done again by another; a worker does one piece at a time, whatever its number of threads.

    Args:
        address: As `dask scheduler` prints it: tcp://host:port.
        engine: The one that will play.

    Raises:
        ClusterError: where there is no scheduler or no worker, or a worker's probe has another digest.
    """
    try:
        from distributed import Client
    except ImportError:
        missing = f"--cluster {address}: needs dask's distributed, which is not installed: {INSTALL}"
        raise ClusterError(missing) from None
    with _quiet():
        try:
            client: Any = Client(address, timeout=CONNECT_S, set_as_default=False, name="funnelsim")
        except (OSError, ValueError, TypeError) as error:
            raise ClusterError(f"--cluster {address}: no scheduler answers there ({_first_line(error)})") from None
        try:
            try:
                workers = _checked(client, address, engine)
                cluster = _opened(client, address, engine, workers)
            except OSError as error:
                raise ClusterError(f"--cluster {address}: was lost while it was asked ({_first_line(error)})") from None
            yield cluster
        finally:
            client.close(timeout=CONNECT_S)


def _mine(engine: Name) -> Report:
    return report(engine)


def _opened(client: Any, address: str, engine: Name, workers: Sequence[str]) -> Cluster:
    digest = _mine(engine).digest
    any_worker = client.get_executor(pure=False)
    one_worker = [client.get_executor(pure=False, workers=[w], allow_other_workers=True) for w in workers]
    watch = _Watch(client)
    return Cluster(
        address,
        _CheckedExecutor(any_worker, digest, engine, watch),
        [_CheckedExecutor(one, digest, engine, watch) for one in one_worker],
        bytes_each(client.run(default_bytes)),
    )


def bytes_each(by_worker: Mapping[str, int]) -> int:
    """Return the memory that every worker can have for drawn leads, where those of one machine share what it has.

    Args:
        by_worker: By address, what a worker would have if it were alone on its machine.

    >>> bytes_each({"tcp://a:1": 80, "tcp://a:2": 80, "tcp://b:1": 60})
    40
    """
    machines = Counter(_machine(worker) for worker in by_worker)
    return min(most // machines[_machine(worker)] for worker, most in by_worker.items())


def _machine(worker: str) -> str:
    return worker.rpartition(":")[0]


def _checked(client: Any, address: str, engine: Name) -> list[str]:
    """Return the addresses of the workers, all of which have the digest of this process.

    Raises:
        ClusterError: where there is none, or one of them differs or cannot say.
    """
    mine = _mine(engine)
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError:
        raise ClusterError(
            f"--cluster {address}: has no worker; start some: dask worker {address} --nworkers auto --nthreads 1"
        ) from None
    answers = client.run(report, engine, on_error="return")
    faults = [(worker, _fault(mine, answer)) for worker, answer in sorted(answers.items())]
    faults = [(worker, fault) for worker, fault in faults if fault]
    if faults:
        lines = [f"  {worker}: {fault}" for worker, fault in faults[:SHOWN]]
        more = [f"  ... and {len(faults) - SHOWN} more"] if len(faults) > SHOWN else []
        what = f"{len(faults)} of {len(answers)} workers would not give the same bits as this process"
        remedy = "the same versions of everything on one type of processor are needed; or leave --cluster out"
        raise ClusterError("\n".join([f"--cluster {address}: {what}:", *lines, *more, remedy]))
    return sorted(answers)


def _fault(mine: Report, answer: Report | BaseException) -> str:
    """Return what is wrong with a worker's answer to the probe; "" where nothing is."""
    if not isinstance(answer, Report):
        return f"cannot play the probe ({type(answer).__name__}: {_first_line(answer)})"
    if answer.digest == mine.digest:
        return ""
    return ", ".join(mine.differences(answer)) or "all versions are alike; its processor works otherwise"


class _CheckedExecutor(Executor):
    """Hands work to a cluster's executor; each worker proves itself once, before its first piece.

    A future whose work cannot be done any more fails with `BrokenExecutor`, as those of own worker processes do.
    """

    def __init__(self, through: Executor, digest: str, engine: Name, watch: _Watch) -> None:
        self._through, self._digest, self._engine, self._watch = through, digest, engine, watch

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return the future of `fn(*args, **kwargs)`; `fn` must be importable on the workers."""
        mine: Future[Any] = Future()
        theirs = self._through.submit(_on_worker, self._digest, self._engine, fn, args, kwargs)
        mine.add_done_callback(lambda future: theirs.cancel() if future.cancelled() else None)
        theirs.add_done_callback(lambda future: _pass_on(future, mine))
        self._watch.over(mine)
        return mine

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what was handed over; with `cancel_futures`, give it up."""
        self._through.shutdown(wait=wait and not cancel_futures)


def _on_worker(digest: str, engine: Name, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Do one piece of work in a worker that gives the right bits. Workers import this by name."""
    with _ONE_AT_A_TIME:
        if report(engine).digest != digest:
            raise ClusterError("a worker joined that would not give the same bits as this process; none of it is used")
        return fn(*args, **kwargs)


def _pass_on(theirs: Future[Any], mine: Future[Any]) -> None:
    """Let `mine` end as `theirs` did, unless it has ended already."""
    from distributed import KilledWorker

    lost = "the cluster's scheduler was lost"
    if mine.done():
        return
    with contextlib.suppress(Exception):  # it was cancelled, or given up, at this very moment
        if theirs.cancelled():
            mine.set_exception(BrokenExecutor(lost))
        elif (error := theirs.exception()) is None:
            mine.set_result(theirs.result())
        elif isinstance(error, KilledWorker):
            mine.set_exception(BrokenExecutor("several workers were killed by the same piece of work"))
        elif isinstance(error, OSError | CancelledError):  # of the connection: work fails with errors of ours
            mine.set_exception(BrokenExecutor(f"{lost} ({_first_line(error)})"))
        else:
            mine.set_exception(error)


class _Watch:
    """Gives up what is under way when there has been no worker for `FORSAKEN_S`: nobody would ever do it."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._under_way: set[Future[Any]] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._look, daemon=True).start()

    def over(self, future: Future[Any]) -> None:
        """Watch over a future until it is done."""
        with self._lock:
            self._under_way.add(future)
        future.add_done_callback(self._forget)

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._under_way.discard(future)

    def _look(self) -> None:
        alone_s, pause = 0.0, threading.Event()
        while self._client.status not in ("closing", "closed"):
            pause.wait(LOOKS_S)
            alone_s = 0.0 if self._has_workers() else alone_s + LOOKS_S
            if alone_s >= FORSAKEN_S:
                with self._lock:
                    forsaken = list(self._under_way)
                for future in forsaken:
                    with contextlib.suppress(Exception):  # done at this very moment
                        future.set_exception(BrokenExecutor(f"no worker for {FORSAKEN_S:.0f} s"))

    def _has_workers(self) -> bool:
        try:
            return bool(self._client.nthreads())
        except Exception:  # on its way out, or out of reach for a moment
            return False


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let dask report errors of its own only, while the block runs: lost workers are expected, and told by us."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    before = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in before:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in before.items():
            logger.setLevel(level)
