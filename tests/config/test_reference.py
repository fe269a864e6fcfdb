"""The reference page and the JSON schema say what the models do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from funnelsim.config.node import below, node_of
from funnelsim.config.reference import reference_page
from funnelsim.config.scenario import Scenario
from funnelsim.config.schema import json_schema
from funnelsim.report.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


def test_the_pages_in_docs_are_current():
    """`make docs` writes them anew."""
    for name, text in pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, f"docs/{name} is out of date: run `make docs`"


def fields() -> list[tuple[str, str]]:
    """Return (table's class, field) of every field of every table."""
    found: dict[tuple[str, str], None] = {}

    def visit(node: Any) -> None:
        if node.is_table():
            for name in node.fields():
                key = (node.type.__name__, name)
                if key not in found:
                    found[key] = None
                    visit(below(node, name))
        elif node.entry() is not None:
            visit(node.entry())

    visit(node_of(Scenario))
    return list(found)


def test_every_field_has_its_row_with_meaning_and_unit_of_money_and_shares():
    page = reference_page()
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", page, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(name for _, name in fields())
    for name, row in rows:
        kind, default, _, _, meaning, _ = [cell.strip() for cell in row.rsplit(" | ", 5)] if row.count(" | ") else []
        assert kind, (name, row)
        assert default, (name, row)
        assert meaning.endswith("."), (name, row)


def test_links_of_the_page_lead_to_its_headings():
    page = reference_page()
    headings = {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^## (.*)$", page, re.M)
    }
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links
    assert links <= headings


def test_some_rows_by_hand():
    page = reference_page()
    assert (
        "| `attempts` | whole number | `6` | attempts | 1 to 60 | Attempts for one handover. "
        "| six calls reach 93 % of those ever reached (Velocify) |"
    ) in page
    assert '| `win_tau` | duration or "none" | `"30d"` |  | > 0, calendar clock |' in page
    assert "| `seed` | whole number | `1` |  | >= 0, < 2^63 | Root of all luck; 0 is a seed. |  |" in page
    assert "| `offers` | mix | **required** | shares | shares that sum to 1 |" in page


def test_the_schema_knows_every_table_and_forbids_unknown_keys():
    schema = json_schema()
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["required"] == ["market", "team"]
    tables = [schema, *schema["$defs"].values()]
    objects = [table for table in tables if table.get("type") == "object"]
    assert len(objects) > 30
    assert all(table["additionalProperties"] is False for table in objects)
    terms = schema["$defs"]["Terms"]["properties"]
    assert terms["attempts"]["minimum"] == 1
    assert terms["attempts"]["maximum"] == 60
    assert terms["attempts"]["unit"] == "attempts"
    assert terms["gap"]["type"] == "string"
    # TOML has no null: what may be absent may be written "none".
    cap = schema["$defs"]["Scoring"]["properties"]["intent_cap"]
    assert {"const": "none"} in cap["anyOf"]
    assert '"null"' not in str(schema).replace("'", '"')
