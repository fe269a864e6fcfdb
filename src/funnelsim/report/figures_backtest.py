"""The figures of a backtest, and of the comparison that a calibration reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from funnelsim.calibration.backtest import Backtest
from funnelsim.calibration.predicted import Compared, prediction_interval
from funnelsim.calibration.sight import MANY_ATTEMPTS, RESPONSE_GRID, WEEKDAYS
from funnelsim.records import Float64
from funnelsim.report.figures_calibration import Band, bands_figure, overview_figure
from funnelsim.report.figures_sheet import Imprint

RESPONSE_TICKS = {1: "1 min", 5: "5", 15: "15", 60: "1 h", 240: "4", 1440: "1 d", 4320: "3", 43_200: "30"}


def backtest_figures(found: Backtest, *, imprint: Imprint) -> dict[str, Figure]:
    """Return the figures by file name without its ending: overview, response, reach, wins, workload, arrivals.

    Arrivals are left out where the model was given the history's own.
    """
    made = {
        "overview": _overview(found, imprint),
        "response": _response(found, imprint),
        "reach": _reach(found, imprint),
        "wins": _wins(found, imprint),
        "workload": _workload(found, imprint),
    }
    if not found.own_arrivals:
        made["arrivals"] = _arrivals(found, imprint)
    return made


def period_words(found: Backtest) -> str:
    """Return what was compared, in words."""
    first, last = found.look.first, found.look.last
    given = [what for what, is_so in (("leads", found.own_arrivals), ("team", found.own_team)) if is_so]
    words = f"Leads created from {_day(first)} to {_day(last)}"
    return f"{words}; the history's own {' and '.join(given)}" if given else words


def method_words(found: Backtest) -> str:
    """Return what the intervals hold, in words."""
    of = "luck and what is unknown of the parameters" if found.with_draws else "luck alone: no draws were given"
    return f"{found.level:.0%} intervals for one history: {of}; {len(found.simulated)} replications".replace("%", " %")


def _overview(found: Backtest, imprint: Imprint) -> Figure:
    share = found.share
    title = f"{share.inside} of {share.judged} figures lie inside their {found.level:.0%} interval".replace("%", " %")
    subtitle = f"{period_words(found)}\n{method_words(found)}"
    return overview_figure(found.figures, title=title, subtitle=subtitle, imprint=imprint)


def _response(found: Backtest, imprint: Imprint) -> Figure:
    ticks = tuple((float(at), words) for at, words in RESPONSE_TICKS.items())
    curve = _curve(
        found, "answered within", "First response", x=np.array(RESPONSE_GRID), x_label="from creation, logarithmic",
        logarithmic=True, ticks=ticks,
    )  # fmt: skip
    title = _about(found, "p50", "first response", "Half of the answered leads hear from sales within")
    return _sheet([curve], title, found, imprint)


def _reach(found: Backtest, imprint: Imprint) -> Figure:
    attempts = _curve(
        found, "reached by attempt", "Reached by attempt, of those called", x=np.array(MANY_ATTEMPTS, dtype=np.float64),
        x_label="attempt", steps=True, ticks=tuple((float(k), str(k)) for k in MANY_ATTEMPTS),
    )  # fmt: skip
    delays = _points(found, "reached at attempt 1, by delay", "Reached at attempt 1, by its delay")
    title = _about(found, "1", "reached by attempt", "Reached at the first attempt:")
    return _sheet([attempts, delays], title, found, imprint)


def _wins(found: Backtest, imprint: Imprint) -> Figure:
    cycle = _curve(
        found, "won within days", "Days from creation to the deal, of those won", x_label="days",
        x=np.arange(found.seen.curves["won within days"].size, dtype=np.float64),
    )  # fmt: skip
    return _sheet(
        [_points(found, "won", "Won, by channel and month of creation"), cycle],
        _about(found, "all", "won", "Won of all leads:"),
        found,
        imprint,
    )


def _workload(found: Backtest, imprint: Imprint) -> Figure:
    curve = found.seen.curves["attempts per rep-day"]
    band = _curve(
        found, "attempts per rep-day", "Days on which a rep made at most so many attempts", x_label="attempts",
        x=np.arange(curve.size, dtype=np.float64),
    )  # fmt: skip
    return _sheet([band], _about(found, "per day", "attempts", "Attempts a day:"), found, imprint)


def _arrivals(found: Backtest, imprint: Imprint) -> Figure:
    days = found.seen.curves["leads by day"].size
    firsts = [d for d in range(days) if (found.look.first + dt.timedelta(days=d)).day == 1]
    months = tuple((float(d), f"{found.look.first + dt.timedelta(days=d):%b}") for d in firsts)
    by_day = _curve(
        found, "leads by day", "Leads by day", x=np.arange(float(days)), x_label="", unit="leads", ticks=months
    )
    by_weekday = _curve(
        found, "leads by weekday", "Leads by weekday, a day", x=np.arange(7.0), x_label="", unit="leads", steps=True,
        ticks=tuple((float(d), name) for d, name in enumerate(WEEKDAYS)),
    )  # fmt: skip
    by_hour = _curve(
        found, "leads by hour", "Leads by hour of the day", x=np.arange(24.0), x_label="local hour", steps=True,
        ticks=tuple((float(h), str(h)) for h in range(0, 24, 3)),
    )  # fmt: skip
    title = _about(found, "leads a day", "arrivals", "Leads a day:")
    return _sheet([by_day, by_weekday, by_hour], title, found, imprint)


def _sheet(bands: Sequence[Band], title: str, found: Backtest, imprint: Imprint) -> Figure:
    subtitle = f"{period_words(found)}\n{method_words(found)}"
    return bands_figure(bands, title=title, subtitle=subtitle, imprint=imprint)


def _about(found: Backtest, name: str, group: str, words: str) -> str:
    """Return a title that says one figure, observed and simulated."""
    figure = next((f for f in found.figures if f.key.group == group and f.key.name == name), None)
    if figure is None or not np.isfinite(figure.observed):
        return words.rstrip(":")
    unit = figure.key.unit
    return f"{words} {_short(figure.observed)} {unit} observed, {_short(figure.mean)} {unit} simulated"


def _curve(
    found: Backtest,
    name: str,
    title: str,
    *,
    x: Float64,
    x_label: str,
    unit: str = "share",
    logarithmic: bool = False,
    steps: bool = False,
    ticks: tuple[tuple[float, str], ...] = (),
) -> Band:
    simulated = np.stack([one.curves[name] for one in found.simulated])
    ends = np.array([prediction_interval(column, found.level) for column in simulated.T])
    return Band(
        title=title,
        x=x,
        seen=found.seen.curves[name],
        simulated=simulated,
        low=ends[:, 0],
        high=ends[:, 1],
        x_label=x_label,
        unit=unit,
        logarithmic=logarithmic,
        steps=steps,
        ticks=ticks,
    )


def _points(found: Backtest, group: str, title: str) -> Band:
    """Return the figures of a group, which are in per cent, as points."""
    shown: list[Compared] = [f for f in found.figures if f.key.group == group and np.isfinite(f.observed)]
    labels = [f.key.name.removeprefix("leads of ") for f in shown]
    return Band(
        title=title,
        x=np.arange(len(shown), dtype=np.float64),
        seen=0.01 * np.array([f.observed for f in shown]),
        simulated=0.01 * np.array([[f.mean for f in shown]]),
        low=0.01 * np.array([f.low for f in shown]),
        high=0.01 * np.array([f.high for f in shown]),
        x_label="",
        steps=True,
        ticks=tuple((float(j), label) for j, label in enumerate(labels)),
    )


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _day(day: dt.date) -> str:
    return f"{day.day} {day:%b %Y}"
