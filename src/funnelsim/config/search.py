"""The search: what may be varied, what is wanted, and how much may be spent on it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator

from funnelsim.config.durations import EXAMPLES, Duration
from funnelsim.config.paper import Broken, Paper, binds, field
from funnelsim.config.trade_off import TradeOff
from funnelsim.config.values import by_path


def _bound(value: Any) -> Duration | float:
    if isinstance(value, Duration):
        return value
    if isinstance(value, str):
        return Duration.parse(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return value
    raise ValueError(f"must be a number, or a duration such as {EXAMPLES}")


def _choice(value: Any) -> str | bool | float:
    if isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("must be a text, a number, true or false")


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Duration) else value


Bound = Annotated[
    Duration | float,
    PlainValidator(_bound, json_schema_input_type=Duration | float),
    PlainSerializer(_plain, return_type=Any),
]
Choice = Annotated[
    str | bool | float,
    PlainValidator(_choice, json_schema_input_type=str | bool | float),
    PlainSerializer(_plain, return_type=Any),
]


class Variable(Paper):
    """One policy field that may be varied: a range or a list of choices."""

    low: Bound | None = field(None, "as the field", "Smallest value; a duration carries its unit and clock.")
    high: Bound | None = field(None, "as the field", "Largest value, on the clock of low.")
    step: Bound | None = field(None, "as the field", "Step; whole numbers step by 1.")
    log: bool = field(False, "", "Search on the logarithmic scale; values are rounded to the step where there is one.")
    choices: list[Choice] | None = field(
        None, "", "Values to choose from, in place of a range; durations as texts.", min_length=1
    )

    @binds("low", "high", "step", "log", "choices")
    def _one_kind(self) -> Iterator[Broken]:
        if (self.choices is None) == (self.low is None and self.high is None):
            yield Broken("", "give either low and high, or choices")
        elif self.choices is not None:
            if self.step is not None or self.log:
                yield Broken("", "choices take neither step nor log")
        elif self.low is None or self.high is None:
            yield Broken("", "give both low and high")
        else:
            yield from self._range(self.low, self.high)

    def _range(self, low: Duration | float, high: Duration | float) -> Iterator[Broken]:
        if isinstance(low, Duration) != isinstance(high, Duration):
            yield Broken("", "low and high must both be durations or both be numbers")
            return
        if isinstance(low, Duration) and isinstance(high, Duration) and low.business != high.business:
            yield Broken("", "low and high must be on the same clock")
            return
        low_size, high_size = size(low), size(high)
        if low_size >= high_size:
            yield Broken("low", f"must be below high, got {low} and {high}")
        if self.log and low_size <= 0:
            yield Broken("low", f"must be > 0 where log is on, got {low}")
        if self.step is None:
            return
        if isinstance(self.step, Duration) != isinstance(low, Duration):
            yield Broken("step", "must be of the kind of low and high")
        elif isinstance(self.step, Duration) and isinstance(low, Duration) and self.step.business != low.business:
            yield Broken("step", "must be on the clock of low and high")
        elif not 0 < size(self.step) <= high_size - low_size:
            yield Broken("step", f"must be > 0 and at most high - low, got {self.step}")


def size(bound: Duration | float) -> float:
    """Return a number that orders bounds of one kind: hours of a duration (a business day counted as 8)."""
    return bound.hours if isinstance(bound, Duration) else float(bound)


class Objective(Paper):
    """One measure to be raised or lowered."""

    measure: str = field(..., "", "Name of a measure (see `funnelsim measures`).")
    direction: Literal["maximize", "minimize"] | None = field(None, "", "The measure's own direction where absent.")


class Constraint(Paper):
    """A bound on a measure: on its mean, or with a probability over replications.

    Also written as a text: "leads_wasted_share <= 0.3", "P(first_touch_attainment >= 0.9) >= 0.95".
    """

    measure: str = field(..., "", "Name of a measure.")
    at_least: float | None = field(None, "as the measure", "Lower bound.")
    at_most: float | None = field(None, "as the measure", "Upper bound.")
    probability: Annotated[float, Field(gt=0.0, le=1.0)] | None = field(
        None, "share", "Share of replications that must keep the bound; the mean must where absent."
    )
    confidence: Annotated[float, Field(gt=0.0, lt=1.0)] | None = field(
        0.95,
        "share",
        'With which the report must show the probability; "none": the share of its replications is enough.',
    )

    @binds("at_least", "at_most")
    def _one_bound(self) -> Iterator[Broken]:
        if (self.at_least is None) == (self.at_most is None):
            yield Broken("", "give exactly one of at_least and at_most")

    @property
    def replications_to_show(self) -> float:
        """Return how many replications, all keeping the bound, show the probability with the confidence.

        0 where nothing is to be shown, inf where it is a probability of 1, which no number shows.
        """
        if self.probability is None or self.confidence is None:
            return 0
        if self.probability == 1.0:
            return math.inf
        return math.ceil(math.log(1.0 - self.confidence) / math.log(self.probability) - 1e-9)


_CONSTRAINT = re.compile(
    r"\s*(?P<chance>P\s*\()?\s*(?P<measure>\w+)\s*(?P<sign>>=|<=)\s*(?P<bound>[-+.\deE]+)\s*"
    r"(?(chance)\)\s*>=\s*(?P<probability>[.\deE]+)\s*)"
)


def _read_constraints(value: Any) -> Any:
    """Return constraints as tables, those written as texts read."""
    if not isinstance(value, list):
        return value
    return [_read_constraint(entry) if isinstance(entry, str) else entry for entry in value]


def _read_constraint(text: str) -> dict[str, Any]:
    found = _CONSTRAINT.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        read: dict[str, Any] = {"measure": found["measure"]}
        read["at_least" if found["sign"] == ">=" else "at_most"] = float(found["bound"])
        if found["chance"]:
            read["probability"] = float(found["probability"])
    except ValueError:
        raise ValueError(f"must read 'measure >= 0.9' or 'P(measure >= 0.9) >= 0.95', got {text!r}") from None
    return read


SamplerName = Literal["tpe", "nsga2", "nsga3", "gp", "qmc", "random"]


class Search(Paper):
    """What `funnelsim tune` does."""

    variables: Annotated[dict[str, Variable], BeforeValidator(by_path)] = field(
        None, "", "Policy fields by path, such as 'scoring.cutoff' or 'sla.A.attempts'.", factory=dict
    )
    objectives: Annotated[list[Objective], Field(min_length=1, max_length=3)] = field(
        None,
        "",
        "What is wanted.",
        factory=lambda: [
            Objective(measure="revenue", direction="maximize"),
            Objective(measure="leads_wasted_share", direction="minimize"),
        ],
    )
    constraints: Annotated[
        list[Constraint], BeforeValidator(_read_constraints, json_schema_input_type=list[Constraint | str])
    ] = field(None, "", "What must hold.", factory=list)
    trials: int = field(200, "policies", "Policies to try.", ge=1, le=1_000_000, source="assumed")
    sampler: SamplerName = field(
        "tpe",
        "",
        "What proposes policies: tpe and gp (an extra) learn, nsga2 and nsga3 evolve, qmc (Sobol') and random spread.",
        source="measured on toy funnels, see docs/search.md",
    )
    batch: int = field(
        8,
        "policies",
        "Policies asked for at once; a constant of the study, whatever the number of workers.",
        ge=1,
        le=1_000,
    )
    replications: int = field(
        4, "replications", "Common replications of each policy.", ge=1, le=10_000, source="toy funnels, see docs"
    )
    race_from: int | None = field(
        None,
        "replications",
        "Give up a policy that is clearly worse after so many replications or more; never where absent.",
        ge=2,
        le=10_000,
    )
    selection_replications: int = field(
        12, "replications", "Fresh ones on which the front is chosen.", ge=2, le=100_000, source="assumed"
    )
    report_replications: int = field(
        20, "replications", "Fresh ones from which the printed figures come.", ge=2, le=100_000, source="assumed"
    )
    seed: int = field(1, "", "Root of the sampler's luck; 0 is a seed.", ge=0, lt=2**31)
    plateau: Annotated[float, Field(gt=0.0, lt=1.0)] | None = field(
        None,
        "share",
        "Stop before `trials` where the front's hypervolume has grown by less than this share over `plateau_over`.",
    )
    plateau_over: int = field(
        48, "policies", "Over how many policies, in whole batches.", ge=1, le=1_000_000, source="measured, see docs"
    )
    trade_off: str | None = field(
        None, "money", "What decides between the policies of the front, such as '500 per wasted lead'."
    )

    @binds("trade_off")
    def _trade_off_can_be_read(self) -> Iterator[Broken]:
        if self.trade_off is not None:
            try:
                TradeOff.parse(self.trade_off)
            except ValueError as error:
                yield Broken("trade_off", f"{error}, got {self.trade_off!r}")

    @binds("race_from", "replications")
    def _race_begins_before_the_end(self) -> Iterator[Broken]:
        if self.race_from is not None and self.race_from >= self.replications:
            yield Broken("race_from", f"must be below replications ({self.replications}), got {self.race_from}")

    @binds("constraints", "report_replications")
    def _what_is_to_be_shown_can_be(self) -> Iterator[Broken]:
        for j, constraint in enumerate(self.constraints):
            least = constraint.replications_to_show
            if least <= self.report_replications:
                continue
            wanted = f"a probability of {constraint.probability:g} with a confidence of {constraint.confidence:g}"
            if math.isinf(least):
                rule = f"no number of replications shows {wanted}"
                yield Broken(f"constraints.{j}.probability", rule, 'give less than 1, or confidence = "none"')
            else:
                rule = f"{self.report_replications} report_replications cannot show {wanted}, even if all keep it"
                remedy = f'report_replications = {least} or more (more are better), or confidence = "none"'
                yield Broken(f"constraints.{j}.probability", rule, remedy)

    @binds("objectives")
    def _each_objective_once(self) -> Iterator[Broken]:
        names = [objective.measure for objective in self.objectives]
        for j, name in enumerate(names):
            if name in names[:j]:
                yield Broken(f"objectives.{j}.measure", f"is an objective already, got '{name}'")
