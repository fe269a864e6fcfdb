"""The figures of a run, made from the portraits of its replications."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from funnelsim.calendar import HOUR_MS, Clock
from funnelsim.config.scenario import Scenario
from funnelsim.metrics.arithmetic import MONTH_MS, ratio
from funnelsim.metrics.lost import LostBuyer
from funnelsim.metrics.registry import lost_measure, wasted_measure
from funnelsim.metrics.tables import shares
from funnelsim.metrics.waste import Waste
from funnelsim.records import Tier
from funnelsim.report.figures_funnel import Stage, funnel_figure
from funnelsim.report.figures_revenue import MonthRevenue, revenue_figure
from funnelsim.report.figures_sheet import Imprint
from funnelsim.report.figures_speed import Waits, speed_figure
from funnelsim.report.figures_waste import Cause, Loss, waste_figure
from funnelsim.report.figures_week import RoleWeek, week_figure
from funnelsim.report.portrait import Portrait
from funnelsim.report.tables import standard_words
from funnelsim.roster import build_agreement, build_roster
from funnelsim.stats import Interval, interval

if TYPE_CHECKING:
    import pandas as pd

STAGES = (
    ("leads", "Leads", "left their name"),
    ("mqls", "MQLs", "qualified by marketing"),
    ("connected", "Connected", "talked to by sales"),
    ("sqls", "SQLs", "qualified by sales"),
    ("met", "Met", "kept a first meeting"),
    ("opportunities", "Opportunities", "able and ready"),
    ("deals", "Customers", "won"),
)
IN_SHORT = {
    Waste.DUPLICATE: "worked though already known",
    Waste.BURNT: "opted out because of our touches",
    Waste.STALLED: "an opportunity kept waiting",
    Waste.REJECTED: "no buyer when it came to meet",
    Waste.NO_SHOW: "never came to the meeting",
    Waste.MISSED: "a buyer not with sales in its time",
    Waste.UNTOUCHED: "handed over and never tried",
    Waste.UNDER_WORKED: "never reached, too few tries",
    Waste.COLD: "a buyer never talked to in its time",
}


def run_figures(
    portraits: Mapping[int, Portrait], frame: pd.DataFrame, scenario: Scenario, *, imprint: Imprint
) -> dict[str, Figure]:
    """Return the figures of a run by file name without its ending.

    Args:
        portraits: By replication, at least one.
        frame: The measures, a row per replication (see `lab.replicate`).
        scenario: What was simulated.
        imprint: Where the numbers come from.
    """
    ways: dict[str, Callable[[], Figure]] = {
        "funnel": lambda: _funnel(frame, scenario, imprint),
        "speed_to_lead": lambda: _speed(portraits, frame, scenario, imprint),
        "week": lambda: _week(portraits, scenario, imprint),
        "waste": lambda: _waste(frame, scenario, imprint),
        "revenue": lambda: _revenue(portraits, frame, scenario, imprint),
    }
    return {name: make() for name, make in ways.items()}


def all_waits(portraits: Mapping[int, Portrait], scenario: Scenario) -> list[Waits]:
    """Return the waits for the first touch of all replications together, by tier, with the terms of the policy."""
    agreement = build_agreement(scenario, build_roster(scenario))
    found = []
    for tier in Tier:
        term = agreement.tiers[tier].first_touch
        parts = [p.waits[tier] for p in portraits.values()]
        found.append(
            Waits(
                tier=tier.name,
                hours=np.concatenate([part.hours for part in parts]),
                handovers=sum(part.handovers for part in parts),
                term_hours=term.ms / HOUR_MS,
                clock="business" if term.business else "calendar",
            )
        )
    return found


def role_weeks(portraits: Mapping[int, Portrait]) -> list[RoleWeek]:
    """Return the mean week of each role over all replications."""
    weeks = [p.week for p in portraits.values()]
    found = []
    for role in weeks[0]:
        columns = {
            name: np.sum([np.asarray(week[role][name], dtype=np.float64) for week in weeks], axis=0)
            for name in ("backlog", "busy_hours", "open_hours")
        }
        found.append(
            RoleWeek(
                role=role,
                backlog=columns["backlog"] / len(weeks),
                utilisation=shares(columns["busy_hours"], columns["open_hours"]),
                busy_share=ratio(columns["busy_hours"].sum(), columns["open_hours"].sum()),
            )
        )
    return found


def month_revenues(portraits: Mapping[int, Portrait]) -> list[MonthRevenue]:
    """Return the revenue won in each measured month with its interval over replications."""
    tables = [p.months for p in portraits.values()]
    revenue = np.array([table["revenue"] for table in tables])
    return [
        MonthRevenue(str(month), interval(revenue[:, j]), bool(tables[0]["whole"][j]))
        for j, month in enumerate(tables[0]["month"])
    ]


def _funnel(frame: pd.DataFrame, scenario: Scenario, imprint: Imprint) -> Figure:
    clock = Clock.of(scenario.run)
    months = (clock.measured_until - clock.measured_from) / MONTH_MS
    names = [stage for stage in STAGES if stage[0] != "met" or scenario.market.deal.closes_by == "meetings"]
    stages = [Stage(name, meaning, _of(frame[key] / months)) for key, name, meaning in names]
    visitors = float(frame["visitors"].mean()) / months
    period = f"{_cohort(scenario)}; bars are per month"
    return funnel_figure(stages, visitors_per_month=visitors, period=period, imprint=imprint)


def _speed(portraits: Mapping[int, Portrait], frame: pd.DataFrame, scenario: Scenario, imprint: Imprint) -> Figure:
    period = f"Handovers of the {_window(scenario)}; {_together(portraits)}"
    kept = _of(frame["first_touch_attainment"])
    return speed_figure(all_waits(portraits, scenario), attainment=kept, period=period, imprint=imprint)


def _week(portraits: Mapping[int, Portrait], scenario: Scenario, imprint: Imprint) -> Figure:
    period = f"Mean over the {_window(scenario)}; {_together(portraits)}; grey: nobody is open"
    return week_figure(role_weeks(portraits), period=period, imprint=imprint)


def _waste(frame: pd.DataFrame, scenario: Scenario, imprint: Imprint) -> Figure:
    wasted = Loss(
        title="Leads wasted",
        of="share of leads created",
        total=_of(frame["leads_wasted_share"]),
        causes=tuple(
            Cause(c.name.lower(), _of(frame[wasted_measure(c)]), IN_SHORT[c]) for c in Waste if c is not Waste.NONE
        ),
    )
    lost = Loss(
        title="Buyers lost",
        of="share of leads that would buy under ideal follow-up",
        total=_of(frame["buyers_lost_share"]),
        causes=tuple(
            Cause(c.name.lower(), _of(frame[lost_measure(c)] / frame["buyers"]))
            for c in LostBuyer
            if c is not LostBuyer.NONE
        ),
    )
    period = f"{_cohort(scenario)}; each under exactly one cause\n{standard_words(scenario.run.standard)}"
    return waste_figure(wasted, lost, period=period, imprint=imprint)


def _revenue(portraits: Mapping[int, Portrait], frame: pd.DataFrame, scenario: Scenario, imprint: Imprint) -> Figure:
    months = month_revenues(portraits)
    period = f"Deals closed in the {_window(scenario)}, by month"
    if not all(m.whole for m in months):
        period += "; * pale: measured in part"
    return revenue_figure(
        months,
        total=_of(frame["revenue_calendar"]),
        currency=scenario.economics.currency,
        period=period,
        imprint=imprint,
    )


def _of(values: pd.Series[float]) -> Interval:
    numbers = values.to_numpy()
    return interval(numbers[np.isfinite(numbers)])


def _window(scenario: Scenario) -> str:
    clock = Clock.of(scenario.run)
    first, last = (clock.to_datetime(ms) for ms in (clock.measured_from, clock.measured_until - 1))
    return f"{scenario.run.horizon_days} days from {_day(first)} to {_day(last)}"


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _cohort(scenario: Scenario) -> str:
    return f"Leads created in the {_window(scenario)}, followed {scenario.run.followup_days} days more"


def _together(portraits: Mapping[int, Portrait]) -> str:
    return "one replication" if len(portraits) == 1 else f"{len(portraits)} replications together"
