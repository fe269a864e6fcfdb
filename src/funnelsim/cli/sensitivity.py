"""`funnelsim sensitivity`: what moves the measures, and what one step of each field is worth."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from funnelsim.api.defaults import MARGINAL_MEASURES
from funnelsim.cli import options, screen
from funnelsim.cli.marginal import steps_of, tell_marginal
from funnelsim.cli.study import check_options, under_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.cli.study import UnderWay
    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.inputs import Input

Only = Literal["policy", "world"]
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
def sensitivity(
    how: options.StudyOptions,
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
) -> None:
    """Find which fields of policy and world matter most in CONFIG, or what one step of each is worth.

    Each field is taken to both ends of its range, all else as it is (a tornado), then all of them are varied together
    (Morris screening; Sobol indices with --sobol). With --marginal: one more rep, an hour less, five points of cutoff,
    1,000 more of spend. Always on the same replications. With --out, tables (CSV) and figures are written to DIR;
    whatever breaks the work off, --resume then goes on after what is finished.
    """
    check_options(how)
    _check_use(marginal=marginal, stepped=stepped, varied=varied, only=only, sobol=sobol)
    from funnelsim.cli.files import chosen_measures, open_scenario
    from funnelsim.cli.run import with_run
    from funnelsim.errors import both
    from funnelsim.report.studies import Study

    names, scenario = both(lambda: chosen_measures(measures), lambda: open_scenario(config))
    scenario = with_run(scenario, seed=how.seed, replications=replications)
    if scenario.run.replications < 2:
        raise click.UsageError("differences need 2 replications or more; give --replications N")
    names = names or ([*MARGINAL_MEASURES] if marginal else [o.measure for o in scenario.search.objectives])
    settings: dict[str, object] = {"measures": names, "seed": scenario.run.seed, "marginal": marginal}
    if marginal:
        steps, left_out = steps_of(scenario, stepped, spend)
        settings |= {"steps": list(stepped), "spend": spend}
    else:
        inputs = _inputs(scenario, varied, only=only, world=world, where=str(config))
        settings |= {"vary": list(varied), "only": only, "world": world, "screening": screening, "sobol": sobol}
    with under_way(how, Study("sensitivity", {"scenario": config}, settings)) as work:
        if marginal:
            complete = tell_marginal(scenario, steps, left_out, names, work)
        else:
            complete = _ranges(scenario, inputs, names, work, screening=screening, sobol=sobol or 0)
    work.end(complete=complete)


def _check_use(
    *, marginal: bool, stepped: Sequence[str], varied: Sequence[str], only: str | None, sobol: int | None
) -> None:
    ctx = click.get_current_context()

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


def _inputs(
    scenario: Scenario, varied: Sequence[str], *, only: Only | None, world: float, where: str
) -> list[Input]:
    from funnelsim.errors import Fault, InputError, every
    from funnelsim.lab.inputs import check_inputs, of_the_world, searched
    from funnelsim.lab.vary import read_input

    inputs = every(lambda text: read_input(text, scenario, share=world), varied)
    if not varied:
        inputs += searched(scenario) if only != "world" else []
        inputs += of_the_world(scenario, world) if only != "policy" else []
        if not inputs:
            raise InputError([Fault(where, "search.variables", "names no field to vary", None, "add some, or --vary")])
    check_inputs(inputs, scenario, where=where)
    return inputs


def _ranges(
    scenario: Scenario, inputs: list[Input], names: list[str], work: UnderWay, *, screening: int, sobol: int
) -> bool:
    from funnelsim.api.questions import Sensitivities
    from funnelsim.lab.sensitivity import sensitivity as study
    from funnelsim.report.sensitivities import sensitivity_object

    with ExitStack() as shown:

        def bar(part: str) -> screen.Progress:
            shown.close()  # one at a time
            return shown.enter_context(screen.progress(f"{part}: replications"))

        found = study(
            scenario,
            inputs,
            measures=names,
            replications=range(scenario.run.replications),
            screening=screening,
            rows=sobol,
            seed=scenario.run.seed,
            finished=lambda part, paths: work.keep(part, inputs=list(paths)),
            progress=bar,
            **work.where,
        )
    if not found.complete:
        screen.warn("interrupted: what follows is of what was finished")
    answer = Sensitivities(found, scenario)
    told = sensitivity_object(found, seed=scenario.run.seed, currency=scenario.economics.currency)
    work.tell(answer.text, told)
    if work.writes:
        files = {
            "sensitivity.txt": answer.text,
            "one_at_a_time.csv": answer.one_at_a_time,
            **({"all_together.csv": answer.all_together} if found.screened else {}),
            **{f"sensitivity_{m}.png": answer.figure(m) for m in names},
            "scenario.toml": scenario,
        }
        work.write(files, answer.imprint(), replications=list(found.replications), complete=found.complete)
    return found.complete
