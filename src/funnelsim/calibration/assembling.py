"""The cleaned rows of an export, put together as a `History`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.calibration.categories import Text, as_text, coded, numbered, spelled_like
from funnelsim.calibration.history import History, LeadTable, SpendTable, TouchTable, clock_of
from funnelsim.calibration.lead_rows import Endings, LeadRows
from funnelsim.calibration.ledger import Ledger
from funnelsim.calibration.span import day_number
from funnelsim.calibration.spend_rows import SpendRows
from funnelsim.calibration.times import NO_TIME
from funnelsim.calibration.touch_rows import Attempts, TouchRows
from funnelsim.config.mapping import Mapping
from funnelsim.records import NO, Int16, Int64


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Everything that was read and cleaned."""

    mapping: Mapping
    leads: LeadRows
    endings: Endings
    touches: TouchRows | None
    attempts: Attempts | None
    spend: SpendRows | None

    @property
    def ledgers(self) -> tuple[Ledger, ...]:
        """Return the books of each table."""
        return tuple(part.ledger for part in (self.leads, self.touches, self.spend) if part is not None)


def assemble(parts: Parts, *, first_day: dt.date, last_day: dt.date, as_of: dt.date) -> History:
    """Return the history of these days, without notes; its leads in order of (created, key)."""
    rows = _order(parts.leads)
    clock = clock_of(first_day, last_day, as_of, time_zone=parts.mapping.time_zone)
    read, endings = parts.leads, parts.endings
    none = np.zeros(0, dtype=np.object_)
    spent_on = none if parts.spend is None else parts.spend.channel
    channels, (channel, spend_channel) = coded(read.channel[rows], spent_on)
    reps, (owner, toucher) = coded(_picked(read.owner, rows), _touch_reps(parts))
    stages, (stage,) = coded(_picked(read.stage, rows))
    reasons, (reason,) = coded(_picked(endings.lost_reason, rows))
    attributes = {name: coded(text[rows]) for name, text in read.attributes.items()}
    leads = LeadTable(
        key=_keys(read)[rows],
        contact=numbered(_picked(read.contact, rows)),
        created=read.created.unix_ms[rows] - clock.epoch_ms,
        channel=channel,
        owner=owner,
        attributes={name: codes[0] for name, (_, codes) in attributes.items()},
        won=None if endings.won is None else endings.won[rows],
        closed=None if endings.closed is None else endings.closed[rows],
        closed_at=None if endings.closed_unix_ms is None else _on_clock(endings.closed_unix_ms[rows], clock),
        stage=None if read.stage is None else stage,
        lost_reason=None if endings.lost_reason is None else reason,
        unreachable=None if read.unreachable is None else read.unreachable[rows],
        not_called=None if read.not_called is None else read.not_called[rows],
        value=None if read.value is None else read.value[rows],
        first_response_ms=None if read.first_response_ms is None else read.first_response_ms[rows],
    )
    late = {name for name in attributes if parts.mapping.leads.attributes[name].known_late}
    return History(
        first_day=first_day,
        last_day=last_day,
        as_of=as_of,
        time_zone=parts.mapping.time_zone,
        currency=parts.mapping.currency,
        channels=channels,
        reps=reps,
        categories={name: names for name, (names, _) in attributes.items()},
        known_late=tuple(sorted(late)),
        stages=stages,
        lost_reasons=reasons,
        leads=leads,
        touches=_touch_table(parts, rows, toucher, clock),
        spend=_spend_table(parts.spend, spend_channel, first_day),
        cleaning=tuple(item for ledger in parts.ledgers for item in ledger.cleaning()),
        read={ledger.table: ledger.rows.read for ledger in parts.ledgers},
        unreadable={ledger.table: len(ledger.rows.unreadable) for ledger in parts.ledgers},
    )


def _order(leads: LeadRows) -> Int64:
    """Return the kept rows in order of (created, key); only those created at one instant are compared by key."""
    rows = np.flatnonzero(leads.ledger.kept)
    created = leads.created.unix_ms[rows]
    order = np.argsort(created, kind="stable")
    rows, created = rows[order], created[order]
    alike = created[1:] == created[:-1]
    tied = np.flatnonzero(np.concatenate((alike, [False])) | np.concatenate(([False], alike)))
    if tied.size and leads.key is not None:
        key = leads.key
        group = zip(created[tied].tolist(), key[rows[tied]].tolist(), rows[tied].tolist(), strict=True)
        rows[tied] = [row for _, _, row in sorted(group)]
    return np.asarray(rows, dtype=np.int64)


def _keys(leads: LeadRows) -> Text:
    """Return the id of each row; where the file has none, the line on which it stands."""
    if leads.key is None:
        return as_text(f"line {line}" for line in leads.columns.rows.line.tolist())
    key = leads.key.copy()
    blank = np.flatnonzero(key == "")
    key[blank] = as_text(f"line {line}" for line in leads.columns.rows.line[blank].tolist())
    return key


def _picked(text: Text | None, rows: Int64) -> Text:
    return np.full(rows.size, "", dtype=np.object_) if text is None else text[rows]


def _on_clock(unix_ms: Int64, clock: Clock) -> Int64:
    return np.where(unix_ms == NO_TIME, NO, unix_ms - clock.epoch_ms)


def _touch_reps(parts: Parts) -> Text:
    """Return who made each attempt; the lead's owner where the file of touches does not say."""
    if parts.attempts is None or parts.touches is None:
        return np.zeros(0, dtype=np.object_)
    owner = _picked(parts.leads.owner, parts.attempts.lead)
    if parts.touches.rep is None:
        return owner
    own = parts.touches.rep[parts.attempts.row]
    if parts.leads.owner is not None:
        own = spelled_like(own, parts.leads.owner)
    return np.where(own == "", owner, own).astype(np.object_)


def _touch_table(parts: Parts, rows: Int64, rep: Int16, clock: Clock) -> TouchTable | None:
    made = parts.attempts
    if made is None:
        return None
    place = np.full(parts.leads.n, -1, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    lead = place[made.lead]
    order = np.lexsort((made.number, lead))
    return TouchTable(
        lead=lead[order],
        at=made.at[order] - clock.epoch_ms,
        number=made.number[order],
        calls=made.calls[order],
        duration_ms=made.duration_ms[order],
        connected=made.talk[order],
        rep=rep[order],
        kind=made.kind[order],
    )


def _spend_table(spend: SpendRows | None, channel: Int16, first_day: dt.date) -> SpendTable | None:
    if spend is None:
        return None
    return SpendTable(
        day=(spend.day - day_number(first_day)).astype(np.int32),
        channel=channel,
        impressions=spend.impressions,
        clicks=spend.clicks,
        spend=spend.spend,
    )
