"""The reference pages written from the code: `python -m funnelsim.report.reference docs` writes them into a folder."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from funnelsim.config.reference import reference_page
from funnelsim.metrics import MEASURES, Measure

_INTRO = """\
# Measures

Written by `python -m funnelsim.report.reference docs` from the registry `funnelsim.metrics.MEASURES`; do not edit.

Each is one number of one replication. *Better* is the direction that an objective takes unless the scenario says
otherwise; any of them can be an objective or a constraint of `funnelsim tune`. Money is in the scenario's currency
(`economics.currency`). `funnelsim measures` prints this list, `funnelsim measures --json` for programs.
"""


def pages() -> dict[str, str]:
    """Return the text of every reference page by file name."""
    return {"configuration.md": reference_page(), "measures.md": measures_page(MEASURES)}


def measures_page(registry: Mapping[str, Measure]) -> str:
    """Return the page of all measures, Markdown, a table for each group."""
    lines = [_INTRO]
    for group in dict.fromkeys(measure.group for measure in registry.values()):
        lines += [f"## {group.capitalize()}", "", "| measure | unit | better | definition |", "|---|---|---|---|"]
        lines += [
            f"| `{m.name}` | {m.unit} | {'' if m.direction == 'none' else m.direction} | {_cell(m.definition)} |"
            for m in registry.values()
            if m.group == group
        ]
        lines.append("")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def write_pages(folder: Path) -> list[Path]:
    """Write every reference page into `folder`, made where it is missing, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
        written.append(folder / name)
    return written


if __name__ == "__main__":
    for path in write_pages(Path(sys.argv[1] if len(sys.argv) > 1 else "docs")):
        print(f"wrote {path}", file=sys.stderr)
