"""Posterior draws of a calibrated scenario: values by their path in the scenario file, and the scenarios they make.

A file of draws is a CSV with a column for each path ("market.reach.mu", "market.effort.call.mean",
"market.shape.month_weights.11"; entries of lists by number from 0) and a row for each draw; durations as text (9min).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
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
    tables = json.loads(scenario.model_dump_json(exclude_unset=True))
    full = json.loads(scenario.model_dump_json())
    faults = [fault for path, value in draw.items() if (fault := _set(tables, full, path, value, where)) is not None]
    if faults:
        raise InputError(faults)
    return scenario_from(tables, where=where)


def _set(tables: Any, full: Any, path: str, value: float | str, where: str) -> Fault | None:
    """Set the value at a path; lists that the file leaves to their default are written out first.

    `full` has every value, also the defaults; of a table that is absent altogether (None) the paper itself judges.
    """
    *parents, last = path.split(".")
    for part in parents:
        if full is not None:
            try:
                full = full[int(part)] if isinstance(full, list) else full[part]
            except (KeyError, IndexError, ValueError, TypeError):
                return Fault(where, path, f"the scenario has no '{part}'")
        if isinstance(tables, list):
            tables = tables[int(part)]
        else:
            empty: Any = json.loads(json.dumps(full)) if isinstance(full, list) else {}
            tables[part] = empty if tables.get(part) is None else tables[part]
            tables = tables[part]
    if not isinstance(full, dict | list | None):
        return Fault(where, path, f"'{parents[-1]}' is one value, not a table")
    before = full.get(last) if isinstance(full, dict) else None
    if isinstance(before, int) and isinstance(value, float) and value.is_integer():
        value = int(value)  # a CSV knows no whole numbers
    if isinstance(tables, list):
        if not last.isdigit() or int(last) >= len(tables):
            return Fault(where, path, f"the list has no entry {last} (it has {len(tables)}, from 0)")
        tables[int(last)] = value
    else:
        tables[last] = value
    return None


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
