"""The engines agree to the bit on random scenarios; and where the kernel is at fault, they are seen to differ."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("numba", reason="the compiled engine needs the extra 'fast'")

from funnelsim.engines import compiled, reference
from funnelsim.records import Result, Row, State

from . import fuzz

ROOT = Path(__file__).parents[2]
CHUNK = 40


@pytest.mark.parametrize("first", range(0, 320, CHUNK))
def test_the_engines_agree_to_the_bit(first: int):
    for number in range(first, first + CHUNK):
        found = fuzz.difference(number)
        assert not found, f"scenario {number} of tests/contract/fuzz.py: {found}"


def test_the_scenarios_of_the_fuzz_reach_every_state_and_every_result():
    states: Counter[int] = Counter()
    rows: Counter[int] = Counter()
    results: Counter[int] = Counter()
    for number in range(160):
        outcomes, touches = compiled.run(*fuzz.arguments(number))
        states.update(outcomes.state.tolist())
        rows.update(touches.kind.tolist())
        results.update(touches.result.tolist())

    assert set(states) == {int(s) for s in State if s != State.CALLED_BACK}
    assert set(rows) == {int(k) for k in Row}
    assert set(results) == {int(r) for r in Result}


def test_all_scenarios_share_one_compilation():
    assert len(compiled._play.signatures) == 1


def test_a_number_of_leads_that_no_key_can_hold_is_refused():
    class Crowd:
        n = 2**26

    with pytest.raises(ValueError, match="at most 67108863 leads"):
        compiled.run(Crowd(), *fuzz.arguments(0)[1:])


@pytest.mark.parametrize("engine", [compiled, reference])
def test_more_pieces_of_deal_work_than_keys_can_tell_apart_are_refused(engine: Any):
    leads, scored, roster, agreement, rules, end = fuzz.arguments(12)
    work = np.zeros_like(leads.deal_work_ms)
    work[0, 0], work[1, 0] = 60_000, 5_536  # 65,536 ms
    agreement = dataclasses.replace(agreement, slot_ms=1)

    with pytest.raises(ValueError, match=r"at most 65535 pieces of deal work .* got 65536: a slot of 1 ms"):
        engine.run(dataclasses.replace(leads, deal_work_ms=work), scored, roster, agreement, rules, end)


# Faults planted into a copy of the kernel, one at a time: (file, what stands there, what is put in its place).
FAULTS = {
    "no fault at all": ("life.py", "", ""),
    "a wrong tie: of two tasks that are due together the higher lead comes first":
        ("heaps.py", "node[a, N.WHO] < node[b, N.WHO]", "node[a, N.WHO] > node[b, N.WHO]"),
    "an attempt too few": ("touching.py", "elif lead[c, L.ATTEMPT] >= g[terms + G.ATTEMPTS] or",
                           "elif lead[c, L.ATTEMPT] >= g[terms + G.ATTEMPTS] - 1 or"),
    "a queue that somebody joins out of turn":
        ("lists.py", "elif not before(node, new, lists[work_list, last]):", "elif True:"),
    "events that are looked at a span too late":
        ("events.py", "time >> SPAN_BITS > g[G.SPAN] and", "time >> SPAN_BITS > g[G.SPAN] + 1 and"),
    "rows of one moment in the order in which they were written":
        ("order.py", "while at > 0 and precedes(table, by, row, work[0, at - 1]):", "while False:"),
    "given up for the luck of the first touch": ("talks.py", "luck.given_up[k, i]", "luck.given_up[0, i]"),
    "a lead that is seen in the hours of the closing role":
        ("life.py", "lead[c, L.SYNC_LATENCY], g[G.TOUCH_TEAM])", "lead[c, L.SYNC_LATENCY], g[G.CLOSE_TEAM])"),
    "a wrong stride: the gap of another attempt":
        ("touching.py", "g[terms + G.GAPS] + 2 * (lead[c, L.ATTEMPT] - 1)",
         "g[terms + G.GAPS] + lead[c, L.ATTEMPT] - 1"),
    "a calendar edge: no meeting may end at closing time":
        ("diary.py", "while t + length <= closing:", "while t + length < closing:"),
    "a lost recycle": ("life.py", "lead[c, L.RECYCLES] = g[G.RECYCLES]", "lead[c, L.RECYCLES] = 0"),
    "a breach at the very moment of the due date": ("desk.py", "lead[c, L.TASK_DUE] + 1", "lead[c, L.TASK_DUE]"),
    "somebody who is gone is routed a lead":
        ("leaving.py", "rep[other, R.STARTS] = NEVER", "rep[other, R.STARTS] = 0"),
    "a lead that stays with who is gone": ("leaving.py", "stage == L.BETWEEN or stage", "stage"),
    "a meeting that is moved to another time than it had":
        ("closing.py", "earliest, wanted = s.lead[c, L.RESERVED]", "earliest, wanted = NEVER"),
    "a lead whose closer left in the meeting, and which stays with him":
        ("closing.py", "    if is_gone(s, lead[c, L.CLOSER]) and is_", "    if False and is_"),
    "an order of reps: of two that are idle since the same moment the higher is served first":
        ("desk.py", "rep[other, R.SINCE] == since and other < r", "rep[other, R.SINCE] == since and other > r"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_kernel_is_seen(fault: str, tmp_path: Path):
    """The copy is played as plain Python, so that nothing is compiled."""
    shutil.copytree(ROOT / "src" / "funnelsim", tmp_path / "funnelsim", ignore=shutil.ignore_patterns("__pycache__"))
    name, sound, faulty = FAULTS[fault]
    file = tmp_path / "funnelsim" / "engines" / "kernel" / name
    source = file.read_text(encoding="utf-8")
    assert not sound or source.count(sound) == 1, f"{name} has changed: plant the fault anew"
    file.write_text(source.replace(sound, faulty) if sound else source, encoding="utf-8")

    played = subprocess.run(
        [sys.executable, "-m", "contract.fuzz", "--stop", "--count", "60"],
        cwd=ROOT / "tests", env={**os.environ, "PYTHONPATH": str(tmp_path), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    if sound:
        assert played.returncode == 1, played.stderr
        assert ", 1 differ" in played.stdout, "it failed in another way"
    else:
        assert played.returncode == 0, played.stdout + played.stderr
