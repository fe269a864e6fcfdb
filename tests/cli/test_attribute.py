"""`funnelsim attribute`, from the command line."""

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
from funnelsim.config.paths import with_values
from lab.small import small

QUICK = ("--replications", 2, "--jobs", 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("scenarios")
    one = small()
    plan = one.with_policy(with_values(one.policy, {"scoring.cutoff": 35.0, "headcount.sales": 6, "sla.attempts": 6}))
    found = {}
    for name, scenario in (("one", one), ("plan", plan), ("other", small(horizon_days=30))):
        found[name] = folder / f"{name}.toml"
        found[name].write_text(dump_toml(scenario.model_copy(update={"name": name})), encoding="utf-8")
    return found


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["attribute", *map(str, words)])


def test_a_plan_is_told_written_and_adds_up(files, tmp_path):
    out = tmp_path / "a"
    result = call(files["one"], "--plan", files["plan"], *QUICK, "--measure", "mqls", "--out", out)
    assert result.exit_code == 0, result.stderr

    assert max(map(len, result.stdout.splitlines())) <= 100
    names = {"attribution.txt", "attribution.csv", "coalitions.csv", "waterfall.png", "scenario.toml", "plan.toml"}
    assert {p.name for p in out.iterdir()} == names | {"manifest.json"}
    lines = pd.read_csv(out / "attribution.csv").set_index("line")["value"]
    assert lines.drop("wanted").sum() == pytest.approx(lines["wanted"])
    assert lines["quality"] < 0  # a higher threshold makes fewer MQLs
    every = pd.read_csv(out / "coalitions.csv")
    assert len(every) == 2 * 32
    none = every[~every[["volume", "quality", "speed", "effort", "capacity"]].any(axis=1)]
    assert none["value"].mean() == pytest.approx(lines["as it is"])

    again = call(files["one"], "--target", 1e6, *QUICK, "--out", out)
    assert again.exit_code == 5
    assert "--force" in again.stderr


def test_a_target_a_year_is_brought_to_the_measured_window_and_adds_up(files):
    result = call(files["one"], "--target", 2e6, "--reference", "market.fit.able_share=0.6", *QUICK, "--json")
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)

    assert told["wanted"] == pytest.approx(2e6 * small().run.horizon_days / 365)
    total = told["as_is"]["mean"] + sum(p["mean"] for p in told["parts"].values()) + told["not_explained"]["mean"]
    assert total == pytest.approx(told["wanted"])
    assert told["times_the_leads"] > 0
    assert told["parts"]["quality"]["differs"] == ["market.fit.able_share"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "give --target REVENUE or --plan"),
        (("--target", "1", "--plan", "plan"), "give --target REVENUE or --plan"),
        (("--plan", "plan", "--reference", "scoring.cutoff=3"), "--reference needs --target"),
        (("--target", "1", "--measure", "deals"), "--measure needs --plan"),
        (("--plan", "plan", "--measure", "visitors"), "cannot be attributed"),
        (("--plan", "plan", "--force"), "--force needs --out"),
    ],
)
def test_wrong_use_is_explained(files, words, message):
    result = call(files["one"], *(files.get(word, word) for word in words))

    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--plan", "other"), "run.horizon_days"),
        (("--plan", "plan", "--measure", "revenu"), "did you mean 'revenue'"),
        (("--target", "1e6", "--reference", "scoring.cutof=3"), "scoring.cutof"),
        (("--target", "1e6", "--reference", "scoring.cutoff"), "FIELD=VALUE"),
        (("--target", "1e12", *QUICK), "times the leads"),
    ],
)
def test_what_cannot_be_attributed_is_explained(files, words, message):
    result = call(files["one"], *(files.get(str(word), word) for word in words))

    assert result.exit_code == 3
    assert message in result.stderr


def test_what_was_broken_off_is_gone_on_with(files, tmp_path, monkeypatch):
    from funnelsim.lab import attribution

    words = ("attribute", files["one"], "--plan", files["plan"], *QUICK, "--measure", "mqls")
    story = broken_off(monkeypatch, tmp_path, *words, module=attribution, work="_measure_coalitions", at=1)

    assert story.broken.stdout == ""  # one replication says nothing yet
    assert story.asked == [0, 1, 1]


def test_every_fault_is_told_at_once(files, tmp_path):
    torn = tmp_path / "torn.toml"
    torn.write_text("[run]\nhorizon_dais = 3\n", encoding="utf-8")
    words = ("--target", "1e6", "--reference", "scoring.cutoff", "--reference", "=3", "--out", tmp_path / "out")
    result = call(torn, *words)

    assert result.exit_code == 3
    for told in (f"{torn}: run.horizon_dais: unknown key", "--reference scoring.cutoff: must", "--reference =3: must"):
        assert told in result.stderr
    assert not (tmp_path / "out").exists()
