"""What every configuration table shares: frozen, strict, fields with unit, meaning and source, rules between fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import NoneType
from typing import Any, Self, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

NONE = "none"
"""How a file says that an optional field is to be absent though it has a default (TOML knows no null)."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One rule that a table breaks: the key (dotted, within the table; "" for the table), the rule, a remedy."""

    key: str
    rule: str
    suggestion: str | None = None
    reads: tuple[str, ...] = ()


class BrokenRulesError(ValueError):
    """Every rule that one table breaks, so that a file's faults can all be told at once."""

    def __init__(self, broken: list[Broken]) -> None:
        super().__init__("\n".join(f"{b.key}: {b.rule}" if b.key else b.rule for b in broken))
        self.broken = tuple(broken)


Check = Callable[[Any], Iterator[Broken]]
_Check = TypeVar("_Check", bound=Check)


def binds(*reads: str) -> Callable[[_Check], _Check]:
    """Mark a method that yields the rules which a table breaks, and name the fields that it reads.

    Args:
        reads: Dotted keys within the table, "*" for any one name; a rule is left out where one of them is faulty.
    """

    def mark(check: _Check) -> _Check:
        check.__dict__["reads"] = reads
        return check

    return mark


class Paper(BaseModel):
    """A frozen configuration table that knows no keys but its own."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _absent(cls, data: Any) -> Any:
        """Read "none" as absent in fields that may be."""
        if not isinstance(data, dict) or NONE not in (v for v in data.values() if isinstance(v, str)):
            return data
        return {key: None if value == NONE and cls.may_be_absent(key) else value for key, value in data.items()}

    @classmethod
    def may_be_absent(cls, name: str) -> bool:
        """Return whether the field `name` may be None, which a file writes as "none"."""
        known = cls.model_fields.get(name)
        return known is not None and NoneType in get_args(known.annotation)

    def broken_rules(self) -> Iterator[Broken]:
        """Yield every rule between the fields of this table that it breaks."""
        for kind in type(self).__mro__:
            for check in vars(kind).values():
                reads = getattr(check, "reads", None)
                if callable(check) and isinstance(reads, tuple):
                    yield from (replace(broken, reads=broken.reads or reads) for broken in check(self))

    @model_validator(mode="after")
    def _keeps_its_rules(self) -> Self:
        broken = list(self.broken_rules())
        if broken:
            raise BrokenRulesError(broken)
        return self


def field(default: Any, unit: str, text: str, *, source: str = "", factory: Any = None, **rules: Any) -> Any:
    """Return a pydantic field that also carries its unit and the source of its default.

    Args:
        default: The default value; `...` for a required field.
        unit: The unit in words, "" for enums and names.
        text: What the field means, one sentence.
        source: Where the default comes from: a citation or "assumed".
        factory: Used instead of `default` for mutable defaults.
        rules: Ranges, as pydantic spells them (ge, gt, le, lt, min_length, ...).
    """
    rules["json_schema_extra"] = {"unit": unit, "source": source}
    if factory is not None:
        return Field(default_factory=factory, description=text, **rules)
    return Field(default, description=text, **rules)


def mix_fault(mix: dict[str, float], *, tolerance: float = 1e-6) -> str | None:
    """Return the rule that a mix of shares breaks, or None: no negative share, and a sum of one."""
    if not mix:
        return "must name at least one share"
    negative = [name for name, share in mix.items() if share < 0]
    if negative:
        return f"shares must be >= 0 ({', '.join(negative)})"
    total = sum(mix.values())
    if abs(total - 1.0) > tolerance:
        return f"shares must sum to 1, they sum to {total:.6g}"
    return None
