"""One replication of one scenario, from luck to measures."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Plugin, Wish, choose
from funnelsim.metrics import summarise
from funnelsim.metrics.evidence import Evidence
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
    engine: str = "reference"  # which one played it; the others give the same bits

    def summary(
        self, only: Collection[str] | None = None, *, evidence: Evidence | None = None
    ) -> dict[str, float]:
        """Return every measure by name, or those whose names are in `only`; see `summarise`."""
        records = (self.leads, self.scored, self.outcomes, self.touches)
        return summarise(*records, self.roster, self.scenario, only=only, evidence=evidence)


def draw(scenario: Scenario, replication: int) -> Leads:
    """Return the leads of one replication: all the luck, none of the policy."""
    return draw_leads(scenario.market, scenario.economics, scenario.run, replication)


def play(
    scenario: Scenario, leads: Leads, *, engine: Engine | Wish = "auto", plugin: Plugin | None = None
) -> Played:
    """Return what becomes of `leads` under the scenario's policy. Draws nothing.

    Args:
        scenario: The scenario.
        leads: One replication of its world.
        engine: Which engine plays (see `funnelsim.engines.choice`); the answer is the same to the bit.
        plugin: A user's own routing rule or processes.

    Raises:
        EngineError: where that engine cannot play here, or not with a plug-in.
    """
    if not isinstance(engine, Engine):
        engine = choose(engine, plugin=plugin)
    roster = build_roster(scenario)
    agreement = build_agreement(scenario, roster)
    scored = score_leads(leads, scenario.policy, scenario.market)
    outcomes, touches = engine.run(
        leads, scored, roster, agreement, build_rules(scenario), Clock.of(scenario.run).end, plugin=plugin
    )
    return Played(scenario, roster, leads, scored, outcomes, touches, engine.name)


def measure(
    scenario: Scenario, replication: int, *, engine: Engine | Wish = "auto", plugin: Plugin | None = None
) -> dict[str, float]:
    """Return every measure of one replication, by name. Arguments and errors as in `play`."""
    return play(scenario, draw(scenario, replication), engine=engine, plugin=plugin).summary()
