"""Replications in other processes: order, faults, interruption, and no worker left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import types
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from funnelsim.config.scenario import Scenario
from funnelsim.errors import FunnelsimError, ResultError
from funnelsim.lab import processes
from funnelsim.lab.processes import ReplicationError, WorkerLostError, for_each_replication, to_json, worker_pool
from lab.small import CONFIGS, small

SOURCE = Path(__file__).resolve().parents[2] / "src"


# Work for other processes: they import it by name.


def hears_ctrl_c() -> None:
    """Undo what a shell does to commands in the background: they, and so their children, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def square(scenario: Scenario, replication: int) -> tuple[int, int, int]:
    return replication**2, scenario.run.seed, os.getpid()


def fails_at_3(scenario: Scenario, replication: int) -> int:
    if replication == 3:
        raise ZeroDivisionError("by nought")
    return replication


def explains_at_3(scenario: Scenario, replication: int) -> int:
    if replication == 3:
        raise ResultError("the parts do not add up")
    return replication


def dies_at_3(scenario: Scenario, replication: int) -> int:
    if replication == 3:
        os._exit(1)
    return replication


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_come_in_order_and_name_their_replication(jobs):
    answers = for_each_replication(square, small(), replications=[5, 0, 9], jobs=jobs)

    assert [(r, a[0], a[1]) for r, a in answers.items()] == [(0, 0, 7), (5, 25, 7), (9, 81, 7)]
    here = {a[2] == os.getpid() for a in answers.values()}
    assert here == {jobs == 1}


def test_a_single_replication_needs_no_other_process():
    answers = for_each_replication(square, small(), replications=[4], jobs=8)

    assert answers[4][2] == os.getpid()


def test_another_executor_can_be_used():
    with ThreadPoolExecutor(2) as pool:
        answers = for_each_replication(square, small(), replications=[2, 1], executor=pool)

    assert [(r, a[0]) for r, a in answers.items()] == [(1, 1), (2, 4)]


def test_progress_and_results_are_told_as_they_come():
    steps: list[tuple[int, int]] = []
    kept: dict[int, int] = {}

    for_each_replication(
        square,
        small(),
        replications=range(4),
        progress=lambda done, total: steps.append((done, total)),
        on_result=lambda r, answer: kept.update({r: answer[0]}),
    )

    assert steps == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert kept == {0: 0, 1: 1, 2: 4, 3: 9}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_fault_names_its_replication_and_keeps_what_was_finished(jobs):
    kept: list[int] = []

    with pytest.raises(ReplicationError, match=r"replication 3 failed: .*ZeroDivisionError: by nought") as caught:
        for_each_replication(
            fails_at_3, small(), replications=[1, 2, 3], jobs=jobs, on_result=lambda r, _: kept.append(r)
        )

    assert caught.value.replication == 3
    assert caught.value.exit_code == 70
    assert isinstance(caught.value.__cause__, Exception)
    assert set(kept) <= {1, 2}
    if jobs == 1:
        assert kept == [1, 2]


def test_a_fault_that_explains_itself_keeps_its_words_and_its_exit_code():
    with pytest.raises(ReplicationError, match=r"^replication 3 failed: the parts do not add up$") as caught:
        for_each_replication(explains_at_3, small(), replications=[3, 4])

    assert caught.value.exit_code == ResultError.exit_code


def test_a_worker_that_is_killed_is_told():
    with pytest.raises(WorkerLostError, match=r"before replications .*3.* were finished"):
        for_each_replication(dies_at_3, small(), replications=[2, 3], jobs=2)


@pytest.mark.parametrize(
    ("replications", "jobs", "rule"),
    [([], 1, "at least one"), ([-1], 1, ">= 0"), ([1, 1], 1, "once"), ([1], 0, "jobs must be >= 1")],
)
def test_numbers_out_of_range_are_refused(replications, jobs, rule):
    with pytest.raises(ValueError, match=rule):
        for_each_replication(square, small(), replications=replications, jobs=jobs)


@pytest.mark.parametrize("config", sorted(CONFIGS.rglob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_travels_as_json(config):
    from funnelsim.config.load import load_scenario

    scenario = load_scenario(config)
    back = Scenario.model_validate_json(to_json(scenario))

    assert back == scenario
    assert to_json(back) == to_json(scenario)


def test_errors_pass_between_processes_whole():
    import pickle

    error = pickle.loads(pickle.dumps(ReplicationError(3, "why", 5)))

    assert (error.replication, error.exit_code, str(error)) == (3, 5, "replication 3 failed: why")
    assert isinstance(error, FunnelsimError)


# Interruption and murder, from outside.

DRIVER = """
    import sys, time
    from pathlib import Path
    from funnelsim.config.load import load_scenario
    from funnelsim.lab.processes import for_each_replication

    def slow(scenario, replication):
        import os
        (Path(sys.argv[2]) / f"{os.getpid()}.pid").touch()
        if replication >= 2:
            time.sleep(60)
        return replication

    if __name__ == "__main__":
        kept = []
        def keep(r, answer):
            kept.append(r)
            print("kept", sorted(kept), flush=True)
        try:
            for_each_replication(slow, load_scenario(sys.argv[1]), replications=range(6), jobs=2, on_result=keep)
        except KeyboardInterrupt:
            print("interrupted with", sorted(kept), flush=True)
"""


def _start(folder: Path) -> subprocess.Popen[str]:
    script = folder / "driver.py"
    script.write_text(textwrap.dedent(DRIVER))
    driver = subprocess.Popen(
        [sys.executable, str(script), str(CONFIGS / "quickstart.toml"), str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=hears_ctrl_c,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert driver.stdout is not None
    while driver.stdout.readline().strip() != "kept [0, 1]":
        assert driver.poll() is None, driver.stderr and driver.stderr.read()
    while len(list(folder.glob("*.pid"))) < 2:  # both workers are at it
        time.sleep(0.05)
    return driver


def _alive(folder: Path) -> list[int]:
    return [int(file.stem) for file in folder.glob("*.pid") if _runs(int(file.stem))]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def _all_gone(folder: Path) -> bool:
    for _ in range(600):
        if not _alive(folder):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(os.name != "posix", reason="signals to a process group are POSIX")
def test_ctrl_c_ends_the_workers_quietly_and_keeps_what_is_finished(tmp_path):
    driver = _start(tmp_path)

    os.killpg(driver.pid, signal.SIGINT)  # as a terminal does: to the driver and its workers
    told, complaints = driver.communicate(timeout=180)

    assert told.strip() == "interrupted with [0, 1]"
    assert complaints == ""
    assert driver.returncode == 0
    assert _all_gone(tmp_path)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX")
def test_workers_end_when_the_driver_is_killed(tmp_path):
    driver = _start(tmp_path)

    driver.kill()
    driver.wait(timeout=30)

    assert _all_gone(tmp_path)


def test_a_pool_left_with_work_cancelled_ends_quietly(capfd):
    def leave() -> None:
        with worker_pool(2) as pool:
            for future in [pool.submit(time.sleep, 30) for _ in range(12)]:
                future.cancel()
            raise KeyboardInterrupt

    before = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        leave()

    assert time.monotonic() - before < 20
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("library", [object(), types.SimpleNamespace(mallopt=None), None])
def test_memory_is_left_alone_where_the_c_library_cannot_be_asked(monkeypatch, library):
    def load(name):
        if library is None:
            raise OSError("no library")
        return library

    monkeypatch.setattr(processes.ctypes, "CDLL", load)

    processes._keep_freed_memory()
