"""Finds the scoring cutoffs and the sales-and-marketing agreement that bring most revenue with fewest leads wasted.

The public names, imported when first used:

    load(path)                          a scenario from a TOML file, every fault at once
    simulate(scenario, replication=0)   one replication: leads, outcomes, touches, measures
    Plugin(route=..., processes=...)    a user's own routing rule or SimPy processes
    replicate(scenario, ...)            many replications as a table
    Scenario, Policy, MEASURES          the papers and the registry of measures
    InputError, FunnelsimError          what can go wrong
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from funnelsim.config.policy import Policy
    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Plugin, Wish
    from funnelsim.errors import FunnelsimError, InputError
    from funnelsim.lab.play import Played
    from funnelsim.lab.replicate import replicate
    from funnelsim.metrics import MEASURES

__version__ = "0.1.0"

__all__ = [
    "MEASURES",
    "FunnelsimError",
    "InputError",
    "Plugin",
    "Policy",
    "Scenario",
    "__version__",
    "load",
    "replicate",
    "simulate",
]

_HOMES = {
    "FunnelsimError": "funnelsim.errors",
    "InputError": "funnelsim.errors",
    "MEASURES": "funnelsim.metrics",
    "Plugin": "funnelsim.engines.choice",
    "Policy": "funnelsim.config.policy",
    "Scenario": "funnelsim.config.scenario",
    "replicate": "funnelsim.lab.replicate",
}


def load(path: str | Path) -> Scenario:
    """Return the scenario that the TOML file at `path` describes, the names of its measures checked too.

    Raises:
        InputError: with every fault of the file, one line each.
    """
    from funnelsim.config.load import load_scenario
    from funnelsim.metrics import MEASURES

    return load_scenario(path, measures=MEASURES)


def simulate(
    scenario: Scenario, *, replication: int = 0, engine: Wish = "auto", plugin: Plugin | None = None
) -> Played:
    """Return one replication of `scenario` as it was played; `.summary()` holds every measure by name.

    Args:
        scenario: What to simulate.
        replication: Which one, >= 0; the same number is the same luck under every policy.
        engine: "compiled", "reference", or "auto": compiled where numba is installed and no plug-in takes part. The
            result is the same to the bit; its `engine` says which one played.
        plugin: A user's own routing rule or SimPy processes.

    Raises:
        EngineError: where that engine cannot play here, or not with a plug-in.
    """
    from funnelsim.engines.choice import choose
    from funnelsim.lab.play import draw, play

    chosen = choose(engine, plugin=plugin)
    chosen.prepare()
    return play(scenario, draw(scenario, replication), engine=chosen, plugin=plugin)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'funnelsim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
