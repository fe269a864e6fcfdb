"""A table of marginal values as text of at most 100 letters a line: a row for each step, a column for each measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import shorten, wrap

from funnelsim.lab.compare import Comparison, Contrast
from funnelsim.metrics import MEASURES
from funnelsim.report.compared import difference_words
from funnelsim.report.digits import scale_of
from funnelsim.report.findings import measure_words, unit_of
from funnelsim.report.results import replications_text

WIDTH, LABEL_WIDTH, COLUMN = 100, 36, 21
ORDER = ("better", "worse", "more", "less", "no detectable difference", "the same in every replication", "not defined")


def marginal_text(
    found: Comparison, *, heading: str, currency: str, days: int, left_out: Sequence[str] = ()
) -> str:
    """Return what each step is worth, as a table and in words.

    Args:
        found: The comparison of the steps with what is in force, which is first.
        heading: What was looked at.
        currency: What money is called.
        days: Days measured.
        left_out: Steps that the scenario's rules do not allow, in words.
    """
    lines = wrap(
        f"{heading}: {replications_text(found.replications)}. Each step alone, all else as it is; differences are "
        "paired by replication, their intervals hold all together with 95 %; * is told from none.",
        WIDTH,
    )
    for first in range(0, len(found.measures), 3):
        lines += ["", *_table(found, range(first, min(first + 3, len(found.measures))), currency=currency, days=days)]
    lines += ["", "In words", *marginal_lines(found)]
    for reason in left_out:
        lines += wrap(f"left out: {reason}.", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _table(found: Comparison, which: range, *, currency: str, days: int) -> Iterator[str]:
    names, units, factors = f"  {'':<{LABEL_WIDTH}}", f"  {'':<{LABEL_WIDTH}}", []
    for at in which:
        measure = found.measures[at]
        unit, factor, period = unit_of(measure, currency=currency, days=days)
        to_shown, unit = scale_of("" if unit == "ratio" else unit)
        better = {"up": ", + better", "down": ", - better"}.get(MEASURES[measure].direction, "")
        words = f"{'points' if unit == '%' else unit}{period}".strip()
        names += f"{shorten(measure_words(measure), COLUMN - 2, placeholder='..'):>{COLUMN - 1}} "
        units += f"{shorten(words, COLUMN - len(better) - 1, placeholder='..') + better:>{COLUMN - 1}} "
        factors.append(factor * to_shown)
    yield names.rstrip()
    yield units.rstrip()
    for label, row in zip(found.labels[1:], found.contrasts[1:], strict=True):
        cells = "".join(f"{_cell(row[at], factor):>{COLUMN}}" for at, factor in zip(which, factors, strict=True))
        yield f"  {shorten(label, LABEL_WIDTH - 1, placeholder=' ...'):<{LABEL_WIDTH}}{cells}".rstrip()


def _cell(contrast: Contrast, factor: float) -> str:
    if contrast.equal:
        return "the same "
    told = contrast.finding not in ("no detectable difference", "not defined")
    return difference_words(contrast, factor) + ("*" if told else " ")


def marginal_lines(found: Comparison) -> list[str]:
    """Return the findings in words, by measure; of what cannot be told, the replications that would settle it."""
    lines = []
    for at, measure in enumerate(found.measures):
        told: dict[str, list[str]] = {}
        for label, row in zip(found.labels[1:], found.contrasts[1:], strict=True):
            finding = "the same in every replication" if row[at].equal else str(row[at].finding)
            settled = row[at].settled_by
            told.setdefault(finding, []).append(label if settled is None else f"{label} ({settled:,})")
        name = measure_words(measure)
        for finding in ORDER:
            if finding in told:
                note = " (settled by so many replications)" if finding == "no detectable difference" else ""
                words = f"{name} {finding}{note}: {'; '.join(told[finding])}."
                lines += wrap(words, WIDTH, initial_indent="  ", subsequent_indent="    ")
    return lines
