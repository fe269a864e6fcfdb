"""Every measure by name: its unit, what it means, which way is better, and the group it is shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from funnelsim.metrics.lost import LOST_TEXT, LostBuyer
from funnelsim.metrics.waste import WASTE_TEXT, Waste

Direction = Literal["up", "down", "none"]
Group = Literal["goals", "waste", "buyers", "funnel", "agreement", "promises", "velocity", "workload", "money", "sales"]
Room = Literal["waste", "buyers", "funnel", "agreement", "promises", "workload", "revenue", "cost", "sales"]
"""Measures of one room are worked out together (`summary` says by what), those of other rooms only if asked for."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a replication."""

    name: str
    unit: str  # 'share' is 0..1; 'money' is in the scenario's currency
    definition: str
    direction: Direction  # which way is better; 'none' for what is only described
    group: Group
    room: Room


def wasted_measure(cause: Waste) -> str:
    """Return the name of the measure of a cause of waste, as a share of the leads created."""
    return f"wasted_{cause.name.lower()}_share"


def lost_measure(cause: LostBuyer) -> str:
    """Return the name of the measure that counts the buyers lost to a cause."""
    return f"buyers_lost_{cause.name.lower()}"


_GOALS: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "revenue",
        "money",
        "up",
        "Value of the deals won by leads created in the measured window, followed to the end of the run.",
    ),
    (
        "leads_wasted_share",
        "share",
        "down",
        "Share of the leads created in the measured window that were wasted, by the study's own standard.",
    ),
    ("profit", "money", "up", "Gross margin of that revenue less the cost of the measured window."),
)
_WASTE: tuple[tuple[str, str, Direction, str], ...] = (
    ("leads_wasted", "leads", "down", "Leads created in the measured window that were wasted."),
    (
        "mqls_wasted_share",
        "share",
        "down",
        "Wasted MQLs as a share of the MQLs among the leads created in the measured window.",
    ),
    (
        "leads_wasted_value",
        "money",
        "down",
        "Deal value of the wasted leads that could have bought: able, with a window after their creation.",
    ),
    *(
        (wasted_measure(c), "share", "down", f"Leads wasted, as a share of the leads created: {WASTE_TEXT[c]}.")
        for c in Waste
        if c
    ),
)
_BUYERS: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "buyers",
        "leads",
        "none",
        "Leads created in the measured window that would buy under ideal follow-up, whatever the policy.",
    ),
    (
        "buyers_lost",
        "leads",
        "down",
        "Of these, those that were not won. A diagnosis, no objective: it mirrors revenue.",
    ),
    ("buyers_lost_share", "share", "down", "Buyers lost as a share of buyers."),
    ("buyers_lost_value", "money", "down", "Deal value of the buyers lost."),
    *((lost_measure(c), "leads", "down", f"Buyers lost: {LOST_TEXT[c]}.") for c in LostBuyer if c),
)
_FUNNEL: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "visitors",
        "visitors",
        "none",
        "Visitors in the measured window, those who left no name included. A vanity figure.",
    ),
    ("leads", "leads", "none", "Leads created in the measured window: the cohort of all figures below."),
    ("merged", "leads", "none", "Of these, duplicates that were merged."),
    ("mqls", "leads", "none", "Leads that qualified at least once."),
    ("connected", "leads", "up", "Leads that were talked to: an answered call, a handled reply, or a kept meeting."),
    ("sqls", "leads", "up", "Leads passed on as an SQL, or that booked a meeting where there is no such stage."),
    ("met", "leads", "up", "Leads that kept a first meeting."),
    ("opportunities", "leads", "up", "Leads that became an opportunity."),
    ("deals", "deals", "up", "Leads that were won."),
    ("visitor_to_lead_share", "share", "none", "Leads / visitors."),
    ("lead_to_mql_share", "share", "none", "MQLs / leads."),
    ("mql_to_connected_share", "share", "up", "Connected leads / MQLs."),
    ("mql_to_sql_share", "share", "up", "SQLs / MQLs."),
    ("sql_to_opportunity_share", "share", "up", "Opportunities / SQLs."),
    ("opportunity_to_won_share", "share", "up", "Deals / opportunities."),
    ("mql_to_won_share", "share", "up", "Deals / MQLs."),
    ("lead_to_won_share", "share", "up", "Deals / leads."),
)
_AGREEMENT: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "handovers",
        "handovers",
        "none",
        "Handovers to sales in the measured window; a lead may be handed over more than once.",
    ),
    (
        "first_touch_attainment",
        "share",
        "up",
        "Share of these whose first dial came at or before it was due; bookings made by the lead are left out.",
    ),
    (
        "later_touch_attainment",
        "share",
        "up",
        "Share of later touches due in the measured window that were made by then.",
    ),
    (
        "acceptance_attainment",
        "share",
        "up",
        "Share of SQLs met within the term to accept them; undefined without that term.",
    ),
    (
        "worked_in_window_share",
        "share",
        "up",
        "Share of handovers talked to or given every attempt agreed before their window ended.",
    ),
    ("worked_within_48h_share", "share", "up", "Share of handovers tried at least once within 48 hours, calendar."),
    ("handovers_untouched_share", "share", "down", "Share of handovers never tried."),
    ("attempts_mean", "attempts", "none", "Mean touches of a handover."),
    ("attempts_unreached_mean", "attempts", "up", "Mean touches of a handover that reached nobody."),
    (
        "standard_tries_share",
        "share",
        "up",
        "Tries that count, against the standard: the mean over leads handed over and never reached, at most 1 each.",
    ),
    ("recycles", "times", "none", "Leads passed on to another rep at the end of a window, in the measured window."),
    (
        "speed_to_lead_median_hours",
        "hours",
        "down",
        "Time from the qualifying event to the first touch, of handovers touched: median, calendar.",
    ),
    ("speed_to_lead_p90_hours", "hours", "down", "The same: 90 % are faster."),
    ("speed_to_lead_p95_hours", "hours", "down", "The same: 95 % are faster."),
    ("speed_to_lead_median_business_hours", "hours", "down", "The same in open hours of the touching team: median."),
    ("speed_to_lead_p90_business_hours", "hours", "down", "The same: 90 % are faster."),
    ("speed_to_lead_p95_business_hours", "hours", "down", "The same: 95 % are faster."),
)
_PROMISES: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "promise_first_touch_hours",
        "hours",
        "down",
        "Shortest time to the first touch kept in 90 % of handovers, untouched ones included, calendar.",
    ),
    ("promise_first_touch_business_hours", "hours", "down", "The same in open hours of the touching team."),
    ("promise_attempts", "attempts", "up", "Attempts given to at least 90 % of the handovers that reached nobody."),
    ("promise_gap_hours", "hours", "down", "Time from one attempt to the next, kept in 90 % of cases."),
    ("promise_gap_median_hours", "hours", "none", "Median time from one attempt to the next."),
    ("promise_monthly_leads", "leads/month", "none", "Leads a month, met in 90 % of the whole months measured."),
    ("promise_monthly_mqls", "leads/month", "none", "MQLs a month, met in 90 % of them."),
    ("promise_monthly_sqls", "leads/month", "up", "SQLs a month, met in 90 % of them."),
)
_VELOCITY: tuple[tuple[str, str, Direction, str], ...] = (
    ("lead_to_mql_days_median", "days", "none", "Median time from creation to the first qualifying event, of MQLs."),
    ("mql_to_sql_days_median", "days", "down", "Median time from there to the SQL, of SQLs."),
    ("sql_to_met_days_median", "days", "down", "Median time from the SQL to the first kept meeting."),
    ("opportunity_to_won_days_median", "days", "down", "Median time from opportunity to deal."),
    ("days_to_close_median", "days", "down", "Median time from creation to deal."),
    ("days_to_close_p90", "days", "down", "The same: 90 % are faster."),
    (
        "journey_gone_share",
        "share",
        "none",
        "Share of the time from creation to deal that was gone before the first talk: mean over deals.",
    ),
)
_WORKLOAD: tuple[tuple[str, str, Direction, str], ...] = (
    ("rep_hours", "hours", "none", "Hours that reps worked on leads in the measured window, overtime included."),
    (
        "rep_hours_in_vain",
        "hours",
        "down",
        "Of these, hours on leads that could never buy: unable, duplicate, or never ready after creation.",
    ),
    ("rep_hours_in_vain_share", "share", "down", "The same as a share of the hours worked."),
    ("overtime_hours", "hours", "down", "Hours worked outside the own open hours."),
    ("utilisation_touch", "share", "none", "Hours worked / open hours of the role that touches leads."),
    ("utilisation_close", "share", "none", "Hours worked / open hours of the role that closes."),
    (
        "backlog_mean",
        "tasks",
        "down",
        "Touches, replies, call-backs and meetings that wait in work lists, mean over time.",
    ),
    ("deal_work_backlog_mean", "tasks", "down", "Pieces of deal work that wait in work lists, mean over time."),
    ("unassigned_mean", "leads", "down", "Leads that wait for a rep with room, mean over time."),
    (
        "queue_wait_mean_hours",
        "hours",
        "down",
        "Time from when a touch was available until work on it began, calendar, closed hours included.",
    ),
    ("queued_share", "share", "down", "Share of touches that waited at all."),
    (
        "routing_fairness",
        "share",
        "up",
        "How evenly the cohort's leads were spread over the reps of the touching role: Jain's index, 1 is even.",
    ),
    (
        "leads_a_rep_can_handle",
        "leads/month",
        "up",
        "Handovers that one rep of the touching role can work in a month, at the hours they took.",
    ),
)
_MONEY: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "revenue_calendar",
        "money",
        "up",
        "Value of the deals closed in the measured window, whenever the lead was created.",
    ),
    ("deals_calendar", "deals", "up", "Deals closed in the measured window."),
    ("deal_value_mean", "money", "up", "Mean value of a deal."),
    (
        "lifetime_value",
        "money",
        "up",
        "What the cohort's customers leave over their lifetime, after delivery and keeping them.",
    ),
    ("lifetime_value_per_deal", "money", "up", "The same for one deal."),
    ("marketing_spend", "money", "down", "Spend on channels in the measured window."),
    ("rep_cost", "money", "down", "Pay of all reps for their open hours in the measured window, and for overtime."),
    ("cost", "money", "down", "Spend, reps and fixed cost of the measured window."),
    ("cpl", "money", "down", "Cost per lead: spend / leads."),
    ("cac", "money", "down", "Customer acquisition cost: cost / deals."),
    (
        "cac_payback_months",
        "months",
        "down",
        "Months in which a deal's gross margin, less the cost of keeping it, pays back its acquisition cost.",
    ),
    ("ltv_to_cac", "ratio", "up", "Lifetime value of a deal / customer acquisition cost."),
    ("romi", "ratio", "up", "Return on marketing investment: (gross margin of the revenue - spend) / spend."),
    ("acquire_to_keep_ratio", "ratio", "none", "Customer acquisition cost / cost of keeping a customer for a year."),
)
_SALES: tuple[tuple[str, str, Direction, str], ...] = (
    (
        "quota_attainment",
        "share",
        "up",
        "Revenue closed in the measured window / quota of all closing reps; undefined without a quota.",
    ),
    ("pipeline_value_mean", "money", "up", "Value of open opportunities, mean over time."),
    ("pipeline_coverage", "ratio", "up", "That value / the quota of three months."),
    (
        "sales_velocity_per_day",
        "money/day",
        "up",
        "Open opportunities x win rate x value of a deal / days of a sales cycle.",
    ),
    ("leads_a_rep_needs", "leads/month", "down", "Leads that marketing must bring for each closing rep to make quota."),
)


