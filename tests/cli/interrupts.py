"""Ctrl-C in the midst of a study, the command that goes on, and the study that nothing disturbed, for comparison."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim


@dataclass(frozen=True)
class Story:
    """How a study was broken off and gone on with."""

    broken: Result
    resumed: Result
    whole: Result  # of the undisturbed one
    asked: list[int]  # the replications asked for, in this order; the one that was broken off among them


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, [str(word) for word in words])


def files(folder: Path) -> dict[str, Any]:
    """Return every file by name; of the manifest what tells neither the time nor the folder."""
    found: dict[str, Any] = {p.name: p.read_bytes() for p in folder.iterdir()}
    manifest = json.loads(found["manifest.json"])
    found["manifest.json"] = {k: v for k, v in manifest.items() if k not in ("started", "finished", "again")}
    return found


def broken_off(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *words: Any, module: ModuleType, work: str, at: int
) -> Story:
    """Break a command off, go on with it as it says, and check that it ends as the undisturbed one.

    Args:
        monkeypatch: To break it off with.
        folder: For the results of both.
        words: The command, without `--out`.
        module: Where the function is that plays a replication.
        work: Its name.
        at: The call at which the user interrupts, from 0.
    """
    true_work, asked = getattr(module, work), list[int]()

    def interrupted(scenario: Any, replication: int, **how: Any) -> Any:
        asked.append(replication)
        if len(asked) == at + 1:
            raise KeyboardInterrupt
        return true_work(scenario, replication, **how)

    with monkeypatch.context() as patched:
        patched.setattr(module, work, interrupted)
        broken = call(*words, "--out", folder / "part")
        assert broken.exit_code == 130, broken.stderr
        [line] = [line for line in broken.stderr.splitlines() if "go on with: " in line]
        again = shlex.split(line.partition("go on with: ")[2])
        assert sorted(again) == sorted(["funnelsim", *map(str, words), "--out", str(folder / "part"), "--resume"])
        refused = call(*words, "--out", folder / "part")
        assert refused.exit_code == 3, refused.stderr
        assert "of work that was broken off; --resume goes on with it" in refused.stderr
        resumed = call(*again[1:])
        assert resumed.exit_code == 0, resumed.stderr
    whole = call(*words, "--out", folder / "whole")
    assert whole.stdout == resumed.stdout
    assert files(folder / "whole") == files(folder / "part")
    return Story(broken, resumed, whole, asked)
