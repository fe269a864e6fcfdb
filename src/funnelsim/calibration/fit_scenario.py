"""From fitted numbers to the tables of a scenario: plain dicts as TOML gives them, checked by its own papers."""

from __future__ import annotations

from typing import Any

import numpy as np

from funnelsim.calibration.fit_market import SPLIT, Practised, duration_text, market_of
from funnelsim.calibration.fit_offers import KINDS, kinds
from funnelsim.calibration.fit_parameter import Assumed, Block
from funnelsim.calibration.fit_practice import seats
from funnelsim.calibration.history import History

CAUSAL_SHARE = 0.5
"""How much of the observed effect of delay is taken to be caused by it, where nothing else is said."""

MOST_FOLLOWUP_DAYS = 180
OFFER_POINTS = 40.0

ASSUMED = (
    Assumed("market.deal.win_at_once", f"{SPLIT['win_at_once']:g}", "only able x ready x won is observed"),
    Assumed("market.fit.able_share", f"{SPLIT['able']:g}", "only able x ready x won is observed"),
    Assumed("market.offers.lead.ready_later", "0", "a later decision cannot be told from a slow one"),
    Assumed("market.journey.window", "lognormal, median 60 d, sigma 0.8", "no buyer is seen to close elsewhere"),
    Assumed("market.temper.tired_share", "0", "annoyance is not in a CRM"),
    Assumed("market.engagement", "none", "nobody's clicks are in the export"),
    Assumed("economics.gross_margin", "0.7", "no costs in a CRM"),
    Assumed("team.reps.*.cost_per_hour", "20", "no costs in a CRM"),
)


def tables_of(
    history: History, found: Block, practised: Practised, *, causal_share: float = CAUSAL_SHARE
) -> dict[str, Any]:
    """Return the tables of a scenario on the history's dates.

    Args:
        history: What was fitted.
        found: All blocks joined.
        practised: The policy in force.
        causal_share: Share of the observed effect of delay that is an effect of delay, 0..1. The rest is taken to lie
            in who was called first: reach and wins at the delays practised stay what they were.

    Raises:
        ValueError: where the share is none.
    """
    if not 0.0 <= causal_share <= 1.0:
        raise ValueError(f"causal_share must be within 0..1, got {causal_share}")
    return {
        "title": f"Calibrated: {history.leads.n:,} leads from {history.first_day} to {history.last_day}",
        "market": market_of(history, found, practised, causal_share),
        "team": {"touch_role": "sales", "close_role": "sales", "reps": _reps(history)},
        "economics": {
            "currency": history.currency or "EUR",
            "gross_margin": 0.7,
            "contract_months": 12.0,
            "lifetime_months": 12.0,
        },
        "policy": _policy(history, found, practised),
        "run": _run(history),
        "search": _search(practised),
    }


def _reps(history: History) -> list[dict[str, Any]]:
    team = seats(history) if history.touches is not None else []
    return team or [{"role": "sales", "count": 3, "hours": ["Mon-Fri 09:00-17:00"], "cost_per_hour": 20.0}]


def _policy(history: History, found: Block, practised: Practised) -> dict[str, Any]:
    """Return the policy in force: every lead with a usable number is called; points say who buys more often."""
    points: dict[str, dict[str, float]] = {}
    start = "policy.scoring.firmographic_points."
    for parameter in found.parameters:
        if parameter.path.startswith(start):
            attribute, category = parameter.path[len(start) :].split(".", 1)
            points.setdefault(attribute, {})[category] = round(parameter.estimate, 1)
    for values in points.values():  # the least of each attribute is 0, so that the offer alone qualifies
        least = min(values.values())
        for category in values:
            values[category] = round(values[category] - least, 1)
    spread = sum(max(values.values()) for values in points.values()) or 20.0
    offers = {"lead": OFFER_POINTS}
    offers |= {kind: -1000.0 for kind, mine in zip(KINDS[1:], kinds(history)[1:], strict=True) if mine.any()}
    return {
        "lifecycle": "six_stage",
        "deduplication": False,
        "after_attempts": "close",
        "scoring": {
            "rule": "sum", "cutoff": OFFER_POINTS, "fit_weight": 0.0, "intent_cap": "none", "decay": "none",
            "offer_points": offers, "firmographic_points": points,
            "tier_a_above": round(0.6 * spread, 1), "tier_b_above": round(0.3 * spread, 1),
        },
        "sla": {
            "first_touch": practised.first_touch,
            "attempts": practised.attempts,
            "gap": duration_text(60.0 * practised.gap_hours),
            "preparation": "0min",
            "window": duration_text(1440.0 * practised.window_days),
        },
        "marketing": {"nurture_every": 0},
        "order": {"work": practised.order, "first_before_later": practised.first_before_later},
        "routing": {"method": practised.routing, "on_breach": practised.on_breach},
    }  # fmt: skip


def _run(history: History) -> dict[str, Any]:
    return {
        "start": history.first_day,
        "time_zone": history.time_zone,
        "warmup_days": 0,
        "horizon_days": (history.last_day - history.first_day).days + 1,
        "followup_days": int(np.clip((history.as_of - history.last_day).days, 0, MOST_FOLLOWUP_DAYS)),
        "replications": 20,
        "max_touches": 24,
    }


def _search(practised: Practised) -> dict[str, Any]:
    """Return what `tune` varies: room on both sides of the policy in force."""
    hours, days = practised.gap_hours, practised.window_days
    return {
        "trials": 120, "replications": 3, "selection_replications": 8, "report_replications": 12,
        "variables": {
            "scoring.cutoff": {"low": OFFER_POINTS - 20.0, "high": OFFER_POINTS + 25.0},
            "sla.attempts": {"low": 2, "high": max(10, practised.attempts + 2), "step": 1},
            "sla.gap": {"low": duration_text(min(120.0, 30 * hours)), "high": "96h", "log": True},
            "sla.window": {"low": "5d", "high": duration_text(1440.0 * max(45.0, 1.2 * days))},
            "order.work": {"choices": ["deadline", "tier", "fifo", "lifo", "score"]},
            "order.first_before_later": {"choices": [True, False]},
            "routing.method": {"choices": ["pool", "round_robin", "least_loaded"]},
            "routing.on_breach": {"choices": ["none", "escalate", "reassign"]},
        },
        "objectives": [
            {"measure": "revenue", "direction": "maximize"},
            {"measure": "leads_wasted_share", "direction": "minimize"},
        ],
    }  # fmt: skip
