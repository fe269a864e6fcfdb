"""`funnelsim attribute`: why a measure misses a target or a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import options, screen
from funnelsim.cli.study import check_options, interruptible, is_complete, under_way

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.attribution import Worth


@click.command()
@options.config_argument
@click.option(
    "--target", type=click.FloatRange(min=0, min_open=True), metavar="REVENUE",
    help="Revenue wanted a year; the plan behind it is to be worked as run.standard says, with reps enough.",
)  # fmt: skip
@click.option(
    "--plan", "planned", type=click.Path(path_type=Path), metavar="PLAN.toml",
    help="A scenario: what was planned. CONFIG is what is.",
)  # fmt: skip
@click.option(
    "--reference", "references", multiple=True, metavar="FIELD=VALUE",
    help="With --target: what the plan counts on beyond the standard, such as scoring.cutoff=50 or "
    "market.fit.able_share=0.5.",
)  # fmt: skip
@click.option(
    "--measure", metavar="M", help="With --plan: what is missed (see `funnelsim measures`).  [default: revenue]"
)
@click.option(
    "--replications", type=click.IntRange(min=2), metavar="N", help="How many, in place of run.replications."
)
@options.study_options
def attribute(
    how: options.StudyOptions,
    config: Path,
    target: float | None,
    planned: Path | None,
    references: tuple[str, ...],
    measure: str | None,
    replications: int | None,
) -> None:
    """Say why revenue in CONFIG misses a target or a plan: volume, quality, speed, effort, capacity.

    Each factor's part is what it would bring, were it as planned: its Shapley value over all 32 combinations, played on
    the same leads. The parts add up to the gap. With --out, tables (CSV) and a waterfall figure are written to DIR;
    whatever breaks the work off, --resume then goes on after the replications that are finished.
    """
    check_options(how)
    _check_use(target, planned, references, measure)
    from funnelsim.api.attributions import Attributed
    from funnelsim.api.shown import units_of
    from funnelsim.cli.run import with_run
    from funnelsim.lab.attribution import attribute as judge
    from funnelsim.lab.attribution import play_coalitions
    from funnelsim.lab.factors import check_attributable
    from funnelsim.lab.reference_plan import by_the_standard, over_the_window, with_needed_leads
    from funnelsim.report.attributions import attribution_object
    from funnelsim.report.studies import Study

    name, actual, plan, counted_on = _opened(config, planned, references, measure or "revenue")
    actual = with_run(actual, seed=how.seed, replications=replications)
    if actual.run.replications < 2:
        raise click.UsageError("intervals need 2 replications or more; give --replications N")
    study = Study(
        "attribution",
        {"scenario": config} | ({} if planned is None else {"plan": planned}),
        {"measure": name, "target": target, "references": list(references), "seed": actual.run.seed},
    )
    if plan is None:
        plan = by_the_standard(actual, counted_on)
    else:
        check_attributable(actual, plan, where=str(planned))
    wanted = None if target is None else over_the_window(target, actual)
    numbers, volume = range(actual.run.replications), None
    worth: Worth = {}
    with under_way(how, study) as work:
        if wanted is not None:
            with screen.progress("leads that the target needs: replications") as progress:
                plan, volume = with_needed_leads(
                    actual, plan, wanted, replications=numbers, where="--target", progress=progress, **work.where
                )  # fmt: skip
        finished = work.keep("coalitions", volume=volume)
        with screen.progress("replications") as progress, interruptible(worth):
            play_coalitions(
                actual, plan, measure=name, replications=numbers, progress=progress, on_result=worth.__setitem__,
                finished=finished, **work.where,
            )  # fmt: skip
    complete = is_complete(worth, len(numbers))
    found = judge(worth, actual, plan, measure=name, target=wanted, volume=volume)
    answer = Attributed(found, worth, actual, plan)
    told = attribution_object(
        found, against=answer.against, seed=actual.run.seed, complete=complete, **units_of(actual)
    )  # fmt: skip
    work.tell(answer.text, told)
    if work.writes:
        files = {
            "attribution.txt": answer.text,
            "attribution.csv": answer.table,
            "coalitions.csv": answer.combinations,
            "waterfall.png": answer.figure(),
            "scenario.toml": actual,
            "plan.toml": plan,
        }
        work.write(files, answer.imprint(), replications=list(found.replications), complete=complete)
    work.end(complete=complete)


def _check_use(
    target: float | None, planned: Path | None, references: Sequence[str], measure: str | None
) -> None:
    from funnelsim.lab.attribution import NOT_OFFERED

    if (target is None) == (planned is None):
        raise click.UsageError("give --target REVENUE or --plan PLAN.toml")
    if references and target is None:
        raise click.UsageError("--reference needs --target; a plan says itself what it counts on")
    if measure is not None and planned is None:
        raise click.UsageError("--measure needs --plan; --target is one of revenue")
    if measure in NOT_OFFERED:
        raise click.UsageError(f"{measure} cannot be attributed: counted are leads")


def _opened(
    config: Path, planned: Path | None, references: Sequence[str], measure: str
) -> tuple[str, Scenario, Scenario | None, dict[str, Any]]:
    """Return the measure's name, what is, what was planned if that was written down, and what a target counts on.

    Raises:
        InputError: with the faults of all four.
    """
    from funnelsim.cli.files import chosen_measures, open_scenario
    from funnelsim.errors import both, every

    files = [config] if planned is None else [config, planned]
    [name], (opened, counted_on) = both(
        lambda: chosen_measures([measure], option="--measure"),
        lambda: both(lambda: every(open_scenario, files), lambda: every(_reference, references)),
    )
    return name, opened[0], opened[1] if planned is not None else None, dict(counted_on)


def _reference(text: str) -> tuple[str, Any]:
    from funnelsim.errors import Fault, InputError

    path, equals, value = (part.strip() for part in text.partition("="))
    if not equals or not value or not path:
        raise InputError([Fault(f"--reference {text}", "", "must be FIELD=VALUE")])
    if value.lower() in ("true", "false"):
        return path.removeprefix("policy."), value.lower() == "true"
    try:
        number = float(value)
    except ValueError:
        return path.removeprefix("policy."), value
    return path.removeprefix("policy."), number
