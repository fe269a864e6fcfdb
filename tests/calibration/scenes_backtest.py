"""A small company for tests of backtest and replay: two channels, three reps, a play of some 40 ms."""

from __future__ import annotations

import datetime as dt
from typing import Any

from funnelsim.calibration.history import History
from funnelsim.calibration.simulated import history_of
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play

FIRST, LAST = dt.date(2025, 1, 20), dt.date(2025, 2, 16)
"""The period looked at: four weeks after two weeks of warm-up."""

TABLES: dict[str, Any] = {
    "name": "small",
    "market": {
        "duplicate_share": 0.0,
        "leads_per_account": 1.0,
        "shape": {"hour_weights": [0.2] * 8 + [2.0] * 10 + [0.5] * 6, "weekday_weights": [6, 6, 5, 5, 4, 2, 1]},
        "channels": {
            "search": {"visitors_per_day": 30.0, "visit_to_lead": 0.1, "offers": {"demo": 0.7, "content": 0.3}},
            "social": {"visitors_per_day": 40.0, "visit_to_lead": 0.05, "offers": {"demo": 0.4, "content": 0.6}},
        },
        "offers": {
            "demo": {"hand_raise": True, "ready_at_arrival": 0.6, "ready_later": 0.2},
            "content": {"ready_at_arrival": 0.2, "ready_later": 0.3},
        },
        "firmographics": {"size": {"mix": {"small": 0.6, "large": 0.4}}},
        "fit": {"able_share": 0.8},
        "deal": {"win_at_once": 0.6, "closes_by": "delay", "close": {"form": "lognormal", "mean": "6d", "sigma": 0.8}},
        "effort": {"call": {"form": "lognormal", "mean": "20min", "sigma": 0.5}},
    },
    "team": {
        "touch_role": "sales",
        "close_role": "sales",
        "reps": [
            {"role": "sales", "name": "Ann", "hours": ["Mon-Fri 09:00-17:00"]},
            {"role": "sales", "name": "Bo", "hours": ["Mon-Fri 10:00-18:00"], "days_off": ["2025-01-27..2025-01-31"]},
            {"role": "sales", "name": "Cy", "hours": ["Mon 09:00-17:00", "Thu-Sat 09:00-17:00"]},
        ],
    },
    "policy": {
        "lifecycle": "three_stage",
        "deduplication": False,
        "sla": {"first_touch": "4 business hours", "attempts": 4, "gap": "20h", "preparation": "0min"},
    },
    "run": {
        "start": dt.date(2025, 1, 6), "warmup_days": 14, "horizon_days": 28, "followup_days": 28, "max_touches": 10,
        "max_meetings": 6, "seed": 3,
    },
}  # fmt: skip


def scenario() -> Scenario:
    """Return the company."""
    return scenario_from(TABLES, where="scenes_backtest")


def history_of_replication(replication: int, base: Scenario | None = None) -> History:
    """Return what the company's CRM holds of one replication, exported at the end of the run."""
    played_in = scenario() if base is None else base
    return history_of(play(played_in, draw(played_in, replication)), followup=False)
