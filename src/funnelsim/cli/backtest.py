"""`funnelsim backtest`: a history's own leads and team played in a scenario, and what came out compared."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import histories, options, screen

if TYPE_CHECKING:
    from funnelsim.calibration.backtest import Backtest
    from funnelsim.config.scenario import Scenario
    from funnelsim.report.studies import Study


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@histories.leads_option
@histories.history_options
@histories.period_options
@click.option("--posterior", type=click.Path(path_type=Path), metavar="F", help="Draws of the parameters.")
@click.option("--team", type=click.Choice(["history", "scenario"]), default="history", show_default=True,
              help="Who is at work: the history's headcount, week by week, or the scenario's reps.")
@click.option("--arrivals", type=click.Choice(["history", "scenario"]), default="history", show_default=True,
              help="Who comes: the history's own leads, or the scenario's demand.")
@click.option("--replications", type=click.IntRange(min=2), metavar="N",
              help="How many; 39 unless given, from which on the intervals are exact.")
@options.seed_option
@options.jobs_option
@options.out_option
@histories.force_option
@options.json_option
def backtest(
    scenario: Path,
    leads: Path,
    touches: Path | None,
    spend: Path | None,
    mapping: str,
    first: dt.date | None,
    last: dt.date | None,
    posterior: Path | None,
    team: str,
    arrivals: str,
    replications: int | None,
    seed: int | None,
    jobs: int,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Play the leads of an export in SCENARIO and compare what happened with what comes out.

    The model gets who came when, and who was at work; response, reach, attempts and wins it has to find by itself. For
    each figure the 90 % interval of what one history would show is printed, misses marked; with --posterior it holds
    what is unknown of the parameters too. Look at months that the scenario was not calibrated on.
    """
    from funnelsim import load
    from funnelsim.calibration.backtest import ENOUGH
    from funnelsim.calibration.backtest import backtest as carry_out
    from funnelsim.calibration.sight import Look
    from funnelsim.cli.run import with_run
    from funnelsim.config.draws import read_draws
    from funnelsim.report.comparisons import backtest_object, backtest_text
    from funnelsim.report.studies import Study, check_study_folder

    started = dt.datetime.now(dt.UTC)
    played_in = with_run(load(scenario), seed=seed)
    draws = () if posterior is None else read_draws(posterior)
    inputs = {"scenario": scenario, **histories.inputs_of(leads, touches=touches, spend=spend, mapping=mapping)}
    inputs |= {} if posterior is None else {"posterior": posterior}
    settings = {"from": first, "to": last, "team": team, "arrivals": arrivals}
    study = Study("backtest", inputs, {name: str(value) for name, value in settings.items() if value is not None})
    if out is not None:
        check_study_folder(out, study, force=force)
    history = histories.read_history(leads, touches=touches, spend=spend, mapping=mapping).history
    look = Look(first or history.first_day, last or history.last_day)
    with screen.progress("replications") as progress:
        found = carry_out(
            played_in,
            history,
            look=look,
            replications=replications or ENOUGH,
            draws=draws,
            own_team=team == "history",
            own_arrivals=arrivals == "history",
            jobs=jobs,
            progress=progress,
        )
    if as_json:
        screen.show(json.dumps(backtest_object(found, name=played_in.name), allow_nan=False))
    else:
        screen.show(backtest_text(found, name=played_in.name).rstrip("\n"))
    if out is not None:
        shown: dict[str, Any] = {"touches": touches, "spend": spend, "mapping": mapping, "from": first, "to": last}
        shown |= {"seed": seed, "posterior": posterior, "team": team, "arrivals": arrivals}
        shown |= {"replications": replications, "out": out}
        line = histories.again("backtest", [scenario], {"leads": leads, **shown})
        _write(out, found, played_in, study, started=started, again=line)


def _write(out: Path, found: Backtest, scenario: Scenario, study: Study, *, started: dt.datetime, again: str) -> None:
    from funnelsim import __version__
    from funnelsim.report.calibration_files import backtest_files
    from funnelsim.report.figures_sheet import Imprint
    from funnelsim.report.results import replications_text
    from funnelsim.report.studies import Made, write_study

    numbers = list(range(len(found.simulated)))
    imprint = Imprint(f"{scenario.name}, backtest", scenario.run.seed, replications_text(numbers), __version__)
    files = backtest_files(found, name=scenario.name, imprint=imprint)
    figures = {"seed": scenario.run.seed, "replications": numbers}
    made = Made(__version__, started, dt.datetime.now(dt.UTC), again, figures)
    write_study(out, files, study, made)
    screen.say(f"written to {out}")
