"""`funnelsim compare`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml
from funnelsim.config.paths import with_values
from lab.small import small

QUICK = ("--replications", 3, "--jobs", 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return three scenario files: one, itself under another name, and one with a higher cutoff."""
    folder = tmp_path_factory.mktemp("scenarios")
    one = small()
    stricter = one.with_policy(with_values(one.policy, {"scoring.cutoff": 45.0}))
    found = {}
    for name, scenario in (("one", one), ("same", one), ("stricter", stricter)):
        found[name] = folder / f"{name}.toml"
        found[name].write_text(dump_toml(scenario.model_copy(update={"name": name})), encoding="utf-8")
    return found


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["compare", *map(str, words)])


def test_the_object_tells_differences_and_findings(files):
    result = call(files["one"], files["same"], files["stricter"], *QUICK, "--measures", "mqls,revenue", "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    assert (told["replications"], told["complete"], told["first"]) == (3, True, "one")
    one, same, stricter = (s["measures"] for s in told["scenarios"])
    assert list(one) == ["mqls", "revenue"]
    assert all(m["finding"] == "no detectable difference" and m["equal"] for m in same.values())
    assert stricter["mqls"]["finding"] == "less"
    assert stricter["mqls"]["difference"] == pytest.approx(stricter["mqls"]["mean"] - one["mqls"]["mean"])


def test_without_measures_the_objectives_are_compared_and_told_in_words(files):
    result = call(files["one"], files["stricter"], *QUICK)

    assert result.exit_code == 0, result.stderr
    assert "revenue, EUR a year (more is better)" in result.stdout
    assert "leads wasted, % (less is better)" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_files_are_written_and_a_second_time_replaced_but_not_by_another_comparison(files, tmp_path):
    out = tmp_path / "found"
    words = (files["one"], files["stricter"], *QUICK, "--measures", "mqls", "--out", out)
    for _ in range(2):
        assert call(*words).exit_code == 0
    names = {"comparison.csv", "comparison.png", "comparison.txt", "manifest.json", "replications.csv"}
    assert {p.name for p in out.iterdir()} == names | {"scenario_1.toml", "scenario_2.toml"}
    frame = pd.read_csv(out / "comparison.csv")
    values = pd.read_csv(out / "replications.csv").pivot(index="replication", columns="scenario", values="value")
    shown = frame.loc[frame["scenario"] == "stricter", "difference"].item()
    assert shown == pytest.approx((values["stricter"] - values["one"]).mean())

    other = call(files["one"], files["same"], *QUICK, "--measures", "mqls", "--out", out)
    assert other.exit_code != 0
    assert "--force" in other.stderr


def test_a_sweep_holds_every_value_against_the_policy_in_force(files, tmp_path):
    words = ("--sweep", "policy.scoring.cutoff=15:35:10", "--measures", "mqls", "--out", tmp_path / "s", "--json")
    result = call(files["one"], *QUICK, *words)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    assert [s["scenario"] for s in told["scenarios"]] == ["in force", "cutoff 15", "cutoff 35"]
    low, high = (s["measures"]["mqls"]["difference"] for s in told["scenarios"][1:])
    assert low > 0 > high
    assert (tmp_path / "s" / "sweep.png").is_file()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give two CONFIGS or more"),
        (("same", "--sweep", "scoring.cutoff=1:2:1"), "--sweep varies one CONFIG"),
        (("--sweep", "callbacks=true,false") * 3, "twice at most"),
        (("same", "--force"), "--force needs --out"),
        (("same", "--replications", "1"), "--replications"),
    ],
)
def test_wrong_use_is_explained(files, words, message):
    result = call(files["one"], *(files.get(word, word) for word in words))

    assert result.exit_code == 2
    assert message in result.stderr


def test_every_unknown_measure_is_named_with_the_nearest(files):
    result = call(files["one"], files["same"], "--measures", "revenu,leads_wastd_share")

    assert result.exit_code == 3
    assert "no such measure 'revenu'; did you mean 'revenue'?" in result.stderr
    assert "'leads_wastd_share'; did you mean 'leads_wasted_share'?" in result.stderr


def test_every_faulty_sweep_is_named(files):
    result = call(files["one"], "--sweep", "scoring.cutof=1:2:1", "--sweep", "sla.attempts=0,x")

    assert result.exit_code == 3
    assert "did you mean 'scoring.cutoff'?" in result.stderr
    assert "sla.attempts" in result.stderr


def test_scenarios_of_one_name_are_told_apart_by_their_files(files, tmp_path):
    twin = tmp_path / "twin.toml"
    twin.write_text(files["one"].read_text(encoding="utf-8"), encoding="utf-8")
    result = call(files["one"], twin, *QUICK, "--measures", "mqls", "--json")

    assert [s["scenario"] for s in json.loads(result.stdout)["scenarios"]] == [str(files["one"]), str(twin)]


def test_what_an_interrupt_leaves_is_compared(files, monkeypatch):
    from funnelsim.lab import compare

    true_work = compare._measure_each

    def interrupted(scenario, replication, **more):
        if replication == 2:
            raise KeyboardInterrupt
        return true_work(scenario, replication, **more)

    monkeypatch.setattr(compare, "_measure_each", interrupted)
    result = call(files["one"], files["stricter"], *QUICK, "--measures", "mqls", "--json")

    assert result.exit_code == 130
    told = json.loads(result.stdout)
    assert (told["replications"], told["complete"]) == (2, False)
    assert "2 of 3 replications" in result.stderr
