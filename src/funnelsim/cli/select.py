"""`funnelsim select`: the best of many scenarios, with a guarantee or within a budget."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.select import Rules, Selection
    from funnelsim.report.selected import Asked
    from funnelsim.report.studies import Study


@click.command()
@click.argument("configs", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option("--measure", metavar="M", help="What to select by.  [default: the first scenario's first objective]")
@click.option(
    "--sweep",
    "swept",
    multiple=True,
    metavar="FIELD=LOW:HIGH:STEP",
    help="Select among values of a policy field of one CONFIG, or two (give it twice); see `funnelsim compare`.",
)
@click.option(
    "--delta",
    type=click.FloatRange(min=0, min_open=True),
    metavar="D",
    help="The smallest difference worth detecting, in the measure's own unit over the measured window.",
)
@click.option(
    "--budget",
    type=click.IntRange(min=1),
    metavar="N",
    help="Replications of all scenarios together, in place of a guarantee.",
)
@click.option(
    "--confidence",
    type=options.SHARE,
    default="95%",
    show_default=True,
    help="Probability of correct selection that --delta guarantees, above 50%.",
)
@click.option(
    "--first",
    type=click.IntRange(min=3),
    default=10,
    show_default=True,
    metavar="N",
    help="Replications of each before any is dropped; with --delta 10 or more.",
)
@click.option(
    "--at-most",
    type=click.IntRange(min=3),
    default=1_000,
    show_default=True,
    metavar="N",
    help="Replications of one scenario after which it gives up.",
)
@options.seed_option
@options.jobs_option
@options.cluster_option
@options.engine_option
@options.out_option
@options.force_option
@options.json_option
def select(
    configs: tuple[Path, ...],
    measure: str | None,
    swept: tuple[str, ...],
    delta: float | None,
    budget: int | None,
    confidence: float,
    first: int,
    at_most: int,
    seed: int | None,
    jobs: int,
    cluster: str | None,
    engine: Wish,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Select the best of CONFIGS by one measure.

    All are played in the same replications. A first look drops those that cannot be the best; then, with --delta, the
    procedure KN goes on until one is left: a scenario that is ahead of all others by D or more is selected with the
    confidence asked for, where differences are near normal. With --budget, OCBA spends N replications where they tell
    most, and tells the approximate probability of correct selection: estimated, not guaranteed. With --out, tables
    (CSV) and a figure are written to DIR.
    """
    from funnelsim.cli.compare import axes_of, check_use, chosen_measures, heading_of, labels_of, tell_of_luck
    from funnelsim.cli.files import open_scenario
    from funnelsim.cli.run import with_run
    from funnelsim.lab.compare import check_comparable
    from funnelsim.lab.select import direction_of
    from funnelsim.lab.sweep import sweep
    from funnelsim.report.selected import Asked

    started = dt.datetime.now(dt.UTC)
    check_use(configs, swept=swept, out=out, force=force)
    names = chosen_measures([measure] if measure else [], option="--measure")
    opened = [open_scenario(path) for path in configs]
    opened[0] = with_run(opened[0], seed=seed)
    names = names or [opened[0].search.objectives[0].measure]
    if len(names) > 1:
        raise click.UsageError("--measure takes one; the best by two is a matter of taste (see `funnelsim tune`)")
    grid = sweep(opened[0], axes_of(swept), where=str(configs[0])) if swept else None
    scenarios = opened if grid is None else list(grid.scenarios)
    labels = labels_of(configs, opened) if grid is None else list(grid.labels)
    check_comparable(scenarios, labels)
    rules = _rules(
        direction_of(names[0]), systems=len(labels), delta=delta, budget=budget, confidence=confidence, first=first,
        at_most=at_most,
    )  # fmt: skip
    run, currency = opened[0].run, opened[0].economics.currency
    asked = Asked(tuple(labels), names[0], heading_of(opened, grid), currency, run.horizon_days)
    study = _study(configs, asked, rules, swept=swept, seed=run.seed)
    if out is not None:
        from funnelsim.report.studies import check_study_folder

        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    tell_of_luck(opened, labels)
    found = _selected(scenarios, asked, rules, jobs=jobs, cluster=cluster, engine=chosen)
    _tell(found, asked, seed=run.seed, as_json=as_json)
    if out is not None:
        again = _again(configs, asked, rules, swept=swept, seed=seed, out=out)
        _write(out, found, asked, opened, study=study, engine=chosen, started=started, again=again)
    if not found.complete:
        click.get_current_context().exit(INTERRUPTED)


