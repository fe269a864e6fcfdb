"""Commands that are broken off: by a kill, a full disk, a lost worker, short memory. What is finished is kept."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from cli.test_tune import call, config, evaluations, results, start, whole
from funnelsim.lab.kept import FILE
from funnelsim.report import figures_run, run_files

__all__ = ["config", "whole"]  # fixtures

N = 6


@pytest.fixture(scope="module", autouse=True)
def one_figure() -> Iterator[None]:
    """Draw one figure of a run in place of all five, half of the time of these tests: tables show what is lost."""

    def waste_alone(portraits: Any, frame: Any, scenario: Any, *, imprint: Any) -> Any:
        return {"waste": figures_run._waste(frame, scenario, imprint)}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(run_files, "run_figures", waste_alone)
        yield


@pytest.fixture(scope="module")
def undisturbed(config, tmp_path_factory) -> Path:
    """Return the result folder of a run that nothing broke off."""
    folder = tmp_path_factory.mktemp("undisturbed") / "run"
    result = call("run", config, "--replications", N, "--jobs", 1, "--out", folder)
    assert result.exit_code == 0, result.stderr
    return folder


def finished(folder: Path) -> int:
    """Return how many finished replications a folder keeps."""
    file = folder / FILE
    return max(0, file.read_bytes().count(b"\n") - 1) if file.exists() else 0


def files(folder: Path) -> dict[str, Any]:
    """Return every file by name; of the manifest what does not tell the time."""
    found: dict[str, Any] = {p.name: p.read_bytes() for p in folder.iterdir()}
    manifest = json.loads(found["manifest.json"])
    found["manifest.json"] = {k: v for k, v in manifest.items() if k not in ("started", "finished")}
    return found


def resumed(said: str) -> Any:
    """Type the command that was told to go on with; in one process."""
    [line] = [line for line in said.splitlines() if "go on with: " in line]
    words = shlex.split(line.partition("go on with: ")[2])
    assert words[0] == "funnelsim"
    assert words[-1] == "--resume" or "--resume" in words
    return call(*words[1:], "--jobs", 1)


@contextmanager
def full_disk(bytes_: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)


def call_with_full_disk(bytes_: int, *words: Any) -> Result:
    with full_disk(bytes_):
        return call(*words)


def test_a_killed_run_goes_on_after_what_is_finished(config, undisturbed, tmp_path):
    folder = tmp_path / "run"
    process = start("run", config, "--replications", N, "--jobs", 1, "--out", folder)
    while finished(folder) < 2 and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    before = finished(folder)
    assert before >= 2

    again = ("run", config, "--replications", N, "--jobs", 1, "--out", folder)
    refused = call(*again)
    assert refused.exit_code == 3
    assert f"holds {before} finished replications of work that was broken off; --resume goes on" in refused.stderr
    result = call(*again, "--resume")

    assert result.exit_code == 0, result.stderr
    assert f"going on after {before} replications that are finished" in result.stderr
    assert files(folder) == files(undisturbed)


def test_a_disk_that_fills_up_while_replications_are_kept_loses_none_of_them(config, undisturbed, tmp_path):
    folder = tmp_path / "run"

    result = call_with_full_disk(90_000, "run", config, "--replications", N, "--jobs", 1, "--out", folder)

    assert result.exit_code == 5, result.stderr
    assert f"{folder / FILE}: File too large; go on with: funnelsim run" in result.stderr
    assert 0 < finished(folder) < N
    assert (folder / FILE).read_bytes().endswith(b"}\n"), "a torn line was left"
    resumed_run = resumed(result.stderr)
    assert resumed_run.exit_code == 0, resumed_run.stderr
    assert files(folder) == files(undisturbed)


def test_a_disk_that_fills_up_while_results_are_written_leaves_none_of_them_torn(config, undisturbed, tmp_path):
    """The replication fits; the tables of the result, with every measure in a row of its own, do not."""
    folder = tmp_path / "run"
    words = ("run", config, "--replications", 1, "--jobs", 1, "--out", folder)

    result = call_with_full_disk(30_000, *words)

    assert result.exit_code == 5, result.stderr
    assert "File too large; go on with: funnelsim run" in result.stderr
    assert {p.name for p in folder.iterdir()} <= {FILE}
    assert resumed(result.stderr).exit_code == 0
    assert (folder / "manifest.json").exists()


@pytest.mark.parametrize("late", [False, True])
def test_a_disk_that_fills_up_in_a_search_loses_no_evaluation(config, whole, tmp_path, late):
    """Early the journal of the search is the first to fill it, late the evaluations of the report are."""
    folder = tmp_path / "study"
    size = {p.name: p.stat().st_size for p in whole[0].iterdir()}
    room = size["evaluations.jsonl"] * 3 // 4 if late else size["study.json"] + 500

    result = call_with_full_disk(room, "tune", config, "--jobs", 1, "--out", folder)

    assert result.exit_code == 5, result.stderr
    assert "File too large; go on with: funnelsim tune" in result.stderr
    assert evaluations(folder) > 3
    again = resumed(result.stderr)
    assert again.exit_code == 0, again.stderr
    assert results(folder) == results(whole[0])


def test_a_worker_that_is_killed_costs_what_it_had_in_hand(config, undisturbed, tmp_path):
    """As the system does where memory is out: a worker of the run is killed with SIGKILL."""
    folder = tmp_path / "run"
    process = start("run", config, "--replications", N, "--jobs", 2, "--out", folder)
    while finished(folder) < 1 and process.poll() is None:
        time.sleep(0.001)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=60)

    assert process.returncode == 1, said
    assert "a worker process was killed (out of memory? fewer jobs need less)" in said
    assert finished(folder) >= 1
    again = resumed(said.replace("--jobs 2", ""))
    assert again.exit_code == 0, again.stderr
    assert files(folder) == files(undisturbed)


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a command: its children that are not the tracker of shared things."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()]


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt()])
def test_short_memory_and_ctrl_c_keep_what_is_finished(config, undisturbed, tmp_path, monkeypatch, error):
    from funnelsim.report import portrait

    true, folder = portrait.portray, tmp_path / "run"

    def broken_off(scenario: Any, replication: int, **how: Any) -> Any:
        if replication == 3:
            raise error
        return true(scenario, replication, **how)

    monkeypatch.setattr(portrait, "portray", broken_off)
    result = call("run", config, "--replications", N, "--out", folder, "--jobs", 1)
    monkeypatch.setattr(portrait, "portray", true)

    assert result.exit_code == (1 if isinstance(error, MemoryError) else 130)
    assert finished(folder) == 3
    again = resumed(result.stderr.replace("--jobs 1", ""))
    assert again.exit_code == 0, again.stderr
    assert files(folder) == files(undisturbed)


def test_a_comparison_goes_on_after_what_is_finished(config, tmp_path, monkeypatch):
    from funnelsim.lab import compare

    words = ("compare", config, "--sweep", "scoring.cutoff=30,50", "--measures", "mqls,revenue", "--replications", 4)
    call(*words, "--jobs", 1, "--out", tmp_path / "whole")
    true, folder = compare._measure_each, tmp_path / "part"

    def short(scenario: Any, replication: int, **how: Any) -> Any:
        if replication == 2:
            raise MemoryError
        return true(scenario, replication, **how)

    monkeypatch.setattr(compare, "_measure_each", short)
    result = call(*words, "--jobs", 1, "--out", folder)
    monkeypatch.setattr(compare, "_measure_each", true)

    assert result.exit_code == 1
    assert "replication 2 needs more memory than there is" in result.stderr
    assert finished(folder) == 2
    again = resumed(result.stderr.replace("--jobs 1", ""))
    assert again.exit_code == 0, again.stderr
    whole, part = files(tmp_path / "whole"), files(folder)
    for found in (whole, part):
        del found["manifest.json"]["again"]
    assert part == whole


def test_what_cannot_be_gone_on_with_is_refused(config, tmp_path):
    for words, rule in (
        (("--resume",), "--resume needs --out DIR"),
        (("--resume", "--force", "--out", tmp_path), "give one of them"),
    ):
        result = call("run", config, *words)
        assert result.exit_code == 2
        assert rule in result.stderr
