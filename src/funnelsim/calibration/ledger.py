"""The books of an import: every row of a table is kept, merged, set aside under one rule, or unreadable."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.calibration.history import Cleaning
from funnelsim.calibration.reading import SHOWN, Rows
from funnelsim.records import Bool, Int16

if TYPE_CHECKING:
    import pandas as pd


@dataclass(slots=True, eq=False)
class Ledger:
    """What the rules did to the rows of one table. n rows that could be read."""

    table: str
    rows: Rows
    _rule: Int16 = field(init=False)  # (n,) the rule that set each row aside, -1 kept
    _rules: list[tuple[str, str]] = field(default_factory=list)
    _others: list[Cleaning] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rule = np.full(self.rows.n, -1, dtype=np.int16)
        if self.rows.nuls:
            self.note("nul_characters", "lines with NUL characters, which were left out", self.rows.nuls)
        if self.rows.short:
            self.note("short_row", "fewer fields than the header; what is missing counts as blank", self.rows.short)

    @property
    def kept(self) -> Bool:
        """Return (n,) which rows no rule has set aside so far."""
        return np.asarray(self._rule < 0, dtype=np.bool_)

    def aside(self, rows: Bool, rule: str, meaning: str) -> None:
        """Set aside those of `rows` (n,) that are still kept."""
        self._rules.append((rule, meaning))
        self._rule[rows & (self._rule < 0)] = len(self._rules) - 1

    def change(self, rule: str, meaning: str, rows: int) -> None:
        """Write down that something in `rows` kept rows was changed."""
        self._others.append(Cleaning(self.table, rule, meaning, int(rows), "changed"))

    def note(self, rule: str, meaning: str, rows: int) -> None:
        """Write down that something is odd in `rows` kept rows, which stay as they are."""
        self._others.append(Cleaning(self.table, rule, meaning, int(rows), "noted"))

    def merge(self, rule: str, meaning: str, rows: int) -> None:
        """Write down that `rows` rows were merged into others."""
        self._others.append(Cleaning(self.table, rule, meaning, int(rows), "merged"))

    def forget_kept(self) -> None:
        """Let go of the text of all rows but those set aside; nothing can be set aside any more."""
        aside = np.flatnonzero(self._rule >= 0)
        columns = {place: text[aside] for place, text in self.rows.columns.items()}
        self._rule = self._rule[aside]
        self.rows = replace(self.rows, columns=columns, line=self.rows.line[aside])

    def cleaning(self) -> tuple[Cleaning, ...]:
        """Return every rule with its count, also those that met no row."""
        counts = np.bincount(self._rule[self._rule >= 0], minlength=len(self._rules)).tolist()
        aside = [
            Cleaning(self.table, rule, meaning, int(count), "set aside")
            for (rule, meaning), count in zip(self._rules, counts, strict=True)
        ]
        return (*aside, *self._others)

    def set_aside(self) -> pd.DataFrame:
        """Return the rows set aside: table, line, rule, reason, and what was read of each as "column=value; ..."."""
        import pandas as pd

        rows = np.flatnonzero(self._rule >= 0)
        rule = [self._rules[code] for code in self._rule[rows].tolist()]
        header, columns = self.rows.form.header, self.rows.columns
        told = [
            "; ".join(f"{header[place]}={text[row][:SHOWN]}" for place, text in columns.items() if text[row])
            for row in rows.tolist()
        ]
        return pd.DataFrame(
            {
                "table": [self.table] * rows.size,
                "line": self.rows.line[rows],
                "rule": [name for name, _ in rule],
                "reason": [meaning for _, meaning in rule],
                "row": told,
            }
        )

    def unreadable(self) -> pd.DataFrame:
        """Return the rows that could not be read: table, line, reason, and the beginning of the line."""
        import pandas as pd

        found = self.rows.unreadable
        return pd.DataFrame(
            {
                "table": [self.table] * len(found),
                "line": np.array([row.line for row in found], dtype=np.int64),
                "reason": [row.reason for row in found],
                "text": [row.text for row in found],
            }
        )
