"""Posterior draws of a calibrated scenario: values by their path in the scenario file, and the scenarios they make.

A file of draws is a CSV with a column for each path ("market.reach.mu", "market.effort.call.mean",
"market.shape.month_weights.11"; entries of lists by number from 0) and a row for each draw; durations as text (9min).
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.config.values import plain_tables, set_value
from funnelsim.errors import Fault, InputError

Draw = Mapping[str, float | str]
"""Value by path in the scenario."""


def with_draw(scenario: Scenario, draw: Draw, *, where: str = "draw") -> Scenario:
    """Return `scenario` with the values of a draw at their paths, checked anew.

    Args:
        scenario: The scenario; it stays as it is.
        draw: Values by path; a path that the file leaves to its default is set all the same.
        where: Origin of the draw, for messages.

    Raises:
        InputError: with every path that does not exist and every value that breaks a rule.
    """
    tables, full = plain_tables(scenario), plain_tables(scenario, defaults=True)
    faults = [
        fault
        for path, value in draw.items()
        if (fault := set_value(tables, full, path, value, where=where)) is not None
    ]
    if faults:
        raise InputError(faults)
    return scenario_from(tables, where=where)


def draws_text(draws: Sequence[Draw]) -> str:
    """Return draws, all with the same paths, at least one, as CSV."""
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    names = list(draws[0])
    writer.writerow(names)
    writer.writerows([[_text(draw[name]) for name in names] for draw in draws])
    return file.getvalue()


def read_draws(path: Path) -> tuple[dict[str, float | str], ...]:
    """Return the draws of a CSV file.

    Raises:
        InputError: where it cannot be read, has no rows, or a row that is too short or too long, or empty in places.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError([Fault(str(path), "", f"cannot be read: {reason}")]) from None
    faults = []
    if not rows or not header or any(not name for name in header):
        faults.append(Fault(str(path), "", "must have a path above each column and at least one row of values"))
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            faults.append(Fault(str(path), f"row {number}", f"must have {len(header)} values", str(len(row))))
        faults += [
            Fault(str(path), f"row {number}, {name}", "must be a value", "nothing")
            for name, text in zip(header, row, strict=False)
            if not text.strip()
        ]
    if faults:
        raise InputError(faults)
    return tuple(dict(zip(header, map(_value, row), strict=True)) for row in rows)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else repr(float(value))


def _value(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
