"""When nobody fills a role: before anybody joins, after everybody has left, or in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import Calendar, Clock, union
from funnelsim.config.scenario import Scenario
from funnelsim.config.state import State, in_state
from funnelsim.roster import build_roster


@dataclass(frozen=True, slots=True)
class Vacancy:
    """A time in which nobody of a role is there."""

    role: str
    since: int  # ms
    until: int  # ms; the end of the run where nobody joins before
    clock: Clock
    event: str = ""  # the uncertain event that brings it about; empty where the scenario itself does

    def in_words(self) -> str:
        """Return who is missing from when to when, and what that means."""
        since = self.clock.to_datetime(self.since).date()
        until = "to the end" if self.until >= self.clock.end else f"to {self.clock.to_datetime(self.until).date()}"
        event = f"in the event '{self.event}' " if self.event else ""
        return (
            f"{event}nobody fills the role '{self.role}' from {since} {until}: leads wait without an owner, what was "
            "begun waits with who is gone, and business time of the role stands still"
        )


def vacancies(scenario: Scenario) -> tuple[Vacancy, ...]:
    """Return when a role is not filled during the run: as the file says, then where an uncertain event happens.

    Of an event, only those that the file itself does not have.
    """
    written = _vacancies(scenario, "")
    known = {(vacancy.role, vacancy.since, vacancy.until) for vacancy in written}
    found = [
        vacancy
        for name in scenario.uncertain.events
        for vacancy in _vacancies(in_state(scenario, State(name, events=frozenset({name}))), name)
        if (vacancy.role, vacancy.since, vacancy.until) not in known
    ]
    return (*written, *found)


def _vacancies(scenario: Scenario, event: str) -> tuple[Vacancy, ...]:
    clock, roster = Clock.of(scenario.run), build_roster(scenario)
    found = []
    for team, role in enumerate(roster.team_names):
        members = roster.members(team)
        stays = [r for r in members if roster.starts[r] < roster.leaves[r]]
        there = union(Calendar(roster.starts[[r]], roster.leaves[[r]]) for r in stays)
        edges = np.concatenate(([0], np.column_stack((there.opens, there.closes)).ravel(), [clock.end]))
        for since, until in edges.reshape(-1, 2).tolist():
            if since < min(until, clock.end):
                found.append(Vacancy(role, since, min(until, clock.end), clock, event))
    return tuple(found)
