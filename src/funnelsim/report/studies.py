"""Result folders of what is made of a history: calibrations, backtests, replays. Complete or absent, as those of runs.

A folder knows what it was made of by the digests of its input files; it may be written again for the same study, and
for no other unless forced.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from funnelsim.errors import NotWrittenError, ResultError
from funnelsim.report.results import MANIFEST, staged

SCHEMA_VERSION = 1
PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "pydantic")


@dataclass(frozen=True, slots=True)
class Study:
    """What a folder holds, and what it was made of."""

    kind: str  # "calibration", "backtest" or "replay"
    inputs: Mapping[str, Path]  # by role: leads, touches, spend, mapping, scenario, posterior, policy
    settings: Mapping[str, Any] = field(default_factory=dict)  # what else decides: dates, changes; JSON values

    def identity(self) -> str:
        """Return a SHA-256, in hex, that two results share where they are of one kind, of the same files and settings.

        Raises:
            OSError: where a file cannot be read.
        """
        digests = {role: digest_of(path) for role, path in self.inputs.items()}
        plain = {"kind": self.kind, "inputs": digests, "settings": dict(self.settings)}
        return hashlib.sha256(json.dumps(plain, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Made:
    """How a result was made."""

    version: str  # of funnelsim
    started: dt.datetime  # aware
    finished: dt.datetime  # aware
    again: str  # the command that makes it again, in the folder where it was called
    figures: Mapping[str, Any] = field(default_factory=dict)  # seed, replications and the like; JSON values


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex; of a name that is no file (a shipped mapping), that of the name."""
    if not path.is_file():
        return hashlib.sha256(str(path).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_study_folder(folder: Path, study: Study, *, force: bool) -> None:
    """Check, before the work, that `study` may be written into `folder`, and that it can be.

    It may where the folder is absent or empty, holds an earlier result of the same study, or `force` is given.

    Raises:
        ResultError: where the folder holds something else, is no folder, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: is a file, not a folder; choose another --out")
    if folder.is_dir() and not force and any(not p.name.startswith(".partial-") for p in folder.iterdir()):
        held = _manifest_of(folder)
        if held is None:
            raise ResultError(
                f"{folder}: holds files that are no result; choose another --out, or --force to write there"
            )
        if held.get("study_sha256") != study.identity():
            what = f"another {study.kind}" if held.get("kind") == study.kind else f"a {held.get('kind', 'result')}"
            raise ResultError(f"{folder}: holds {what}; choose another --out, or --force to replace it")
    there = folder.is_dir()
    with staged(folder):
        pass
    if not there:
        folder.rmdir()


def write_study(folder: Path, files: Mapping[str, bytes], study: Study, made: Made) -> list[str]:
    """Write the files of a study into `folder` with a manifest, and return their names, the manifest last.

    They are written under a temporary name and moved when all are whole; the manifest is moved last. Files that an
    earlier manifest lists and this result does not have are removed; others are left alone.

    Raises:
        ResultError: where they cannot be written.
    """
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "kind": study.kind,
        "study_sha256": study.identity(),
        "inputs": {
            role: {"file": path.name, "sha256": digest_of(path)} for role, path in study.inputs.items()
        },
        "settings": dict(study.settings),
        **made.figures,
        "again": made.again,
        "versions": {
            "funnelsim": made.version,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in PACKAGES},
        },
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "started": made.started.isoformat(timespec="seconds"),
        "finished": made.finished.isoformat(timespec="seconds"),
        "files": digests,
    }  # fmt: skip
    earlier = (_manifest_of(folder) or {}).get("files", {})
    with staged(folder) as partial:
        try:
            for name, content in files.items():
                (partial / name).write_bytes(content)
            (partial / MANIFEST).write_text(json.dumps(manifest, indent=1, default=str) + "\n", encoding="utf-8")
            (folder / MANIFEST).unlink(missing_ok=True)
            for name in files:
                os.replace(partial / name, folder / name)
            for name in set(earlier) - set(files):
                if Path(name).name == name:
                    (folder / name).unlink(missing_ok=True)
            os.replace(partial / MANIFEST, folder / MANIFEST)
        except OSError as error:
            raise NotWrittenError(f"{folder}: cannot be written: {error.strerror or error}") from None
    return [*files, MANIFEST]


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("files", {}), dict) else None
