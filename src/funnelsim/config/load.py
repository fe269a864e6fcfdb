"""From a TOML file to a scenario: strict, and every fault at once."""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from funnelsim.config.dump import dump_toml, scenario_digest
from funnelsim.config.faults import Loc, key_of, translate
from funnelsim.config.paper import Broken, BrokenRulesError
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import Search
from funnelsim.config.suggest import did_you_mean
from funnelsim.config.toml import read_toml
from funnelsim.errors import Fault, InputError

__all__ = ["dump_toml", "load_scenario", "scenario_digest", "scenario_from"]

_PLACEHOLDERS: dict[str, Any] = {
    "market": {"channels": {"c": {"visitors_per_day": 1.0, "offers": {"o": 1.0}}}, "offers": {"o": {}}},
    "team": {"reps": [{"role": "bdr"}, {"role": "ae"}]},
}
_MOST_REPAIRS = 50


def load_scenario(path: str | Path, *, measures: Collection[str] | None = None) -> Scenario:
    """Return the scenario that the TOML file at `path` describes; its name is the file's where it gives none.

    Args:
        path: The file.
        measures: Names of all measures, by which objectives and constraints are checked; unchecked where None.

    Raises:
        InputError: with every fault of the file.
    """
    path = Path(path)
    scenario = scenario_from(read_toml(path), where=str(path), measures=measures, name=path.stem)
    if scenario.uncertain.posterior is None:
        return scenario
    # Kept whole, so that it is found from wherever the scenario is played.
    draws = str((path.parent / scenario.uncertain.posterior).resolve())
    uncertain = scenario.uncertain.model_copy(update={"posterior": draws})
    return scenario.model_copy(update={"uncertain": uncertain})


def scenario_from(
    tables: dict[str, Any], *, where: str, measures: Collection[str] | None = None, name: str = ""
) -> Scenario:
    """Return the scenario that plain tables (as TOML gives them) describe.

    Args:
        tables: The tables; they stay as they are.
        where: Their origin, for messages.
        measures: As in `load_scenario`.
        name: The scenario's name where the tables give none.

    Raises:
        InputError: with every fault of the tables.
    """
    try:
        scenario = Scenario.model_validate(tables)
    except ValidationError as error:
        raise InputError(_all_faults(tables, error, where=where, measures=measures)) from None
    broken = list(_unknown_measures(scenario.search, measures))
    if broken:
        raise InputError([Fault(where, b.key, b.rule, None, b.suggestion) for b in broken])
    return scenario if scenario.name else scenario.model_copy(update={"name": name})


def _unknown_measures(search: Search, measures: Collection[str] | None) -> Iterator[Broken]:
    if measures is None:
        return
    for group in ("objectives", "constraints"):
        for j, item in enumerate(getattr(search, group)):
            if item.measure not in measures:
                guess = did_you_mean(item.measure, measures) or "`funnelsim measures` prints them all"
                yield Broken(
                    f"search.{group}.{j}.measure", f"no such measure '{item.measure}'", guess, (f"search.{group}.{j}",)
                )


def _all_faults(
    tables: dict[str, Any], error: ValidationError, *, where: str, measures: Collection[str] | None
) -> list[Fault]:
    """Return the faults that were found, and those that stand behind them.

    A rule between fields is only tried once every field of its table is sound. So what is faulty is taken out (the
    default, or a placeholder, stands in) until the rest holds together; a rule that reads nothing of what was taken
    out is then as true of the file as of the repaired one.
    """
    faults = translate(error, root=Scenario, where=where)
    draft, removed = copy.deepcopy(tables), set[Loc]()
    for _ in range(_MOST_REPAIRS):
        items = error.errors(include_url=False)
        if any(item["loc"] == () for item in items):
            break  # only rules between tables are left, and all of them were tried
        for item in items:
            _take_out(draft, item, removed)
        try:
            Scenario.model_validate(draft)
        except ValidationError as next_error:
            error = next_error
            for item in error.errors(include_url=False):
                cause = item.get("ctx", {}).get("error")
                if isinstance(cause, BrokenRulesError):
                    faults += _true_of_the_file(cause.broken, item["loc"], removed, where)
        else:
            break
    else:
        return list(dict.fromkeys(faults))
    search = Search.model_validate(draft.get("search", {}))
    faults += _true_of_the_file(tuple(_unknown_measures(search, measures)), (), removed, where)
    return list(dict.fromkeys(faults))


def _true_of_the_file(broken: tuple[Broken, ...], at: Loc, removed: set[Loc], where: str) -> list[Fault]:
    return [
        Fault(where, ".".join(part for part in (key_of(at), b.key) if part), b.rule, None, b.suggestion)
        for b in broken
        if not any(_overlap((*at, *read.split(".")), loc) for read in b.reads for loc in removed)
    ]


def _overlap(read: Loc, loc: Loc) -> bool:
    """Return whether a rule that reads one place reads what stood at the other.

    "*" stands for any one name; at the end it says that only the names of a table are read, not what they hold.
    """
    if read[-1] == "*" and len(loc) > len(read):
        return False
    return all(a == "*" or str(a) == str(b) for a, b in zip(read, loc, strict=False))


def _take_out(draft: dict[str, Any], item: Any, removed: set[Loc]) -> None:
    """Remove from `draft` what one error is about, and note it in `removed`."""
    loc: Loc = tuple(part for part in item["loc"] if part != "[key]")
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, BrokenRulesError):
        for broken in cause.broken:
            at_key = _places(draft, (*loc, *broken.key.split("."))) if broken.key else []
            at_reads = [place for read in broken.reads for place in _places(draft, (*loc, *read.split(".")))]
            for place in at_key or at_reads or [loc]:
                _remove(draft, place, removed)
    elif item["type"] == "missing":
        _remove(draft, loc[:-1] if len(loc) > 1 else loc, removed)
    else:
        _remove(draft, loc, removed)


def _places(draft: Any, pattern: Loc, done: Loc = ()) -> list[Loc]:
    """Return the places in `draft` that a pattern with "*" stands for."""
    if not pattern:
        return [done]
    part, rest = pattern[0], pattern[1:]
    if isinstance(draft, list):
        chosen = range(len(draft)) if part == "*" else [int(part)] if str(part).isdigit() else []
        return [place for j in chosen if j < len(draft) for place in _places(draft[j], rest, (*done, j))]
    if isinstance(draft, dict):
        names = list(draft) if part == "*" else [part] if part in draft else []
        return [place for name in names for place in _places(draft[name], rest, (*done, name))]
    return []


def _remove(draft: dict[str, Any], loc: Loc, removed: set[Loc]) -> None:
    """Remove the value at `loc`: a whole list rather than one entry, a placeholder for a table that must be there."""
    removed.add(loc)
    while True:
        node: Any = draft
        for part in loc[:-1]:
            node = node.get(part) if isinstance(node, dict) else node[int(part)] if _has(node, part) else None
        if isinstance(node, dict) and loc[-1] in node:
            del node[loc[-1]]
            break
        if len(loc) == 1:
            break
        loc = loc[:-1]
        removed.add(loc)
    if len(loc) == 1 and loc[0] in _PLACEHOLDERS:
        draft[str(loc[0])] = copy.deepcopy(_PLACEHOLDERS[str(loc[0])])


def _has(node: Any, part: str | int) -> bool:
    return isinstance(node, list) and str(part).isdigit() and int(part) < len(node)