def _rules(
    direction: str,
    *,
    systems: int,
    delta: float | None,
    budget: int | None,
    confidence: float,
    first: int,
    at_most: int,
) -> Rules:
    from funnelsim.lab.select import LEAST_FIRST, Rules

    if delta is None and budget is None:
        raise click.UsageError("give --delta D (a guarantee) or --budget N (a fixed cost)")
    if systems < 2:
        raise click.UsageError("the sweep has the policy in force alone: there is nothing to select among")
    if confidence <= 0.5:
        raise click.UsageError(f"--confidence must be above 50%, got {confidence:g}")
    if budget is None and first < LEAST_FIRST:
        why = "fewer say too little of the spread that the guarantee rests on (--budget takes 3)"
        raise click.UsageError(f"--first must be at least {LEAST_FIRST} with --delta, got {first}: {why}")
    if budget is None and at_most < first:
        raise click.UsageError(f"--at-most must be at least --first, {first}, got {at_most}")
    if budget is not None and budget < systems * first:
        least = f"{systems} scenarios x {first} replications of each at first (--first) = {systems * first}"
        raise click.UsageError(f"--budget must be at least {least}, got {budget}")
    return Rules(
        "KN" if budget is None else "OCBA",
        "up" if direction == "up" else "down",
        delta or 0.0,
        confidence=confidence,
        first=first,
        at_most=at_most,
        budget=budget,
    )


def _selected(
    scenarios: Sequence[Scenario], asked: Asked, rules: Rules, *, jobs: int, cluster: str | None, engine: Engine
) -> Selection:
    from funnelsim.lab.processes import worker_pool
    from funnelsim.lab.select import playing
    from funnelsim.lab.select import select as carry_through

    most = rules.budget or rules.at_most * len(scenarios)
    with ExitStack() as open_things:
        bar = open_things.enter_context(screen.progress("replications of one scenario, at most"))
        there = open_things.enter_context(cluster_at(cluster, engine=engine))
        here = open_things.enter_context(worker_pool(jobs)) if there is None and jobs > 1 else None
        play_some = playing(
            scenarios,
            asked.labels,
            measure=asked.measure,
            engine=engine,
            executor=here if there is None else there.executor,
            told=lambda done: bar(done, most),
        )
        return carry_through(play_some, systems=len(scenarios), rules=rules)


def _tell(found: Selection, asked: Asked, *, seed: int, as_json: bool) -> None:
    from funnelsim.report.selected import selection_object, selection_text

    if not found.complete:
        screen.warn(f"interrupted after {found.played:,} replications; what follows is of those")
    if as_json:
        screen.show(json.dumps(selection_object(found, asked, seed=seed), allow_nan=False))
    else:
        screen.show(selection_text(found, asked).rstrip("\n"))


def _study(configs: Sequence[Path], asked: Asked, rules: Rules, *, swept: Sequence[str], seed: int) -> Study:
    from dataclasses import asdict

    from funnelsim.report.studies import Study

    inputs = {f"scenario_{at + 1}": path for at, path in enumerate(configs)}
    return Study("selection", inputs, {"measure": asked.measure, "sweep": list(swept), "seed": seed, **asdict(rules)})


def _again(
    configs: Sequence[Path], asked: Asked, rules: Rules, *, swept: Sequence[str], seed: int | None, out: Path
) -> str:
    words = ["funnelsim", "select", *map(str, configs), "--measure", asked.measure]
    words += [word for text in swept for word in ("--sweep", text)]
    words += ["--delta", repr(rules.indifference)] if rules.indifference else []
    words += ["--budget", str(rules.budget)] if rules.budget else ["--at-most", str(rules.at_most)]
    words += ["--confidence", repr(rules.confidence), "--first", str(rules.first)]
    words += [] if seed is None else ["--seed", str(seed)]
    return shlex.join([*words, "--out", str(out)])


def _write(
    out: Path,
    found: Selection,
    asked: Asked,
    opened: Sequence[Scenario],
    *,
    study: Study,
    engine: Engine,
    started: dt.datetime,
    again: str,
) -> None:
    from funnelsim import __version__
    from funnelsim.config.dump import dump_toml
    from funnelsim.report.figures_select import selection_figure
    from funnelsim.report.figures_sheet import Imprint, png
    from funnelsim.report.selected import selection_frame, selection_text, values_frame
    from funnelsim.report.studies import Made, write_study

    imprint = Imprint(
        " · ".join(s.name for s in opened[:3]) + (" …" if len(opened) > 3 else ""),
        opened[0].run.seed,
        f"{found.played:,} replications in all",
        __version__,
    )
    files = {
        "selection.csv": selection_frame(found, asked).to_csv(index=False).encode(),
        "replications.csv": values_frame(found, asked).to_csv(index=False).encode(),
        "selection.txt": selection_text(found, asked).encode(),
        "selection.png": png(selection_figure(found, asked, imprint=imprint), imprint),
        **{f"scenario_{at + 1}.toml": dump_toml(s).encode() for at, s in enumerate(opened)},
    }
    figures = {"seed": opened[0].run.seed, "engine": engine.name, "complete": found.complete}
    write_study(out, files, study, Made(__version__, started, dt.datetime.now(dt.UTC), again, figures))
    screen.say(f"written to {out}")
