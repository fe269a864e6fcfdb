"""Scenarios: from a file, and under another policy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.errors import InputError


def load(path: str | Path) -> Scenario:
    """Return the scenario that the TOML file at `path` describes, checked as `funnelsim check` does.

    Raises:
        InputError: with every fault of the file, one line each: unknown measures, and bounds that no share can have,
            too.
    """
    from funnelsim.config.load import load_scenario
    from funnelsim.metrics import MEASURES
    from funnelsim.tuning.goals import bound_faults

    scenario = load_scenario(path, measures=MEASURES)
    if faults := bound_faults(scenario.search, where=str(path)):
        raise InputError(faults)
    return scenario


def with_policy(scenario: Scenario, values: Mapping[str, Any], *, name: str | None = None) -> Scenario:
    """Return `scenario` with fields of its policy at other values, checked anew; it stays as it is itself.

    Args:
        scenario: The one in force.
        values: Value by path: `{"scoring.cutoff": 50, "sla.first_touch": "4h"}`; "none" for what may be absent.
        name: What to call it; the name stays where None.

    Raises:
        InputError: with every path that does not exist, every value that breaks a rule, and every rule between tables.
    """
    changed = scenario.with_policy(
        with_values(scenario.policy, {path.removeprefix("policy."): value for path, value in values.items()})
    )
    return changed if name is None else changed.model_copy(update={"name": name})
