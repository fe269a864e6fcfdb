"""`--cluster` from the command line: the files of one process, though a worker is killed; refusals with exit code 3."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.test_tune import call, config, evaluations, results, whole
from funnelsim.lab import cluster as module
from funnelsim.lab.probe import Report

__all__ = ["config", "whole"]  # fixtures of the search that was not disturbed

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a scheduler with two workers, processes of their own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def test_run_and_compare_tell_there_what_they_tell_here(address, config):
    for words in (
        ("run", config, "--replications", 3, "--json"),
        ("compare", config, "--sweep", "scoring.cutoff=30,50", "--replications", 3, "--json"),
    ):
        here, there = call(*words, "--jobs", 1), call(*words, "--cluster", address)
        assert there.exit_code == 0, there.stderr
        assert there.stdout == here.stdout
        assert f"cluster {address}: 2 workers, which give the same bits as this process" in there.stderr


def test_tune_with_a_worker_killed_in_its_midst_writes_what_one_process_writes(address, config, whole, tmp_path):
    folder, killed = tmp_path / "study", []

    def kill_one() -> None:
        with distributed.Client(address, set_as_default=False) as client:
            pids = client.run(os.getpid)
        while evaluations(folder) < 3:
            time.sleep(0.001)
        killed.append(evaluations(folder))
        os.kill(next(iter(pids.values())), signal.SIGKILL)

    murderer = threading.Thread(target=kill_one, daemon=True)
    murderer.start()
    result = call("tune", config, "--cluster", address, "--out", folder)
    murderer.join(timeout=10)

    assert result.exit_code == 0, result.stderr
    assert killed
    assert killed[0] < evaluations(folder)
    assert results(folder) == results(whole[0])


def test_other_bits_end_with_3_before_anything_is_done(address, config, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_mine", lambda engine: Report("0" * 64, {"numpy": "1.0"}, "another"))

    for words in (("run", config), ("tune", config)):
        result = call(*words, "--cluster", address, "--out", tmp_path / "out")
        assert result.exit_code == 3
        assert "would not give the same bits as this process" in result.stderr
        assert "numpy 1.0 here" in result.stderr
        assert not (tmp_path / "out").exists()


def test_jobs_and_cluster_exclude_one_another(config):
    result = call("run", config, "--jobs", 2, "--cluster", "tcp://127.0.0.1:1")

    assert result.exit_code == 2
    assert "give one of them" in result.stderr


def test_what_cannot_be_reached_is_said(config, monkeypatch):
    monkeypatch.setattr(module, "CONNECT_S", 0.3)
    for address in ("tcp://127.0.0.1:1", "nonsense://", "127.0.0.1"):
        result: Any = call("run", config, "--cluster", address)
        assert result.exit_code == 3, result.stderr
        assert f"--cluster {address}: no scheduler answers there" in result.stderr
    assert isinstance(config, Path)
