"""`funnelsim run --until`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml
from funnelsim.lab.until import SettledSeries
from funnelsim.report.figures_sheet import Imprint
from funnelsim.report.figures_warmup import warmup_figure
from funnelsim.warmup import mser
from lab.small import small

EASY = ("--until-measures", "leads", "--jobs", 1)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scenario file that plays in a tenth of a second."""
    file = tmp_path_factory.mktemp("configs") / "short.toml"
    file.write_text(dump_toml(small().model_copy(update={"name": "short"})), encoding="utf-8")
    return file


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["run", *map(str, words)])


def test_it_plays_until_the_precision_and_says_so(config, tmp_path):
    out = tmp_path / "found"
    result = call(config, "--until", "10%", *EASY, "--out", out, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    leads = told["metrics"]["leads"]
    assert leads["half_width"] <= 0.1 * leads["mean"]
    assert "±10 % reached after" in result.stderr
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["replications"] == list(range(told["replications"]))
    assert (out / "warmup.png").is_file()


def test_the_numbers_are_those_of_as_many_replications(config):
    until = json.loads(call(config, "--until", "0.1", *EASY, "--json").stdout)
    fixed = json.loads(call(config, "--replications", until["replications"], "--jobs", 1, "--json").stdout)

    assert until == fixed


def test_the_cap_is_kept_and_the_cost_foretold(config):
    result = call(config, "--until", "0.001", "--at-most", 12, *EASY)

    assert result.exit_code == 0
    assert "more than the 12 allowed" in result.stderr
    assert "±0.1 % not reached in 12 replications" in result.stderr
    assert "replications would do" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--until", "0.1", "--replications", "5"), "leave --replications"),
        (("--until", "0"), "above 0 and below 1"),
        (("--until", "5"), "above 0 and below 1"),
        (("--until", "x"), "no share"),
        (("--at-most", "5"), "--at-most needs --until"),
        (("--until-measures", "leads"), "--until-measures needs --until"),
    ],
)
def test_wrong_use_is_explained(config, words, message):
    result = call(config, *words)

    assert result.exit_code == 2
    assert message in result.stderr


def test_an_unknown_measure_is_guessed(config):
    result = call(config, "--until", "0.1", "--until-measures", "revenu")

    assert result.exit_code == 3
    assert "--until-measures: no such measure 'revenu'; did you mean 'revenue'?" in result.stderr


def test_the_figure_names_what_settles_late_or_nowhere():
    late = np.concatenate([np.linspace(0, 10, 42), np.full(98, 10.0)])
    series = [
        SettledSeries("deals", "deals a day", late, mser(late, batch=7), 3),
        SettledSeries("backlog", "tasks", np.arange(140.0), mser(np.arange(140.0), batch=7), 3),
    ]
    assert series[0].settled.cut == 42
    imprint = Imprint("short", 1, "replications 0–2", "0.1.0")

    title = warmup_figure(series, warmup_days=14, horizon_days=90, imprint=imprint).texts[0].get_text()
    assert title.replace("\n", " ") == "deals: settled after the warm-up of 14 days; backlog: not settled in this run"
    calm = warmup_figure(series[:1], warmup_days=42, horizon_days=90, imprint=imprint).texts[0].get_text()
    assert calm == "A warm-up of 42 days is long enough for every series"


def test_the_warm_up_is_checked_for_the_measures_asked_for(config):
    """`leads` of a week come as they come, whatever the desk does; months are no weeks."""
    easy = call(config, "--until", "20%", *EASY)
    assert easy.exit_code == 0
    assert "warning: MQLs" not in easy.stderr
    assert "warning: waiting" not in easy.stderr

    months = call(config, "--until", "50%", "--at-most", 6, "--until-measures", "promise_monthly_leads", "--jobs", 1)
    words = " ".join(months.stderr.split())
    assert "promise_monthly_leads is not defined for single weeks: its warm-up is checked by MQLs, waiting" in words
