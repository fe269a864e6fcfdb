"""The touch log, read once: handovers, tries and talks, and the window in which each buyer would buy."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.run import Standard
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.arithmetic import DAY_MS, first_of, ordinal
from funnelsim.records import NEVER, NO, Bool, Int64, Leads, Outcomes, Result, Row, State, TouchLog


def _table(members: tuple[int, ...]) -> Bool:
    table = np.zeros(64, dtype=np.bool_)
    table[list(members)] = True
    return table


TRIES = (Row.CALL, Row.EMAIL, Row.CALLBACK)
WORK = (Row.CALL, Row.EMAIL, Row.REPLY, Row.CALLBACK, Row.MEETING, Row.DEAL_WORK)
_TALKED = _table(
    (
        Result.SQL,
        Result.BOOKED,
        Result.CALLED_BACK,
        Result.NURTURE,
        Result.DISQUALIFIED,
        Result.LOST_TO_ANOTHER,
        Result.TIRED,
        Result.REJECTED,
        Result.OPPORTUNITY,
        Result.MET,
        Result.WON,
        Result.LOST,
    )
)
_IS_TRY = _table(TRIES)
_IS_TALK = _table((Row.CALL, Row.CALLBACK, Row.REPLY, Row.MEETING))
_IS_WORK = _table(WORK)


def is_try(touches: TouchLog) -> Bool:
    """Return which rows are a touch that was made: a call, e-mail or call-back with a dial."""
    return _IS_TRY[touches.kind] & (touches.dial >= 0)


def is_talk(touches: TouchLog) -> Bool:
    """Return which rows are a talk: an answered call or call-back, a handled reply, a kept meeting.

    One that is still going on at the end (result OPEN) is none yet.
    """
    return _IS_TALK[touches.kind] & _TALKED[touches.result] & (touches.start >= 0)


def is_work(touches: TouchLog) -> Bool:
    """Return which rows are work that a rep did."""
    return _IS_WORK[touches.kind] & (touches.start >= 0) & (touches.rep >= 0)


@dataclass(frozen=True, slots=True, eq=False)
class Handovers:
    """Every handover to sales, in order of (lead, start). h handovers; times in ms, -1 where it did not happen."""

    lead: Int64  # (h,)
    tier: Int64  # (h,) Tier
    qualified: Int64  # (h,) the qualifying event
    start: Int64  # (h,) handed over
    end: Int64  # (h,) left sales; the end of the run where it has not
    due_at: Int64  # (h,) first touch due
    window_due: Int64  # (h,) planned end of the first window, or -1
    result: Int64  # (h,) Result
    booked_itself: Bool  # (h,) the handover is a booking made by the lead
    available_at: Int64  # (h,) from when the first touch could be made; -1 where none was ever listed
    first_try: Int64  # (h,)
    first_talk: Int64  # (h,) first talk, or the lead's own booking
    tries: Int64  # (h,) touches made, counted or not
    too_soon: Bool  # (h,) it ended by a touch that came too soon

    @property
    def n(self) -> int:
        """Return the number of handovers."""
        return int(self.lead.size)

    @property
    def tried(self) -> Bool:
        """Return which handovers were tried at all; a lead that books its own meeting counts as tried.

        So does one that ends at once because the touches of the lead's whole life are spent: none could be made.
        """
        tried: Bool = (self.first_try >= 0) | self.booked_itself | (self.result == Result.EXHAUSTED)
        return tried


@dataclass(frozen=True, slots=True, eq=False)
class Contacts:
    """Tries or talks, in order of (lead, time). c rows."""

    lead: Int64  # (c,)
    at: Int64  # (c,) the moment at which it is judged
    handover: Int64  # (c,) index into Handovers, or -1
    email: Bool  # (c,)
    row: Int64  # (c,) row of the touch log

    def within(self, mask: Bool | Int64) -> Contacts:
        """Return only the rows that `mask` (c,) flags, or those of these indices, in their order."""
        return Contacts(self.lead[mask], self.at[mask], self.handover[mask], self.email[mask], self.row[mask])


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What the measures read of one replication. n leads."""

    clock: Clock
    standard: Standard
    judged_until: int  # handovers and windows that open after this are not judged
    measured: Bool  # (n,) created in the measured window: the cohort
    window_from: Int64  # (n,) max(created, ready_from)
    window_until: Int64  # (n,) ready_until
    buyer: Bool  # (n,) able, with a window that opens before the end of the run: luck is not asked
    handovers: Handovers
    tries: Contacts
    talks: Contacts  # the lead's own bookings included: they count as tried and reached

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return int(self.measured.size)

    @property
    def end(self) -> int:
        """Return the end of the run."""
        return self.clock.end

    def in_window(self, contacts: Contacts) -> Bool:
        """Return which contacts fall inside their lead's window."""
        at, lead = contacts.at, contacts.lead
        return (at >= self.window_from[lead]) & (at <= self.window_until[lead])

    def talked_in_window(self, outcomes: Outcomes) -> Bool:
        """Return (n,) which leads were talked to inside their window; an answered touch still in work counts."""
        contacted = (outcomes.contact_at >= 0) & (outcomes.contact_at <= self.window_until)
        still_talking = contacted & (outcomes.state == State.IN_WORK)
        talked: Bool = self.any_of(self.talks.lead[self.in_window(self.talks)]) | still_talking
        return talked

    def any_of(self, lead: Int64) -> Bool:
        """Return (n,) which leads occur in `lead`."""
        found = np.zeros(self.n, dtype=np.bool_)
        found[lead] = True
        return found

    def held(self, *, since: Int64, until: Int64) -> Bool:
        """Return (h,) which handovers hold their lead at some instant of [since, until], both (n,) by lead."""
        h = self.handovers
        return (h.start <= until[h.lead]) & (h.end >= since[h.lead])

    def counted(self, tries: Contacts) -> Int64:
        """Return (n,) how many of `tries` the study's standard counts."""
        return counted_tries(tries, n=self.n, standard=self.standard)


