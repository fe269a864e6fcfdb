"""What do the six variants of one market make of the same leads, and what do the small scenarios give?

Configuration: configs/six_stage.toml and its five variants, 20 common replications; quickstart, 20; mid_market, 10.
Run time: about eight minutes on two cores.

    python experiments/04_scenarios_side_by_side.py

Answer: docs/scenarios.md, which holds the tables that this prints and says what to see in them.
"""

from __future__ import annotations

from pathlib import Path

import funnelsim
from funnelsim.lab.replicate import to_intervals
from funnelsim.stats import Interval

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
FAMILY = ("six_stage", "tight", "no_sql", "three_stage", "booked_meeting", "sla_48h")
ROWS = {
    "leads": ("leads", 1, 0),
    "mqls": ("handed over", 1, 0),
    "sqls": ("SQLs", 1, 0),
    "opportunities": ("opportunities", 1, 0),
    "deals": ("deals", 1, 1),
    "revenue": ("revenue, 1,000 USD", 1e-3, 0),
    "profit": ("profit, 1,000 USD", 1e-3, 0),
    "leads_wasted_share": ("leads wasted, %", 100, 1),
    "buyers_lost_share": ("buyers lost, %", 100, 1),
    "mql_to_sql_share": ("handed over to SQL, %", 100, 1),
    "opportunity_to_won_share": ("opportunity to won, %", 100, 1),
    "journey_gone_share": ("journey gone before the first talk, %", 100, 1),
    "utilisation_touch": ("utilisation of BDRs, %", 100, 1),
    "utilisation_close": ("utilisation of AEs, %", 100, 1),
    "speed_to_lead_median_hours": ("speed to lead, median, h", 1, 1),
    "worked_within_48h_share": ("worked within 48 h, %", 100, 1),
}
COURSE = {
    "leads": "leads",
    "connected": "connects",
    "sqls": "discoveries",
    "opportunities": "demos",
    "deals": "customers",
}


def intervals(name: str, replications: int) -> dict[str, Interval]:
    scenario = funnelsim.load(CONFIGS / f"{name}.toml")
    return to_intervals(funnelsim.replicate(scenario, replications=range(replications), jobs=2))


def written(found: Interval, factor: float, digits: int) -> str:
    if not found.n:
        return "–"
    return f"{factor * found.mean:,.{digits}f} ± {factor * found.half_width:,.{digits}f}"


def main() -> None:
    found = {name: intervals(name, 20) for name in FAMILY}
    print("| measure | " + " | ".join(FAMILY) + " |")
    print("|---" * (len(FAMILY) + 1) + "|")
    for measure, (label, factor, digits) in ROWS.items():
        print(f"| {label} | " + " | ".join(written(found[name][measure], factor, digits) for name in FAMILY) + " |")

    print("\nquickstart, a quarter")
    small = intervals("quickstart", 20)
    for measure, (label, factor, digits) in ROWS.items():
        print(f"- {label.replace('USD', 'EUR')}: {written(small[measure], factor, digits)}")

    scenario = funnelsim.load(CONFIGS / "mid_market.toml")
    rep_months = scenario.team.reps[0].count * scenario.run.horizon_days / 30.4375
    course = intervals("mid_market", 10)
    print("\nmid_market, by rep and month")
    for measure, label in COURSE.items():
        print(f"- {label}: {written(course[measure], 1 / rep_months, 2)}")


if __name__ == "__main__":
    main()
