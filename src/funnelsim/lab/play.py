"""One replication of one scenario, from luck to measures."""

from __future__ import annotations

from dataclasses import dataclass

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines import reference
from funnelsim.metrics import summarise
from funnelsim.population import draw_leads
from funnelsim.records import Leads, Outcomes, Scored, TouchLog
from funnelsim.roster import Roster, build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """One replication as it was played."""

    scenario: Scenario
    roster: Roster
    leads: Leads
    scored: Scored
    outcomes: Outcomes
    touches: TouchLog

    def summary(self) -> dict[str, float]:
        """Return every measure by name."""
        return summarise(self.leads, self.scored, self.outcomes, self.touches, self.roster, self.scenario)


def draw(scenario: Scenario, replication: int) -> Leads:
    """Return the leads of one replication: all the luck, none of the policy."""
    return draw_leads(scenario.market, scenario.economics, scenario.run, replication)


def play(scenario: Scenario, leads: Leads) -> Played:
    """Return what becomes of `leads` under the scenario's policy. Draws nothing."""
    roster = build_roster(scenario)
    agreement = build_agreement(scenario, roster)
    scored = score_leads(leads, scenario.policy, scenario.market)
    outcomes, touches = reference.run(
        leads, scored, roster, agreement, build_rules(scenario), Clock.of(scenario.run).end
    )
    return Played(scenario, roster, leads, scored, outcomes, touches)


def measure(scenario: Scenario, replication: int) -> dict[str, float]:
    """Return every measure of one replication, by name."""
    return play(scenario, draw(scenario, replication)).summary()
