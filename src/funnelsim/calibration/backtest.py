"""How far a scenario is to be believed: a history's own leads and team played in it, and what came out compared.

The model gets what a planner cannot choose: who came when, through which channel, and who was at work on which day,
from when to when. It has to find by itself how soon leads are answered, how often they are tried, who is reached and
who buys.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.calibration import observed
from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.distances import Apart, logs_apart
from funnelsim.calibration.history import History
from funnelsim.calibration.predicted import LEVEL, Compared, Share, compare, share_inside
from funnelsim.calibration.sight import ARRIVALS, Look, Sight, sight
from funnelsim.calibration.simulated import history_of
from funnelsim.calibration.team import team_as_it_was
from funnelsim.calibration.window import check_days
from funnelsim.config.draws import Draw, with_draw
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import Played, play
from funnelsim.lab.processes import Progress, for_each_replication
from funnelsim.population import GivenArrivals, draw_leads

ENOUGH = 39
"""Replications from which a 90 % interval is made of whole order statistics: the second and the last but one."""
MATURE = 0.9
"""Wins are counted of leads older than so large a share of the times to a deal."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """Everything that the replications of a backtest share; passes between processes."""

    arrivals: GivenArrivals | None  # None: leads come as the market says
    look: Look
    draws: tuple[Draw, ...] = ()  # replication r is played under draw r; none: all at the estimates


@dataclass(frozen=True, slots=True, eq=False)
class Backtest:
    """What happened beside what was simulated."""

    scenario: Scenario  # as played: the history's dates and team
    look: Look
    level: float
    figures: tuple[Compared, ...]
    distances: tuple[Apart, ...]
    seen: Sight  # the history
    simulated: tuple[Sight, ...]  # one for each replication, with draws where there are any
    with_draws: bool
    own_team: bool  # the history's own rota, not the scenario's team
    own_arrivals: bool

    @property
    def share(self) -> Share:
        """Return how many of the figures that test the model lie within their interval."""
        return share_inside(self.figures)

    @property
    def misses(self) -> tuple[Compared, ...]:
        """Return the judged figures that lie outside."""
        return tuple(figure for figure in self.figures if figure.judged and not figure.inside)


def scenario_of_period(scenario: Scenario, history: History, first: dt.date, last: dt.date) -> Scenario:
    """Return `scenario` on the dates of a history: played from its first day to `as_of`, measured from first to last.

    What came before `first` fills the pipeline, so that the period begins with the work that was left.
    """
    run = scenario.run.model_copy(
        update={
            "start": history.first_day,
            "time_zone": history.time_zone,
            "warmup_days": (first - history.first_day).days,
            "horizon_days": (last - first).days + 1,
            "followup_days": max((history.as_of - last).days, 0),
        }
    )
    return scenario.model_copy(update={"run": run})


def played_as_history(scenario: Scenario, replication: int, arrivals: GivenArrivals | None) -> Played:
    """Return one replication with given arrivals, those before the end of the run."""
    if arrivals is not None:
        arrivals = before(arrivals, Clock.of(scenario.run).end)
    leads = draw_leads(scenario.market, scenario.economics, scenario.run, replication, arrivals=arrivals)
    return play(scenario, leads)


def before(arrivals: GivenArrivals, end: int) -> GivenArrivals:
    """Return the arrivals before `end`, ms."""
    kept = arrivals.created < end
    if kept.all():
        return arrivals
    return replace(
        arrivals,
        created=arrivals.created[kept],
        channel=arrivals.channel[kept],
        offer=arrivals.offer[kept],
        firmographics=np.ascontiguousarray(arrivals.firmographics[:, kept]),
    )


def time_to_win_days(scenario: Scenario, arrivals: GivenArrivals | None, *, share: float = MATURE) -> float:
    """Return the days from creation within which so large a share of one replication's wins come; 0 without any."""
    days = observed.days_to_won(history_of(played_as_history(scenario, 0, arrivals)))
    return float(np.quantile(days, share)) if days.size else 0.0


def of_world(draw: Draw, own_team: bool) -> Draw:
    """Return a draw without the paths of the team, where the team is the history's own."""
    return {path: value for path, value in draw.items() if not (own_team and path.startswith("team."))}


def seen_in(stage: Stage, scenario: Scenario, replication: int) -> Sight:
    """Return what one replication looks like through every figure. At the top of the module, for other processes."""
    if stage.draws:
        scenario = with_draw(scenario, stage.draws[replication], where=f"draw {replication}")
    return sight(history_of(played_as_history(scenario, replication, stage.arrivals)), stage.look)


def backtest(
    scenario: Scenario,
    history: History,
    *,
    look: Look,
    replications: int = ENOUGH,
    draws: Sequence[Draw] = (),
    own_arrivals: bool = True,
    own_team: bool = True,
    offers: Mapping[str, str] | None = None,
    level: float = LEVEL,
    jobs: int = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Backtest:
    """Return how what happened in a period compares with what the scenario makes of the same leads and team.

    With draws, each replication is played twice on the same luck, under its draw and at the estimates: the first gives
    the intervals, the second how wide luck alone would make them.

    Args:
        scenario: Calibrated, on other dates where possible; its team stands where the history's is not known.
        history: The export.
        look: The period, and how figures are counted.
        replications: How many, >= 2; from `ENOUGH` on the intervals keep what they promise exactly.
        draws: Of the parameters (`draws.read_draws`), used in turn from the first; without them the intervals are of
            luck alone.
        own_arrivals: The history's leads; else the market's demand, and arrivals are compared too.
        own_team: Those who were at work on each day, where it has touches; else the scenario's team.
        offers: See `arrivals.offers_of`.
        level: Of the intervals.
        jobs: Worker processes; never changes an answer.
        progress: Called with (finished, of how many) replications.
        executor: See `for_each_replication`.

    Raises:
        InputError: where the history does not fit the scenario.
    """
    check_days(history, look.first, look.last)
    own_team = own_team and history.touches is not None
    staged = scenario_of_period(scenario, history, look.first, look.last)
    if own_team:
        staged = staged.model_copy(update={"team": team_as_it_was(history, scenario.team)})
    arrivals = given_arrivals(history, staged.market, offers=offers) if own_arrivals else None
    look = replace(look, mature_days=time_to_win_days(staged, arrivals))
    batches = 2 if draws else 1
    done = [0]

    def told(finished: int, total: int) -> None:
        if progress is not None:
            progress(done[0] + finished, batches * total)

    def seen(stage: Stage) -> list[Sight]:
        found = for_each_replication(
            partial(seen_in, stage),
            staged,
            replications=range(replications),
            jobs=jobs,
            progress=told,
            executor=executor,
        )
        done[0] += replications
        return list(found.values())

    alone = seen(Stage(arrivals, look))
    chosen = tuple(of_world(draws[r % len(draws)], own_team) for r in range(replications)) if draws else ()
    whole = seen(Stage(arrivals, look, chosen)) if draws else alone
    mine = sight(history, look)
    return Backtest(
        scenario=staged,
        look=look,
        level=level,
        figures=compare(
            mine.figures,
            [one.figures for one in whole],
            [one.figures for one in alone],
            given=(ARRIVALS,) if own_arrivals else (),
            level=level,
        ),
        distances=tuple(logs_apart(mine.logs, [one.logs for one in whole], level=level)),
        seen=mine,
        simulated=tuple(whole),
        with_draws=bool(draws),
        own_team=own_team,
        own_arrivals=own_arrivals,
    )
