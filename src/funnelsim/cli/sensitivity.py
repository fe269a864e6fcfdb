"""`funnelsim sensitivity`: what moves the measures, and what one step of each field is worth."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from funnelsim.cli import options, screen
from funnelsim.cli.failures import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.inputs import Input
    from funnelsim.lab.marginal import Step
    from funnelsim.lab.sensitivity import Values
    from funnelsim.report.figures_sheet import Imprint
    from funnelsim.report.studies import Study

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
@options.seed_option
@options.jobs_option
@options.engine_option
@options.out_option
@click.option("--force", is_flag=True, help="Write into DIR though it holds something else.")
@options.json_option
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
    engine: Wish,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Find which fields of policy and world matter most in CONFIG, or what one step of each is worth.

    Each field is taken to both ends of its range, all else as it is (a tornado), then all of them are varied together
    (Morris screening; Sobol indices with --sobol). With --marginal: one more rep, an hour less, five points of cutoff,
    1,000 more of spend. Always on the same replications. With --out, tables (CSV) and figures are written to DIR.
    """
    _check_use(ctx, marginal=marginal, stepped=stepped, varied=varied, only=only, sobol=sobol, out=out, force=force)
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
        steps, left_out = _steps(scenario, stepped, spend)
        settings |= {"steps": list(stepped), "spend": spend}
    else:
        inputs = _inputs(scenario, varied, only=only, world=world, where=str(config))
        settings |= {"vary": list(varied), "only": only, "world": world, "screening": screening, "sobol": sobol}
    study = Study("sensitivity", {"scenario": config}, settings)
    if out is not None:
        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    again = _again(ctx, config, out)
    writing = None if out is None else _Writing(out, study, chosen, started, again, config)
    if marginal:
        complete = _marginal(scenario, steps, left_out, names, jobs=jobs, engine=chosen, to=writing, as_json=as_json)
    else:
        complete = _ranges(
            scenario, inputs, names, screening=screening, sobol=sobol or 0, jobs=jobs, engine=chosen, to=writing,
            as_json=as_json,
        )  # fmt: skip
    if not complete:
        ctx.exit(INTERRUPTED)


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


def _steps(scenario: Scenario, stepped: Sequence[str], spend: float) -> tuple[list[Step], list[str]]:
    from funnelsim.errors import Fault, InputError
    from funnelsim.lab.marginal import read_step, usual_steps

    if not stepped:
        return usual_steps(scenario, spend=spend)
    steps, faults = [], list[Fault]()
    for text in stepped:
        try:
            steps.append(read_step(text, scenario))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return steps, []


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


class _Writing:
    """What a result folder needs to know, gathered before the work."""

    def __init__(
        self, out: Path, study: Study, engine: Engine, started: dt.datetime, again: str, config: Path
    ) -> None:
        self._out, self._study, self._engine = out, study, engine
        self._started, self._again, self._config = started, again, config

    def imprint(self, scenario: Scenario, replications: Sequence[int]) -> Imprint:
        from funnelsim import __version__
        from funnelsim.report.figures_sheet import Imprint
        from funnelsim.report.results import replications_text

        name = scenario.name or self._config.stem
        return Imprint(name, scenario.run.seed, replications_text(replications), __version__)

    def write(
        self,
        scenario: Scenario,
        files: dict[str, bytes],
        figures: Mapping[str, Any],
        replications: Sequence[int],
        *,
        complete: bool,
    ) -> None:
        from funnelsim import __version__
        from funnelsim.config.dump import dump_toml
        from funnelsim.report.figures_sheet import png
        from funnelsim.report.studies import Made, write_study

        imprint = self.imprint(scenario, replications)
        files |= {name: png(figure, imprint) for name, figure in figures.items()}
        files |= {"scenario.toml": dump_toml(scenario).encode()}
        told = {
            "seed": scenario.run.seed,
            "replications": list(replications),
            "complete": complete,
            "engine": self._engine.name,
        }
        finished = dt.datetime.now(dt.UTC)
        write_study(self._out, files, self._study, Made(__version__, self._started, finished, self._again, told))
        screen.say(f"written to {self._out}")


