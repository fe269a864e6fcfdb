"""Measures as a plain text table: name, mean ± half-width, unit, in groups, the goals first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from funnelsim.calendar import HOUR_MS
from funnelsim.config.run import Standard
from funnelsim.config.scenario import Scenario
from funnelsim.lab.replicate import to_intervals
from funnelsim.metrics.registry import MEASURES
from funnelsim.report.digits import estimate, span
from funnelsim.report.results import replications_text
from funnelsim.stats import Interval

if TYPE_CHECKING:
    import pandas as pd

GROUP_TITLES = {
    "goals": "Goals",
    "waste": "Leads wasted",
    "buyers": "Buyers lost",
    "funnel": "Funnel",
    "agreement": "The agreement kept",
    "promises": "What can be promised (kept in 90 % of cases)",
    "velocity": "Time in stage",
    "workload": "Workload",
    "money": "Money",
    "sales": "Sales",
}
HEADLINES = frozenset(
    {
        "revenue", "leads_wasted_share", "profit", "buyers", "buyers_lost_share", "leads", "mqls", "connected", "sqls",
        "opportunities", "deals", "visitor_to_lead_share", "lead_to_mql_share", "mql_to_sql_share",
        "sql_to_opportunity_share", "opportunity_to_won_share", "first_touch_attainment", "worked_in_window_share",
        "speed_to_lead_median_hours", "speed_to_lead_p90_hours", "attempts_unreached_mean",
        "promise_first_touch_hours", "promise_attempts", "promise_monthly_mqls", "days_to_close_median",
        "utilisation_touch", "utilisation_close", "overtime_hours", "backlog_mean", "cost", "cac", "ltv_to_cac",
        "quota_attainment", "sales_velocity_per_day",
    }
)  # fmt: skip
"""What the short table shows; causes of waste and of lost buyers are shown where they are not zero."""


@dataclass(frozen=True, slots=True)
class Line:
    """One measure as shown."""

    name: str
    mean: str
    half_width: str
    unit: str
    remark: str  # where it is not defined in every replication


def measures_text(
    intervals: Mapping[str, Interval],
    *,
    currency: str,
    replications: int,
    everything: bool = False,
    standard: Standard | None = None,
) -> str:
    """Return the measures as text of at most 80 letters a line, in groups, columns aligned throughout.

    Args:
        intervals: Mean, half-width and n by measure.
        currency: What 'money' is called.
        replications: How many there were; a measure defined in fewer says so.
        everything: Every measure, in place of the headlines.
        standard: The yardstick of waste, told in words below the share of leads wasted; None = not told.
    """
    groups = {
        group: [line_of(name, found, currency=currency, replications=replications) for name, found in chosen]
        for group, chosen in _chosen(intervals, everything=everything)
    }
    lines = [line for group in groups.values() for line in group]
    if not lines:
        return "No measure is defined.\n"
    names = max(len(line.name) for line in lines)
    means = max(len(line.mean) for line in lines)
    widths = max(len(line.half_width) for line in lines)
    out = []
    for group, members in groups.items():
        out.append(GROUP_TITLES[group])
        for line in members:
            spread = f" ± {line.half_width:>{widths}}" if line.half_width else " " * (widths + 3)
            out.append(f"  {line.name:<{names}}  {line.mean:>{means}}{spread}  {line.unit:<5} {line.remark}".rstrip())
            if line.name == "leads_wasted_share" and standard is not None:
                out += wrap(standard_words(standard), 80, initial_indent="  ", subsequent_indent="    ")
        out.append("")
    return "\n".join(out)


def run_text(frame: pd.DataFrame, scenario: Scenario, *, everything: bool = False) -> str:
    """Return the measures of a run as people read them, under a heading that says what they are of.

    Args:
        frame: A row per replication, a column per measure; at least one row.
        scenario: What was simulated.
        everything: As in `measures_text`.
    """
    numbers = [int(r) for r in frame.index]
    heading = f"{scenario.name}: {replications_text(numbers)}, seed {scenario.run.seed}"
    if len(numbers) > 1:
        heading += "; mean ± half-width of the 95 % interval"
    body = measures_text(
        to_intervals(frame),
        currency=scenario.economics.currency,
        replications=len(frame),
        everything=everything,
        standard=scenario.run.standard,
    )
    return f"{heading}\n\n{body}"


def standard_words(standard: Standard) -> str:
    """Return the yardstick of "worked" in words.

    >>> standard_words(Standard())
    'standard: 6 tries at least 4 h apart (run.standard), the same for every policy'
    """
    tries = "1 try" if standard.attempts == 1 else f"{standard.attempts} tries"
    apart = span(standard.apart.ms() / HOUR_MS)
    return f"standard: {tries} at least {apart} apart (run.standard), the same for every policy"


def line_of(name: str, found: Interval, *, currency: str, replications: int) -> Line:
    """Return one measure as shown.

    >>> line_of("revenue", Interval(1604233.0, 34120.0, 20), currency="EUR", replications=20)
    Line(name='revenue', mean='1,604,000', half_width='34,000', unit='EUR', remark='')
    """
    measure = MEASURES.get(name)
    unit = "" if measure is None else measure.unit.replace("money", currency)
    mean, half_width, shown = estimate(found.mean, found.half_width, "" if unit == "ratio" else unit)
    known = math.isfinite(found.mean) and math.isfinite(found.half_width)
    remark = "" if found.n == replications else f"(defined in {found.n} of {replications})"
    return Line(name, mean, half_width if known else "", shown, remark)


def _chosen(intervals: Mapping[str, Interval], *, everything: bool) -> Iterator[tuple[str, list[tuple[str, Interval]]]]:
    """Give each group that has something to show, with its measures."""
    for group in GROUP_TITLES:
        members = [
            (name, intervals[name])
            for name, measure in MEASURES.items()
            if measure.group == group and name in intervals and (everything or _is_shown(name, intervals[name]))
        ]
        if members:
            yield group, members


def _is_shown(name: str, found: Interval) -> bool:
    if found.n == 0:
        return False
    cause = name.startswith("wasted_") or (name.startswith("buyers_lost_") and MEASURES[name].unit == "leads")
    return name in HEADLINES or (cause and found.mean > 0)
