"""The touch log, read once: handovers, tries and talks, and the window in which each buyer would buy."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.arithmetic import DAY_MS, first_of
from funnelsim.metrics.contacts import Contacts, contacts_of, counted_tries
from funnelsim.metrics.handovers import Belonging, Handovers, bare_handovers, with_contents
from funnelsim.metrics.rows import is_listed_try, is_talk, is_try
from funnelsim.records import NO, Bool, Int64, Leads, Outcomes, Row, State, TouchLog


class Evidence:
    """What the measures read of one replication, each part worked out when it is first asked for. n leads."""

    def __init__(self, leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario) -> None:
        self._leads, self._outcomes, self._touches = leads, outcomes, touches
        self._self_scheduling = scenario.policy.self_scheduling
        self.clock = Clock.of(scenario.run)
        self.standard = scenario.run.standard
        self.judged_until = self.clock.end - round(self.standard.days * DAY_MS)
        """Handovers and windows that open after this (ms) are not judged."""

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return self._leads.n

    @property
    def end(self) -> int:
        """Return the end of the run."""
        return self.clock.end

    @cached_property
    def measured(self) -> Bool:
        """Return (n,) who was created in the measured window: the cohort."""
        created = self._leads.created
        return (created >= self.clock.measured_from) & (created < self.clock.measured_until)

    @cached_property
    def window_from(self) -> Int64:
        """Return (n,) max(created, ready_from)."""
        return np.maximum(self._leads.created, self._leads.ready_from)

    @property
    def window_until(self) -> Int64:
        """Return (n,) ready_until."""
        return self._leads.ready_until

    @cached_property
    def buyer(self) -> Bool:
        """Return (n,) who is able, with a window that opens before the end of the run: luck is not asked."""
        return self._leads.able & (self.window_from <= self.window_until) & (self.window_from < self.end)

    @cached_property
    def _bare(self) -> tuple[Handovers, Belonging]:
        return bare_handovers(self._touches, n=self.n, end=self.end)

    @cached_property
    def _own(self) -> tuple[Int64, Int64]:
        """Return the rows of bookings that leads made themselves, and their handovers."""
        touches = self._touches
        if not self._self_scheduling:
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        bare, belonging = self._bare
        booking = np.flatnonzero(touches.kind == Row.BOOKING)
        booking = booking[self._leads.books_itself[touches.lead[booking]]]
        of = belonging.of(touches, booking)
        booking, of = booking[of >= 0], of[of >= 0]
        own = touches.available_at[booking] <= bare.start[of]
        return booking[own], of[own]

    @cached_property
    def tries(self) -> Contacts:
        """Return every touch that was made."""
        touches = self._touches
        rows = np.flatnonzero(is_try(touches))
        return contacts_of(touches, rows, at=touches.dial[rows], handover=self._bare[1].of(touches, rows))

    @cached_property
    def talks(self) -> Contacts:
        """Return every talk, the leads' own bookings included: they count as tried and reached."""
        touches, (own, of_own) = self._touches, self._own
        rows = np.flatnonzero(is_talk(touches))
        at = np.where(touches.kind[rows] == Row.MEETING, touches.start[rows], touches.dial[rows])
        return contacts_of(
            touches,
            np.concatenate((rows, own)),
            at=np.concatenate((at, touches.available_at[own])),
            handover=np.concatenate((self._bare[1].of(touches, rows), of_own)),
        )

    @cached_property
    def handovers(self) -> Handovers:
        """Return every handover with what happened in it."""
        bare, belonging = self._bare
        return with_contents(
            bare, self._touches, belonging, tries=self.tries, talks=self.talks, own=self._own[1]
        )

    @cached_property
    def listed_at(self) -> Int64:
        """Return (h,) from when the first touch of each handover could be made; -1 where none was ever listed."""
        rows = np.flatnonzero(is_listed_try(self._touches))
        of = self._bare[1].of(self._touches, rows)
        return first_of(of, self._touches.available_at[rows], n=self._bare[0].n, none=NO)

    @cached_property
    def tries_counted(self) -> Int64:
        """Return (n,) how many of a lead's tries, over its whole life, the study's standard counts."""
        return self.counted(self.tries)

    @cached_property
    def talked_in_window(self) -> Bool:
        """Return (n,) who was talked to inside its window; an answered touch still in work counts."""
        contact_at = self._outcomes.contact_at
        contacted = (contact_at >= 0) & (contact_at <= self.window_until)
        still_talking = contacted & (self._outcomes.state == State.IN_WORK)
        talked: Bool = self.any_of(self.talks.lead[self.in_window(self.talks)]) | still_talking
        return talked

    def in_window(self, contacts: Contacts) -> Bool:
        """Return which contacts fall inside their lead's window."""
        at, lead = contacts.at, contacts.lead
        return (at >= self.window_from[lead]) & (at <= self.window_until[lead])

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
    return Evidence(leads, outcomes, touches, scenario)
