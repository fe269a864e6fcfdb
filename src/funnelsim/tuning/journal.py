"""The journal of a study: opened whole, cut back to its last whole batch, and held by one process at a time.

A batch is atomic: what a killed process left of one is dropped and the batch is asked for again by the sampler of that
batch, so that numbers and parameters come out as if nothing had happened. Since one driver writes all of a batch before
anything of the next, dropping the later batches is cutting the file off at a line.
"""

from __future__ import annotations

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from funnelsim.errors import ResultError
from funnelsim.lab.kept import lines_of as lines_of

STUDY_NAME = "funnelsim"
# Operations of Optuna's journal, of which a trial's life is read.
CREATE_STUDY, DELETE_STUDY, CREATE_TRIAL, SET_TRIAL_STATE = 0, 1, 4, 6
Direction = Literal["maximize", "minimize"]


@dataclass(frozen=True, slots=True)
class Extent:
    """What a journal holds."""

    started: bool  # the study's own line is there
    finished: int  # leading trials, by number, that are finished
    created: tuple[int, ...]  # (trials,) byte offset of the line that creates each trial
    closed: tuple[int, ...]  # (trials,) byte offset after the line that finishes it, -1 where none does
    end: int  # bytes up to the end of the last line that can be read


def cut(path: Path, length: int) -> None:
    """Make the file exactly its first `length` bytes, in one step that no kill can leave half done."""
    if path.stat().st_size == length:
        return
    with path.open("rb") as file:
        kept = file.read(length)
    write_whole(path, kept)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in one step: either the old content or the new is there, never a part of it."""
    beside = path.with_name(path.name + ".part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def extent_of(path: Path) -> Extent:
    """Return what the journal at `path` holds, up to its first torn line.

    Raises:
        ResultError: where its lines are not those of a study of ours.
    """
    started, end = False, 0
    created: list[int] = []
    closed: list[int] = []
    for offset, entry in lines_of(path):
        try:
            kind = entry["op_code"]
            if kind == CREATE_STUDY:
                if started or entry["study_name"] != STUDY_NAME:
                    raise ResultError(f"{path}: holds another study than one of funnelsim's")
                started = True
            elif kind == DELETE_STUDY:
                raise ResultError(f"{path}: its study was deleted, in a dashboard perhaps; --force starts again")
            elif kind == CREATE_TRIAL:
                created.append(end)
                closed.append(offset if TrialState(entry.get("state", TrialState.RUNNING)).is_finished() else -1)
            elif kind == SET_TRIAL_STATE:
                closed[entry["trial_id"]] = offset if TrialState(entry["state"]).is_finished() else -1
        except (KeyError, TypeError, ValueError, IndexError):
            raise ResultError(f"{path}: is not a journal of a study (line at byte {end})") from None
        end = offset
    finished = next((number for number, after in enumerate(closed) if after < 0), len(closed))
    return Extent(started, finished, tuple(created), tuple(closed), end)


def whole_batches(path: Path, batch: int) -> int:
    """Return how many trials the finished whole batches of the journal hold; 0 where there is no journal yet."""
    return extent_of(path).finished // batch * batch if path.exists() else 0


def rewind(path: Path, keep: int) -> None:
    """Cut the journal back to its first `keep` trials, and off its torn last line; remove what a killed process held.

    Raises:
        ResultError: where it holds fewer finished trials than that, or the last of them is in the middle of a batch.
    """
    for leftover in path.parent.glob(f"{path.name}.lock*"):
        leftover.unlink(missing_ok=True)  # nobody else writes here: see `held`
    if not path.exists():
        return
    extent = extent_of(path)
    if keep > extent.finished:
        raise ResultError(f"{path}: holds {extent.finished} finished policies, not {keep}")
    length = extent.created[keep] if keep < len(extent.created) else extent.end
    if any(after > length for after in extent.closed[:keep]):
        raise ResultError(f"{path}: policy {keep} was asked for before those up to it were finished")
    cut(path, length)


def open_study(path: Path, *, directions: Sequence[Direction], measures: Sequence[str], keep: int) -> optuna.Study:
    """Return the study kept at `path`, with its first `keep` trials; a new one where there is none.

    Args:
        path: The journal. Its folder exists, and is `held` by this process.
        directions: Of the objectives.
        measures: Names of the objectives, as a dashboard shows them.
        keep: Trials to keep; see `whole_batches`.

    Raises:
        ResultError: where the journal is of another kind or of other directions.
    """
    path = path.resolve()  # a relative path under a stale lock spins for ever
    rewind(path, keep)
    with quiet():
        storage = JournalStorage(JournalFileBackend(str(path)))
        if any(study.study_name == STUDY_NAME for study in storage.get_all_studies()):
            study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
            kept = [direction.name.lower() for direction in study.directions]
            if kept != list(directions):
                raise ResultError(
                    f"{path}: was begun with the directions {', '.join(kept)}, not {', '.join(directions)}"
                )
        else:
            study = optuna.create_study(study_name=STUDY_NAME, storage=storage, directions=list(directions))
        if study.metric_names != list(measures):
            study.set_metric_names(list(measures))
    return study


class FolderJournal:
    """A study kept in a journal in its folder, as `storage.StoredStudy` is in a database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        """Return where it is, for messages."""
        return str(self._path)

    def told(self) -> None:
        """Return nothing: `study.json` beside it says what it is."""

    def begin(self, said: str, *, directions: Sequence[Direction], measures: Sequence[str]) -> None:
        """Do nothing: `opened` makes it where it is missing."""

    def remove(self) -> None:
        """Remove the journal, where it is there."""
        self._path.unlink(missing_ok=True)

    def whole_batches(self, batch: int) -> int:
        """Return how many trials its finished whole batches hold."""
        return whole_batches(self._path, batch)

    def opened(self, keep: int, *, directions: Sequence[Direction], measures: Sequence[str]) -> optuna.Study:
        """Return the study with its first `keep` trials; what is told to it is kept at once."""
        return open_study(self._path, directions=directions, measures=measures, keep=keep)

    def append(self, study: optuna.Study) -> None:
        """Do nothing: what was told is there."""


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a result folder for this process; the system lets go of it however the process ends.

    Raises:
        ResultError: where another process holds it.
    """
    with (folder / "study.lock").open("a") as file:
        try:
            import fcntl
        except ImportError:  # not on this system: the user sees to it
            yield
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ResultError(
                f"{folder}: another process is searching here; wait for it or choose another --out"
            ) from None
        yield


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna report errors only, and not that what we use of it may change, while the block runs."""
    logger = logging.getLogger("optuna")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            for name in ("set_metric_names", "JournalRedisBackend"):
                warnings.filterwarnings("ignore", category=ExperimentalWarning, message=f".*{name} is experimental")
            yield
    finally:
        logger.setLevel(before)
