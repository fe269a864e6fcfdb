"""Replications until what one wants to know is known well enough, and whether the warm-up was long enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Wish
from funnelsim.lab.play import Played, draw, play
from funnelsim.metrics import MEASURES
from funnelsim.metrics.registry import Room
from funnelsim.metrics.week import daily
from funnelsim.records import Float64, Int64, State
from funnelsim.sequential import enough, forecast, look_ahead, relative_half_widths
from funnelsim.stats import Interval, paired, paired_p_value
from funnelsim.warmup import Settled, mser

PILOT = 10
"""Replications played before the cost is estimated."""
MOST_GROWTH = 2
"""A batch is at most so many times what is there already: a forecast from few replications is rough."""
WEEK_DAYS = 7
CHECKED = 10
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
    """One series over the days of a run, averaged over replications, and where it settles."""

    name: str
    unit: str
    days: Float64  # (d,) a value a day from the first day on; a measure has the value of its week on each of its days
    settled: Settled
    replications: int  # over which it is averaged
    asked: bool = True  # whether the check is about it: a measure asked for, or what one that is not defined is made of
    early: Interval | None = None  # measured weeks before it settles less those after, paired; None = there are none
    p_value: float = math.nan  # that these do not differ


Series = dict[tuple[str, str], Float64]
MADE_OF: dict[Room, tuple[str, ...]] = {
    "waste": ("MQLs", "waiting", "work"),
    "buyers": ("deals closed", "revenue closed"),
    "funnel": ("MQLs", "SQLs", "deals closed"),
    "agreement": ("MQLs", "waiting", "work"),
    "promises": ("MQLs", "waiting", "work"),
    "workload": ("waiting", "work"),
    "revenue": ("deals closed", "revenue closed"),
    "cost": ("deals closed", "revenue closed", "work"),
    "sales": ("deals closed", "revenue closed"),
}
"""The daily series (by the beginning of their names) that stand for a measure which single weeks do not define."""


def warmup_check(
    scenario: Scenario,
    *,
    measures: Sequence[str] = (),
    replications: int = CHECKED,
    engine: Engine | Wish = "auto",
) -> tuple[SettledSeries, ...]:
    """Return where measures settle, and the daily series behind them, by MSER on whole weeks.

    A measure is worked out for each week of warm-up and measured window as if that week were the measured window: the
    same figure, of the leads created in it and followed to the end of the run, or of what happened in it. So it is the
    measure itself whose warm-up is checked. (The last weeks are followed less long; deals that take months to close
    make revenue fall a little towards the end.) One that some week does not define in any replication (months, costs
    of a customer where nobody bought) is checked by the daily series that it is made of (`MADE_OF`).

    The daily series, of the whole run: MQLs, SQLs, deals and revenue by the day on which they came or closed, and the
    tasks that wait and the hours worked of each role. Replications 0, 1, ... are played again for it and averaged.
    Batches are weeks, not the usual five days: the week's own pattern would pass for a trend. A market that changes
    over the year settles nowhere, whatever the warm-up. Of series that are nothing but luck MSER lets some settle late,
    the more the fewer weeks there are; so it is also said whether the measured weeks before differ from those after
    (paired t-test by replication, after MSER chose the week, so a little too ready to say yes).

    Args:
        scenario: The scenario.
        measures: Those that the check is about; none = the daily series.
        replications: How many, >= 1.
        engine: As in `play`.

    Returns:
        The measures first, as far as each week defines them. Nothing where the run is shorter than four weeks.
    """
    run = scenario.run
    if run.days < 4 * WEEK_DAYS:
        return ()
    weeks = (run.warmup_days + run.horizon_days) // WEEK_DAYS
    found: dict[tuple[str, str], list[Float64]] = {}
    by_week: dict[str, list[Float64]] = {m: [] for m in measures if weeks >= 4}
    for r in range(replications):
        played = play(scenario, draw(scenario, r), engine=engine)
        for key, days in daily_series(played).items():
            found.setdefault(key, []).append(days)
        for m, values in weekly_measures(played, list(by_week)).items():
            by_week[m].append(values)
    series, instead = [], [m for m in measures if m not in by_week]
    for m, rows in by_week.items():
        table = np.repeat(np.array(rows), WEEK_DAYS, axis=1)
        if np.isfinite(table).any(axis=0).all():
            unit = MEASURES[m].unit.replace("money", scenario.economics.currency)
            series.append(_settled(m, f"{unit}, by week", table, run.warmup_days, asked=True))
        else:
            instead.append(m)
    standing = {name for m in instead for name in MADE_OF[MEASURES[m].room]}
    for (name, unit), days_of in found.items():
        asked = not measures or any(name.startswith(beginning) for beginning in standing)
        series.append(_settled(name, unit, np.array(days_of), run.warmup_days, asked=asked))
    return tuple(series)


def _settled(name: str, unit: str, table: Float64, warmup_days: int, *, asked: bool) -> SettledSeries:
    """Return where the mean of the rows of `table`, (replications, days), settles; what is not finite is left out."""
    table = np.where(np.isfinite(table), table, np.nan)
    days = np.nanmean(table, axis=0)
    settled = mser(days, batch=WEEK_DAYS)
    begin = -(-warmup_days // WEEK_DAYS) * WEEK_DAYS
    cut = settled.cut if settled.settles else days.size // 2
    early, p_value = None, math.nan
    if begin < cut:
        parts = [[_mean(row[begin:cut]), _mean(row[cut:])] for row in table]
        before, after = np.array(parts).T
        early, p_value = paired(before, after), paired_p_value(before, after)
    return SettledSeries(name, unit, days, settled, table.shape[0], asked, early, p_value)


def _mean(values: Float64) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def weekly_measures(played: Played, measures: Sequence[str]) -> dict[str, Float64]:
    """Return by measure (w,) its value of each week of warm-up and measured window, from the first day on.

    Each is what `summarise` says where that week is the measured window and the rest of the run follow-up; nan where it
    is not defined.
    """
    run = played.scenario.run
    weeks = (run.warmup_days + run.horizon_days) // WEEK_DAYS
    found: dict[str, list[float]] = {m: [] for m in measures}
    for week in range(weeks if measures else 0):
        begin = week * WEEK_DAYS
        dates = {"warmup_days": begin, "horizon_days": WEEK_DAYS, "followup_days": run.days - begin - WEEK_DAYS}
        looked_at = played.scenario.model_copy(update={"run": run.model_copy(update=dates)})
        for m, value in replace(played, scenario=looked_at).summary(measures).items():
            found[m].append(value)
    return {m: np.array(values, dtype=np.float64) for m, values in found.items()}


def daily_series(played: Played) -> Series:
    """Return by (name, unit) a value for each local day of one replication, warm-up and follow-up included."""
    from funnelsim.calendar import Clock

    outcomes, edges = played.outcomes, Clock.of(played.scenario.run).midnights
    won = outcomes.state == State.WON
    series = {
        ("MQLs", "leads a day"): _by_day(outcomes.mql_at, edges),
        ("SQLs", "leads a day"): _by_day(outcomes.sql_at, edges),
        ("deals closed", "deals a day"): _by_day(np.where(won, outcomes.closed_at, -1), edges),
        ("revenue closed", f"{played.scenario.economics.currency} a day"): _by_day(
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
