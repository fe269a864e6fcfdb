"""The funnel by channel, offer, tier and month, as plain columns of which the report makes tables and figures.

Who needs several of them reads the log once and passes `evidence`.
"""

from __future__ import annotations

import numpy as np

from funnelsim.calendar import Clock, open_before
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.agreement import TIERS, first_touch_kept, measured_at, speed_to_lead, whole_months
from funnelsim.metrics.arithmetic import MONTH_MS, count, days, hours, mean, quantile, ratio
from funnelsim.metrics.economics import marketing_spend
from funnelsim.metrics.evidence import Evidence, gather
from funnelsim.metrics.funnel import passage_ms, reached_stage, stage_medians
from funnelsim.metrics.reach import by_attempt as by_attempt
from funnelsim.metrics.reach import by_delay as by_delay
from funnelsim.metrics.tables import Table, shares
from funnelsim.metrics.visitors import visitors_by_channel
from funnelsim.metrics.waste import Waste, wasted_cause
from funnelsim.metrics.week import daily as daily
from funnelsim.metrics.week import hourly as hourly
from funnelsim.records import Int64, Leads, Outcomes, State, Tier, TouchLog
from funnelsim.roster import Roster


def by_channel(
    leads: Leads,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    evidence: Evidence | None = None,
) -> Table:
    """Return the cohort's funnel, waste, speed and revenue by channel, with visitors, spend and unit costs.

    Rows in the order of `market.channels`; columns as in `by_offer`, and visitors, visitor_to_lead_share, spend,
    cost_per_lead, cost_per_deal and revenue_per_spend (money, or a ratio; nan where the denominator is 0).
    """
    e = evidence or gather(leads, outcomes, touches, scenario)
    table = _segments(
        leads, outcomes, touches, e=e, roster=roster, scenario=scenario,
        key="channel", names=tuple(scenario.market.channels), group=leads.channel.astype(np.int64),
    )  # fmt: skip
    months = (e.clock.measured_until - e.clock.measured_from) / MONTH_MS
    spend = np.array(list(marketing_spend(scenario, months).values()))
    columns = {name: np.asarray(table[name], dtype=np.float64) for name in ("leads", "deals", "revenue")}
    visitors = np.array(visitors_by_channel(scenario, leads.replication), dtype=np.float64)
    table["visitors"] = visitors
    table["visitor_to_lead_share"] = shares(columns["leads"], visitors)
    table["spend"] = spend
    table["cost_per_lead"] = shares(spend, columns["leads"])
    table["cost_per_deal"] = shares(spend, columns["deals"])
    table["revenue_per_spend"] = shares(columns["revenue"], spend)
    return table


def by_offer(
    leads: Leads,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    evidence: Evidence | None = None,
) -> Table:
    """Return the cohort's funnel, waste, speed and revenue by the offer that made somebody a lead.

    Rows in the order of `market.offers`. Columns: how many reached each stage (leads, mqls, connected, sqls, met,
    opportunities, deals), tier_a (handed over in tier A at first), the conversions between stages that `summarise` has
    too, leads_wasted_share, median days between stages, days_to_close_median and _p90; over the handovers of the
    measured window speed_to_lead_median_hours, first_touch_attainment and attempts_mean; revenue. Figures of nothing
    are nan.
    """
    return _segments(
        leads, outcomes, touches, e=evidence or gather(leads, outcomes, touches, scenario), roster=roster,
        scenario=scenario,
        key="offer", names=tuple(scenario.market.offers), group=leads.offer.astype(np.int64),
    )  # fmt: skip


def by_tier(
    leads: Leads,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    evidence: Evidence | None = None,
) -> Table:
    """Return the cohort's funnel by the tier of the first handover; the last row is of leads never handed over."""
    tier = np.where(outcomes.tier >= 0, outcomes.tier, len(TIERS)).astype(np.int64)
    return _segments(
        leads, outcomes, touches, e=evidence or gather(leads, outcomes, touches, scenario), roster=roster,
        scenario=scenario,
        key="tier", names=(*TIERS, "not handed over"), group=tier,
    )  # fmt: skip


