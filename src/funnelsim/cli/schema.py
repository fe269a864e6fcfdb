"""`funnelsim schema`: the JSON schema of scenarios."""

from __future__ import annotations

import click

from funnelsim.cli import screen


@click.command()
def schema() -> None:
    """Print the JSON schema of scenarios, for editors that complete and check TOML."""
    import json

    from funnelsim.config.schema import json_schema

    screen.show(json.dumps(json_schema(), indent=2))
