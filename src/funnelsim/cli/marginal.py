"""`funnelsim sensitivity --marginal`: what one step of each field is worth."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from funnelsim.cli import screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.cli.parts import How
    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.marginal import Step
    from funnelsim.lab.sensitivity import Values


def steps_of(scenario: Scenario, stepped: Sequence[str], spend: float) -> tuple[list[Step], list[str]]:
    """Return the steps that `--step` writes, else the usual ones, and in words those that rules do not allow.

    Raises:
        InputError: with every fault of what `--step` writes.
    """
    from funnelsim.errors import Fault, InputError
    from funnelsim.lab.marginal import read_step, usual_steps

    if not stepped:
        return usual_steps(scenario, spend=spend)
    steps, faults = [], list[Fault]()
    for text in stepped:
        try:
            steps.append(read_step(text, scenario))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return steps, []


def tell_marginal(
    scenario: Scenario, steps: list[Step], left_out: list[str], names: list[str], how: How
) -> bool:
    """Play the steps, tell what each is worth and write it; return whether all replications were finished."""
    from funnelsim.lab.marginal import marginal_values, settings_of
    from funnelsim.lab.sensitivity import play_settings
    from funnelsim.report.compared import comparison_frame, comparison_object, values_frame
    from funnelsim.report.figures_marginal import marginal_figure
    from funnelsim.report.marginals import marginal_text

    values: Values = {}
    numbers = range(scenario.run.replications)
    with screen.progress("replications") as progress:
        try:
            play_settings(
                scenario, settings_of(steps), measures=names, replications=numbers, jobs=how.jobs,
                engine=how.engine, progress=progress, on_result=values.__setitem__, executor=how.executor,
                finished=how.parts.of("steps"),
            )  # fmt: skip
        except KeyboardInterrupt:
            if len(values) < 2:
                raise
    complete = len(values) == len(numbers)
    if not complete:
        screen.warn(f"interrupted: what follows is of the {len(values)} of {len(numbers)} replications finished")
    found = marginal_values(values, steps, measures=names)
    currency, days = scenario.economics.currency, scenario.run.horizon_days
    heading = f"{scenario.name}, what one step is worth, seed {scenario.run.seed}"
    text = marginal_text(found, heading=heading, currency=currency, days=days, left_out=left_out)
    if how.as_json:
        told = comparison_object(found, seed=scenario.run.seed, complete=complete, currency=currency, days=days)
        screen.show(json.dumps(told | {"left_out": left_out}, allow_nan=False))
    else:
        screen.show(text.rstrip("\n"))
    if how.to is not None:
        rows = {
            r: tuple(dict(zip(names, map(float, row), strict=True)) for row in table) for r, table in values.items()
        }
        files = {
            "marginal.txt": text.encode(),
            "marginal.csv": comparison_frame(found, currency=currency).to_csv(index=False).encode(),
            "replications.csv": values_frame(rows, found.labels).to_csv(index=False).encode(),
        }
        imprint = how.to.imprint(scenario, found.replications)
        figure = marginal_figure(found, currency=currency, days=days, imprint=imprint)
        how.to.write(scenario, files, {"marginal.png": figure}, found.replications, complete=complete)
    return complete
