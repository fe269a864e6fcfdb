"""What a study is to be and where it is kept: begun, gone on with, or refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from funnelsim.config.scenario import Scenario
from funnelsim.errors import Fault, InputError, ResultError
from funnelsim.tuning.fingerprint import check_same, new_study, other_versions, read_study, study_from, write_study
from funnelsim.tuning.goals import Goals
from funnelsim.tuning.journal import FolderJournal, held
from funnelsim.tuning.storage import StoredStudy, shown

STUDY, JOURNAL, EVALUATIONS, LOCK = "study.json", "journal.log", "evaluations.jsonl", "study.lock"
FRONT, FIGURE, WORDS, TRIALS, PROVENANCE, CONFIGURATION = (
    "front.csv",
    "front.png",
    "findings.txt",
    "trials.csv",
    "provenance.json",
    "scenario.toml",
)
HYPERVOLUME, IMPORTANCE = "hypervolume.png", "importance.png"
ROBUST, ROBUST_FIGURE = "robust.csv", "robust.png"
_POLICY_FILE = re.compile(r"policy_\d+\.toml")
LEFTOVERS = {LOCK, f"{STUDY}.part"}
"""What a study leaves that was killed before it began."""

Note = Callable[[str], None]
"""Called with a sentence that the user should read."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a study is to be, and where."""

    scenario: Scenario
    goals: Goals
    folder: Path
    version: str  # of funnelsim
    trials: int | None = None  # policies in all; the scenario's (on resuming: the study's) where None
    resume: bool = False
    force: bool = False
    engine: str = "reference"  # the one that plays; any gives the same study, so a resumed one may change it
    storage: str | None = None  # URL of the storage that keeps the policies; None = a journal in the folder

    @property
    def study_name(self) -> str:
        """Return what the study is called in its storage: the name of its folder."""
        return self.folder.resolve().name


@contextmanager
def begun(plan: Plan, note: Note) -> Iterator[tuple[Plan, FolderJournal | StoredStudy]]:
    """Hold the folder for this study; give the plan with its number of trials, and where its policies are kept.

    Nothing is written over before it is known that what is there is the same study.

    Raises:
        InputError: where there is a study and neither resume nor force is asked, or it is kept somewhere else.
        StudyMismatchError: where it was begun with other settings; says which.
        ResultError: where the folder holds something else, is in use, or the storage does not answer.
    """
    folder, path = plan.folder, plan.folder / STUDY
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: is a file, not a folder; choose another --out")
    if path.exists() and not (plan.resume or plan.force):
        raise _there_already(str(folder))
    if not path.exists() and not plan.force and folder.is_dir() and {p.name for p in folder.iterdir()} - LEFTOVERS:
        raise ResultError(f"{folder}: holds files that are no study; choose another --out, or --force to write there")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from None
    with held(folder):
        kept = StoredStudy(plan.storage, plan.study_name) if plan.storage else FolderJournal(folder / JOURNAL)
        if plan.force:
            remove_results(folder)
            for name in (STUDY, JOURNAL, EVALUATIONS):
                (folder / name).unlink(missing_ok=True)
            kept.remove()
        study, wanted = _study_of(plan, kept, note)
        study |= {
            "trials": wanted,
            "trials_in_configuration": plan.scenario.search.trials,
            "storage": _place(plan.storage),
        }
        kept.begin(
            json.dumps(study),
            directions=[g.direction for g in plan.goals.objectives],
            measures=[g.measure for g in plan.goals.objectives],
        )
        write_study(path, study)
        yield replace(plan, trials=wanted), kept


def remove_results(folder: Path) -> None:
    """Remove the results of an earlier end of the study; its journal and evaluations are left alone."""
    for name in (PROVENANCE, FRONT, TRIALS, FIGURE, HYPERVOLUME, IMPORTANCE, ROBUST, ROBUST_FIGURE, WORDS):
        (folder / name).unlink(missing_ok=True)
    for path in folder.iterdir():
        if _POLICY_FILE.fullmatch(path.name):
            path.unlink()


def _study_of(plan: Plan, kept: FolderJournal | StoredStudy, note: Note) -> tuple[dict[str, Any], int]:
    """Return what the folder, or the storage, says of the study, and to how many policies it is to be carried on."""
    path, search = plan.folder / STUDY, plan.scenario.search
    in_storage = kept.told()
    if in_storage is not None and not plan.resume:
        raise _there_already(str(kept))
    found = [(str(path), read_study(path))] if path.exists() else []
    found += [] if in_storage is None else [(str(kept), study_from(in_storage, where=str(kept)))]
    if not found:
        if plan.resume:
            note(f"no study in {plan.folder}: starting one")
        return new_study(plan.scenario, funnelsim=plan.version), plan.trials or search.trials
    for where, study in found:
        check_same(where, study, plan.scenario)
    where, study = found[0]
    if study.get("storage") != _place(plan.storage):
        before = study.get("storage")
        remedy = f"give --storage {before}" if before else "leave --storage out"
        rule = f"is kept in {before or 'the journal of its folder'}, not in {_place(plan.storage) or 'a journal'}"
        raise InputError([Fault(where, "", rule, None, f"{remedy}, or choose another --out")])
    wanted: int = plan.trials or (
        study["trials"] if search.trials == study["trials_in_configuration"] else search.trials
    )
    there = kept.whole_batches(search.batch)
    if wanted < there:
        rule = f"has {there} policies already, more than the {wanted} asked for"
        raise InputError([Fault(str(plan.folder), "", rule, None, f"--trials {there} or more goes on with it")])
    for line in other_versions(study, plan.version):
        note(f"{where}: {line}; the rest of the study may differ from what those would have found")
    return study, wanted


def _place(storage: str | None) -> str | None:
    return None if storage is None else shown(storage)


def _there_already(where: str) -> InputError:
    remedy = "--resume goes on with it, --force starts again, --out writes elsewhere"
    return InputError([Fault(where, "", "holds a study already", None, remedy)])
