"""`funnelsim tune`: search the policy for more revenue with fewer leads wasted."""

from __future__ import annotations

import shlex
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen
from funnelsim.cli.cluster import cluster_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Executor

    from funnelsim.engines.choice import Engine, Wish
    from funnelsim.tuning.confirmed import Confirmed
    from funnelsim.tuning.study import Progress, Tuned

TOLD = 4
"""Policies told in words on the screen; the others are in the table and the files."""
WIDEST = 100
"""Columns of a table; beyond them it is cut into one for each objective."""


@click.command()
@options.config_argument
@click.option(
    "--trials",
    type=click.IntRange(min=1),
    metavar="N",
    help="Policies to try, today's included, in place of search.trials.",
)
@options.jobs_option
@options.cluster_option
@options.engine_option
@click.option(
    "--cache-memory",
    type=click.IntRange(min=0),
    metavar="MIB",
    help="Most memory for drawn leads, all processes together; what does not fit is drawn again.  "
    "[default: a quarter of this machine's]",
)
@options.out_option
@click.option("--resume", is_flag=True, help="Go on with the study in DIR; it ends as if it had not been interrupted.")
@click.option("--force", is_flag=True, help="Start again where DIR holds a study or other files.")
@click.option(
    "--seed",
    type=click.IntRange(min=0, max=2**31 - 1),
    metavar="S",
    help="Root of all luck, the leads' and the sampler's, in place of run.seed and search.seed; 0 is a seed.",
)
@click.option(
    "--sampler",
    type=click.Choice(["tpe", "nsga2", "nsga3", "gp", "qmc", "random"]),
    help="What proposes policies, in place of search.sampler; gp needs the extra gp.",
)
@click.option(
    "--until-plateau",
    type=options.SHARE,
    is_flag=False,
    flag_value="1%",
    metavar="[SHARE]",
    help="Stop before --trials where the front's hypervolume grew by less than SHARE (1% unless given) over the last "
    "search.plateau_over policies; in place of search.plateau.",
)
@click.option(
    "--trade-off",
    metavar="TEXT",
    help="Name the policy to choose at a price, such as '500 per wasted lead'; in place of search.trade_off.",
)
@click.option(
    "--storage",
    envvar="FUNNELSIM_STORAGE",
    metavar="URL",
    help="Keep the policies in SQLite, PostgreSQL or Redis (sqlite:///studies.db, postgresql://user:password@host/db, "
    "redis://host), under the name of DIR, in place of a journal in DIR.  [env: FUNNELSIM_STORAGE]",
)
@options.json_option
def tune(
    config: Path,
    trials: int | None,
    jobs: int,
    cluster: str | None,
    engine: Wish,
    cache_memory: int | None,
    out: Path | None,
    resume: bool,
    force: bool,
    seed: int | None,
    sampler: str | None,
    until_plateau: float | None,
    trade_off: str | None,
    storage: str | None,
    as_json: bool,
) -> None:
    """Search the policy of CONFIG: which changes bring more of the objectives, and how sure that is.

    Writes the front of policies, each ready to run, into DIR (results/<name>-tune unless given). The search, the
    choice of what to report, and the report use seeds of their own, so that no figure is the luckiest of hundreds.
    """
    import datetime as dt

    from funnelsim import __version__
    from funnelsim.cli.failures import resume_with
    from funnelsim.cli.files import open_scenario, warn_of_states
    from funnelsim.report.search_figures import search_figures
    from funnelsim.tuning.evaluate import evaluating
    from funnelsim.tuning.goals import goals_of
    from funnelsim.tuning.plan import WORDS, Plan
    from funnelsim.tuning.storage import shown
    from funnelsim.tuning.study import tune as carry_through
    from funnelsim.tuning.writeout import write_results

    if resume and force:
        raise click.UsageError("--resume goes on with a study and --force starts again: give one of them")
    started = dt.datetime.now(dt.UTC)
    scenario = open_scenario(config)
    warn_of_states(scenario, where=str(config))
    given = {"seed": seed, "sampler": sampler, "plateau": until_plateau, "trade_off": _checked(trade_off)}
    run = scenario.run if seed is None else scenario.run.model_copy(update={"seed": seed})
    search = scenario.search.model_copy(update={key: value for key, value in given.items() if value is not None})
    scenario = scenario.model_copy(update={"run": run, "search": search})
    folder = out or Path("results") / f"{scenario.name or config.stem}-tune"
    goals = goals_of(scenario)
    chosen = screen.chosen_engine(engine)
    cache_bytes = None if cache_memory is None else cache_memory * 2**20
    plan = Plan(
        scenario, goals, folder, __version__, trials=trials, resume=resume, force=force, engine=chosen.name,
        storage=storage,
    )  # fmt: skip
    kept = {
        "--trials": trials,
        "--seed": seed,
        "--sampler": sampler,
        "--until-plateau": until_plateau,
        "--trade-off": trade_off,
        "--storage": None if storage is None else shown(storage),
    }
    resume_with(_again(config, folder, kept))
    with cluster_at(cluster, engine=chosen) as there:
        executors = () if there is None else there.each
        if there is not None and cache_bytes is None:
            cache_bytes = there.bytes_each * len(there.each)
        with _PhaseBars() as progress:
            tuned = carry_through(
                plan,
                lambda: evaluating(scenario, jobs=jobs, engine=chosen, cache_bytes=cache_bytes, executors=executors),
                progress=progress,
                note=screen.warn,
            )
        robust = _confirmed(tuned, jobs=jobs, engine=chosen, executor=None if there is None else there.executor)
    more = {WORDS: _words(tuned, robust).encode(), **search_figures(tuned), **_robust_files(tuned, robust)}
    files = write_results(tuned, more=more, started=started, finished=dt.datetime.now(dt.UTC))
    _tell(tuned, robust, files, as_json=as_json)


