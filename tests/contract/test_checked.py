"""The kernel stays inside its arrays, reads nothing that was not written, and overflows nowhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="the compiled engine needs the extra 'fast'")

ROOT = Path(__file__).parents[2]


def checked(source: Path, *, first: int, count: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "contract.checked", "--first", str(first), "--count", str(count)],
        cwd=ROOT / "tests", env={**os.environ, "PYTHONPATH": str(source)}, capture_output=True, text=True,
        check=False, timeout=600,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("first", [0, 5000])
def test_the_kernel_stays_inside_its_arrays(first: int):
    played = checked(ROOT / "src", first=first, count=30)

    assert played.returncode == 0, played.stdout + played.stderr


@pytest.mark.slow
def test_a_place_outside_is_seen(tmp_path: Path):
    """A shift is about a rep; looking the rep up among the leads reads behind the end where there are few."""
    shutil.copytree(ROOT / "src" / "funnelsim", tmp_path / "funnelsim", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "funnelsim" / "engines" / "kernel" / "events.py"
    source = file.read_text(encoding="utf-8")
    sound = "if first >= 0 and chain[first, KEY] >> KIND_SHIFT < AT_OPENING:"
    assert source.count(sound) == 1, "events.py has changed: plant the fault anew"
    file.write_text(source.replace(sound, "if first >= 0:"), encoding="utf-8")

    played = checked(tmp_path, first=0, count=60)

    assert played.returncode == 1
    assert "IndexError: slot_of[" in played.stderr
