"""The search space against the policy: each variable names a field, fits its kind and range, and keeps the rules."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from funnelsim.config.cross import cross_faults
from funnelsim.config.durations import Duration
from funnelsim.config.faults import shown
from funnelsim.config.paper import Broken
from funnelsim.config.paths import FieldPath, field_at, unknown_path, with_values
from funnelsim.config.search import Search, Variable, size
from funnelsim.errors import InputError

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario

_WORST_AT_HIGH = {"attempts", "recycles", "rebookings", "tier_b_above", "grade_fit.0", "grade_intent.0"}
_WORST_AT_LOW = {"gap", "tier_a_above", "grade_fit.1", "grade_intent.1"}
_CORNER_READS = ("search.variables", "policy", "team", "market", "run", "oracle")
_SWITCHES = {
    "lifecycle",
    "handed_over",
    "qualifying_talk",
    "self_scheduling",
    "scoring.rule",
    "routing.method",
    "routing.segment_by",
}


def space_faults(scenario: Scenario) -> Iterator[Broken]:
    """Yield every rule that the search space of `scenario` breaks, each with the keys that it reads."""
    sound: dict[str, Variable] = {}
    for path, variable in scenario.search.variables.items():
        reads = (f"search.variables.{path}",)
        broken = [replace(broken, reads=reads) for broken in _variable_faults(path, variable)]
        if not broken:
            sound[path] = variable
        yield from broken
    for path in sound:
        table = path.rpartition(".")[0]
        if table.endswith(".gaps") and f"{table.removesuffix('s')}" in sound:
            key = f"search.variables.{path}"
            yield Broken(key, f"excludes '{table.removesuffix('s')}', which is varied too", reads=(key,))
    if sound:
        yield from (replace(broken, reads=_CORNER_READS) for broken in _corner_faults(scenario, sound))


def _variable_faults(path: str, variable: Variable) -> Iterator[Broken]:
    key = f"search.variables.{path}"
    try:
        known = field_at(path)
    except InputError:
        fault = unknown_path(path, where="", key=key)
        yield Broken(key, fault.rule, fault.suggestion)
        return
    if variable.choices is not None:
        if len(set(map(repr, variable.choices))) < len(variable.choices):
            yield Broken(f"{key}.choices", "must differ from one another")
        for j, choice in enumerate(variable.choices):
            rule = known.rule_broken_by(choice)
            if rule is not None:
                yield Broken(f"{key}.choices.{j}", f"policy.{path} {rule}, got {shown(choice)}")
        return
    if known.kind in ("bool", "enum", "str"):
        yield Broken(key, f"policy.{path} takes choices, not a range", f"write choices = {_example(known)}")
        return
    for name in ("low", "high", "step"):
        bound = getattr(variable, name)
        rule = None if bound is None else _bound_rule(known, bound, is_step=name == "step")
        if rule is not None:
            yield Broken(f"{key}.{name}", f"policy.{path} {rule}, got {bound}")


def _example(known: FieldPath) -> str:
    choices = [f'"{choice}"' for choice in known.choices] or ["true", "false"]
    return f"[{', '.join(choices)}]" if known.kind in ("bool", "enum") else '["...", "..."]'


def _bound_rule(known: FieldPath, bound: Duration | float, *, is_step: bool) -> str | None:
    """Return the rule that an end (or the step) of a range breaks as this field."""
    if known.kind == "duration":
        rule = known.rule_broken_by(bound)
        return None if is_step and isinstance(bound, Duration) and not known.calendar_only else rule
    if isinstance(bound, Duration):
        return "is a number, not a duration"
    if is_step:
        return "must be a whole number" if known.kind == "int" and not float(bound).is_integer() else None
    return known.rule_broken_by(bound)


def _corner_faults(scenario: Scenario, variables: dict[str, Variable]) -> Iterator[Broken]:
    """Yield the rules that some policy of the space breaks, tried where each rule is hardest to keep."""
    corner = {path: worst for path, variable in variables.items() if (worst := _worst(path, variable)) is not None}
    for path, variable in variables.items():
        if path not in corner and path not in _SWITCHES:
            corner[path] = variable.low if variable.choices is None else variable.choices[0]
    switches = {path: variables[path].choices or [] for path in variables if path in _SWITCHES}
    before = {(broken.key, broken.rule) for broken in cross_faults(_bare(scenario, {}))}
    told: set[tuple[str, str]] = set()
    for chosen in itertools.product(*switches.values()):
        for key, rule in _broken_at(scenario, {**corner, **dict(zip(switches, chosen, strict=True))}):
            if (key, rule) in before | told:
                continue
            told.add((key, rule))
            yield Broken("search.variables", f"some of these policies break a rule: {key}: {rule}")


def _broken_at(scenario: Scenario, values: dict[str, Any]) -> list[tuple[str, str]]:
    if not values:
        return []
    try:
        return [(broken.key, broken.rule) for broken in cross_faults(_bare(scenario, values))]
    except InputError as error:
        return [(f"policy.{fault.key}", fault.rule) for fault in error.faults]


def _bare(scenario: Scenario, values: dict[str, Any]) -> Scenario:
    """Return the scenario under the changed policy, unchecked and with nothing to search."""
    policy = with_values(scenario.policy, values) if values else scenario.policy
    return scenario.model_copy(update={"policy": policy, "search": Search()})


def _worst(path: str, variable: Variable) -> Any:
    """Return the value of a variable at which the rules between fields are hardest to keep, or None."""
    parts = path.split(".")
    names = {parts[-1], ".".join(parts[-2:])}
    if parts[-1].isdigit() and parts[-2] == "gaps":
        names.add("gap")
    if not names & (_WORST_AT_HIGH | _WORST_AT_LOW):
        return None
    bounds = [variable.low, variable.high] if variable.choices is None else [_as_bound(c) for c in variable.choices]
    known = [bound for bound in bounds if bound is not None]
    pick = max if names & _WORST_AT_HIGH else min
    return pick(known, key=size)


def _as_bound(choice: str | float) -> Duration | float | None:
    if isinstance(choice, str):
        return None if choice == "none" else Duration.parse(choice)
    return choice
