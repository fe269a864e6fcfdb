"""docs/validation.md and its figures, from the JSON files that the claims wrote."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from textwrap import fill
from typing import Any

from funnelsim.report.figures_sheet import png
from validation.claim import FOUND
from validation.figures import FIGURES

DOCS = Path(__file__).resolve().parents[1] / "docs"
CLAIMS = {
    "intervals": "Intervals",
    "false_alarms": "False alarms",
    "uplift": "Power",
    "correct_selection": "Selecting the best",
    "grid_search": "The search finds what is there",
    "optimism": "The report does not flatter",
    "beside_random": "Better than random search",
    "workers": "Any number of workers",
    "sobol_indices": "Sensitivity",
    "attribution": "Attribution",
}
"""Every claim in the order of the page, and what it is headed."""
WIDTH = 128
HEAD = """# Validation

What funnelsim claims of its own answers, and how each claim was checked against a known answer. `make validate` runs
all of it and writes this page; `python -m validation.NAME` runs one claim. Small versions of the quick ones are in
`tests/test_validation.py`. Not here: the model (theory and closed forms, `tests/contract/`), the fit
(`make validate-fit`) and the forecast of a real company (`docs/it_school_foretold.md`).
"""


def text_of(claims: list[dict[str, Any]]) -> str:
    """Return the page."""
    lines = [HEAD, "| claim | verdict | figure |", "|---|---|---|"]
    for claim in claims:
        title = CLAIMS[claim["key"]]
        anchor = title.lower().replace(" ", "-")
        lines.append(f"| [{title}](#{anchor}) | {_verdict(claim)} | {_spaced(claim['found'])} |")
    missing = [title for key, title in CLAIMS.items() if key not in {claim["key"] for claim in claims}]
    if missing:
        lines += ["", f"Not measured yet, and so not shown: {', '.join(missing)}."]
    for claim in claims:
        lines += ["", f"## {CLAIMS[claim['key']]}", "", _filled(f"**Claim.** {claim['claims']}"), ""]
        lines += [_filled(f"**How.** {claim['how']}"), ""]
        lines += [_filled(f"**Found.** {claim['found'][0].upper()}{claim['found'][1:]}."), ""]
        if claim["key"] in FIGURES:
            lines += [f"![{CLAIMS[claim['key']]}]({_figure(claim['key'])})", ""]
        command = f"`python -m validation.{claim['key']}`"
        lines.append(_filled(f"**Verdict.** {_verdict(claim).capitalize()}. {command}{_took(claim)}."))
    if claims and all("processor_seconds" in claim for claim in claims):
        whole = sum(c["processor_seconds"] for c in claims) + _of_the_searches(claims)
        lines += ["", f"All that this page tells of took {_duration(whole)} of processor time."]
    return "\n".join(lines) + "\n"


def _took(claim: dict[str, Any]) -> str:
    """Return the processor time behind a claim; three of them read the same searches."""
    of_searches = claim["figures"].get("searches_processor_seconds")
    if of_searches is not None:
        return f" (reads `validation.searches`: {_duration(of_searches)} of processor time for three claims)"
    took = claim.get("processor_seconds")  # not in what an older version wrote
    return "" if took is None else f" ({_duration(took)} of processor time)"


def _of_the_searches(claims: list[dict[str, Any]]) -> float:
    return max((c["figures"].get("searches_processor_seconds", 0.0) for c in claims), default=0.0)


def _duration(seconds: float) -> str:
    """Return a duration in whole minutes, or seconds where it is short.

    >>> _duration(31.2), _duration(0.2), _duration(540)
    ('31 s', '1 s', '9 min')
    """
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{max(1.0, seconds):.0f} s"


def _spaced(text: str) -> str:
    """Return `text` with a space between number and per cent."""
    return re.sub(r"(?<=\d)%", " %", text)


def _verdict(claim: dict[str, Any]) -> str:
    if claim["figures"].get("unproved"):
        return "unproved"
    return "holds" if claim["holds"] else "does not hold"


def _filled(text: str) -> str:
    return fill(_spaced(text), WIDTH, break_on_hyphens=False, break_long_words=False)


def _figure(key: str) -> str:
    return f"validation_{key}.png"


def write(folder: Path = FOUND, docs: Path = DOCS) -> list[str]:
    """Write the page and its figures into `docs`, and return the names of claims that were not measured."""
    claims, missing = [], []
    for key in CLAIMS:
        path = folder / f"{key}.json"
        if not path.exists():
            missing.append(key)
            continue
        claims.append(json.loads(path.read_text(encoding="utf-8")))
    for claim in claims:
        if claim["key"] in FIGURES:
            (docs / _figure(claim["key"])).write_bytes(png(*FIGURES[claim["key"]](claim["figures"])))
    (docs / "validation.md").write_text(text_of(claims), encoding="utf-8")
    return missing


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--found", type=Path, default=FOUND, help="folder of the JSON files")
    parser.add_argument("--docs", type=Path, default=DOCS, help="folder to write into")
    given = parser.parse_args()
    left_out = write(given.found, given.docs)
    print(f"written to {given.docs / 'validation.md'}")
    if left_out:
        print(f"not measured, and so not on the page: {', '.join(left_out)}", file=sys.stderr)
