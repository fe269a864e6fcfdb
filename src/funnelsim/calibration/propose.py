"""A mapping proposed from the headers and values of a CRM's files, with its confidence and what it leaves open."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from funnelsim.calibration import words
from funnelsim.calibration.guessing import Looks, Part, looks_of, name_score, parts_of, plain, table_of
from funnelsim.calibration.reading import Rows, form_of, read_rows
from funnelsim.calibration.shipped import find_mapping, shipped_mappings
from funnelsim.calibration.times import UnknownFormatError, parse_times
from funnelsim.config.mapping import Files, Mapping, dump_mapping, mapping_from
from funnelsim.errors import Fault, InputError

MOST_ROWS = 50_000
"""Rows of each file that are looked at."""
_TIME_KEYS = ("created", "closed", "first_touch", "at", "day")
_ENOUGH_SHIPPED, _MOST = 6, 0.7
"""Columns that a mapping that comes with funnelsim has to find, at least, and as a share of those it may read."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something that the files do not say for certain."""

    about: str  # dotted key of the mapping
    text: str
    proposal: str  # what stands in the proposed mapping, "" for nothing
    choices: tuple[str, ...] = ()  # columns or values to choose from; any text where empty
    column: str = ""  # the answer lists values of this column, separated by commas


@dataclass(slots=True, eq=False)
class Proposal:
    """A proposed mapping, in plain tables that can still be changed."""

    files: dict[str, Path]  # table -> file
    tables: dict[str, Any]
    parts: dict[str, dict[str, Part]]  # table -> key -> column
    questions: list[Question] = field(default_factory=list)
    unused: dict[str, list[str]] = field(default_factory=dict)  # table -> columns that play no part
    shipped: str | None = None  # the mapping that comes with funnelsim and reads these files, if any

    def mapping(self) -> Mapping:
        """Return the mapping as it stands.

        Raises:
            InputError: where an answer does not fit.
        """
        return mapping_from(self.tables, where="the proposed mapping")

    def answer(self, question: Question, text: str) -> None:
        """Put the answer to a question into the mapping; "" leaves the key out.

        Raises:
            InputError: where the answer does not fit; the mapping then stays as it was.
        """
        before = copy.deepcopy(self.tables)
        *path, last = question.about.split(".")
        table = self.tables
        for name in path:
            table = table.setdefault(name, {})
        if not text:
            table.pop(last, None)
        elif question.column:
            table[last] = {question.column: [value.strip() for value in text.split(",")]}
        else:
            table[last] = text
        try:
            self.mapping()
        except InputError:
            self.tables = before
            raise

    def toml(self) -> str:
        """Return the mapping as TOML, what is open as comments above it."""
        lines = ["# Proposed by `funnelsim map`. Look at what is marked open, then import with it.", ""]
        lines += [f"# open: {question.text}" for question in self.questions]
        lines += [f"# {table}: columns not used: {', '.join(names)}" for table, names in self.unused.items() if names]
        return "\n".join(lines) + "\n\n" + dump_mapping(self.mapping())


def propose_mapping(files: Sequence[str | Path]) -> Proposal:
    """Return a mapping that reads `files`: one of leads, and perhaps one of touches and one of spend, in any order.

    Raises:
        InputError: where a file cannot be read, none holds leads, or two hold the same.
    """
    read = [_Sheet.of(Path(path)) for path in files]
    by_table = _sorted_out(read)
    proposal = Proposal(files={table: sheet.path for table, sheet in by_table.items()}, tables={}, parts={})
    proposal.tables["time_zone"] = "UTC"
    for table, sheet in by_table.items():
        proposal.parts[table] = sheet.parts
        spec: dict[str, Any] = {}
        proposal.tables[table] = spec
        {"leads": _leads, "touches": _touches, "spend": _spend}[table](sheet, spec, proposal)
        proposal.unused[table] = sorted(set(sheet.names) - set(_columns_in(spec)))
    _open_questions(by_table, proposal)
    proposal.shipped = _shipped(by_table)
    return proposal


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """One file, looked at."""

    path: Path
    rows: Rows
    looks: dict[str, Looks]
    table: str
    parts: dict[str, Part]

    @classmethod
    def of(cls, path: Path) -> _Sheet:
        form = form_of(path, Files())
        rows = read_rows(form, range(len(form.header)), most=MOST_ROWS)
        if rows.n == 0:
            raise InputError([Fault(str(path), "", "has a header and no rows")])
        looks = looks_of(rows)
        table, _ = table_of(looks)
        return cls(path, rows, {look.name: look for look in looks}, table, parts_of(looks, table))

    @property
    def names(self) -> list[str]:
        return [name for name in self.rows.form.header if name]

    def column(self, key: str) -> str | None:
        part = self.parts.get(key)
        return None if part is None else part.column

    def values(self, key: str) -> dict[str, int]:
        """Return the values of the column of a part, most frequent first."""
        name = self.column(key)
        return {} if name is None else self.looks[name].values


