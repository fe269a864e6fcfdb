"""`funnelsim dashboard`: it answers on loopback with the study, and says what is missing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from funnelsim.cli.shell import funnelsim
from tuning import toy

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"trials": 8, "selection_replications": 2, "report_replications": 2, "replications": 2}


def shown_at(place: str) -> dict:
    """Start the dashboard, return what it says of all studies, and end it as Ctrl-C does."""
    pytest.importorskip("optuna_dashboard")
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "funnelsim", "dashboard", place, "--port", "0"],
        env={**os.environ, "PYTHONPATH": paths},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    try:
        address = line.split("open ")[1].split(" ")[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address + "dashboard", timeout=30) as page:
            assert page.status == 200
            assert b"<html" in page.read().lower()
        with urllib.request.urlopen(address + "api/studies", timeout=30) as answer:
            found = json.load(answer)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)
    assert process.returncode == 0
    return found


def test_it_shows_the_study_of_a_folder(tmp_path):
    toy.study(tmp_path / "study", toy.scenario(**SMALL))

    found = shown_at(str(tmp_path / "study"))

    assert [study["study_name"] for study in found["study_summaries"]] == ["funnelsim"]


def test_it_shows_every_study_of_a_storage(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    toy.study(tmp_path / "one", toy.scenario(**SMALL), storage=url)
    toy.study(tmp_path / "two", toy.scenario(**SMALL), storage=url)

    found = shown_at(str(tmp_path / "one"))

    assert {study["study_name"] for study in found["study_summaries"]} == {"one", "two"}


def test_without_a_study_or_without_the_dashboard_it_says_what_to_do(tmp_path, monkeypatch):
    def said(place):
        result = CliRunner().invoke(funnelsim, ["dashboard", str(place)])
        assert result.exit_code == 3
        return result.stderr

    if "optuna_dashboard" in sys.modules or _installed():
        assert "holds no study; give a folder that `funnelsim tune` has written" in said(tmp_path)
    monkeypatch.setitem(sys.modules, "optuna_dashboard", None)
    assert "pip install 'funnelsim[dashboard]'" in said(tmp_path)


def test_a_study_behind_a_password_asks_for_its_url(tmp_path):
    from funnelsim.errors import InputError
    from funnelsim.tuning.dashboard import storage_at

    toy.study(tmp_path / "study", toy.scenario(**SMALL))
    file = tmp_path / "study" / "study.json"
    said = json.loads(file.read_text())
    file.write_text(json.dumps({**said, "storage": "redis://:***@host/0"}))

    with pytest.raises(InputError, match="give that URL with its password"):
        storage_at(str(tmp_path / "study"))


def _installed() -> bool:
    import importlib.util

    return importlib.util.find_spec("optuna_dashboard") is not None
