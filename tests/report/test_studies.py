"""Folders of calibrations, backtests and replays, and the page that goes into them."""

from __future__ import annotations

import datetime as dt
import hashlib
import json

import pytest

from funnelsim.errors import ResultError
from funnelsim.report import page
from funnelsim.report.studies import Made, Study, check_study_folder, digest_of, write_study

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
MADE = Made("0.1.0", NOON, NOON + dt.timedelta(minutes=2), "funnelsim backtest a.toml", {"seed": 4})


@pytest.fixture
def study(tmp_path):
    (tmp_path / "leads.csv").write_text("id\n1\n")
    return Study("backtest", {"leads": tmp_path / "leads.csv"}, {"from": "2025-01-01"})


def write(folder, study, names=("figures.csv",)):
    return write_study(folder, {name: f"{name}!".encode() for name in names}, study, MADE)


def test_a_folder_names_what_it_was_made_of_and_the_digest_of_each_file(study, tmp_path):
    folder = tmp_path / "results" / "b"

    check_study_folder(folder, study, force=False)
    assert not folder.exists()  # nothing is left behind by asking
    assert write(folder, study) == ["figures.csv", "manifest.json"]

    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["kind"] == "backtest"
    assert manifest["inputs"] == {"leads": {"file": "leads.csv", "sha256": hashlib.sha256(b"id\n1\n").hexdigest()}}
    assert manifest["settings"] == {"from": "2025-01-01"}
    assert manifest["seed"] == 4
    assert manifest["files"] == {"figures.csv": hashlib.sha256(b"figures.csv!").hexdigest()}
    assert manifest["versions"]["funnelsim"] == "0.1.0"


def test_the_same_study_may_be_written_again_and_what_it_no_longer_has_goes(study, tmp_path):
    folder = tmp_path / "b"
    write(folder, study, ("figures.csv", "old.csv"))
    (folder / "notes.txt").write_text("mine")

    check_study_folder(folder, study, force=False)
    write(folder, study)

    assert {p.name for p in folder.iterdir()} == {"figures.csv", "manifest.json", "notes.txt"}


@pytest.mark.parametrize("what", ["other file", "other dates", "other kind"])
def test_another_study_is_refused_unless_forced(study, tmp_path, what):
    folder = tmp_path / "b"
    write(folder, study)
    other = {
        "other file": Study("backtest", {"leads": tmp_path / "more.csv"}, study.settings),
        "other dates": Study("backtest", study.inputs, {"from": "2025-02-01"}),
        "other kind": Study("replay", study.inputs, study.settings),
    }[what]
    (tmp_path / "more.csv").write_text("id\n2\n")

    with pytest.raises(ResultError, match=r"holds a(nother)? backtest"):
        check_study_folder(folder, other, force=False)
    check_study_folder(folder, other, force=True)


def test_files_of_somebody_else_and_places_that_cannot_be_written_are_refused(study, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.txt").write_text("a")
    with pytest.raises(ResultError, match="files that are no result"):
        check_study_folder(tmp_path / "mine", study, force=False)
    with pytest.raises(ResultError, match="is a file"):
        check_study_folder(tmp_path / "leads.csv", study, force=False)
    with pytest.raises(ResultError, match="cannot be written"):
        check_study_folder(tmp_path / "leads.csv" / "below", study, force=False)


def test_a_shipped_mapping_is_known_by_its_name(tmp_path):
    assert digest_of(tmp_path / "hubspot") != digest_of(tmp_path / "salesforce")


def test_a_page_needs_nothing_else_and_shows_text_as_text():
    told = page.page(
        "a < b & c",
        "lead",
        [
            ("Words", page.words("one", "<script>") + page.listed(["x & y"])),
            ("Table", page.table(("a", "b"), [("1", "2"), ("3", "<4>")], numbers=(1,), marked=(1,))),
            ("Picture", page.image(b"\x89PNG", alt='a "curve"')),
        ],
        footer="from here",
    )

    assert "<title>a &lt; b &amp; c</title>" in told
    assert "<script>" not in told
    assert "&lt;script&gt;" in told
    assert '<tr class="marked"><td>3</td><td class="number">&lt;4&gt;</td></tr>' in told
    assert 'alt="a &quot;curve&quot;" src="data:image/png;base64,iVBORw=="' in told
    assert "http" not in told
    assert told.count("<h2>") == 3
