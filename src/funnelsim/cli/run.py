"""`funnelsim run`: simulate a scenario, print its measures with intervals, and write files and figures on request."""

from __future__ import annotations

import datetime as dt
import json
import math
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import options, precision, screen
from funnelsim.cli.again import again_with_resume, check_resume, tell_of_kept
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED, how_to_go_on, resume_with

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.cluster import Cluster
    from funnelsim.lab.kept import Kept
    from funnelsim.lab.until import SettledSeries
    from funnelsim.report.portrait import Portrait

SCHEMA_VERSION = 1


@click.command()
@options.config_argument
@options.replications_option
@click.option(
    "--replication", type=click.IntRange(min=0), metavar="K", help="Run this one alone: the same as in a batch."
)
@click.option(
    "--until",
    type=options.SHARE,
    metavar="P",
    help="Go on until the half-width of every objective's interval is P of its mean: 0.05, or 5%.",
)
@click.option("--until-measures", metavar="M,...", help="Measures that --until is about, in place of the objectives.")
@click.option(
    "--at-most", type=click.IntRange(min=2), metavar="N", help="Where --until gives up.  [default: 1000 replications]"
)
@options.seed_option
@options.jobs_option
@options.cluster_option
@options.engine_option
@options.out_option
@options.resume_option
@options.force_option
@click.option("--log", is_flag=True, help="Also write leads.csv and touches.csv of the first replication into DIR.")
@click.option("--all", "everything", is_flag=True, help="Print every measure, not the headlines only.")
@options.json_option
def run(
    config: Path,
    replications: int | None,
    replication: int | None,
    until: float | None,
    until_measures: str | None,
    at_most: int | None,
    seed: int | None,
    jobs: int,
    cluster: str | None,
    engine: Wish,
    out: Path | None,
    resume: bool,
    force: bool,
    log: bool,
    everything: bool,
    as_json: bool,
) -> None:
    """Simulate CONFIG and print its measures, each with the half-width of its 95 % interval over replications.

    With --out, tables (CSV), figures (PNG), the configuration and a manifest are written to DIR; whatever breaks the
    run off, --resume then goes on after the replications that are finished. A replication is the same whichever others
    are run, and for any number of jobs.
    """
    _check_use(replications=replications, replication=replication, out=out, force=force, log=log, resume=resume)
    precision.check_use(until, until_measures, at_most, fixed=replications is not None or replication is not None)
    from funnelsim.cli.files import open_scenario
    from funnelsim.report.results import check_folder

    scenario = with_run(open_scenario(config), seed=seed, replications=replications)
    wanted = precision.measures_of(until_measures, scenario)
    numbers = list(range(scenario.run.replications)) if replication is None else [replication]
    if out is not None:
        check_folder(out, scenario, force=force)
    chosen = screen.chosen_engine(engine)
    started = dt.datetime.now(dt.UTC)
    checked: tuple[SettledSeries, ...] = ()
    with ExitStack() as open_for_it:
        there = open_for_it.enter_context(cluster_at(cluster, engine=chosen))
        kept = None
        if out is not None:
            kept = open_for_it.enter_context(_kept(out, scenario, resume=resume, force=force))
            resume_with(again_with_resume())
        play = partial(_simulate, scenario, jobs=jobs, engine=chosen, kept=kept, cluster=there)
        if until is None:
            rows, portraits = play(numbers)
        else:
            rows, portraits, numbers = precision.go_on(play, until, wanted, at_most=at_most)
            scenario = with_run(scenario, replications=max(1, len(rows)))
    if not rows:
        raise KeyboardInterrupt
    complete = len(rows) == len(numbers)
    if until is not None and complete:
        checked = precision.check_warmup(scenario, wanted, engine=chosen)
    if not complete:
        screen.warn(f"interrupted: what follows is of the {len(rows)} of {len(numbers)} replications that are finished")
    _tell(scenario, rows, replication=replication, complete=complete, everything=everything, as_json=as_json)
    if out is not None and kept is not None:
        _write(out, scenario, portraits, engine=chosen, started=started, complete=complete, log=log, checked=checked)
        if complete:
            kept.remove()
        else:
            screen.say(how_to_go_on(click.get_current_context()) or "")
    elif sys.stderr.isatty() and not as_json:
        screen.say("no files were written; --out DIR writes tables and figures")
    if not complete:
        click.get_current_context().exit(INTERRUPTED)


def with_run(scenario: Scenario, *, seed: int | None = None, replications: int | None = None) -> Scenario:
    """Return `scenario` with another seed or number of replications, where one is given."""
    changes = {"seed": seed, "replications": replications}
    given = {name: value for name, value in changes.items() if value is not None}
    return scenario.model_copy(update={"run": scenario.run.model_copy(update=given)}) if given else scenario


