"""`funnelsim check`: what is wrong with scenarios, or what they amount to."""

from __future__ import annotations

from pathlib import Path

import click

from funnelsim.cli import screen


@click.command()
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with each FILE, every fault at once, or what the scenario amounts to.

    Warns of a role whose offered load is above its capacity, or that nobody fills for a time, and of uncertain events
    whose weight in the states drawn is not their probability. Exit code 3 where a file has a fault.
    """
    from funnelsim import load
    from funnelsim.cli.files import warn_of_overload, warn_of_states, warn_of_vacancies
    from funnelsim.cli.summary import summary_of
    from funnelsim.errors import Fault, InputError
    from funnelsim.lab.load import offered_load

    faults: list[Fault] = []
    for file in files:
        try:
            scenario = load(file)
        except InputError as error:
            faults += error.faults
            continue
        loads = offered_load(scenario)
        screen.show(summary_of(scenario, loads, where=str(file)))
        warn_of_overload(loads, where=str(file))
        warn_of_vacancies(scenario, where=str(file))
        warn_of_states(scenario, where=str(file))
    if faults:
        raise InputError(faults)
