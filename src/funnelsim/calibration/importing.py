"""From a CRM's files to a clean `History`, with every row accounted for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from funnelsim.calibration import notes
from funnelsim.calibration.assembling import Parts, assemble
from funnelsim.calibration.columns import Columns, read_columns
from funnelsim.calibration.history import History
from funnelsim.calibration.lead_rows import LeadRows, clean_endings, read_lead_rows
from funnelsim.calibration.ledger import Ledger
from funnelsim.calibration.shipped import find_mapping
from funnelsim.calibration.span import Span, day_number, day_of
from funnelsim.calibration.spend_rows import read_spend_rows
from funnelsim.calibration.touch_rows import TouchRows, join, read_touch_rows
from funnelsim.config.mapping import Mapping
from funnelsim.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A history, and the rows that are not in it."""

    history: History
    mapping: Mapping
    ledgers: tuple[Ledger, ...]  # of leads, and of touches and spend where there are any

    def set_aside(self) -> pd.DataFrame:
        """Return the rows that a rule set aside: table, line, rule, reason and what was read of them."""
        import pandas as pd

        return pd.concat([ledger.set_aside() for ledger in self.ledgers], ignore_index=True)

    def unreadable(self) -> pd.DataFrame:
        """Return the rows that could not be read: table, line, reason and the beginning of the line."""
        import pandas as pd

        return pd.concat([ledger.unreadable() for ledger in self.ledgers], ignore_index=True)


def load_history(
    leads: str | Path,
    *,
    touches: str | Path | None = None,
    spend: str | Path | None = None,
    mapping: Mapping | str | Path,
) -> History:
    """Return what a CRM's export says, cleaned: see `import_history`."""
    return import_history(leads, touches=touches, spend=spend, mapping=mapping).history


def import_history(
    leads: str | Path,
    *,
    touches: str | Path | None = None,
    spend: str | Path | None = None,
    mapping: Mapping | str | Path,
    today: dt.date | None = None,
) -> Imported:
    """Return what a CRM's export says, cleaned, and the rows that were set aside or could not be read.

    Args:
        leads: A CSV file: plain, gzip, or in a zip archive.
        touches: One of calls and e-mails.
        spend: One of marketing spend.
        mapping: How they are read: a `Mapping`, its file, or the name of one that comes with funnelsim.
        today: Nothing can have happened after it, unless the mapping's `as_of` says more; the present day where None.

    Raises:
        InputError: where a file or the mapping cannot be used, or no lead is left.
    """
    spec = mapping if isinstance(mapping, Mapping) else find_mapping(mapping)
    files = _opened(spec, leads=leads, touches=touches, spend=spend)
    span = Span.of(spec, today=today or dt.date.today())
    lead_rows = read_lead_rows(files["leads"], spec, span=span)
    _some_left(lead_rows.ledger)
    touch_rows = read_touch_rows(files["touches"], spec, span=span) if "touches" in files else None
    attempts = None if touch_rows is None else join(touch_rows, lead_rows)
    created_day = lead_rows.created.local_day[lead_rows.ledger.kept]
    first = span.since if span.since is not None else int(created_day.min())
    last = span.until if span.until is not None else int(created_day.max())
    as_of = max(_as_of(spec, lead_rows, touch_rows, span), last)
    endings = clean_endings(lead_rows, span=Span(span.earliest, as_of, span.since, span.until))
    spend_rows = None
    if "spend" in files:
        spend_rows = read_spend_rows(files["spend"], spec, lead_rows, span=span, first=first, last=last)
    ledgers = [lead_rows.ledger, *(part.ledger for part in (touch_rows, spend_rows) if part is not None)]
    history = assemble(
        Parts(spec, lead_rows, endings, touch_rows, attempts, spend_rows),
        first_day=day_of(first),
        last_day=day_of(last),
        as_of=day_of(as_of),
    )
    for ledger in ledgers:
        ledger.forget_kept()
    history = replace(history, notes=(*_notes(spec, files, as_of), *notes.odd(history)))
    return Imported(history, spec, tuple(ledgers))


def _notes(spec: Mapping, files: dict[str, Columns], as_of: int) -> Iterator[str]:
    for columns in files.values():
        yield from notes.written(columns)
    for columns in files.values():
        yield from notes.missing(columns)
    if "touches" not in files:
        yield notes.NO_TOUCHES
    if "spend" not in files:
        yield notes.NO_SPEND
    if spec.as_of is None:
        yield f"outcomes count as known up to {day_of(as_of)}, the last day in the files: give as_of where it is later"


def _opened(
    spec: Mapping, *, leads: str | Path, touches: str | Path | None, spend: str | Path | None
) -> dict[str, Columns]:
    """Return the files as columns; the faults of all of them at once."""
    asked = {
        "leads": (leads, spec.leads, ("created",)),
        "touches": (touches, spec.touches, ("at", "lead|contact")),
        "spend": (spend, spec.spend, ("day",)),
    }
    found: dict[str, Columns] = {}
    faults: list[Fault] = []
    for table, (path, part, required) in asked.items():
        if path is None:
            continue
        if part is None:
            remedy = "add one that reads this file, or leave the file out"
            faults.append(Fault(str(path), "", f"the mapping has no [{table}]", None, remedy))
            continue
        try:
            found[table] = read_columns(
                Path(path), table=table, spec=part, files=spec.files, zone=spec.time_zone, required=required
            )
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return found


def _some_left(ledger: Ledger) -> None:
    if ledger.kept.any():
        return
    path = str(ledger.rows.form.path)
    if ledger.rows.read == 0:
        raise InputError([Fault(path, "", "has a header and no rows")])
    counts = {item.rule: item.rows for item in ledger.cleaning() if item.effect == "set aside"}
    counts["unreadable"] = len(ledger.rows.unreadable)
    why = ", ".join(f"{rows} {rule}" for rule, rows in counts.items() if rows)
    rule = f"no lead is left of {ledger.rows.read} rows ({why})"
    raise InputError([Fault(path, "", rule, None, "look at the mapping: columns, values, time_formats")])


def _as_of(spec: Mapping, leads: LeadRows, touches: TouchRows | None, span: Span) -> int:
    """Return the day up to which outcomes are known: the mapping's, else the last that anything happened on."""
    if spec.as_of is not None:
        return day_number(spec.as_of)
    days = [leads.created.local_day[leads.ledger.kept]]
    if touches is not None:
        days.append(touches.at.local_day[touches.ledger.kept])
    ended = leads.won if leads.lost is None or leads.won is None else leads.won | leads.lost
    if leads.closed is not None and ended is not None:
        closed = leads.closed.local_day[leads.ledger.kept & ended & leads.closed.known]
        days.append(closed[closed <= span.latest])
    return max(int(day.max()) for day in days if day.size)
