"""A cluster on this machine: a scheduler and two workers, the same bits, one worker killed, and cases of refusal."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import choose
from funnelsim.lab import cluster as module
from funnelsim.lab.cluster import ClusterError, connected
from funnelsim.lab.play import measure
from funnelsim.lab.processes import ReplicationError, for_each_replication
from funnelsim.lab.replicate import replicate
from lab.small import small

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")

ENGINE = choose().name


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a scheduler with two workers, processes of their own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=2, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def pid(scenario: Scenario, replication: int) -> int:
    return os.getpid()


def fails(scenario: Scenario, replication: int) -> int:
    raise ZeroDivisionError("by nought")


def killed_once(scenario: Scenario, replication: int, *, mark: Path) -> dict[str, float]:
    """Kill this process in replication 3, the first time."""
    if replication == 3:
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return measure(scenario, replication)


def same(a: pd.DataFrame, b: pd.DataFrame) -> bool:
    """Return whether two frames are equal to the bit, nan to nan."""
    alike = a.columns.equals(b.columns) and a.index.equals(b.index)
    return bool(alike and a.to_numpy().tobytes() == b.to_numpy().tobytes())


def test_one_and_four_processes_and_the_cluster_give_the_same_bits(address):
    """Two do in `test_replicate.py`, and one, two, four and a cluster in `make validate`."""
    alone = replicate(small(), replications=range(6))

    with connected(address, engine=ENGINE) as cluster:
        assert len(cluster.each) == 2
        assert same(replicate(small(), replications=range(6), executor=cluster.executor), alone)
    assert same(replicate(small(), replications=range(6), jobs=4), alone)


def test_the_work_is_done_by_the_workers_and_by_the_one_that_was_named(address):
    with connected(address, engine=ENGINE) as cluster:
        pids = for_each_replication(pid, small(), replications=range(8), executor=cluster.executor)
        named = [one.submit(os.getpid).result(60) for one in cluster.each for _ in range(3)]

    assert os.getpid() not in pids.values()
    assert len(set(named[:3])) == len(set(named[3:])) == 1
    assert named[0] != named[3]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError("ConnectionPool closing."), r"the cluster's scheduler was lost \(ConnectionPool closing\.\)"),
        (None, "the cluster's scheduler was lost"),
        (distributed.KilledWorker("work", None, 3), "several workers were killed by the same piece of work"),
    ],
)
def test_what_is_lost_for_good_is_told_as_a_broken_executor(error, told):
    theirs, mine = Future[int](), Future[int]()
    if error is None:
        theirs.cancel()
    else:
        theirs.set_exception(error)

    module._pass_on(theirs, mine)

    with pytest.raises(BrokenExecutor, match=told):
        mine.result(0)


def test_workers_with_other_bits_are_refused_and_named(address, monkeypatch):
    theirs = module.report

    def of_another_processor(engine: Any) -> module.Report:
        true = theirs(engine)
        return module.Report("0" * 64, {**true.versions, "numpy": "1.0"}, "Another CPU")

    monkeypatch.setattr(module, "_mine", of_another_processor)
    with pytest.raises(ClusterError) as caught, connected(address, engine=ENGINE):
        pass

    told = str(caught.value)
    assert caught.value.exit_code == 3
    assert f"--cluster {address}: 2 of 2 workers would not give the same bits as this process:" in told
    assert f"numpy 1.0 here, {theirs(ENGINE).versions['numpy']} there" in told
    assert "processor Another CPU here" in told


def test_a_fault_names_its_replication_there_too(address):
    with (
        connected(address, engine=ENGINE) as cluster,
        pytest.raises(ReplicationError, match=r"replication 2 failed: .*ZeroDivisionError: by nought"),
    ):
        for_each_replication(fails, small(), replications=[2], executor=cluster.executor)


def test_a_worker_killed_in_mid_run_leaves_no_mark(address, tmp_path):
    alone = for_each_replication(measure, small(), replications=range(8))

    with connected(address, engine=ENGINE) as cluster:
        work = partial(killed_once, mark=tmp_path / "killed")
        found = for_each_replication(work, small(), replications=range(8), executor=cluster.executor)

    assert (tmp_path / "killed").exists()
    assert list(found) == list(alone)
    assert repr(found) == repr(alone)


def test_a_worker_that_joins_later_proves_itself_before_its_first_piece(address):
    """As if it had joined after the check: the digest that is asked for is none that a worker here has."""
    with connected(address, engine=ENGINE) as cluster:
        wrong = module._CheckedExecutor(cluster.executor._through, "0" * 64, ENGINE, cluster.executor._watch)
        with pytest.raises(ClusterError, match="would not give the same bits"):
            wrong.submit(os.getpid).result(60)


def test_where_no_scheduler_answers_it_is_said(monkeypatch):
    monkeypatch.setattr(module, "CONNECT_S", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # a port that nobody listens on
        nowhere = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ClusterError, match="no scheduler answers there"), connected(nowhere, engine=ENGINE):
            pass


def test_a_scheduler_without_workers_is_refused_and_one_that_loses_them_gives_up(monkeypatch):
    monkeypatch.setattr(module, "CONNECT_S", 0.5)
    monkeypatch.setattr(module, "FORSAKEN_S", 0.2)
    monkeypatch.setattr(module, "LOOKS_S", 0.1)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs=50) as empty:
        with pytest.raises(ClusterError, match="has no worker; start some: dask worker"), connected(
            empty.scheduler_address, engine=ENGINE
        ):
            pass
        with distributed.Client(empty, set_as_default=False) as client:
            watch = module._Watch(client)
            alone = module._CheckedExecutor(client.get_executor(pure=False), "", ENGINE, watch)
            with pytest.raises(BrokenExecutor, match="no worker for"):
                alone.submit(os.getpid).result(30)
