"""`funnelsim select`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from cli.interrupts import broken_off
from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml
from lab.small import small

PLAYS = "_measure_each"
SWEEP = ("--sweep", "scoring.cutoff=15,35,60", "--jobs", 1)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small scenario's file."""
    path = tmp_path_factory.mktemp("scenarios") / "one.toml"
    path.write_text(dump_toml(small().model_copy(update={"name": "one"})), encoding="utf-8")
    return path


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["select", *map(str, words)])


def test_the_least_waste_is_selected_with_its_guarantee(file):
    words = ("--measure", "leads_wasted_share", "--delta", 0.03)
    result = call(file, *SWEEP, *words, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    by_mean = sorted(told["scenarios"], key=lambda s: s["mean"])

    assert (told["procedure"], told["guaranteed"], told["complete"]) == ("KN", True, True)
    assert told["selected"] == by_mean[0]["scenario"] == told["left"][0]
    assert told["replications"] == sum(s["replications"] for s in told["scenarios"])
    assert told["stages"][0]["left"] == 4
    assert "95 %" in told["verdict"][1]

    text = call(file, *SWEEP, *words)
    assert "leads wasted, % (less is better)" in text.stdout
    assert "by 3 points or more" in " ".join(text.stdout.split())
    assert max(map(len, text.stdout.splitlines())) <= 100


def test_a_budget_is_kept_and_guarantees_nothing(file):
    result = call(file, *SWEEP, "--budget", 40, "--first", 5, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    assert (told["procedure"], told["guaranteed"]) == ("OCBA", False)
    assert told["replications"] <= 40
    assert "estimated, not guaranteed. A budget gives no guarantee" in told["verdict"][1]


def test_files_are_written_and_not_by_another_selection(file, tmp_path):
    out = tmp_path / "found"
    words = (file, *SWEEP, "--budget", 30, "--first", 5, "--out", out)
    for _ in range(2):
        assert call(*words).exit_code == 0
    names = {"selection.csv", "selection.png", "selection.txt", "replications.csv", "manifest.json", "scenario_1.toml"}
    assert {p.name for p in out.iterdir()} == names
    frame = pd.read_csv(out / "selection.csv").set_index("scenario")
    values = pd.read_csv(out / "replications.csv")
    assert frame["replications"].to_dict() == values["scenario"].value_counts().to_dict()
    assert frame["mean"].to_dict() == pytest.approx(values.groupby("scenario")["value"].mean().to_dict())

    other = call(*words, "--measure", "profit")
    assert other.exit_code == 5
    assert "--force" in other.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give --delta D"),
        (("--budget", "39"), "--budget must be at least 4 scenarios x 10"),
        (("--delta", "0"), "--delta"),
        (("--delta", "1", "--confidence", "40%"), "must be above 50%"),
        (("--delta", "1", "--at-most", "5"), "--at-most must be at least --first"),
        (("--delta", "1", "--first", "9"), "--first must be at least 10 with --delta, got 9"),
        (("--delta", "1", "--measure", "revenue,profit"), "--measure takes one"),
    ],
)
def test_wrong_use_is_explained(file, words, message):
    result = call(file, *SWEEP, *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_a_measure_that_is_none_or_has_no_better_side_is_refused(file):
    assert "did you mean 'revenue'?" in call(file, *SWEEP, "--delta", 1, "--measure", "revenu").stderr
    result = call(file, *SWEEP, "--delta", 1, "--measure", "mqls")

    assert result.exit_code == 3
    assert "must be one of which more or less is better" in result.stderr


BUDGET = ("--budget", 60, "--first", 5, "--json")


def test_what_is_broken_off_in_the_first_look_is_gone_on_with(file, tmp_path, monkeypatch):
    from funnelsim.lab import compare

    story = broken_off(monkeypatch, tmp_path, "select", file, *SWEEP, *BUDGET, module=compare, work=PLAYS, at=3)

    assert story.broken.stdout == ""
    assert story.asked[:5] == [0, 1, 2, 3, 3]
    assert "going on after 12 replications that are finished" in story.resumed.stderr  # three of each of four


def test_what_is_broken_off_later_is_told_and_gone_on_with(file, tmp_path, monkeypatch):
    from funnelsim.lab import compare

    story = broken_off(monkeypatch, tmp_path, "select", file, *SWEEP, *BUDGET, module=compare, work=PLAYS, at=6)

    told = json.loads(story.broken.stdout)
    assert told["complete"] is False
    assert 20 <= told["replications"] < json.loads(story.whole.stdout)["replications"]
    assert f"interrupted after {told['replications']}" in story.broken.stderr
    # What was broken off is asked for once more, and nothing else twice.
    assert story.asked[6] == story.asked[7]
    assert len(story.asked) == 1 + len(plays_of(file, monkeypatch))


def plays_of(file, monkeypatch):
    """Return the replications that an undisturbed selection asks for."""
    from funnelsim.lab import compare

    true_work, asked = compare._measure_each, []
    monkeypatch.setattr(compare, PLAYS, lambda s, r, **how: asked.append(r) or true_work(s, r, **how))
    assert call(file, *SWEEP, *BUDGET).exit_code == 0
    return asked


def test_every_fault_of_files_sweep_and_measure_is_told_at_once(tmp_path):
    torn = tmp_path / "torn.toml"
    torn.write_text("[run]\nhorizon_dais = 3\n", encoding="utf-8")
    words = ("--sweep", "scoring.cutoff=9:1:2", "--sweep", "scoring.cutoff", "--delta", 1, "--measure", "revenu")
    result = call(torn, *words, "--out", tmp_path / "out")

    assert result.exit_code == 3
    faults = ("no such measure 'revenu'", "run.horizon_dais", "--sweep scoring.cutoff=9:1:2", "--sweep scoring.cutoff:")
    for told in faults:
        assert told in result.stderr
    assert not (tmp_path / "out").exists()


def test_worker_processes_are_started_once(file, monkeypatch):
    """A selection asks for replications many times over; each time new processes would cost seconds."""
    from funnelsim.lab import processes

    true_pools, started = processes.worker_pools, []
    monkeypatch.setattr(processes, "worker_pools", lambda sizes: started.append(sizes) or true_pools(sizes))
    result = call(file, *SWEEP[:-1], 2, *BUDGET)

    assert result.exit_code == 0, result.stderr
    assert started == [[2]]
    assert result.stdout == call(file, *SWEEP, *BUDGET).stdout
