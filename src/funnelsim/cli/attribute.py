"""`funnelsim attribute`: why a measure misses a target or a plan."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import options, screen
from funnelsim.cli.again import again_with_resume, check_resume
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED, how_to_go_on
from funnelsim.cli.parts import parts_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.attribution import Attribution, Worth
    from funnelsim.lab.kept import Kept
    from funnelsim.records import Float64
    from funnelsim.report.studies import Study

YEAR_DAYS = 365


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
    config: Path,
    target: float | None,
    planned: Path | None,
    references: tuple[str, ...],
    measure: str | None,
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
    """Say why revenue in CONFIG misses a target or a plan: volume, quality, speed, effort, capacity.

    Each factor's part is what it would bring, were it as planned: its Shapley value over all 32 combinations, played on
    the same leads. The parts add up to the gap. With --out, tables (CSV) and a waterfall figure are written to DIR;
    whatever breaks the work off, --resume then goes on after the replications that are finished.
    """
    _check_use(target, planned, references, measure, out=out, force=force)
    check_resume(out, resume=resume, force=force)
    from funnelsim.cli.compare import chosen_measures
    from funnelsim.cli.files import open_scenario
    from funnelsim.cli.run import with_run
    from funnelsim.lab.attribution import attribute as judge
    from funnelsim.report.studies import Study, check_study_folder

    started = dt.datetime.now(dt.UTC)
    names = chosen_measures([measure or "revenue"], option="--measure")
    actual = with_run(open_scenario(config), seed=seed, replications=replications)
    if actual.run.replications < 2:
        raise click.UsageError("intervals need 2 replications or more; give --replications N")
    study = Study(
        "attribution",
        {"scenario": config} | ({} if planned is None else {"plan": planned}),
        {"measure": names[0], "target": target, "references": list(references), "seed": actual.run.seed},
    )
    plan = _plan(actual, planned, references)
    if out is not None:
        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    wanted = None if target is None else target * actual.run.horizon_days / YEAR_DAYS
    volume = None
    worth: Worth = {}
    with parts_in(out, study, resume=resume, force=force) as parts, cluster_at(cluster, engine=chosen) as there:
        how = _How(jobs, chosen, None if there is None else there.executor)
        if wanted is not None:
            plan, volume = _with_needed_leads(actual, plan, wanted, how)
        kept = parts.of("coalitions", volume=volume)
        try:
            _play(actual, plan, names[0], how, finished=kept, on_result=worth.__setitem__)
        except KeyboardInterrupt:
            if len(worth) < 2:
                raise
    complete = len(worth) == actual.run.replications
    if not complete:
        done = f"{len(worth)} of {actual.run.replications}"
        screen.warn(f"interrupted: what follows is of the {done} replications that are finished")
    found = judge(worth, actual, plan, measure=names[0], target=wanted, volume=volume)
    against = "the target" if planned is None else (plan.name or planned.stem)
    _tell(found, actual, against=against, complete=complete, as_json=as_json)
    if out is not None:
        again = again_with_resume().removesuffix(" --resume")
        _write(out, found, worth, actual, plan, against=against, study=study, engine=chosen, started=started,
               again=again, complete=complete)  # fmt: skip
    if not complete:
        screen.say(how_to_go_on(click.get_current_context()) or "")
        click.get_current_context().exit(INTERRUPTED)
    parts.remove()


def _check_use(
    target: float | None,
    planned: Path | None,
    references: Sequence[str],
    measure: str | None,
    *,
    out: Path | None,
    force: bool,
) -> None:
    if (target is None) == (planned is None):
        raise click.UsageError("give --target REVENUE or --plan PLAN.toml")
    if references and target is None:
        raise click.UsageError("--reference needs --target; a plan says itself what it counts on")
    if measure is not None and planned is None:
        raise click.UsageError("--measure needs --plan; --target is one of revenue")
    if measure in ("visitors", "visitor_to_lead_share"):
        raise click.UsageError(f"{measure} cannot be attributed: counted are leads")
    if force and out is None:
        raise click.UsageError("--force needs --out DIR")


def _plan(actual: Scenario, planned: Path | None, references: Sequence[str]) -> Scenario:
    from funnelsim.lab.factors import check_attributable
    from funnelsim.lab.reference_plan import by_the_standard

    if planned is not None:
        from funnelsim.cli.files import open_scenario

        plan = open_scenario(planned)
        check_attributable(actual, plan, where=str(planned))
        return plan
    return by_the_standard(actual, dict(_reference(text) for text in references))


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


@dataclass(frozen=True, slots=True)
class _How:
    """Where the replications are played."""

    jobs: int
    engine: Engine
    executor: Executor | None


def _with_needed_leads(actual: Scenario, plan: Scenario, wanted: float, how: _How) -> tuple[Scenario, float]:
    from funnelsim.lab.attribution import ALL_BUT_VOLUME, needed_volume, play_coalitions
    from funnelsim.lab.reference_plan import with_volume

    with screen.progress("leads that the target needs: replications") as progress:
        worth = play_coalitions(
            actual, plan, measure="revenue", replications=range(actual.run.replications), only=[ALL_BUT_VOLUME],
            jobs=how.jobs, engine=how.engine, executor=how.executor, progress=progress,
        )  # fmt: skip
    volume = needed_volume(worth, wanted, where="--target")
    return with_volume(plan, volume), volume


def _play(
    actual: Scenario,
    plan: Scenario,
    measure: str,
    how: _How,
    *,
    finished: Kept[Float64] | None,
    on_result: Callable[[int, Float64], None],
) -> None:
    from funnelsim.lab.attribution import play_coalitions

    with screen.progress("replications") as progress:
        play_coalitions(
            actual, plan, measure=measure, replications=range(actual.run.replications), jobs=how.jobs,
            engine=how.engine, executor=how.executor, progress=progress, on_result=on_result, finished=finished,
        )  # fmt: skip


def _tell(found: Attribution, actual: Scenario, *, against: str, complete: bool, as_json: bool) -> None:
    from funnelsim.report.attributions import attribution_object, attribution_text

    currency, days = actual.economics.currency, actual.run.horizon_days
    if as_json:
        told = attribution_object(
            found, against=against, seed=actual.run.seed, complete=complete, currency=currency, days=days
        )
        screen.show(json.dumps(told, allow_nan=False))
    else:
        heading = _heading(actual, against)
        screen.show(attribution_text(found, heading=heading, against=against, currency=currency, days=days).rstrip())


def _heading(actual: Scenario, against: str) -> str:
    return f"{actual.name} against {against}, seed {actual.run.seed}"


def _write(
    out: Path,
    found: Attribution,
    worth: Worth,
    actual: Scenario,
    plan: Scenario,
    *,
    against: str,
    study: Study,
    engine: Engine,
    started: dt.datetime,
    again: str,
    complete: bool,
) -> None:
    from funnelsim import __version__
    from funnelsim.config.dump import dump_toml
    from funnelsim.report.attributions import attribution_text, parts_frame, worth_frame
    from funnelsim.report.figures_attribution import waterfall_figure
    from funnelsim.report.figures_sheet import Imprint, png
    from funnelsim.report.results import replications_text
    from funnelsim.report.studies import Made, write_study

    currency, days = actual.economics.currency, actual.run.horizon_days
    imprint = Imprint(actual.name, actual.run.seed, replications_text(found.replications), __version__)
    text = attribution_text(found, heading=_heading(actual, against), against=against, currency=currency, days=days)
    figure = waterfall_figure(found, against=against, currency=currency, days=days, imprint=imprint)
    files = {
        "attribution.txt": text.encode(),
        "attribution.csv": parts_frame(found, currency=currency).to_csv(index=False).encode(),
        "coalitions.csv": worth_frame(worth).to_csv(index=False).encode(),
        "waterfall.png": png(figure, imprint),
        "scenario.toml": dump_toml(actual).encode(),
        "plan.toml": dump_toml(plan).encode(),
    }
    told = {
        "seed": actual.run.seed,
        "replications": list(found.replications),
        "complete": complete,
        "engine": engine.name,
    }
    write_study(out, files, study, Made(__version__, started, dt.datetime.now(dt.UTC), again, told))
    screen.say(f"written to {out}")
