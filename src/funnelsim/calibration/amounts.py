"""Text to numbers and durations: decimal signs, thousands, currencies, and lengths such as 0:12:03 or 5 min."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from funnelsim.calibration.categories import Text
from funnelsim.calibration.times import BLANKS
from funnelsim.records import Bool, Float64, Int64

MS_PER = {"ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}
MOST = 1e15
"""A number above this is a mistake (an id, a barcode)."""
LONGEST_WORD = 64
"""Longer text is no number, and searching it for one may take for ever."""
_LETTERS = re.compile(r"[A-Za-z\u00a0\u202f\s$€£¥₽'’%]+")
_WORDS = {
    "ms": "ms|msecs?|milliseconds?",
    "d": "d|days?",
    "h": "h|hrs?|hours?",
    "min": "m|mins?|minutes?",
    "s": "s|secs?|seconds?",
}
_PARTS = re.compile(
    r"(\d+(?:[.,]\d+)?)\s*(?:" + "|".join(f"(?P<{unit}>{words})" for unit, words in _WORDS.items()) + r")(?![a-z])\.?",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"^(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:[.,]\d+)?)$")


@dataclass(frozen=True, slots=True, eq=False)
class Numbers:
    """A column of numbers. n rows."""

    value: Float64  # (n,) nan where blank or unreadable
    blank: Bool  # (n,)

    @property
    def unreadable(self) -> Bool:
        """Return (n,) which rows say something that is no number."""
        return np.isnan(self.value) & ~self.blank


def decimal_sign(values: NDArray[np.object_], *, delimiter: str) -> str:
    """Return "." or ",", as the numbers of a column use it.

    Where both signs stand in one number, the last is decimal; one that occurs twice in a number separates thousands;
    one that is not followed by three digits is decimal. Else a comma is decimal, and a point is not, where the file
    separates its columns by semicolons, as spreadsheets do in countries of the decimal comma; elsewhere the other way.

    >>> decimal_sign(np.array(["1.234,5", "7"], dtype=object), delimiter=",")
    ','
    """
    text = " ".join(str(value) for value in values if len(value) <= LONGEST_WORD)
    for word in re.findall(r"\d[\d.,]*[.,][\d.,]*\d", text):
        comma, point = word.count(","), word.count(".")
        if comma and point:
            return "," if word.rfind(",") > word.rfind(".") else "."
        if comma > 1 or point > 1:
            return "." if comma > 1 else ","
        sign = "," if comma else "."
        if len(word) - word.index(sign) != 4 or word.startswith("0" + sign):
            return sign
    return "," if delimiter == ";" else "."


def parse_numbers(text: Text, *, decimal: str | None, delimiter: str) -> Numbers:
    """Return a column of text as numbers; currency signs, percent signs, spaces and thousands are read over.

    Args:
        text: Without outer spaces.
        decimal: The decimal sign, found out where None.
        delimiter: What separates the columns of the file: see `decimal_sign`.
    """
    import pandas as pd

    row, unique = pd.factorize(text, sort=False)
    sign = decimal or decimal_sign(np.asarray(unique, dtype=np.object_), delimiter=delimiter)
    blank = np.array([str(value).casefold() in BLANKS for value in unique], dtype=np.bool_)
    value = np.array([_number(str(word), sign) for word in unique], dtype=np.float64)
    return Numbers(value=value[row], blank=blank[row])


def _number(word: str, decimal: str) -> float:
    if len(word) > LONGEST_WORD:
        return float("nan")
    if decimal == "," or not word.replace(".", "").isdigit():
        word = _LETTERS.sub("", word) if not re.fullmatch(r"[-+]?[\d.,]+[eE][-+]?\d+", word) else word
        if word.startswith("(") and word.endswith(")"):
            word = f"-{word[1:-1]}"
        word = word.replace(".", "").replace(",", ".") if decimal == "," else word.replace(",", "")
    try:
        value = float(word)
    except ValueError:
        return float("nan")
    return value if abs(value) <= MOST else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Durations:
    """A column of durations. n rows."""

    ms: Int64  # (n,) -1 where blank, unreadable, negative or longer than any
    blank: Bool  # (n,)
    unreadable: Bool  # (n,) says something that is no duration
    negative: Bool  # (n,)
    absurd: Bool  # (n,) longer than can be


def parse_durations(text: Text, *, unit: str, longest_ms: float, decimal: str | None, delimiter: str) -> Durations:
    """Return a column of text as durations in whole ms.

    Args:
        text: Without outer spaces: bare numbers, 1:23:45, 12:03 (minutes and seconds), or 5 min 3 s.
        unit: Unit of bare numbers, a key of `MS_PER`.
        longest_ms: What is longer is absurd.
        decimal: As in `parse_numbers`.
        delimiter: As in `parse_numbers`.
    """
    import pandas as pd

    row, unique = pd.factorize(text, sort=False)
    words = np.asarray(unique, dtype=np.object_)
    blank = np.array([str(word).casefold() in BLANKS for word in words], dtype=np.bool_)
    ms = parse_numbers(words, decimal=decimal, delimiter=delimiter).value * MS_PER[unit]
    for k, word in enumerate(words):
        if ":" in word or any(letter.isalpha() for letter in word):
            ms[k] = _length(str(word))
    negative, unreadable = ms < 0, np.isnan(ms) & ~blank
    absurd = ms > longest_ms
    ms[negative | absurd | np.isnan(ms)] = -1
    return Durations(
        ms=np.rint(ms).astype(np.int64)[row],
        blank=blank[row],
        unreadable=unreadable[row],
        negative=negative[row],
        absurd=absurd[row],
    )


def _length(word: str) -> float:
    """Return a length in words or as a clock shows it, in ms; nan where it is none.

    >>> _length("0:12:03"), _length("12:03"), _length("5 min 3 s")
    (723000.0, 723000.0, 303000.0)
    """
    if len(word) > LONGEST_WORD:
        return float("nan")
    clock = _CLOCK.match(word)
    if clock:
        return (int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + float(clock[3].replace(",", "."))) * 1000
    parts = list(_PARTS.finditer(word))
    if not parts or _PARTS.sub("", word).strip(" ,"):
        return float("nan")
    return sum(float(part[1].replace(",", ".")) * MS_PER[str(part.lastgroup)] for part in parts)