def _check_use(
    *, replications: int | None, replication: int | None, out: Path | None, force: bool, log: bool, resume: bool
) -> None:
    if replications is not None and replication is not None:
        raise click.UsageError("--replications and --replication exclude one another")
    check_resume(out, resume=resume, force=force)
    for name, given in (("--force", force), ("--log", log)):
        if given and out is None:
            raise click.UsageError(f"{name} needs --out DIR")


def _simulate(
    scenario: Scenario,
    numbers: list[int],
    *,
    jobs: int,
    engine: Engine,
    kept: Kept[Portrait] | None,
    cluster: Cluster | None,
) -> tuple[dict[int, dict[str, float]], dict[int, Portrait]]:
    """Return the measures by replication, and the portraits where files are wanted (`kept`); fewer if interrupted."""
    from funnelsim.lab.play import measure
    from funnelsim.lab.processes import for_each_replication
    from funnelsim.report.portrait import portray

    rows: dict[int, dict[str, float]] = {}
    portraits: dict[int, Portrait] = {}

    def keep_portrait(r: int, portrait: Portrait) -> None:
        portraits[r], rows[r] = portrait, portrait.measures

    with screen.progress("replications") as progress:
        shared: dict[str, Any] = {
            "replications": numbers,
            "jobs": jobs,
            "progress": progress,
            "executor": None if cluster is None else cluster.executor,
        }
        try:
            if kept is not None:
                work = partial(portray, engine=engine)
                for_each_replication(work, scenario, on_result=keep_portrait, finished=kept, **shared)
            else:
                for_each_replication(partial(measure, engine=engine), scenario, on_result=rows.__setitem__, **shared)
        except KeyboardInterrupt:
            pass  # the caller sees that some are missing
    return dict(sorted(rows.items())), dict(sorted(portraits.items()))


def _kept(out: Path, scenario: Scenario, *, resume: bool, force: bool) -> Kept[Portrait]:
    from funnelsim.lab.kept import Kept
    from funnelsim.report.portrait import from_plain, to_plain
    from funnelsim.report.results import identity

    of = {"command": "run", "scenario": identity(scenario), "name": scenario.name, "seed": scenario.run.seed}
    kept = Kept(out, of, encode=to_plain, decode=from_plain, resume=resume, force=force)
    tell_of_kept(kept, resume=resume)
    return kept


def _tell(
    scenario: Scenario,
    rows: dict[int, dict[str, float]],
    *,
    replication: int | None,
    complete: bool,
    everything: bool,
    as_json: bool,
) -> None:
    from funnelsim.lab.replicate import as_frame
    from funnelsim.report.tables import run_text

    frame = as_frame(rows)
    if as_json:
        screen.show(json.dumps(values_of(scenario, frame, replication=replication, complete=complete), allow_nan=False))
    else:
        screen.show(run_text(frame, scenario, everything=everything).rstrip("\n"))


def values_of(scenario: Scenario, frame: pd.DataFrame, *, replication: int | None, complete: bool) -> dict[str, Any]:
    """Return the object that `--json` prints; what is not defined is null."""
    from funnelsim.lab.replicate import to_intervals

    values: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "scenario": scenario.name,
        "seed": scenario.run.seed,
        "replications": len(frame),
        "complete": complete,
    }
    if replication is not None:
        values["replication"] = replication
    values["metrics"] = {
        name: {"mean": _or_null(found.mean), "half_width": _or_null(found.half_width), "n": found.n}
        for name, found in to_intervals(frame).items()
    }
    return values


def _or_null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _write(
    out: Path,
    scenario: Scenario,
    portraits: dict[int, Portrait],
    *,
    engine: Engine,
    started: dt.datetime,
    complete: bool,
    log: bool,
    checked: Sequence[SettledSeries] = (),
) -> None:
    from funnelsim import __version__
    from funnelsim.report.results import Provenance, earlier_result
    from funnelsim.report.run_files import write_run

    numbers = tuple(portraits)
    provenance = Provenance(
        scenario=scenario,
        replications=numbers,
        version=__version__,
        started=started,
        finished=dt.datetime.now(dt.UTC),
        complete=complete,
        engine=engine.name,
    )
    before = earlier_result(out)
    write_run(out, portraits, provenance, log_replication=numbers[0] if log else None, checked=checked)
    if before is not None:
        replaced = f"replaced the earlier result in {out}: {_counted(before.replications)} before, {len(numbers)} now"
        gone = sorted(name for name in before.files if not (out / name).exists())
        screen.say(replaced + (f"; removed {', '.join(gone)}" if gone else ""))
    screen.say(f"written to {out}")


def _counted(replications: int) -> str:
    return "1 replication" if replications == 1 else f"{replications} replications"
