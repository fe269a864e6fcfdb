"""Histories made by hand for tests of the fits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from funnelsim.calibration.history import History, LeadTable, TouchTable
from funnelsim.records import Row

HOUR, DAY = 3_600_000, 86_400_000


def leads(created: Any, *, channel: Any = None, **columns: Any) -> LeadTable:
    """Return a table of leads, each a person of its own."""
    at = np.asarray(created, dtype=np.int64)
    n = at.size
    none = np.full(n, -1, dtype=np.int16)
    of = np.zeros(n, dtype=np.int16) if channel is None else np.asarray(channel, dtype=np.int16)
    keys = np.array([f"L{i}" for i in range(n)], dtype=object)
    return LeadTable(key=keys, contact=np.arange(n), created=at, channel=of, owner=none, **columns)


def touches(lead: Any, at: Any, connected: Any, *, rep: Any = None, minutes: Any = None) -> TouchTable:
    """Return a table of calls, in the order given, which is that of (lead, at)."""
    lead = np.asarray(lead, dtype=np.int64)
    m = lead.size
    first = np.searchsorted(lead, lead, side="left")
    return TouchTable(
        lead=lead,
        at=np.asarray(at, dtype=np.int64),
        number=(np.arange(m) - first + 1).astype(np.int32),
        calls=np.ones(m, dtype=np.int32),
        duration_ms=np.rint(np.zeros(m) if minutes is None else np.asarray(minutes) * 60_000).astype(np.int64),
        connected=np.asarray(connected, dtype=np.bool_),
        rep=np.zeros(m, dtype=np.int16) if rep is None else np.asarray(rep, dtype=np.int16),
        kind=np.full(m, int(Row.CALL), dtype=np.int8),
    )


def history(
    table: LeadTable, calls: TouchTable | None = None, *, days: int, as_of_days: int = 0, **other: Any
) -> History:
    """Return a history from Monday, 2024-01-01 UTC on."""
    first = dt.date(2024, 1, 1)
    last = first + dt.timedelta(days=days - 1)
    settings: dict[str, Any] = {
        "channels": ("web", "fair")[: int(table.channel.max(initial=0)) + 1],
        "reps": ("Ann", "Bo", "Cy"),
        "categories": {},
        "known_late": (),
        "spend": None,
        "cleaning": (),
    }
    return History(
        first_day=first, last_day=last, as_of=last + dt.timedelta(days=as_of_days), time_zone="UTC", currency="EUR",
        stages=(), lost_reasons=(), leads=table, touches=calls, read={}, unreadable={}, **{**settings, **other},
    )  # fmt: skip
