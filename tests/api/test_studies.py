"""Search and sensitivity from Python say what the commands say; the page of examples runs."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import funnelsim
from funnelsim import InputError
from funnelsim.api.search import read_search
from funnelsim.cli.shell import funnelsim as command
from funnelsim.config.load import dump_toml
from lab.small import small

ROOT = Path(__file__).resolve().parents[2]
SEARCH = {"trials": 6, "batch": 3, "replications": 2, "selection_replications": 2, "report_replications": 3}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small().model_copy(update={"name": "small"})
    path = tmp_path_factory.mktemp("scenarios") / "small.toml"
    search = scenario.search.model_copy(update=SEARCH)
    path.write_text(dump_toml(scenario.model_copy(update={"search": search})), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def scenario(file: Path) -> funnelsim.Scenario:
    return funnelsim.load(file)


def printed(*words: Any) -> str:
    result = CliRunner().invoke(command, [str(word) for word in words])
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_search_finds_what_the_command_finds(file, scenario, tmp_path, capsys):
    printed("tune", file, "--jobs", 1, "--out", tmp_path / "theirs")

    found = funnelsim.tune(scenario)

    heard = capsys.readouterr()
    assert heard.out == ""
    assert "written to" not in heard.err
    theirs = read_search(tmp_path / "theirs")
    assert found.text == theirs.text
    assert found.front.equals(theirs.front)
    assert found.trials.equals(theirs.trials)
    assert found.images == theirs.images
    assert found.policies == theirs.policies
    assert set(found.policies) == set(found.front["policy"]) - {0}
    assert found._repr_html_().startswith("<pre")


def test_a_search_takes_sampler_and_storage_as_the_command_does(file, scenario, tmp_path):
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    printed("tune", file, "--jobs", 1, "--sampler", "random", "--trials", 3, "--out", tmp_path / "theirs")

    found = funnelsim.tune(scenario, trials=3, sampler="random", storage=url, out=tmp_path / "mine")

    assert found.trials.equals(read_search(tmp_path / "theirs").trials)
    assert (tmp_path / "studies.db").exists()
    assert not (tmp_path / "mine" / "journal.log").exists()
    with pytest.raises(ValueError, match="give `out` too"):
        funnelsim.tune(scenario, storage=url)


def test_a_search_stays_in_its_folder_and_goes_on_there(scenario, tmp_path):
    whole = funnelsim.tune(scenario)
    funnelsim.tune(scenario, trials=3, out=tmp_path / "study")
    with pytest.raises(InputError, match="holds a study already"):
        funnelsim.tune(scenario, out=tmp_path / "study")

    on = funnelsim.tune(scenario, trials=6, out=tmp_path / "study", resume=True)

    assert on.trials.equals(whole.trials)
    for how in ({"resume": True}, {"resume": True, "force": True, "out": tmp_path}):
        with pytest.raises(ValueError, match="goes on with the study"):
            funnelsim.tune(scenario, **how)


def test_sensitivity_says_what_the_command_says(file, scenario):
    vary = ["scoring.cutoff=20:60", "sla.attempts"]
    words = [word for one in vary for word in ("--vary", one)]

    found = funnelsim.sensitivity(scenario, vary=vary, screening=2, measures=["mqls"])

    said = printed("sensitivity", file, *words, "--screening", 2, "--measures", "mqls", "--jobs", 1)
    assert found.text.rstrip() == said.rstrip()
    assert set(found.pictures()) == {"mqls"}
    assert not found.one_at_a_time.empty
    assert len(found.all_together) == 2


def test_marginal_says_what_the_command_says(file, scenario):
    found = funnelsim.marginal(scenario, steps=["scoring.cutoff=+5"], measures=["mqls"])

    said = printed(
        "sensitivity", file, "--marginal", "--step", "scoring.cutoff=+5", "--measures", "mqls", "--jobs", 1
    )
    assert found.text.rstrip() == said.rstrip()
    assert len(found.table) == 2
    assert found.pictures()["marginal"].startswith(b"\x89PNG")


def test_every_fault_is_told_and_numbers_are_checked(scenario):
    with pytest.raises(InputError) as caught:
        funnelsim.sensitivity(scenario, vary=["scoring.cutof=1:2", "sla.attemp=1:2"])
    assert len(caught.value.faults) == 2
    wrong = [({"world": 1.0}, "below 1"), ({"sobol": 100}, "power of two"), ({"replications": 1}, "2 replications or")]
    for how, rule in wrong:
        with pytest.raises(ValueError, match=rule):
            funnelsim.sensitivity(scenario, **how)
    with pytest.raises(ValueError, match="spend must be > 0"):
        funnelsim.marginal(scenario, spend=0.0)


def test_the_examples_of_the_page_run(monkeypatch):
    monkeypatch.chdir(ROOT)

    failed, tried = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)

    assert tried > 20
    assert failed == 0
