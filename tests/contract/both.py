"""Both engines on the same leads: whatever a test finds in one holds in the other, since they agree to the bit."""

from __future__ import annotations

from typing import Any

from funnelsim.calendar import Clock
from funnelsim.config.scenario import Scenario
from funnelsim.engines import reference
from funnelsim.engines.choice import available
from funnelsim.lab.play import Played
from funnelsim.records import LOG_COLUMNS, Leads, Outcomes, Rules, Scored, TouchLog, same
from funnelsim.roster import Agreement, Roster, build_agreement, build_roster, build_rules
from funnelsim.scoring import score_leads


def run_both(
    leads: Leads, scored: Scored, roster: Roster, agreement: Agreement, rules: Rules, end: int
) -> tuple[Outcomes, TouchLog]:
    """Play on the reference engine, and on the compiled one where numba is installed; they must agree."""
    told = reference.run(leads, scored, roster, agreement, rules, end)
    if available():
        from funnelsim.engines import compiled

        difference = differences(told, compiled.run(leads, scored, roster, agreement, rules, end))
        assert not difference, f"the engines differ: {difference}"
    return told


def play_both(scenario: Scenario, leads: Leads) -> Played:
    """Play a scenario as `funnelsim.lab.play.play` does, on both engines."""
    roster = build_roster(scenario)
    scored = score_leads(leads, scenario.policy, scenario.market)
    outcomes, touches = run_both(
        leads, scored, roster, build_agreement(scenario, roster), build_rules(scenario), Clock.of(scenario.run).end
    )
    return Played(scenario, roster, leads, scored, outcomes, touches)


def differences(one: tuple[Outcomes, TouchLog], other: tuple[Outcomes, TouchLog]) -> str:
    """Return in words where two results differ; empty where they are the same to the bit."""
    if same(one[0], other[0]) and same(one[1], other[1]):
        return ""
    found = []
    for a, b in zip(one, other, strict=True):
        names = LOG_COLUMNS if isinstance(a, TouchLog) else Outcomes.__slots__
        for name in names:
            left: Any = getattr(a, name)
            right: Any = getattr(b, name)
            if left.dtype != right.dtype or left.shape != right.shape:
                found.append(f"{name} is {left.dtype}{left.shape} and {right.dtype}{right.shape}")
            elif (left != right).any():
                at = int((left != right).argmax())
                found.append(f"{name}[{at}] is {left[at]} and {right[at]}")
    return "; ".join(found)
