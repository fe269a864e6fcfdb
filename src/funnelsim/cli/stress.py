"""`funnelsim stress`: what policies do where the world is not as written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.api.defaults import IN_FORCE, STRESS_MEASURES
from funnelsim.cli import options, screen
from funnelsim.cli.study import check_options, is_complete, under_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.report.studies import Study


@click.command()
@options.config_argument
@click.option(
    "--policy",
    "others",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="FILE",
    help="Also the policy of this scenario file (such as policy_<n>.toml of a search); may be given again.",
)
@click.option(
    "--measures",
    multiple=True,
    metavar="M,...",
    help=f"What to tell (see `funnelsim measures`).  [default: {','.join(STRESS_MEASURES)}]",
)
@click.option(
    "--replications", type=click.IntRange(min=2), metavar="N", help="How many, in place of run.replications."
)
@options.study_options
def stress(
    how: options.StudyOptions,
    config: Path,
    others: tuple[Path, ...],
    measures: tuple[str, ...],
    replications: int | None,
) -> None:
    """Tell what the policy of CONFIG does where its world is not as written.

    CONFIG says in [uncertain] what is not known: ranges of numbers, events, draws of a calibration. Each number is
    taken to its low and to its high end, and each event happens, one at a time; then the policy is played in states of
    the world that are drawn from all of them together: its mean, its worst states, and its largest regret against the
    other policies. All is paired on the same luck. With --out, tables (CSV) and figures are written to DIR; whatever
    breaks the work off, --resume then goes on after the replications that are finished.
    """
    check_options(how)
    from funnelsim.api.stresses import StressTest
    from funnelsim.cli.files import chosen_measures, open_scenario, warn_of_states
    from funnelsim.cli.run import with_run
    from funnelsim.errors import both, every
    from funnelsim.lab.stress import stress as put_under
    from funnelsim.report.stressed import stress_object

    names, (scenario, *opened) = both(
        lambda: chosen_measures(measures), lambda: every(open_scenario, [config, *others])
    )  # fmt: skip
    names = names or list(STRESS_MEASURES)
    scenario = with_run(scenario, seed=how.seed, replications=replications)
    warn_of_states(scenario, where=str(config))
    if scenario.run.replications < 2:
        raise click.UsageError("intervals need 2 replications or more; give --replications N")
    policies = dict(zip(labels_of(others), [scenario.policy, *(s.policy for s in opened)], strict=True))
    numbers = range(scenario.run.replications)
    with under_way(how, _study(config, others, scenario, names)) as work:
        finished = work.keep()
        with screen.progress("replications") as progress:
            found = put_under(
                scenario, policies, measures=names, replications=numbers, progress=progress, finished=finished,
                **work.where,
            )  # fmt: skip
    complete = is_complete(found.replications, len(numbers))
    answer = StressTest(found, scenario)
    work.tell(answer.text, stress_object(found, scenario) | {"complete": complete})
    if work.writes:
        files = {
            "stress.csv": answer.table,
            "states.csv": answer.states,
            "robust.csv": answer.robust,
            "stress.txt": answer.text,
            **{f"{name}.png": figure for name, figure in answer.figures().items()},
            "scenario.toml": scenario,
        }
        work.write(files, answer.imprint(), replications=list(found.replications), complete=complete)
    work.end(complete=complete)


def labels_of(others: Sequence[Path]) -> list[str]:
    """Return what to call each policy: the one in force, then each file's name, its path where another has that name.

    >>> labels_of([Path("a/policy_3.toml"), Path("b.toml")])
    ['in force', 'policy_3', 'b']
    """
    stems = [path.stem for path in others]
    names = [str(path) if stems.count(stem) > 1 else stem for path, stem in zip(others, stems, strict=True)]
    unique = [f"{name} ({at + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)]
    return [IN_FORCE, *unique]


def _study(config: Path, others: Sequence[Path], scenario: Scenario, names: Sequence[str]) -> Study:
    from funnelsim.report.studies import Study

    inputs = {"scenario": config, **{f"policy_{at + 1}": path for at, path in enumerate(others)}}
    if scenario.uncertain.posterior is not None:
        inputs["posterior"] = Path(scenario.uncertain.posterior)
    return Study("stress test", inputs, {"measures": list(names), "seed": scenario.run.seed})
