"""`funnelsim stress`: what policies do where the world is not as written."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.lab.stress import Stressed
    from funnelsim.report.studies import Study

MEASURES = ("revenue", "leads_wasted_share", "first_touch_attainment")
IN_FORCE = "in force"


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
    help=f"What to tell (see `funnelsim measures`).  [default: {','.join(MEASURES)}]",
)
@click.option(
    "--replications", type=click.IntRange(min=2), metavar="N", help="How many, in place of run.replications."
)
@options.seed_option
@options.jobs_option
@options.engine_option
@options.out_option
@options.force_option
@options.json_option
def stress(
    config: Path,
    others: tuple[Path, ...],
    measures: tuple[str, ...],
    replications: int | None,
    seed: int | None,
    jobs: int,
    engine: Wish,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Tell what the policy of CONFIG does where its world is not as written.

    CONFIG says in [uncertain] what is not known: ranges of numbers, events, draws of a calibration. Each number is
    taken to its low and to its high end, and each event happens, one at a time; then the policy is played in states of
    the world that are drawn from all of them together: its mean, its worst states, and its largest regret against the
    other policies. All is paired on the same luck. With --out, tables (CSV) and figures are written to DIR.
    """
    from funnelsim.cli.compare import chosen_measures
    from funnelsim.cli.files import open_scenario, warn_of_states
    from funnelsim.cli.run import with_run
    from funnelsim.lab.stress import stress as put_under
    from funnelsim.report.stressed import stress_object, stress_text
    from funnelsim.report.studies import check_study_folder

    started = dt.datetime.now(dt.UTC)
    if force and out is None:
        raise click.UsageError("--force needs --out DIR")
    names = chosen_measures(measures) or list(MEASURES)
    scenario = with_run(open_scenario(config), seed=seed, replications=replications)
    warn_of_states(scenario, where=str(config))
    if scenario.run.replications < 2:
        raise click.UsageError("intervals need 2 replications or more; give --replications N")
    opened = [open_scenario(path) for path in others]
    policies = dict(zip(labels_of(others), [scenario.policy, *(s.policy for s in opened)], strict=True))
    study = _study(config, others, scenario, names, seed=scenario.run.seed)
    if out is not None:
        check_study_folder(out, study, force=force)
    chosen = screen.chosen_engine(engine)
    with screen.progress("replications") as progress:
        found = put_under(
            scenario,
            policies,
            measures=names,
            replications=range(scenario.run.replications),
            jobs=jobs,
            engine=chosen,
            progress=progress,
        )
    if as_json:
        screen.show(json.dumps(stress_object(found, scenario), allow_nan=False))
    else:
        screen.show(stress_text(found, scenario).rstrip("\n"))
    if out is not None:
        words = ["funnelsim", "stress", str(config), *(w for path in others for w in ("--policy", str(path)))]
        words += ["--measures", ",".join(names), "--replications", str(scenario.run.replications)]
        words += [] if seed is None else ["--seed", str(seed)]
        again = shlex.join([*words, "--out", str(out)])
        _write(out, found, scenario, study=study, engine=chosen, started=started, again=again)


def labels_of(others: Sequence[Path]) -> list[str]:
    """Return what to call each policy: the one in force, then each file's name, its path where another has that name.

    >>> labels_of([Path("a/policy_3.toml"), Path("b.toml")])
    ['in force', 'policy_3', 'b']
    """
    stems = [path.stem for path in others]
    names = [str(path) if stems.count(stem) > 1 else stem for path, stem in zip(others, stems, strict=True)]
    unique = [f"{name} ({at + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)]
    return [IN_FORCE, *unique]


def _study(config: Path, others: Sequence[Path], scenario: Scenario, names: Sequence[str], *, seed: int) -> Study:
    from funnelsim.report.studies import Study

    inputs = {"scenario": config, **{f"policy_{at + 1}": path for at, path in enumerate(others)}}
    if scenario.uncertain.posterior is not None:
        inputs["posterior"] = Path(scenario.uncertain.posterior)
    return Study("stress test", inputs, {"measures": list(names), "seed": seed})


def _write(
    out: Path,
    found: Stressed,
    scenario: Scenario,
    *,
    study: Study,
    engine: Engine,
    started: dt.datetime,
    again: str,
) -> None:
    from funnelsim import __version__
    from funnelsim.config.dump import dump_toml
    from funnelsim.report.figures_sheet import Imprint, png
    from funnelsim.report.figures_stress import states_figure, stress_figure
    from funnelsim.report.results import replications_text
    from funnelsim.report.stressed import robust_frame, states_frame, stress_frame, stress_text
    from funnelsim.report.studies import Made, write_study

    imprint = Imprint(scenario.name, scenario.run.seed, replications_text(found.replications), __version__)
    robust = list(found.robust.values())
    frame = robust_frame(robust, found.labels, currency=scenario.economics.currency)
    files = {
        "stress.csv": stress_frame(found, scenario).to_csv(index=False).encode(),
        "states.csv": states_frame(found, scenario).to_csv(index=False).encode(),
        "robust.csv": frame.to_csv(index=False).encode(),
        "stress.txt": stress_text(found, scenario).encode(),
        "scenario.toml": dump_toml(scenario).encode(),
    }
    if found.stresses:
        files["stress.png"] = png(stress_figure(found, scenario, imprint), imprint)
    if robust:
        files["states.png"] = png(states_figure(robust, found.labels, scenario, imprint), imprint)
    figures = {"seed": scenario.run.seed, "replications": list(found.replications), "engine": engine.name}
    write_study(out, files, study, Made(__version__, started, dt.datetime.now(dt.UTC), again, figures))
    screen.say(f"written to {out}")
