"""The kinds of value that fields share: shares, mixes, lengths of time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from funnelsim.config.durations import Duration
from funnelsim.config.paper import Broken, Paper, binds, field, mix_fault


def mix(value: dict[str, float]) -> dict[str, float]:
    """Return `value` where it is a mix: no negative share, and a sum of one.

    Raises:
        ValueError: where it is none.
    """
    fault = mix_fault(value)
    if fault:
        raise ValueError(fault)
    return value


def calendar_clock(value: Duration) -> Duration:
    """Return `value` where it is on the calendar's clock.

    Raises:
        ValueError: where it is on somebody's business clock.
    """
    if value.business:
        raise ValueError("must be on the calendar's clock, not in business hours or days")
    return value


def positive(value: Duration) -> Duration:
    """Return `value` where it is longer than nothing.

    Raises:
        ValueError: where it is not.
    """
    if value.amount <= 0:
        raise ValueError("must be > 0")
    return value


def _date(value: Any) -> Any:
    """Read a date in quotation marks like one without them."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value.strip())
        except ValueError:
            raise ValueError("must be a date such as 2025-01-06") from None
    return value


Share = Annotated[float, Field(ge=0.0, le=1.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Mix = Annotated[dict[str, float], AfterValidator(mix)]
Date = Annotated[dt.date, BeforeValidator(_date)]
CalendarDuration = Annotated[Duration, AfterValidator(calendar_clock)]
PositiveDuration = Annotated[Duration, AfterValidator(calendar_clock), AfterValidator(positive)]
TermDuration = Annotated[Duration, AfterValidator(positive)]


class Length(Paper):
    """A random length of time, drawn once per lead (and touch): give its mean or its median."""

    form: Literal["fixed", "exponential", "lognormal", "uniform"] = field(
        "lognormal", "", "Shape of the distribution; uniform runs from 0 to twice the mean."
    )
    mean: CalendarDuration | None = field(None, "duration", "Mean length.")
    median: CalendarDuration | None = field(None, "duration", "Median length (lognormal and fixed only).")
    sigma: NonNegative = field(
        0.5, "log units", "Standard deviation of the logarithm (lognormal only).", source="assumed"
    )

    @binds("mean", "median", "form")
    def _one_centre(self) -> Iterator[Broken]:
        if (self.mean is None) == (self.median is None):
            yield Broken("", "give exactly one of mean and median")
        elif self.median is not None and self.form not in ("lognormal", "fixed"):
            yield Broken("median", f"the {self.form} form takes a mean, not a median")

    def mean_ms(self) -> int:
        """Return the mean in whole ms; a lognormal with median m and sigma s has mean m exp(s^2 / 2).

        >>> Length(form="exponential", mean="15min").mean_ms()
        900000
        """
        if self.mean is not None:
            return self.mean.ms()
        assert self.median is not None  # a Length has exactly one of the two
        if self.form == "lognormal":
            return round(self.median.ms() * math.exp(self.sigma**2 / 2))
        return self.median.ms()


def length(form: str, *, sigma: float = 0.5, mean: str | None = None, median: str | None = None) -> Length:
    """Return a `Length` from plain values (for defaults)."""
    return Length.model_validate({"form": form, "sigma": sigma, "mean": mean, "median": median})
