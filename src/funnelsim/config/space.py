"""The search space against the policy: each variable names a field, fits its kind and range, and keeps the rules."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from funnelsim.config.cross import cross_faults
from funnelsim.config.durations import Duration
from funnelsim.config.faults import shown
from funnelsim.config.paper import Broken
from funnelsim.config.paths import TIERS, FieldPath, as_text, field_at, get_value, unknown_path, with_values
from funnelsim.config.policy import LIFECYCLES, Policy
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

_THRESHOLDS = ("scoring.cutoff", "scoring.fit_cutoff", "scoring.intent_cutoff")
_TIER_FIELDS = (*_THRESHOLDS, "scoring.tier_a_above", "scoring.tier_b_above")
_UNREAD: tuple[tuple[tuple[str, ...], str, tuple[str | bool, ...]], ...] = (
    (("scoring.cutoff",), "scoring.rule", ("and", "or")),
    (("scoring.fit_cutoff", "scoring.intent_cutoff"), "scoring.rule", ("sum", "event")),
    (("scoring.half_life",), "scoring.decay", ("none", "window")),
    (("scoring.window",), "scoring.decay", ("none", "half_life")),
    (("routing.recycles", "routing.on_breach"), "routing.method", ("pool",)),
    (("routing.segment_by",), "routing.method", ("pool", "round_robin", "weighted", "least_loaded")),
    (("meetings.book_ahead",), "self_scheduling", (False,)),
)
"""Fields that are not read under some values of the field that switches them: (fields, switch, those values)."""


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
    for path in sound:
        where = unread(scenario.policy, path, scenario.search.variables) or _beyond_all_attempts(scenario, path, sound)
        if where is not None:
            key = f"search.variables.{path}"
            yield Broken(key, f"is not read where {where}", reads=("search.variables", "policy"))
    if sound:
        yield from (replace(broken, reads=_CORNER_READS) for broken in _corner_faults(scenario, sound))


def unread(policy: Policy, path: str, varied: Collection[str]) -> str | None:
    """Return in which setting the policy, whatever else is varied, does not read the field at `path`; None if it does.

    >>> unread(Policy(), "scoring.fit_cutoff", ["scoring.fit_cutoff"])
    "scoring.rule is 'sum'"
    """
    for fields, switch, ignoring in _UNREAD:
        if path in fields and not _is_varied(switch, varied) and get_value(policy, switch) in ignoring:
            value = get_value(policy, switch)
            return f"{switch} is {as_text(value) if isinstance(value, bool) else repr(value)}"
    least = _attempts_needed(path)
    if least > 1 and not any(switch in varied for switch in _attempts_of(path)):
        tier = path.split(".")[1]
        tiers = (tier,) if tier in TIERS else TIERS
        most = max(get_value(policy, f"sla.{tier}.attempts") for tier in tiers)
        if most < least:
            return f"attempts is {most}" if tiers == TIERS else f"attempts of tier {tier} is {most}"
    unscored = policy.handed_over != "scored" and not {"handed_over", "lifecycle"} & set(varied)
    if path in _TIER_FIELDS and unscored and not _tiers_matter(policy, varied):
        return f"handed_over is '{policy.handed_over}' and the tiers are worked alike"
    return None


def may_be_unread(policy: Policy, path: str, variables: Mapping[str, Variable]) -> bool:
    """Return whether some policies of a sound search space do not read the field at `path`, by what decides that.

    >>> may_be_unread(Policy(), "sla.gaps.2", {"sla.attempts": Variable(low=3, high=8), "sla.gaps.2": Variable()})
    True
    """
    deciding = {switch: _trials_of(variables[switch]) for switch in switches_of(path) if switch in variables}
    others = variables.keys() - deciding
    return any(
        unread(with_values(policy, dict(zip(deciding, chosen, strict=True))), path, others) is not None
        for chosen in itertools.product(*deciding.values())
        if deciding
    )


def switches_of(path: str) -> tuple[str, ...]:
    """Return the fields that decide whether the one at `path` is read, those that nothing decides having none."""
    found = [switch for fields, switch, _ in _UNREAD if path in fields]
    found += ["handed_over"] if path in _TIER_FIELDS else []
    found += ["lifecycle"] if set(found) & _OF_LIFECYCLE else []
    return (*found, *(_attempts_of(path) if _attempts_needed(path) > 1 else ()))


_OF_LIFECYCLE = {name for preset in LIFECYCLES.values() for name in preset}


def _is_varied(switch: str, varied: Collection[str]) -> bool:
    return switch in varied or (switch in _OF_LIFECYCLE and "lifecycle" in varied)


def _attempts_needed(path: str) -> int:
    """Return from how many attempts on a term is read: a gap lies between two; touches.2 is the third attempt's."""
    parts = path.split(".")
    if parts[0] != "sla":
        return 1
    if parts[-1] == "gap":
        return 2
    place = int(parts[-1]) if parts[-1].isdigit() else 0
    return {"gaps": place + 2, "touches": place + 1}.get(parts[-2], 1)


def _attempts_of(path: str) -> tuple[str, ...]:
    tier = path.split(".")[1] if path.startswith("sla.") else ""
    return ("sla.attempts", *(f"sla.{t}.attempts" for t in ((tier,) if tier in TIERS else TIERS)))


def _beyond_all_attempts(scenario: Scenario, path: str, variables: Mapping[str, Variable]) -> str | None:
    """Return in which setting a term is not read, even where every policy of the space has its most attempts."""
    most = {switch: max(_trials_of(variables[switch])) for switch in _attempts_of(path) if switch in variables}
    if _attempts_needed(path) < 2 or not most:
        return None
    return unread(with_values(scenario.policy, most), path, variables.keys() - most)


def _trials_of(variable: Variable) -> list[Any]:
    """Return the values of a variable at which what it decides may change: its choices, or its ends."""
    return [variable.low, variable.high] if variable.choices is None else list(variable.choices)


def _tiers_matter(policy: Policy, varied: Collection[str]) -> bool:
    """Return whether the tier of a lead makes any difference: to its terms, or to its place in a list."""
    terms = [policy.sla.of_tier("A"), policy.sla.of_tier("B"), policy.sla.of_tier("C")]
    own_terms = any(own != terms[0] for own in terms)
    varied_terms = any(path.split(".")[:2] in (["sla", tier] for tier in TIERS) for path in varied)
    return own_terms or varied_terms or policy.order.work == "tier" or "order.work" in varied


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
