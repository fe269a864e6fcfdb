"""Which column of a file plays which part: by its name and by what stands in it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.calibration import words
from funnelsim.calibration.amounts import parse_durations, parse_numbers
from funnelsim.calibration.categories import Text
from funnelsim.calibration.reading import Rows
from funnelsim.calibration.times import BLANKS, UnknownFormatError, parse_times

_SAMPLE = 2000
TABLES = {"leads": words.LEADS, "touches": words.TOUCHES, "spend": words.SPEND}


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """What the values of one column look like, each as a share of those that are not blank."""

    name: str
    filled: float  # share of rows that are not blank
    times: float
    numbers: float
    durations: float
    distinct: float  # different values over values
    values: dict[str, int]  # value -> rows, the most frequent first, at most 60
    many: bool  # more different values than that

    @property
    def yes_or_no(self) -> bool:
        """Return whether the values say yes and no."""
        return bool(self.values) and {value.casefold() for value in self.values} <= {*words.YES, *words.NO}


@dataclass(frozen=True, slots=True)
class Part:
    """A column that plays a part, and how sure that is."""

    key: str  # of the mapping
    column: str
    confidence: float  # 0 to 1
    reason: str


def looks_of(rows: Rows) -> tuple[Looks, ...]:
    """Return what each column of a file looks like."""
    header, delimiter = rows.form.header, rows.form.delimiter
    return tuple(_looks(header[place], rows.columns[place], delimiter) for place in sorted(rows.columns))


def _looks(name: str, text: Text, delimiter: str) -> Looks:
    import pandas as pd

    blank = np.array([word.casefold() in BLANKS for word in text.tolist()], dtype=np.bool_)
    known = text[~blank]
    counts = pd.Series(known, dtype=object).value_counts()
    sample = known[:: max(known.size // _SAMPLE, 1)]
    if sample.size == 0:
        return Looks(name, 0.0, 0.0, 0.0, 0.0, 0.0, {}, False)
    numbers = parse_numbers(sample, decimal=None, delimiter=delimiter)
    lengths = parse_durations(sample, unit="s", longest_ms=1e12, decimal=None, delimiter=delimiter)
    return Looks(
        name=name,
        filled=known.size / text.size,
        times=_times(sample),
        numbers=float(np.isfinite(numbers.value).mean()),
        durations=float((lengths.ms >= 0).mean()),
        distinct=len(counts) / known.size,
        values={str(value): int(rows) for value, rows in counts.head(60).items()},
        many=len(counts) > 60,
    )


def _times(sample: Text) -> float:
    try:
        return float(parse_times(sample, formats=(), zone="UTC").known.mean())
    except UnknownFormatError as error:
        return 1.0 if "month" in str(error) else 0.0


def plain(name: str) -> str:
    """Return a column's name as words in small letters.

    >>> plain("Lead_Source (first)"), plain("createdAt")
    ('lead source first', 'created at')
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", spaced.casefold()))


def name_score(name: str, known: Sequence[str]) -> float:
    """Return how well a column's name fits a part: 1 for a known name, less for one that contains or resembles it."""
    said = plain(name[:100])
    if said in known:
        return 1.0 - 0.01 * known.index(said)
    parts = set(said.split())
    inside = [set(word.split()) <= parts for word in known if len(word) > 2]
    if any(inside):
        return 0.75
    nearest = difflib.get_close_matches(said, known, n=1, cutoff=0.82)
    return 0.6 if nearest else 0.0


