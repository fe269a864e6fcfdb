"""The part of a history whose leads were created in a span of days: what is fitted, or what is looked at again."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace
from typing import Any

import numpy as np

from funnelsim.calibration.history import History, LeadTable, SpendTable, TouchTable
from funnelsim.errors import Fault, InputError
from funnelsim.records import NO, Bool, Int64


def window(history: History, first: dt.date, last: dt.date, *, as_of: dt.date | None = None) -> History:
    """Return the leads created from `first` to `last`, both included, with their touches, as a history of their own.

    Its first day is `first`, from whose local midnight its times count; names and their order stay.

    Args:
        history: What is cut.
        first: The first day on which its leads are created.
        last: The last one.
        as_of: What was known at the end of this day, and no more: touches and outcomes after it are left out (a lead
            whose outcome came later, or has no date, is open). None: everything that the history knows.

    Raises:
        InputError: where the days are out of order or outside the history.
    """
    check_days(history, first, last, as_of)
    clock = history.clock()
    begins, ends = (int(clock.midnights[(day - history.first_day).days]) for day in (first, last + dt.timedelta(1)))
    inside = (history.leads.created >= begins) & (history.leads.created < ends)
    known_until = _end_of(history, as_of)
    leads = _shifted(_rows(history.leads, inside), begins)
    touches = None if history.touches is None else _touches(history.touches, inside, begins, known_until)
    if known_until is not None:
        leads = _as_known(leads, known_until - begins)
    spend = None if history.spend is None else _spend(history.spend, (first - history.first_day).days, last - first)
    return replace(
        history,
        first_day=first,
        last_day=last,
        as_of=history.as_of if as_of is None else as_of,
        leads=leads,
        touches=touches,
        spend=spend,
    )


def check_days(history: History, first: dt.date, last: dt.date, as_of: dt.date | None = None) -> None:
    """Check that a span of days lies within a history.

    Raises:
        InputError: where the days are out of order or outside the history.
    """
    faults = []
    if not history.first_day <= first <= history.last_day:
        faults.append(Fault("history", "from", f"must be within {history.first_day}..{history.last_day}", str(first)))
    if not first <= last <= history.last_day:
        faults.append(Fault("history", "to", f"must be within {first}..{history.last_day}", str(last)))
    if as_of is not None and not last <= as_of <= history.as_of:
        faults.append(Fault("history", "as_of", f"must be within {last}..{history.as_of}", str(as_of)))
    if faults:
        raise InputError(faults)


def _end_of(history: History, day: dt.date | None) -> int | None:
    if day is None:
        return None
    midnights = history.clock().midnights
    return int(midnights[min((day - history.first_day).days + 1, midnights.size - 1)])


def _rows(table: Any, kept: Bool) -> Any:
    """Return the kept rows of a table of columns."""

    def cut(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: cut(column) for name, column in value.items()}
        return value[kept] if isinstance(value, np.ndarray) else value

    return type(table)(**{f.name: cut(getattr(table, f.name)) for f in fields(table)})


def _shifted(leads: LeadTable, begins: int) -> LeadTable:
    closed_at = None if leads.closed_at is None else _since(leads.closed_at, begins)
    return replace(leads, created=leads.created - begins, closed_at=closed_at)


def _since(ms: Int64, begins: int) -> Int64:
    return np.where(ms == NO, NO, ms - begins)


def _touches(touches: TouchTable, inside: Bool, begins: int, until: int | None) -> TouchTable:
    kept = inside[touches.lead]
    if until is not None:
        kept = kept & (touches.at < until)
    place = np.cumsum(inside) - 1
    mine: TouchTable = _rows(touches, kept)
    return replace(mine, lead=place[mine.lead].astype(np.int64), at=mine.at - begins)


def _as_known(leads: LeadTable, until: int) -> LeadTable:
    """Return the leads with every outcome and first response after `until` (ms) taken back."""
    changes: dict[str, Any] = {}
    if leads.closed_at is not None:
        known = (leads.closed_at != NO) & (leads.closed_at < until)
        changes["closed_at"] = np.where(known, leads.closed_at, NO)
        for name in ("won", "closed"):
            if getattr(leads, name) is not None:
                changes[name] = getattr(leads, name) & known
    if leads.first_response_ms is not None:
        answered = (leads.first_response_ms != NO) & (leads.created + leads.first_response_ms < until)
        changes["first_response_ms"] = np.where(answered, leads.first_response_ms, NO)
    return replace(leads, **changes)


def _spend(spend: SpendTable, first: int, length: dt.timedelta) -> SpendTable:
    kept = (spend.day >= first) & (spend.day <= first + length.days)
    mine: SpendTable = _rows(spend, kept)
    return replace(mine, day=(mine.day - first).astype(np.int32))
