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
from funnelsim.config.load import dump_toml, load_scenario
from funnelsim.config.paths import with_values
from funnelsim.config.uncertain import Uncertain
from funnelsim.lab import cluster as module
from funnelsim.lab import processes, robust
from funnelsim.lab.probe import Report
from tuning.planted_states import planted

__all__ = ["config", "whole"]  # fixtures of the search that was not disturbed

distributed = pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a scheduler with two workers, processes of their own."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="module")
def others(config, tmp_path_factory) -> dict[str, Path]:
    """Return the files of a plan for `config`, and of the same in a world that is uncertain."""
    folder = tmp_path_factory.mktemp("others")
    actual = load_scenario(config)
    away = [{"role": "sales", "starts": str(actual.run.start)}]
    uncertain = Uncertain.model_validate({"events": {"a_rep_leaves": {"probability": 0.3, "away": away}}})
    found = {}
    for name, changes in (
        ("plan", {"policy": with_values(actual.policy, {"scoring.cutoff": 40.0})}),
        ("uncertain", {"uncertain": uncertain}),
    ):
        found[name] = folder / f"{name}.toml"
        found[name].write_text(dump_toml(actual.model_copy(update=changes)), encoding="utf-8")
    return found


def test_every_study_tells_there_what_it_tells_here(address, config, others, monkeypatch):
    true_work, played_by = processes._through, []

    def seen(pool: Any, *work: Any, **how: Any) -> None:
        played_by.append(pool)
        true_work(pool, *work, **how)

    monkeypatch.setattr(processes, "_through", seen)
    three = ("--replications", 3, "--json")
    for words in (
        ("run", config, *three),
        ("compare", config, "--sweep", "scoring.cutoff=30,50", *three),
        ("select", config, "--sweep", "scoring.cutoff=30,50", "--budget", 12, "--first", 3, "--json"),
        ("stress", others["uncertain"], *three),
        ("sensitivity", config, "--marginal", "--step", "scoring.cutoff=+5", *three),
        ("attribute", config, "--plan", others["plan"], *three),
    ):
        here = call(*words, "--jobs", 1)
        assert not played_by
        there = call(*words, "--cluster", address)
        assert there.exit_code == 0, there.stderr
        assert there.stdout == here.stdout
        assert played_by
        played_by.clear()
        assert f"cluster {address}: 2 workers, which give the same bits as this process" in there.stderr


def test_a_search_over_uncertain_worlds_confirms_there_too(address, tmp_path, monkeypatch):
    """Of the criterion regret, whose first look at all policies goes there, too."""
    file = tmp_path / "planted.toml"
    short = {"trials": 6, "batch": 3, "replications": 2, "selection_replications": 2, "report_replications": 2}
    file.write_text(dump_toml(planted("regret", **short)), encoding="utf-8")
    here = call("tune", file, "--jobs", 1, "--out", tmp_path / "here")
    assert here.exit_code == 0, here.stderr
    true_work, played_by = robust.for_each_replication, []

    def seen(*work: Any, executor: Any, **how: Any) -> Any:
        played_by.append(executor)
        return true_work(*work, executor=executor, **how)

    monkeypatch.setattr(robust, "for_each_replication", seen)
    there = call("tune", file, "--cluster", address, "--out", tmp_path / "there")

    assert there.exit_code == 0, there.stderr
    assert len(played_by) == 2
    assert None not in played_by
    assert results(tmp_path / "there") == results(tmp_path / "here")
    assert (tmp_path / "there" / "robust.csv").exists()


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
