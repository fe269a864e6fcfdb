"""A mapping proposed from the headers and values of a CRM's files, with its confidence and what it leaves open."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from funnelsim.calibration.drafting import Question, Sheet, columns_in, draft_leads, draft_spend, draft_touches
from funnelsim.calibration.guessing import Part
from funnelsim.calibration.shipped import find_mapping, shipped_mappings
from funnelsim.config.mapping import Mapping, dump_mapping, mapping_from
from funnelsim.errors import Fault, InputError

_DRAFTS = {"leads": draft_leads, "touches": draft_touches, "spend": draft_spend}
_ENOUGH_SHIPPED, _MOST = 6, 0.7
"""Columns that a mapping that comes with funnelsim has to find, at least, and as a share of those it may read."""


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
        told = [f"open: {question.text}" for question in self.questions]
        told += [f"{table}: columns not used: {', '.join(names)}" for table, names in self.unused.items() if names]
        lines += [f"# {_printable(text)}" for text in told]
        return "\n".join(lines) + "\n\n" + dump_mapping(self.mapping())


def _printable(text: str) -> str:
    """Return text on one line, without control characters: names of columns can hold anything."""
    return "".join(letter if letter.isprintable() else " " for letter in " ".join(text.split()))


def propose_mapping(files: Sequence[str | Path]) -> Proposal:
    """Return a mapping that reads `files`: one of leads, and perhaps one of touches and one of spend, in any order.

    Raises:
        InputError: where a file cannot be read, none holds leads, or two hold the same.
    """
    read = [Sheet.of(Path(path)) for path in files]
    by_table = _sorted_out(read)
    proposal = Proposal(files={table: sheet.path for table, sheet in by_table.items()}, tables={}, parts={})
    proposal.tables["time_zone"] = "UTC"
    for table, sheet in by_table.items():
        proposal.parts[table] = sheet.parts
        spec: dict[str, Any] = {}
        proposal.tables[table] = spec
        _DRAFTS[table](sheet, spec, proposal.questions)
        proposal.unused[table] = sorted(set(sheet.names) - set(columns_in(spec)))
    _open_questions(by_table, proposal)
    proposal.shipped = _shipped(by_table)
    return proposal


def _sorted_out(read: list[Sheet]) -> dict[str, Sheet]:
    by_table: dict[str, Sheet] = {}
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


_WANTED = {
    "leads": ("key", "contact", "channel", "owner", "closed", "value", "won"),
    "touches": ("duration", "rep", "outbound"),
    "spend": ("channel", "clicks", "spend"),
}


def _open_questions(by_table: dict[str, Sheet], proposal: Proposal) -> None:
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


def _offsets(sheet: Sheet) -> bool:
    values = sheet.looks[sheet.parts["created"].column].values
    ends = [value.rstrip()[-6:] for value in values]
    return any(end.endswith("Z") or (end[0] in "+-" and end[3:4] == ":") for end in ends if len(end) == 6)


def _shipped(by_table: dict[str, Sheet]) -> str | None:
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
