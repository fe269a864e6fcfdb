"""What makes two searches one study: world, policy in force, space, goals, seeds and batch; kept in `study.json`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from funnelsim.config.scenario import Scenario
from funnelsim.errors import Fault, InputError, StudyMismatchError
from funnelsim.metrics import MEASURES
from funnelsim.tuning.journal import write_whole

SCHEMA_VERSION = 1
PACKAGES = ("optuna", "numpy", "scipy", "simpy")

# More policies, and more or fewer fresh replications, continue a study; names and what is chosen at the end tell
# nothing about it.
LEFT_OUT: dict[str, frozenset[str]] = {
    "": frozenset({"name", "title"}),
    "run": frozenset({"replications"}),
    "search": frozenset(
        {"trials", "plateau", "plateau_over", "trade_off", "selection_replications", "report_replications"}
    ),
}
SHOWN = 12
"""Differences that a message lists."""


def fingerprint(scenario: Scenario) -> dict[str, Any]:
    """Return everything on which the policies of a study depend, as plain JSON values.

    Raises:
        InputError: where a file of draws cannot be read.
    """
    whole = scenario.model_dump(mode="json")
    kept = {key: value for key, value in whole.items() if key not in LEFT_OUT[""]}
    for table, names in LEFT_OUT.items():
        if table:
            kept[table] = {key: value for key, value in kept[table].items() if key not in names}
    for objective in kept["search"]["objectives"]:  # a direction left to its measure is that direction
        measure = MEASURES.get(objective["measure"])
        if objective["direction"] is None and measure is not None:
            objective["direction"] = {"up": "maximize", "down": "minimize"}.get(measure.direction)
    uncertain = kept.pop("uncertain")
    if scenario.uncertain.anything:
        posterior = scenario.uncertain.posterior
        # What is in the file of draws counts, not where it lies.
        draws = None if posterior is None else _digest_of_file(Path(posterior))
        kept["uncertain"] = {**uncertain, "posterior": draws}
    return kept


def _digest_of_file(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError([Fault(str(path), "", f"cannot be read: {error.strerror or error}")]) from None


def digest_of(value: Any) -> str:
    """Return a digest of a JSON value, 16 hexadecimal digits; the order of keys counts, as it does for the model."""
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def versions(funnelsim: str) -> dict[str, str]:
    """Return the versions on which the numbers depend, that of funnelsim given."""
    return {"funnelsim": funnelsim, **{name: version(name) for name in PACKAGES}}


def new_study(scenario: Scenario, *, funnelsim: str) -> dict[str, Any]:
    """Return what `study.json` says of a study of `scenario` that begins now, with this version of funnelsim."""
    of_scenario = fingerprint(scenario)
    return {
        "schema_version": SCHEMA_VERSION,
        "digest": digest_of(of_scenario),
        "versions": versions(funnelsim),
        "fingerprint": of_scenario,
    }


def write_study(path: Path, study: dict[str, Any]) -> None:
    """Write `study.json`: what `new_study` or `read_study` returned, with how many policies are wanted.

    `trials` are those wanted; `trials_in_configuration` those that the scenario asks for: where that is edited, it
    overrides `trials` on resuming. `storage` is where the policies are kept, None in the folder's own journal.
    """
    write_whole(path, (json.dumps(study, indent=1) + "\n").encode())


def read_study(path: Path) -> dict[str, Any]:
    """Return what `study.json` holds.

    Raises:
        InputError: where it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        text = ""
    return study_from(text, where=str(path))


def study_from(text: str, *, where: str) -> dict[str, Any]:
    """Return what `study.json`, or a storage, says of a study.

    Args:
        text: JSON.
        where: Its origin, for messages.

    Raises:
        InputError: where it cannot be read.
    """
    try:
        study = json.loads(text)
        if study["schema_version"] != SCHEMA_VERSION:
            raise ValueError
        for name in ("trials", "trials_in_configuration"):
            study[name] = int(study[name])
        return {**study, "fingerprint": dict(study["fingerprint"]), "versions": dict(study["versions"])}
    except (ValueError, KeyError, TypeError):
        raise InputError([Fault(where, "", "cannot be read as a study of this version of funnelsim")]) from None


def check_same(where: str, study: dict[str, Any], scenario: Scenario) -> None:
    """Check that `study`, which `where` holds, was begun with this scenario.

    Raises:
        StudyMismatchError: where it was not; says what differs, then and now.
    """
    found = list(differences(study["fingerprint"], fingerprint(scenario)))
    if found:
        more = [f"  ... and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        lines = [f"{where}: this study was begun with other settings:", *(f"  {line}" for line in found[:SHOWN]), *more]
        remedy = "continue it with those, choose another --out, or start again with --force"
        raise StudyMismatchError("\n".join([*lines, remedy]))


def other_versions(study: dict[str, Any], funnelsim: str) -> list[str]:
    """Return, in words, each package whose version is not the one that the study was begun with."""
    then, now = study["versions"], versions(funnelsim)
    return [f"{name} {then.get(name)} then, {now[name]} now" for name in now if then.get(name) != now[name]]


def differences(then: Any, now: Any, key: str = "") -> Iterator[str]:
    """Yield 'key: then ..., now ...' for each place in which two JSON values differ."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in dict.fromkeys((*then, *now)):
            where = f"{key}.{name}" if key else str(name)
            if name not in now:
                yield f"{where}: {_shown(then[name])} then, absent now"
            elif name not in then:
                yield f"{where}: absent then, {_shown(now[name])} now"
            else:
                yield from differences(then[name], now[name], where)
        if list(then) != list(now) and set(then) == set(now):
            yield f"{key}: the same entries in another order ({', '.join(then)} then, {', '.join(now)} now)"
    elif isinstance(then, list) and isinstance(now, list) and any(isinstance(item, dict) for item in (*then, *now)):
        for n in range(max(len(then), len(now))):
            if n >= len(now):
                yield f"{key}.{n}: {_shown(then[n])} then, absent now"
            elif n >= len(then):
                yield f"{key}.{n}: absent then, {_shown(now[n])} now"
            else:
                yield from differences(then[n], now[n], f"{key}.{n}")
    elif then != now or type(then) is not type(now):
        yield f"{key}: {_shown(then)} then, {_shown(now)} now"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."
