"""The pages of a calibration and of a backtest: what was found, how far it is to be believed, and what it rests on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from funnelsim.calibration.backtest import Backtest
from funnelsim.calibration.fit import Fit
from funnelsim.calibration.history import History
from funnelsim.calibration.sensitivity import Sensitivity
from funnelsim.report import page
from funnelsim.report.comparisons import CONFOUNDED
from funnelsim.report.digits import ABSENT, plain
from funnelsim.report.figures_backtest import method_words, period_words
from funnelsim.report.figures_calibration import digits_of

FIGURES = (
    ("overview", "Every figure in one view"),
    ("arrivals", "Arrivals"),
    ("response", "First response"),
    ("reach", "Reach"),
    ("wins", "Wins and the cycle"),
    ("workload", "Workload"),
)
TRAPS = (
    "The effect of delay is confounded. Reps choose whom to call first; where they call good leads first, those called "
    "late are worse leads, and a part of what delay seems to cost is choice. How much of the observed effect is caused "
    "by delay is a parameter, the causal share; the data cannot say it.",
    "Who is never called differs from who is. Reach and wins are fitted on leads that were called; a policy that calls "
    "the others meets people about whom the history says little.",
    "Leads given up early say nothing about later attempts. The fit respects that (a lead given two attempts says "
    "nothing about the third), but if reps give up on those who look hopeless, later attempts look too good.",
    "A status lies. What counts as a talk, a win or a wrong number is what the mapping says; the tables below list "
    "each rule and how many rows it touched.",
    "The past is one history. Its seasons, campaigns and team are in every figure; a short export knows one season.",
)


def backtest_page(found: Backtest, figures: Mapping[str, bytes], *, name: str, footer: str) -> str:
    """Return the page of a backtest.

    Args:
        found: What was compared.
        figures: PNG by name (`figures_backtest.backtest_figures`).
        name: Of the scenario.
        footer: Where it comes from.
    """
    share = found.share
    title = f"{name}: {share.inside} of {share.judged} figures lie inside their {100 * found.level:g} % interval"
    sections = [
        ("How to read this", page.words(*_reading(found))),
        *_pictures(figures),
        ("All figures", _figures_table(found)),
        ("Distances between event logs", _distances(found)),
    ]
    return page.page(title, f"{period_words(found)}. {method_words(found)}.", sections, footer=footer)


def calibration_page(
    fit: Fit,
    compared: Backtest | None,
    figures: Mapping[str, bytes],
    *,
    sensitivity: Sequence[Sensitivity] = (),
    causal_share: float,
    footer: str,
) -> str:
    """Return the page of a calibration.

    Args:
        fit: What was fitted.
        compared: The history beside the calibrated scenario on the same dates; None where it was not played.
        figures: PNG by name.
        sensitivity: Of a faster desk to the causal share.
        causal_share: The one in the scenario.
        footer: Where it comes from.
    """
    history = fit.history
    sections: list[tuple[str, str]] = [("What to know before using it", page.listed(_first(fit, compared)))]
    if compared is not None:
        sections += [
            ("Observed and simulated", page.words(*_reading(compared))),
            *_pictures(figures),
            ("All figures", _figures_table(compared)),
            ("Distances between event logs", _distances(compared)),
        ]
    sections += [
        ("What a history cannot tell", page.listed(TRAPS) + _sensitivity(sensitivity, causal_share)),
        ("Parameters", _parameters(fit)),
        ("What stays assumed", _assumed(fit)),
        ("What was read, cleaned and set aside", cleaning_table(history)),
    ]
    title = f"{fit.name}: calibrated on {history.leads.n:,} leads"
    lead = f"Leads created from {history.first_day} to {history.last_day}, outcomes as of {history.as_of}."
    return page.page(title, lead, sections, footer=footer)


def _reading(found: Backtest) -> list[str]:
    share = found.share
    level = f"{100 * found.level:g} %"
    return [
        f"An interval holds what one history may show: {method_words(found).partition(': ')[2]}. "
        f"{share.inside} of {share.judged} figures lie inside; of the model's own histories {level} would. Figures "
        "of one history go together: one wrong setting of the desk moves many of them.",
        CONFOUNDED,
    ]


def _pictures(figures: Mapping[str, bytes]) -> list[tuple[str, str]]:
    return [
        (heading, page.image(figures[name], alt=f"{heading}: observed and simulated"))
        for name, heading in FIGURES
        if name in figures
    ]


def _figures_table(found: Backtest) -> str:
    rows: list[tuple[str, ...]] = []
    marked: list[int] = []
    for figure in found.figures:
        decimals = digits_of(figure)
        observed, mean, low, high = (
            plain(v, decimals) for v in (figure.observed, figure.mean, figure.low, figure.high)
        )
        verdict = "given" if figure.given else "" if not figure.judged else "inside" if figure.inside else "outside"
        if verdict == "outside":
            marked.append(len(rows))
        rows.append(
            (figure.key.group, figure.key.name, observed, mean, f"{low} to {high}", figure.key.unit, verdict)
        )
    headings = ("group", "figure", "observed", "simulated", "interval", "unit", "")
    return page.table(headings, rows, numbers=(2, 3, 4), marked=marked)


def _distances(found: Backtest) -> str:
    rows = [
        (
            one.log.name,
            one.log.meaning,
            plain(one.observed, 2),
            plain(one.simulated, 2),
            plain(one.high, 2),
            one.log.unit,
            "" if not math.isfinite(one.observed) else "inside" if one.inside else "outside",
        )
        for one in found.distances
    ]
    told = page.words(
        "Least work that turns one distribution of moments into another (Wasserstein; Chapela-Campa et al. 2023). "
        "Each log is compared with all the others; the observed one should stay below a bound that is the model's own."
    )
    marked = [j for j, row in enumerate(rows) if row[-1] == "outside"]
    headings = ("log", "events", "observed", "model's own, mean", "below", "unit", "")
    return told + page.table(headings, rows, numbers=(2, 3, 4), marked=marked)


def _first(fit: Fit, compared: Backtest | None) -> list[str]:
    history = fit.history
    said = []
    if compared is not None:
        share = compared.share
        said.append(
            f"Played on its own dates, the scenario shows {share.inside} of {share.judged} observed figures inside "
            f"their {100 * compared.level:g} % intervals. These figures were partly fitted: `funnelsim backtest` on "
            "later months is the test."
        )
    warned = [parameter for parameter in fit.parameters if parameter.warning]
    if warned:
        said.append(f"{len(warned)} of {len(fit.parameters)} parameters carry a warning; they are marked below.")
    said.append(f"{len(fit.assumed)} settings stay assumed, because the files do not hold them.")
    own = {f"{p.path}: {p.warning}" for p in warned}
    return [*said, *(text for text in fit.warnings if text not in own), *history.notes]


def _parameters(fit: Fit) -> str:
    rows: list[tuple[str, ...]] = []
    marked: list[int] = []
    for p in fit.parameters:
        if p.warning:
            marked.append(len(rows))
        between = f"{_number(p.low)} to {_number(p.high)}" if math.isfinite(p.low) else ABSENT
        rows.append((p.path, _number(p.estimate), between, p.unit, f"{p.n:,}", p.method, p.warning))
    headings = ("parameter", "estimate", "90 % interval", "unit", "n", "method", "warning")
    return page.table(headings, rows, numbers=(1, 2, 4), marked=marked)


def _assumed(fit: Fit) -> str:
    rows = [(one.path, one.value, one.reason) for one in fit.assumed]
    return page.table(("setting", "value", "why"), rows)


def cleaning_table(history: History) -> str:
    """Return what was read, and every rule of cleaning with its count."""
    read = page.words(
        "; ".join(
            f"{table}: {rows:,} rows read, {history.unreadable.get(table, 0):,} unreadable"
            for table, rows in history.read.items()
        )
        + "."
    )
    rows = [(c.table, c.rule, f"{c.rows:,}", c.effect, c.meaning) for c in history.cleaning if c.rows]
    none = sum(not c.rows for c in history.cleaning)
    return (
        read
        + page.table(("table", "rule", "rows", "effect", "meaning"), rows, numbers=(2,))
        + page.words(f"{none} more rules met no row; cleaning.csv lists them all.", note=True)
    )


def _sensitivity(rows: Sequence[Sensitivity], causal_share: float) -> str:
    if not rows:
        return ""
    told = page.words(
        "What a faster desk would be worth (the team doubled, policy as it is), under each causal share of the "
        f"observed effect of delay; the scenario has {causal_share:g}."
    )
    cells = [
        (
            f"{row.causal_share:g}",
            f"{100 * row.won.mean:.2f} %",
            f"{100 * row.won_faster.mean:.2f} %",
            f"{100 * row.gain.mean:+.2f} ± {100 * row.gain.half_width:.2f} points",
        )
        for row in rows
    ]
    marked = [j for j, row in enumerate(rows) if row.causal_share == causal_share]
    headings = ("causal share", "won, as it is", "won, team doubled", "difference, 95 % interval of its mean")
    return told + page.table(headings, cells, numbers=(0, 1, 2, 3), marked=marked)


def _number(value: float) -> str:
    if not math.isfinite(value):
        return ABSENT
    return plain(value, max(0, 3 - math.floor(math.log10(abs(value)))) if value else 0)
