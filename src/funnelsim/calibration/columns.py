"""The columns of one file by what they mean, as its mapping says, and what of the mapping the file lacks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funnelsim.calibration.categories import Text, has_one_of
from funnelsim.calibration.reading import Form, Rows, form_of, read_rows
from funnelsim.calibration.times import Times, UnknownFormatError, parse_times
from funnelsim.config.mapping import ANY, Files, LeadColumns, SpendColumns, TouchColumns, When
from funnelsim.errors import Fault, InputError
from funnelsim.records import Bool

Spec = LeadColumns | TouchColumns | SpendColumns


@dataclass(slots=True, eq=False)
class Columns:
    """One file, read by its part of a mapping."""

    table: str  # "leads", "touches" or "spend"
    spec: Spec
    rows: Rows
    zone: str
    missing: dict[str, str] = field(default_factory=dict)  # key of the mapping -> the names that the file lacks
    formats: dict[str, tuple[str, ...]] = field(default_factory=dict)  # column of times -> the formats that read it

    @property
    def form(self) -> Form:
        """Return how the file is written."""
        return self.rows.form

    def text(self, key: str, names: list[str] | None = None) -> Text | None:
        """Return the column that the mapping gives for `key` (or the first of `names`), None where there is none."""
        asked = getattr(self.spec, key) if names is None else names
        if asked is None:
            return None
        place = self.form.place(asked)
        if place is None:
            self._lacks(key, asked)
            return None
        return self.rows.columns[place]

    def when(self, key: str) -> Bool | None:
        """Return (n,) which rows a rule of the mapping holds for; None where it is not given or has no column here."""
        rule: When | None = getattr(self.spec, key)
        if not rule:
            return None
        found = None
        for name, values in rule.items():
            place = self.form.place([name])
            if place is not None:
                hit = has_one_of(self.rows.columns[place], values, any_value=ANY)
                found = hit if found is None else found | hit
            elif self.form.guess([name]):
                self._lacks(f"{key}.{name}", [name])
        if found is None:
            self._lacks(key, list(rule))
        return found

    def times(self, key: str) -> Times | None:
        """Return a column of times, None where there is none.

        Raises:
            InputError: where its format cannot be found out.
        """
        text = self.text(key)
        if text is None:
            return None
        column = self.form.header[self.form.place(getattr(self.spec, key)) or 0]
        try:
            times = parse_times(text, formats=self.spec.time_formats, zone=self.zone)
            self.formats[column] = times.formats
            return times
        except UnknownFormatError as error:
            where = f"{self.form.path}: column '{column}'"
            raise InputError([Fault(where, "", str(error), None, f"{error.suggestion} in [{self.table}]")]) from None

    def _lacks(self, key: str, names: list[str]) -> None:
        guess = self.form.guess(names)
        told = " or ".join(f"'{name}'" for name in names)
        self.missing[key] = told if guess is None else f"{told} (did you mean '{guess}'?)"


def read_columns(path: Path, *, table: str, spec: Spec, files: Files, zone: str, required: tuple[str, ...]) -> Columns:
    """Return the file at `path` as columns.

    Args:
        path: The file.
        table: "leads", "touches" or "spend".
        spec: The part of the mapping that reads it.
        files: How it is written, where that is known.
        zone: Time zone of times without an offset.
        required: Keys of the mapping whose column must be there; "a|b" one of two.

    Raises:
        InputError: where the file cannot be read, or lacks a required column.
    """
    asked = list(_names(spec))
    form = form_of(path, files, wanted=(name for names in asked for name in names))
    faults = []
    for keys in required:
        given = [getattr(spec, key) for key in keys.split("|") if getattr(spec, key) is not None]
        if all(form.place(names) is None for names in given):
            told = " or ".join(f"'{name}'" for names in given for name in names)
            guess = next((found for names in given if (found := form.guess(names))), None)
            has = ", ".join(name for name in form.header if name)
            suggestion = f"did you mean '{guess}'?" if guess else f"the file has: {has[:400]}"
            key = f"{table}.{keys.replace('|', f' or {table}.')}"
            faults.append(Fault(str(path), key, f"no column {told} in the file", None, suggestion))
    if faults:
        raise InputError(faults)
    places = {place for names in asked if (place := form.place(names)) is not None}
    return Columns(table, spec, read_rows(form, places), zone)


def _names(spec: Spec) -> Iterator[list[str]]:
    """Yield the names of each column that a part of a mapping may read."""
    for key in type(spec).model_fields:
        value: Any = getattr(spec, key)
        if key == "attributes":
            yield from (attribute.column for attribute in value.values())
        elif isinstance(value, list) and key != "time_formats":
            yield value
        elif isinstance(value, dict) and key != "channels":
            yield from ([name] for name in value)
