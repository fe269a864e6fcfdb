"""Result folders: complete or absent, never mixed, and able to say where they come from.

A folder's files are written under a temporary name beside their place and moved there when all are whole; the manifest
is moved last, so a folder with a manifest holds everything that the manifest lists.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from funnelsim.config.dump import dump_toml, scenario_digest
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search
from funnelsim.config.uncertain import Uncertain
from funnelsim.engines.choice import Wish
from funnelsim.errors import NotWrittenError, ResultError

SCHEMA_VERSION = 1
MANIFEST, CONFIGURATION = "manifest.json", "scenario.toml"
PACKAGES = ("numpy", "scipy", "simpy", "optuna", "pandas", "matplotlib", "pydantic")
_PARTIAL = ".partial-"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a result comes from."""

    scenario: Scenario  # with the seed that was used
    replications: tuple[int, ...]  # those that are finished, rising
    version: str  # of funnelsim
    started: dt.datetime  # aware
    finished: dt.datetime  # aware
    complete: bool = True  # False where the user interrupted before all were finished
    engine: Wish = "reference"  # the one that played; the others give the same bits


def identity(scenario: Scenario) -> str:
    """Return a SHA-256, in hex, that two results share where they are of one scenario.

    Seeds and search are left out, and what is uncertain: a run does not read it.
    """
    run = scenario.run.model_copy(update={"seed": 0, "replications": 1})
    read = {"run": run, "search": Search(), "uncertain": Uncertain()}
    return scenario_digest(scenario.model_copy(update=read))


def check_folder(folder: Path, scenario: Scenario, *, force: bool) -> None:
    """Check, before the work, that a result of `scenario` may be written into `folder`.

    It may where the folder is absent or empty, holds an earlier result of the same scenario, or `force` is given.

    Raises:
        ResultError: where the folder holds something else, is no folder, or cannot be written.
    """
    _check_kept(folder, scenario, force=force)
    _check_writable(folder)


def _check_kept(folder: Path, scenario: Scenario, *, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: is a file, not a folder; choose another --out")
    if force or not folder.is_dir() or not _contents(folder):
        return
    manifest = _manifest_of(folder)
    if manifest is None:
        raise ResultError(f"{folder}: holds files that are no result; choose another --out, or --force to write there")
    if manifest.get("scenario_sha256") != identity(scenario):
        name, seed = manifest.get("scenario") or "?", manifest.get("seed", "?")
        held = f"another scenario ('{name}', seed {seed})"
        if name == scenario.name:
            held = f"'{name}' as it was before an edit (or of another scenario of that name)"
        raise ResultError(f"{folder}: holds the result of {held}; choose another --out, or --force to replace it")


def _check_writable(folder: Path) -> None:
    """Make and remove a folder where `folder` stands, or in the nearest folder above it that is there already."""
    nearest = next((p for p in (folder, *folder.absolute().parents) if p.exists()), folder)
    try:
        os.rmdir(tempfile.mkdtemp(prefix=_PARTIAL, dir=nearest))
    except OSError as error:
        raise NotWrittenError(f"{folder}: cannot be written: {error.strerror or error}") from None


@dataclass(frozen=True, slots=True)
class Earlier:
    """A result that stands in a folder."""

    replications: int
    files: frozenset[str]


def earlier_result(folder: Path) -> Earlier | None:
    """Return the result that `folder` holds, or None where it holds none."""
    manifest = _manifest_of(folder)
    if manifest is None:
        return None
    replications = manifest.get("replications")
    return Earlier(len(replications) if isinstance(replications, list) else 0, frozenset(manifest.get("files", {})))


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """Give an empty folder, inside `folder`, for files that are being written; it is removed at the end of the block.

    Raises:
        ResultError: where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=_PARTIAL, dir=folder))
    except OSError as error:
        raise NotWrittenError(f"{folder}: cannot be written: {error.strerror or error}") from None
    try:
        yield partial
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def publish(partial: Path, folder: Path, provenance: Provenance) -> None:
    """Move the files of `partial` (see `staged`) into `folder`, with the configuration, and the manifest last.

    Files that an earlier manifest lists and this result does not have are removed; others are left alone.

    Raises:
        ResultError: where a file cannot be moved.
    """
    toml = dump_toml(provenance.scenario).encode()
    (partial / CONFIGURATION).write_bytes(toml)
    names = sorted(p.name for p in partial.iterdir())
    digests = {name: hashlib.sha256((partial / name).read_bytes()).hexdigest() for name in names}
    manifest = _manifest(provenance, digests)
    earlier = (_manifest_of(folder) or {}).get("files", {})
    try:
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in names:
            os.replace(partial / name, folder / name)
        for name in set(earlier) - set(names):
            if Path(name).name == name:
                (folder / name).unlink(missing_ok=True)
        (partial / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        os.replace(partial / MANIFEST, folder / MANIFEST)
    except OSError as error:
        raise NotWrittenError(f"{folder}: cannot be written: {error.strerror or error}") from None


def replications_text(numbers: Sequence[int]) -> str:
    """Return replications in words.

    >>> replications_text([0, 1, 2]), replications_text([4]), replications_text([0, 2, 5])
    ('replications 0–2', 'replication 4', '3 replications from 0 to 5')
    """
    if len(numbers) == 1:
        return f"replication {numbers[0]}"
    if list(numbers) == list(range(numbers[0], numbers[0] + len(numbers))):
        return f"replications {numbers[0]}–{numbers[-1]}"
    return f"{len(numbers)} replications from {numbers[0]} to {numbers[-1]}"


def _contents(folder: Path) -> list[Path]:
    return [p for p in folder.iterdir() if not p.name.startswith(_PARTIAL)]


def _manifest_of(folder: Path) -> dict[str, Any] | None:
    """Return the manifest of a folder, or None where there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("files", {}), dict) else None


def _manifest(provenance: Provenance, digests: dict[str, str]) -> dict[str, Any]:
    scenario = provenance.scenario
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "run",
        "scenario": scenario.name,
        "scenario_sha256": identity(scenario),
        "configuration": {"file": CONFIGURATION, "sha256": digests[CONFIGURATION]},
        "seed": scenario.run.seed,
        "replications": list(provenance.replications),
        "complete": provenance.complete,
        "again": _again(provenance.replications),
        "engine": provenance.engine,
        "versions": {
            "funnelsim": provenance.version,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in packages_of(provenance.engine)},
        },
        "platform": {"system": platform.system(), "machine": platform.machine()},
        "started": provenance.started.isoformat(timespec="seconds"),
        "finished": provenance.finished.isoformat(timespec="seconds"),
        "files": digests,
    }


def packages_of(engine: str) -> tuple[str, ...]:
    """Return the packages whose versions a result names."""
    return (*PACKAGES, "numba") if engine == "compiled" else PACKAGES


def _again(replications: Sequence[int]) -> str:
    """Return the command that makes the same numbers from inside the folder; the seed is in the configuration."""
    if list(replications) == list(range(len(replications))):
        return f"funnelsim run {CONFIGURATION} --replications {len(replications)}"
    return " && ".join(f"funnelsim run {CONFIGURATION} --replication {r}" for r in replications)
