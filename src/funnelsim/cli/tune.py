"""`funnelsim tune`: search the policy for more revenue with fewer leads wasted."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen

if TYPE_CHECKING:
    from funnelsim.engines.choice import Wish
    from funnelsim.tuning.study import Progress, Tuned

TOLD = 4
"""Policies told in words on the screen; the others are in the table and the files."""


@click.command()
@options.config_argument
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    metavar="N",
    help="Policies to try, today's included, in place of search.trials.",
)
@options.jobs_option
@options.engine_option
@click.option(
    "--cache-memory",
    type=click.IntRange(min=0),
    metavar="MIB",
    help="Most memory for drawn leads, all processes together; what does not fit is drawn again.  "
    "[default: a quarter of this machine's]",
)
@options.out_option
@click.option("--resume", is_flag=True, help="Go on with the study in DIR; it ends as if it had not been interrupted.")
@click.option("--force", is_flag=True, help="Start again where DIR holds a study or other files.")
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**31 - 1),
    metavar="S",
    help="Root of all luck, the leads' and the sampler's, in place of run.seed and search.seed; 0 is a seed.",
)
@options.json_option
def tune(
    config: Path,
    trials: int | None,
    jobs: int,
    engine: Wish,
    cache_memory: int | None,
    out: Path | None,
    resume: bool,
    force: bool,
    seed: int | None,
    as_json: bool,
) -> None:
    """Search the policy of CONFIG: which changes bring more of the objectives, and how sure that is.

    Writes the front of policies, each ready to run, into DIR (results/<name>-tune unless given). The search, the
    choice of what to report, and the report use seeds of their own, so that no figure is the luckiest of many.
    """
    import datetime as dt

    from funnelsim import __version__
    from funnelsim.cli.failures import resume_with
    from funnelsim.cli.files import open_scenario
    from funnelsim.tuning.evaluate import evaluating
    from funnelsim.tuning.goals import goals_of
    from funnelsim.tuning.study import WORDS, Plan
    from funnelsim.tuning.study import tune as carry_through
    from funnelsim.tuning.writeout import write_results

    if resume and force:
        raise click.UsageError("--resume goes on with a study and --force starts again: give one of them")
    started = dt.datetime.now(dt.UTC)
    scenario = open_scenario(config)
    if seed is not None:
        run, search = scenario.run.model_copy(update={"seed": seed}), scenario.search.model_copy(update={"seed": seed})
        scenario = scenario.model_copy(update={"run": run, "search": search})
    folder = out or Path("results") / f"{scenario.name or config.stem}-tune"
    goals = goals_of(scenario)
    chosen = screen.chosen_engine(engine)
    cache_bytes = None if cache_memory is None else cache_memory * 2**20
    plan = Plan(
        scenario, goals, folder, __version__, trials=trials, resume=resume, force=force, engine=chosen.name
    )  # fmt: skip
    resume_with(_again(config, trials=trials, folder=folder, seed=seed))
    with _PhaseBars() as progress:
        tuned = carry_through(
            plan,
            lambda: evaluating(scenario, jobs=jobs, engine=chosen, cache_bytes=cache_bytes),
            progress=progress,
            note=screen.warn,
        )
    more = {WORDS: _words(tuned).encode(), **_figures(tuned)}
    files = write_results(tuned, more=more, started=started, finished=dt.datetime.now(dt.UTC))
    _tell(tuned, files, as_json=as_json)


def _again(config: Path, *, trials: int | None, folder: Path, seed: int | None) -> str:
    """Return the command that goes on with this study."""
    words = ["funnelsim", "tune", str(config), "--resume", "--out", str(folder)]
    words += [] if trials is None else ["--trials", str(trials)]
    words += [] if seed is None else ["--seed", str(seed)]
    return shlex.join(words)


class _PhaseBars:
    """A bar on stderr for each phase of the study, one after the other."""

    def __init__(self) -> None:
        self._bars = ExitStack()
        self._phase = ""
        self._show: screen.Progress = lambda done, total: None

    def __enter__(self) -> Progress:
        return self._update

    def __exit__(self, *error: object) -> None:
        self._bars.close()

    def _update(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._bars.close()
            self._phase = phase
            self._show = self._bars.enter_context(screen.progress(f"{phase}, evaluations"))
        self._show(done, total)


def _tell(tuned: Tuned, files: list[str], *, as_json: bool) -> None:
    import json

    from funnelsim.report.findings_object import findings_object

    if as_json:
        screen.show(json.dumps(findings_object(tuned), allow_nan=False))
        return
    screen.show(_words(tuned, most=TOLD).rstrip("\n"))
    names = ["policy_<n>.toml" if name.startswith("policy_") else name for name in files]
    screen.say(f"written to {tuned.plan.folder}: {', '.join(dict.fromkeys(names))}")


def _words(tuned: Tuned, *, most: int | None = None) -> str:
    """Return the findings in words; at most `most` policies are told one by one."""
    from funnelsim.report import findings, findings_verdict

    headings, rows = findings.overview(tuned)
    told = findings.told_first(tuned, most=len(tuned.report.policies) if most is None else most)
    table = "\n".join([screen.table(headings, rows).rstrip("\n"), *findings_verdict.notes(tuned)])
    parts = ["\n".join(findings_verdict.verdict_lines(tuned)), table]
    parts += ["\n".join(findings.policy_lines(tuned, policy)) for policy in told]
    return "\n\n".join([*parts, findings_verdict.method_line(tuned)]) + "\n"


def _figures(tuned: Tuned) -> dict[str, bytes]:
    """Return the figure of the front as a file, where there are two objectives or more to draw."""
    from funnelsim.report.figures_front import FrontPoint, Goal, front_figure
    from funnelsim.report.figures_sheet import Imprint, png
    from funnelsim.report.findings import knee_of, measure_words, scaled, unit_of
    from funnelsim.tuning.driver import REPORT_FROM
    from funnelsim.tuning.study import FIGURE

    scenario, objectives = tuned.plan.scenario, tuned.plan.goals.objectives
    if len(objectives) < 2:
        return {}
    # In the units of the table of findings: money that adds up over the window is told as so much a year.
    days, currency = scenario.run.horizon_days, scenario.economics.currency
    (y_unit, y_factor, y_period), (x_unit, x_factor, x_period) = (
        unit_of(g.measure, currency=currency, days=days) for g in objectives[:2]
    )
    y = Goal(measure_words(objectives[0].measure), y_unit + y_period, "up" if objectives[0].sign > 0 else "down")
    x = Goal(measure_words(objectives[1].measure), x_unit + x_period, "up" if objectives[1].sign > 0 else "down")
    points = {
        p.tried.number: FrontPoint(
            f"#{p.tried.number}",
            x=scaled(p.effects[1].estimate, x_factor),
            y=scaled(p.effects[0].estimate, y_factor),
        )
        for p in (tuned.report.in_force, *tuned.report.policies)
    }
    bend = knee_of(tuned)
    n = scenario.search.report_replications
    imprint = Imprint(
        configuration=scenario.name,
        seed=scenario.run.seed,
        replications=f"replications {REPORT_FROM}–{REPORT_FROM + n - 1}",
        version=tuned.plan.version,
    )
    figure = front_figure(
        list(points.values()),
        in_force=points[0],
        knee=None if bend is None else f"#{bend}",
        x=x,
        y=y,
        period=f"Leads created in {days} days; mean and 95 % interval of {n} fresh replications",
        imprint=imprint,
    )
    return {FIGURE: png(figure, imprint)}