def _confirmed(tuned: Tuned, *, jobs: int, engine: Engine, executor: Executor | None) -> Confirmed | None:
    from funnelsim.tuning.confirmed import confirmed

    if not tuned.plan.scenario.uncertain.anything:
        return None
    with screen.progress("states of the world, replications") as progress:
        return confirmed(tuned, jobs=jobs, engine=engine, executor=executor, progress=progress)


def _robust_files(tuned: Tuned, robust: Confirmed | None) -> dict[str, bytes]:
    from funnelsim.report.findings_robust import robust_files

    return {} if robust is None else robust_files(tuned, robust)


def _checked(trade_off: str | None) -> str | None:
    """Return the trade-off as given, having read it."""
    from funnelsim.config.trade_off import TradeOff

    if trade_off is not None:
        try:
            TradeOff.parse(trade_off)
        except ValueError as error:
            raise click.BadParameter(f"{error}, got '{trade_off}'", param_hint="--trade-off") from None
    return trade_off


def _again(config: Path, folder: Path, given: Mapping[str, object]) -> str:
    """Return the command that goes on with this study; options that were not given are None."""
    words = ["funnelsim", "tune", str(config), "--resume", "--out", str(folder)]
    for option, value in given.items():
        words += [] if value is None else [option, str(value)]
    return shlex.join(words)


class _PhaseBars:
    """A bar on stderr for each phase of the study, one after the other."""

    def __init__(self) -> None:
        self._bars = ExitStack()
        self._phase = ""
        self._show: screen.Progress = lambda done, total: None

    def __enter__(self) -> Progress:
        return self._update

    def __exit__(self, *error: object) -> None:
        self._bars.close()

    def _update(self, phase: str, done: int, total: int) -> None:
        if phase != self._phase:
            self._bars.close()
            self._phase = phase
            self._show = self._bars.enter_context(screen.progress(f"{phase}, evaluations"))
        self._show(done, total)


def _tell(tuned: Tuned, robust: Confirmed | None, files: list[str], *, as_json: bool) -> None:
    import json

    from funnelsim.report.findings_object import findings_object
    from funnelsim.report.findings_robust import robust_object

    if as_json:
        over_states = {} if robust is None else {"robust": robust_object(tuned, robust)}
        screen.show(json.dumps({**findings_object(tuned), **over_states}, allow_nan=False))
        return
    screen.show(_words(tuned, robust, most=TOLD).rstrip("\n"))
    names = ["policy_<n>.toml" if name.startswith("policy_") else name for name in files]
    screen.say(f"written to {tuned.plan.folder}: {', '.join(dict.fromkeys(names))}")


def _words(tuned: Tuned, robust: Confirmed | None, *, most: int | None = None) -> str:
    """Return the findings in words; at most `most` policies are told one by one."""
    from funnelsim.report import findings, findings_robust, findings_search, findings_verdict

    def tabled(table: tuple[list[str], list[list[str]]], *notes: str) -> str:
        headings, rows = table
        return "\n".join([screen.table(headings, rows).rstrip("\n"), *notes]) if rows else ""

    def narrow(table: tuple[list[str], list[list[str]]], *notes: str) -> str:
        """Give the table of all objectives, one below the other where they are too wide together."""
        headings, rows = table
        whole = tabled(table, *notes)
        if max(len(line) for line in screen.table(headings, rows).splitlines()) <= WIDEST:
            return whole
        parts = []
        for begin in range(1, len(headings) - 1, 3):  # three columns of each objective
            last = begin + 3 >= len(headings) - 1
            picked = [0, *range(begin, begin + 3), *([len(headings) - 1] if last else [])]
            part = [headings[at] for at in picked], [[row[at] for at in picked] for row in rows]
            parts.append(tabled(part, *(notes if last else ())))
        return "\n\n".join(parts)

    told = findings.told_first(tuned, most=len(tuned.report.policies) if most is None else most)
    parts = [
        "\n".join([*findings_verdict.verdict_lines(tuned), *findings_search.choice_lines(tuned)]),
        narrow(findings.overview(tuned), *findings_verdict.notes(tuned)),
        tabled(findings_search.front_table(tuned), *findings_search.front_notes(tuned)),
        "" if robust is None else "\n".join(findings_robust.robust_words(tuned, robust)),
        *("\n".join(findings.policy_lines(tuned, policy)) for policy in told),
        tabled(findings_search.importance_table(tuned), findings_search.importance_note(tuned)),
        "\n".join([*findings_search.history_lines(tuned), findings_verdict.method_line(tuned)]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
