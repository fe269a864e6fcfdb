"""The funnel: how many reach each stage, what share passes on, and how long it takes."""

from __future__ import annotations

import numpy as np

from funnelsim.metrics.arithmetic import count, days, mean, quantile, ratio
from funnelsim.metrics.evidence import Evidence
from funnelsim.records import Bool, Int64, Outcomes, State

STAGES = ("leads", "mqls", "connected", "sqls", "met", "opportunities", "deals")
"""The stages of the funnel as the breakdowns name them."""


def reached_stage(outcomes: Outcomes) -> dict[str, Bool]:
    """Return (n,) for each stage which leads have reached it, merged ones among the leads only."""
    return {
        "leads": np.ones(outcomes.state.size, dtype=np.bool_),
        "mqls": outcomes.mql_at >= 0,
        "connected": outcomes.first_talk_at >= 0,
        "sqls": outcomes.sql_at >= 0,
        "met": outcomes.met_at >= 0,
        "opportunities": outcomes.opportunity_at >= 0,
        "deals": outcomes.state == State.WON,
    }


def passage_ms(outcomes: Outcomes, chosen: Bool, *, since: Int64, until: Int64) -> Int64:
    """Return the ms between two moments of the chosen leads, for those for which both came, in that order."""
    both = chosen & (since >= 0) & (until >= since)
    return (until - since)[both]


def stage_medians(outcomes: Outcomes, created: Int64, chosen: Bool) -> dict[str, float]:
    """Return the median days that the chosen leads spent between stages, of those that passed both."""
    closed = np.where(outcomes.state == State.WON, outcomes.closed_at, -1)
    spans = {
        "lead_to_mql_days_median": (created, outcomes.mql_at),
        "mql_to_sql_days_median": (outcomes.mql_at, outcomes.sql_at),
        "sql_to_met_days_median": (outcomes.sql_at, outcomes.met_at),
        "opportunity_to_won_days_median": (outcomes.opportunity_at, closed),
        "days_to_close_median": (created, closed),
    }
    return {
        name: quantile(days(passage_ms(outcomes, chosen, since=since, until=until)), 0.5)
        for name, (since, until) in spans.items()
    }


def journey_gone(outcomes: Outcomes, created: Int64, chosen: Bool) -> float:
    """Return the mean share of the way from creation to the signed deal that was gone at the first talk, deals won."""
    won = chosen & (outcomes.state == State.WON) & (outcomes.first_talk_at >= 0) & (outcomes.closed_at > created)
    return mean((outcomes.first_talk_at - created)[won] / (outcomes.closed_at - created)[won])


def measures(outcomes: Outcomes, created: Int64, *, evidence: Evidence, visitors: float) -> dict[str, float]:
    """Return the measures of the groups `funnel` and `velocity`, of the cohort."""
    mine = evidence.measured
    n = {stage: count(reached & mine) for stage, reached in reached_stage(outcomes).items()}
    closed = np.where(outcomes.state == State.WON, outcomes.closed_at, -1)
    return {
        "visitors": visitors,
        "leads": n["leads"],
        "merged": count((outcomes.state == State.MERGED) & mine),
        "mqls": n["mqls"],
        "connected": n["connected"],
        "sqls": n["sqls"],
        "met": n["met"],
        "opportunities": n["opportunities"],
        "visitor_to_lead_share": ratio(n["leads"], visitors),
        "lead_to_mql_share": ratio(n["mqls"], n["leads"]),
        "mql_to_connected_share": ratio(n["connected"], n["mqls"]),
        "mql_to_sql_share": ratio(n["sqls"], n["mqls"]),
        "sql_to_opportunity_share": ratio(n["opportunities"], n["sqls"]),
        "opportunity_to_won_share": ratio(n["deals"], n["opportunities"]),
        "mql_to_won_share": ratio(n["deals"], n["mqls"]),
        "lead_to_won_share": ratio(n["deals"], n["leads"]),
        **stage_medians(outcomes, created, mine),
        "days_to_close_p90": quantile(days(passage_ms(outcomes, mine, since=created, until=closed)), 0.9),
        "journey_gone_share": journey_gone(outcomes, created, mine),
    }
