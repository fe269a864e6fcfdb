"""`configs/six_stage.toml` at any number of leads a year: as it is, and with everything switched on.

    python benchmarks/everything.py [--leads 40000] [--plain] > scenario.toml      # the scenario itself

Demand and team grow together, so the load of the reps stays what it is in the file. "Everything": self-scheduling,
e-mail touches, call-backs, deduplication, recycling, escalation, acceptance, terms by tier, the fast lane, caps on
points, caps on open leads and opportunities, segments, three time zones, holidays, days off, ramps, e-mail nurture at
the finest pace, patience in the list. Six_stage measures 365 of its 605 days, so 40,000 leads a year are some 66,000 in
a replication.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from funnelsim.config.dump import dump_toml
from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario

SIX_STAGE = Path(__file__).parent.parent / "configs" / "six_stage.toml"
DAYS = 365


def plain(leads_per_year: float = 40_000) -> Scenario:
    """Return six_stage with so many leads a year, and as many more reps."""
    return Scenario.model_validate(_grown(leads_per_year))


def everything(leads_per_year: float = 40_000) -> Scenario:
    """Return the same with every mechanism of the model at work."""
    whole = _grown(leads_per_year)
    _everybody(whole)
    whole["market"]["firmographics"]["region"] = {"mix": {"east": 0.45, "west": 0.35, "south": 0.2}}
    whole["market"]["temper"]["queue_patience"] = {"form": "lognormal", "median": "6d", "sigma": 0.5}
    whole["market"]["reach"] |= {"email_p0": 0.12, "unreachable_share": 0.02}
    whole["market"]["journey"]["declared_intent_max"] = 10
    whole["market"]["nurture"] = {"finest_pace": "7d"}
    policy = whole["policy"]
    policy |= {"self_scheduling": True, "cool_off": "14d", "marketing": {"nurture_every": 1, "quality_floor": 4}}
    policy["scoring"] |= {
        "fast_lane": True,
        "group_caps": {"looking": {"activities": ["visit", "click"], "cap": 15}},
        "firmographic_points": {"size": {"small": -2, "large": 3}},
    }
    policy["sla"] |= {
        "touches": ["call", "call", "email", "call", "email", "call"],
        "earliest_touch": "10min",
        "later_touch": "1 business day",
        "A": {"first_touch": "1 business hour", "attempts": 8, "gaps": ["4 business hours", "24h", "36h"]},
        "C": {"attempts": 5, "preparation": "5min"},
        "window": "14d",
    }
    policy["routing"] = {"method": "segment", "segment_by": "region", "recycles": 1, "on_breach": "escalate"}
    policy["meetings"] |= {"accept_within": "5 business days", "book_ahead": "10 business days"}
    return Scenario.model_validate(whole)


def _grown(leads_per_year: float) -> dict[str, Any]:
    scenario = load_scenario(SIX_STAGE)
    whole: dict[str, Any] = scenario.model_dump(mode="json", exclude_unset=True)
    channels = whole["market"]["channels"].values()
    factor = leads_per_year / (DAYS * sum(c["visitors_per_day"] * c["visit_to_lead"] for c in channels))
    for channel in channels:
        channel["visitors_per_day"] *= factor
    for group in whole["team"]["reps"]:
        group["count"] = max(1, round(group["count"] * factor))
    return whole


def _everybody(whole: dict[str, Any]) -> None:
    """Lay regions, time zones, absences, newcomers and caps over the team; some more callers for the added work."""
    zones = {"east": "America/New_York", "west": "America/Los_Angeles", "south": "America/Chicago"}
    groups = []
    for group in whole["team"]["reps"]:
        caller = group["role"] == whole["team"]["touch_role"]
        caps = {"max_open_leads": 40} if caller else {"max_open_opportunities": 12}
        share = (0.45, 0.3, 0.25)
        for (region, zone), part in zip(zones.items(), share, strict=True):
            serves = {"east": ["east", "south"], "west": ["west"], "south": ["south", "west"]}[region]
            more = {"segments": serves, "time_zone": zone, **caps}
            count = max(2, round(group["count"] * part * (1.05 if caller else 1.0)))
            groups.append({**group, **more, "count": count - 1, "days_off": ["2025-12-22..2026-01-02"]})
            steps = [{"after_days": 0, "productivity": 0.4}, {"after_days": 60, "productivity": 0.8}]
            steps.append({"after_days": 120, "productivity": 1.0})
            groups.append({**group, **more, "count": 1, "starts": "2025-03-03", "ramp": steps})
    whole["team"]["reps"] = groups


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=float, default=40_000, help="leads a year")
    parser.add_argument("--plain", action="store_true", help="six_stage as it is, only larger")
    options = parser.parse_args()
    sys.stdout.write(dump_toml((plain if options.plain else everything)(options.leads)))


if __name__ == "__main__":
    main()
