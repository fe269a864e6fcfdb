"""Arguments and options of the commands that read a CRM's export."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from funnelsim.cli import screen

if TYPE_CHECKING:
    from funnelsim.calibration.importing import Imported

Command = TypeVar("Command", bound=Callable[..., Any])
_FILE = click.Path(path_type=Path, dir_okay=False)


def day_option(*names: str, meaning: str) -> Callable[[Command], Command]:
    """Return an option that takes a date such as 2023-12-01 and gives a `date`, or None."""

    def to_date(_: click.Context, __: click.Parameter, value: dt.datetime | None) -> dt.date | None:
        return None if value is None else value.date()

    return click.option(*names, type=click.DateTime(["%Y-%m-%d"]), callback=to_date, metavar="D", help=meaning)


def history_options(command: Command) -> Command:
    """Add `--touches`, `--spend` and `--mapping`."""
    for option in (
        click.option("--mapping", required=True, metavar="M", help="How they are read: a file, or a shipped name."),
        click.option("--spend", type=_FILE, metavar="F", help="CSV of marketing spend."),
        click.option("--touches", type=_FILE, metavar="F", help="CSV of calls and e-mails."),
    ):
        command = option(command)
    return command


def leads_option(command: Command) -> Command:
    """Add `--leads F`, for commands whose argument is a scenario."""
    return click.option("--leads", type=_FILE, required=True, metavar="F", help="CSV of leads.")(command)


def period_options(command: Command) -> Command:
    """Add `--from D` and `--to D`: the leads created from the one day to the other."""
    for option in (
        day_option("--to", "last", meaning="Last day of the leads looked at."),
        day_option("--from", "first", meaning="First day of the leads looked at."),
    ):
        command = option(command)
    return command


def force_option(command: Command) -> Command:
    """Add `--force`."""
    return click.option("--force", is_flag=True, help="Write into DIR though it holds something else.")(command)


def read_history(leads: Path, *, touches: Path | None, spend: Path | None, mapping: str) -> Imported:
    """Return the imported export, telling on stderr what was read and what that costs.

    Raises:
        InputError: with every fault of the files and the mapping.
    """
    from funnelsim.calibration.importing import import_history

    imported = import_history(leads, touches=touches, spend=spend, mapping=mapping)
    history = imported.history
    kept = {"leads": history.leads.n, "touches": 0 if history.touches is None else history.touches.n}
    for table, rows in history.read.items():
        unreadable = history.unreadable.get(table, 0)
        left = f", {kept[table]:,} left after cleaning" if table in kept else ""
        screen.say(f"{table}: {rows:,} rows read{left}" + (f", {unreadable:,} unreadable" if unreadable else ""))
    for note in history.notes:
        screen.warn(note)
    return imported


def inputs_of(leads: Path, *, touches: Path | None, spend: Path | None, mapping: str) -> dict[str, Path]:
    """Return the input files by role, those that were given."""
    files = {"leads": leads, "touches": touches, "spend": spend, "mapping": Path(mapping)}
    return {role: path for role, path in files.items() if path is not None}


def again(command: str, arguments: list[Any], options: dict[str, Any]) -> str:
    """Return the command line that does the same again; options that are None or False are left out."""
    words = ["funnelsim", command, *(str(argument) for argument in arguments)]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif value is not None and value is not False:
            words += [f"--{name}", str(value)]
    return shlex.join(words)
