"""Every handover to sales, read off the touch log, and what happened in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from funnelsim.metrics.arithmetic import lexical_order
from funnelsim.metrics.contacts import Contacts
from funnelsim.records import NO, Bool, Int64, Result, Row, TouchLog


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
class Belonging:
    """Which handover a row of the log belongs to.

    Episodes rise at every handover, recycle and exit, and a handover's row has its last one: so a row belongs to the
    first handover of its lead whose episode is not below its own. Times could not tell apart handovers that begin and
    end at the same instant.
    """

    first: Int64  # (n + 1,) the handovers of lead i are first[i] to first[i + 1]
    episode: Int64  # (h + 1,) of each handover; the last one stands for none

    def of(self, touches: TouchLog, rows: Int64) -> Int64:
        """Return the handover of each of `rows` (m,) of the log: (m,), -1 where there is none."""
        lead, episode = touches.lead[rows], touches.episode[rows]
        at, stop = self.first[lead], self.first[lead + 1]
        # Few leads are handed over more than once or twice, so few rows are looked at again.
        ahead = np.flatnonzero((at < stop) & (self.episode[at] < episode))
        while ahead.size:
            at[ahead] += 1
            here = at[ahead]
            ahead = ahead[(here < stop[ahead]) & (self.episode[here] < episode[ahead])]
        return np.where(at < stop, at, NO)


def bare_handovers(touches: TouchLog, *, n: int, end: int) -> tuple[Handovers, Belonging]:
    """Return the handovers of n leads, still without what happened in them, and which rows belong to which."""
    rows = np.flatnonzero(touches.kind == Row.HANDOVER)
    rows = rows[lexical_order(touches.lead[rows], touches.episode[rows], touches.start[rows])]
    lead, left = touches.lead[rows], touches.end[rows]
    nothing = np.full(rows.size, NO, dtype=np.int64)
    never = np.zeros(rows.size, dtype=np.bool_)
    handovers = Handovers(
        lead=lead,
        tier=touches.tier[rows],
        qualified=touches.available_at[rows],
        start=touches.start[rows],
        end=np.where((left < 0) | (left > end), end, left),
        due_at=touches.due_at[rows],
        window_due=nothing,
        result=touches.result[rows],
        booked_itself=never,
        first_try=nothing,
        first_talk=nothing,
        tries=nothing,
        too_soon=never,
    )
    first = np.concatenate(([0], np.cumsum(np.bincount(lead, minlength=n))))
    return handovers, Belonging(first, np.append(touches.episode[rows], NO))


def with_contents(
    bare: Handovers, touches: TouchLog, belonging: Belonging, *, tries: Contacts, talks: Contacts, own: Int64
) -> Handovers:
    """Return the handovers with what happened in them; `own` are the handovers that the leads' own bookings are."""
    n = bare.n
    window = np.flatnonzero(touches.kind == Row.WINDOW)
    of_window = belonging.of(touches, window)
    window, of_window = window[of_window >= 0], of_window[of_window >= 0]
    last_first = lexical_order(of_window, touches.start[window])[::-1]
    window_due = np.full(n, NO, dtype=np.int64)
    # Written from the last to the first, so that the first window of a handover stays.
    window_due[of_window[last_first]] = touches.due_at[window[last_first]]
    booked_itself = np.zeros(n, dtype=np.bool_)
    booked_itself[own] = True
    too_soon = np.zeros(n, dtype=np.bool_)
    annoyed = tries.handover[touches.result[tries.row] == Result.TOO_SOON]
    too_soon[annoyed[annoyed >= 0]] = True
    return replace(
        bare,
        window_due=window_due,
        booked_itself=booked_itself,
        first_try=_first(tries, n),
        first_talk=_first(talks, n),
        tries=np.bincount(tries.handover[tries.handover >= 0], minlength=n),
        too_soon=too_soon,
    )


def _first(contacts: Contacts, n: int) -> Int64:
    """Return (n,) the first contact of each handover, -1 where it has none."""
    first = np.full(n + 1, NO, dtype=np.int64)  # the last place is for contacts of no handover
    # Written from the last to the first, so that the earliest of a handover stays.
    first[contacts.handover[::-1]] = contacts.at[::-1]
    return first[:-1]
