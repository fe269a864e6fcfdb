"""The Python interface says what the commands say, and shows it in a notebook."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner

import funnelsim
from funnelsim import InputError
from funnelsim.cli.shell import funnelsim as command
from funnelsim.config.load import dump_toml
from funnelsim.lab.play import measure
from lab.small import small


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scenarios") / "small.toml"
    path.write_text(dump_toml(small().model_copy(update={"name": "small"})), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def scenario(file: Path) -> funnelsim.Scenario:
    return funnelsim.load(file)


def printed(*words: Any) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def pictures(html: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/png;base64,([^"]+)"', html)]


def test_a_run_says_what_the_command_prints_and_shows_figures_beside_it(file, scenario):
    run = funnelsim.run(scenario)

    assert f"{run!r}\n".rstrip() == printed("run", file, "--jobs", 1).rstrip()
    html = run._repr_html_()
    assert html.startswith("<pre")
    assert "leads_wasted_share" in html
    assert [png[:4] for png in pictures(html)] == [b"\x89PNG"] * 2
    assert set(run.figures()) == {"funnel", "speed_to_lead", "week", "waste", "revenue"}


def test_the_tables_of_a_run_are_those_that_the_command_writes(file, scenario, tmp_path):
    run = funnelsim.run(scenario)
    printed("run", file, "--jobs", 1, "--out", tmp_path)

    for name in ("measures", "segments", "months", "week"):
        mine = getattr(run, name)
        mine = mine.reset_index() if name == "measures" else mine
        theirs = pd.read_csv(tmp_path / f"{name}.csv", keep_default_na=name != "segments", na_values=[""])
        pd.testing.assert_frame_equal(mine, theirs, check_dtype=False)


def test_replications_are_a_number_or_a_list_or_those_of_the_scenario(scenario):
    assert list(funnelsim.replicate(scenario).index) == [0, 1, 2]
    assert list(funnelsim.replicate(scenario, replications=2).index) == [0, 1]
    frame = funnelsim.replicate(scenario, replications=[4, 1])
    assert list(frame.index) == [1, 4]
    assert frame.loc[4].to_dict() == pytest.approx(measure(scenario, 4), rel=0, abs=0, nan_ok=True)


def test_intervals_of_replications_are_those_of_the_run(scenario):
    found = funnelsim.intervals(funnelsim.replicate(scenario), currency="EUR")
    run = funnelsim.run(scenario).measures

    pd.testing.assert_frame_equal(found, run[["mean", "half_width", "n", "unit"]])
    wider = funnelsim.intervals(funnelsim.replicate(scenario), confidence=0.99)
    assert (wider["half_width"].dropna() >= found["half_width"].dropna()).all()


def test_one_replication_has_its_tables_and_its_lives(file, scenario):
    one = funnelsim.simulate(scenario, replication=2)

    assert f"{one!r}".rstrip() == printed("run", file, "--replication", 2).rstrip()
    table = one.measures_table()
    assert table.loc["leads", "value"] == one.summary()["leads"]
    assert table.loc["revenue", "unit"] == "EUR"
    assert len(one.leads_table()) == one.leads.n
    assert len(one.touches_table()) == one.touches.kind.size
    assert one.life(3).rstrip() == printed("trace", file, "--lead", 3, "--replication", 2).rstrip()
    with pytest.raises(IndexError, match=f"leads 0 to {one.leads.n - 1}, not {one.leads.n}"):
        one.life(one.leads.n)


def test_until_plays_what_the_command_plays(file, scenario, tmp_path):
    run = funnelsim.until(scenario, precision=0.2, measures=["mqls"], at_most=30)
    printed("run", file, "--until", 0.2, "--until-measures", "mqls", "--at-most", 30, "--jobs", 1, "--out", tmp_path)

    theirs = pd.read_csv(tmp_path / "replications.csv")
    assert list(run.replications.index) == sorted(set(theirs["replication"]))
    assert run.reached is not None
    assert run.reached.widths["mqls"] <= 0.2
    assert f"Known well enough after {run.reached.enough_at} replications" in run.text
    unknown = funnelsim.until(scenario, precision=0.001, measures=["revenue"], at_most=3)
    assert "Not known well enough after 3 replications: revenue ±" in unknown.text


@pytest.mark.parametrize(("how", "rule"), [({"precision": 0.0}, "above 0"), ({"at_most": 1}, "at_most must be >= 2")])
def test_until_refuses_what_it_cannot_reach(scenario, how, rule):
    with pytest.raises(ValueError, match=rule):
        funnelsim.until(scenario, **how)


def test_a_comparison_says_what_the_command_prints(file, scenario, tmp_path):
    strict = funnelsim.with_policy(scenario, {"scoring.cutoff": 45}, name="strict")
    other = tmp_path / "strict.toml"
    other.write_text(dump_toml(strict), encoding="utf-8")

    found = funnelsim.compare([scenario, strict], measures=["mqls", "revenue"])

    assert found.text.rstrip() == printed("compare", file, other, "--measures", "mqls,revenue", "--jobs", 1).rstrip()
    assert found.table.set_index(["scenario", "measure"]).loc[("strict", "mqls"), "finding"] == "less"
    assert len(found.replications) == 2 * 3 * 2  # scenarios, replications, measures
    assert found.best("mqls") is None
    assert len(pictures(found._repr_html_())) == 1


def test_a_sweep_says_what_the_command_prints(file, scenario):
    for values, text in (([30, 45.0], "scoring.cutoff=30,45"), ("30:45:15", "scoring.cutoff=30:45:15")):
        found = funnelsim.sweep(scenario, {"scoring.cutoff": values}, measures="mqls")
        said = printed("compare", file, "--sweep", text, "--measures", "mqls", "--jobs", 1)
        assert found.text.rstrip() == said.rstrip()
    two = funnelsim.sweep(scenario, {"self_scheduling": [False, True], "sla.first_touch": ["1h", "1d"]})
    assert len(two.comparison.labels) == 5
    assert len(pictures(two._repr_html_())) == 1


def test_labels_are_ours_names_or_names_with_numbers(scenario):
    named = funnelsim.compare({"a": scenario, "b": scenario}, measures=["mqls"], replications=2)
    listed = funnelsim.compare([scenario, scenario], measures=["mqls"], replications=2)

    assert named.comparison.labels == ("a", "b")
    assert listed.comparison.labels == ("small (1)", "small (2)")


def test_every_fault_is_told_at_once(scenario):
    with pytest.raises(InputError) as caught:
        funnelsim.sweep(scenario, {"scoring.cutof": [1], "sla.first_touch": ["soon"]})
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="no such measure 'revenu'; did you mean 'revenue'"):
        funnelsim.compare([scenario, scenario], measures=["revenu"])
    with pytest.raises(InputError, match="names no measure"):
        funnelsim.compare([scenario, scenario], measures=[])
    with pytest.raises(InputError, match=r"scoring\.cutof"):
        funnelsim.with_policy(scenario, {"scoring.cutof": 1})
    for scenarios, count in (([scenario], None), ([scenario, scenario], 1)):
        with pytest.raises(ValueError, match=r"two scenarios or more|2 replications or more"):
            funnelsim.compare(scenarios, replications=count)


def test_loading_checks_bounds_that_no_share_can_have(file, tmp_path):
    """Whoever means 5 per cent writes 0.05: 5 would be a bound that is always kept."""
    wrong = tmp_path / "wrong.toml"
    bound = '\n[[search.constraints]]\nmeasure = "leads_wasted_share"\nat_most = 5.0\n'
    wrong.write_text(file.read_text(encoding="utf-8") + bound, encoding="utf-8")

    with pytest.raises(InputError, match=r"a share lies between 0 and 1, got 5; did you mean 0\.05"):
        funnelsim.load(wrong)


def test_a_policy_is_changed_by_the_paths_of_files_and_the_scenario_stays(scenario):
    changed = funnelsim.with_policy(scenario, {"policy.scoring.cutoff": 33, "sla.first_touch": "4h"}, name="b")

    assert (changed.name, changed.policy.scoring.cutoff, changed.policy.sla.first_touch.hours) == ("b", 33.0, 4.0)
    assert (scenario.name, scenario.policy.scoring.cutoff) == ("small", 25.0)
    assert changed.market == scenario.market


def test_a_cluster_and_an_executor_exclude_one_another(scenario):
    with pytest.raises(ValueError, match="a cluster or an executor"):
        funnelsim.replicate(scenario, cluster="tcp://127.0.0.1:1", executor=object())  # type: ignore[arg-type]


def test_text_is_escaped_and_columns_are_kept():
    from funnelsim.api.shown import as_text

    assert as_text("a <b> & c\n  d") == '<pre style="line-height:1.25">a &lt;b&gt; &amp; c\n  d</pre>'


def test_all_public_names_are_there_and_nothing_else_is():
    for name in funnelsim.__all__:
        assert getattr(funnelsim, name) is not None
    assert set(funnelsim.__all__) <= set(dir(funnelsim))
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        _ = funnelsim.simulat
