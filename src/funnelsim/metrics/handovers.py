"""Every handover to sales, read off the touch log, and what happened in it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from funnelsim.metrics.arithmetic import first_of, lexical_order
from funnelsim.metrics.contacts import Contacts, contacts_of
from funnelsim.metrics.rows import is_listed_try, is_talk, is_try
from funnelsim.records import NO, Bool, Int64, Result, Row, TouchLog


class Handovers:
    """Every handover to sales, in order of (lead, episode, start): h handovers of n leads.

    Times in ms, -1 where it did not happen. Each column is worked out when it is first asked for.

    Args:
        touches: The log.
        books_itself: (n,) who could book a meeting by itself; None where nobody may.
        n: Number of leads.
        end: End of the run, ms.
    """

    def __init__(self, touches: TouchLog, *, books_itself: Bool | None, n: int, end: int) -> None:
        self._touches, self._books_itself, self._end = touches, books_itself, end
        rows = np.flatnonzero(touches.kind == Row.HANDOVER)
        self._rows = rows[lexical_order(touches.lead[rows], touches.episode[rows], touches.start[rows])]
        self.lead: Int64 = touches.lead[self._rows]
        self._first = np.concatenate(([0], np.cumsum(np.bincount(self.lead, minlength=n))))

    @property
    def n(self) -> int:
        """Return the number of handovers."""
        return int(self.lead.size)

    # What the rows themselves say.

    @cached_property
    def tier(self) -> Int64:
        """Return (h,) the Tier."""
        return self._touches.tier[self._rows]

    @cached_property
    def qualified(self) -> Int64:
        """Return (h,) the qualifying event."""
        return self._touches.available_at[self._rows]

    @cached_property
    def start(self) -> Int64:
        """Return (h,) when it was handed over."""
        return self._touches.start[self._rows]

    @cached_property
    def end(self) -> Int64:
        """Return (h,) when it left sales; the end of the run where it has not."""
        left = self._touches.end[self._rows]
        return np.where((left < 0) | (left > self._end), self._end, left)

    @cached_property
    def due_at(self) -> Int64:
        """Return (h,) when the first touch was due."""
        return self._touches.due_at[self._rows]

    @cached_property
    def result(self) -> Int64:
        """Return (h,) the Result."""
        return self._touches.result[self._rows]

    # What belongs to them.

    def of(self, rows: Int64) -> Int64:
        """Return the handover that each of `rows` (m,) of the log belongs to: (m,), -1 where there is none.

        Episodes rise at every handover, recycle and exit, and a handover's row has its last one: so a row belongs to
        the first handover of its lead whose episode is not below its own. Times could not tell apart handovers that
        begin and end at the same instant.
        """
        return self._belong(self._touches.lead[rows], self._touches.episode[rows])

    def _belong(self, lead: Int64, episode: Int64) -> Int64:
        """Return the handover that what happened to `lead` in `episode`, both (m,), belongs to: (m,), or -1."""
        at, stop = self._first[lead], self._first[lead + 1]
        # Few leads are handed over more than once or twice, so few rows are looked at again.
        ahead = np.flatnonzero((at < stop) & (self._episode[at] < episode))
        while ahead.size:
            at[ahead] += 1
            here = at[ahead]
            ahead = ahead[(here < stop[ahead]) & (self._episode[here] < episode[ahead])]
        at[at >= stop] = NO
        return at

    @cached_property
    def _episode(self) -> Int64:
        """Return (h + 1,) the last episode of each; one more so that the place behind the last can be looked at."""
        return np.append(self._touches.episode[self._rows], NO)

    @cached_property
    def every_try(self) -> Contacts:
        """Return every touch that was made."""
        rows = np.flatnonzero(is_try(self._touches))
        return contacts_of(self._touches, rows, at=self._touches.dial[rows], handover_of=self._belong)

    @cached_property
    def talk_rows(self) -> tuple[Int64, Int64]:
        """Return the row and the moment of each talk, in no order, the leads' own bookings last."""
        touches, (own, _) = self._touches, self._own
        rows = np.flatnonzero(is_talk(touches))
        at = np.where(touches.kind[rows] == Row.MEETING, touches.start[rows], touches.dial[rows])
        return np.concatenate((rows, own)), np.concatenate((at, touches.available_at[own]))

    @cached_property
    def every_talk(self) -> Contacts:
        """Return every talk, the leads' own bookings included: they count as tried and reached."""
        rows, at = self.talk_rows
        return contacts_of(self._touches, rows, at=at, handover_of=self._belong)

    @cached_property
    def _own(self) -> tuple[Int64, Int64]:
        """Return the rows of the bookings that are a handover (the lead made them itself), and these handovers."""
        touches = self._touches
        if self._books_itself is None:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        booking = np.flatnonzero(touches.kind == Row.BOOKING)
        booking = booking[self._books_itself[touches.lead[booking]]]
        of = self.of(booking)
        booking, of = booking[of >= 0], of[of >= 0]
        own = touches.available_at[booking] <= self.start[of]
        return booking[own], of[own]

    # What happened in them.

    @cached_property
    def window_due(self) -> Int64:
        """Return (h,) the planned end of the first window, or -1."""
        window = np.flatnonzero(self._touches.kind == Row.WINDOW)
        of = self.of(window)
        window, of = window[of >= 0], of[of >= 0]
        last_first = lexical_order(of, self._touches.start[window])[::-1]
        due = np.full(self.n, NO, dtype=np.int64)
        # Written from the last to the first, so that the first window of a handover stays.
        due[of[last_first]] = self._touches.due_at[window[last_first]]
        return due

    @cached_property
    def booked_itself(self) -> Bool:
        """Return (h,) which are a booking made by the lead."""
        return self._flagged(self._own[1])

    @cached_property
    def listed_at(self) -> Int64:
        """Return (h,) from when the first touch could be made; -1 where none was ever listed."""
        rows = np.flatnonzero(is_listed_try(self._touches))
        return first_of(self.of(rows), self._touches.available_at[rows], n=self.n, none=NO)

    @cached_property
    def first_try(self) -> Int64:
        """Return (h,) the dial of the first touch."""
        return self._first_of(self.every_try)

    @cached_property
    def first_talk(self) -> Int64:
        """Return (h,) the first talk, or the lead's own booking."""
        return self._first_of(self.every_talk)

    @cached_property
    def tries(self) -> Int64:
        """Return (h,) how many touches were made, whether they count towards the standard or not."""
        handover = self.every_try.handover
        return np.bincount(handover[handover >= 0], minlength=self.n)

    @cached_property
    def too_soon(self) -> Bool:
        """Return (h,) which ended by a touch that came too soon."""
        tries = self.every_try
        return self._flagged(tries.handover[self._touches.result[tries.row] == Result.TOO_SOON])

    @cached_property
    def tried(self) -> Bool:
        """Return (h,) which were tried at all; a lead that books its own meeting counts as tried.

        So does one that ends at once because the touches of the lead's whole life are spent: none could be made.
        """
        tried: Bool = self._flagged(self.every_try.handover) | self.booked_itself | (self.result == Result.EXHAUSTED)
        return tried

    def _flagged(self, handover: Int64) -> Bool:
        """Return (h,) which occur in `handover`; -1 is none."""
        flags = np.zeros(self.n + 1, dtype=np.bool_)  # the last place is for rows of no handover
        flags[handover] = True
        return flags[:-1]

    def _first_of(self, contacts: Contacts) -> Int64:
        """Return (h,) the first contact of each, -1 where it has none."""
        first = np.full(self.n + 1, NO, dtype=np.int64)  # likewise
        # Written from the last to the first, so that the earliest of a handover stays.
        first[contacts.handover[::-1]] = contacts.at[::-1]
        return first[:-1]
