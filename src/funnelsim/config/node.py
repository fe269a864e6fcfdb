"""One place in the configuration models: its type, range, unit and meaning, and the places below it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types as at
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo

from funnelsim.config.durations import Duration
from funnelsim.config.kinds import calendar_clock, mix, positive

Kind = Literal["duration", "int", "float", "bool", "enum", "str"]
_SCALARS: dict[Any, Kind] = {Duration: "duration", int: "int", float: "float", bool: "bool", str: "str"}
LONGEST_LIST = 60
"""Entries of a list that can be set one by one (attempts of a cadence)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a number; None without limit."""

    low: float | None = None
    high: float | None = None
    low_open: bool = False
    high_open: bool = False

    def __str__(self) -> str:
        low = "" if self.low is None else f"{'>' if self.low_open else '>='} {_number(self.low)}"
        high = "" if self.high is None else f"{'<' if self.high_open else '<='} {_number(self.high)}"
        if self.low is not None and self.high is not None and not self.low_open and not self.high_open:
            return f"{_number(self.low)} to {_number(self.high)}"
        return ", ".join(part for part in (low, high) if part)


def _number(value: float) -> str:
    for power in (31, 63):
        if value == 2**power:
            return f"2^{power}"
    return f"{value:,.10g}".replace(",", " ")


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the models: a field, an entry of a list or of a table by name, or a whole table."""

    type: Any  # without Annotated and None
    metadata: tuple[Any, ...]
    may_be_absent: bool
    info: FieldInfo | None  # the field that it is, or is part of

    @property
    def unit(self) -> str:
        """Return the unit in words."""
        return self._extra("unit")

    @property
    def source(self) -> str:
        """Return where the default comes from."""
        return self._extra("source")

    @property
    def meaning(self) -> str:
        """Return what the field means."""
        return (self.info.description or "") if self.info is not None else ""

    def _extra(self, name: str) -> str:
        extra = self.info.json_schema_extra if self.info is not None else None
        return str(extra.get(name, "")) if isinstance(extra, dict) else ""

    def annotated(self) -> Any:
        """Return the type with its rules, for a validator of this place alone."""
        kind = Annotated[(self.type, *self.metadata)] if self.metadata else self.type
        return kind | None if self.may_be_absent else kind

    def is_table(self) -> bool:
        """Return whether this is a table with keys of its own."""
        return isinstance(self.type, type) and issubclass(self.type, BaseModel)

    def fields(self) -> tuple[str, ...]:
        """Return the names of the fields of a table, none of anything else."""
        return tuple(self.type.model_fields) if self.is_table() else ()

    def kind(self) -> Kind | None:
        """Return the kind of a single value, or None of a list, a table or a date."""
        if get_origin(self.type) is Literal:
            return "enum"
        return _SCALARS.get(self.type)

    def choices(self) -> tuple[str, ...]:
        """Return the values of an enum, none of anything else."""
        return tuple(get_args(self.type)) if get_origin(self.type) is Literal else ()

    def calendar_only(self) -> bool:
        """Return whether a duration may not be on a business clock."""
        return calendar_clock in self._checks()

    def _checks(self) -> list[Any]:
        return [item.func for item in self.metadata if isinstance(item, AfterValidator)]

    def bounds(self) -> Bounds:
        """Return the range of a number or a duration (hours)."""
        if self.type is Duration:
            return Bounds(low=0.0, low_open=positive in self._checks())
        low: Any = None
        high: Any = None
        low_open = high_open = False
        for item in self.metadata:
            if isinstance(item, at.Ge | at.Gt):
                low, low_open = (item.ge, False) if isinstance(item, at.Ge) else (item.gt, True)
            elif isinstance(item, at.Le | at.Lt):
                high, high_open = (item.le, False) if isinstance(item, at.Le) else (item.lt, True)
        return Bounds(_as_float(low), _as_float(high), low_open, high_open)

    def lengths(self) -> tuple[int | None, int | None]:
        """Return the fewest and the most entries of a list or table."""
        fewest = [item.min_length for item in self.metadata if isinstance(item, at.MinLen)]
        most = [item.max_length for item in self.metadata if isinstance(item, at.MaxLen)]
        return (fewest[0] if fewest else None, most[0] if most else None)

    def entry(self) -> Node | None:
        """Return the place of an entry of a list or of a table by name, None of anything else."""
        args = get_args(self.type)
        if get_origin(self.type) not in (list, dict):
            return None
        return _node(args[-1], (), self.info)

    def is_named(self) -> bool:
        """Return whether this is a table by name, of names of one's own choice."""
        return get_origin(self.type) is dict

    def is_mix(self) -> bool:
        """Return whether this is a table of shares that sum to one."""
        return mix in self._checks()

    def in_words(self) -> str:
        """Return the type as a reader would say it."""
        origin, args = get_origin(self.type), get_args(self.type)
        if origin is Literal:
            return ", ".join(f'"{choice}"' for choice in args)
        if origin is list:
            return f"list of {_plural(_node(args[0], (), self.info).in_words())}"
        if origin is dict:
            return (
                f"table by name of {_plural(_node(args[1], (), self.info).in_words())}" if not self.is_mix() else "mix"
            )
        if origin in (Union, UnionType):
            return " or ".join(_node(arg, (), self.info).in_words() for arg in args)
        if self.is_table():
            return "table"
        return {int: "whole number", float: "number", bool: "true or false", str: "text", dt.date: "date"}.get(
            self.type, "duration" if self.type is Duration else "value"
        )


def _plural(words: str) -> str:
    return {"true or false": "true or false", "mix": "mixes"}.get(
        words, words if words.startswith('"') or " of " in words else f"{words}s"
    )


def _as_float(value: Any) -> float | None:
    return None if value is None else float(value)


def _flat(metadata: tuple[Any, ...]) -> Iterator[Any]:
    for item in metadata:
        if isinstance(item, FieldInfo):
            yield from _flat(tuple(item.metadata))
        else:
            yield item


def _node(annotation: Any, metadata: tuple[Any, ...], info: FieldInfo | None) -> Node:
    absent = False
    while True:
        if get_origin(annotation) is Annotated:
            annotation, *more = get_args(annotation)
            metadata = (*more, *metadata)
            continue
        if get_origin(annotation) in (Union, UnionType) and NoneType in get_args(annotation):
            others = [arg for arg in get_args(annotation) if arg is not NoneType]
            absent = True
            annotation = others[0] if len(others) == 1 else Union[tuple(others)]  # noqa: UP007 (built at run time)
            continue
        return Node(annotation, tuple(_flat(metadata)), absent, info)


def node_of(model: type[BaseModel]) -> Node:
    """Return the place of a whole table."""
    return Node(model, (), False, None)


def field_node(info: FieldInfo) -> Node:
    """Return the place of one field."""
    return _node(info.annotation, tuple(info.metadata), info)


def below(node: Node, part: str | int) -> Node | None:
    """Return the place called `part` below `node` (a field, an entry of a list or of a table by name), or None."""
    if node.is_table():
        info = node.type.model_fields.get(part)
        return None if info is None else field_node(info)
    if node.is_named() or (str(part).isdigit() and int(part) < (node.lengths()[1] or LONGEST_LIST)):
        return node.entry()
    return None
