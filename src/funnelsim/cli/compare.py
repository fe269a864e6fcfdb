"""`funnelsim compare`: scenarios, or one over a range of values, on the same replications."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen, side_by_side
from funnelsim.cli.study import check_options, interruptible, is_complete, under_way

if TYPE_CHECKING:
    from funnelsim.lab.compare import Rows


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
    how: options.StudyOptions,
    configs: tuple[Path, ...],
    measures: tuple[str, ...],
    swept: tuple[str, ...],
    replications: int | None,
) -> None:
    """Compare scenarios, all in the same replications, with the first of CONFIGS.

    For each measure: the paired difference with its interval, the probability that each is best, the regret to expect
    of choosing it, and whether a difference can be told at all; where not, how many replications would settle it. With
    --out, tables (CSV) and a figure are written to DIR; whatever breaks the work off, --resume then goes on after the
    replications that are finished.
    """
    check_options(how)
    side_by_side.check_use(configs, swept=swept)
    from funnelsim.api.shown import units_of
    from funnelsim.api.studies import Compared
    from funnelsim.cli.files import chosen_measures
    from funnelsim.cli.run import with_run
    from funnelsim.lab.compare import check_comparable, play_each
    from funnelsim.lab.compare import compare as judge
    from funnelsim.report.compared import comparison_object

    names, opened, axes = side_by_side.opened(configs, lambda: chosen_measures(measures), swept)
    opened[0] = with_run(opened[0], seed=how.seed, replications=replications)
    names = names or [objective.measure for objective in opened[0].search.objectives]
    grid, scenarios, labels = side_by_side.arranged(configs, opened, axes)
    check_comparable(scenarios, labels)
    if opened[0].run.replications < 2:
        raise click.UsageError("a comparison needs 2 replications or more; give --replications N")
    study = side_by_side.study_of("comparison", configs, measures=names, sweep=list(swept), seed=opened[0].run.seed)
    numbers = range(opened[0].run.replications)
    rows: Rows = {}
    with under_way(how, study) as work:
        side_by_side.tell_of_luck(opened, labels)
        finished = work.keep(encode=list, decode=tuple)
        with screen.progress("replications") as progress, interruptible(rows):
            play_each(
                scenarios, measures=names, replications=numbers, progress=progress, on_result=rows.__setitem__,
                finished=finished, **work.where,
            )  # fmt: skip
    complete = is_complete(rows, len(numbers))
    answer = Compared(judge(rows, labels=labels, measures=names), rows, opened[0], grid)
    told = comparison_object(answer.comparison, seed=opened[0].run.seed, complete=complete, **units_of(opened[0]))
    work.tell(answer.text, told)
    if work.writes:
        files = {
            "comparison.csv": answer.table,
            "replications.csv": answer.replications,
            "comparison.txt": answer.text,
            "comparison.png" if grid is None else "sweep.png": answer.figure(),
            **side_by_side.as_files(opened),
        }
        work.write(files, answer.imprint(), replications=sorted(rows), complete=complete)
    work.end(complete=complete)
