"""`funnelsim sensitivity`, from the command line."""

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

QUICK = ("--replications", 2, "--jobs", 1, "--measures", "mqls,revenue")
VARY = ("--vary", "scoring.cutoff=15:45", "--vary", "market.channels.*.visitors_per_day")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "one.toml"
    path.write_text(dump_toml(small().model_copy(update={"name": "one"})), encoding="utf-8")
    return path


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["sensitivity", *map(str, words)])


def test_ends_weights_and_indices_are_told_and_written(config, tmp_path):
    out = tmp_path / "s"
    result = call(config, *QUICK, *VARY, "--screening", 2, "--sobol", 4, "--out", out)
    assert result.exit_code == 0, result.stderr

    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "MQL threshold" in result.stdout
    assert "visitors, all channels" in result.stdout
    names = {"sensitivity.txt", "one_at_a_time.csv", "all_together.csv", "scenario.toml", "manifest.json"}
    assert {p.name for p in out.iterdir()} == names | {"sensitivity_mqls.png", "sensitivity_revenue.png"}
    alone = pd.read_csv(out / "one_at_a_time.csv").set_index(["measure", "input", "value"])
    low, high = (alone.loc[("mqls", "scoring.cutoff", v), "difference"] for v in ("15", "45"))
    assert low > 0 > high
    weights = pd.read_csv(out / "all_together.csv").set_index(["measure", "input"])
    assert weights.loc[("mqls", "scoring.cutoff"), "mu"] < 0
    assert weights.loc[("mqls", "scoring.cutoff"), "sobol_total"] > 0.5

    other = call(config, *QUICK, *VARY, "--screening", 0, "--out", out)
    assert other.exit_code == 5
    assert "--force" in other.stderr


def test_the_object_holds_the_same(config):
    result = call(config, *QUICK, *VARY, "--screening", 0, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    assert (told["replications"], told["complete"], told["all_together"]) == (2, True, [])
    assert {row["input"] for row in told["one_at_a_time"]} == {"scoring.cutoff", "market.channels.*.visitors_per_day"}


def test_a_table_of_steps_is_told_and_written(config, tmp_path):
    words = ("--marginal", "--step", "scoring.cutoff=+5", "--step", "market.deal.value_mean=+5%")
    result = call(config, *QUICK, *words, "--out", tmp_path / "m")
    assert result.exit_code == 0, result.stderr

    assert "scoring.cutoff +5" in result.stdout
    assert "mqls the same in every replication: market.deal.value_mean +5%" in result.stdout
    frame = pd.read_csv(tmp_path / "m" / "marginal.csv").set_index(["scenario", "measure"])
    assert frame.loc[("scoring.cutoff +5", "mqls"), "difference"] < 0
    base = frame.loc[("in force", "revenue"), "mean"]
    assert frame.loc[("market.deal.value_mean +5%", "revenue"), "difference"] == pytest.approx(0.05 * base)
    assert (tmp_path / "m" / "marginal.png").is_file()
    again = json.loads((tmp_path / "m" / "manifest.json").read_text())["again"]
    assert "--marginal --step scoring.cutoff=+5" in again


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--marginal", "--vary", "scoring.cutoff"), "--marginal takes steps"),
        (("--step", "scoring.cutoff=+5"), "need --marginal"),
        (("--vary", "scoring.cutoff", "--only", "policy"), "--only chooses"),
        (("--sobol", "100"), "power of two"),
        (("--force",), "--force needs --out"),
        (("--replications", "1"), "--replications"),
        (("--world", "1.5"), "--world"),
    ],
)
def test_wrong_use_is_explained(config, words, message):
    result = call(config, *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_every_fault_is_told_at_once(config):
    result = call(config, "--vary", "scoring.cutof=1:2", "--vary", "market.deal.valu_mean")

    assert result.exit_code == 3
    assert "did you mean 'scoring.cutoff'?" in result.stderr
    assert "did you mean 'value_mean'?" in result.stderr
    result = call(config, "--marginal", "--step", "scoring.cutof=+1", "--step", "sla.gap=5h")
    assert result.exit_code == 3
    assert result.stderr.count("--step") >= 2


def test_what_was_broken_off_is_told_and_gone_on_with(config, tmp_path, monkeypatch):
    from funnelsim.lab import sensitivity

    words = ("sensitivity", config, *QUICK, "--vary", "scoring.cutoff=15:45", "--screening", 2)
    # The second replication of the screening.
    story = broken_off(monkeypatch, tmp_path, *words, module=sensitivity, work="_measure_settings", at=3)

    assert "interrupted: what follows is of what was finished" in story.broken.stderr
    assert story.asked == [0, 1, 0, 1, 1]


def test_finished_steps_are_not_played_again(config, tmp_path, monkeypatch):
    from funnelsim.lab import sensitivity

    true_work = sensitivity._measure_settings
    played = []

    def interrupted(scenario, replication, **more):
        played.append(replication)
        if played == [0, 1]:
            raise KeyboardInterrupt
        return true_work(scenario, replication, **more)

    monkeypatch.setattr(sensitivity, "_measure_settings", interrupted)
    words = (config, *QUICK, "--marginal", "--step", "scoring.cutoff=+5", "--out", tmp_path / "m")

    assert call(*words).exit_code == 130
    assert call(*words, "--resume").exit_code == 0
    assert played == [0, 1, 1]
