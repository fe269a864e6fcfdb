"""What pydantic finds wrong, told as faults: a key, a plain rule, the value, and a guess at what was meant."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from funnelsim.config.durations import Duration
from funnelsim.config.node import Node, below, node_of
from funnelsim.config.paper import BrokenRulesError
from funnelsim.config.suggest import nearest
from funnelsim.errors import Fault

Loc = tuple[str | int, ...]

_PLAIN = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be a text in quotation marks",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "date_type": "must be a date such as 2025-01-06",
    "date_from_datetime_inexact": "must be a date such as 2025-01-06, without a time",
}
_LIMITS = {
    "greater_than": (">", "gt"),
    "greater_than_equal": (">=", "ge"),
    "less_than": ("<", "lt"),
    "less_than_equal": ("<=", "le"),
}
_BARE = re.compile(r"[A-Za-z0-9_.-]+")


def key_of(loc: Loc) -> str:
    """Return a place as a dotted key, names that are no bare words in quotation marks."""
    return ".".join(str(part) if _BARE.fullmatch(str(part)) else repr(str(part)) for part in loc if part != "[key]")


def shown(value: Any) -> str:
    """Return a value as a file would write it, shortened.

    >>> shown(True), shown(-1.0), shown("x")
    ('true', '-1.0', "'x'")
    """
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, dt.date | Duration):
        text = str(value)
    elif isinstance(value, dict):
        text = "a table"
    elif isinstance(value, int) and abs(value) >= 10**60:
        text = f"a number of more than {math.floor(math.log10(abs(value)))} digits"
    else:
        text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def translate(error: ValidationError, *, root: type[BaseModel], where: str, at: Loc = ()) -> list[Fault]:
    """Return each fault that pydantic found as a `Fault`.

    Args:
        error: What validation raised.
        root: The model that `at` and the error's places start from.
        where: The file, or another name of the place where the input came from.
        at: The place of the validated part within `root`.
    """
    faults: list[Fault] = []
    for item in error.errors(include_url=False):
        for fault in _faults_of(item, root=root, where=where, at=at):
            if fault not in faults:
                faults.append(fault)
    return faults


def _faults_of(item: Any, *, root: type[BaseModel], where: str, at: Loc) -> Iterator[Fault]:
    kind: str = item["type"]
    loc: Loc = (*at, *item["loc"])
    ctx: dict[str, Any] = item.get("ctx", {})
    cause = ctx.get("error")
    if isinstance(cause, BrokenRulesError):
        for broken in cause.broken:
            key = ".".join(part for part in (key_of(loc), broken.key) if part)
            yield Fault(where, key, broken.rule, None, broken.suggestion)
        return
    if kind == "extra_forbidden":
        yield Fault(where, key_of(loc), "unknown key", None, _known_key(root, loc))
        return
    rule, suggestion = _rule(kind, item, ctx), None
    if kind == "literal_error":
        node = _node_at(root, loc)
        guess = nearest(str(item["input"]), node.choices()) if node is not None else None
        suggestion = None if guess is None else f"did you mean '{guess}'?"
    told = kind == "missing" or " got " in rule or (cause is not None and isinstance(item["input"], dict))
    value = None if told else shown(item["input"])
    yield Fault(where, key_of(loc), rule, value, suggestion)


def _rule(kind: str, item: Any, ctx: dict[str, Any]) -> str:
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _LIMITS:
        sign, name = _LIMITS[kind]
        return f"must be {sign} {ctx[name]:g}" if abs(ctx[name]) < 1e6 else f"must be {sign} {ctx[name]}"
    if kind == "literal_error":
        return f"must be one of {ctx['expected'].replace(' or ', ', ')}"
    if kind in ("too_short", "string_too_short"):
        least = ctx["min_length"]
        return "must not be empty" if least == 1 else f"must have at least {least} entries"
    if kind in ("too_long", "string_too_long"):
        return f"must have at most {ctx['max_length']} entries"
    if kind in ("value_error", "assertion_error"):
        return str(ctx["error"])
    message: str = item["msg"]
    return message[:1].lower() + message[1:]


def _node_at(root: type[BaseModel], loc: Loc) -> Node | None:
    node: Node | None = node_of(root)
    for part in loc:
        node = None if node is None else below(node, part)
    return node


def _known_key(root: type[BaseModel], loc: Loc) -> str | None:
    """Return "did you mean ...?" for an unknown key: one of its table, else the same key elsewhere in the models."""
    name = str(loc[-1])
    table = _node_at(root, loc[:-1])
    guess = nearest(name, table.fields()) if table is not None else None
    if guess is None:
        elsewhere = _places(root).get(name, ())
        guess = " or ".join(elsewhere[:2]) if elsewhere else None
        return None if guess is None else f"did you mean {guess}?"
    return f"did you mean '{guess}'?"


@lru_cache(maxsize=8)
def _places(root: type[BaseModel]) -> dict[str, tuple[str, ...]]:
    """Return the dotted places of each key in the tables of `root`, shortest first."""
    places: dict[str, list[str]] = {}

    def visit(node: Node, prefix: str) -> None:
        for name in node.fields():
            places.setdefault(name, []).append(f"'{prefix}{name}'")
            child = below(node, name)
            if child is not None:
                visit(child, f"{prefix}{name}.")

    visit(node_of(root), "")
    return {name: tuple(sorted(found, key=lambda place: (place.count("."), place))) for name, found in places.items()}
