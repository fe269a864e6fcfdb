"""What `--vary` writes: a field of policy or world, and the range or the values that it takes."""

from __future__ import annotations

import re
from typing import Any

from funnelsim.config.durations import Duration
from funnelsim.config.paths import FieldPath, field_at
from funnelsim.config.scenario import Scenario
from funnelsim.config.search import size
from funnelsim.errors import Fault, InputError
from funnelsim.lab.inputs import WORLD_SHARE, Input, of_variable, ranged, relative, world_fields

WORLD_TABLES = ("market", "economics", "team")
_SHARE = re.compile(r"^([+-]?\d+(?:\.\d+)?)\s*%$")


def read_input(text: str, scenario: Scenario, *, share: float = WORLD_SHARE) -> Input:
    """Return the input that `PATH`, `PATH=LOW:HIGH` or `PATH=VALUE,VALUE,...` writes.

    Paths are those of the scenario file; "policy." may be left out. LOW and HIGH are numbers or durations, or, of the
    world, shares of what is in force (-20%:+20%). "*" stands for any one name: those fields move together, by shares.
    Without a range it is that of the [search] space, or `share` either way for a field of the world.

    Raises:
        InputError: where it writes none.
    """
    where = f"--vary {text}"
    path, equals, written = (part.strip() for part in text.partition("="))
    if equals and not written:
        raise InputError([Fault(where, "", "must be PATH, PATH=LOW:HIGH or PATH=VALUE,VALUE,...")])
    if path.split(".")[0] in WORLD_TABLES:
        return _of_the_world(path, written, scenario, share=share, where=where)
    path = path.removeprefix("policy.")
    try:
        known = field_at(path)
    except InputError as error:
        raise InputError([Fault(where, f.key, f.rule, f.value, f.suggestion) for f in error.faults]) from None
    if written:
        return _of_the_policy(known, written, where=where)
    if path not in scenario.search.variables:
        rule = "is not in the [search] space, so it has no range"
        raise InputError([Fault(where, path, rule, None, f"write {path}=LOW:HIGH")])
    return of_variable(path, scenario.search.variables[path])


def _of_the_policy(known: FieldPath, written: str, *, where: str) -> Input:
    is_range = ":" in written
    if is_range and known.kind not in ("int", "float", "duration"):
        raise InputError([Fault(where, known.path, "takes no range; list its values, parted by commas")])
    values = [_value(part.strip(), known.kind, where, known.path) for part in written.split(":" if is_range else ",")]
    rules = [(known.rule_broken_by(v), v) for v in values]
    faults = [Fault(where, known.path, rule, str(v)) for rule, v in rules if rule is not None]
    if not faults and not is_range and len(values) < 2:
        faults.append(Fault(where, known.path, "must list two values or more"))
    if faults:
        raise InputError(faults)
    if not is_range:
        return Input(known.path, "policy", choices=tuple(values))
    _check_ends(values, where=where, path=known.path)
    return ranged(known.path, "policy", *values)


def _of_the_world(path: str, written: str, scenario: Scenario, *, share: float, where: str) -> Input:
    if not written:
        return relative(scenario, path, -share, share, where=where)
    ends = [part.strip() for part in written.split(":")]
    shares = [float(found[1]) / 100 for end in ends if (found := _SHARE.match(end)) is not None]
    if len(shares) == len(ends):
        _check_ends(shares, where=where, path=path)
        if shares[0] <= -1.0:
            raise InputError([Fault(where, path, "must be above -100 %", ends[0])])
        return relative(scenario, path, *shares, where=where)
    if "*" in path:
        raise InputError([Fault(where, path, "takes shares of what is in force, such as -20%:+20%")])
    (field,) = world_fields(scenario, path, where=where)
    values = [_value(end, "duration" if isinstance(field.value, Duration) else "float", where, path) for end in ends]
    _check_ends(values, where=where, path=path)
    if not isinstance(field.value, Duration) and not field.low <= values[0] < values[1] <= field.high:
        raise InputError([Fault(where, path, f"must be within {field.low:g} to {field.high:g}")])
    return ranged(field.path, "world", *values)


def _check_ends(values: list[Any], *, where: str, path: str) -> None:
    rule = None
    if len(values) != 2:
        rule = "must be LOW:HIGH, two values"
    elif size(values[0]) >= size(values[1]):
        rule = "must have LOW below HIGH"
    elif isinstance(values[0], Duration) and values[0].business != values[1].business:
        rule = "must have both durations on one clock"
    if rule is not None:
        raise InputError([Fault(where, path, rule)])


def _value(text: str, kind: str, where: str, path: str) -> Any:
    try:
        if kind == "duration":
            return Duration.parse(text)
        if kind == "bool":
            return {"true": True, "false": False}.get(text.lower(), text)
        return float(text) if kind in ("int", "float") else text
    except ValueError as error:
        rule = str(error) if kind == "duration" else "must be a number"
        raise InputError([Fault(where, path, rule, text)]) from None
