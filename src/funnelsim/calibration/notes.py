"""What an export lacks, and what that costs: which parameters it cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.calibration.span import DAY_MS, day_of

if TYPE_CHECKING:
    from funnelsim.calibration.columns import Columns
    from funnelsim.calibration.history import History

NO_TOUCHES = (
    "no file of touches: reach by attempt and delay, working hours, cadence, handling and talk times, and the first "
    "response (unless the leads tell it) stay assumed"
)
NO_SPEND = "no file of spend: spend, clicks and the share of visitors who become leads stay assumed"
_COST = {
    "leads.key": "repeated rows cannot be told apart, and touches are joined by person alone",
    "leads.contact": "each lead counts as another person",
    "leads.channel": "all leads are one channel",
    "leads.owner": "headcount, routing and workload by rep stay assumed where the touches name nobody",
    "leads.stage": "",
    "leads.lost_reason": "",
    "leads.won": "conversion, days to won and score weights stay assumed",
    "leads.lost": "lost and still open cannot be told apart: leads that are not won count as open",
    "leads.closed": "days to won stay assumed",
    "leads.value": "the deal value stays assumed",
    "leads.first_response": "the first response is known from touches alone",
    "touches.duration": "who was reached is taken from the results alone, and talk times stay assumed",
    "touches.rep": "a touch counts as its lead's owner's",
    "spend.spend": "spend stays assumed",
    "spend.clicks": "the share of visitors who become leads stays assumed",
    "spend.channel": "spend is not known by channel",
}
_LONG_GAP_DAYS, _MANY_LEADS = 60, 30


def missing(columns: Columns) -> Iterator[str]:
    """Yield what the file lacks of its mapping, and what the mapping does not give; each with its cost."""
    table = columns.table
    for key, names in columns.missing.items():
        cost = _COST.get(f"{table}.{key.split('.')[0]}", "")
        yield f"{columns.form.path.name} has no column {names}{': ' + cost if cost else ''}"
    for full, cost in _COST.items():
        part, _, key = full.partition(".")
        given = getattr(columns.spec, key) if part == table else True
        if not given and not (key == "first_response" and getattr(columns.spec, "first_touch", None)) and cost:
            yield f"the mapping gives no {full}: {cost}"


def written(columns: Columns) -> Iterator[str]:
    """Yield how the file was found to be written, where that was not plain."""
    form, name = columns.form, columns.form.path.name
    if form.encoding not in ("utf-8", "utf-8-sig"):
        yield f"{name} was read as {form.encoding}"
    if form.delimiter != ",":
        yield f"{name} separates its columns by {'a tab' if form.delimiter == chr(9) else repr(form.delimiter)}"
    if form.header_line > 1:
        yield f"{name} has its header on line {form.header_line}; what stands above was left out"
    twice = sorted({column for column in form.header if column and form.header.count(column) > 1})
    if twice:
        yield f"{name} has columns of the same name, of which the first was read: {', '.join(twice)}"
    for column, formats in columns.formats.items():
        if formats and formats != ("iso",):
            yield f"{name}: times in '{column}' were read as {' or '.join(formats)}"


def odd(history: History) -> Iterator[str]:
    """Yield what is odd about a whole history: long times without a lead, times without an hour, nobody reached."""
    created = history.leads.created
    gaps = np.flatnonzero(np.diff(created) > _LONG_GAP_DAYS * DAY_MS)
    first = history.first_day.toordinal() - day_of(0).toordinal()
    for at in gaps[:3].tolist():
        before, after = (day_of(first + int(created[k]) // DAY_MS) for k in (at, at + 1))
        yield f"nobody came between {before} and {after}: give since or until where the export does not cover all days"
    if history.leads.n > 100 and (created % DAY_MS == 0).mean() > 0.5:
        yield "most creation times are midnight: the hours of arrival and the first response cannot be told"
    if history.leads.n:
        most = int(np.bincount(history.leads.contact).max())
        if most > _MANY_LEADS:
            yield f"one person has {most} leads: is that id a placeholder? Calls go to the latest of them"
    if history.touches is not None and history.touches.n and not history.touches.connected.any():
        yield "no touch is a talk: reach stays assumed; give touches.duration or touches.connected"
