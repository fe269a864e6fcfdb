"""One replication as one row: every measure by name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.errors import ResultError
from funnelsim.metrics import agreement, economics, funnel, promises, workload
from funnelsim.metrics.arithmetic import count, ratio
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.metrics.lost import LostBuyer, lost_cause
from funnelsim.metrics.registry import MEASURES, Room, lost_measure, wasted_measure
from funnelsim.metrics.visitors import visitors_by_channel
from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import Leads, Outcomes, Scored, State, TouchLog
from funnelsim.roster import Roster


def summarise(
    leads: Leads,
    scored: Scored,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    only: Collection[str] | None = None,
    evidence: Evidence | None = None,
) -> dict[str, float]:
    """Return measures by name, in the order of `MEASURES`; nan where one is not defined.

    Cohort figures are of leads created in the measured window and followed to the end of the run, calendar figures of
    what happened in the window. `scored` is part of the contract and not read: what a policy knew shows in the log.

    Args:
        leads: One replication.
        scored: What the policy's scoring says of it.
        outcomes: What became of it.
        touches: Who did what to whom.
        roster: The reps.
        scenario: The scenario that was played.
        only: Names of the measures wanted; None = all. Each is the same number whichever others are asked for, and
            what only the others need is not worked out.
        evidence: What the log of this replication says, where it is at hand.

    Raises:
        ValueError: where `only` names no measure.
        ResultError: where waste or lost buyers do not add up, or a measure is missing: an internal error.
    """
    wanted = MEASURES.keys() if only is None else set(only)
    if unknown := wanted - MEASURES.keys():
        raise ValueError(f"no such measures: {', '.join(sorted(unknown))}")
    books = _Books(leads, outcomes, touches, roster, scenario, evidence or gather(leads, outcomes, touches, scenario))
    values: dict[str, float] = {}
    for room in dict.fromkeys(MEASURES[name].room for name in MEASURES if name in wanted):
        found = _ROOMS[room](books)
        if odd := found.keys() ^ {name for name, measure in MEASURES.items() if measure.room == room}:
            raise ResultError(f"internal error: measures and their registry differ in {', '.join(sorted(odd))}")
        values |= found
    return {name: float(values[name]) for name in MEASURES if name in wanted}


class _Books:
    """What several rooms read, each worked out when it is first asked for."""

    def __init__(
        self,
        leads: Leads,
        outcomes: Outcomes,
        touches: TouchLog,
        roster: Roster,
        scenario: Scenario,
        evidence: Evidence,
    ) -> None:
        self.leads, self.outcomes, self.touches = leads, outcomes, touches
        self.roster, self.scenario, self.evidence = roster, scenario, evidence

    @cached_property
    def hours(self) -> workload.Hours:
        """Return the hours of each rep."""
        return workload.rep_hours(self.touches, self.roster, self.evidence.clock)

    @cached_property
    def earned(self) -> dict[str, float]:
        """Return the measures of the room `revenue`."""
        return economics.revenue_measures(
            self.leads, self.outcomes, evidence=self.evidence, scenario=self.scenario
        )

    @property
    def visitors(self) -> float:
        """Return the visitors of the measured window."""
        return float(sum(visitors_by_channel(self.scenario, self.leads.replication)))


_ROOMS: dict[Room, Callable[[_Books], dict[str, float]]] = {
    "waste": lambda b: waste_measures(b.leads, b.outcomes, b.touches, b.scenario, evidence=b.evidence),
    "buyers": lambda b: buyer_measures(b.leads, b.outcomes, b.touches, b.scenario, evidence=b.evidence),
    "funnel": lambda b: funnel.measures(b.outcomes, b.leads.created, evidence=b.evidence, visitors=b.visitors),
    "agreement": lambda b: agreement.measures(
        b.outcomes, b.touches, evidence=b.evidence, scenario=b.scenario, roster=b.roster
    ),
    "promises": lambda b: promises.measures(
        promises.promises(b.leads, b.outcomes, b.touches, b.roster, b.scenario, evidence=b.evidence)
    ),
    "workload": lambda b: workload.measures(
        b.leads, b.outcomes, b.touches, evidence=b.evidence, roster=b.roster, hours=b.hours
    ),
    "revenue": lambda b: b.earned,
    "cost": lambda b: economics.cost_measures(
        b.earned, evidence=b.evidence, scenario=b.scenario, roster=b.roster, hours=b.hours
    ),
    "sales": lambda b: economics.sales_measures(
        b.leads, b.outcomes, b.earned, evidence=b.evidence, scenario=b.scenario, roster=b.roster
    ),
}


def waste_measures(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario, *, evidence: Evidence
) -> dict[str, float]:
    """Return the measures of leads wasted, of the cohort; the shares by cause add up to the whole."""
    mine = evidence.measured
    cause = wasted_cause(leads, outcomes, touches, scenario, evidence=evidence)
    wasted = mine & (cause != Waste.NONE)
    n, mqls = count(mine), count(mine & (outcomes.mql_at >= 0))
    by_cause = np.bincount(cause[mine], minlength=len(Waste))
    # A merged or won lead that was wasted, or a wasted lead without a cause, would break the sum.
    never = np.isin(outcomes.state, (State.WON, State.MERGED))
    if by_cause.sum() != n or by_cause[1:].sum() != count(wasted & ~never):
        raise ResultError("internal error: the causes of waste do not add up to the leads wasted")
    return {
        "leads_wasted": count(wasted),
        "leads_wasted_share": ratio(count(wasted), n),
        "mqls_wasted_share": ratio(count(wasted & (outcomes.mql_at >= 0)), mqls),
        "leads_wasted_value": float(leads.value[wasted & evidence.buyer].sum()),
        **{wasted_measure(c): ratio(float(by_cause[c]), n) for c in Waste if c},
    }


def buyer_measures(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, scenario: Scenario, *, evidence: Evidence
) -> dict[str, float]:
    """Return the measures of buyers lost, of the cohort; the counts by cause add up to the whole."""
    mine = evidence.measured
    buyer = would_buy(leads, scenario) & mine
    lost = buyer & (outcomes.state != State.WON)
    cause = lost_cause(leads, outcomes, touches, scenario, evidence=evidence)
    by_cause = np.bincount(cause[mine], minlength=len(LostBuyer))
    if by_cause[1:].sum() != count(lost):
        raise ResultError("internal error: the causes of lost buyers do not add up to the buyers lost")
    return {
        "buyers": count(buyer),
        "buyers_lost": count(lost),
        "buyers_lost_share": ratio(count(lost), count(buyer)),
        "buyers_lost_value": float(leads.value[lost].sum()),
        **{lost_measure(c): float(by_cause[c]) for c in LostBuyer if c},
    }
