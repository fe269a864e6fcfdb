"""A scenario as TOML and as a digest."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import tomli_w
from pydantic import BaseModel

from funnelsim.config.durations import Duration
from funnelsim.config.paper import NONE, Paper
from funnelsim.config.policy import LIFECYCLES, Policy
from funnelsim.config.scenario import Scenario


def dump_toml(scenario: Scenario, *, full: bool = False) -> str:
    """Return `scenario` as TOML that loads back to an equal scenario.

    Args:
        scenario: What to write.
        full: Write every value, also those that are the default.
    """
    return tomli_w.dumps(_table(scenario, full=full))


def _table(paper: BaseModel, *, full: bool) -> dict[str, Any]:
    table: dict[str, Any] = {}
    preset = LIFECYCLES[paper.lifecycle] if isinstance(paper, Policy) else {}
    for name, info in type(paper).model_fields.items():
        value = getattr(paper, name)
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        default = preset.get(name, default)
        if not full and not info.is_required() and value == default:
            continue
        if value is None:
            if default is not None:
                table[name] = NONE
            continue
        table[name] = _plain(value, full=full)
    return table


def _plain(value: Any, *, full: bool) -> Any:
    if isinstance(value, Paper):
        return _table(value, full=full)
    if isinstance(value, Duration):
        return str(value)
    if isinstance(value, list):
        return [_plain(item, full=full) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item, full=full) for name, item in value.items()}
    return value


def as_toml_value(value: Any) -> Any:
    """Return a configuration value as TOML would hold it; of tables only what differs from the defaults."""
    return _plain(value, full=False)


def scenario_digest(scenario: Scenario) -> str:
    """Return the SHA-256, in hex, of everything in `scenario` that can change a number: all but `name` and `title`.

    Two files that say the same in other words (fields in another order, defaults written out) have one digest; the
    order of tables by name (channels, offers, categories, points) counts, because it numbers their entries.
    """
    left_out = {"name", "title"} if scenario.uncertain.anything else {"name", "title", "uncertain"}
    plain = scenario.model_dump(mode="json", exclude=left_out)
    return hashlib.sha256(json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()).hexdigest()
