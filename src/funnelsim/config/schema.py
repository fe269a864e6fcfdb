"""The JSON schema of scenarios, for editors that complete and check TOML."""

from __future__ import annotations

from typing import Any

from funnelsim.config.paper import NONE
from funnelsim.config.scenario import Scenario


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a scenario file; what TOML cannot write (null) is written "none"."""
    schema = Scenario.model_json_schema()
    _without_null(schema)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "funnelsim scenario",
    }


def _without_null(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("type") == "null":
            part.clear()
            part["const"] = NONE
        if "default" in part and part["default"] is None:
            del part["default"]
        for inner in part.values():
            _without_null(inner)
    elif isinstance(part, list):
        for inner in part:
            _without_null(inner)
