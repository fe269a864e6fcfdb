"""Whether the records of one replication agree with themselves: every lead in one state, every life in order."""

from __future__ import annotations

import numpy as np

from funnelsim.metrics.rows import is_try, is_work
from funnelsim.records import FIRST_FINAL, Bool, Int64, Leads, Outcomes, Row, State, TouchLog


def faults(leads: Leads, outcomes: Outcomes, touches: TouchLog, *, end: int) -> list[str]:
    """Return one line for each rule that the records break, with the first lead or row that does; empty where none.

    Rules: one known state for each lead, entered between creation and `end`; the moments of a life in their order
    (created, MQL, handed over, first touch; SQL, met, opportunity, closed); won, lost and stalled have a closing
    moment and nobody else has; who opted out was burnt and nobody else; merged leads are duplicates and were never
    handed over; as many handovers, touches and meetings in the log as in the outcomes; work ends after it begins, and
    no rep does two things at once.
    """
    o, n = outcomes, leads.n
    final = o.state >= FIRST_FINAL
    closed = np.isin(o.state, (State.WON, State.LOST, State.STALLED))
    merged = o.state == State.MERGED
    by_lead = {
        "is in no known state": (o.state < 0) | (o.state > max(State)),
        "entered its state before it was created or after the end": (o.since < leads.created) | (o.since > end),
        "was handed over before it qualified": _disordered(o.mql_at, o.handed_at),
        "qualified before it was created": _disordered(leads.created, o.mql_at),
        "was touched before it was handed over": _disordered(o.handed_at, o.first_touch_at),
        "was met before it was an SQL": _disordered(o.sql_at, o.met_at),
        "was an opportunity before it was an SQL": _disordered(o.sql_at, o.opportunity_at),
        "closed before it was an opportunity": _disordered(o.opportunity_at, o.closed_at),
        "is won, lost or stalled without a closing moment, or has one otherwise": closed != (o.closed_at >= 0),
        "is won without an opportunity or a contact": (o.state == State.WON)
        & ((o.opportunity_at < 0) | (o.contact_at < 0)),
        "opted out unburnt, or was burnt otherwise": (o.state == State.OPTED_OUT) != (o.burnt > 0),
        "is merged, but no duplicate or handed over": merged & ((leads.duplicate_of < 0) | (o.handovers > 0)),
        "has another number of handovers in the log": _counts(touches, touches.kind == Row.HANDOVER, n) != o.handovers,
        "has another number of touches in the log": _counts(touches, is_try(touches), n) != o.touches,
        "has another number of meetings in the log": _counts(
            touches, (touches.kind == Row.MEETING) & (touches.start >= 0), n
        )
        != o.meetings,
        "is final, but not since something that happened": final & (o.since < 0),
    }
    by_row = {
        "ends before it begins": (touches.start >= 0) & (touches.end < touches.start) & (touches.kind != Row.BOOKING),
        "is judged outside its work": (touches.dial >= 0) & ((touches.dial < touches.start) | (touches.dial >= end)),
        "begins at or after the end": touches.start >= end,
        "is handed over before its qualifying event": (touches.kind == Row.HANDOVER)
        & (touches.available_at > touches.start),
    }
    lines = [f"lead {int(np.flatnonzero(bad)[0])} {text}" for text, bad in by_lead.items() if bad.any()]
    lines += [f"row {int(np.flatnonzero(bad)[0])} {text}" for text, bad in by_row.items() if bad.any()]
    return lines + _two_at_once(touches)


def _disordered(first: Int64, then: Int64) -> Bool:
    """Return where `then` happened without `first`, or before it."""
    return (then >= 0) & ((first < 0) | (then < first))


def _counts(touches: TouchLog, chosen: Bool, n: int) -> Int64:
    return np.bincount(touches.lead[chosen], minlength=n)


def _two_at_once(touches: TouchLog) -> list[str]:
    rows = np.flatnonzero(is_work(touches))
    rows = rows[np.lexsort((touches.end[rows], touches.start[rows], touches.rep[rows]))]
    same_rep = touches.rep[rows][1:] == touches.rep[rows][:-1]
    clash = np.flatnonzero(same_rep & (touches.start[rows][1:] < touches.end[rows][:-1]))
    if not clash.size:
        return []
    second = int(rows[clash[0] + 1])
    return [f"rep {int(touches.rep[second])} does two things at once: row {second}"]
