"""Text to categories: names in order, and a code for each row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from funnelsim.records import Bool, Int16, Int64

Text = NDArray[np.object_]
OTHER, UNKNOWN = "other", "unknown"
MOST_CODES = 30_000
"""Codes are 16-bit; more categories than this are names of rows, not categories."""


def coded(*columns: Text, known: Iterable[str] = ()) -> tuple[tuple[str, ...], tuple[Int16, ...]]:
    """Return the names that occur in `columns` or are `known`, sorted, and each column as indices into them.

    Args:
        columns: Text of any length each; "" becomes -1.
        known: Names that are listed whether or not they occur.
    """
    import pandas as pd

    parts = [pd.factorize(column, sort=False) for column in columns]
    found = {str(name) for _, names in parts for name in names} | set(known)
    listed = tuple(sorted(found - {""}))[:MOST_CODES]
    at = {name: code for code, name in enumerate(listed)}
    codes = []
    for local, names in parts:
        table = np.array([at.get(str(name), -1) for name in names] + [-1], dtype=np.int16)
        codes.append(table[local])
    return listed, tuple(codes)


def numbered(column: Text) -> Int64:
    """Return a number for each value, from 0 in order of first appearance; each blank has a number of its own.

    >>> numbered(np.array(["b", "a", "", "b", ""], dtype=object)).tolist()
    [0, 1, 2, 0, 3]
    """
    import pandas as pd

    local, names = pd.factorize(column, sort=False)
    own = np.where(column == "", len(names) + np.arange(column.size), local)
    return np.asarray(pd.factorize(own, sort=False)[0], dtype=np.int64)


def folded(values: Iterable[str]) -> set[str]:
    """Return the values as they are compared: without outer spaces and capitals."""
    return {value.strip().casefold() for value in values}


def merged(column: Text, into: Mapping[str, Sequence[str]], *, blank: str = "", most: int | None = None) -> Text:
    """Return the column with values merged into named categories.

    Args:
        column: Text, outer spaces already off.
        into: Category -> values, compared without capitals; other values keep their name, spelled as first met.
        blank: What blanks become.
        most: Keep the `most` - 1 most frequent and call the rest "other", where there are more than `most`.
    """
    import pandas as pd

    local, names = pd.factorize(column, sort=False)
    to = {value: name for name, values in into.items() for value in folded(values)}
    spelled: dict[str, str] = {}
    new = [_renamed(str(name), to, spelled, blank) for name in names]
    counts: dict[str, int] = {}
    for name, rows in zip(new, np.bincount(local, minlength=len(new)).tolist(), strict=True):
        counts[name] = counts.get(name, 0) + rows
    counts.pop("", None)
    if most is not None and len(counts) > most:
        kept = set(sorted(counts, key=lambda name: (-counts[name], name))[: most - 1]) | {OTHER, ""}
        new = [name if name in kept else OTHER for name in new]
    return np.array([*new, ""], dtype=np.object_)[local]


def _renamed(name: str, to: dict[str, str], spelled: dict[str, str], blank: str) -> str:
    word = name.strip().casefold()
    if word in to:
        return to[word]
    return spelled.setdefault(word, name.strip()) if word else blank


def spelled_like(column: Text, other: Text) -> Text:
    """Return the column with names that `other` has in other capitals spelled as there."""
    import pandas as pd

    spelling = {str(name).casefold(): str(name) for name in pd.unique(other)[::-1]}
    local, names = pd.factorize(column, sort=False)
    return np.array([spelling.get(str(name).casefold(), str(name)) for name in names] + [""], dtype=np.object_)[local]


def has_one_of(column: Text, values: Iterable[str], *, any_value: str = "*") -> Bool:
    """Return (n,) which rows have one of the values, compared without capitals; `any_value` is any but a blank."""
    import pandas as pd

    wanted = folded(values)
    local, names = pd.factorize(column, sort=False)
    words = [str(name).strip().casefold() for name in names]
    hit = np.array([(word in wanted) or (any_value in wanted and word != "") for word in words] + [False], dtype=bool)
    return np.asarray(hit[local], dtype=np.bool_)


def as_text(values: Iterable[Any]) -> Text:
    """Return values as an array of text."""
    return np.array([str(value) for value in values], dtype=np.object_)
