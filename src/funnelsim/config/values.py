"""Values by dotted path in a scenario: set in its plain tables, so that the whole is checked anew.

Entries of lists go by number from 0 ("team.reps.1.count", "market.shape.month_weights.11").
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from funnelsim.errors import Fault


def plain_tables(paper: BaseModel, *, defaults: bool = False) -> Any:
    """Return a table of the configuration as plain JSON values: what was given, or with `defaults` everything."""
    return json.loads(paper.model_dump_json(exclude_unset=not defaults))


def set_value(tables: Any, full: Any, path: str, value: Any, *, where: str) -> Fault | None:
    """Set the value at a path of `tables` in place; return the fault of a path that does not exist, else None.

    Args:
        tables: What the scenario gives, plain; lists that it leaves to their default are written out first.
        full: The same with every default. Of a table that is absent altogether (None) the paper itself judges.
        path: Dotted.
        value: Plain; a whole number may come as a float where the place holds a whole number.
        where: Origin of the value, for messages.
    """
    *parents, last = path.split(".")
    for part in parents:
        if full is not None:
            try:
                full = full[int(part)] if isinstance(full, list) else full[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return Fault(where, path, f"the scenario has no '{part}'")
        if isinstance(tables, list):
            tables = tables[int(part)]
        else:
            empty: Any = json.loads(json.dumps(full)) if isinstance(full, list) else {}
            tables[part] = empty if tables.get(part) is None else tables[part]
            tables = tables[part]
    if not isinstance(full, dict | list | None):
        return Fault(where, path, f"'{parents[-1]}' is one value, not a table")
    before = full.get(last) if isinstance(full, dict) else None
    if isinstance(before, int) and isinstance(value, float) and value.is_integer():
        value = int(value)  # a CSV knows no whole numbers
    if isinstance(tables, list):
        if not last.isdigit() or int(last) >= len(tables):
            return Fault(where, path, f"the list has no entry {last} (it has {len(tables)}, from 0)")
        tables[int(last)] = value
    else:
        tables[last] = value
    return None


def by_path(value: Any, prefix: str = "") -> Any:
    """Return tables keyed by dotted path, whether written as "scoring.cutoff" in quotes or as tables in tables.

    >>> by_path({"scoring": {"cutoff": {"low": 1}}, "sla.gap": {"low": 2}})
    {'scoring.cutoff': {'low': 1}, 'sla.gap': {'low': 2}}
    """
    if not isinstance(value, dict):
        return value
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        path = f"{prefix}{name}"
        if isinstance(inner, dict) and inner and all(isinstance(v, dict) for v in inner.values()):
            flat |= by_path(inner, f"{path}.")
        else:
            flat[path] = inner
    return flat


def places(full: Any, pattern: str) -> list[str]:
    """Return the paths in plain tables that a path with "*" (any name, any entry) stands for; none where it is wrong.

    >>> places({"channels": {"a": {"v": 1}, "b": {"v": 2}}}, "channels.*.v")
    ['channels.a.v', 'channels.b.v']
    """
    found: list[tuple[str, Any]] = [("", full)]
    for part in pattern.split("."):
        found = [(f"{at}.{name}".lstrip("."), inner) for at, table in found for name, inner in _below(table, part)]
    return [at for at, _ in found]


def value_at(full: Any, path: str) -> Any:
    """Return the value at a path of plain tables.

    Raises:
        KeyError: where there is none.
    """
    for part in path.split("."):
        below = dict(_below(full, part))
        if part not in below:
            raise KeyError(path)
        full = below[part]
    return full


def _below(table: Any, part: str) -> list[tuple[str, Any]]:
    if isinstance(table, dict):
        entries = list(table.items())
    elif isinstance(table, list):
        entries = [(str(j), entry) for j, entry in enumerate(table)]
    else:
        return []
    return [(name, entry) for name, entry in entries if part in ("*", name)]