def gather(leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario) -> Evidence:
    """Return the evidence of one replication; `outcomes` and `touches` are those of `leads` under `scenario`."""
    clock = Clock.of(scenario.run)
    standard = scenario.run.standard
    window_from = np.maximum(leads.created, leads.ready_from)
    handovers, index_of = _handovers(touches, clock.end)
    booking = np.flatnonzero((touches.kind == Row.BOOKING) & (index_of >= 0))
    own = booking[touches.available_at[booking] <= handovers.start[index_of[booking]]]
    own = own[leads.books_itself[touches.lead[own]]] if scenario.policy.self_scheduling else own[:0]
    tries = _contacts(touches, np.flatnonzero(is_try(touches)), touches.dial, index_of)
    moment = np.where(touches.kind == Row.MEETING, touches.start, touches.dial)
    moment[own] = touches.available_at[own]
    talks = _contacts(touches, np.concatenate((np.flatnonzero(is_talk(touches)), own)), moment, index_of)
    return Evidence(
        clock=clock,
        standard=standard,
        judged_until=clock.end - round(standard.days * DAY_MS),
        measured=(leads.created >= clock.measured_from) & (leads.created < clock.measured_until),
        window_from=window_from,
        window_until=leads.ready_until,
        buyer=leads.able & (window_from <= leads.ready_until) & (window_from < clock.end),
        handovers=_complete(handovers, touches, index_of, tries=tries, talks=talks, own=own),
        tries=tries,
        talks=talks,
    )


def counted_tries(tries: Contacts, *, n: int, standard: Standard) -> Int64:
    """Return (n,) how many tries of each lead count towards the standard.

    A try counts if it is a call, or one of the first `standard.emails` e-mails among those given, made at least
    `standard.apart` after the last counted one (dial to dial).
    """
    sent = np.cumsum(tries.email)
    first = np.searchsorted(tries.lead, tries.lead, side="left")
    nth_email: Int64 = sent - (sent[first] - tries.email[first])  # e-mails of this lead so far, this one included
    eligible = ~tries.email | (nth_email <= standard.emails)
    lead, at = tries.lead[eligible], tries.at[eligible]
    place = ordinal(lead)
    by_place = np.argsort(place, kind="stable")
    lead, at = lead[by_place], at[by_place]
    bounds = np.concatenate(([0], np.cumsum(np.bincount(place)))) if place.size else np.zeros(1, dtype=np.int64)
    apart = standard.apart.ms()
    counts = np.zeros(n, dtype=np.int64)
    last = np.full(n, -NEVER, dtype=np.int64)
    # A lead has at most one try at each place, so all leads take one step together.
    for begin, stop in pairwise(bounds.tolist()):
        counts_now = at[begin:stop] >= last[lead[begin:stop]] + apart
        who = lead[begin:stop][counts_now]
        counts[who] += 1
        last[who] = at[begin:stop][counts_now]
    return counts


