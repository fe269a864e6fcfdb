"""A world with a safe and a risky source, whose best policy depends on what is meant by best."""

from __future__ import annotations

import datetime as dt
from typing import Any

from funnelsim.config.scenario import Scenario


def planted(criterion: str, **search: Any) -> Scenario:
    """Return a world with a safe and a risky source, and hands for one of them.

    Whoever is met buys, at 1,000 from the sure source; from the bet at 2,200, or at 100 where the bubble bursts, which
    it does with 0.4. Reps are busy all day with either source alone, so they sell as many whichever source they work.
    So a rep's day is worth 1,000 under `sure`, 0.6 x 2,200 + 0.4 x 100 = 1,360 under `bet`, something between under
    both; of the worst 40 % of states 1,000 under `sure` and 100 under `bet`. Regret: `sure` 1,200 (the bet had paid),
    `bet` 900, half and half 600 and 450.
    """
    channel = {"visitors_per_day": 300.0, "visit_to_lead": 0.1}
    return Scenario.model_validate(
        {
            "name": "planted",
            "market": {
                "channels": {
                    "sure": {**channel, "offers": {"sure": 1.0}},
                    "bet": {**channel, "offers": {"bet": 1.0}, "value_multiplier": 2.2},
                },
                "offers": {name: {"ready_at_arrival": 1.0, "ready_later": 0.0} for name in ("sure", "bet")},
                "fit": {"able_share": 1.0, "able_per_sd": 0.0},
                "engagement": {
                    "idle_per_day": 0.0, "shopper_share": 0.0, "before_ready_per_day": 0.0, "ready_per_day": 0.0,
                },
                "journey": {"window": {"form": "fixed", "mean": "365d"}},
                "reach": {"form": "exponential", "p0": 1.0, "tau": "100000d"},
                "effort": {
                    "call": {"form": "fixed", "mean": "10min"},
                    "talk": {"form": "fixed", "mean": "50min"},
                },
                "temper": {
                    "annoyed_share": 0.0, "tired_share": 0.0, "misjudged_share": 0.0, "misjudged_later_share": 0.0,
                },
                "deal": {
                    "closes_by": "delay", "win_at_once": 1.0, "win_tau": None, "value_mean": 1000.0,
                    "value_sigma": 0.0, "value_per_sd": 0.0, "no_show_share": 0.0, "show_tau": None,
                },
                "duplicate_share": 0.0,
            },
            "team": {"reps": [{"role": "sales", "count": 2}], "touch_role": "sales", "close_role": "sales"},
            "policy": {
                "scoring": {
                    "cutoff": 50.0, "fit_weight": 0.0, "intent_weight": 0.0,
                    "offer_points": {"sure": 100.0, "bet": 100.0},
                },
                "sla": {"preparation": "0min"},
                "order": {"work": "fifo"},
            },
            "run": {
                "start": dt.date(2025, 1, 6), "warmup_days": 7, "horizon_days": 28, "followup_days": 14,
                "standard": {"days": 7.0},
            },
            "search": {
                "variables": {
                    "scoring.offer_points.sure": {"choices": [0.0, 100.0]},
                    "scoring.offer_points.bet": {"choices": [0.0, 100.0]},
                },
                "objectives": [{"measure": "revenue_calendar"}],
                "trials": 16, "batch": 4, "replications": 2, "selection_replications": 3, "report_replications": 4,
                **search,
            },
            "uncertain": {
                "criterion": criterion,
                "worst_share": 0.4,
                "events": {"burst": {"probability": 0.4, "values": {"market.channels.bet.value_multiplier": 0.1}}},
            },
        }
    )  # fmt: skip
