"""`funnelsim calibrate`, `backtest` and `replay`, from the command line."""

from __future__ import annotations

import copy
import csv
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from calibration.scenes_backtest import TABLES, history_of_replication, scenario
from funnelsim.calibration.exporting import write_export
from funnelsim.cli.replay import parsed
from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, load_scenario, scenario_from

DATES = ("--from", "2025-01-20", "--to", "2025-02-16")


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, [str(word) for word in words])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a scenario and an export of its replication 0."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "small.toml").write_text(dump_toml(scenario()), encoding="utf-8")
    write_export(history_of_replication(0), folder / "crm")
    (folder / "draws.csv").write_text("market.reach.mu\n-0.6\n-0.2\n0.2\n", encoding="utf-8")
    return folder


def files_of(place: Path) -> list[Any]:
    crm = place / "crm"
    return ["--leads", crm / "leads.csv", "--touches", crm / "touches.csv", "--mapping", crm / "mapping.toml"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


# Backtest.


def test_backtest_tells_each_figure_with_its_interval(place):
    result = call("backtest", place / "small.toml", *files_of(place), *DATES, "--replications", 4, "--jobs", 1)

    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "small: leads of 2025-01-20 to 2025-02-16, 4 replications"
    assert "lie inside their 90 % interval" in result.stdout
    assert "give --posterior" in result.stdout
    assert "arrivals (given to the model)" in lines
    assert any(line.startswith("  circadian events") for line in lines)
    assert max(map(len, lines)) <= 80
    assert "leads:" in result.stderr
    assert "rows read" in result.stderr


def test_backtest_json_lists_every_figure_and_the_share_inside(place):
    words = ["backtest", place / "small.toml", *files_of(place), *DATES, "--replications", 3, "--jobs", 1, "--json"]

    told = json.loads(call(*words).stdout)

    assert told["schema_version"] == 1
    judged = [figure for figure in told["figures"] if figure["judged"]]
    assert len(judged) == told["figures_judged"] > 30
    assert sum(figure["inside"] for figure in judged) == told["figures_inside"]
    assert told["share_inside"] == told["figures_inside"] / told["figures_judged"]
    assert len(told["distances"]) == 5
    alone = json.loads(call(*words, "--posterior", place / "draws.csv").stdout)
    assert (told["with_draws"], alone["with_draws"]) == (False, True)
    assert alone["widening_max"] > told["widening_max"] == 1.0


def test_backtest_writes_a_folder_that_says_where_it_comes_from(place, tmp_path):
    folder = tmp_path / "results" / "b"
    words = ["backtest", place / "small.toml", *files_of(place), *DATES, "--replications", 2, "--jobs", 1]

    result = call(*words, "--out", folder)

    assert result.exit_code == 0, result.stderr
    assert {p.name for p in folder.iterdir()} == {
        "figures.csv", "distances.csv", "scenario.toml", "report.html", "manifest.json",
        "overview.png", "response.png", "reach.png", "wins.png", "workload.png",
    }  # fmt: skip
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["kind"] == "backtest"
    assert set(manifest["inputs"]) == {"scenario", "leads", "touches", "mapping"}
    assert manifest["settings"]["from"] == "2025-01-20"
    assert set(manifest["files"]) == {p.name for p in folder.iterdir()} - {"manifest.json"}
    assert manifest["again"].startswith("funnelsim backtest ")
    again = call(*manifest["again"].split()[1:])  # the same study may be written again
    assert again.exit_code == 0, again.stderr
    played = load_scenario(folder / "scenario.toml")
    assert played.team.reps[0].shifts  # who was there on which day of the history, not the team of the scenario
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert html.startswith("<!doctype html>")
    assert html.count("data:image/png;base64,") == 5
    assert "http" not in html  # one file that needs nothing else


def test_a_folder_of_something_else_is_refused_before_any_work(place, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    words = ["backtest", place / "small.toml", *files_of(place), "--out", tmp_path]

    result = call(*words, "--replications", 2)

    assert result.exit_code == 5
    assert result.stdout == ""
    assert "holds files that are no result" in result.stderr
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "manifest.json").write_text('{"kind": "replay", "study_sha256": "0", "files": {}}')
    assert "holds a replay" in call(*words).stderr
    assert call(*words, "--force", "--replications", 2, "--jobs", 1).exit_code == 0


def test_every_fault_of_the_input_is_told_with_3(place, tmp_path):
    bad = tmp_path / "bad.toml"
    bad.write_text("[leads]\ncreated = 'nowhere'\n")
    result = call("backtest", place / "small.toml", "--leads", place / "absent.csv", "--mapping", bad)

    assert result.exit_code == 3
    assert "Traceback" not in result.stderr
    (tmp_path / "draws.csv").write_text("market.reach.moo\n1\n2\n")
    wrong = call(
        "backtest", place / "small.toml", *files_of(place), "--posterior", tmp_path / "draws.csv", "--jobs", 1
    )
    assert wrong.exit_code == 3
    assert "market.reach.moo" in wrong.stderr


def test_days_outside_the_history_are_told(place):
    result = call("backtest", place / "small.toml", *files_of(place), "--from", "2020-01-01", "--to", "2030-01-01")

    assert result.exit_code == 3
    assert "from: must be within" in result.stderr
    assert "to: must be within" in result.stderr
    assert call("backtest", place / "small.toml", *files_of(place), "--from", "soon").exit_code == 2


# Replay.


def test_replay_with_no_change_says_zero_everywhere(place):
    words = ["replay", place / "small.toml", *files_of(place), *DATES, "--replications", 2, "--jobs", 1]

    result = call(*words, "--json")

    told = json.loads(result.stdout)
    assert "nothing is changed" in result.stderr
    assert told["changed"] == {}
    known = [row for row in told["differences"] if row["n"]]
    assert len(known) > 50
    assert {(row["difference"], row["low"], row["high"]) for row in known} == {(0.0, 0.0, 0.0)}
    assert len(told["caveats"]) == 4


def test_replay_says_what_would_have_changed(place, tmp_path):
    words = ["replay", place / "small.toml", *files_of(place), *DATES, "--replications", 3, "--jobs", 1]

    changes = ["--set", "policy.sla.attempts=1", "--set", "sla.first_touch=2 business hours"]
    result = call(*words, *changes, "--out", tmp_path)

    assert result.exit_code == 0, result.stderr
    flat = " ".join(result.stdout.split())
    assert "Changed: policy.sla.first_touch 4 business hours → 2 business hours; policy.sla.attempts 4 → 1" in flat
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "not the luck that these people really had" in flat
    assert {p.name for p in tmp_path.iterdir()} == {
        "differences.csv", "replications.csv", "before.toml", "after.toml", "manifest.json",
    }  # fmt: skip
    connected = next(row for row in rows(tmp_path / "differences.csv") if row["measure"] == "connected")
    assert float(connected["difference"]) < 0
    each = [row for row in rows(tmp_path / "replications.csv") if row["measure"] == "connected"]
    mean = sum(float(row["after"]) - float(row["before"]) for row in each) / 3
    assert mean == pytest.approx(float(connected["difference"]))
    assert load_scenario(tmp_path / "after.toml").policy.sla.attempts == 1


def test_replay_takes_a_whole_policy_from_a_file(place, tmp_path):
    only = tmp_path / "policy.toml"
    only.write_text('[policy]\nlifecycle = "three_stage"\ndeduplication = false\nsla = { attempts = 2 }\n')
    words = ["replay", place / "small.toml", *files_of(place), *DATES, "--replications", 2, "--jobs", 1, "--json"]

    told = json.loads(call(*words, "--policy", only, "--set", "sla.gap=3h").stdout)

    assert told["changed"]["policy.sla.attempts"] == ["4", "2"]
    assert told["changed"]["policy.sla.gap"] == ["20h", "3h"]
    assert "policy.sla.A.gap" not in told["changed"]
    assert "policy.lifecycle" not in told["changed"]


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--set", "policy.scoring.cutof=60"], "did you mean 'scoring.cutoff'"),
        (["--set", "policy.sla.attempts"], "must be PATH=VALUE"),
        (["--set", "sla.attempts=0"], "must be >= 1"),
        (["--policy", "absent.toml"], "absent.toml"),
    ],
)
def test_a_wrong_change_ends_with_3_before_any_work(place, words, rule):
    result = call("replay", place / "small.toml", *files_of(place), *words)

    assert result.exit_code == 3
    assert result.stdout == ""
    assert rule in result.stderr


