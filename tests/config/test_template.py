"""The scenario that `funnelsim init` writes: it loads, it runs, and it is never written over anything unasked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import funnelsim
from funnelsim.config.template import template_text, write_template
from funnelsim.errors import InputError, ResultError


def test_the_template_loads_and_runs(tmp_path: Path):
    path = tmp_path / "funnel.toml"
    write_template(path)
    summary = funnelsim.simulate(funnelsim.load(path)).summary()
    # 12 leads a day for 120 days, Poisson: 1,440 within four standard deviations.
    assert abs(summary["leads"] - 1440) < 4 * 1440**0.5
    assert summary["deals"] > 0
    assert summary["revenue"] > 0


def test_every_line_fits_a_screen_and_every_comment_is_a_sentence_of_ours():
    lines = template_text().splitlines()
    assert max(map(len, lines)) <= 125
    assert sum("#" in line for line in lines) > 60


def test_nothing_is_written_over_unasked(tmp_path: Path):
    path = tmp_path / "funnel.toml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"is there already; give --force"):
        write_template(path)
    assert path.read_text(encoding="utf-8") == "mine"
    write_template(path, force=True)
    assert path.read_text(encoding="utf-8") == template_text()
    assert os.listdir(tmp_path) == ["funnel.toml"]  # no draft left behind


def test_a_link_that_leads_nowhere_is_not_written_through(tmp_path: Path):
    path = tmp_path / "funnel.toml"
    path.symlink_to(tmp_path / "elsewhere.toml")
    with pytest.raises(InputError, match="is there already"):
        write_template(path)
    assert path.is_symlink()
    assert not (tmp_path / "elsewhere.toml").exists()


def test_folders_are_no_files(tmp_path: Path):
    with pytest.raises(InputError, match="is a folder"):
        write_template(tmp_path, force=True)
    with pytest.raises(ResultError, match="cannot be written: No such file or directory"):
        write_template(tmp_path / "no" / "funnel.toml")


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "funnel.toml"
    path.write_text("mine", encoding="utf-8")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(ResultError, match="No space left"):
        write_template(path, force=True)
    assert path.read_text(encoding="utf-8") == "mine"
    assert os.listdir(tmp_path) == ["funnel.toml"]
