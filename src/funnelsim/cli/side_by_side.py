"""Scenarios that are played side by side: several files, or one over the values of a sweep."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import screen

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.sweep import Axis, Sweep
    from funnelsim.report.studies import Study


def check_use(configs: Sequence[Path], *, swept: Sequence[str]) -> None:
    """Check that files and sweep go together.

    Raises:
        UsageError: where they do not.
    """
    if swept and len(configs) > 1:
        raise click.UsageError("--sweep varies one CONFIG; several are compared as they are")
    if len(swept) > 2:
        raise click.UsageError("--sweep can be given twice at most")
    if not swept and len(configs) < 2:
        raise click.UsageError("give two CONFIGS or more, or one and --sweep FIELD=LOW:HIGH:STEP")


def opened(
    configs: Sequence[Path], measures: Callable[[], list[str]], swept: Sequence[str]
) -> tuple[list[str], list[Scenario], list[Axis]]:
    """Return the measures named, the scenarios and the axes of the sweep.

    Raises:
        InputError: with the faults of all three.
    """
    from funnelsim.cli.files import open_scenario
    from funnelsim.errors import both, every
    from funnelsim.lab.sweep import read_axis

    named, (scenarios, axes) = both(
        measures, lambda: both(lambda: every(open_scenario, configs), lambda: every(read_axis, swept))
    )
    return named, scenarios, axes


def arranged(
    configs: Sequence[Path], scenarios: Sequence[Scenario], axes: Sequence[Axis]
) -> tuple[Sweep | None, list[Scenario], list[str]]:
    """Return the sweep, if it is one, and the scenarios that stand side by side, with what to call each.

    Raises:
        InputError: where a combination of the sweep breaks a rule.
    """
    from funnelsim.lab.sweep import sweep

    if not axes:
        return None, list(scenarios), labels_of(configs, scenarios)
    grid = sweep(scenarios[0], axes, where=str(configs[0]))
    return grid, list(grid.scenarios), list(grid.labels)


def study_of(kind: str, configs: Sequence[Path], **settings: Any) -> Study:
    """Return what identifies a study of several scenarios."""
    from funnelsim.report.studies import Study

    return Study(kind, {f"scenario_{at + 1}": path for at, path in enumerate(configs)}, settings)


def as_files(scenarios: Sequence[Scenario]) -> dict[str, Scenario]:
    """Return the scenarios as files, by name."""
    return {f"scenario_{at + 1}.toml": scenario for at, scenario in enumerate(scenarios)}


def labels_of(paths: Sequence[Path], scenarios: Sequence[Scenario]) -> list[str]:
    """Return what to call each scenario: its name, its path where another has that name, numbered where both are."""
    names = [s.name or path.stem for path, s in zip(paths, scenarios, strict=True)]
    names = [str(path) if names.count(name) > 1 else name for path, name in zip(paths, names, strict=True)]
    return [f"{name} ({at + 1})" if names.count(name) > 1 else name for at, name in enumerate(names)]


def tell_of_luck(scenarios: Sequence[Scenario], labels: Sequence[str]) -> None:
    """Tell on stderr whose leads or seed are not those of the first."""
    from funnelsim.lab.compare import same_leads

    for scenario, label in zip(scenarios[1:], labels[1:], strict=False):
        if not same_leads(scenario, scenarios[0]):
            screen.say(f"{label}: its market or economics are not those of {labels[0]}, so its leads differ too")
        if scenario.run.seed != scenarios[0].run.seed:
            screen.say(f"{label}: played with the seed of {labels[0]}, {scenarios[0].run.seed}")
