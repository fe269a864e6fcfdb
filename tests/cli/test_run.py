"""`funnelsim run` and `funnelsim trace`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, load_scenario
from funnelsim.metrics import MEASURES

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
SHORT = {"warmup_days": 14, "horizon_days": 35, "followup_days": 20, "replications": 2, "seed": 5}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scenario file that plays in a tenth of a second."""
    scenario = load_scenario(CONFIGS / "quickstart.toml")
    short = scenario.model_copy(update={"run": scenario.run.model_copy(update=SHORT), "name": "short"})
    file = tmp_path_factory.mktemp("configs") / "short.toml"
    file.write_text(dump_toml(short), encoding="utf-8")
    return file


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, [str(word) for word in words])


def values(*words: Any) -> dict[str, Any]:
    result = call(*words, "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_json_is_one_object_with_every_measure(config):
    told = values("run", config, "--jobs", 1)

    assert told.keys() == {"schema_version", "scenario", "seed", "replications", "complete", "metrics"}
    assert (told["schema_version"], told["scenario"], told["seed"]) == (1, "short", 5)
    assert (told["replications"], told["complete"]) == (2, True)
    assert list(told["metrics"]) == list(MEASURES)
    for found in told["metrics"].values():
        assert found.keys() == {"mean", "half_width", "n"}
        assert isinstance(found["n"], int)
        assert (found["mean"] is None) == (found["n"] == 0)
        assert (found["half_width"] is None) == (found["n"] < 2)


def test_what_is_not_defined_is_null(config):
    told = values("run", config, "--jobs", 1)

    # The quickstart sets no term to accept an SQL.
    assert told["metrics"]["acceptance_attainment"] == {"mean": None, "half_width": None, "n": 0}


def test_a_replication_alone_equals_itself_in_the_batch(config):
    both = values("run", config, "--jobs", 1)["metrics"]
    first, second = (values("run", config, "--replication", r)["metrics"] for r in (0, 1))

    assert both["leads"]["mean"] == (first["leads"]["mean"] + second["leads"]["mean"]) / 2
    assert first["leads"]["mean"] != second["leads"]["mean"]
    assert values("run", config, "--replication", 1)["replication"] == 1


def test_jobs_leave_no_mark_and_the_seed_does(config):
    alone = call("run", config, "--jobs", 1, "--json").stdout

    assert call("run", config, "--jobs", 2, "--json").stdout == alone
    assert call("run", config, "--jobs", 1, "--seed", 0, "--json").stdout != alone
    assert values("run", config, "--jobs", 1, "--seed", 0)["seed"] == 0


def test_the_table_has_the_goals_first_and_says_what_it_is_of(config):
    result = call("run", config, "--jobs", 1)

    lines = result.stdout.splitlines()
    assert lines[0] == "short: replications 0–1, seed 5; mean ± half-width of the 95 % interval"
    assert lines[2] == "Goals"
    assert lines[3].split()[0] == "revenue"
    wasted = next(j for j, line in enumerate(lines) if line.split()[:1] == ["leads_wasted_share"])
    assert lines[wasted + 1] == "  standard: 6 tries at least 4 h apart (run.standard), the same for every policy"
    assert "cost_per" not in result.stdout
    assert "promise_gap_hours" not in result.stdout
    assert "promise_gap_hours" in call("run", config, "--jobs", 1, "--all").stdout


def test_nothing_is_written_without_out(config, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert call("run", config, "--jobs", 1).exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_out_holds_tables_figures_configuration_and_manifest(config, tmp_path):
    folder = tmp_path / "results" / "short"

    result = call("run", config, "--jobs", 1, "--engine", "reference", "--out", folder, "--json")

    assert result.exit_code == 0, result.stderr
    assert result.stderr == f"written to {folder}\n"
    assert {p.name for p in folder.iterdir()} == {
        "replications.csv", "measures.csv", "segments.csv", "months.csv", "week.csv", "scenario.toml", "manifest.json",
        "funnel.png", "speed_to_lead.png", "week.png", "waste.png", "revenue.png",
    }  # fmt: skip
    tidy = pd.read_csv(folder / "replications.csv")
    assert list(tidy.columns) == ["replication", "measure", "value", "unit"]
    assert len(tidy) == 2 * len(MEASURES)
    told = json.loads(result.stdout)["metrics"]
    revenue = tidy[tidy["measure"] == "revenue"]
    assert revenue["value"].mean() == pytest.approx(told["revenue"]["mean"], rel=1e-12)
    assert set(revenue["unit"]) == {"EUR"}
    measures = pd.read_csv(folder / "measures.csv").set_index("measure")
    assert measures.loc["leads", "mean"] == told["leads"]["mean"]
    segments = pd.read_csv(folder / "segments.csv")
    channels = segments[(segments["by"] == "channel") & (segments["measure"] == "leads")]
    assert channels["mean"].sum() == pytest.approx(told["leads"]["mean"])
    assert len(pd.read_csv(folder / "week.csv")) == 168
    months = pd.read_csv(folder / "months.csv").groupby("measure")["mean"].sum()
    assert set(months.index) == {"leads", "mqls_in_month", "sqls_in_month", "deals_calendar", "revenue_calendar"}
    for name in ("leads", "deals_calendar", "revenue_calendar"):
        assert months[name] == pytest.approx(told[name]["mean"])
    for figure in folder.glob("*.png"):
        assert figure.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_result_folder_can_be_run_again_from_itself(config, tmp_path):
    assert call("run", config, "--jobs", 1, "--seed", 11, "--replications", 3, "--out", tmp_path / "a").exit_code == 0
    again = json.loads((tmp_path / "a" / "manifest.json").read_text())["again"].split()
    assert again[:2] == ["funnelsim", "run"]

    words = [tmp_path / "a" / again[2], *again[3:], "--jobs", 1, "--out", tmp_path / "b"]
    assert call("run", *words).exit_code == 0

    for name in ("replications.csv", "week.csv", "months.csv", "scenario.toml"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a" / "revenue.png").read_bytes() == (tmp_path / "b" / "revenue.png").read_bytes()


def test_log_writes_one_replication_in_full(config, tmp_path):
    result = call("run", config, "--replication", 1, "--out", tmp_path, "--log", "--json")

    assert result.exit_code == 0, result.stderr
    leads, touches = pd.read_csv(tmp_path / "leads.csv"), pd.read_csv(tmp_path / "touches.csv")
    assert set(touches["lead"]) <= set(leads["lead"])
    told = json.loads(result.stdout)["metrics"]
    won_in_window = leads[(leads["state"] == "won")]["value"].sum()
    assert won_in_window >= told["revenue"]["mean"] > 0
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["replications"] == [1]
    assert {"leads.csv", "touches.csv"} <= set(manifest["files"])


def test_what_replaces_an_earlier_result_says_so(config, tmp_path):
    first = call("run", config, "--jobs", 1, "--engine", "reference", "--out", tmp_path, "--log")
    assert first.stderr == f"written to {tmp_path}\n"

    second = call("run", config, "--replication", 1, "--engine", "reference", "--out", tmp_path)

    assert second.exit_code == 0
    assert second.stderr == (
        f"replaced the earlier result in {tmp_path}: 2 replications before, 1 now; removed leads.csv, touches.csv\n"
        f"written to {tmp_path}\n"
    )
    assert not (tmp_path / "leads.csv").exists()
    third = call("run", config, "--replication", 1, "--out", tmp_path)
    assert f"in {tmp_path}: 1 replication before, 1 now\n" in third.stderr


def test_an_out_that_cannot_be_written_is_told_before_any_work(config, tmp_path):
    (tmp_path / "file").touch()

    result = call("run", config, "--jobs", 1, "--out", tmp_path / "file" / "below")

    assert result.exit_code == 5
    assert result.stdout == ""
    assert "cannot be written" in result.stderr


def test_a_folder_of_another_scenario_is_refused_before_any_work(config, tmp_path):
    (tmp_path / "manifest.json").write_text('{"scenario": "theirs", "scenario_sha256": "0", "seed": 3, "files": {}}')

    result = call("run", config, "--jobs", 1, "--out", tmp_path)

    assert result.exit_code == 5
    assert result.stdout == ""
    assert "holds the result of another scenario ('theirs', seed 3)" in result.stderr
    assert "--force" in result.stderr
    assert call("run", config, "--jobs", 1, "--out", tmp_path, "--force").exit_code == 0
    assert json.loads((tmp_path / "manifest.json").read_text())["scenario"] == "short"


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--replications", "2", "--replication", "1"], "exclude one another"),
        (["--log"], "--log needs --out"),
        (["--force"], "--force needs --out"),
        (["--replications", "0"], "0 is not in the range"),
        (["--jobs", "0"], "0 is not in the range"),
        (["--seed", "-1"], "-1 is not in the range"),
    ],
)
def test_wrong_use_ends_with_2_before_any_work(config, words, rule):
    result = call("run", config, *words)

    assert result.exit_code == 2
    assert rule in result.stderr


def test_a_faulty_scenario_ends_with_3(tmp_path):
    file = tmp_path / "a.toml"
    file.write_text("[policy]\nlifecycel = 1\n")

    for words in (["run", file], ["trace", file, "--lead", 0]):
        result = call(*words)
        assert result.exit_code == 3
        assert "policy.lifecycel" in result.stderr


def test_an_interrupted_run_keeps_what_is_finished_and_says_so(config, tmp_path, monkeypatch):
    from funnelsim.report import portrait

    whole = portrait.portray

    def interrupted(scenario, replication, **how):
        if replication == 2:
            raise KeyboardInterrupt
        return whole(scenario, replication, **how)

    monkeypatch.setattr(portrait, "portray", interrupted)

    result = call("run", config, "--replications", 5, "--jobs", 1, "--out", tmp_path, "--json")

    assert result.exit_code == 130
    assert "2 of 5 replications" in result.stderr
    told = json.loads(result.stdout)
    assert (told["replications"], told["complete"]) == (2, False)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert (manifest["replications"], manifest["complete"]) == ([0, 1], False)


def test_an_interruption_before_anything_is_finished_leaves_nothing(config, tmp_path, monkeypatch):
    from funnelsim.report import portrait

    def interrupted(scenario, replication, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(portrait, "portray", interrupted)

    result = call("run", config, "--jobs", 1, "--out", tmp_path / "a")

    assert result.exit_code == 130
    assert result.stdout == ""
    assert not (tmp_path / "a").exists()


def test_trace_tells_a_life_in_text_and_in_json(config):
    text = call("trace", config, "--lead", 3, "--replication", 1)
    told = values("trace", config, "--lead", 3, "--replication", 1)

    assert text.exit_code == 0, text.stderr
    assert text.stdout.startswith("Lead 3 of short, seed 5, replication 1; times in ")
    assert (told["lead"], told["replication"], told["seed"]) == (3, 1, 5)
    assert told["happenings"][0]["kind"] == "created"
    assert values("trace", config, "--lead", 3, "--seed", 6)["who"] != values("trace", config, "--lead", 3)["who"]


def test_trace_of_a_lead_that_is_not_there_says_how_many_there_are(config):
    result = call("trace", config, "--lead", 100_000)

    assert result.exit_code == 2
    assert "leads, 0 to" in result.stderr


def test_the_engine_is_named_where_we_choose_and_in_the_manifest(config, tmp_path, monkeypatch):
    from funnelsim.engines import choice

    monkeypatch.setattr(choice, "available", lambda: False)

    chosen = call("run", config, "--replication", 0, "--out", tmp_path / "a", "--json")
    wished = call("run", config, "--replication", 0, "--engine", "reference", "--json")

    assert chosen.stderr.startswith("engine: reference (")
    assert "engine" not in wished.stderr
    assert chosen.stdout == wished.stdout
    assert json.loads((tmp_path / "a" / "manifest.json").read_text())["engine"] == "reference"


@pytest.mark.parametrize("command", [["run"], ["tune"], ["trace", "--lead", 0]])
def test_an_engine_that_cannot_play_here_is_wrong_use(config, tmp_path, monkeypatch, command):
    from funnelsim.engines import choice

    monkeypatch.setattr(choice, "available", lambda: False)
    monkeypatch.chdir(tmp_path)

    result = call(command[0], config, *command[1:], "--engine", "compiled")

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "engine: 'compiled' needs numba, which is not installed: pip install 'funnelsim[fast]'"
    )
    assert list(tmp_path.iterdir()) == []