def _sorted_out(read: list[_Sheet]) -> dict[str, _Sheet]:
    by_table: dict[str, _Sheet] = {}
    faults = []
    for sheet in read:
        if sheet.table in by_table:
            rule = f"looks like another file of {sheet.table} beside {by_table[sheet.table].path.name}"
            faults.append(Fault(str(sheet.path), "", rule, None, "give one of leads, one of touches and one of spend"))
        else:
            by_table[sheet.table] = sheet
    leads = by_table.get("leads")
    if leads is None and not faults:
        looks = ", ".join(f"{sheet.path.name} looks like {sheet.table}" for sheet in read)
        faults.append(Fault(str(read[0].path), "", f"no file of leads ({looks})", None, "give the file of leads too"))
    elif leads is not None and "created" not in leads.parts:
        has = ", ".join(leads.names)
        rule = "no column looks like a creation date"
        faults.append(Fault(str(leads.path), "", rule, None, f"the file has: {has[:400]}"))
    if faults:
        raise InputError(faults)
    return {table: by_table[table] for table in ("leads", "touches", "spend") if table in by_table}


def _leads(sheet: _Sheet, spec: dict[str, Any], proposal: Proposal) -> None:
    for key in ("created", "key", "contact", "channel", "owner", "stage", "lost_reason", "closed", "value"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    response = "first_response" if "first_response" in sheet.parts else "first_touch"
    if response in sheet.parts:
        spec[response] = sheet.parts[response].column
        if response == "first_response":
            spec["first_response_unit"] = _unit(sheet, response, proposal, "leads.first_response_unit")
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
            proposal.questions.append(Question(f"leads.{key}", text, ", ".join(hits), (), stage))
    reason = sheet.column("lost_reason")
    if reason is not None and (hits := _hits(sheet.values("lost_reason"), words.UNREACHABLE)):
        spec["unreachable"] = {reason: hits}
    if "won" not in spec and "closed" in sheet.parts and "stage" not in sheet.parts:
        spec["won"] = {sheet.parts["closed"].column: "*"}
    _formats(sheet, spec, "leads", proposal)
    spec["attributes"] = dict(_attributes(sheet, set(_columns_in(spec))))
    if not spec["attributes"]:
        del spec["attributes"]


def _attributes(sheet: _Sheet, used: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
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


def _edges(sheet: _Sheet, name: str) -> list[float]:
    """Return cuts at round numbers that lie between the values of a column of numbers."""
    from funnelsim.calibration.amounts import parse_numbers

    text = sheet.rows.columns[sheet.rows.form.header.index(name)]
    value = parse_numbers(text, decimal=None, delimiter=sheet.rows.form.delimiter).value
    low, high = np.nanquantile(value, [0.05, 0.95])
    powers = [base * 10.0**power for power in range(-2, 13) for base in (1.0, 2.5, 5.0)]
    inside = [edge for edge in powers if low < edge < high]
    return inside[:: max(1, len(inside) // 4)][:4] or [float(np.nanmedian(value))]


def _touches(sheet: _Sheet, spec: dict[str, Any], proposal: Proposal) -> None:
    for key in ("at", "key", "lead", "contact", "duration", "rep"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    if "duration" in spec:
        spec["duration_unit"] = _unit(sheet, "duration", proposal, "touches.duration_unit")
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
        proposal.questions.append(Question("touches.contact", text, "", tuple(sheet.names)))
        spec["contact"] = sheet.names[0]
    _formats(sheet, spec, "touches", proposal)


def _spend(sheet: _Sheet, spec: dict[str, Any], proposal: Proposal) -> None:
    for key in ("day", "channel", "impressions", "clicks", "spend"):
        if key in sheet.parts:
            spec[key] = sheet.parts[key].column
    if "day" not in spec:
        text = "no column of spend looks like a day"
        proposal.questions.append(Question("spend.day", text, "", tuple(sheet.names)))
        spec["day"] = sheet.names[0]
    _formats(sheet, spec, "spend", proposal)


def _hits(values: dict[str, int], parts: Sequence[str]) -> list[str]:
    """Return the values that contain one of `parts` as whole words."""
    padded = {value: f" {plain(value)} " for value in values}
    return [value for value, said in padded.items() if any(f" {plain(part)} " in said for part in parts)]


def _unit(sheet: _Sheet, key: str, proposal: Proposal, about: str) -> str:
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
    proposal.questions.append(Question(about, f"'{name}': is a bare number in {unit}?", unit, ("ms", "s", "min", "h")))
    return unit


def _formats(sheet: _Sheet, spec: dict[str, Any], table: str, proposal: Proposal) -> None:
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
            proposal.questions.append(Question(about, f"'{spec[key]}' {error}; {error.suggestion}", first, choices))
            if first:
                spec["time_formats"] = first
            return


def _columns_in(spec: dict[str, Any]) -> Iterator[str]:
    """Yield the columns that a part of a mapping reads."""
    for key, value in spec.items():
        if key == "attributes":
            yield from (attribute["column"] for attribute in value.values())
        elif isinstance(value, dict):
            yield from value
        elif isinstance(value, str) and key not in ("first_response_unit", "duration_unit", "time_formats"):
            yield value


_WANTED = {
    "leads": ("key", "contact", "channel", "owner", "closed", "value", "won"),
    "touches": ("duration", "rep", "outbound"),
    "spend": ("channel", "clicks", "spend"),
}


def _open_questions(by_table: dict[str, _Sheet], proposal: Proposal) -> None:
    """Add what is open: parts without a column or with a doubtful one, the time zone, won and lost."""
    for table, sheet in by_table.items():
        spec = proposal.tables[table]
        for key, part in sheet.parts.items():
            if part.confidence < 0.8 and key in spec:
                text = f"{table}.{key}: is it '{part.column}'? ({part.reason})"
                proposal.questions.append(Question(f"{table}.{key}", text, part.column, tuple(sheet.names)))
        for key in _WANTED[table]:
            asked = any(question.about == f"{table}.{key}" for question in proposal.questions)
            if key not in spec and not asked:
                text = f"{table}.{key}: nothing in {sheet.path.name} looks like it"
                choices = () if key in ("won", "outbound") else tuple(sheet.names)
                proposal.questions.append(Question(f"{table}.{key}", text, "", choices))
    if not _offsets(by_table["leads"]):
        text = "time_zone: in which zone are the times? They name none; UTC is assumed (such as Europe/Berlin)"
        proposal.questions.append(Question("time_zone", text, "UTC"))
    text = "as_of: up to which day are outcomes known, if the files do not show it? (such as 2025-06-30)"
    proposal.questions.append(Question("as_of", text, ""))


def _offsets(sheet: _Sheet) -> bool:
    values = sheet.looks[sheet.parts["created"].column].values
    ends = [value.rstrip()[-6:] for value in values]
    return any(end.endswith("Z") or (end[0] in "+-" and end[3:4] == ":") for end in ends if len(end) == 6)


def _shipped(by_table: dict[str, _Sheet]) -> str | None:
    """Return the mapping that comes with funnelsim and finds most of its columns here, if it finds most of them."""
    shares = {}
    for name in shipped_mappings():
        spec = find_mapping(name)
        known = asked = 0
        for table, sheet in by_table.items():
            part = getattr(spec, table)
            for key, names in part or ():
                if isinstance(names, list) and names and key != "time_formats":
                    asked += 1
                    known += sheet.rows.form.place(names) is not None
        shares[name] = known / asked if known >= _ENOUGH_SHIPPED else 0.0
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _MOST else None
