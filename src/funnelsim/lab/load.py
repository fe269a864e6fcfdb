"""Offered load: how much work the market and the policy bring to each role, beside what its reps can do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw
from funnelsim.lab.unhurried import Unhurried
from funnelsim.records import ALWAYS, Leads
from funnelsim.roster import Roster, build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads

WEEK_MS = 7 * 86_400_000
HOUR_MS = 3_600_000
MOST_LEADS = 20_000
"""Leads that are followed; of more, every s-th is, and counts for s."""


@dataclass(frozen=True, slots=True)
class RoleLoad:
    """The work of one role beside its capacity, in the measured window."""

    role: str
    reps: int
    offered_hours_per_week: float  # of a practised rep
    open_hours_per_week: float  # open time of all its reps, an hour under ramp counted by its productivity

    @property
    def ratio(self) -> float:
        """Return offered load over capacity; inf where work meets no open hours, 0 where there is neither."""
        if self.open_hours_per_week > 0:
            return self.offered_hours_per_week / self.open_hours_per_week
        return float("inf") if self.offered_hours_per_week > 0 else 0.0

    @property
    def cannot_keep_up(self) -> bool:
        """Return whether the load is above the capacity."""
        return self.ratio > 1.0

    def in_words(self) -> str:
        """Return both figures in a sentence."""
        what = "cannot keep up" if self.cannot_keep_up else "can keep up"
        return (
            f"the role '{self.role}' {what}: {self.offered_hours_per_week:,.1f} h of work a week are offered to "
            f"{self.reps} {'rep' if self.reps == 1 else 'reps'} with {self.open_hours_per_week:,.1f} h "
            f"(load {self.ratio:.2f})"
        )


def offered_load(scenario: Scenario, *, leads: Leads | None = None) -> tuple[RoleLoad, ...]:
    """Return the offered load of each role, the touching role first.

    The leads of replication 0 are followed as if a rep were free whenever one is open (`Unhurried` lists what that
    leaves out), and the work that begins in the measured window is added up. A team that falls behind reaches fewer
    people later, so its real work differs; the estimate says whether it would fall behind.

    Args:
        scenario: The scenario.
        leads: Its replication 0, where it is at hand.
    """
    clock, roster = Clock.of(scenario.run), build_roster(scenario)
    leads = draw(scenario, 0) if leads is None else leads
    stride = -(-leads.n // MOST_LEADS) if leads.n else 1
    unhurried = Unhurried(
        leads,
        score_leads(leads, scenario.policy, scenario.market),
        roster,
        build_agreement(scenario, roster),
        build_rules(scenario),
        clock,
    )
    for i in range(0, leads.n, stride):
        unhurried.follow(i)
    weeks = (clock.measured_until - clock.measured_from) / WEEK_MS
    return tuple(
        RoleLoad(
            role=role,
            reps=len(roster.members(team)),
            offered_hours_per_week=unhurried.work_ms[team] * stride / HOUR_MS / weeks,
            open_hours_per_week=_open_ms(roster, team, clock) / HOUR_MS / weeks,
        )
        for team, role in enumerate(roster.team_names)
    )


def _open_ms(roster: Roster, team: int, clock: Clock) -> float:
    """Return the open ms of a team's reps in the measured window, each weighed by the productivity then in force."""
    total = 0.0
    for rep in roster.members(team):
        calendar = roster.calendars[rep]
        starts, permille = roster.ramp_from[rep], roster.ramp_permille[rep]
        for begins, ends, p in zip(starts, [*starts[1:], ALWAYS], permille, strict=True):
            low, high = max(int(begins), clock.measured_from), min(int(ends), clock.measured_until)
            if low < high:
                open_ms = np.minimum(calendar.closes, high) - np.maximum(calendar.opens, low)
                total += float(open_ms[open_ms > 0].sum()) * int(p) / 1000
    return total
