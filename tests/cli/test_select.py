"""`funnelsim select`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml
from lab.small import small

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


def test_what_an_interrupt_leaves_is_told(file, monkeypatch):
    from funnelsim.lab import select

    true_play = select.play_each

    def interrupted(*scenarios, replications, **more):
        if replications.start >= 5:
            raise KeyboardInterrupt
        return true_play(*scenarios, replications=replications, **more)

    monkeypatch.setattr(select, "play_each", interrupted)
    result = call(file, *SWEEP, "--budget", 60, "--first", 5, "--json")

    assert result.exit_code == 130
    told = json.loads(result.stdout)
    assert (told["complete"], told["replications"]) == (False, 20)
    assert "interrupted after 20" in result.stderr
