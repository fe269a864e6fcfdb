"""`funnelsim dashboard`: a search in the browser."""

from __future__ import annotations

import click

from funnelsim.cli import screen


@click.command()
@click.argument("place", metavar="DIR|URL")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.",
)
def dashboard(place: str, host: str, port: int) -> None:
    """Show the search in DIR, a folder of `funnelsim tune`, or all searches of a storage's URL, in the browser.

    Needs optuna-dashboard (pip install 'funnelsim[dashboard]'). It shows what the search has tried so far, while it
    runs; what is worth anything is in findings.txt. Ctrl-C ends it.
    """
    from funnelsim.tuning.dashboard import serve
    from funnelsim.tuning.storage import shown

    try:
        serve(
            place, host=host, port=port, ready=lambda at: screen.say(f"{shown(place)}: open {at} (Ctrl-C ends it)")
        )
    except KeyboardInterrupt:
        screen.say("ended")
