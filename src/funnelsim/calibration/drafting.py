"""One file of a CRM as a part of a mapping: columns, values, units and formats, and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from funnelsim.calibration import words
from funnelsim.calibration.amounts import parse_numbers
from funnelsim.calibration.guessing import Looks, Part, looks_of, name_score, parts_of, plain, table_of
from funnelsim.calibration.reading import Rows, form_of, read_rows
from funnelsim.calibration.times import UnknownFormatError, parse_times
from funnelsim.config.mapping import Files
from funnelsim.errors import Fault, InputError

MOST_ROWS = 50_000
"""Rows of each file that are looked at."""
_TIME_KEYS = ("created", "closed", "first_touch", "at", "day")


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the files do not say for certain."""

    about: str  # dotted key of the mapping
    text: str
    proposal: str  # what stands in the proposed mapping, "" for nothing
    choices: tuple[str, ...] = ()  # columns or values to choose from; any text where empty
    column: str = ""  # the answer lists values of this column, separated by commas


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """One file, looked at."""

    path: Path
    rows: Rows
    looks: dict[str, Looks]
    table: str
    parts: dict[str, Part]

    @classmethod
    def of(cls, path: Path) -> Sheet:
        """Return the first rows of a file, and what they look like.

        Raises:
            InputError: where it cannot be read or has no rows.
        """
        form = form_of(path, Files())
        rows = read_rows(form, range(len(form.header)), most=MOST_ROWS)
        if rows.n == 0:
            raise InputError([Fault(str(path), "", "has a header and no rows")])
        looks = looks_of(rows)
        table, _ = table_of(looks)
        return cls(path, rows, {look.name: look for look in looks}, table, parts_of(looks, table))

    @property
    def names(self) -> list[str]:
        """Return the names of its columns."""
        return [name for name in self.rows.form.header if name]

    def column(self, key: str) -> str | None:
        """Return the column that plays a part, None where there is none."""
        part = self.parts.get(key)
        return None if part is None else part.column

    def values(self, key: str) -> dict[str, int]:
        """Return the values of the column of a part, most frequent first."""
        name = self.column(key)
        return {} if name is None else self.looks[name].values


