"""A small scenario as plain tables, and what its faults are told as."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.errors import InputError


def small() -> dict[str, Any]:
    """Return the tables of a small, sound scenario; new ones at every call."""
    return {
        "market": {
            "channels": {
                "web": {"visitors_per_day": 100.0, "offers": {"demo": 0.4, "content": 0.6}},
                "mail": {"visitors_per_day": 50.0, "offers": {"content": 1.0}},
            },
            "offers": {"demo": {"hand_raise": True}, "content": {}},
            "firmographics": {"region": {"mix": {"north": 0.5, "south": 0.5}}},
        },
        "team": {"reps": [{"role": "bdr", "count": 2}, {"role": "ae"}]},
    }


def put(tables: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set the value at a path of keys joined by "/" (tables are made on the way), and return the tables."""
    node: Any = tables
    *way, last = path.split("/")
    for part in way:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    node[int(last) if isinstance(node, list) else last] = value
    return tables


def with_(changes: dict[str, Any]) -> dict[str, Any]:
    """Return the small scenario with the values at some paths replaced."""
    tables = small()
    for path, value in changes.items():
        put(tables, path, value)
    return tables


def load(changes: dict[str, Any] | None = None) -> Scenario:
    """Return the small scenario with some changes."""
    return scenario_from(with_(changes or {}), where="a.toml")


def told(tables: dict[str, Any], *, measures: Collection[str] | None = None) -> list[str]:
    """Return each fault of the tables as the line that the user reads, without the file's name; none if sound."""
    try:
        scenario_from(tables, where="a.toml", measures=measures)
    except InputError as error:
        lines = str(error).split("\n")
        assert all(line.startswith("a.toml: ") for line in lines)
        return [line.removeprefix("a.toml: ") for line in lines]
    return []
