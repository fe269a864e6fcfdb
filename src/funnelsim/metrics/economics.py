"""Money: revenue, what it cost, and the ratios by which it is judged."""

from __future__ import annotations

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.metrics.agreement import measured_at
from funnelsim.metrics.arithmetic import DAY_MS, HOUR_MS, MONTH_MS, NAN, mean, ratio
from funnelsim.metrics.evidence import Evidence
from funnelsim.metrics.workload import Hours, mean_number, months_at_work
from funnelsim.records import Bool, Float64, Int64, Leads, Outcomes, State
from funnelsim.roster import Roster


def lifetime_value(leads: Leads, scenario: Scenario) -> Float64:
    """Return (n,) what each lead would leave over its lifetime as a customer, after delivery and keeping it.

    The deal value pays for `contract_months`, so a customer of m months pays m / contract_months of it, of which
    `gross_margin` is left, less `keep_cost_per_month` for each month. Not discounted.
    """
    economics = scenario.economics
    monthly = leads.value / economics.contract_months * economics.gross_margin - economics.keep_cost_per_month
    return np.asarray(monthly * leads.months, dtype=np.float64)


def marketing_spend(scenario: Scenario, months: float) -> dict[str, float]:
    """Return what each channel costs in so many months of 30.4375 days."""
    return {name: channel.spend_per_month * months for name, channel in scenario.market.channels.items()}


def opportunity_spans(outcomes: Outcomes, end: int) -> tuple[Int64, Int64, Int64]:
    """Return lead, beginning and end of every opportunity; one that is still open ends with the run."""
    lead = np.flatnonzero(outcomes.opportunity_at >= 0)
    closed = outcomes.closed_at[lead]
    # One that ended as a no-show was neither won, lost nor stalled.
    over = np.where(outcomes.state[lead] >= State.WON, outcomes.since[lead], end)
    return lead, outcomes.opportunity_at[lead], np.where(closed >= 0, closed, over)


def mean_pipeline(leads: Leads, outcomes: Outcomes, e: Evidence) -> tuple[float, float]:
    """Return the mean number and the mean value of open opportunities over the measured window."""
    lead, start, end = opportunity_spans(outcomes, e.end)
    since, until = e.clock.measured_from, e.clock.measured_until
    inside = np.maximum(np.minimum(end, until) - np.maximum(start, since), 0)
    return mean_number(start, end, e.clock), float((inside * leads.value[lead]).sum()) / float(until - since)


def revenue_measures(leads: Leads, outcomes: Outcomes, *, evidence: Evidence, scenario: Scenario) -> dict[str, float]:
    """Return the measures of the room `revenue`: what was won, and what it is worth."""
    e = evidence
    won = outcomes.state == State.WON
    mine: Bool = won & e.measured
    closed_now = won & measured_at(outcomes.closed_at, e.clock)
    value = lifetime_value(leads, scenario)[mine]
    return {
        "revenue": float(leads.value[mine].sum()),
        "revenue_calendar": float(leads.value[closed_now].sum()),
        "deals": float(np.count_nonzero(mine)),
        "deals_calendar": float(np.count_nonzero(closed_now)),
        "deal_value_mean": mean(leads.value[mine]),
        "lifetime_value": float(value.sum()),
        "lifetime_value_per_deal": mean(value),
    }


def cost_measures(
    earned: dict[str, float], *, evidence: Evidence, scenario: Scenario, roster: Roster, hours: Hours
) -> dict[str, float]:
    """Return the measures of the room `cost`: what it cost, and what is left. `earned` is of `revenue_measures`."""
    e, economics = evidence, scenario.economics
    months = (e.clock.measured_until - e.clock.measured_from) / MONTH_MS
    revenue, deals, n_leads = earned["revenue"], earned["deals"], float(np.count_nonzero(e.measured))
    spend = sum(marketing_spend(scenario, months).values())
    paid = hours.open_ms + hours.overtime_ms * economics.overtime_factor
    rep_cost = float((paid * roster.cost_per_hour).sum()) / HOUR_MS
    fixed = economics.fixed_cost_per_month * months
    cost = spend + rep_cost + fixed
    cac = ratio(cost, deals)
    gross = revenue * economics.gross_margin
    monthly_margin = ratio(gross, deals) / economics.contract_months - economics.keep_cost_per_month
    return {
        "marketing_spend": spend,
        "rep_cost": rep_cost,
        "cost": cost,
        "profit": gross - cost,
        "cpl": ratio(spend, n_leads),
        "cac": cac,
        "cac_payback_months": cac / monthly_margin if deals and monthly_margin > 0 else NAN,
        "ltv_to_cac": ratio(earned["lifetime_value_per_deal"], cac) if deals else NAN,
        "romi": ratio(gross - spend, spend),
        "acquire_to_keep_ratio": ratio(cac, 12.0 * economics.keep_cost_per_month),
    }


def sales_measures(
    leads: Leads,
    outcomes: Outcomes,
    earned: dict[str, float],
    *,
    evidence: Evidence,
    scenario: Scenario,
    roster: Roster,
) -> dict[str, float]:
    """Return the measures of the room `sales`: quota, pipeline and velocity. `earned` is of `revenue_measures`."""
    e, quota = evidence, scenario.economics.quota_per_month
    closers = months_at_work(roster, roster.members(roster.close_team), e.clock)
    months = (e.clock.measured_until - e.clock.measured_from) / MONTH_MS
    open_number, open_value = mean_pipeline(leads, outcomes, e)
    lead, start, end = opportunity_spans(outcomes, e.end)
    over = (outcomes.state[lead] >= State.WON) & measured_at(end, e.clock)
    won = outcomes.state[lead[over]] == State.WON
    cycle_days = mean((end - start)[over]) / DAY_MS
    win_rate = mean(won)
    won_value = mean(leads.value[lead[over][won]])
    velocity = open_number * win_rate * won_value / cycle_days if cycle_days > 0 else NAN
    n_leads = float(np.count_nonzero(e.measured))
    return {
        "quota_attainment": ratio(earned["revenue_calendar"], quota * closers),
        "pipeline_value_mean": open_value,
        "pipeline_coverage": ratio(open_value, 3.0 * quota * closers / months),
        "sales_velocity_per_day": velocity,
        "leads_a_rep_needs": ratio(quota * n_leads, earned["revenue"]) if quota else NAN,
    }
