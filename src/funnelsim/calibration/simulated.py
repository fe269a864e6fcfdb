"""A simulated replication as the CRM of that company would remember it: what is drawn, never what only we know."""

from __future__ import annotations

import datetime as dt

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.calibration.categories import Text, as_text, coded, numbered
from funnelsim.calibration.history import History, LeadTable, SpendTable, TouchTable
from funnelsim.lab.play import Played
from funnelsim.metrics.rows import is_talk, is_try
from funnelsim.metrics.visitors import visitors_by_channel
from funnelsim.records import FIRST_FINAL, NO, Bool, Int16, Int64, Result, Row, State

MONTH_DAYS = 30.4375
NOT_FOR_SALES, UNSEEN = "marketing", "syncing"
"""Stages of leads that sales was never given: those that did not qualify, and those that nobody has noticed yet."""
RETURNED = "recycled"
"""The stage of leads that are with marketing again."""


def history_of(played: Played, *, followup: bool = True) -> History:
    """Return what the CRM of a simulated company holds at the end of the run; equal to its export, imported again.

    Leads from the beginning of the run (the warm-up too), less those merged as duplicates. Who it is: channel, offer
    and firmographics. What became of it: owner, state, won, lost and why, when, first response, and the deal's value
    once there was an opportunity. Touches are dialled calls, call-backs and e-mails that were finished; the length of a
    talk is its share of the work after the dial. `not_called`: never qualified. Nobody's number is known to be wrong.

    Args:
        played: The replication.
        followup: With the leads created in the follow-up; without them the history's last day is that of the horizon,
            and only touches of earlier leads are in it, as in an export of a past period.
    """
    scenario, run = played.scenario, played.scenario.run
    clock = Clock.of(run)
    until = clock.end if followup else clock.measured_until
    kept = (played.leads.created < until) & (played.outcomes.state != State.MERGED)
    rows = np.flatnonzero(kept).astype(np.int64)
    tries = _tries(played, rows)
    rep_names = np.append(as_text(played.roster.names), "")
    reps, (owner, toucher) = coded(rep_names[played.outcomes.owner[rows]], rep_names[played.touches.rep[tries]])
    channels, (place,) = coded(as_text(scenario.market.channels))
    state = _stage(played, rows)
    stages, (stage,) = coded(state)
    closed = played.outcomes.state[rows] >= FIRST_FINAL
    won = played.outcomes.state[rows] == State.WON
    lost_reasons, (lost_reason,) = coded(np.where(closed & ~won, state, ""))
    categories, attributes = _attributes(played, rows)
    leads = LeadTable(
        key=as_text(f"L{i:07d}" for i in rows.tolist()),
        contact=_contact(played, rows),
        created=played.leads.created[rows],
        channel=place[played.leads.channel[rows]],
        owner=owner,
        attributes=attributes,
        won=won,
        closed=closed,
        closed_at=np.where(won, played.outcomes.closed_at[rows], np.where(closed, played.outcomes.since[rows], NO)),
        stage=stage,
        lost_reason=lost_reason,
        not_called=state == NOT_FOR_SALES,
        value=np.where(played.outcomes.opportunity_at[rows] >= 0, np.round(played.leads.value[rows], 2), np.nan),
        first_response_ms=_since(played.outcomes.first_touch_at[rows], played.leads.created[rows]),
    )
    days = run.warmup_days + run.horizon_days + (run.followup_days if followup else 0)
    touches, spend = _touch_table(played, rows, tries, toucher), _spend(played, place, clock)
    return History(
        first_day=run.start,
        last_day=run.start + dt.timedelta(days=days - 1),
        as_of=run.start + dt.timedelta(days=run.days - 1),
        time_zone=run.time_zone,
        currency=scenario.economics.currency,
        channels=channels,
        reps=reps,
        categories=categories,
        known_late=(),
        stages=stages,
        lost_reasons=lost_reasons,
        leads=leads,
        touches=touches,
        spend=spend,
        cleaning=(),
        read={"leads": leads.n, "touches": touches.n, "spend": int(spend.day.size)},
        unreadable={"leads": 0, "touches": 0, "spend": 0},
    )


