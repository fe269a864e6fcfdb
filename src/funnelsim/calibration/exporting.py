"""A history as a CRM would export it: leads.csv, touches.csv, spend.csv and the mapping that reads them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.calibration.categories import Text, as_text
from funnelsim.calibration.history import History, LeadTable
from funnelsim.config.mapping import Mapping, dump_mapping, mapping_from
from funnelsim.errors import Fault, InputError
from funnelsim.records import Bool, Float64, Int64, Row

if TYPE_CHECKING:
    import pandas as pd

LEADS, TOUCHES, SPEND, MAPPING = "leads.csv", "touches.csv", "spend.csv", "mapping.toml"
_KINDS = {int(Row.CALL): "call", int(Row.EMAIL): "email"}


def write_export(history: History, folder: Path) -> Mapping:
    """Write `history` into `folder` (made where it is missing) and return the mapping that reads it back, equal.

    Times are local, with milliseconds and their offset from UTC; durations are in ms; unknown is a blank. A history
    that was imported is written cleaned: what was set aside is gone.

    Raises:
        InputError: where one of the files is there already.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mapping = mapping_of(history)
    frames = {LEADS: leads_frame(history)}
    if history.touches is not None:
        frames[TOUCHES] = touches_frame(history)
    if history.spend is not None:
        frames[SPEND] = spend_frame(history)
    there = [name for name in (*frames, MAPPING) if (folder / name).exists()]
    if there:
        raise InputError([Fault(str(folder / name), "", "is there already") for name in there])
    for name, frame in frames.items():
        frame.to_csv(folder / name, index=False)
    (folder / MAPPING).write_text(dump_mapping(mapping), encoding="utf-8")
    return mapping


def mapping_of(history: History) -> Mapping:
    """Return the mapping that reads the export of `history`."""
    leads = history.leads
    columns: dict[str, Any] = {"created": "created", "key": "lead_id", "contact": "contact_id", "channel": "channel"}
    columns |= {"owner": "owner", "channels_most": 1000, "time_formats": "iso", "first_response_unit": "ms"}
    for name in ("stage", "lost_reason", "value", "first_response_ms"):
        if getattr(leads, name) is not None:
            columns[name.removesuffix("_ms")] = name.removesuffix("_ms")
    if leads.closed_at is not None:
        columns["closed"] = "closed"
    columns |= {name: {name: ["1"]} for name in _flags(leads)}
    late = set(history.known_late)
    columns["attributes"] = {
        name: {"column": f"attribute {name}", "known_late": name in late, "most": 1000} for name in leads.attributes
    }
    touches = {
        "lead": "lead_id", "at": "at", "duration": "duration_ms", "duration_unit": "ms", "rep": "rep",
        "time_formats": "iso", "email": {"kind": ["email"]}, "connected": {"result": ["talk"]},
        "not_connected": {"result": ["no_talk"]}, "contact_seconds": 0.001, "redial_minutes": 0.0,
        "longest_hours": 1e6,
    }  # fmt: skip
    spend = {"day": "day", "channel": "channel", "impressions": "impressions", "clicks": "clicks", "spend": "spend"}
    tables = {
        "title": "Written by funnelsim", "time_zone": history.time_zone, "currency": history.currency,
        "since": history.first_day, "until": history.last_day, "as_of": history.as_of, "leads": columns,
        "files": {"encoding": "utf-8", "delimiter": ",", "decimal": "."},
    }  # fmt: skip
    if history.touches is not None:
        tables["touches"] = touches
    if history.spend is not None:
        tables["spend"] = spend
    return mapping_from(tables, where=MAPPING)


def _flags(leads: LeadTable) -> dict[str, Bool]:
    """Return what the history knows of each lead with yes or no."""
    lost = None if leads.closed is None or leads.won is None else leads.closed & ~leads.won
    flags = {"won": leads.won, "lost": lost, "unreachable": leads.unreachable, "not_called": leads.not_called}
    return {name: flag for name, flag in flags.items() if flag is not None}


def leads_frame(history: History) -> pd.DataFrame:
    """Return the table of leads, a row each, text and numbers as a CRM writes them."""
    import pandas as pd

    leads, clock = history.leads, history.clock()
    columns: dict[str, Any] = {
        "lead_id": leads.key,
        "contact_id": leads.contact,
        "created": local_text(clock, leads.created),
        "channel": _name(history.channels, leads.channel),
        "owner": _name(history.reps, leads.owner),
    }
    for name, codes in leads.attributes.items():
        columns[f"attribute {name}"] = _name(history.categories[name], codes)
    if leads.stage is not None:
        columns["stage"] = _name(history.stages, leads.stage)
    columns |= {name: flag.astype(np.int64) for name, flag in _flags(leads).items()}
    if leads.lost_reason is not None:
        columns["lost_reason"] = _name(history.lost_reasons, leads.lost_reason)
    if leads.closed_at is not None:
        columns["closed"] = local_text(clock, leads.closed_at)
    if leads.value is not None:
        columns["value"] = number_text(leads.value)
    if leads.first_response_ms is not None:
        columns["first_response"] = _known(leads.first_response_ms)
    return pd.DataFrame(columns)


def touches_frame(history: History) -> pd.DataFrame:
    """Return the table of touches, a row for each attempt."""
    import pandas as pd

    touches = history.touches
    assert touches is not None
    return pd.DataFrame(
        {
            "lead_id": history.leads.key[touches.lead],
            "at": local_text(history.clock(), touches.at, every=True),
            "kind": [_KINDS[kind] for kind in touches.kind.tolist()],
            "duration_ms": _known(touches.duration_ms),
            "result": np.where(touches.connected, "talk", "no_talk"),
            "rep": _name(history.reps, touches.rep),
        }
    )


def spend_frame(history: History) -> pd.DataFrame:
    """Return the table of spend, a row for each day and channel."""
    import pandas as pd

    spend = history.spend
    assert spend is not None
    return pd.DataFrame(
        {
            "day": [str(history.first_day + dt.timedelta(days=d)) for d in spend.day.tolist()],
            "channel": _name(history.channels, spend.channel),
            "impressions": number_text(spend.impressions),
            "clicks": number_text(spend.clicks),
            "spend": number_text(spend.spend),
        }
    )


def local_text(clock: Clock, ms: Int64, *, every: bool = False) -> Text:
    """Return local ISO dates with milliseconds and offset; "" for -1, unless `every` instant is known."""
    which = np.maximum(np.searchsorted(clock.offset_from, ms, side="right") - 1, 0)
    local = (clock.epoch_ms + ms + clock.offset_ms[which]).astype("datetime64[ms]")
    offsets = as_text(_offset(int(offset)) for offset in clock.offset_ms)
    text = np.datetime_as_string(local, unit="ms").astype(np.object_) + offsets[which]
    if not every:
        text[ms == -1] = ""
    return np.asarray(text, dtype=np.object_)


def _offset(offset_ms: int) -> str:
    minutes = abs(offset_ms) // 60_000
    return f"{'-' if offset_ms < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def number_text(values: Float64) -> Text:
    """Return numbers so that they are read back to the bit; "" for nan."""
    return as_text("" if value != value else repr(value) for value in values.tolist())


def _name(names: tuple[str, ...], codes: Any) -> Text:
    return as_text((*names, ""))[np.asarray(codes, dtype=np.int64)]


def _known(values: Int64) -> Text:
    return as_text("" if value == -1 else value for value in values.tolist())