def draft_leads(sheet: Sheet, spec: dict[str, Any], questions: list[Question]) -> None:
    """Write what a file of leads shows into `spec`, and what it leaves open into `questions`."""
    for key in ("created", "key", "contact", "channel", "owner", "stage", "lost_reason", "closed", "value"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    response = "first_response" if "first_response" in sheet.parts else "first_touch"
    if response in sheet.parts:
        spec[response] = sheet.parts[response].column
        if response == "first_response":
            spec["first_response_unit"] = _unit(sheet, response, questions, "leads.first_response_unit")
    for key in ("won", "lost", "duplicate", "test"):
        if (name := sheet.column(key)) is not None:
            spec[key] = {name: [value for value in sheet.looks[name].values if value.casefold() in words.YES]}
    stage = sheet.column("stage")
    for key, parts in (("won", words.WON), ("lost", words.LOST), ("not_called", words.NOT_CALLED)):
        if stage is None or key in spec:
            continue
        if hits := _hits(sheet.values("stage"), parts):
            spec[key] = {stage: hits}
        if hits or key == "won":
            has = ", ".join(list(sheet.values("stage"))[:12])
            taken = f"taken: {', '.join(hits)}" if hits else "none is taken"
            text = f"leads.{key}: which values of '{stage}' mean it? ({taken}; it has: {has})"
            questions.append(Question(f"leads.{key}", text, ", ".join(hits), (), stage))
    reason = sheet.column("lost_reason")
    if reason is not None and (hits := _hits(sheet.values("lost_reason"), words.UNREACHABLE)):
        spec["unreachable"] = {reason: hits}
    if "won" not in spec and "closed" in sheet.parts and "stage" not in sheet.parts:
        spec["won"] = {sheet.parts["closed"].column: "*"}
    _formats(sheet, spec, "leads", questions)
    spec["attributes"] = dict(_attributes(sheet, set(columns_in(spec))))
    if not spec["attributes"]:
        del spec["attributes"]


def _attributes(sheet: Sheet, used: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, look in sheet.looks.items():
        late = name_score(name, words.LATE) > 0.7
        known = late or name_score(name, words.ATTRIBUTES) > 0.7
        if name in used or not known or len(look.values) < 2 or look.times > 0.5 or look.distinct > 0.5:
            continue
        spec: dict[str, Any] = {"column": name}
        if look.numbers > 0.95 and look.many:
            spec["edges"] = _edges(sheet, name)
        elif look.many:
            spec["most"] = 20
        if late:
            spec["known_late"] = True
        yield plain(name).replace(" ", "_"), spec


def _edges(sheet: Sheet, name: str) -> list[float]:
    """Return cuts at round numbers that lie between the values of a column of numbers."""
    text = sheet.rows.columns[sheet.rows.form.header.index(name)]
    value = parse_numbers(text, decimal=None, delimiter=sheet.rows.form.delimiter).value
    low, high = np.nanquantile(value, [0.05, 0.95])
    powers = [base * 10.0**power for power in range(-2, 13) for base in (1.0, 2.5, 5.0)]
    inside = [edge for edge in powers if low < edge < high]
    return inside[:: max(1, len(inside) // 4)][:4] or [float(np.nanmedian(value))]


def draft_touches(sheet: Sheet, spec: dict[str, Any], questions: list[Question]) -> None:
    """Write what a file of touches shows into `spec`, and what it leaves open into `questions`."""
    for key in ("at", "key", "lead", "contact", "duration", "rep"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    if "duration" in spec:
        spec["duration_unit"] = _unit(sheet, "duration", questions, "touches.duration_unit")
    direction, values = sheet.column("direction"), sheet.values("direction")
    if direction is not None and (out := _hits(values, words.OUTBOUND)):
        spec["outbound"] = {direction: out}
    kind = sheet.column("kind")
    if kind is not None and (emails := _hits(sheet.values("kind"), words.EMAILS)):
        spec["email"] = {kind: emails}
    result = sheet.column("result")
    if result is not None:
        refused = _hits(sheet.values("result"), words.NOT_TALKED)
        talked = [value for value in _hits(sheet.values("result"), words.TALKED) if value not in refused]
        if talked:
            spec["connected"] = {result: talked}
        if refused:
            spec["not_connected"] = {result: refused}
    if "lead" not in spec and "contact" not in spec:
        text = "no column of touches looks like the id of a lead or person: how do they belong to leads?"
        questions.append(Question("touches.contact", text, "", tuple(sheet.names)))
        spec["contact"] = sheet.names[0]
    _formats(sheet, spec, "touches", questions)


def draft_spend(sheet: Sheet, spec: dict[str, Any], questions: list[Question]) -> None:
    """Write what a file of spend shows into `spec`, and what it leaves open into `questions`."""
    for key in ("day", "channel", "impressions", "clicks", "spend"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    if "day" not in spec:
        text = "no column of spend looks like a day"
        questions.append(Question("spend.day", text, "", tuple(sheet.names)))
        spec["day"] = sheet.names[0]
    _formats(sheet, spec, "spend", questions)


def _hits(values: dict[str, int], parts: Sequence[str]) -> list[str]:
    """Return the values that contain one of `parts` as whole words."""
    padded = {value: f" {plain(value)} " for value in values}
    return [value for value, said in padded.items() if any(f" {plain(part)} " in said for part in parts)]


def _unit(sheet: Sheet, key: str, questions: list[Question], about: str) -> str:
    """Return the unit of bare durations: by the column's name, else by their size."""
    name = sheet.parts[key].column
    said = set(plain(name).split())
    for unit, told in (("ms", {"ms", "milliseconds"}), ("min", {"min", "minutes"}), ("h", {"h", "hours"})):
        if said & told:
            return unit
    if said & {"s", "sec", "seconds"}:
        return "s"
    look = sheet.looks[name]
    if any(":" in value for value in look.values):
        return "s"
    sizes = sorted(float(value) for value in look.values if value.replace(".", "", 1).isdigit() and float(value) > 0)
    unit = "ms" if sizes and sizes[len(sizes) // 2] > 20_000 else "s"
    questions.append(Question(about, f"'{name}': is a bare number in {unit}?", unit, ("ms", "s", "min", "h")))
    return unit


def _formats(sheet: Sheet, spec: dict[str, Any], table: str, questions: list[Question]) -> None:
    """Ask for the order of day and month where it cannot be seen."""
    for key in _TIME_KEYS:
        if key not in spec:
            continue
        text = sheet.rows.columns[sheet.rows.form.header.index(spec[key])]
        try:
            parse_times(text, formats=(), zone="UTC")
        except UnknownFormatError as error:
            choices = tuple(error.suggestion.split("'")[1::2])
            about = f"{table}.time_formats"
            first = choices[0] if choices else ""
            questions.append(Question(about, f"'{spec[key]}' {error}; {error.suggestion}", first, choices))
            if first:
                spec["time_formats"] = first
            return


def columns_in(spec: dict[str, Any]) -> Iterator[str]:
    """Yield the columns that a part of a mapping reads."""
    for key, value in spec.items():
        if key == "attributes":
            yield from (attribute["column"] for attribute in value.values())
        elif isinstance(value, dict):
            yield from value
        elif isinstance(value, str) and key not in ("first_response_unit", "duration_unit", "time_formats"):
            yield value
