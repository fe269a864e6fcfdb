"""Replications until what one wants to know is known well enough, and whether the warm-up was long enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Wish
from funnelsim.lab.play import Played, draw, play
from funnelsim.metrics.week import daily
from funnelsim.records import Float64, Int64, State
from funnelsim.sequential import enough, forecast, look_ahead, relative_half_widths
from funnelsim.warmup import Settled, mser

PILOT = 10
"""Replications played before the cost is estimated."""
MOST_GROWTH = 2
"""A batch is at most so many times what is there already: a forecast from few replications is rough."""
WEEK_DAYS = 7
CHECKED = 5
"""Replications over which a series is averaged before it is asked where it settles."""

Rows = dict[int, dict[str, float]]
Play = Callable[[Sequence[int]], Rows]
"""Plays these replications and returns their measures; fewer where it was interrupted."""


@dataclass(frozen=True, slots=True)
class Reached:
    """How far replications came."""

    rows: Rows
    widths: dict[str, float]  # relative half-width of each measure at the end; inf where it has no meaning
    enough_at: int | None  # replications after which all were known well enough, and stayed so; None = not reached
    wanted: int | None  # replications that would do, where it was not reached; None = cannot be told
    complete: bool  # False where it was interrupted


def replicate_until(
    play_some: Play,
    *,
    measures: Sequence[str],
    precision: float,
    at_most: int,
    forecast_told: Callable[[int | None, int], None] = lambda wanted, done: None,
) -> Reached:
    """Return replications 0, 1, 2, ... until the mean of each measure is known to `precision` (see `sequential`).

    They come in batches whose sizes depend on the values alone, so any number of workers plays the same ones.

    Args:
        play_some: Plays some replications.
        measures: Those that must be known.
        precision: Half-width of the 95 % interval over |mean|, > 0.
        at_most: Replications beyond which it gives up, >= 1.
        forecast_told: Called before each batch after the first with how many replications are expected to do (None =
            unknown) and how many are done.
    """
    rows: Rows = {}
    size = min(PILOT, at_most)
    while True:
        asked = range(len(rows), len(rows) + size)
        found = play_some(asked)
        rows |= found
        table = _table(rows, measures)
        complete = len(found) == len(asked)
        at = enough(table, precision=precision) if complete else None
        if at is not None or not complete or len(rows) >= at_most:
            break
        wanted = forecast(table, precision=precision)
        forecast_told(wanted, len(rows))
        done = len(rows)
        more = done if wanted is None else max(wanted - done, look_ahead(done))
        size = min(more, MOST_GROWTH * done, at_most - done)
    columns = zip(measures, table.T, strict=True)
    widths = {m: float(relative_half_widths(column)[-1]) if rows else np.inf for m, column in columns}
    wanted = None if at is not None else forecast(table, precision=precision)
    return Reached(rows, widths, at, wanted, complete)


def _table(rows: Rows, measures: Sequence[str]) -> Float64:
    values = [[rows[r][m] for m in measures] for r in sorted(rows)]
    return np.asarray(values, dtype=np.float64).reshape(len(rows), len(measures))


@dataclass(frozen=True, slots=True, eq=False)
class SettledSeries:
    """One daily series, averaged over replications, and where it settles."""

    name: str
    unit: str
    days: Float64  # (d,) a value a day over the whole run
    settled: Settled
    replications: int  # over which it is averaged


def warmup_check(
    scenario: Scenario, *, replications: int = CHECKED, engine: Engine | Wish = "auto"
) -> tuple[SettledSeries, ...]:
    """Return where the daily series behind the measures settle, by MSER on means of whole weeks.

    The series, of the whole run: MQLs, SQLs, deals and revenue by their own day, and the tasks that wait and the hours
    worked of each role. Replications 0, 1, ... are played again for it and averaged day by day. Batches are weeks, not
    the usual five days: the week's own pattern would pass for a trend. A market that changes over the year settles
    nowhere, whatever the warm-up.

    Returns:
        Nothing where the run is shorter than four weeks.
    """
    if scenario.run.days < 4 * WEEK_DAYS:
        return ()
    found: dict[tuple[str, str], list[Float64]] = {}
    for r in range(replications):
        for key, days in daily_series(play(scenario, draw(scenario, r), engine=engine)).items():
            found.setdefault(key, []).append(days)
    series = []
    for (name, unit), days_of in found.items():
        days = np.mean(days_of, axis=0)
        series.append(SettledSeries(name, unit, days, mser(days, batch=WEEK_DAYS), len(days_of)))
    return tuple(series)


def daily_series(played: Played) -> dict[tuple[str, str], Float64]:
    """Return by (name, unit) a value for each local day of one replication, warm-up and follow-up included."""
    from funnelsim.calendar import Clock

    outcomes, edges = played.outcomes, Clock.of(played.scenario.run).midnights
    won = outcomes.state == State.WON
    series = {
        ("MQLs", "leads a day"): _by_day(outcomes.mql_at, edges),
        ("SQLs", "leads a day"): _by_day(outcomes.sql_at, edges),
        ("deals", "deals a day"): _by_day(np.where(won, outcomes.closed_at, -1), edges),
        ("revenue", f"{played.scenario.economics.currency} a day"): _by_day(
            np.where(won, outcomes.closed_at, -1), edges, weights=played.leads.value
        ),
    }
    for role, days in daily(played.touches, played.roster, played.scenario).items():
        series[f"waiting ({role})", "tasks"] = np.asarray(days["backlog"], dtype=np.float64)
        series[f"work ({role})", "hours a day"] = np.asarray(days["busy_hours"], dtype=np.float64)
    return series


def _by_day(at: Int64, edges: Int64, *, weights: Float64 | None = None) -> Float64:
    inside = (at >= edges[0]) & (at < edges[-1])
    day = np.searchsorted(edges, at[inside], side="right") - 1
    counted = np.bincount(day, weights=None if weights is None else weights[inside], minlength=edges.size - 1)
    return np.asarray(counted, dtype=np.float64)
