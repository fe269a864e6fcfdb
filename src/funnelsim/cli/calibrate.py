"""`funnelsim calibrate`: a scenario with its uncertainty from a CRM's export."""

from __future__ import annotations

import datetime as dt
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import histories, options, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.calibration.backtest import Backtest
    from funnelsim.calibration.fit import Fit
    from funnelsim.calibration.sensitivity import Sensitivity
    from funnelsim.config.draws import Draw
    from funnelsim.config.scenario import Scenario

SHARES = (0.0, 0.5, 1.0)
"""Causal shares of the effect of delay under which the worth of a faster desk is told."""


def _a_number(context: click.Context, parameter: click.Parameter, value: float) -> float:
    """Refuse nan, which lies within every range."""
    if math.isnan(value):
        raise click.BadParameter("must be a number of months", ctx=context, param=parameter)
    return value


@click.command()
@click.argument("leads", type=click.Path(path_type=Path, dir_okay=False))
@histories.history_options
@histories.period_options
@histories.day_option("--as-of", meaning="Use only what was known at the end of this day; all unless given.")
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="Folder for the result files.")
@click.option("--name", metavar="NAME", help="Name of the scenario; that of DIR unless given.")
@click.option("--trials", type=click.IntRange(min=0), default=150, show_default=True, metavar="N",
              help="Ways of working tried for the policy in force; 0 reads it off the cadence.")
@click.option("--draws", "n_draws", type=click.IntRange(min=1), default=200, show_default=True, metavar="N",
              help="Draws of the parameters in posterior.csv.")
@click.option("--causal-share", type=click.FloatRange(0.0, 1.0), metavar="S",
              help="Share of the observed effect of delay that is caused by delay; no data can tell.")
@click.option("--describe", is_flag=True,
              help="Count all of the history alike; else the recent past alone, where that foretells its end better.")
@click.option("--ahead", type=click.FloatRange(0.0, 24.0), default=0.0, callback=_a_number,
              show_default=True, metavar="MONTHS",
              help="Foretell: months from the history's last day to the middle of the time meant; scenario and draws "
              "then hold how far such a desk may go on changing. 0: as it was.")
@click.option("--replications", type=click.IntRange(min=0), default=39, show_default=True, metavar="N",
              help="Replications beside which the history is shown in the report; 0 or 1: none.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="S",
              help="Root of all luck; 0 is a seed.")
@options.jobs_option
@histories.force_option
@options.json_option
def calibrate(
    leads: Path,
    touches: Path | None,
    spend: Path | None,
    mapping: str,
    first: dt.date | None,
    last: dt.date | None,
    as_of: dt.date | None,
    out: Path,
    name: str | None,
    trials: int,
    n_draws: int,
    causal_share: float | None,
    describe: bool,
    ahead: float,
    replications: int,
    seed: int,
    jobs: int,
    force: bool,
    as_json: bool,
) -> None:
    """Fit a scenario to the CRM export LEADS and write it to DIR, with its uncertainty and a report.

    Writes scenario.toml (ready for run, tune, backtest and replay), posterior.csv (draws of what is uncertain),
    parameters.csv, assumed.csv, cleaning.csv, set_aside.csv, unreadable.csv, figures and report.html.
    """
    from funnelsim import __version__
    from funnelsim.calibration.fit import fit_history, with_drift
    from funnelsim.calibration.fit_scenario import CAUSAL_SHARE
    from funnelsim.calibration.window import window
    from funnelsim.report.calibration_files import calibration_files
    from funnelsim.report.calibration_text import calibration_object, calibration_text
    from funnelsim.report.figures_sheet import Imprint
    from funnelsim.report.results import replications_text
    from funnelsim.report.studies import Made, Study, check_study_folder, write_study

    started = dt.datetime.now(dt.UTC)
    share = CAUSAL_SHARE if causal_share is None else causal_share
    period = {"from": first, "to": last, "as-of": as_of}
    study = Study(
        "calibration",
        histories.inputs_of(leads, touches=touches, spend=spend, mapping=mapping),
        {key: str(day) for key, day in period.items() if day is not None}
        | {"describe": describe}
        | ({"ahead": ahead} if ahead else {}),
    )
    check_study_folder(out, study, force=force)
    shown: dict[str, Any] = {"touches": touches, "spend": spend, "mapping": mapping, **period, "out": out, "name": name}
    shown |= {"trials": trials, "draws": n_draws, "causal-share": causal_share, "describe": describe}
    shown |= {"ahead": ahead or None}
    line = histories.again("calibrate", [leads], {**shown, "replications": replications, "seed": seed})
    imported = histories.read_history(leads, touches=touches, spend=spend, mapping=mapping)
    history = imported.history
    if first or last or as_of:
        history = window(history, first or history.first_day, last or history.last_day, as_of=as_of)
    with screen.progress("ways of working") as progress:
        fit = fit_history(
            history,
            policy_trials=trials,
            seed=seed,
            name=name or out.name,
            causal_share=share,
            lately=not describe,
            progress=progress,
        )
    if ahead:
        fit = with_drift(fit, causal_share=share)
        if not fit.drifts:
            screen.warn("--ahead changes nothing: the history is too short, thin or large to say how it changes")
    scenario = fit.scenario(causal_share=share, ahead=ahead)
    draws = fit.posterior(n_draws, seed, causal_share=share, ahead=ahead)
    compared = _compared(fit, scenario, draws, replications=replications, jobs=jobs) if replications > 1 else None
    sensitivity = _sensitivity(fit, share, replications=min(replications, 10), jobs=jobs) if replications > 1 else ()
    numbers = list(range(replications))
    played = replications_text(numbers) if replications > 1 else "not played"
    files = calibration_files(
        imported,
        fit,
        scenario,
        draws,
        compared=compared,
        sensitivity=sensitivity,
        causal_share=share,
        imprint=Imprint(f"{fit.name}, calibration", scenario.run.seed, played, __version__),
    )
    figures = {"seed": seed, "replications": numbers, "causal_share": share, "draws": n_draws, "ahead": ahead}
    write_study(out, files, study, Made(__version__, started, dt.datetime.now(dt.UTC), line, figures))
    if as_json:
        screen.show(json.dumps(calibration_object(fit, compared, sensitivity, causal_share=share), allow_nan=False))
    else:
        screen.show(calibration_text(fit, compared, sensitivity, causal_share=share).rstrip("\n"))
    screen.say(f"written to {out}: report.html says how far to believe it")


def _compared(fit: Fit, scenario: Scenario, draws: Sequence[Draw], *, replications: int, jobs: int) -> Backtest:
    """Return the history beside the scenario as it will be used: its own demand and its own team."""
    from funnelsim.calibration.backtest import backtest
    from funnelsim.calibration.sight import Look

    history = fit.history
    with screen.progress("replications") as progress:
        return backtest(
            scenario,
            history,
            look=Look(history.first_day, history.last_day),
            replications=replications,
            draws=draws,
            own_arrivals=False,
            own_team=False,
            jobs=jobs,
            progress=progress,
        )


def _sensitivity(fit: Fit, share: float, *, replications: int, jobs: int) -> tuple[Sensitivity, ...]:
    from funnelsim.calibration.sensitivity import worth_of_speed

    with screen.progress("causal shares, replications") as progress:
        return worth_of_speed(
            fit.sensitivity(tuple(sorted({*SHARES, share}))), replications=replications, jobs=jobs, progress=progress
        )
