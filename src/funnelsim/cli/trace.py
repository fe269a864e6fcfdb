"""`funnelsim trace`: the life of one lead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funnelsim.cli import options, screen

if TYPE_CHECKING:
    from funnelsim.engines.choice import Wish


@click.command()
@options.config_argument
@click.option("--lead", type=click.IntRange(min=0), required=True, metavar="I", help="Which lead, from 0.")
@click.option(
    "--replication", type=click.IntRange(min=0), default=0, show_default=True, metavar="K", help="In which replication."
)
@options.seed_option
@options.engine_option
@options.json_option
def trace(config: Path, lead: int, replication: int, seed: int | None, engine: Wish, as_json: bool) -> None:
    """Tell the life of one lead of CONFIG: what it did, what was done to it and when, and what became of it.

    Lines in brackets are what the simulation knows and sales do not. Leads are numbered as in leads.csv.
    """
    from funnelsim import load
    from funnelsim.cli.run import with_run
    from funnelsim.lab.play import draw, play
    from funnelsim.report.timeline import timeline_text, timeline_values

    scenario = with_run(load(config), seed=seed)
    leads = draw(scenario, replication)
    if lead >= leads.n:
        raise click.BadParameter(
            f"replication {replication} has {leads.n} leads, 0 to {leads.n - 1}", param_hint="'--lead'"
        )
    played = play(scenario, leads, engine=screen.chosen_engine(engine))
    if as_json:
        screen.show(json.dumps(timeline_values(played, lead), allow_nan=False))
    else:
        screen.show(timeline_text(played, lead).rstrip("\n"))
