"""Result folders: complete or absent, never mixed, and able to say where they come from."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest

from funnelsim.config.load import load_scenario
from funnelsim.errors import ResultError
from funnelsim.report.results import (
    Earlier,
    Provenance,
    check_folder,
    earlier_result,
    identity,
    publish,
    replications_text,
    staged,
)
from lab.small import small

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


def provenance(scenario=None, *, replications=(0, 1, 2), complete=True):
    return Provenance(
        scenario=scenario or small(),
        replications=replications,
        version="0.1.0",
        started=NOON,
        finished=NOON + dt.timedelta(seconds=90),
        complete=complete,
    )


def write(folder, names=("replications.csv",), **where):
    with staged(folder) as partial:
        for name in names:
            (partial / name).write_text(f"{name} {where}")
        publish(partial, folder, provenance(**where))


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_folder_says_where_it_comes_from_and_can_be_run_again(tmp_path):
    folder = tmp_path / "results" / "a"

    write(folder)

    told = manifest(folder)
    assert {p.name for p in folder.iterdir()} == {"manifest.json", "replications.csv", "scenario.toml"}
    assert (told["scenario"], told["seed"], told["replications"]) == (small().name, 7, [0, 1, 2])
    assert (told["started"], told["finished"]) == ("2026-01-05T12:00:00+00:00", "2026-01-05T12:01:30+00:00")
    assert told["again"] == "funnelsim run scenario.toml --replications 3"
    assert told["versions"]["funnelsim"] == "0.1.0"
    assert {"python", "numpy", "simpy", "scipy", "optuna"} <= set(told["versions"])
    for name, digest in told["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert told["configuration"]["sha256"] == told["files"]["scenario.toml"]
    again = load_scenario(folder / "scenario.toml")
    assert again == small()
    assert identity(again) == told["scenario_sha256"]


def test_the_same_scenario_may_be_written_again_with_another_seed(tmp_path):
    write(tmp_path, ("replications.csv", "touches.csv", "leads.csv"))
    other = small(seed=99, replications=5)

    check_folder(tmp_path, other, force=False)
    write(tmp_path, scenario=other, replications=(0, 1, 2, 3, 4))

    # What the earlier result had and this one has not is gone: no file of another seed beside the manifest.
    assert {p.name for p in tmp_path.iterdir()} == {"manifest.json", "replications.csv", "scenario.toml"}
    assert manifest(tmp_path)["seed"] == 99


def test_another_scenario_is_refused_unless_forced(tmp_path):
    write(tmp_path, ("replications.csv", "touches.csv"))
    (tmp_path / "notes.txt").write_text("mine")
    other = small(horizon_days=30)
    named = other.model_copy(update={"name": "mine"})

    edited = r"holds the result of 'quickstart' as it was before an edit \(or of another scenario of that name\); c"
    with pytest.raises(ResultError, match=edited):
        check_folder(tmp_path, other, force=False)
    with pytest.raises(
        ResultError, match=r"another scenario \('quickstart', seed 7\); choose another --out, or --force"
    ):
        check_folder(tmp_path, named, force=False)
    check_folder(tmp_path, other, force=True)
    write(tmp_path, scenario=other)

    assert {p.name for p in tmp_path.iterdir()} == {"manifest.json", "replications.csv", "scenario.toml", "notes.txt"}


def test_a_folder_with_other_files_is_refused_and_a_file_even_when_forced(tmp_path):
    (tmp_path / "thesis.tex").touch()

    with pytest.raises(ResultError, match="holds files that are no result"):
        check_folder(tmp_path, small(), force=False)
    check_folder(tmp_path, small(), force=True)
    with pytest.raises(ResultError, match="is a file"):
        check_folder(tmp_path / "thesis.tex", small(), force=True)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}'])
def test_a_manifest_that_cannot_be_read_is_no_manifest(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)

    with pytest.raises(ResultError, match="no result"):
        check_folder(tmp_path, small(), force=False)


def test_an_absent_and_an_empty_folder_are_free(tmp_path):
    check_folder(tmp_path, small(), force=False)
    check_folder(tmp_path / "new" / "er", small(), force=False)

    assert not (tmp_path / "new").exists()


def test_a_fault_while_writing_leaves_the_earlier_result_whole(tmp_path):
    write(tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def fail() -> None:
        with staged(tmp_path) as partial:
            (partial / "replications.csv").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_an_earlier_result_is_known_by_its_manifest(tmp_path):
    assert earlier_result(tmp_path) is None

    write(tmp_path, ("replications.csv", "leads.csv"), replications=(0, 1, 2, 3))

    assert earlier_result(tmp_path) == Earlier(4, frozenset({"replications.csv", "leads.csv", "scenario.toml"}))


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_cannot_be_written_is_told_before_the_work(tmp_path, monkeypatch, force):
    (tmp_path / "file").touch()
    with pytest.raises(ResultError, match="below: cannot be written: Not a directory"):
        check_folder(tmp_path / "file" / "below", small(), force=force)
    (tmp_path / "file").unlink()

    asked = []

    def read_only(*, prefix, dir):  # as tempfile names it
        asked.append(dir)
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkdtemp", read_only)
    for folder in (tmp_path, tmp_path / "new" / "er"):
        with pytest.raises(ResultError, match="cannot be written: Read-only file system"):
            check_folder(folder, small(), force=force)
    assert asked == [tmp_path, tmp_path]


def test_what_a_killed_run_left_does_not_count(tmp_path):
    (tmp_path / ".partial-abc").mkdir()

    check_folder(tmp_path, small(), force=False)


def test_a_manifest_names_no_file_outside_its_folder_to_be_removed(tmp_path):
    outside = tmp_path / "precious.txt"
    outside.touch()
    folder = tmp_path / "result"
    write(folder)
    told = manifest(folder)
    told["files"]["../precious.txt"] = "0"
    (folder / "manifest.json").write_text(json.dumps(told))

    write(folder)

    assert outside.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(ResultError, match="cannot be written"), staged(tmp_path / "file" / "below"):
        pass


def test_one_identity_for_one_scenario_whatever_the_seed_and_the_search():
    searched = small().model_copy(update={"search": small().search.model_copy(update={"trials": 7})})

    assert identity(small()) == identity(small(seed=0, replications=77)) == identity(searched)
    assert identity(small()) != identity(small(followup_days=21))


def test_replications_out_of_order_are_counted():
    assert replications_text([0, 1, 2, 7]) == "4 replications from 0 to 7"
    assert replications_text([3, 4]) == "replications 3–4"
