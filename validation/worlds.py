"""Scenarios with known answers, small enough to be played many thousand times."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

LEADS, VALUE = 500, 1_000.0
"""Leads expected in the measured window of `conversions`, and the mean value of a deal."""
MQL, REACHED, ABLE, WON = 0.6, 1 - (1 - 0.3) ** 3, 0.5, 0.25
"""Its conversions (configs/oracles/conversions.toml)."""


def changed(scenario: Scenario, changes: dict[str, Any]) -> Scenario:
    """Return `scenario` with fields replaced, by dotted path; the last part may name a new key of a table."""
    whole = scenario.model_dump(mode="json", exclude_unset=True)
    for path, value in changes.items():
        *way, last = path.split(".")
        place = whole
        for name in way:
            place = place.setdefault(name, {})
        place[last] = value
    return Scenario.model_validate(whole)


@cache
def conversions(*, won: float = WON) -> Scenario:
    """Return the oracle without queueing over five days, its deals of uneven value; `won` of those able are won."""
    return changed(
        load_scenario(CONFIGS / "oracles" / "conversions.toml"),
        {
            "market.deal.value_sigma": 0.6,
            "market.deal.win_at_once": won,
            "run.horizon_days": 5,
            "run.followup_days": 3,
            "run.standard": {"days": 7},
        },
    )


def true_means(won: float = WON) -> dict[str, float]:
    """Return what `conversions` is worth: leads, MQLs, deals and revenue of the measured window."""
    deals = LEADS * MQL * REACHED * ABLE * won
    return {"leads": LEADS, "mqls": LEADS * MQL, "deals": deals, "revenue": deals * VALUE}


RIVALS, AHEAD_DEALS = 5, 0.05 * LEADS * REACHED * ABLE * WON
"""Policies of `slippage`, and by how many deals the last of them is ahead of all others, which are equal."""


@cache
def slippage() -> tuple[Scenario, ...]:
    """Return five policies in one market: four of equal worth, the last ahead of them by just `AHEAD_DEALS`.

    There are six offers, alike but for how many leads come by them. Every policy works the leads of `all` (30 %), and
    besides those of one offer of its own: 13 % of leads each, of the last policy 18 %. So the policies share a part of
    their luck, are equal by symmetry, and are not the same.
    """
    own = [f"own_{n}" for n in range(RIVALS)]
    shares = {"all": 0.30, **dict.fromkeys(own, 0.13)} | {own[-1]: 0.18}
    offer = {"ready_at_arrival": 1, "ready_later": 0}
    market = changed(
        conversions(),
        {
            "market.channels": {"stream": {"visitors_per_day": 400, "visit_to_lead": 0.25, "offers": shares}},
            "market.offers": dict.fromkeys(shares, offer),
            "policy.scoring.intent_weight": 0,
        },
    )
    return tuple(
        changed(market, {"name": name, "policy.scoring.offer_points": {"all": 100, name: 100}}) for name in own
    )


GRID = {
    "scoring.cutoff": {"low": 10, "high": 60, "step": 5},
    "sla.attempts": {"low": 2, "high": 10, "step": 2},
    "order.work": {"choices": ["fifo", "lifo", "score", "deadline"]},
}
"""What is varied in `weeks`: 11 x 5 x 4 = 220 policies, few enough to try them all."""
WIDE = {
    "scoring.cutoff": {"low": 10, "high": 60},
    "sla.attempts": {"low": 2, "high": 10, "step": 1},
    "sla.gap": {"low": "6h", "high": "72h", "log": True},
    "sla.window": {"low": "7d", "high": "35d"},
    "order.work": {"choices": ["deadline", "tier", "fifo", "lifo", "score"]},
    "cool_off": {"low": "7d", "high": "45d", "log": True},
}
"""The space of the quickstart: six fields, most of them without steps."""


@cache
def weeks() -> Scenario:
    """Return eight weeks of a team with more leads than it can work: which ones, how often, in which order?"""
    return changed(
        load_scenario(CONFIGS / "quickstart.toml"),
        {
            "name": "weeks",
            "market.channels.website.visitors_per_day": 400,
            "market.channels.ads.visitors_per_day": 300,
            "market.offers.demo.ready_at_arrival": 0.6,
            "market.offers.demo.ready_later": 0.1,
            "market.offers.webinar.ready_at_arrival": 0.25,
            "market.offers.ebook.ready_at_arrival": 0.1,
            "market.deal.win_at_once": 0.8,
            "market.deal.value_sigma": 0,
            "market.deal.meetings": [1.0],
            "market.deal.buyer_pace": {"form": "fixed", "mean": "1d"},
            "team.reps": [{"role": "sales", "count": 3, "hours": ["Mon-Fri 09:00-17:00"], "cost_per_hour": 45}],
            "run.warmup_days": 7,
            "run.horizon_days": 56,
            "run.followup_days": 14,
            "search.variables": GRID,
        },
    )
