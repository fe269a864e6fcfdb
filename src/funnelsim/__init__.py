"""Finds the scoring cutoffs and the sales-and-marketing agreement that bring most revenue with fewest leads wasted.

The public names, imported when first used:

    load(path)                          a scenario from a TOML file, every fault at once
    simulate(scenario, replication=0)   one replication: leads, outcomes, touches, measures
    replicate(scenario, ...)            many replications as a table, and `intervals` of it
    run(scenario, ...)                  many replications with every table and figure
    until(scenario, precision=0.05)     as many as it takes to know what one wants to know
    compare(scenarios), sweep(...)      policies on the same leads: differences, their intervals, what is best
    select(scenarios, delta=...)        the best of many, with a guarantee or within a budget
    stress(scenario, policies)          what policies do where the world is not as written
    attribute(scenario, plan)           why a measure misses a plan or a target
    tune(scenario, ...)                 a search of the policy: the front, ready to run
    sensitivity(scenario), marginal()   what moves the measures, and what one step of each field is worth
    with_policy(scenario, {...})        the scenario with fields of its policy at other values
    Plugin(route=..., processes=...)    a user's own routing rule or SimPy processes
    Scenario, Policy, MEASURES          the papers and the registry of measures
    InputError, FunnelsimError          what can go wrong

docs/python.md shows them at work.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funnelsim.api.attributions import attribute
    from funnelsim.api.questions import marginal, sensitivity
    from funnelsim.api.runs import intervals, replicate, run, until
    from funnelsim.api.scenarios import load, with_policy
    from funnelsim.api.search import tune
    from funnelsim.api.selections import select
    from funnelsim.api.simulations import simulate
    from funnelsim.api.stresses import stress
    from funnelsim.api.studies import compare, sweep
    from funnelsim.config.policy import Policy
    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Plugin
    from funnelsim.errors import FunnelsimError, InputError
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
    "attribute",
    "compare",
    "intervals",
    "load",
    "marginal",
    "replicate",
    "run",
    "select",
    "sensitivity",
    "simulate",
    "stress",
    "sweep",
    "tune",
    "until",
    "with_policy",
]

_HOMES = {
    "FunnelsimError": "funnelsim.errors",
    "InputError": "funnelsim.errors",
    "MEASURES": "funnelsim.metrics",
    "Plugin": "funnelsim.engines.choice",
    "Policy": "funnelsim.config.policy",
    "Scenario": "funnelsim.config.scenario",
    "attribute": "funnelsim.api.attributions",
    "compare": "funnelsim.api.studies",
    "intervals": "funnelsim.api.runs",
    "load": "funnelsim.api.scenarios",
    "marginal": "funnelsim.api.questions",
    "replicate": "funnelsim.api.runs",
    "run": "funnelsim.api.runs",
    "select": "funnelsim.api.selections",
    "sensitivity": "funnelsim.api.questions",
    "simulate": "funnelsim.api.simulations",
    "stress": "funnelsim.api.stresses",
    "sweep": "funnelsim.api.studies",
    "tune": "funnelsim.api.search",
    "until": "funnelsim.api.runs",
    "with_policy": "funnelsim.api.scenarios",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'funnelsim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
