"""Small CSV files and mappings for tests of the import, written as an export would write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from funnelsim.calibration.history import Cleaning, History
from funnelsim.calibration.importing import Imported, import_history
from funnelsim.config.mapping import Mapping, mapping_from

LEADS = {
    "key": "id", "contact": "person", "created": "created", "channel": "source", "owner": "owner", "stage": "stage",
    "closed": "closed", "value": "amount", "won": {"stage": "Won"}, "lost": {"stage": "Lost"},
}  # fmt: skip
TOUCHES = {"key": "call", "contact": "person", "at": "at", "duration": "seconds"}


def file(folder: Path, name: str, *lines: str, end: str = "\n", encoding: str = "utf-8") -> Path:
    """Write lines into a file and return its path."""
    path = folder / name
    path.write_bytes((end.join(lines) + end).encode(encoding))
    return path


def mapping(leads: dict[str, Any] | None = None, **tables: Any) -> Mapping:
    """Return a mapping for tests; `leads` replaces keys of the usual one."""
    whole = {"time_zone": "Europe/Berlin", "as_of": "2024-12-31", "leads": LEADS | (leads or {}), **tables}
    return mapping_from(whole, where="test")


def read(leads: Path, *, touches: Path | None = None, spend: Path | None = None, by: Mapping | None = None) -> Imported:
    """Return an import by a mapping for tests."""
    return import_history(leads, touches=touches, spend=spend, mapping=by or mapping())


def counts(history: History, table: str = "leads", effect: str | None = None) -> dict[str, int]:
    """Return the rules that met rows, with how many."""
    chosen = (c for c in history.cleaning if c.table == table and c.rows and effect in (None, c.effect))
    return {c.rule: c.rows for c in chosen}


def balanced(history: History) -> bool:
    """Return whether rows read = kept + merged + set aside + unreadable in every table."""
    kept = {"leads": history.leads.n}
    if history.touches is not None:
        kept["touches"] = history.touches.n
    if history.spend is not None:
        kept["spend"] = int(history.spend.day.size)
    return all(history.read[t] == n + _away(history.cleaning, t) + history.unreadable[t] for t, n in kept.items())


def _away(cleaning: tuple[Cleaning, ...], table: str) -> int:
    return sum(c.rows for c in cleaning if c.table == table and c.effect in ("set aside", "merged"))
