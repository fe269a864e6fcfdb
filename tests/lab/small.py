"""A scenario that plays in a tenth of a second, for tests that need a real one."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario

CONFIGS = Path(__file__).resolve().parents[2] / "configs"


@cache
def quickstart() -> Scenario:
    """Return the shipped quickstart."""
    return load_scenario(CONFIGS / "quickstart.toml")


def small(**run: Any) -> Scenario:
    """Return the quickstart over 60 days in Berlin, the end of summer time among them; `run` replaces fields of run."""
    start = {"start": "2025-09-15", "time_zone": "Europe/Berlin"}
    short = {"warmup_days": 14, "horizon_days": 46, "followup_days": 20, "replications": 3, "seed": 7}
    whole = quickstart().model_dump(mode="json", exclude_unset=True)
    whole["run"] = whole.get("run", {}) | start | short | run
    return Scenario.model_validate(whole)