def _register() -> dict[str, Measure]:
    groups: tuple[tuple[Group, Room, tuple[tuple[str, str, Direction, str], ...]], ...] = (
        ("goals", "revenue", _GOALS),
        ("waste", "waste", _WASTE),
        ("buyers", "buyers", _BUYERS),
        ("funnel", "funnel", _FUNNEL),
        ("agreement", "agreement", _AGREEMENT),
        ("promises", "promises", _PROMISES),
        ("velocity", "funnel", _VELOCITY),
        ("workload", "workload", _WORKLOAD),
        ("money", "cost", _MONEY),
        ("sales", "sales", _SALES),
    )
    return {
        name: Measure(name, unit, definition, direction, group, _ELSEWHERE.get(name, room))
        for group, room, rows in groups
        for name, unit, direction, definition in rows
    }


_ELSEWHERE: dict[str, Room] = {
    "leads_wasted_share": "waste",
    "profit": "cost",
    "deals": "revenue",
    "revenue_calendar": "revenue",
    "deals_calendar": "revenue",
    "deal_value_mean": "revenue",
    "lifetime_value": "revenue",
    "lifetime_value_per_deal": "revenue",
}
"""Measures that are worked out in another room than most of their group."""


MEASURES: dict[str, Measure] = _register()
"""All measures in the order in which they are shown."""