def _stage(played: Played, rows: Int64) -> Text:
    """Return the state of each lead as a CRM would call it."""
    stage = as_text(member.name.lower() for member in State)[played.outcomes.state[rows]]
    stage[np.isin(stage, (NOT_FOR_SALES, UNSEEN)) & (played.outcomes.handed_at[rows] >= 0)] = RETURNED
    return stage


def _since(at: Int64, created: Int64) -> Int64:
    return np.where(at >= 0, at - created, NO)


def _contact(played: Played, rows: Int64) -> Int64:
    """Return the person of each lead: a duplicate is the one that it duplicates."""
    original = played.leads.duplicate_of.astype(np.int64)
    person = np.where(original >= 0, original, np.arange(original.size))
    while (person[person] != person).any():
        person = person[person]
    return numbered(as_text(person[rows].tolist()))


def _attributes(played: Played, rows: Int64) -> tuple[dict[str, tuple[str, ...]], dict[str, Int16]]:
    """Return the categories of the offer and of each firmographic attribute, and each lead's."""
    market, leads = played.scenario.market, played.leads
    text = {"offer": as_text(market.offers)[leads.offer[rows]]}
    for a, (name, paper) in enumerate(market.firmographics.items()):
        text[name] = as_text(paper.mix)[leads.firmographics[a, rows]]
    found = {name: coded(column) for name, column in text.items()}
    return {name: names for name, (names, _) in found.items()}, {name: codes[0] for name, (_, codes) in found.items()}


def _tries(played: Played, rows: Int64) -> Int64:
    """Return the rows of the touch log that are finished touches of these leads, in order of (lead, dial)."""
    log = played.touches
    mine = np.zeros(played.leads.n, dtype=np.bool_)
    mine[rows] = True
    tries = np.flatnonzero(is_try(log) & (log.result != Result.OPEN))
    tries = tries[mine[log.lead[tries]]]
    return np.asarray(tries[np.lexsort((log.dial[tries], log.lead[tries]))], dtype=np.int64)


def _touch_table(played: Played, rows: Int64, tries: Int64, rep: Int16) -> TouchTable:
    log, leads = played.touches, played.leads
    lead = np.searchsorted(rows, log.lead[tries]).astype(np.int64)
    begins = np.concatenate(([True], lead[1:] != lead[:-1])) if lead.size else np.zeros(0, dtype=np.bool_)
    place = np.arange(lead.size)
    email = log.kind[tries] == Row.EMAIL
    talk: Bool = is_talk(log)[tries]
    call_ms = leads.call_ms[log.number[tries], log.lead[tries]]
    talk_ms = leads.talk_ms[log.number[tries], log.lead[tries]]
    worked = log.end[tries] - log.dial[tries]
    talked = np.where(talk, worked * talk_ms // np.maximum(call_ms + talk_ms, 1), 0)
    return TouchTable(
        lead=lead,
        at=log.dial[tries],
        number=(place - np.maximum.accumulate(np.where(begins, place, 0)) + 1).astype(np.int32),
        calls=np.ones(lead.size, dtype=np.int32),
        duration_ms=np.where(email, NO, talked),
        connected=talk,
        rep=rep,
        kind=np.where(email, Row.EMAIL, Row.CALL).astype(np.int8),
    )


def _spend(played: Played, place: Int16, clock: Clock) -> SpendTable:
    """Return the spend of each channel on each measured day, and its visitors, spread evenly over those days."""
    run, channels = played.scenario.run, list(played.scenario.market.channels.values())
    visitors = visitors_by_channel(played.scenario, played.leads.replication)
    order = np.argsort(place)
    days, n = run.horizon_days, len(channels)
    until = np.array([[v * d // days for v in visitors] for d in range(days + 1)], dtype=np.int64)
    clicks = np.diff(until, axis=0).astype(np.float64)
    spend = np.array([channel.spend_per_month / MONTH_DAYS for channel in channels])
    return SpendTable(
        day=np.repeat(np.arange(run.warmup_days, run.warmup_days + days, dtype=np.int32), n),
        channel=np.tile(place[order], days),
        impressions=np.full(days * n, np.nan),
        clicks=clicks[:, order].ravel(),
        spend=np.tile(spend[order], days),
    )
