"""The files of a calibration, a backtest and a replay, as bytes by name."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from funnelsim.calibration.backtest import Backtest
from funnelsim.calibration.fit import Fit
from funnelsim.calibration.importing import Imported
from funnelsim.calibration.replay import Replay
from funnelsim.calibration.sensitivity import Sensitivity
from funnelsim.config.draws import Draw, draws_text
from funnelsim.config.dump import dump_toml
from funnelsim.config.scenario import Scenario
from funnelsim.report.calibration_page import backtest_page, calibration_page
from funnelsim.report.comparisons import difference_rows, distance_rows, figure_rows
from funnelsim.report.figures_backtest import backtest_figures
from funnelsim.report.figures_sheet import Imprint, png

if TYPE_CHECKING:
    import pandas as pd

SCENARIO, POSTERIOR, PARAMETERS, ASSUMED = "scenario.toml", "posterior.csv", "parameters.csv", "assumed.csv"
CLEANING, SET_ASIDE, UNREADABLE = "cleaning.csv", "set_aside.csv", "unreadable.csv"
FIGURES, DISTANCES, DIFFERENCES, REPORT = "figures.csv", "distances.csv", "differences.csv", "report.html"


def calibration_files(
    imported: Imported,
    fit: Fit,
    scenario: Scenario,
    draws: Sequence[Draw],
    *,
    compared: Backtest | None,
    sensitivity: Sequence[Sensitivity],
    causal_share: float,
    imprint: Imprint,
) -> dict[str, bytes]:
    """Return everything that a calibration leaves behind, by file name.

    Args:
        imported: The history, and the rows that are not in it.
        fit: What was fitted.
        scenario: The calibrated scenario.
        draws: Of its parameters.
        compared: The history beside it; None where it was not played.
        sensitivity: See `calibration_page`.
        causal_share: Likewise.
        imprint: Where the figures come from.
    """
    pictures = {} if compared is None else _pictures(compared, imprint)
    report = calibration_page(
        fit, compared, pictures, sensitivity=sensitivity, causal_share=causal_share, footer=imprint.line()
    )
    files = {
        SCENARIO: dump_toml(scenario).encode(),
        POSTERIOR: draws_text(draws).encode(),
        PARAMETERS: _table([asdict(parameter) for parameter in fit.parameters]),
        ASSUMED: _table([asdict(one) for one in fit.assumed]),
        CLEANING: _table([asdict(rule) for rule in fit.history.cleaning]),
        SET_ASIDE: _frame(imported.set_aside()),
        UNREADABLE: _frame(imported.unreadable()),
        REPORT: report.encode(),
        **{f"{name}.png": content for name, content in pictures.items()},
    }
    if compared is not None:
        files |= {FIGURES: _table(figure_rows(compared)), DISTANCES: _table(distance_rows(compared))}
    return files


def backtest_files(found: Backtest, *, name: str, imprint: Imprint) -> dict[str, bytes]:
    """Return the tables, figures and page of a backtest, and the scenario as it was played, by file name."""
    pictures = _pictures(found, imprint)
    return {
        FIGURES: _table(figure_rows(found)),
        DISTANCES: _table(distance_rows(found)),
        SCENARIO: dump_toml(found.scenario).encode(),
        REPORT: backtest_page(found, pictures, name=name, footer=imprint.line()).encode(),
        **{f"{picture}.png": content for picture, content in pictures.items()},
    }


def replay_files(found: Replay) -> dict[str, bytes]:
    """Return the table of a replay, both scenarios as they were played, and each replication, by file name."""
    rows = [
        {"replication": r, "measure": name, "before": before[name], "after": after[name]}
        for r, (before, after) in found.rows.items()
        for name in before
    ]
    return {
        DIFFERENCES: _table(difference_rows(found)),
        "replications.csv": _table(rows),
        "before.toml": dump_toml(found.before).encode(),
        "after.toml": dump_toml(found.after).encode(),
    }


def _pictures(found: Backtest, imprint: Imprint) -> dict[str, bytes]:
    return {name: png(figure, imprint) for name, figure in backtest_figures(found, imprint=imprint).items()}


def _table(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return rows as CSV; what is not known is empty."""
    if not rows:
        return b""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows([{key: _cell(value) for key, value in row.items()} for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    return "" if value is None or (isinstance(value, float) and value != value) else value


def _frame(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False).encode()
