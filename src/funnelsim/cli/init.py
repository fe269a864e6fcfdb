"""`funnelsim init`: a commented scenario to start from."""

from __future__ import annotations

from pathlib import Path

import click

from funnelsim.cli import screen


@click.command()
@click.argument("file", type=click.Path(path_type=Path), default="funnel.toml")
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
def init(file: Path, force: bool) -> None:
    """Write a commented scenario to start from to FILE (funnel.toml unless given)."""
    from funnelsim.config.template import write_template

    write_template(file, force=force)
    screen.say(f"wrote {file}; change it into your own, then `funnelsim check {file}` and `funnelsim run {file}`")
