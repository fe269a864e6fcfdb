"""Text to instants: ISO 8601, patterns, Unix time and spreadsheet days, with or without an offset from UTC.

A time without an offset is wall time in the history's zone; one that the clocks skip counts as the instant of the
change, one that occurs twice as its first occurrence, as in `funnelsim.calendar`. Both are counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.calibration.categories import Text
from funnelsim.records import Bool, Int64

if TYPE_CHECKING:
    import pandas as pd

NO_TIME = -(2**62)
"""Stands for an instant that is not known."""
BLANKS = frozenset({"", "null", "nan", "nat", "none", "n/a", "#n/a", "na", "-", "--", "(no value)", "undefined"})
_SAMPLE, _LONGEST = 1000, 64
_ENOUGH = 0.5
"""Share of a sample that a format has to read to be taken."""
_ISO = r"^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:?\d{2}(?::?\d{2}(?:[.,]\d+)?)?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)?$"
_OFFSET = r"(?:[T ]\d{2}:?\d{2}.*)(?:Z|UTC|GMT|[+-]\d{2}:?(?:\d{2})?)$"
_DAYS = ("%d.%m.%Y", "%d.%m.%y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y",
         "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%a %b %d %Y", "%Y.%m.%d", "%Y%m%d",
         "%Y-%m-%d")  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p",
           ", %I:%M:%S %p", " %H:%M:%S.%f", " %H:%M:%S %z", " %H:%M %z")  # fmt: skip
PATTERNS = tuple(day + clock for day in _DAYS for clock in _CLOCKS)
_SWAPPED = {"%d/%m": "%m/%d", "%m/%d": "%d/%m", "%d-%m": "%m-%d", "%m-%d": "%d-%m"}
_SHAPE = str.maketrans({**dict.fromkeys("0123456789", "9"), **dict.fromkeys("abcdefghijklmnopqrstuvwxyz", "a"),
                        **dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "a")})  # fmt: skip
_MOST_SHAPES = 60
_DIRECTIVES = {**dict.fromkeys(("%d", "%m", "%H", "%I", "%M", "%S"), r"\d{1,2}"), "%y": r"\d{2}", "%Y": r"\d{4}",
               "%f": r"\d{1,9}", "%p": r"[AaPp]\.?[Mm]\.?", "%b": r"[^\W\d]{3,4}\.?",
               "%B": r"[^\W\d]{3,}", "%a": r"[^\W\d]{2,4}", "%z": r"(?:Z|[+-]\d{2}:?\d{2})"}  # fmt: skip
_COUNTED = {"epoch_s": (1e8, 5e9), "epoch_ms": (1e11, 5e12), "excel": (20_000.0, 80_000.0)}
_MS_PER = {"epoch_s": 1000.0, "epoch_ms": 1.0, "excel": 86_400_000.0}
_EXCEL_ZERO_MS = -2_209_161_600_000  # 1899-12-30, the day 0 of spreadsheets


class UnknownFormatError(ValueError):
    """No format reads a column of times, or two read it differently; `suggestion` is the remedy."""

    def __init__(self, message: str, suggestion: str) -> None:
        super().__init__(message)
        self.suggestion = suggestion


@dataclass(frozen=True, slots=True, eq=False)
class Times:
    """A column of times. n rows."""

    unix_ms: Int64  # (n,) NO_TIME where blank or unreadable
    local_day: Int64  # (n,) local date as days since 1970-01-01; 0 where unknown
    blank: Bool  # (n,)
    date_only: Bool  # (n,) says no time of day; its instant is the local midnight at which the day begins
    skipped: int  # rows whose wall time the clocks skip
    twice: int  # rows whose wall time occurs twice
    formats: tuple[str, ...]  # those that were used

    @property
    def known(self) -> Bool:
        """Return (n,) which rows could be read."""
        return np.asarray(self.unix_ms != NO_TIME, dtype=np.bool_)


def parse_times(text: Text, *, formats: Sequence[str], zone: str) -> Times:
    """Return a column of text as times.

    Args:
        text: Without outer spaces.
        formats: Tried in this order; found out from a sample where empty.
        zone: IANA name of the zone of times without an offset.

    Raises:
        UnknownFormatError: where formats are to be found out and none reads at least half of a sample, or day and month
            could be either.
    """
    import pandas as pd

    row, unique = pd.factorize(text, sort=False)
    values = pd.Series(np.asarray(unique, dtype=np.object_), dtype=object)
    blank = np.array([str(value).casefold() in BLANKS for value in unique], dtype=np.bool_)
    short = np.array([len(value) <= _LONGEST for value in unique], dtype=np.bool_)
    asked = tuple(formats) or found_formats(values[~blank & short])
    local = np.full(len(unique), NO_TIME, dtype=np.int64)  # wall time as if it were UTC
    instant = np.full(len(unique), NO_TIME, dtype=np.int64)
    bare = np.zeros(len(unique), dtype=np.bool_)
    left = ~blank & short
    used = []
    for name in asked:
        read = _read(values[left], name, zone=zone)
        places = np.flatnonzero(left)
        hit = (read.instant != NO_TIME) | (read.local != NO_TIME)
        if hit.any():
            used.append(name)
        instant[places], local[places], bare[places] = read.instant, read.local, read.date_only
        left[places[hit]] = False
        if not left.any():
            break
    wall = local != NO_TIME
    instant[wall], skipped, twice = localised(local[wall], zone)
    at = np.flatnonzero(wall)
    rows = np.bincount(row, minlength=len(unique))
    days = np.zeros(len(unique), dtype=np.int64)
    days[wall] = local[wall] // 86_400_000
    aware = ~wall & (instant != NO_TIME)
    days[aware] = wall_ms(instant[aware], zone) // 86_400_000
    midnight = wall & (local % 86_400_000 == 0)
    if wall.any() and midnight[wall].all():
        bare = bare | wall  # every time is 00:00: a date that was written as a time
    return Times(
        unix_ms=instant[row],
        local_day=days[row],
        blank=blank[row],
        date_only=bare[row],
        skipped=int(rows[at[skipped]].sum()),
        twice=int(rows[at[twice]].sum()),
        formats=tuple(used),
    )


def localised(local_ms: Int64, zone: str) -> tuple[Int64, Bool, Bool]:
    """Return the Unix ms of wall times (ms since 1970 as if in UTC), and which are skipped or occur twice.

    >>> localised(np.array([1_698_544_800_000]), "Europe/Berlin")[0].tolist()  # 2023-10-29 02:00, the first of two
    [1698537600000]
    """
    import pandas as pd

    naive = pd.DatetimeIndex(local_ms.astype("datetime64[ms]"))
    first = naive.tz_localize(zone, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    second = naive.tz_localize(zone, ambiguous=np.zeros(len(naive), dtype=bool), nonexistent="shift_forward")
    unix = _ms(first.tz_convert(None))
    back = _ms(first.tz_localize(None))
    return unix, back != local_ms, unix != _ms(second.tz_convert(None))


def wall_ms(unix_ms: Int64, zone: str) -> Int64:
    """Return the wall time of instants, as ms since 1970 as if in UTC."""
    import pandas as pd

    return _ms(pd.DatetimeIndex(unix_ms.astype("datetime64[ms]")).tz_localize("UTC").tz_convert(zone).tz_localize(None))


def found_formats(values: pd.Series[Any]) -> tuple[str, ...]:
    """Return the formats that read a column of times, the most frequent first; none for an empty column.

    Raises:
        UnknownFormatError: where none reads at least half of a sample, or day and month could be either.
    """
    if values.empty:
        return ()
    sample = values.iloc[np.unique(np.linspace(0, len(values) - 1, _SAMPLE).astype(np.int64))]
    names = (*_COUNTED, "iso", *PATTERNS) if _all_numbers(sample) else ("iso", *PATTERNS)
    shares = {name: _share(sample, name) for name in _worth_trying(sample, names)}
    best = max(shares, key=lambda name: shares[name], default="")
    if not best or shares[best] == 0 or sum(share for share in shares.values()) < _ENOUGH:
        shown = ", ".join(repr(str(value)[:40]) for value in sample.iloc[:3])
        raise UnknownFormatError(f"cannot be read as times (for example {shown})", "give its format in time_formats")
    order = _order(best)
    rivals = [name for name, share in shares.items() if share > 0 and _order(name) == _SWAPPED.get(order, "none")]
    if rivals and max(shares[name] for name in rivals) >= shares[best]:
        shown = repr(str(sample.iloc[0])[:40])
        raise UnknownFormatError(
            f"could be day/month or month/day (for example {shown})", f"give time_formats = '{best}' or '{rivals[0]}'"
        )
    kept = [name for name, share in shares.items() if share > 0 and name not in rivals]
    return tuple(sorted(kept, key=lambda name: (-shares[name], names.index(name))))


def _order(name: str) -> str:
    return name[:5] if name[:5] in _SWAPPED else ""


def _worth_trying(sample: pd.Series[Any], names: Sequence[str]) -> list[str]:
    """Return the formats that some value has the shape of: parsing with all of them takes longer."""
    shapes: dict[str, str] = {}
    for value in sample:
        shapes.setdefault(str(value).translate(_SHAPE), str(value))
    told = [" ".join(value.split()) for value in list(shapes.values())[:_MOST_SHAPES]]
    return [name for name in names if "%" not in name or any(_shape_of(name).fullmatch(value) for value in told)]


@lru_cache(maxsize=512)
def _shape_of(name: str) -> re.Pattern[str]:
    """Return what a value of a pattern looks like, numbers and letters unread."""
    parts = re.split(r"(%[a-zA-Z])", name)
    return re.compile("".join(_DIRECTIVES.get(part, r"\d+") if part[:1] == "%" else re.escape(part) for part in parts))


def _all_numbers(sample: pd.Series[Any]) -> bool:
    return bool(sample.astype(str).str.fullmatch(r"\d+(?:[.,]\d+)?").mean() > 0.9)


def _share(sample: pd.Series[Any], name: str) -> float:
    read = _read(sample, name, zone="UTC")
    return float(((read.local != NO_TIME) | (read.instant != NO_TIME)).mean())


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    local: Int64
    instant: Int64
    date_only: Bool


def _read(values: pd.Series[Any], name: str, *, zone: str) -> _Read:
    """Return what one format reads of unique values; an instant where it has an offset, else a wall time."""
    if name == "iso":
        return _iso(values)
    if name in _COUNTED:
        return _counted(values, name)
    return _pattern(values, name)


def _iso(values: pd.Series[Any]) -> _Read:
    import pandas as pd

    n = len(values)
    local, instant = np.full(n, NO_TIME, dtype=np.int64), np.full(n, NO_TIME, dtype=np.int64)
    text = values.astype(str)
    fits = text.str.match(_ISO).to_numpy(dtype=bool)
    offset = fits & text.str.contains(_OFFSET, regex=True).to_numpy(dtype=bool)
    if offset.any():
        told = text[offset].str.replace(r"\s*(?:UTC|GMT)$", "Z", regex=True)
        instant[offset] = _parsed(pd.to_datetime(told, format="ISO8601", errors="coerce", utc=True).dt.tz_convert(None))
    naive = fits & ~offset
    if naive.any():
        local[naive] = _parsed(pd.to_datetime(text[naive], format="ISO8601", errors="coerce"))
    return _Read(local, instant, fits & (text.str.len() <= 10).to_numpy(dtype=bool))


def _pattern(values: pd.Series[Any], name: str) -> _Read:
    import pandas as pd

    n = len(values)
    none = np.full(n, NO_TIME, dtype=np.int64)
    bare = np.full(n, not re.search(r"%[HIfszMSpc]", name), dtype=np.bool_)
    text = values.astype(str).str.replace("\u202f", " ").str.replace("\u00a0", " ")
    if "%z" in name:
        read = pd.to_datetime(text, format=name, errors="coerce", utc=True).dt.tz_convert(None)
        return _Read(none, _parsed(read), bare)
    return _Read(_parsed(pd.to_datetime(text, format=name, errors="coerce")), none, bare)


def _counted(values: pd.Series[Any], name: str) -> _Read:
    import pandas as pd

    number = pd.to_numeric(values.astype(str).str.replace(",", "."), errors="coerce").to_numpy(dtype=np.float64)
    low, high = _COUNTED[name]
    fits = (number >= low) & (number <= high)
    ms = np.full(number.size, NO_TIME, dtype=np.int64)
    none = ms.copy()
    zero = _EXCEL_ZERO_MS if name == "excel" else 0
    ms[fits] = np.rint(number[fits] * _MS_PER[name]).astype(np.int64) + zero
    if name == "excel":
        ms[fits] = (ms[fits] + 500) // 1000 * 1000  # days in binary: whole seconds are meant
        return _Read(ms, none, fits & (np.where(fits, number, 0.5) % 1 == 0))
    return _Read(none, ms, np.zeros(number.size, dtype=np.bool_))


def _parsed(read: pd.Series[Any]) -> Int64:
    """Return ms of parsed times, NO_TIME where there are none."""
    ms = read.to_numpy().astype("datetime64[ms]")
    return np.where(np.isnat(ms), NO_TIME, ms.astype(np.int64))


def _ms(index: pd.DatetimeIndex) -> Int64:
    return np.asarray(index.to_numpy().astype("datetime64[ms]").astype(np.int64), dtype=np.int64)
