"""`funnelsim compare`: scenarios, or one over a range of values, on the same replications."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen
from funnelsim.cli.again import again_with_resume, check_resume, tell_of_kept
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED, how_to_go_on, resume_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.compare import Comparison, Rows
    from funnelsim.lab.kept import Kept
    from funnelsim.lab.sweep import Axis, Sweep
    from funnelsim.report.studies import Study


@click.command()
@click.argument("configs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--measures",
    multiple=True,
    metavar="M,...",
    help="What to compare (see `funnelsim measures`).  [default: the objectives of the first scenario]",
)
@click.option(
    "--sweep",
    "swept",
    multiple=True,
    metavar="FIELD=LOW:HIGH:STEP",
    help="Vary a policy field of one CONFIG, or two (give it twice); FIELD=VALUE,VALUE,... lists values.",
)
@click.option(
    "--replications",
    type=click.IntRange(min=2),
    metavar="N",
    help="How many, in place of the first scenario's run.replications.",
)
@options.study_options
def compare(
    configs: tuple[Path, ...],
    measures: tuple[str, ...],
    swept: tuple[str, ...],
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
    """Compare scenarios, all in the same replications, with the first of CONFIGS.

    For each measure: the paired difference with its interval, the probability that each is best, the regret to expect
    of choosing it, and whether a difference can be told at all; where not, how many replications would settle it. With
    --out, tables (CSV) and a figure are written to DIR; whatever breaks the work off, --resume then goes on after the
    replications that are finished.
    """
    started = dt.datetime.now(dt.UTC)
    check_use(configs, swept=swept, out=out, force=force)
    check_resume(out, resume=resume, force=force)
    from funnelsim.cli.files import open_scenario
    from funnelsim.cli.run import with_run
    from funnelsim.lab.compare import check_comparable, play_each
    from funnelsim.lab.compare import compare as judge
    from funnelsim.lab.sweep import sweep

    names = chosen_measures(measures)
    opened = [open_scenario(path) for path in configs]
    opened[0] = with_run(opened[0], seed=seed, replications=replications)
    names = names or [objective.measure for objective in opened[0].search.objectives]
    grid = sweep(opened[0], axes_of(swept), where=str(configs[0])) if swept else None
    scenarios = opened if grid is None else list(grid.scenarios)
    labels = labels_of(configs, opened) if grid is None else list(grid.labels)
    check_comparable(scenarios, labels)
    if opened[0].run.replications < 2:
        raise click.UsageError("a comparison needs 2 replications or more; give --replications N")
    study = _study(configs, names, swept, first=opened[0])
    if out is not None:
        from funnelsim.report.studies import check_study_folder

        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    tell_of_luck(opened, labels)
    numbers = range(opened[0].run.replications)
    rows: Rows = {}
    with ExitStack() as open_for_it:
        there = open_for_it.enter_context(cluster_at(cluster, engine=chosen))
        kept = None
        if out is not None:
            kept = open_for_it.enter_context(_kept(out, scenarios, names, resume=resume, force=force))
            resume_with(again_with_resume())
        progress = open_for_it.enter_context(screen.progress("replications"))
        try:
            play_each(
                scenarios,
                measures=names,
                replications=numbers,
                jobs=jobs,
                engine=chosen,
                progress=progress,
                executor=None if there is None else there.executor,
                on_result=rows.__setitem__,
                finished=kept,
            )
        except KeyboardInterrupt:
            if len(rows) < 2:
                raise
    complete = len(rows) == len(numbers)
    if not complete:
        screen.warn(f"interrupted: what follows is of the {len(rows)} of {len(numbers)} replications that are finished")
    found = judge(rows, labels=labels, measures=names)
    _tell(found, opened[0], heading=heading_of(opened, grid), complete=complete, as_json=as_json)
    if out is not None:
        again = _again(configs, names, swept, replications=replications, seed=seed, out=out)
        _write(out, found, rows, opened, grid=grid, study=study, engine=chosen, started=started, again=again)
    if kept is not None and complete:
        kept.remove()
    if not complete:
        if kept is not None:
            screen.say(how_to_go_on(click.get_current_context()) or "")
        click.get_current_context().exit(INTERRUPTED)


def _kept(
    out: Path, scenarios: Sequence[Scenario], names: Sequence[str], *, resume: bool, force: bool
) -> Kept[tuple[dict[str, float], ...]]:
    from funnelsim.lab.kept import Kept
    from funnelsim.report.results import identity

    run = scenarios[0].run
    of = {"command": "compare", "scenarios": [identity(s) for s in scenarios], "seed": run.seed, "measures": [*names]}
    kept: Kept[tuple[dict[str, float], ...]] = Kept(out, of, encode=list, decode=tuple, resume=resume, force=force)
    tell_of_kept(kept, resume=resume)
    return kept


def check_use(configs: Sequence[Path], *, swept: Sequence[str], out: Path | None, force: bool) -> None:
    """Check that files, sweep and output go together.

    Raises:
        UsageError: where they do not.
    """
    if swept and len(configs) > 1:
        raise click.UsageError("--sweep varies one CONFIG; several are compared as they are")
    if len(swept) > 2:
        raise click.UsageError("--sweep can be given twice at most")
    if not swept and len(configs) < 2:
        raise click.UsageError("give two CONFIGS or more, or one and --sweep FIELD=LOW:HIGH:STEP")
    if force and out is None:
        raise click.UsageError("--force needs --out DIR")


def chosen_measures(given: Sequence[str], *, option: str = "--measures") -> list[str]:
    """Return the names that `option` lists, parted by commas, each once.

    Raises:
        InputError: with every name that is no measure.
    """
    from funnelsim.config.suggest import did_you_mean
    from funnelsim.errors import Fault, InputError
    from funnelsim.metrics import MEASURES

    all_of_them = "`funnelsim measures` prints them all"
    names = list(dict.fromkeys(name.strip() for text in given for name in text.split(",") if name.strip()))
    faults = [
        Fault(option, "", f"no such measure '{name}'", None, did_you_mean(name, MEASURES) or all_of_them)
        for name in names
        if name not in MEASURES
    ]
    if faults:
        raise InputError(faults)
    return names


def labels_of(paths: Sequence[Path], scenarios: Sequence[Scenario]) -> list[str]:
    """Return what to call each scenario: its name, its path where another has that name, numbered where both are."""
    names = [s.name or path.stem for path, s in zip(paths, scenarios, strict=True)]
    names = [str(path) if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]
    return [f"{name} ({at + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)]


def axes_of(swept: Sequence[str]) -> list[Axis]:
    """Return the axes that `--sweep` writes.

    Raises:
        InputError: with every fault of them.
    """
    from funnelsim.errors import Fault, InputError
    from funnelsim.lab.sweep import read_axis

    axes, faults = [], list[Fault]()
    for text in swept:
        try:
            axes.append(read_axis(text))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return axes


def tell_of_luck(opened: Sequence[Scenario], labels: Sequence[str]) -> None:
    """Tell on stderr whose leads or seed are not those of the first."""
    from funnelsim.lab.compare import same_leads

    for scenario, label in zip(opened[1:], labels[1:], strict=False):
        if not same_leads(scenario, opened[0]):
            screen.say(f"{label}: its market or economics are not those of {labels[0]}, so its leads differ too")
        if scenario.run.seed != opened[0].run.seed:
            screen.say(f"{label}: played with the seed of {labels[0]}, {opened[0].run.seed}")


def heading_of(opened: Sequence[Scenario], grid: Sweep | None) -> str:
    """Return what is compared, in words."""
    seed = f"seed {opened[0].run.seed}"
    if grid is None:
        return f"{len(opened)} scenarios, {seed}"
    return f"{opened[0].name} over {' and '.join(axis.path for axis in grid.axes)}, {seed}"


def _tell(found: Comparison, first: Scenario, *, heading: str, complete: bool, as_json: bool) -> None:
    from funnelsim.report.compared import comparison_object, comparison_text

    currency, days = first.economics.currency, first.run.horizon_days
    if as_json:
        told = comparison_object(found, seed=first.run.seed, complete=complete, currency=currency, days=days)
        screen.show(json.dumps(told, allow_nan=False))
    else:
        screen.show(comparison_text(found, heading=heading, currency=currency, days=days).rstrip("\n"))


def _study(configs: Sequence[Path], names: Sequence[str], swept: Sequence[str], *, first: Scenario) -> Study:
    from funnelsim.report.studies import Study

    inputs = {f"scenario_{at + 1}": path for at, path in enumerate(configs)}
    return Study("comparison", inputs, {"measures": list(names), "sweep": list(swept), "seed": first.run.seed})


def _again(
    configs: Sequence[Path],
    names: Sequence[str],
    swept: Sequence[str],
    *,
    replications: int | None,
    seed: int | None,
    out: Path,
) -> str:
    words = ["funnelsim", "compare", *map(str, configs), "--measures", ",".join(names)]
    words += [word for text in swept for word in ("--sweep", text)]
    words += [] if replications is None else ["--replications", str(replications)]
    words += [] if seed is None else ["--seed", str(seed)]
    return shlex.join([*words, "--out", str(out)])


def _write(
    out: Path,
    found: Comparison,
    rows: Rows,
    opened: Sequence[Scenario],
    *,
    grid: Sweep | None,
    study: Study,
    engine: Engine,
    started: dt.datetime,
    again: str,
) -> None:
    from funnelsim import __version__
    from funnelsim.config.dump import dump_toml
    from funnelsim.report.compared import comparison_frame, comparison_text, values_frame
    from funnelsim.report.figures_compare import difference_figure, sweep_figure
    from funnelsim.report.figures_sheet import Imprint, png
    from funnelsim.report.results import replications_text
    from funnelsim.report.studies import Made, write_study

    first = opened[0]
    currency, days = first.economics.currency, first.run.horizon_days
    imprint = Imprint(
        " · ".join(s.name for s in opened[:3]) + (" …" if len(opened) > 3 else ""),
        first.run.seed,
        replications_text(found.replications),
        __version__,
    )
    if grid is None:
        figure = difference_figure(found, currency=currency, days=days, imprint=imprint)
    else:
        figure = sweep_figure(found, grid, currency=currency, days=days, imprint=imprint)
    text = comparison_text(found, heading=heading_of(opened, grid), currency=currency, days=days)
    files = {
        "comparison.csv": comparison_frame(found, currency=currency).to_csv(index=False).encode(),
        "replications.csv": values_frame(rows, found.labels).to_csv(index=False).encode(),
        "comparison.txt": text.encode(),
        "comparison.png" if grid is None else "sweep.png": png(figure, imprint),
        **{f"scenario_{at + 1}.toml": dump_toml(s).encode() for at, s in enumerate(opened)},
    }
    figures = {"seed": first.run.seed, "replications": list(found.replications), "engine": engine.name}
    write_study(out, files, study, Made(__version__, started, dt.datetime.now(dt.UTC), again, figures))
    screen.say(f"written to {out}")
