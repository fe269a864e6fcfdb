"""One or two fields of the policy over a range of values, everything else as it is."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from funnelsim.config.durations import Duration
from funnelsim.config.paths import FieldPath, as_text, field_at, with_values
from funnelsim.config.scenario import Scenario
from funnelsim.config.space import unread
from funnelsim.errors import Fault, InputError

MOST_FIELDS = 2
MOST_VALUES = 200
"""Values of one field; more are a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A field and the values that it takes."""

    path: str
    values: tuple[Any, ...]
    unit: str  # "" for what has none

    @property
    def texts(self) -> tuple[str, ...]:
        """Return the values as a file writes them."""
        return tuple(as_text(v).strip("'") for v in self.values)

    @property
    def numbers(self) -> tuple[float, ...] | None:
        """Return the values as numbers, durations in hours; None where they are words or switches."""
        found = [v.hours if isinstance(v, Duration) else v for v in self.values]
        if any(isinstance(v, bool) or not isinstance(v, int | float) for v in found):
            return None
        clocks = {v.business for v in self.values if isinstance(v, Duration)}
        return tuple(float(v) for v in found) if len(clocks) < 2 else None


@dataclass(frozen=True, slots=True)
class Sweep:
    """The scenarios of a sweep: the one in force first, then each point of the grid that differs from it."""

    axes: tuple[Axis, ...]
    scenarios: tuple[Scenario, ...]
    labels: tuple[str, ...]
    at: tuple[int, ...]  # the scenario of each point of the grid, the last axis fastest


def read_axis(text: str) -> Axis:
    """Return the axis that `FIELD=LOW:HIGH:STEP` or `FIELD=VALUE,VALUE,...` writes.

    Raises:
        InputError: where it writes none: every fault at once.

    >>> read_axis("policy.scoring.cutoff=40:50:5").values
    (40.0, 45.0, 50.0)
    >>> read_axis("sla.first_touch=1h,8 business hours").texts
    ('1h', '8 business hours')
    """
    where = f"--sweep {text}"
    path, equals, written = text.partition("=")
    path = path.strip().removeprefix("policy.")
    if not equals or not written.strip():
        raise InputError([Fault(where, "", "must be FIELD=LOW:HIGH:STEP or FIELD=VALUE,VALUE,...")])
    try:
        known = field_at(path)
    except InputError as error:
        raise InputError([Fault(where, f.key, f.rule, f.value, f.suggestion) for f in error.faults]) from None
    values = _range(written, known, where) if ":" in written else [_value(v, known) for v in written.split(",")]
    broken = [Fault(where, path, rule, as_text(v)) for v in values if (rule := known.rule_broken_by(v)) is not None]
    if not broken and len({repr(v) for v in values}) < len(values):
        broken = [Fault(where, path, "must not name a value twice")]
    if broken:
        raise InputError(broken)
    return Axis(path, tuple(_as_field(v, known) for v in values), known.unit if known.kind != "duration" else "")


def sweep(scenario: Scenario, axes: Sequence[Axis], *, where: str) -> Sweep:
    """Return every combination of the values of one or two axes as a scenario.

    Args:
        scenario: The one in force, which the others are held against.
        axes: One or two, of different fields.
        where: What to call the scenario in messages.

    Raises:
        InputError: where a field is not read by this policy, or a combination breaks a rule: every fault at once.
        ValueError: where there are not one or two axes.
    """
    if not 1 <= len(axes) <= MOST_FIELDS:
        raise ValueError(f"a sweep is over 1 to {MOST_FIELDS} fields, got {len(axes)}")
    paths = [axis.path for axis in axes]
    if len(set(paths)) < len(paths):
        raise InputError([Fault("--sweep", paths[0], "is swept already")])
    faults = [
        Fault("--sweep", path, f"is not read where {reason}", None, f"change that in {where}, or sweep another field")
        for path in paths
        if (reason := unread(scenario.policy, path, paths)) is not None
    ]
    scenarios, labels, at = [scenario], ["in force"], []
    for values, texts in zip(
        itertools.product(*(a.values for a in axes)), itertools.product(*(a.texts for a in axes)), strict=True
    ):
        label = ", ".join(f"{path.rsplit('.', 1)[-1]} {text}" for path, text in zip(paths, texts, strict=True))
        try:
            changed = scenario.with_policy(with_values(scenario.policy, dict(zip(paths, values, strict=True))))
        except InputError as error:
            faults += [Fault(f"{where} with {label}", f.key, f.rule, f.value, f.suggestion) for f in error.faults]
            continue
        if changed.policy == scenario.policy:
            at.append(0)
        else:
            at.append(len(scenarios))
            scenarios.append(changed)
            labels.append(label)
    if faults:
        raise InputError(faults)
    return Sweep(tuple(axes), tuple(scenarios), tuple(labels), tuple(at))


def _range(written: str, known: FieldPath, where: str) -> list[Any]:
    parts = [part.strip() for part in written.split(":")]
    if len(parts) != 3:
        raise InputError([Fault(where, known.path, "must be LOW:HIGH:STEP, three values")])
    if known.kind not in ("int", "float", "duration"):
        raise InputError([Fault(where, known.path, "takes no range; list its values, parted by commas")])
    if known.kind == "duration":
        try:
            durations = [Duration.parse(part) for part in parts]
        except ValueError as error:
            raise InputError([Fault(where, known.path, str(error))]) from None
        if len({(d.unit, d.business) for d in durations if d.amount}) > 1:
            raise InputError([Fault(where, known.path, "must have its three durations in one unit")])
        unit = next((d for d in durations if d.amount), durations[0])
        amounts = _steps([repr(d.amount) for d in durations], known, where)
        return [unit.scaled_to(amount) for amount in amounts]
    return list(_steps(parts, known, where))


def _steps(parts: Sequence[str], known: FieldPath, where: str) -> list[float]:
    """Return low, low + step, ... up to high, exact in decimals."""
    try:
        low, high, step = (Decimal(part) for part in parts)
        sound = all(d.is_finite() for d in (low, high, step))
    except InvalidOperation:
        sound = False
    if not sound:
        raise InputError([Fault(where, known.path, "must be three numbers, LOW:HIGH:STEP")])
    if step <= 0 or high < low:
        raise InputError([Fault(where, known.path, "must have LOW <= HIGH and STEP > 0")])
    count = math.floor((high - low) / step) + 1
    if count > MOST_VALUES:
        raise InputError([Fault(where, known.path, f"must have at most {MOST_VALUES} values", str(count))])
    return [float(low + step * n) for n in range(count)]


def _value(written: str, known: FieldPath) -> Any:
    """Return a value as the field's kind reads it; as written where it does not, for the rule to name."""
    text = written.strip()
    if known.kind == "bool":
        return {"true": True, "false": False}.get(text.lower(), text)
    if known.kind in ("int", "float"):
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _as_field(value: Any, known: FieldPath) -> Any:
    if known.kind == "duration" and isinstance(value, str) and value != "none":
        return Duration.parse(value)
    if known.kind == "int" and isinstance(value, float):
        return int(value)
    return value
