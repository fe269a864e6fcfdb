"""`funnelsim stress`, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from cli.interrupts import broken_off
from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, load_scenario, scenario_from
from funnelsim.config.paths import with_values
from funnelsim.config.state import State, in_state
from funnelsim.config.values import plain_tables
from funnelsim.lab.replicate import replicate
from funnelsim.stats import paired
from lab.small import small

DEMAND = "market.channels.*.visitors_per_day"
UNCERTAIN = {
    "ranges": {DEMAND: {"factor": [0.5, 1.5], "name": "demand"}},
    "events": {"a_rep_leaves": {"probability": 0.3, "away": [{"role": "sales", "starts": "2025-09-20"}]}},
    "states": 2,
}
QUICK = ("--replications", 3, "--jobs", 1)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a scenario with something uncertain, and one with a stricter policy."""
    folder = tmp_path_factory.mktemp("scenarios")
    one = scenario_from({**plain_tables(small()), "uncertain": UNCERTAIN}, where="one")
    stricter = small().with_policy(with_values(small().policy, {"scoring.cutoff": 45.0}))
    found = {}
    for name, scenario in (("one", one), ("stricter", stricter)):
        found[name] = folder / f"{name}.toml"
        found[name].write_text(dump_toml(scenario.model_copy(update={"name": name})), encoding="utf-8")
    return found


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, ["stress", *map(str, words)])


@pytest.fixture(scope="module")
def told(files: dict[str, Path]) -> dict[str, Any]:
    result = call(files["one"], "--policy", files["stricter"], *QUICK, "--measures", "mqls,revenue", "--json")
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_each_stress_is_the_paired_difference_of_that_world_against_the_world_as_written(told, files):
    one = load_scenario(files["one"])
    rows = {(r["policy"], r["input"], r["end"], r["measure"]): r for r in told["stresses"]}

    assert len(rows) == 2 * (1 + 2 + 1) * 2
    base = replicate(one, replications=range(3))["revenue"].to_numpy()
    world = in_state(one, State("gone", events=frozenset({"a_rep_leaves"})))
    gone = replicate(world, replications=range(3))["revenue"].to_numpy()
    row = rows["in force", "a rep leaves", "happens", "revenue"]
    assert (row["mean"], row["difference"]) == pytest.approx((gone.mean(), (gone - base).mean()))
    # Bonferroni over three stresses and two measures.
    expected = paired(gone, base, confidence=1 - 0.05 / 6)
    assert row["difference_half_width"] == pytest.approx(expected.half_width)
    low, high = (rows["in force", "demand", end, "mqls"] for end in ("low", "high"))
    assert (low["value"], high["value"]) == ("x 0.5", "x 1.5")
    assert high["difference"] > 0 > low["difference"]
    assert rows["stricter", "as written", "", "mqls"]["mean"] < rows["in force", "as written", "", "mqls"]["mean"]


def test_who_leaves_takes_no_leads_away_but_hands(told):
    rows = {(r["policy"], r["input"], r["measure"]): r for r in told["stresses"]}

    gone = rows["in force", "a rep leaves", "mqls"]
    # Leads come and qualify as ever: what changes is who works them, and with it who comes back from nurture.
    assert abs(gone["difference"]) < 0.05 * gone["mean"]


def test_policies_are_judged_over_the_states(told):
    rows = {(r["measure"], r["policy"], r["criterion"]): r for r in told["robust"]}

    assert told["states"] == {"number": 2, "enumerated": False, "seed": 1, "worst_share": 0.2}
    assert {m for m, _, _ in rows} == {"revenue"}  # of mqls neither way is better
    for policy in ("in force", "stricter"):
        mean, worst = rows["revenue", policy, "expectation"], rows["revenue", policy, "cvar"]
        assert worst["estimate"] <= mean["estimate"]
        assert mean["low"] <= mean["estimate"] <= mean["high"]
    assert sum(r["probability_best"] for (_, _, c), r in rows.items() if c == "regret") == pytest.approx(1.0)
    assert sum(bool(r["best"]) for (_, _, c), r in rows.items() if c == "cvar") == 1


def test_it_is_told_in_words_and_written_with_figures_and_not_over_another_study(files, tmp_path):
    out = tmp_path / "out"
    result = call(files["one"], *QUICK, "--out", out)

    assert result.exit_code == 0, result.stderr
    assert max(map(len, result.stdout.splitlines())) <= 100
    for words in ("demand x 0.5", "a rep leaves", "Over 2 states of the world", "worst 20 %", "leads wasted"):
        assert words in result.stdout
    written = {p.name for p in out.iterdir()}
    assert written == {
        "stress.csv", "states.csv", "robust.csv", "stress.txt", "stress.png", "states.png", "scenario.toml",
        "manifest.json",
    }  # fmt: skip
    assert (out / "stress.txt").read_text(encoding="utf-8").rstrip("\n") == result.stdout.rstrip("\n")
    states = pd.read_csv(out / "states.csv")
    assert states["weight"].sum() == pytest.approx(1.0)
    assert {"demand", "a rep leaves", "revenue"} <= set(states.columns)
    assert load_scenario(out / "scenario.toml").uncertain == load_scenario(files["one"]).uncertain
    assert call(files["one"], *QUICK, "--out", out).exit_code == 0
    other = call(files["one"], *QUICK, "--measures", "revenue", "--out", out)
    assert other.exit_code == 5
    assert "another stress test" in other.stderr


def test_wrong_use_and_a_world_without_doubt_are_refused(files, tmp_path):
    assert call(files["one"], "--force").exit_code == 2
    certain = call(files["stricter"], *QUICK)
    assert certain.exit_code == 3
    assert "names nothing uncertain" in certain.stderr
    assert call(files["one"], *QUICK, "--measures", "revenu").exit_code == 3
    assert call(files["one"], "--policy", tmp_path / "none.toml", *QUICK).exit_code == 3


@pytest.mark.parametrize("at", [1, 2])
def test_what_was_broken_off_is_gone_on_with_and_told_once_two_are_finished(files, tmp_path, monkeypatch, at):
    from funnelsim.lab import robust

    words = ("stress", files["one"], *QUICK, "--measures", "revenue", "--json")
    story = broken_off(monkeypatch, tmp_path, *words, module=robust, work="_measure_states", at=at)

    assert story.asked == [*range(at + 1), *range(at, 3)]
    assert f"going on after {at} replications that are finished" in story.resumed.stderr
    assert json.loads(story.whole.stdout)["complete"]
    if at == 1:
        assert story.broken.stdout == ""
        return
    told = json.loads(story.broken.stdout)
    assert (told["complete"], told["replications"]) == (False, 2)
    assert "what follows is of the 2 of 3 replications that are finished" in story.broken.stderr


def test_every_fault_of_every_file_and_measure_is_told_at_once(tmp_path):
    torn = [tmp_path / "a.toml", tmp_path / "b.toml"]
    for file in torn:
        file.write_text("[run]\nhorizon_dais = 3\n", encoding="utf-8")
    result = call(torn[0], "--policy", torn[1], "--measures", "revenu", "--out", tmp_path / "out")

    assert result.exit_code == 3
    for told in ("--measures: no such measure 'revenu'", *(f"{file}: run.horizon_dais" for file in torn)):
        assert told in result.stderr
    assert not (tmp_path / "out").exists()
