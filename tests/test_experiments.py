"""The experiments that answer a planner's questions run, with two replications in place of many."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "experiments"
CELLS = re.compile(r"^# %%", re.MULTILINE)
QUESTIONS = sorted(p for p in FOLDER.glob("*.py") if CELLS.search(p.read_text(encoding="utf-8")))


def test_each_question_of_a_planner_has_one():
    names = " ".join(p.stem for p in QUESTIONS)

    for word in ("threshold", "which_sla", "rep", "sql_stage", "self_scheduling", "realistic_sla"):
        assert word in names


@pytest.mark.parametrize("file", QUESTIONS, ids=lambda p: p.stem)
def test_it_runs_and_has_its_answer_at_the_top(file, capsys):
    source = file.read_text(encoding="utf-8")
    quick, replaced = re.subn(r"^REPLICATIONS = \d+$", "REPLICATIONS = 2", source, flags=re.MULTILINE)
    assert replaced == 1
    assert "Answer (version " in source.split('"""')[1]

    exec(compile(quick, str(file), "exec"), {"__name__": "__main__", "__file__": str(file)})

    told = capsys.readouterr().out
    assert "Differences are against" in told
    assert "In words" in told
