"""`funnelsim sensitivity --marginal`: what one step of each field is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funnelsim.cli import screen
from funnelsim.cli.study import interruptible, is_complete

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funnelsim.cli.study import UnderWay
    from funnelsim.config.scenario import Scenario
    from funnelsim.lab.marginal import Step
    from funnelsim.lab.sensitivity import Values


def steps_of(scenario: Scenario, stepped: Sequence[str], spend: float) -> tuple[list[Step], list[str]]:
    """Return the steps that `--step` writes, else the usual ones, and in words those that rules do not allow.

    Raises:
        InputError: with every fault of what `--step` writes.
    """
    from funnelsim.errors import every
    from funnelsim.lab.marginal import read_step, usual_steps

    if not stepped:
        return usual_steps(scenario, spend=spend)
    return every(lambda text: read_step(text, scenario), stepped), []


def tell_marginal(
    scenario: Scenario, steps: list[Step], left_out: list[str], names: list[str], work: UnderWay
) -> bool:
    """Play the steps, tell what each is worth and write it; return whether all replications were finished."""
    from funnelsim.api.questions import Marginal
    from funnelsim.api.shown import units_of
    from funnelsim.lab.marginal import marginal_values, settings_of
    from funnelsim.lab.sensitivity import play_settings
    from funnelsim.report.compared import comparison_object, values_frame

    values: Values = {}
    numbers, finished = range(scenario.run.replications), work.keep("steps")
    with screen.progress("replications") as progress, interruptible(values):
        play_settings(
            scenario, settings_of(steps), measures=names, replications=numbers, progress=progress,
            on_result=values.__setitem__, finished=finished, **work.where,
        )  # fmt: skip
    complete = is_complete(values, len(numbers))
    answer = Marginal(marginal_values(values, steps, measures=names), scenario, tuple(left_out))
    told = comparison_object(answer.comparison, seed=scenario.run.seed, complete=complete, **units_of(scenario))
    work.tell(answer.text, told | {"left_out": left_out})
    if work.writes:
        rows = {
            r: tuple(dict(zip(names, map(float, row), strict=True)) for row in table) for r, table in values.items()
        }
        files = {
            "marginal.txt": answer.text,
            "marginal.csv": answer.table,
            "replications.csv": values_frame(rows, answer.comparison.labels),
            "marginal.png": answer.figure(),
            "scenario.toml": scenario,
        }
        work.write(files, answer.imprint(), replications=sorted(values), complete=complete)
    return complete
