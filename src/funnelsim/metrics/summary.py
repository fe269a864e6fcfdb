"""One replication as one row: every measure by name."""

from __future__ import annotations

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.errors import ResultError
from funnelsim.metrics import agreement, economics, funnel, promises, workload
from funnelsim.metrics.arithmetic import count, ratio
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.metrics.lost import LostBuyer, lost_cause
from funnelsim.metrics.registry import MEASURES, lost_measure, wasted_measure
from funnelsim.metrics.visitors import visitors_by_channel
from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import Leads, Outcomes, Scored, State, TouchLog
from funnelsim.roster import Roster


def summarise(
    leads: Leads, scored: Scored, outcomes: Outcomes, touches: TouchLog, roster: Roster, scenario: Scenario
) -> dict[str, float]:
    """Return every measure of `MEASURES`, in that order, and no other; nan where one is not defined.

    Cohort figures are of leads created in the measured window and followed to the end of the run, calendar figures of
    what happened in the window. `scored` is part of the contract and not read: what a policy knew shows in the log.

    Raises:
        ResultError: where waste or lost buyers do not add up, or a measure is missing: an internal error.
    """
    e = gather(leads, outcomes, touches, scenario)
    hours = workload.rep_hours(touches, roster, e.clock)
    visitors = float(sum(visitors_by_channel(scenario, leads.replication)))
    values = {
        **waste_measures(leads, outcomes, touches, scenario, evidence=e),
        **buyer_measures(leads, outcomes, touches, scenario, evidence=e),
        **funnel.measures(outcomes, leads.created, evidence=e, visitors=visitors),
        **agreement.measures(outcomes, touches, evidence=e, scenario=scenario, roster=roster),
        **promises.measures(promises.promises(leads, outcomes, touches, roster, scenario, evidence=e)),
        **workload.measures(leads, outcomes, touches, evidence=e, roster=roster, hours=hours),
        **economics.measures(leads, outcomes, evidence=e, scenario=scenario, roster=roster, hours=hours),
    }
    if values.keys() != MEASURES.keys():
        odd = ", ".join(sorted(values.keys() ^ MEASURES.keys()))
        raise ResultError(f"internal error: measures and their registry differ in {odd}")
    return {name: float(values[name]) for name in MEASURES}


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
