"""Scenario files and names of measures as commands read them; a warning where a team cannot keep up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from funnelsim.cli import screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.load import RoleLoad


def open_scenario(path: Path) -> Scenario:
    """Return the scenario at `path`; warns on stderr of roles that have too few people, or nobody for a time.

    Raises:
        InputError: with every fault of the file.
    """
    from funnelsim import load
    from funnelsim.errors import InputError
    from funnelsim.lab.load import offered_load
    from funnelsim.tuning.goals import bound_faults

    scenario = load(path)
    if faults := bound_faults(scenario.search, where=str(path)):
        raise InputError(faults)
    warn_of_overload(offered_load(scenario), where=str(path))
    warn_of_vacancies(scenario, where=str(path))
    return scenario


def warn_of_overload(loads: Sequence[RoleLoad], *, where: str) -> None:
    """Warn on stderr of each role whose offered load is above its capacity, naming both figures."""
    for load in loads:
        if load.cannot_keep_up:
            screen.warn(f"{where}: {load.in_words()}")


def warn_of_vacancies(scenario: Scenario, *, where: str) -> None:
    """Warn on stderr of each time in which nobody fills a role."""
    from funnelsim.lab.vacancies import vacancies

    for vacancy in vacancies(scenario):
        screen.warn(f"{where}: {vacancy.in_words()}")


def warn_of_states(scenario: Scenario, *, where: str) -> None:
    """Warn on stderr of each uncertain event whose weight in the states drawn is not its probability."""
    from funnelsim.lab.states import misweighted

    for event in misweighted(scenario):
        screen.warn(f"{where}: uncertain.events.{event.in_words()}")


def chosen_measures(given: Sequence[str], *, option: str = "--measures") -> list[str]:
    """Return the names that `option` lists, parted by commas, each once.

    Raises:
        InputError: with every name that is no measure.
    """
    from funnelsim.api.arguments import known_measures

    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    return known_measures(names, where=option, all_of_them="`funnelsim measures` prints them all")
