"""Policy fields by path, such as "scoring.cutoff", "sla.A.attempts" or "headcount.bdr": look up, read, set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from funnelsim.config.durations import Duration
from funnelsim.config.faults import translate
from funnelsim.config.node import Node, below, node_of
from funnelsim.config.paper import NONE
from funnelsim.config.policy import LIFECYCLES, Policy, Terms
from funnelsim.config.suggest import nearest
from funnelsim.errors import Fault, InputError

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario

Kind = Literal["duration", "int", "float", "bool", "enum", "str"]
TIERS = ("A", "B", "C")


@dataclass(frozen=True, slots=True)
class FieldPath:
    """One policy field: its kind, range and meaning."""

    path: str
    kind: Kind
    unit: str
    meaning: str
    low: float | None  # smallest value; None without limit; hours for a duration
    high: float | None
    low_open: bool  # `low` itself is not allowed
    high_open: bool
    choices: tuple[str, ...]  # of an enum
    may_be_absent: bool  # None, written "none", is a value
    calendar_only: bool  # a duration that may not be on a business clock

    def rule_broken_by(self, value: Any) -> str | None:
        """Return the rule that `value` breaks as this field, or None where it is allowed."""
        if self.kind == "int" and isinstance(value, float) and value.is_integer():
            value = int(value)
        if value is None or (value == NONE and self.may_be_absent and NONE not in self.choices):
            return None if self.may_be_absent else "must be given"
        try:
            _adapter(self.path).validate_python(value)
        except ValidationError as error:
            return translate(error, root=Policy, where="", at=tuple(self.path.split(".")))[0].rule
        return None


@lru_cache(maxsize=4096)
def _node(path: str) -> Node:
    node = node_of(Policy)
    for part in path.split("."):
        found = below(node, part)
        if found is None:
            raise KeyError(path)
        node = found
    return node


@lru_cache(maxsize=4096)
def _adapter(path: str) -> TypeAdapter[Any]:
    node = _node(path)
    strict = None if node.type is Duration else ConfigDict(strict=True, allow_inf_nan=False)
    return TypeAdapter(node.annotated(), config=strict)


@lru_cache(maxsize=4096)
def _field_at(path: str) -> FieldPath | None:
    try:
        node = _node(path)
    except KeyError:
        return None
    kind = node.kind()
    if kind is None:
        return None
    bounds = node.bounds()
    return FieldPath(
        path=path,
        kind=kind,
        unit=node.unit,
        meaning=node.meaning,
        low=bounds.low,
        high=bounds.high,
        low_open=bounds.low_open,
        high_open=bounds.high_open,
        choices=node.choices(),
        may_be_absent=node.may_be_absent,
        calendar_only=node.calendar_only(),
    )


def field_at(path: str) -> FieldPath:
    """Return what is known of the policy field at `path` (dotted, within the policy).

    The names in a table by name (`scoring.offer_points.<offer>`) are not checked here: they belong to the market.

    Raises:
        InputError: where there is no such field, with the nearest one.

    >>> field_at("sla.A.attempts").kind
    'int'
    """
    found = _field_at(path)
    if found is None:
        raise InputError([unknown_path(path, where="policy", key=path)])
    return found


def unknown_path(path: str, *, where: str, key: str) -> Fault:
    """Return the fault that there is no policy field at `path`, with the nearest one as suggestion."""
    try:
        node = _node(path)
    except KeyError:
        pass
    else:
        fields = ", ".join(node.fields()) or "<name>"
        return Fault(where, key, "is a table or list, not one field", None, f"name one of its own: {path}.({fields})")
    guess = nearest_path(path)
    return Fault(where, key, "no such policy field", None, None if guess is None else f"did you mean '{guess}'?")


def nearest_path(path: str) -> str | None:
    """Return the path that `path` most likely misspells, or None where none is near."""
    known = static_paths()
    path = path.removeprefix("policy.")
    if path in known:
        return path
    head, _, last = path.rpartition(".")
    same_name = [other for other in known if other.rsplit(".", 1)[-1] == last]
    if same_name:
        return nearest(path, same_name) or min(same_name, key=lambda other: (other.count("."), other))
    beside = {other.rsplit(".", 1)[-1]: other for other in known if other.rpartition(".")[0] == head}
    if near := nearest(last, beside):
        return beside[near]
    if _field_at(f"{head}.x") is not None and _field_at(f"{head}.0") is None:
        return None  # a table by name: any name will do here
    by_tail = nearest(last, [other.rsplit(".", 1)[-1] for other in known])
    return nearest(path, known) or next((other for other in known if other.rsplit(".", 1)[-1] == by_tail), None)


@lru_cache(maxsize=1)
def static_paths() -> tuple[str, ...]:
    """Return the path of every field that has one whatever the market, in the order of the models."""
    return tuple(_leaves(node_of(Policy), ""))


def _leaves(node: Node, prefix: str) -> Iterator[str]:
    for name in node.fields():
        child = below(node, name)
        if child is not None and child.kind() is not None:
            yield prefix + name
        elif child is not None:
            yield from _leaves(child, f"{prefix}{name}.")


def get_value(policy: Policy, path: str) -> Any:
    """Return the value in force at `path`: of a tier's term the common one where the tier has none of its own.

    None where nothing is set (an absent limit, a headcount that the policy leaves to the team: see `value_in_force`).

    Raises:
        InputError: where there is no such field.
    """
    field_at(path)
    parts = path.split(".")
    if parts[0] == "sla" and parts[1] in TIERS:
        value: Any = policy.sla.of_tier(parts[1])  # type: ignore[arg-type]  # one of the three
        parts = parts[2:]
    else:
        value = policy
    for part in parts:
        if isinstance(value, Terms) and part == "gap" and value.gaps:
            return value.gaps[0]
        if isinstance(value, Terms) and part == "gaps" and not value.gaps:
            value = [value.gap]
        elif isinstance(value, BaseModel):
            value = getattr(value, part)
        elif isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list):
            value = _nth(value, int(part))
        if value is None:
            return None
    return value


def _nth(values: list[Any], n: int) -> Any:
    """Return the n-th value, the last repeated; None of an empty list."""
    return values[min(n, len(values) - 1)] if values else None


def value_in_force(scenario: Scenario, path: str) -> Any:
    """Return the value at `path` under the scenario's policy; a headcount that it leaves open is the team's.

    Raises:
        InputError: where there is no such field.
    """
    value = get_value(scenario.policy, path)
    table, _, role = path.partition(".")
    if value is None and table == "headcount":
        return sum(group.count for group in scenario.team.reps if group.role == role)
    return value


def with_values(policy: Policy, values: Mapping[str, Any]) -> Policy:
    """Return `policy` with the values of some paths replaced, checked anew.

    `sla.gap` also clears `sla.gaps` (and a tier's gap the tier's gaps), `lifecycle` applies the preset of that
    lifecycle again, and `sla.touches.2` lengthens a shorter list by repeating its last entry.

    Args:
        policy: The policy to start from; it stays as it is.
        values: Value by path; durations as `Duration` or text, "none" or None for what may be absent.

    Raises:
        InputError: with every path that does not exist and every value that breaks a rule.
    """
    unknown = [unknown_path(path, where="policy", key=path) for path in values if _field_at(path) is None]
    if unknown:
        raise InputError(unknown)
    draft: Any = {name: getattr(policy, name) for name in Policy.model_fields}
    for path in sorted(values, key=lambda path: path != "lifecycle"):
        value, parts = values[path], path.split(".")
        if path == "lifecycle":
            _apply_lifecycle(draft, policy.lifecycle, value)
            continue
        if isinstance(value, float) and value.is_integer() and field_at(path).kind == "int":
            value = int(value)
        if parts[0] == "sla" and parts[-1] == "gap":
            draft = _set(draft, [*parts[:-1], "gaps"], [] if len(parts) == 2 else None)
        if parts[-1].isdigit():
            draft = _set(draft, parts[:-1], _with_nth(_list_at(draft, policy, parts[:-1]), int(parts[-1]), value))
        else:
            draft = _set(draft, parts, value)
    try:
        return Policy.model_validate(draft)
    except ValidationError as error:
        raise InputError(translate(error, root=Policy, where="policy")) from None


def _apply_lifecycle(draft: dict[str, Any], before: str, after: Any) -> None:
    """Put the preset of `after` in place, and undo what the preset of `before` had set."""
    for name, value in LIFECYCLES[before].items():
        if draft[name] == value:
            draft[name] = Policy.model_fields[name].default
    draft.update(LIFECYCLES.get(after, {}) if isinstance(after, str) else {}, lifecycle=after)


def _set(table: Any, parts: list[str], value: Any) -> dict[str, Any]:
    """Return a table as a dictionary with the value at `parts` replaced; nothing that was given is changed."""
    if isinstance(table, BaseModel):
        copy = {name: getattr(table, name) for name in type(table).model_fields}
    else:
        copy = dict(table or {})
    copy[parts[0]] = value if len(parts) == 1 else _set(copy.get(parts[0]), parts[1:], value)
    return copy


def _list_at(draft: dict[str, Any], policy: Policy, parts: list[str]) -> list[Any]:
    """Return the list at `parts`: as drafted, else as in force."""
    value: Any = draft
    for part in parts:
        value = value.get(part) if isinstance(value, dict) else getattr(value, part)
    if value:
        return list(value)
    if parts[0] == "sla" and parts[1] in TIERS:
        common = policy.sla.of_tier(parts[1])  # type: ignore[arg-type]  # one of the three
        value = getattr(common, parts[2]) or [common.gap]
    return list(value or [policy.sla.gap])


def _with_nth(values: list[Any], n: int, value: Any) -> list[Any]:
    """Return `values` with the n-th replaced, lengthened by its last where it is too short."""
    longer = [*values, *[values[-1]] * (n + 1 - len(values))]
    longer[n] = value
    return longer


def as_text(value: Any) -> str:
    """Return a policy value as a file writes it."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value) if isinstance(value, Duration | int) else repr(value)
