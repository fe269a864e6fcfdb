"""Conservation after the run: the touch log, the outcomes, the calendars and the agreement read against each other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from funnelsim.calendar import add_business
from funnelsim.lab.play import Played
from funnelsim.metrics.conservation import faults
from funnelsim.metrics.lost import LostBuyer, lost_cause
from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import FIRST_FINAL, LOG_COLUMNS, NEVER, Result, Row, State
from funnelsim.roster import Span, build_agreement, build_rules

TRIES = (Row.CALL, Row.EMAIL, Row.CALLBACK)
TOUCHES = (*TRIES, Row.REPLY)
WORK = (*TOUCHES, Row.MEETING, Row.DEAL_WORK)
ENDS_IN = {
    Result.DISQUALIFIED: State.DISQUALIFIED,
    Result.LOST_TO_ANOTHER: State.LOST_TO_ANOTHER,
    Result.TOO_SOON: State.OPTED_OUT,
    Result.TIRED: State.OPTED_OUT,
    Result.WON: State.WON,
    Result.LOST: State.LOST,
    Result.STALLED: State.STALLED,
    Result.REJECTED: State.REJECTED,
    Result.NO_SHOW: State.NO_SHOW,
    Result.ABANDONED: State.ABANDONED,
    Result.EXHAUSTED: State.EXHAUSTED,
}


def table(played: Played) -> pd.DataFrame:
    """Return the touch log as a table."""
    return pd.DataFrame({name: getattr(played.touches, name) for name in LOG_COLUMNS})


def after(played: Played, t: int, span: Span, *, closing: bool = False) -> int:
    """Return the end of a term, from the calendars alone."""
    roster = played.roster
    team = roster.close_team if closing else roster.touch_team
    return add_business(roster.team_calendars[team], t, span.ms) if span.business else t + span.ms


def check_books(played: Played, end: int) -> None:
    """Every rule below, on one replication."""
    log = table(played)
    assert faults(played.leads, played.outcomes, played.touches, end=end) == []
    check_order(log)
    check_handovers(played, log, end)
    check_stays(log, end)
    check_hours(played, log)
    check_terms(played, log)
    check_named_dates(played, log)
    check_bookings(played, log)
    check_causes(played)


def check_order(log: pd.DataFrame) -> None:
    """Rows are sorted by their whole key, and no two rows share it."""
    keys = log[["end", "kind", "lead", "episode", "number", "rep", "queued_at"]]
    assert all(a < b for a, b in pairwise(keys.itertuples(index=False, name=None)))


def check_handovers(played: Played, log: pd.DataFrame, end: int) -> None:
    """A lead's handovers follow one another, each row has one end, and the last one agrees with the lead's state."""
    o = played.outcomes
    rows = log[log.kind == Row.HANDOVER].sort_values(["lead", "start"])
    by_lead: dict[int, list[Any]] = {}
    for row in rows.itertuples():
        by_lead.setdefault(row.lead, []).append(row)
    for i in range(played.leads.n):
        state, mine = State(int(o.state[i])), by_lead.get(i, [])
        assert [row.number for row in mine] == list(range(int(o.handovers[i])))
        for row, following in pairwise(mine):
            assert row.end <= following.start
            assert row.episode < following.episode
            assert row.result == Result.NURTURE
        last = Result(mine[-1].result) if mine else None
        if last is None:
            assert state in (State.MARKETING, State.SYNCING, State.MERGED)
        elif last == Result.OPEN:
            assert state in (State.UNASSIGNED, State.WAITING, State.IN_WORK, State.BETWEEN_TOUCHES,
                             State.CALLED_BACK, State.MEETING_BOOKED, State.OPPORTUNITY)  # fmt: skip
            assert mine[-1].end == end
        elif last == Result.NURTURE:
            assert state in (State.NURTURE, State.MARKETING, State.SYNCING)
        else:
            assert state == ENDS_IN[last]
            assert mine[-1].end == o.since[i] < end
        if mine:
            assert o.handed_at[i] == mine[0].start
            assert o.tier[i] == mine[0].tier
            assert o.score[i] == mine[0].score
        assert state < FIRST_FINAL or state == State.MERGED or mine


def check_stays(log: pd.DataFrame, end: int) -> None:
    """A lead is in one place at a time: its stays with sales follow one another inside its handovers."""
    stays = log[log.kind.isin([*TOUCHES, Row.MEETING, Row.UNASSIGNED])]
    stays = stays.sort_values(["lead", "queued_at", "end", "number"])
    handovers = {(row.lead, row.number): row for row in log[log.kind == Row.HANDOVER].itertuples()}
    numbers = last_episodes(log)
    for a, b in pairwise(stays.itertuples()):
        assert a.lead != b.lead or b.queued_at >= a.end, f"lead {a.lead} is in two places at {b.queued_at}"
    for row in stays.itertuples():
        number = int(np.searchsorted(numbers[row.lead], row.episode))
        held = handovers[row.lead, number]
        assert held.start <= row.queued_at
        assert row.end <= held.end or row.result == Result.OPEN
        assert row.queued_at < end
    begun = log[log.kind.isin(WORK) & (log.start >= 0)]
    assert ((begun.queued_at <= begun.start) & (begun.start <= begun.end) & (begun.start < end)).all()
    assert ((begun.rep >= 0) | (begun.start < 0)).all()
    waited = log[log.kind.isin(WORK) & (log.start < 0)]
    assert ((waited.rep == -1) & (waited.dial == -1) & (waited.queued_at <= waited.end)).all()
    never_begun = (Result.OPEN, Result.DROPPED, Result.CANCELLED, Result.REASSIGNED, Result.ABANDONED, Result.MOVED,
                   Result.STALLED)  # fmt: skip
    assert waited.result.isin(never_begun).all()
    assert (waited[waited.result == Result.OPEN].end == end).all()
    made = begun[begun.kind.isin([Row.CALL, Row.EMAIL, Row.CALLBACK]) & (begun.dial >= 0)]
    made = made.sort_values(["lead", "number"])
    assert (made.number == made.groupby("lead").cumcount()).all()  # every touch of luck is used once, in order


def last_episodes(log: pd.DataFrame) -> dict[int, list[int]]:
    """Return the last episode of each handover of each lead, rising: a row belongs to the first not below its own."""
    result: dict[int, list[int]] = {}
    for row in log[log.kind == Row.HANDOVER].sort_values(["lead", "number"]).itertuples():
        result.setdefault(row.lead, []).append(row.episode)
    return result


def check_hours(played: Played, log: pd.DataFrame) -> None:
    """Nothing is begun outside the open hours of who does it."""
    work = log[log.kind.isin(WORK) & (log.start >= 0)]
    for rep, rows in work.groupby("rep"):
        calendar = played.roster.calendars[rep]
        start = rows.start.to_numpy()
        j = np.searchsorted(calendar.opens, start, side="right") - 1
        assert (j >= 0).all()
        assert (start < calendar.closes[j]).all()


def check_terms(played: Played, log: pd.DataFrame) -> None:
    """Attempts, gaps, due dates, windows and the earliest touch are those of the agreement, on the right clock."""
    agreement = build_agreement(played.scenario, played.roster)
    interest = {(r.lead, r.number): r.available_at for r in log[log.kind == Row.HANDOVER].itertuples()}
    handed = last_episodes(log)
    log = log.sort_values(["lead", "episode", "queued_at", "end", "number"])
    for row in log[log.kind == Row.WINDOW].itertuples():
        assert row.due_at == after(played, row.start, agreement.tiers[row.tier].window)
        assert row.end <= row.due_at or row.result in (Result.OPEN, Result.RECYCLED, Result.NURTURE, Result.LAPSED)
    previous: Any = None
    for row in log[log.kind.isin(TOUCHES)].itertuples():
        terms = agreement.tiers[row.tier]
        assert 1 <= row.attempt <= terms.attempts
        assert row.available_at <= row.queued_at
        first = row.attempt == 1 or row.kind == Row.CALLBACK
        first = first and row.kind != Row.REPLY
        assert row.due_at == after(played, row.available_at, terms.first_touch if first else terms.later_touch)
        if row.attempt == 1 and row.kind in (Row.CALL, Row.EMAIL):
            number = int(np.searchsorted(handed[row.lead], row.episode))
            fresh = row.episode == 1 + (handed[row.lead][number - 1] if number else 0)
            if fresh:
                assert row.available_at >= after(played, interest[row.lead, number], terms.earliest)
        same = previous is not None and (previous.lead, previous.episode) == (row.lead, row.episode)
        if same and row.kind in (Row.CALL, Row.EMAIL) and previous.result in (Result.NOT_REACHED, Result.SENT):
            assert row.attempt == previous.attempt + 1
            assert row.available_at == after(played, previous.end, terms.gaps[previous.attempt - 1])
        if row.kind in (Row.CALL, Row.EMAIL):
            assert (row.kind == Row.EMAIL) == bool(terms.touches[row.attempt - 1])
        previous = row


def check_named_dates(played: Played, log: pd.DataFrame) -> None:
    """A lead that is called back is called on the date that it named in the talk before, or as soon as that ends."""
    tries = log[log.kind.isin(TRIES) & (log.dial >= 0)]
    rows = log[log.kind.isin([*TOUCHES, Row.MEETING])].sort_values(["lead", "queued_at", "end", "number"])
    named: Any = None
    for row in rows.itertuples():
        if row.kind == Row.CALLBACK and row.result != Result.REASSIGNED:
            assert named is not None
            assert named.lead == row.lead
            dialled = int(((tries.lead == row.lead) & (tries.dial <= named.start)).sum())
            k = named.number if named.kind in TOUCHES else max(dialled - 1, 0)
            assert row.available_at == max(named.end, played.leads.callback_at[k, row.lead])
        if row.result == Result.CALLED_BACK:
            named = row


def check_bookings(played: Played, log: pd.DataFrame) -> None:
    """A meeting is reserved on the grid of its closer's shift, wholly inside it, and with notice."""
    agreement, rules = build_agreement(played.scenario, played.roster), build_rules(played.scenario)
    length = -(-rules.meeting_ms // agreement.slot_ms) * agreement.slot_ms
    handed_on = {*played.roster.leaves.tolist(), *played.roster.starts.tolist()}
    for row in log[log.kind == Row.BOOKING].itertuples():
        if row.due_at == NEVER:
            continue
        calendar = played.roster.diaries[row.rep]
        j = int(np.searchsorted(calendar.opens, row.due_at, side="right")) - 1
        assert j >= 0
        assert (row.due_at - calendar.opens[j]) % agreement.slot_ms == 0
        assert row.due_at + length <= calendar.closes[j]
        if row.available_at not in handed_on:  # there a date that was agreed is kept
            assert row.due_at >= after(played, row.available_at, agreement.notice, closing=True)
        assert row.available_at <= played.roster.leaves[row.rep]
    kept = log[(log.kind == Row.MEETING) & (log.start >= 0)]
    assert (kept.start >= kept.due_at).all()
    booked = {(row.lead, row.number, row.due_at) for row in log[log.kind == Row.BOOKING].itertuples()}
    assert {(row.lead, row.number, row.due_at) for row in kept.itertuples()} <= booked


def check_causes(played: Played) -> None:
    """The won would have bought; every lead is wasted, and every buyer lost, under exactly one cause or none."""
    leads, o, scenario = played.leads, played.outcomes, played.scenario
    buyer = would_buy(leads, scenario)
    won = o.state == State.WON
    assert buyer[won].all()
    wasted = wasted_cause(leads, o, played.touches, scenario)
    assert np.isin(wasted, list(Waste)).all()
    assert not wasted[won | (o.state == State.MERGED)].any()
    lost = lost_cause(leads, o, played.touches, scenario)
    assert np.isin(lost, list(LostBuyer)).all()
    assert ((lost != LostBuyer.NONE) == (buyer & ~won)).all()
