"""docs/calibration_import.md names every key of a mapping and every cleaning rule, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from funnelsim.calibration.shipped import shipped_mappings
from funnelsim.config.mapping import Files, LeadColumns, Mapping, SpendColumns, TouchColumns

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "calibration_import.md").read_text(encoding="utf-8")
SOURCES = [
    (ROOT / "src/funnelsim/calibration" / f"{name}.py").read_text(encoding="utf-8")
    for name in ("ledger", "lead_rows", "touch_rows", "spend_rows")
]
TABLES = {"files": Files, "leads": LeadColumns, "touches": TouchColumns, "spend": SpendColumns}
KEYS = [f"{table}.{name}" for table, model in TABLES.items() for name in model.model_fields if name != "time_formats"]


@pytest.mark.parametrize("key", [*KEYS, *(name for name in Mapping.model_fields if name not in TABLES), "time_formats"])
def test_every_key_is_explained(key):
    assert f"`{key}`" in PAGE or f"`{key}.NAME`" in PAGE


def rules() -> set[str]:
    """Return the names of the cleaning rules as the code spells them."""
    calls = (re.findall(r'(?:aside|change|note|merge)\([^"]*?(f?)"([a-z_{}]+)"', text) for text in SOURCES)
    found = {name for group in calls for _, name in group}
    amounts = {f"{key}_impossible" for key in ("impressions", "clicks", "spend")}
    return (found - {"{key}_impossible"}) | amounts | {"test", "duplicate"}


def test_every_rule_is_explained_and_no_other():
    table = PAGE[PAGE.index("## The cleaning rules") : PAGE.index("## People and leads")]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    explained = {name for cell in rows for name in re.findall(r"`([a-z_]+)`", cell)}
    assert explained == rules()
    assert len(explained) > 30


def test_every_mapping_that_comes_with_funnelsim_is_named():
    for name in shipped_mappings():
        assert f"`{name}`" in PAGE