def _segments(
    leads: Leads, outcomes: Outcomes, touches: TouchLog, *, e: Evidence, roster: Roster, scenario: Scenario,
    key: str, names: tuple[str, ...], group: Int64,
) -> Table:  # fmt: skip
    """Return one row for each name; `group` (n,) says which row each lead belongs to."""
    wasted = wasted_cause(leads, outcomes, touches, scenario, evidence=e) != Waste.NONE
    stages = reached_stage(outcomes)
    speed = speed_to_lead(e, roster)
    speed_group = group[e.handovers.lead[speed.handover]]
    judged, kept = first_touch_kept(e)
    kept_group = group[e.handovers.lead[judged]]
    handed = speed.handover[e.handovers.start[speed.handover] <= e.judged_until]
    handed_group = group[e.handovers.lead[handed]]
    closed = np.where(outcomes.state == State.WON, outcomes.closed_at, -1)
    rows: list[dict[str, float]] = []
    for g in range(len(names)):
        mine = e.measured & (group == g)
        n = {stage: count(mine & reached) for stage, reached in stages.items()}
        rows.append(
            {
                **n,
                "tier_a": count(mine & (outcomes.tier == Tier.A)),
                "lead_to_mql_share": ratio(n["mqls"], n["leads"]),
                "mql_to_sql_share": ratio(n["sqls"], n["mqls"]),
                "sql_to_opportunity_share": ratio(n["opportunities"], n["sqls"]),
                "opportunity_to_won_share": ratio(n["deals"], n["opportunities"]),
                "lead_to_won_share": ratio(n["deals"], n["leads"]),
                "leads_wasted_share": ratio(count(mine & wasted), n["leads"]),
                **stage_medians(outcomes, leads.created, mine),
                "days_to_close_p90": quantile(days(passage_ms(outcomes, mine, since=leads.created, until=closed)), 0.9),
                "speed_to_lead_median_hours": quantile(speed.hours[speed.tried & (speed_group == g)], 0.5),
                "attempts_mean": mean(e.handovers.tries[handed[handed_group == g]]),
                "first_touch_attainment": mean(kept[kept_group == g]),
                "revenue": float(leads.value[mine & stages["deals"]].sum()),
            }
        )
    return {key: names, **{column: np.array([row[column] for row in rows]) for column in rows[0]}}


def by_month(leads: Leads, outcomes: Outcomes, scenario: Scenario) -> Table:
    """Return what happened in each month that the measured window touches, whoever it happened to.

    Column `whole` says whether all of the month was measured; the others count leads created, first MQLs, first SQLs,
    deals and their value, each by its own date, inside the window only.
    """
    clock = Clock.of(scenario.run)
    shown = np.unique(clock.month_index(clock.midnights[:-1][measured_at(clock.midnights[:-1], clock)]))
    won = outcomes.state == State.WON
    moments = {
        "leads": leads.created,
        "mqls": outcomes.mql_at,
        "sqls": outcomes.sql_at,
        "deals": np.where(won, outcomes.closed_at, -1),
    }
    table: Table = {"month": tuple(clock.months[m] for m in shown), "whole": np.isin(shown, whole_months(clock))}
    for name, at in moments.items():
        month = clock.month_index(at[measured_at(at, clock)])
        table[name] = np.bincount(month, minlength=len(clock.months))[shown].astype(np.float64)
    closed = won & measured_at(outcomes.closed_at, clock)
    month = clock.month_index(outcomes.closed_at[closed])
    table["revenue"] = np.bincount(month, weights=leads.value[closed], minlength=len(clock.months))[shown]
    return table


def speed_to_lead_sample(
    leads: Leads,
    outcomes: Outcomes,
    touches: TouchLog,
    roster: Roster,
    scenario: Scenario,
    *,
    evidence: Evidence | None = None,
) -> Table:
    """Return the first touch of each handover of the measured window, bookings made by the lead left out.

    Columns: tier; touched; kept (at or before due; only where `judged`); judged (due before the end of the run); hours
    and business_hours from the qualifying event (inf where not touched); term_hours on the clock of the tier's
    first-touch term from when the touch could be made, as the term counts them.
    """
    e = evidence or gather(leads, outcomes, touches, scenario)
    h, speed = e.handovers, speed_to_lead(e, roster)
    chosen = speed.handover
    judged_rows, kept_rows = first_touch_kept(e)
    kept, judged = np.zeros(h.n, dtype=np.bool_), np.zeros(h.n, dtype=np.bool_)
    judged[judged_rows], kept[judged_rows] = True, kept_rows
    calendar = roster.team_calendars[roster.touch_team]
    business = np.array([scenario.policy.sla.of_tier(tier).first_touch.business for tier in TIERS])
    first, available = h.first_try[chosen], h.listed_at[chosen]
    on_clock = np.where(
        business[np.clip(h.tier[chosen], 0, len(TIERS) - 1)],
        open_before(calendar, first) - open_before(calendar, available),
        first - available,
    )
    return {
        "tier": tuple(TIERS[t] for t in np.clip(h.tier[chosen], 0, len(TIERS) - 1).tolist()),
        "touched": speed.tried,
        "judged": judged[chosen],
        "kept": kept[chosen],
        "hours": speed.hours,
        "business_hours": speed.business_hours,
        "term_hours": np.where(speed.tried, hours(on_clock), np.inf),
    }