def _ranges(
    scenario: Scenario,
    inputs: list[Input],
    names: list[str],
    *,
    screening: int,
    sobol: int,
    jobs: int,
    engine: Engine,
    to: _Writing | None,
    as_json: bool,
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
            jobs=jobs,
            engine=engine,
            progress=lambda part: shown.enter_context(screen.progress(f"{part}: replications")),
        )
    if not found.complete:
        screen.warn("interrupted: what follows is of what was finished")
    currency, days = scenario.economics.currency, scenario.run.horizon_days
    heading = f"{scenario.name}, {len(inputs)} inputs, seed {scenario.run.seed}"
    text = sensitivity_text(found, heading=heading, currency=currency, days=days)
    if as_json:
        told = sensitivity_object(found, seed=scenario.run.seed, currency=currency)
        screen.show(json.dumps(told, allow_nan=False))
    else:
        screen.show(text.rstrip("\n"))
    if to is not None:
        imprint = to.imprint(scenario, found.replications)
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
        to.write(scenario, files, figures, found.replications, complete=found.complete)
    return found.complete


def _marginal(
    scenario: Scenario,
    steps: list[Step],
    left_out: list[str],
    names: list[str],
    *,
    jobs: int,
    engine: Engine,
    to: _Writing | None,
    as_json: bool,
) -> bool:
    from funnelsim.lab.marginal import marginal_values, settings_of
    from funnelsim.lab.sensitivity import play_settings
    from funnelsim.report.compared import comparison_frame, comparison_object, values_frame
    from funnelsim.report.figures_marginal import marginal_figure
    from funnelsim.report.marginals import marginal_text

    values: Values = {}
    numbers = range(scenario.run.replications)
    with screen.progress("replications") as progress:
        try:
            play_settings(
                scenario, settings_of(steps), measures=names, replications=numbers, jobs=jobs, engine=engine,
                progress=progress, on_result=values.__setitem__,
            )  # fmt: skip
        except KeyboardInterrupt:
            if len(values) < 2:
                raise
    complete = len(values) == len(numbers)
    if not complete:
        screen.warn(f"interrupted: what follows is of the {len(values)} of {len(numbers)} replications finished")
    found = marginal_values(values, steps, measures=names)
    currency, days = scenario.economics.currency, scenario.run.horizon_days
    heading = f"{scenario.name}, what one step is worth, seed {scenario.run.seed}"
    text = marginal_text(found, heading=heading, currency=currency, days=days, left_out=left_out)
    if as_json:
        told = comparison_object(found, seed=scenario.run.seed, complete=complete, currency=currency, days=days)
        screen.show(json.dumps(told | {"left_out": left_out}, allow_nan=False))
    else:
        screen.show(text.rstrip("\n"))
    if to is not None:
        rows = {
            r: tuple(dict(zip(names, map(float, row), strict=True)) for row in table) for r, table in values.items()
        }
        files = {
            "marginal.txt": text.encode(),
            "marginal.csv": comparison_frame(found, currency=currency).to_csv(index=False).encode(),
            "replications.csv": values_frame(rows, found.labels).to_csv(index=False).encode(),
        }
        imprint = to.imprint(scenario, found.replications)
        figure = marginal_figure(found, currency=currency, days=days, imprint=imprint)
        to.write(scenario, files, {"marginal.png": figure}, found.replications, complete=complete)
    return complete


def _again(ctx: click.Context, config: Path, out: Path | None) -> str:
    """Return the command as it was given, in the order of the options."""
    words = ["funnelsim", "sensitivity", str(config)]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if ctx.get_parameter_source(name) != click.core.ParameterSource.COMMANDLINE or name in (
            "config", "out", "force", "as_json", "jobs",
        ):  # fmt: skip
            continue
        value = ctx.params[name]
        if value is True:
            words.append(parameter.opts[0])
        else:
            for one in value if isinstance(value, tuple) else (value,):
                words += [parameter.opts[0], str(one)]
    return shlex.join([*words, *([] if out is None else ["--out", str(out)])])
