"""Arguments and options that several commands share, so that they are spelled and explained alike."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from funnelsim.engines.choice import Wish

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Command], Command]


class Share(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on only
    """A share above 0 and below 1, written 0.05 or 5%."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share that `value` writes."""
        text = str(value).strip()
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            self.fail(f"'{value}' is no share such as 0.05 or 5%", param, ctx)
        if not 0.0 < share < 1.0:
            self.fail(f"must be above 0 and below 1 (100%), got {value}", param, ctx)
        return share


SHARE = Share()


def available_cores() -> int:
    """Return how many processor cores this process may use, at least 1."""
    try:
        return max(1, len(os.sched_getaffinity(0)))
    except AttributeError:  # not on every system
        return max(1, os.cpu_count() or 1)


def config_argument(command: Command) -> Command:
    """Add the argument CONFIG, a path; that it is a scenario is checked when it is loaded."""
    return click.argument("config", type=click.Path(path_type=Path))(command)


def json_option(command: Command) -> Command:
    """Add `--json`: one JSON object on stdout in place of a table."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object in place of a table.")(command)


def out_option(command: Command) -> Command:
    """Add `--out DIR`, the folder for result files."""
    return click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Folder for the result files.")(
        command
    )


def jobs_option(command: Command) -> Command:
    """Add `--jobs J`, >= 1; the cores of the machine unless given. The result is the same for any number."""
    return click.option(
        "--jobs",
        type=click.IntRange(min=1),
        default=available_cores,
        show_default="the cores of this machine",
        metavar="J",
        help="Parallel processes; the result is the same for any number.",
    )(command)


def cluster_option(command: Command) -> Command:
    """Add `--cluster ADDRESS`, a dask scheduler, in place of own processes (see `cli.cluster`)."""
    return click.option(
        "--cluster",
        metavar="tcp://HOST:PORT",
        help="Play on the workers of this dask scheduler in place of processes here; same result, or refused.",
    )(command)


def resume_option(command: Command) -> Command:
    """Add `--resume`: go on with what was broken off."""
    return click.option(
        "--resume", is_flag=True, help="Go on with what was broken off in DIR; it ends as if it had not been."
    )(command)


def seed_option(command: Command) -> Command:
    """Add `--seed S`, >= 0, in place of the scenario's."""
    return click.option(
        "--seed", type=click.IntRange(min=0), metavar="S", help="Root of all luck, in place of run.seed; 0 is a seed."
    )(command)


def replications_option(command: Command) -> Command:
    """Add `--replications N`, >= 1, in place of the scenario's."""
    return click.option(
        "--replications",
        type=click.IntRange(min=1),
        metavar="N",
        help="How many replications, in place of run.replications.",
    )(command)


def engine_option(command: Command) -> Command:
    """Add `--engine`: which engine plays; the result is the same for any."""
    return click.option(
        "--engine",
        type=click.Choice(["auto", "reference", "compiled"]),
        default="auto",
        show_default=True,
        help="compiled needs numba and is many times as fast; auto takes it where it is installed. Same result.",
    )(command)


def force_option(command: Command) -> Command:
    """Add `--force`: write into a folder that holds something else."""
    return click.option("--force", is_flag=True, help="Write into DIR though it holds something else.")(command)


@dataclass(frozen=True, slots=True)
class StudyOptions:
    """What `study_options` asks of a command: its luck, where it plays, and what becomes of the result."""

    seed: int | None
    jobs: int
    cluster: str | None
    engine: Wish
    out: Path | None
    resume: bool
    force: bool
    as_json: bool


def study_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add what a study on replications takes: seed, where it runs, what engine plays, where it is written, and JSON.

    The command gets them as one argument, `how`.
    """
    names = [field.name for field in fields(StudyOptions)]

    @functools.wraps(command)
    def gathered(**given: Any) -> None:
        how = StudyOptions(**{name: given.pop(name) for name in names})
        command(how=how, **given)

    for option in (
        json_option, force_option, resume_option, out_option, engine_option, cluster_option, jobs_option, seed_option
    ):  # fmt: skip
        gathered = option(gathered)
    return gathered
