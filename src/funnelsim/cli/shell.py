"""The shell: finds commands by name without importing the others, and turns failures into messages and exit codes."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click

from funnelsim.cli.failures import explained


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and what `funnelsim --help` says of it."""

    module: str
    name: str
    summary: str


COMMANDS = {
    "init": Entry("funnelsim.cli.init", "init", "Write a commented scenario to start from."),
    "check": Entry("funnelsim.cli.check", "check", "Say what is wrong with scenarios, or what they amount to."),
    "run": Entry("funnelsim.cli.run", "run", "Simulate a scenario and print its measures."),
    "compare": Entry("funnelsim.cli.compare", "compare", "Compare scenarios, or policies, on the same leads."),
    "select": Entry("funnelsim.cli.select", "select", "Select the best of many, with a guarantee or within a budget."),
    "stress": Entry("funnelsim.cli.stress", "stress", "Tell what policies do where the world is not as written."),
    "sensitivity": Entry("funnelsim.cli.sensitivity", "sensitivity", "Find what matters, and what one step is worth."),
    "attribute": Entry("funnelsim.cli.attribute", "attribute", "Say why revenue misses a target or a plan."),
    "tune": Entry("funnelsim.cli.tune", "tune", "Search the policy for more revenue with fewer leads wasted."),
    "dashboard": Entry("funnelsim.cli.dashboard", "dashboard", "Look at a search in the browser while it runs."),
    "calibrate": Entry("funnelsim.cli.calibrate", "calibrate", "Make a scenario of a CRM's export."),
    "backtest": Entry("funnelsim.cli.backtest", "backtest", "Compare a scenario with what happened."),
    "replay": Entry("funnelsim.cli.replay", "replay", "Play an export's leads again under another policy."),
    "trace": Entry("funnelsim.cli.trace", "trace", "Tell the life of one lead."),
    "map": Entry("funnelsim.cli.map", "map_files", "Propose a mapping that reads a CRM's export."),
    "measures": Entry("funnelsim.cli.measures", "measures", "List every measure with unit and definition."),
    "schema": Entry("funnelsim.cli.schema", "schema", "Print the JSON schema of scenarios, for editors."),
}


class Shell(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, in the order of `--help`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command called `cmd_name`, importing its module, or None."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that `args` name; where there is none, fail with the nearest."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else f" (there are {', '.join(COMMANDS)})"
            ctx.fail(f"no such command '{args[0]}'{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; explain what goes wrong on stderr and end with its exit code."""
        with explained(ctx, debug=bool(ctx.params.get("debug"))):
            return super().invoke(ctx)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from funnelsim import __version__

        click.echo(f"funnelsim {__version__}")
        ctx.exit()


@click.group(cls=Shell, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of what goes wrong.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def funnelsim(debug: bool) -> None:
    """Find the scoring cutoffs and the sales-and-marketing agreement that bring most revenue with fewest leads wasted.

    Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 a worker lost or memory short, 2 wrong use,
    3 faulty input, 4 a study begun with other settings, 5 a result that cannot be written or read, 70 an internal
    error, 130 interrupted.
    """
