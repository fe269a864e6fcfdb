"""Commands that can be broken off and gone on with: what to type, and what goes together."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from funnelsim.cli import screen

if TYPE_CHECKING:
    from funnelsim.lab.kept import Kept


def check_resume(out: Path | None, *, resume: bool, force: bool) -> None:
    """Check that `--resume` has something to go on with, and is not asked for together with its contrary.

    Raises:
        UsageError: where that is not so.
    """
    if resume and force:
        raise click.UsageError("--resume goes on with what is in DIR and --force starts again: give one of them")
    if resume and out is None:
        raise click.UsageError("--resume needs --out DIR, the folder of the work that was broken off")


def again() -> str:
    """Return the present command as it was typed, without what changes nothing of its result."""
    return shlex.join(_typed(without=("force", "resume", "jobs", "cluster", "as_json")))


def again_with_resume() -> str:
    """Return the present command as it was typed, with `--resume`, without `--force`."""
    return shlex.join([*_typed(without=("force", "resume")), "--resume"])


def _typed(*, without: Collection[str]) -> list[str]:
    context = click.get_current_context()
    words = ["funnelsim", str(context.info_name)]
    for parameter in context.command.params:
        name = str(parameter.name)
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE and name not in without:
            words += _words(parameter, context.params[name])
    return words


def _words(parameter: click.Parameter, value: Any) -> list[str]:
    values = list(value) if parameter.multiple or parameter.nargs != 1 else [value]
    if isinstance(parameter, click.Argument):
        return [str(v) for v in values]
    if isinstance(parameter, click.Option) and parameter.is_flag:
        return [parameter.opts[0]] if value else []
    return [word for v in values for word in (parameter.opts[0], str(v))]


def tell_of_kept(kept: Kept[Any], *, resume: bool) -> None:
    """Tell, where `--resume` is given, how much is there to go on with."""
    if resume:
        finished = len(kept.answers())
        told = f"going on after {finished} replications that are finished" if finished else "nothing to go on with"
        screen.say(told if finished else f"{told}: starting")