# What a column has to look like to play a part: a factor, 0 where it cannot be.
_FITS: dict[str, Callable[[Looks], float]] = {
    "created": lambda c: c.times if c.filled > 0.5 else 0.0,
    "at": lambda c: c.times if c.filled > 0.5 else 0.0,
    "day": lambda c: c.times if c.filled > 0.5 else 0.0,
    "closed": lambda c: c.times,
    "first_touch": lambda c: c.times,
    "key": lambda c: 1.0 if c.distinct > 0.98 and c.times < 0.5 else 0.0,
    "contact": lambda c: 1.0 if c.distinct > 0.02 and c.times < 0.5 and c.many else 0.0,
    "lead": lambda c: 1.0 if c.times < 0.5 else 0.0,
    "channel": lambda c: 0.0 if c.distinct > 0.5 or c.times > 0.5 else 0.7 if c.many or len(c.values) < 2 else 1.0,
    "owner": lambda c: 0.0 if c.distinct > 0.5 or c.times > 0.5 else 1.0,
    "rep": lambda c: 0.0 if c.distinct > 0.5 or c.times > 0.5 else 1.0,
    "stage": lambda c: 0.0 if c.many or c.yes_or_no or c.numbers > 0.5 else 1.0,
    "lost_reason": lambda c: 0.0 if c.distinct > 0.5 or c.numbers > 0.5 else 1.0,
    "result": lambda c: 0.0 if c.many or c.times > 0.5 else 1.0,
    "direction": lambda c: 1.0 if len(c.values) <= 8 and not c.many else 0.0,
    "kind": lambda c: 1.0 if len(c.values) <= 20 and not c.many else 0.0,
    "duration": lambda c: c.durations if c.times < 0.5 or c.numbers > 0.5 else 0.0,
    "first_response": lambda c: c.durations if c.times < 0.5 or c.numbers > 0.5 else 0.0,
    "won": lambda c: 1.0 if c.yes_or_no else 0.0,
    "lost": lambda c: 1.0 if c.yes_or_no else 0.0,
    "duplicate": lambda c: 1.0 if c.yes_or_no else 0.0,
    "test": lambda c: 1.0 if c.yes_or_no else 0.0,
}


def parts_of(looks: Sequence[Looks], table: str) -> dict[str, Part]:
    """Return the most likely column of each part of a table; a column plays one part."""
    known = TABLES[table]
    scores = sorted(
        (
            (name_score(column.name, names) * _fit(key, column), key, column)
            for key, names in known.items()
            for column in looks
        ),
        key=lambda scored: -scored[0],
    )
    found: dict[str, Part] = {}
    taken: set[str] = set()
    for score, key, column in scores:
        if score >= 0.4 and key not in found and column.name not in taken:
            found[key] = Part(key, column.name, round(score, 2), _reason(key, column, known))
            taken.add(column.name)
    return found


def _fit(key: str, column: Looks) -> float:
    fit = _FITS.get(key)
    return column.numbers if fit is None else fit(column)


def _reason(key: str, column: Looks, known: Mapping[str, Sequence[str]]) -> str:
    score = name_score(column.name, known[key])
    by_name = "a usual name" if score > 0.8 else "a name that contains a usual one" if score > 0.7 else "a similar name"
    shown = ", ".join(repr(value[:20]) for value in list(column.values)[:2])
    return f"{by_name}; {column.filled:.0%} filled, such as {shown}"


def table_of(looks: Sequence[Looks]) -> tuple[str, float]:
    """Return which table a file most likely is, and how far it is ahead of the next, 0 to 1."""
    weights = {
        "leads": {"created": 2.0, "won": 1.5}
        | dict.fromkeys(("channel", "stage", "closed", "lost_reason", "value"), 1.0),
        "touches": {"duration": 2.5, "direction": 1.5, "result": 1.0, "at": 0.5, "rep": 0.5, "contact": 0.5},
        "spend": {"spend": 2.0, "clicks": 2.0, "impressions": 2.0, "day": 1.0, "channel": 0.5},
    }
    points = {}
    for table, worth in weights.items():
        parts = parts_of(looks, table)
        reached = sum(weight * parts[key].confidence for key, weight in worth.items() if key in parts)
        points[table] = reached / sum(worth.values())
    order = sorted(points, key=lambda table: -points[table])
    best, second = points[order[0]], points[order[1]]
    return order[0], 0.0 if best == 0 else (best - second) / best
