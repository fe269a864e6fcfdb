"""Another policy for a scenario, by the paths that files and `--sweep` use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario


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
