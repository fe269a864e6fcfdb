"""`funnelsim tune` over states of the world, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, load_scenario
from tuning.planted_states import planted

SMALL = {"report_replications": 3}


def config(folder: Path, criterion: str) -> Path:
    path = folder / f"{criterion}.toml"
    path.write_text(dump_toml(planted(criterion, **SMALL)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("robust")
    out = folder / "study"
    words = ["tune", str(config(folder, "regret")), "--jobs", "1", "--out", str(out)]
    result = CliRunner().invoke(funnelsim, words)
    assert result.exit_code == 0, result.stderr
    again = CliRunner().invoke(funnelsim, [*words, "--resume", "--json"])
    assert again.exit_code == 0, again.stderr
    return result.stdout, json.loads(again.stdout), out


def test_regret_is_judged_against_the_best_of_all_policies_tried(told):
    """Searched by the mean, whose best is the bet alone; today's half and half has the least regret.

    Where the bet pays, half and half falls 600 behind it; where it bursts, the bet falls 900 behind the sure source.
    """
    stdout, found, out = told

    rows = {(row["policy"], row["criterion"]): row for row in found["robust"]}
    kept = [p["policy"] for p in found["front"]]
    assert {policy for policy, _ in rows} > {0, *kept}
    assert [row["policy"] for row in rows.values() if row["asked_for"] and row["best"]] == [0]
    assert [row["policy"] for row in rows.values() if row["criterion"] == "expectation" and row["best"]] == kept
    deals = 15.5 * 20
    assert rows[0, "regret"]["estimate"] == pytest.approx(600 * deals, rel=0.1)
    assert rows[kept[0], "regret"]["estimate"] == pytest.approx(900 * deals, rel=0.1)
    (sure,) = (p for p, c in rows if c == "cvar" and rows[p, c]["best"])
    assert rows[sure, "regret"]["estimate"] == pytest.approx(1200 * deals, rel=0.1)
    assert (out / f"policy_{sure}.toml").exists()  # not on the front of the means, but told of
    assert f"policy {sure}" in stdout
    assert "2 states of the world (every combination of the events)" in stdout
    assert "By largest regret of revenue_calendar, as asked for: today" in stdout


def test_what_is_written(told):
    _, found, out = told

    table = pd.read_csv(out / "robust.csv")
    assert set(table["criterion"]) == {"expectation", "cvar", "regret"}
    assert set(table["policy"]) > {"today", *(f"policy {p['policy']}" for p in found["front"])}
    assert (out / "robust.png").stat().st_size > 10_000
    robust = (out / "findings.txt").read_text(encoding="utf-8")
    assert "states of the world" in robust
    policy = load_scenario(out / f"policy_{found['front'][0]['policy']}.toml")
    assert policy.uncertain == planted("regret").uncertain


def test_a_study_is_not_gone_on_with_by_another_criterion(told, tmp_path):
    _, _, out = told
    words = ["tune", str(config(tmp_path, "cvar")), "--jobs", "1", "--out", str(out), "--resume"]

    result = CliRunner().invoke(funnelsim, words)

    assert result.exit_code == 4
    assert "uncertain.criterion" in result.stderr


def test_draws_that_are_not_there_are_told_before_the_work(tmp_path):
    path = config(tmp_path, "cvar")
    text = path.read_text(encoding="utf-8").replace("[uncertain]", '[uncertain]\nposterior = "none.csv"')
    path.write_text(text, encoding="utf-8")

    result = CliRunner().invoke(funnelsim, ["tune", str(path), "--jobs", "1", "--out", str(tmp_path / "out")])

    assert result.exit_code == 3
    assert "none.csv: cannot be read" in result.stderr


def test_who_fails_a_constraint_is_not_named_best(tmp_path):
    path = tmp_path / "never.toml"
    path.write_text(
        dump_toml(planted("regret", constraints=["revenue_calendar >= 1e12"], **SMALL)), encoding="utf-8"
    )
    words = ["tune", str(path), "--jobs", "1", "--out", str(tmp_path / "study")]
    result = CliRunner().invoke(funnelsim, words)
    assert result.exit_code == 0, result.stderr
    assert "none is named, for none of them keeps every constraint" in " ".join(result.stdout.split())
    assert "as asked for" not in result.stdout
    again = CliRunner().invoke(funnelsim, [*words, "--resume", "--json"])
    assert not any(row["best"] for row in json.loads(again.stdout)["robust"])
