"""`funnelsim sensitivity`: what moves the measures, and what one step of each field is worth."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from funnelsim.cli import options, screen
from funnelsim.cli.again import check_resume
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED, how_to_go_on
from funnelsim.cli.marginal import steps_of, tell_marginal
from funnelsim.cli.parts import How, Writing, parts_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Wish
    from funnelsim.lab.inputs import Input

Only = Literal["policy", "world"]
MARGINAL_MEASURES = ["revenue", "profit", "leads_wasted"]
HELD = ("varied", "only", "world", "screening", "sobol")
"""Parameters that --marginal leaves no use for."""


@click.command()
@options.config_argument
@click.option(
    "--vary", "varied", multiple=True, metavar="FIELD[=LOW:HIGH]",
    help="Vary this field of policy or world, and others so named, only. FIELD=VALUE,VALUE,... lists values; of the "
    "world -20%:+20% is relative, and * stands for any one name.  [default: the [search] space, and the usual of the "
    "world]",
)  # fmt: skip
@click.option("--only", type=click.Choice(["policy", "world"]), help="Vary of the default fields these only.")
@click.option(
    "--world", type=options.SHARE, default="10%", show_default=True, metavar="SHARE",
    help="How far fields of the world are varied either way.",
)  # fmt: skip
@click.option(
    "--measures", multiple=True, metavar="M,...",
    help="What to look at (see `funnelsim measures`).  [default: the objectives; with --marginal "
    f"{','.join(MARGINAL_MEASURES)}]",
)  # fmt: skip
@click.option(
    "--screening", type=click.IntRange(min=0), default=10, show_default=True, metavar="T",
    help="Morris trajectories through all the ranges; 0 = none.",
)  # fmt: skip
@click.option(
    "--sobol", type=click.IntRange(min=2), metavar="ROWS",
    help="Sobol indices of the 8 inputs that weigh most, from so many rows: a power of two, 128 or more to be of use.",
)  # fmt: skip
@click.option("--marginal", is_flag=True, help="A table of what one step of each field is worth, in place of ranges.")
@click.option(
    "--step", "stepped", multiple=True, metavar="FIELD=+AMOUNT",
    help="With --marginal: this step, and others so given, in place of the usual ones: scoring.cutoff=+5, "
    "sla.gap=-12h, market.deal.value_mean=+5%.",
)  # fmt: skip
@click.option(
    "--spend", type=click.FloatRange(min=0, min_open=True), default=1000.0, show_default=True, metavar="MONEY",
    help="With --marginal: how much more a month on each channel.",
)  # fmt: skip
@click.option(
    "--replications", type=click.IntRange(min=2), metavar="N", help="How many, in place of run.replications."
)
@options.study_options
@click.pass_context
def sensitivity(
    ctx: click.Context,
    config: Path,
    varied: tuple[str, ...],
    only: Only | None,
    world: float,
    measures: tuple[str, ...],
    screening: int,
    sobol: int | None,
    marginal: bool,
    stepped: tuple[str, ...],
    spend: float,
    replications: int | None,
    seed: int | None,
    jobs: int,
    cluster: str | None,
    engine: Wish,
    out: Path | None,
    resume: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Find which fields of policy and world matter most in CONFIG, or what one step of each is worth.

    Each field is taken to both ends of its range, all else as it is (a tornado), then all of them are varied together
    (Morris screening; Sobol indices with --sobol). With --marginal: one more rep, an hour less, five points of cutoff,
    1,000 more of spend. Always on the same replications. With --out, tables (CSV) and figures are written to DIR;
    whatever breaks the work off, --resume then goes on after what is finished.
    """
    _check_use(ctx, marginal=marginal, stepped=stepped, varied=varied, only=only, sobol=sobol, out=out, force=force)
    check_resume(out, resume=resume, force=force)
    from funnelsim.cli.compare import chosen_measures
    from funnelsim.cli.files import open_scenario
    from funnelsim.cli.run import with_run
    from funnelsim.report.studies import Study, check_study_folder

    started = dt.datetime.now(dt.UTC)
    names = chosen_measures(measures)
    scenario = with_run(open_scenario(config), seed=seed, replications=replications)
    if scenario.run.replications < 2:
        raise click.UsageError("differences need 2 replications or more; give --replications N")
    names = names or (MARGINAL_MEASURES if marginal else [o.measure for o in scenario.search.objectives])
    settings: dict[str, object] = {"measures": names, "seed": scenario.run.seed, "marginal": marginal}
    if marginal:
        steps, left_out = steps_of(scenario, stepped, spend)
        settings |= {"steps": list(stepped), "spend": spend}
    else:
        inputs = _inputs(scenario, varied, only=only, world=world, where=str(config))
        settings |= {"vary": list(varied), "only": only, "world": world, "screening": screening, "sobol": sobol}
    study = Study("sensitivity", {"scenario": config}, settings)
    if out is not None:
        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    writing = None if out is None else Writing(out, study, chosen, started, config)
    with parts_in(out, study, resume=resume, force=force) as parts, cluster_at(cluster, engine=chosen) as there:
        how = How(jobs, chosen, None if there is None else there.executor, parts, writing, as_json)
        if marginal:
            complete = tell_marginal(scenario, steps, left_out, names, how)
        else:
            complete = _ranges(scenario, inputs, names, how, screening=screening, sobol=sobol or 0)
    if not complete:
        screen.say(how_to_go_on(ctx) or "")
        ctx.exit(INTERRUPTED)
    parts.remove()


