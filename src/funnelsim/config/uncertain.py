"""What is not known of the world: ranges of its numbers, events that may happen, and draws of a calibration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from funnelsim.config.kinds import Date
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.search import Bound, Choice, size
from funnelsim.config.values import by_path

TABLES = ("market", "team", "economics")
"""The tables that make the world."""
Criterion = Literal["expectation", "cvar", "regret"]


def _two_factors(value: list[float]) -> list[float]:
    if value[0] >= value[1]:
        raise ValueError(f"must rise, got {value[0]:g} and {value[1]:g}")
    return value


class Range(Paper):
    """A number of the world of which only a range is known; anything in it is as likely as anything else."""

    name: str = field("", "", "What to call it in tables; its path where empty.")
    low: Bound | None = field(None, "as the field", "Least value; a duration carries its unit and clock.")
    high: Bound | None = field(None, "as the field", "Largest value, on the clock of low.")
    factor: Annotated[list[float], Field(min_length=2, max_length=2), AfterValidator(_two_factors)] | None = field(
        None, "ratio", "In place of low and high: least and largest factor of what the file says, such as [0.7, 1.3]."
    )

    @binds("low", "high", "factor")
    def _one_kind(self) -> Iterator[Broken]:
        if self.factor is not None:
            if self.low is not None or self.high is not None:
                yield Broken("", "give either low and high, or factor")
            elif self.factor[0] < 0:
                yield Broken("factor", f"must be >= 0, got {self.factor[0]:g}")
        elif self.low is None or self.high is None:
            yield Broken("", "give both low and high, or factor")
        elif type(self.low) is not type(self.high) and not all(
            isinstance(end, int | float) for end in (self.low, self.high)
        ):
            yield Broken("", "low and high must both be durations or both be numbers")
        elif getattr(self.low, "business", None) != getattr(self.high, "business", None):
            yield Broken("", "low and high must be on the same clock")
        elif size(self.low) >= size(self.high):
            yield Broken("low", f"must be below high, got {self.low} and {self.high}")


class Absence(Paper):
    """Reps who are off for a while, or leave for good (`docs/model.md`, Who leaves)."""

    role: str = field(..., "", "Their role.", min_length=1)
    reps: int = field(1, "reps", "How many, the first of the role in the file.", ge=1)
    starts: Date = field(..., "date", "First day away.")
    ends: Date | None = field(
        None, "date", "Last day away, after which they go on with what they had; where absent they leave for good."
    )

    @binds("starts", "ends")
    def _in_order(self) -> Iterator[Broken]:
        if self.ends is not None and self.ends < self.starts:
            yield Broken("ends", f"must not be before starts, got {self.starts} and {self.ends}")


class Event(Paper):
    """Something that happens or does not."""

    probability: float = field(..., "share", "Probability that it happens.", gt=0.0, lt=1.0)
    values: dict[str, Choice] = field(
        None, "as the field", "Fields of the world that it changes, by path, and to what.", factory=dict
    )
    away: list[Absence] = field(None, "", "Reps who are then away.", factory=list)

    @binds("values", "away")
    def _changes_something(self) -> Iterator[Broken]:
        if not self.values and not self.away:
            yield Broken("", "must change something: give values or away")


class Uncertain(Paper):
    """What is not known of the world, and what `tune` makes of it; a plain `run` does not read it."""

    ranges: Annotated[dict[str, Range], BeforeValidator(by_path)] = field(
        None, "", "Numbers by path, such as 'market.reach.mu' or 'market.channels.*.visitors_per_day'.", factory=dict
    )
    events: dict[str, Event] = field(None, "", "Events by name, independent of one another.", factory=dict)
    posterior: str | None = field(
        None, "", "File of draws of parameters that `calibrate` wrote (posterior.csv), beside this file; set first."
    )
    criterion: Criterion = field(
        "expectation",
        "",
        "What is best over the states of the world: the mean, the mean of the worst states, or the least largest "
        "regret.",
    )
    worst_share: float = field(0.2, "share", "Share of states that `cvar` is about.", gt=0.0, le=1.0, source="assumed")
    states: int = field(
        16, "states", "States of the world drawn (a power of two: Sobol points).", ge=2, le=4096, source="assumed"
    )
    seed: int = field(1, "", "Root of the draws of states; 0 is a seed.", ge=0, lt=2**31)

    @property
    def anything(self) -> bool:
        """Return whether anything is uncertain."""
        return bool(self.ranges or self.events or self.posterior)

    @binds("states")
    def _sobol(self) -> Iterator[Broken]:
        if self.states & (self.states - 1):
            yield Broken("states", f"must be a power of two, got {self.states}")


def label_of_range(path: str, given: Range) -> str:
    """Return what to call an uncertain number."""
    return given.name or path.removeprefix("market.")


def as_plain(value: Any) -> Any:
    """Return a value of this section as plain JSON tables hold it: durations as text."""
    return value if isinstance(value, int | float | str | bool) else str(value)