def test_values_are_read_as_toml_reads_them():
    assert [parsed(text) for text in ("60", "0.5", "true", "lifo", "2 business hours", '["call"]')] == [
        60, 0.5, True, "lifo", "2 business hours", ["call"],
    ]  # fmt: skip


# Calibrate.


@pytest.fixture(scope="module")
def calibrated(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    folder = tmp_path_factory.mktemp("results") / "crm"
    leads, *rest = files_of(place)[1:]
    words = [leads, *rest, "--spend", place / "crm" / "spend.csv", "--trials", 0, "--draws", 4, "--replications", 2]
    return folder, call("calibrate", *words, "--out", folder, "--jobs", 1)


def test_calibrate_writes_a_scenario_with_its_uncertainty_and_a_report(calibrated):
    folder, result = calibrated

    assert result.exit_code == 0, result.stderr
    assert {p.name for p in folder.iterdir()} == {
        "scenario.toml", "posterior.csv", "parameters.csv", "assumed.csv", "cleaning.csv", "set_aside.csv",
        "unreadable.csv", "figures.csv", "distances.csv", "report.html", "manifest.json", "arrivals.png",
        "overview.png", "response.png", "reach.png", "wins.png", "workload.png",
    }  # fmt: skip
    found = load_scenario(folder / "scenario.toml")
    assert set(found.market.channels) == {"search", "social"}
    assert found.name == "crm"
    assert len(rows(folder / "posterior.csv")) == 4
    parameters = rows(folder / "parameters.csv")
    assert list(parameters[0]) == ["path", "estimate", "low", "high", "unit", "method", "n", "warning"]
    reach = next(row for row in parameters if row["path"] == "market.reach.mu")
    assert float(reach["low"]) < float(reach["estimate"]) < float(reach["high"])
    assert "the effect of delay is confounded" in " ".join(result.stdout.split())
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_the_report_names_the_traps_and_what_was_cleaned(calibrated):
    html = (calibrated[0] / "report.html").read_text(encoding="utf-8")

    for words in ("The effect of delay is confounded", "causal share", "What stays assumed", "set aside", "Parameters"):
        assert words in html
    assert html.count("data:image/png;base64,") == 6
    assert "nan" not in html.replace("&#x27;", "").split("base64,")[0]


def test_what_calibrate_wrote_can_be_backtested_and_replayed(calibrated, place):
    folder, _ = calibrated
    common = [folder / "scenario.toml", *files_of(place), *DATES, "--replications", 2, "--jobs", 1, "--json"]
    common += ["--posterior", folder / "posterior.csv"]

    told = json.loads(call("backtest", *common).stdout)
    assert told["with_draws"]
    assert told["figures_judged"] > 30
    differences = json.loads(call("replay", *common, "--set", "sla.attempts=1").stdout)["differences"]
    assert any(row["difference"] for row in differences)


def test_calibrate_never_writes_over_another_result(calibrated, place):
    folder, _ = calibrated
    before = (folder / "scenario.toml").read_bytes()
    leads, *rest = files_of(place)[1:]

    result = call("calibrate", leads, *rest, "--from", "2025-01-20", "--out", folder)

    assert result.exit_code == 5
    assert "holds another calibration" in result.stderr
    assert (folder / "scenario.toml").read_bytes() == before


def test_a_history_too_short_to_say_how_it_changes_is_warned_of(place, tmp_path):
    leads, *rest = files_of(place)[1:]
    words = ["--trials", 0, "--draws", 2, "--replications", 0, "--ahead", 1, "--out", tmp_path / "out"]

    result = call("calibrate", leads, *rest, *words)

    assert result.exit_code == 0, result.stderr
    assert "--ahead changes nothing" in " ".join(result.stderr.split())
    assert "--ahead 1" in (tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("months", ["nan", "-1", "inf", "soon"])
def test_months_ahead_must_be_a_number_of_them(place, tmp_path, months):
    leads, *rest = files_of(place)[1:]

    result = call("calibrate", leads, *rest, "--ahead", months, "--out", tmp_path / "out")

    assert result.exit_code == 2
    assert "--ahead" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_draws_months_ahead_spread_further_than_those_of_the_present(tmp_path):
    """Fourteen weeks of some fifteen leads a day: reach and the desk are drawn where they may be, so further apart."""
    tables = copy.deepcopy(TABLES)
    for channel in tables["market"]["channels"].values():
        channel["visitors_per_day"] *= 3.0
    tables["run"] |= {"warmup_days": 0, "horizon_days": 98, "followup_days": 0}
    company = scenario_from(tables, where="a company")
    write_export(history_of_replication(0, company), tmp_path / "crm")
    crm, spread = tmp_path / "crm", {}
    common = ["calibrate", crm / "leads.csv", "--touches", crm / "touches.csv", "--mapping", crm / "mapping.toml"]
    for ahead in (0, 1):
        out = tmp_path / str(ahead)
        words = ["--trials", 2, "--draws", 60, "--replications", 0, "--ahead", ahead, "--out", out]
        result = call(*common, *words)
        assert result.exit_code == 0, result.stderr
        draws = np.array([float(row["market.reach.mu"]) for row in rows(out / "posterior.csv")])
        spread[ahead] = draws.std()

    assert spread[1] > 1.2 * spread[0]


def test_a_calibration_without_touches_says_what_stays_assumed(tmp_path):
    history = history_of_replication(0)
    write_export(dataclasses.replace(history, touches=None, spend=None), tmp_path / "crm")
    crm = tmp_path / "crm"

    result = call(
        "calibrate", crm / "leads.csv", "--mapping", crm / "mapping.toml", "--out", tmp_path / "out", "--json",
        "--trials", 0, "--replications", 0, "--draws", 2,
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["touches"] is None
    assert any("reach" in one["path"] for one in told["assumed"])
    assert "no file of touches" in result.stderr
