"""`funnelsim measures`: every measure with unit, direction and definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funnelsim.metrics import Measure

SCHEMA_VERSION = 1
_BETTER = {"up": "up", "down": "down", "none": ""}


@click.command()
@options.json_option
def measures(as_json: bool) -> None:
    """List every measure with unit, the direction that is better, and definition.

    Any of them can be an objective or a constraint of `funnelsim tune`.
    """
    from funnelsim.metrics import MEASURES

    if as_json:
        screen.show(_json(MEASURES))
    else:
        rows = [[m.name, m.unit, _BETTER[m.direction], m.definition] for m in MEASURES.values()]
        screen.show(screen.table(["measure", "unit", "better", "definition"], rows, left=4))


def _json(registry: Mapping[str, Measure]) -> str:
    import json
    from dataclasses import asdict

    listed = {name: asdict(measure) for name, measure in registry.items()}
    return json.dumps({"schema_version": SCHEMA_VERSION, "measures": listed}, indent=2)