def _check_use(
    ctx: click.Context,
    *,
    marginal: bool,
    stepped: Sequence[str],
    varied: Sequence[str],
    only: str | None,
    sobol: int | None,
    out: Path | None,
    force: bool,
) -> None:
    def given(name: str) -> bool:
        return ctx.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE

    if marginal and any(given(name) for name in HELD):
        raise click.UsageError("--marginal takes steps, not ranges: leave --vary, --only, --world, --screening and "
                               "--sobol out")  # fmt: skip
    if not marginal and (stepped or given("spend")):
        raise click.UsageError("--step and --spend need --marginal")
    if varied and only is not None:
        raise click.UsageError("--only chooses among the default fields; --vary names them")
    if sobol is not None and sobol & (sobol - 1):
        raise click.UsageError(f"--sobol must be a power of two, such as 128, got {sobol}")
    if force and out is None:
        raise click.UsageError("--force needs --out DIR")


def _inputs(
    scenario: Scenario, varied: Sequence[str], *, only: Only | None, world: float, where: str
) -> list[Input]:
    from funnelsim.errors import Fault, InputError
    from funnelsim.lab.inputs import check_inputs, of_the_world, searched
    from funnelsim.lab.vary import read_input

    inputs: list[Input] = []
    faults: list[Fault] = []
    for text in varied:
        try:
            inputs.append(read_input(text, scenario, share=world))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    if not varied:
        inputs += searched(scenario) if only != "world" else []
        inputs += of_the_world(scenario, world) if only != "policy" else []
        if not inputs:
            raise InputError([Fault(where, "search.variables", "names no field to vary", None, "add some, or --vary")])
    check_inputs(inputs, scenario, where=where)
    return inputs


def _ranges(
    scenario: Scenario, inputs: list[Input], names: list[str], how: How, *, screening: int, sobol: int
) -> bool:
    from funnelsim.lab.sensitivity import sensitivity as study
    from funnelsim.report.figures_sensitivity import sensitivity_figure
    from funnelsim.report.sensitivities import alone_frame, sensitivity_object, sensitivity_text, weights_frame

    with ExitStack() as shown:
        found = study(
            scenario,
            inputs,
            measures=names,
            replications=range(scenario.run.replications),
            screening=screening,
            rows=sobol,
            seed=scenario.run.seed,
            jobs=how.jobs,
            engine=how.engine,
            executor=how.executor,
            finished=lambda part, paths: how.parts.of(part, inputs=list(paths)),
            progress=lambda part: shown.enter_context(screen.progress(f"{part}: replications")),
        )
    if not found.complete:
        screen.warn("interrupted: what follows is of what was finished")
    currency, days = scenario.economics.currency, scenario.run.horizon_days
    heading = f"{scenario.name}, {len(inputs)} inputs, seed {scenario.run.seed}"
    text = sensitivity_text(found, heading=heading, currency=currency, days=days)
    if how.as_json:
        told = sensitivity_object(found, seed=scenario.run.seed, currency=currency)
        screen.show(json.dumps(told, allow_nan=False))
    else:
        screen.show(text.rstrip("\n"))
    if how.to is not None:
        imprint = how.to.imprint(scenario, found.replications)
        files = {
            "sensitivity.txt": text.encode(),
            "one_at_a_time.csv": alone_frame(found, currency=currency).to_csv(index=False).encode(),
        }
        if found.screened:
            files["all_together.csv"] = weights_frame(found, currency=currency).to_csv(index=False).encode()
        figures = {
            f"sensitivity_{m}.png": sensitivity_figure(found, m, currency=currency, days=days, imprint=imprint)
            for m in names
        }
        how.to.write(scenario, files, figures, found.replications, complete=found.complete)
    return found.complete