def _handovers(touches: TouchLog, end: int) -> tuple[Handovers, Int64]:
    """Return the handovers without what happened in them, and for each row of the log the handover it belongs to.

    Episodes rise at every handover, recycle and exit, and a handover's row has its last one: so a row belongs to the
    first handover of its lead whose episode is not below its own; -1 where there is none. Times could not tell apart
    handovers that begin and end at the same instant.
    """
    rows = np.flatnonzero(touches.kind == Row.HANDOVER)
    rows = rows[np.lexsort((touches.start[rows], touches.episode[rows], touches.lead[rows]))]
    # All rows and then all handovers of an episode on one line per lead: count the handovers passed.
    lead = np.concatenate((touches.lead[rows], touches.lead))
    episode = np.concatenate((touches.episode[rows], touches.episode))
    ends = np.concatenate((np.ones(rows.size, dtype=np.int64), np.zeros(touches.n, dtype=np.int64)))
    order = np.lexsort((ends, episode, lead))
    passed = np.empty(order.size, dtype=np.int64)
    passed[order] = np.cumsum(ends[order])
    index = passed[rows.size :]
    if rows.size:
        known = np.minimum(index, rows.size - 1)
        index = np.where((index == known) & (touches.lead[rows][known] == touches.lead), index, -1)
    else:
        index = np.full(touches.n, NO, dtype=np.int64)
    left = touches.end[rows]
    nothing = np.full(rows.size, NO, dtype=np.int64)
    handovers = Handovers(
        lead=touches.lead[rows],
        tier=touches.tier[rows],
        qualified=touches.available_at[rows],
        start=touches.start[rows],
        end=np.where((left < 0) | (left > end), end, left),
        due_at=touches.due_at[rows],
        window_due=nothing,
        result=touches.result[rows],
        booked_itself=np.zeros(rows.size, dtype=np.bool_),
        available_at=nothing,
        first_try=nothing,
        first_talk=nothing,
        tries=nothing,
        too_soon=np.zeros(rows.size, dtype=np.bool_),
    )
    return handovers, index


def _complete(
    bare: Handovers, touches: TouchLog, index_of: Int64, *, tries: Contacts, talks: Contacts, own: Int64
) -> Handovers:
    """Return the handovers with what happened in them."""
    n = bare.n
    window = np.flatnonzero((touches.kind == Row.WINDOW) & (index_of >= 0))
    first_window = window[np.lexsort((touches.start[window], index_of[window]))]
    window_due = np.full(n, NO, dtype=np.int64)
    # Written from the last to the first, so that the first window of a handover stays.
    window_due[index_of[first_window[::-1]]] = touches.due_at[first_window[::-1]]
    booked_itself = np.zeros(n, dtype=np.bool_)
    booked_itself[index_of[own]] = True
    listed = np.flatnonzero(_IS_TRY[touches.kind])
    too_soon = np.zeros(n, dtype=np.bool_)
    annoyed = tries.handover[touches.result[tries.row] == Result.TOO_SOON]
    too_soon[annoyed[annoyed >= 0]] = True
    return Handovers(
        lead=bare.lead,
        tier=bare.tier,
        qualified=bare.qualified,
        start=bare.start,
        end=bare.end,
        due_at=bare.due_at,
        window_due=window_due,
        result=bare.result,
        booked_itself=booked_itself,
        available_at=first_of(index_of[listed], touches.available_at[listed], n=n, none=NO),
        first_try=first_of(tries.handover, tries.at, n=n, none=NO),
        first_talk=first_of(talks.handover, talks.at, n=n, none=NO),
        tries=np.bincount(tries.handover[tries.handover >= 0], minlength=n),
        too_soon=too_soon,
    )


def _contacts(touches: TouchLog, rows: Int64, moment: Int64, index_of: Int64) -> Contacts:
    rows = rows[np.lexsort((touches.number[rows], moment[rows], touches.lead[rows]))]
    return Contacts(
        lead=touches.lead[rows],
        at=moment[rows],
        handover=index_of[rows],
        email=touches.kind[rows] == Row.EMAIL,
        row=rows,
    )
