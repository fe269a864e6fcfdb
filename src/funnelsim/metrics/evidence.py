"""The touch log, read once: handovers, tries and talks, and the window in which each buyer would buy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar, cast

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.arithmetic import DAY_MS
from funnelsim.metrics.contacts import Contacts, counted_tries
from funnelsim.metrics.handovers import Handovers
from funnelsim.records import Bool, Int64, Leads, Outcomes, State, TouchLog

T = TypeVar("T")


class Evidence:
    """What the measures read of one replication, each part worked out when it is first asked for. n leads."""

    def __init__(self, leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario) -> None:
        self._leads, self._outcomes, self._touches = leads, outcomes, touches
        self._self_scheduling = scenario.policy.self_scheduling
        self._readings: dict[str, Any] = {}
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
    def handovers(self) -> Handovers:
        """Return every handover."""
        leads = self._leads
        books_itself = leads.books_itself if self._self_scheduling else None
        return Handovers(self._touches, books_itself=books_itself, n=leads.n, end=self.end)

    @property
    def tries(self) -> Contacts:
        """Return every touch that was made."""
        return self.handovers.every_try

    @property
    def talks(self) -> Contacts:
        """Return every talk, the leads' own bookings included: they count as tried and reached."""
        return self.handovers.every_talk

    @cached_property
    def tries_counted(self) -> Int64:
        """Return (n,) how many of a lead's tries, over its whole life, the study's standard counts."""
        return self.counted(self.tries)

    @cached_property
    def talked(self) -> Bool:
        """Return (n,) who was talked to at all, or booked a meeting by itself."""
        return self.any_of(self._touches.lead[self.handovers.talk_rows[0]])

    @cached_property
    def talked_in_window(self) -> Bool:
        """Return (n,) who was talked to inside its window; an answered touch still in work counts."""
        contact_at = self._outcomes.contact_at
        contacted = (contact_at >= 0) & (contact_at <= self.window_until)
        still_talking = contacted & (self._outcomes.state == State.IN_WORK)
        rows, at = self.handovers.talk_rows
        lead = self._touches.lead[rows]
        talked: Bool = self.any_of(lead[self._inside(lead, at)]) | still_talking
        return talked

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` says: a reading of this evidence, worked out when its `name` is first asked for."""
        if name not in self._readings:
            self._readings[name] = make()
        return cast(T, self._readings[name])

    def in_window(self, contacts: Contacts) -> Bool:
        """Return which contacts fall inside their lead's window."""
        return self._inside(contacts.lead, contacts.at)

    def _inside(self, lead: Int64, at: Int64) -> Bool:
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
