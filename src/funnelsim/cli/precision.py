"""What `--until` does: go on until measures are known well enough, foretell the cost, check the warm-up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from funnelsim.cli import screen

if TYPE_CHECKING:
    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine
    from funnelsim.lab.until import Reached, SettledSeries
    from funnelsim.report.portrait import Portrait

    Rows = dict[int, dict[str, float]]
    Simulate = Callable[[list[int]], tuple[Rows, dict[int, Portrait]]]

MOST_REPLICATIONS = 1_000


def check_use(until: float | None, measures: str | None, at_most: int | None, *, fixed: bool) -> None:
    """Check that the options go together; `fixed`: the replications are given as a number."""
    if until is not None and fixed:
        raise click.UsageError("--until finds the number of replications: leave --replications and --replication out")
    for name, given in (("--until-measures", measures), ("--at-most", at_most)):
        if given is not None and until is None:
            raise click.UsageError(f"{name} needs --until P")


def measures_of(given: str | None, scenario: Scenario) -> list[str]:
    """Return the measures that `--until` is about: those given, else the objectives.

    Raises:
        InputError: with every name that is no measure.
    """
    from funnelsim.cli.files import chosen_measures

    names = chosen_measures([given or ""], option="--until-measures")
    return names or [objective.measure for objective in scenario.search.objectives]


def go_on(
    simulate: Simulate, until: float, measures: list[str], *, at_most: int | None
) -> tuple[Rows, dict[int, Portrait], list[int]]:
    """Return measures and portraits by replication, and the replications that were asked for; tell on the way."""
    from funnelsim.lab.until import replicate_until

    portraits: dict[int, Portrait] = {}
    asked: list[int] = []
    started = time.monotonic()

    def play_some(numbers: Sequence[int]) -> Rows:
        asked.extend(numbers)
        rows, more = simulate(list(numbers))
        portraits.update(more)
        return rows

    def tell(wanted: int | None, done: int) -> None:
        each = (time.monotonic() - started) / done
        cap = MOST_REPLICATIONS if at_most is None else at_most
        if wanted is None:
            screen.say(f"after {done} replications: how many are needed cannot be told yet; at most {cap}")
            return
        left = max(min(wanted, cap) - done, 0)
        beyond = f", more than the {cap} allowed" if wanted > cap else ""
        screen.say(f"after {done} replications: about {wanted:,} are needed{beyond}; about {_span(left * each)} more")

    reached = replicate_until(
        play_some,
        measures=measures,
        precision=until,
        at_most=MOST_REPLICATIONS if at_most is None else at_most,
        forecast_told=tell,
    )
    _conclude(reached, until)
    return reached.rows, dict(sorted(portraits.items())), asked


def _conclude(reached: Reached, until: float) -> None:
    if not reached.complete:
        return
    widths = ", ".join(f"{m} ±{_percent(w)}" for m, w in reached.widths.items())
    if reached.enough_at is not None:
        played = f"{reached.enough_at} replications, {len(reached.rows)} played"
        screen.say(f"±{_percent(until)} reached after {played}: {widths}")
        return
    would = "" if reached.wanted is None else f"; about {reached.wanted:,} replications would do"
    screen.warn(f"±{_percent(until)} not reached in {len(reached.rows)} replications: {widths}{would}")


def check_warmup(scenario: Scenario, measures: Sequence[str], *, engine: Engine) -> tuple[SettledSeries, ...]:
    """Return where `measures` settle, and the daily series behind them; warn where the warm-up is too short for them.

    Of daily series that were not asked about it is said, in one line, which are not settled.
    """
    from funnelsim.lab.until import CHECKED, warmup_check

    days = scenario.run.warmup_days
    most = min(CHECKED, scenario.run.replications)
    found = warmup_check(scenario, measures=measures, replications=most, engine=engine)
    names = {one.name for one in found}
    for measure in measures if found else ():
        if measure not in names:
            others = ", ".join(one.name for one in found if one.asked and one.name not in measures)
            screen.say(f"{measure} is not defined for single weeks: its warm-up is checked by {others}")
    restless = []
    for one in found:
        if one.settled.settles and one.settled.cut <= days:
            continue
        if not one.asked:
            restless.append(one.name)
        elif one.settled.settles:
            where = f"settled from day {one.settled.cut} on (MSER), run.warmup_days is {days}"
            screen.warn(f"{one.name}: {where}{_early_words(one)}")
        else:
            why = "a season, a trend, or too short a run"
            screen.warn(f"{one.name}: not settled anywhere in this run (MSER); {why}{_early_words(one)}")
    if restless:
        screen.say(f"not settled by the end of the warm-up either, but not asked about: {', '.join(restless)}")
    return found


def _early_words(one: SettledSeries) -> str:
    """Say whether the measured weeks before a series settles differ from those after."""
    if one.early is None or not math.isfinite(one.p_value):
        return ""
    if one.p_value > 0.05:
        return "; the measured weeks before do not detectably differ from those after, so it may be noise"
    return f"; the measured weeks before differ from those after by {one.early.mean:+,.4g} (p = {one.p_value:.2g})"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if math.isfinite(share) else " no meaning"


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
