"""`funnelsim select`: the best of many scenarios, with a guarantee or within a budget."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from funnelsim.cli import options, screen, side_by_side
from funnelsim.cli.study import check_options, under_way


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
@options.study_options
def select(
    how: options.StudyOptions,
    configs: tuple[Path, ...],
    measure: str | None,
    swept: tuple[str, ...],
    delta: float | None,
    budget: int | None,
    confidence: float,
    first: int,
    at_most: int,
) -> None:
    """Select the best of CONFIGS by one measure.

    All are played in the same replications. A first look drops those that cannot be the best; then, with --delta, the
    procedure KN goes on until one is left: a scenario that is ahead of all others by D or more is selected with the
    confidence asked for, where differences are near normal. With --budget, OCBA spends N replications where they tell
    most, and tells the approximate probability of correct selection: estimated, not guaranteed. With --out, tables
    (CSV) and a figure are written to DIR; whatever breaks the work off, --resume then goes on after the replications
    that are finished.
    """
    check_options(how)
    side_by_side.check_use(configs, swept=swept)
    from funnelsim.api.selections import Selected, asked_of, rules_of
    from funnelsim.cli.files import chosen_measures
    from funnelsim.cli.run import with_run
    from funnelsim.lab.compare import check_comparable
    from funnelsim.lab.processes import lasting
    from funnelsim.lab.select import playing
    from funnelsim.lab.select import select as carry_through
    from funnelsim.report.selected import selection_object

    names, opened, axes = side_by_side.opened(
        configs, lambda: chosen_measures([measure or ""], option="--measure"), swept
    )
    opened[0] = with_run(opened[0], seed=how.seed)
    names = names or [opened[0].search.objectives[0].measure]
    if len(names) > 1:
        raise click.UsageError("--measure takes one; the best by two is a matter of taste (see `funnelsim tune`)")
    grid, scenarios, labels = side_by_side.arranged(configs, opened, axes)
    check_comparable(scenarios, labels)
    _check_rules(len(labels), delta=delta, budget=budget, confidence=confidence, first=first, at_most=at_most)
    rules = rules_of(names[0], delta=delta, budget=budget, confidence=confidence, first=first, at_most=at_most)
    asked, seed = asked_of(labels, names[0], opened[0], grid), opened[0].run.seed
    study = side_by_side.study_of("selection", configs, measure=names[0], sweep=list(swept), seed=seed, **asdict(rules))
    most = rules.budget or rules.at_most * len(scenarios)
    with under_way(how, study) as work:
        side_by_side.tell_of_luck(opened, labels)
        finished = work.keep(encode=float, decode=float)
        with (
            screen.progress("replications of one scenario, at most") as progress,
            lasting(how.jobs, work.where["executor"]) as executor,
        ):
            play_some = playing(
                scenarios, labels, measure=names[0], told=lambda done: progress(done, most), finished=finished,
                **work.where | {"executor": executor},
            )  # fmt: skip
            found = carry_through(play_some, systems=len(scenarios), rules=rules)
    if not found.complete:
        screen.warn(f"interrupted after {found.played:,} replications; what follows is of those")
    answer = Selected(found, asked, opened[0], grid)
    work.tell(answer.text, selection_object(found, asked, seed=seed))
    if work.writes:
        files = {
            "selection.csv": answer.table,
            "replications.csv": answer.replications,
            "selection.txt": answer.text,
            "selection.png": answer.figure(),
            **side_by_side.as_files(opened),
        }
        work.write(files, answer.imprint(), complete=found.complete)
    work.end(complete=found.complete)


def _check_rules(
    systems: int, *, delta: float | None, budget: int | None, confidence: float, first: int, at_most: int
) -> None:
    from funnelsim.lab.select import LEAST_FIRST

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
