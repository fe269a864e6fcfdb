"""The reference page of the configuration, written from the models: `python -m funnelsim.config.reference`."""

from __future__ import annotations

import re
import sys
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from funnelsim.config.dump import as_toml_value
from funnelsim.config.kinds import Length
from funnelsim.config.node import Node, below, field_node, node_of
from funnelsim.config.paper import NONE
from funnelsim.config.scenario import Scenario

_INTRO = """\
# Configuration

Written by `python -m funnelsim.report.reference docs` from the models; do not edit.

A scenario is a TOML file. `funnelsim init` writes a commented one, `funnelsim check` tells every fault of one at once,
and `funnelsim schema` prints the JSON schema for editors. Unknown keys are faults. What a file leaves out takes its
default; a key whose type says *or "none"* may be written `"none"` to have no value at all.

- **Durations** carry their unit: `"15min"`, `"48h"`, `"2d"`, `"1w"` (also `ms`, `s`), on the calendar's clock, or
  `"8 business hours"`, `"3 business days"` in the open hours of the team that the term binds; a business day is as
  long as a mean working day of that team, a business week five of them.
- **Money** is in the currency of `economics.currency`. **Shares** and probabilities are from 0 to 1.
- **Mixes** are tables of shares that sum to 1.
- **NAME** in a key stands for a name of your own choice, **N** for the number of an entry (`[[team.reps]]`), from 0.
- *Source* says where a default comes from; "assumed" means that it was chosen to be plausible.
"""


def reference_page() -> str:
    """Return the reference page of every configuration table, Markdown."""
    sections = _sections()
    parts = [_INTRO]
    for model, places in sections.items():
        parts.append(_section(model, places, sections))
    return "\n".join(parts)


def _sections() -> dict[type[BaseModel], list[str]]:
    """Return each table's model with the places where it stands, in the order of the models, `Length` last."""
    found: dict[type[BaseModel], list[str]] = {}

    def visit(node: Node, place: str) -> None:
        if node.is_table():
            known = node.type in found
            found.setdefault(node.type, []).append(place)
            if known:
                return
            for name in node.fields():
                child = below(node, name)
                assert child is not None  # it is one of the fields
                visit(child, f"{place}.{name}" if place else name)
            return
        entry = node.entry()
        if entry is not None:
            visit(entry, f"{place}.{'NAME' if node.is_named() else 'N'}")

    visit(node_of(Scenario), "")
    lengths = found.pop(Length)
    return {**found, Length: lengths}


def _heading(model: type[BaseModel], places: list[str]) -> str:
    if model is Length:
        return "Lengths of time"
    return f"`{places[0]}`" if places[0] else "The scenario"


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _section(model: type[BaseModel], places: list[str], sections: dict[type[BaseModel], list[str]]) -> str:
    lines = [f"## {_heading(model, places)}", "", " ".join((model.__doc__ or "").split())]
    if len(places) > 1:
        others = places if model is Length else places[1:]
        lines += ["", f"{'At' if model is Length else 'Also at'} {', '.join(f'`{place}`' for place in others)}."]
    lines += ["", "| key | type | default | unit | range | meaning | source |", "|---|---|---|---|---|---|---|"]
    lines += [_row(name, info, sections) for name, info in model.model_fields.items()]
    return "\n".join([*lines, ""])


def _row(name: str, info: FieldInfo, sections: dict[type[BaseModel], list[str]]) -> str:
    node = field_node(info)
    unit = "" if node.unit in ("duration", "date", "dates") else node.unit
    cells = [f"`{name}`", _type(node, sections), _default(info, node), unit, _range(node), node.meaning, node.source]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(node: Node, sections: dict[type[BaseModel], list[str]]) -> str:
    words, inner = node.in_words(), _table_in(node)
    if inner is not None:
        heading = _heading(inner, sections[inner])
        link = f"[{heading}](#{_anchor(heading)})"
        words = link if node.is_table() else f"{words}: {link}"
    return f'{words} or "{NONE}"' if node.may_be_absent else words


def _table_in(node: Node) -> type[BaseModel] | None:
    """Return the model of the table that a field is, or holds entries of."""
    candidate = node if node.is_table() else node.entry()
    if candidate is None or not candidate.is_table():
        return None
    model: type[BaseModel] = candidate.type
    return model


def _default(info: FieldInfo, node: Node) -> str:
    if info.is_required():
        return "**required**"
    value = info.get_default(call_default_factory=True)
    if value is None:
        return "absent"
    if isinstance(value, BaseModel) and value == _all_defaults(type(value)):
        return "its defaults"
    return f"`{_toml(as_toml_value(value))}`"


def _all_defaults(model: type[BaseModel]) -> BaseModel | None:
    return (
        model() if not any(info.is_required() for info in model.model_fields.values()) and model is not Length else None
    )


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{name} = {_toml(inner)}' for name, inner in value.items())} }}" if value else "{}"
    if isinstance(value, list):
        if len(value) > 3 and len(set(map(repr, value))) == 1:
            return f"[{_toml(value[0])}, ... {len(value)} times]"
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _range(node: Node) -> str:
    parts = [str(node.bounds())] if node.kind() in ("int", "float", "duration") else []
    if node.calendar_only():
        parts.append("calendar clock")
    fewest, most = node.lengths()
    if fewest is not None and fewest == most:
        parts.append(f"{fewest} entries")
    elif fewest is not None or most is not None:
        low, high = (f"at least {fewest}" if fewest else ""), (f"at most {most}" if most else "")
        parts.append(f"{' and '.join(filter(None, (low, high)))} {'entry' if (most or fewest) == 1 else 'entries'}")
    if node.is_mix():
        parts.append("shares that sum to 1")
    entry = node.entry()
    if entry is not None and entry.kind() in ("int", "float", "duration") and str(entry.bounds()):
        parts.append(f"each {entry.bounds()}")
    return ", ".join(part for part in parts if part)


if __name__ == "__main__":
    sys.stdout.write(reference_page())
