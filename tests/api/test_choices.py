"""Selections, stress tests and attributions from Python say what the commands say, and hold what they write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import funnelsim
from funnelsim import InputError
from funnelsim.cli.shell import funnelsim as command
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import scenario_from
from funnelsim.config.values import plain_tables
from lab.small import small

UNCERTAIN = {
    "ranges": {"market.channels.*.visitors_per_day": {"factor": [0.5, 1.5], "name": "demand"}},
    "states": 2,
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the files of a scenario, of a stricter one, and of one whose world is uncertain."""
    folder = tmp_path_factory.mktemp("scenarios")
    strict = funnelsim.with_policy(small(), {"scoring.cutoff": 45})
    uncertain = scenario_from({**plain_tables(small()), "uncertain": UNCERTAIN}, where="uncertain")
    found = {}
    for name, scenario in (("one", small()), ("strict", strict), ("uncertain", uncertain)):
        found[name] = folder / f"{name}.toml"
        found[name].write_text(dump_toml(scenario.model_copy(update={"name": name})), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def scenarios(files: dict[str, Path]) -> dict[str, funnelsim.Scenario]:
    return {name: funnelsim.load(file) for name, file in files.items()}


def printed(*words: Any) -> str:
    result = CliRunner().invoke(command, [*map(str, words), "--jobs", "1"])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def same(mine: pd.DataFrame, file: Path) -> None:
    """Check that a table is the one that a command wrote."""
    assert mine.to_csv(index=False) == file.read_text(encoding="utf-8")


def test_a_selection_says_what_the_command_prints_and_holds_what_it_writes(files, scenarios, tmp_path):
    words = ("--measure", "leads_wasted_share", "--budget", 20, "--first", 5, "--out", tmp_path)
    said = printed("select", files["one"], files["strict"], *words)

    both = [scenarios["one"], scenarios["strict"]]
    found = funnelsim.select(both, measure="leads_wasted_share", budget=20, first=5)

    assert found.text.rstrip() == said.rstrip()
    same(found.table, tmp_path / "selection.csv")
    same(found.replications, tmp_path / "replications.csv")
    assert found.pictures()["selection"] == (tmp_path / "selection.png").read_bytes()
    assert found.best == found.table.set_index("scenario")["mean"].idxmin()
    assert not found.guaranteed


def test_a_selection_among_the_values_of_a_sweep_has_its_guarantee(files, scenarios):
    words = ("--sweep", "scoring.cutoff=15,45", "--measure", "leads_wasted_share", "--delta", 0.2)
    said = printed("select", files["one"], *words)

    sweep = {"scoring.cutoff": [15, 45]}
    found = funnelsim.select(scenarios["one"], sweep=sweep, measure="leads_wasted_share", delta=0.2)

    assert found.text.rstrip() == said.rstrip()
    assert found.guaranteed
    assert found.best in ("in force", "cutoff 15", "cutoff 45")


def test_a_stress_test_says_what_the_command_prints_and_holds_what_it_writes(files, scenarios, tmp_path):
    words = ("--policy", files["strict"], "--measures", "revenue,mqls", "--replications", 2, "--out", tmp_path)
    said = printed("stress", files["uncertain"], *words)

    others = {"strict": scenarios["strict"]}
    found = funnelsim.stress(scenarios["uncertain"], others, measures=["revenue", "mqls"], replications=2)

    assert found.text.rstrip() == said.rstrip()
    same(found.table, tmp_path / "stress.csv")
    same(found.states, tmp_path / "states.csv")
    same(found.robust, tmp_path / "robust.csv")
    assert found.pictures() == {name: (tmp_path / f"{name}.png").read_bytes() for name in ("stress", "states")}
    assert found._repr_html_().count("<img") == 2
    by_policy = funnelsim.stress(
        scenarios["uncertain"], {"strict": scenarios["strict"].policy}, measures=["mqls"], replications=2
    )
    mqls = found.table["measure"] == "mqls"
    assert list(by_policy.table["mean"]) == list(found.table[mqls]["mean"])


def test_an_attribution_says_what_the_command_prints_and_holds_what_it_writes(files, scenarios, tmp_path):
    words = ("--plan", files["strict"], "--measure", "mqls", "--replications", 2, "--out", tmp_path)
    said = printed("attribute", files["one"], *words)

    found = funnelsim.attribute(scenarios["one"], scenarios["strict"], measure="mqls", replications=2)

    assert found.text.rstrip() == said.rstrip()
    same(found.table, tmp_path / "attribution.csv")
    same(found.combinations, tmp_path / "coalitions.csv")
    assert found.pictures()["waterfall"] == (tmp_path / "waterfall.png").read_bytes()


def test_an_attribution_to_a_target_makes_the_plan_that_the_command_makes(files, scenarios):
    said = printed(
        "attribute", files["one"], "--target", 2e6, "--reference", "market.fit.able_share=0.6", "--replications", 2
    )

    references = {"market.fit.able_share": 0.6}
    found = funnelsim.attribute(scenarios["one"], target=2e6, references=references, replications=2)

    assert found.text.rstrip() == said.rstrip()
    assert found.plan.market.fit.able_share == 0.6


@pytest.mark.parametrize(
    ("how", "rule"),
    [
        ({}, "a sweep, or several"),
        ({"sweep": {"scoring.cutoff": [15]}}, "delta .* or budget"),
        ({"sweep": {"scoring.cutoff": [15]}, "budget": 19}, r"at least 2 scenarios x 10 .* = 20, got 19"),
        ({"sweep": {"scoring.cutoff": [15]}, "delta": 0.0}, "must be > 0, got 0"),
        ({"sweep": {"scoring.cutoff": [15]}, "delta": 1.0, "confidence": 0.4}, "above 0.5"),
    ],
)
def test_a_selection_that_makes_no_sense_is_refused(scenarios, how, rule):
    with pytest.raises(ValueError, match=rule):
        funnelsim.select(scenarios["one"], **how)


def test_what_does_not_go_together_is_refused(scenarios):
    one, strict = scenarios["one"], scenarios["strict"]
    with pytest.raises(ValueError, match="two scenarios or more"):
        funnelsim.select([one], budget=20)
    with pytest.raises(InputError, match="more or less is better"):
        funnelsim.select([one, strict], measure="mqls", budget=20)
    with pytest.raises(InputError, match="names nothing uncertain"):
        funnelsim.stress(one)
    with pytest.raises(ValueError, match="call the other something else"):
        funnelsim.stress(scenarios["uncertain"], {"in force": strict})
    for how, rule in (
        ({}, "a plan or a target"),
        ({"plan": strict, "target": 1.0}, "a plan or a target"),
        ({"target": -1.0}, "> 0"),
        ({"target": 1.0, "measure": "mqls"}, "takes no measure"),
        ({"plan": strict, "references": {"scoring.cutoff": 3}}, "references need a target"),
        ({"plan": strict, "measure": "visitors"}, "counted are leads"),
        ({"plan": strict, "replications": 1}, "2 replications or more"),
    ):
        with pytest.raises(ValueError, match=rule):
            funnelsim.attribute(one, **how)
