"""Durations as people write them: "48h", "2d", "15min", "3 business days"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

_UNIT_MS = {"ms": 1, "s": SECOND_MS, "min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS, "w": 7 * DAY_MS}
_SPELLINGS = {
    "millisecond": "ms",
    "sec": "s",
    "second": "s",
    "m": "min",
    "minute": "min",
    "hr": "h",
    "hour": "h",
    "day": "d",
    "wk": "w",
    "week": "w",
}
_PATTERN = re.compile(r"^\s*(\d+(?:\.\d+)?|\.\d+)\s*(business\s+)?([a-z]+?)s?\s*$", re.IGNORECASE)
MAX_MS = 365_250 * DAY_MS
"""A thousand years: the longest duration, far below the sentinels of `records`."""
EXAMPLES = "'48h', '2d', '15min', '8 business hours', '3 business days'"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time on the calendar's clock, or on the clock of somebody's open hours.

    `amount` is at least 0; `unit` is one of ms, s, min, h, d, w. On the business clock a day is as long as a mean
    working day of the team that the term binds.
    """

    amount: float
    unit: str = "h"
    business: bool = False

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Return the duration that `text` writes.

        Raises:
            ValueError: where the text is no duration.

        >>> Duration.parse("15 min").ms()
        900000
        >>> str(Duration.parse("3 business days"))
        '3 business days'
        """
        if text.strip() == "0":
            return cls(0.0, "h")
        if _PATTERN.match(text.strip().removeprefix("-")) and text.strip().startswith("-"):
            raise ValueError("must be >= 0")
        match = _PATTERN.match(text)
        unit = None
        if match:
            written = match[3].lower()
            # "ms" loses its s to the plural; give it back before looking it up.
            if text.strip().lower().endswith("ms") and written == "m":
                written = "ms"
            unit = written if written in _UNIT_MS else _SPELLINGS.get(written)
        if match is None or unit is None:
            raise ValueError(f"must be a duration such as {EXAMPLES}")
        duration = cls(float(match[1]), unit, match[2] is not None)
        if not duration.amount * _UNIT_MS[unit] <= MAX_MS:
            raise ValueError("must be at most 1000 years")
        return duration

    def ms(self, business_day_ms: int = DAY_MS) -> int:
        """Return whole milliseconds (half to even); a business day or week is made of `business_day_ms`."""
        if self.business and self.unit in ("d", "w"):
            days = self.amount * (1 if self.unit == "d" else 5)
            return round(days * business_day_ms)
        return round(self.amount * _UNIT_MS[self.unit])

    @property
    def hours(self) -> float:
        """Return the length in hours of its own clock, a business day counted as 8."""
        return self.ms(8 * HOUR_MS) / HOUR_MS

    def scaled_to(self, amount: float) -> Duration:
        """Return a duration of the same unit and clock with another amount."""
        return Duration(amount, self.unit, self.business)

    def __str__(self) -> str:
        amount = f"{self.amount:.10g}"
        if "e" in amount or float(amount) != self.amount:
            amount = f"{Decimal(repr(self.amount)):f}"  # every digit, so that the text reads back as it was
        if not self.business:
            return f"{amount}{self.unit}"
        word = {"ms": "millisecond", "s": "second", "min": "minute", "h": "hour", "d": "day", "w": "week"}[self.unit]
        return f"{amount} business {word}{'' if self.amount == 1 else 's'}"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def read(value: Any) -> Duration:
            if isinstance(value, Duration):
                return value
            if isinstance(value, str):
                return cls.parse(value)
            raise ValueError(f"must be a duration with its unit, such as {EXAMPLES}")

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": r"^\s*(0|(\d+(\.\d+)?|\.\d+)\s*(business\s+)?[A-Za-z]+)\s*$",
            "examples": ["48h", "2d", "15min", "3 business days"],
        }
