"""The five factors of a shortfall: which field of a scenario belongs to which, and mixtures of two scenarios by factor.

Every field that can change a result belongs to exactly one factor, so that all five together turn one scenario into the
other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal

from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.values import plain_tables
from funnelsim.errors import Fault, InputError

Factor = Literal["volume", "quality", "speed", "effort", "capacity"]
FACTORS: tuple[Factor, ...] = ("volume", "quality", "speed", "effort", "capacity")

FACTOR_OF: dict[str, Factor] = {
    "market": "quality",
    "market.shape": "volume",
    "market.channels.*.visitors_per_day": "volume",
    "market.channels.*.visit_to_lead": "volume",
    "market.channels.*.shape": "volume",
    "market.channels.*.bursts": "volume",
    "market.channels.*.spend_per_month": "volume",
    "market.effort": "capacity",
    "market.sync_latency": "speed",
    "market.sync_delay": "speed",
    "market.sync_clock": "speed",
    "market.temper.given_up_share": "effort",
    "economics": "quality",
    "economics.overtime_factor": "capacity",
    "economics.fixed_cost_per_month": "capacity",
    "team": "capacity",
    "policy.lifecycle": "quality",
    "policy.handed_over": "quality",
    "policy.scoring": "quality",
    "policy.marketing": "quality",
    "policy.qualifying_talk": "effort",
    "policy.deduplication": "effort",
    "policy.callbacks": "effort",
    "policy.after_attempts": "effort",
    "policy.sla.attempts": "effort",
    "policy.sla.touches": "effort",
    "policy.sla.preparation": "effort",
    "policy.sla.window": "effort",
    "policy.sla.*.attempts": "effort",
    "policy.sla.*.touches": "effort",
    "policy.sla.*.preparation": "effort",
    "policy.sla.*.window": "effort",
    "policy.routing.recycles": "effort",
    "policy.meetings.rebookings": "effort",
    "policy.self_scheduling": "speed",
    "policy.sla.first_touch": "speed",
    "policy.sla.later_touch": "speed",
    "policy.sla.gap": "speed",
    "policy.sla.gaps": "speed",
    "policy.sla.earliest_touch": "speed",
    "policy.sla.*.first_touch": "speed",
    "policy.sla.*.later_touch": "speed",
    "policy.sla.*.gap": "speed",
    "policy.sla.*.gaps": "speed",
    "policy.sla.*.earliest_touch": "speed",
    "policy.order": "speed",
    "policy.routing.on_breach": "speed",
    "policy.meetings.notice": "speed",
    "policy.meetings.accept_within": "speed",
    "policy.meetings.book_ahead": "speed",
    "policy.cool_off": "speed",
    "policy.routing.method": "capacity",
    "policy.routing.segment_by": "capacity",
    "policy.meetings.slot": "capacity",
    "policy.headcount": "capacity",
}
"""The factor of each field, "*" for any one name; of a table named here, of all below it that is not named itself."""

TABLES = ("market", "team", "economics", "policy")
CHANNELS = ("market", "channels")


def factor_of(path: str) -> Factor:
    """Return the factor that the field at `path` (as in the scenario file) belongs to.

    Raises:
        KeyError: where none is laid down.

    >>> factor_of("policy.sla.A.attempts"), factor_of("market.deal.win_at_once"), factor_of("team.reps.0.count")
    ('effort', 'quality', 'capacity')
    """
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        for pattern in _patterns(parts[:length]):
            if pattern in FACTOR_OF:
                return FACTOR_OF[pattern]
    raise KeyError(path)


def _patterns(parts: list[str]) -> Iterator[str]:
    yield ".".join(parts)
    for at in range(len(parts)):
        yield ".".join([*parts[:at], "*", *parts[at + 1 :]])


def mixed(actual: Scenario, plan: Scenario, taken: Collection[Factor]) -> Scenario:
    """Return `actual` with the fields of some factors taken from `plan`, checked anew, and with nothing to search.

    Which channels there are belongs to volume; a channel that only one of the two has brings its own quality. `run` is
    that of `actual`.

    Raises:
        InputError: where such a mixture breaks a rule of scenarios.
    """
    a, b = plain_tables(actual, defaults=True), plain_tables(plan, defaults=True)
    tables = {name: _mix(a[name], b[name], (name,), set(taken)) for name in TABLES}
    kept = {name: a[name] for name in ("name", "title", "run")} | {"oracle": a["oracle"] or b["oracle"]}
    where = f"{actual.name or 'scenario'} with {', '.join(f for f in FACTORS if f in taken) or 'nothing'} of the plan"
    return scenario_from(kept | tables, where=where)


def _mix(a: Any, b: Any, place: tuple[str, ...], taken: set[Factor]) -> Any:
    if a == b:
        return a
    if isinstance(a, dict) and isinstance(b, dict) and _parted(place):
        if place == CHANNELS:
            names = b if "volume" in taken else a
            return {
                name: _mix(a[name], b[name], (*place, name), taken) if name in a and name in b else names[name]
                for name in names
            }
        return {name: _mix(a[name], b[name], (*place, name), taken) for name in a}
    return b if factor_of(".".join(place)) in taken else a


def _parted(place: tuple[str, ...]) -> bool:
    """Return whether the fields below a table belong to several factors."""
    for pattern in FACTOR_OF:
        parts = pattern.split(".")
        if len(parts) > len(place) and all(p in ("*", q) for p, q in zip(parts, place, strict=False)):
            return True
    return False


def changes(actual: Scenario, plan: Scenario) -> dict[Factor, list[tuple[str, Any, Any]]]:
    """Return by factor the fields in which two scenarios differ: path, what is and what is planned (plain values)."""
    a, b = plain_tables(actual, defaults=True), plain_tables(plan, defaults=True)
    found: dict[Factor, list[tuple[str, Any, Any]]] = {factor: [] for factor in FACTORS}
    for name in TABLES:
        for path, before, after in _differences(a[name], b[name], (name,)):
            whole_channel = path.startswith("market.channels.") and path.count(".") == len(CHANNELS)
            found["volume" if whole_channel else factor_of(path)].append((path, before, after))
    return found


def _differences(a: Any, b: Any, place: tuple[str, ...]) -> Iterator[tuple[str, Any, Any]]:
    if a == b:
        return
    if isinstance(a, dict) and isinstance(b, dict):
        for name in dict.fromkeys((*a, *b)):
            yield from _differences(a.get(name), b.get(name), (*place, name))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for at, (x, y) in enumerate(zip(a, b, strict=True)):
            yield from _differences(x, y, (*place, str(at)))
    else:
        yield ".".join(place), a, b


def check_attributable(actual: Scenario, plan: Scenario, *, where: str) -> None:
    """Check that a scenario can be held against a plan: one `run` but for seed and replications, and one currency.

    Raises:
        InputError: with everything in which they differ.
    """
    wanted, given = actual.run.model_dump(mode="json"), plan.run.model_dump(mode="json")
    faults = [
        Fault(where, f"run.{name}", f"must be as in {actual.name}, {wanted[name]}", str(given[name]))
        for name in wanted
        if name not in ("seed", "replications") and wanted[name] != given[name]
    ]
    if actual.economics.currency != plan.economics.currency:
        rule = f"must be as in {actual.name}, {actual.economics.currency!r}"
        faults.append(Fault(where, "economics.currency", rule, repr(plan.economics.currency)))
    if faults:
        raise InputError(faults)
