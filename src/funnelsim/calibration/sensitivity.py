"""What a faster desk would be worth, by how much of the observed effect of delay is taken to be caused by delay."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.lab.processes import Progress, for_each_replication
from funnelsim.stats import Interval, interval, paired

WON = "lead_to_won_share"


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The share of leads won as the desk is, and with twice the team, under one causal share."""

    causal_share: float
    won: Interval
    won_faster: Interval
    gain: Interval  # paired: the same leads and luck


def worth_of_speed(
    scenarios: Mapping[float, Scenario],
    *,
    replications: int,
    jobs: int = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> tuple[Sensitivity, ...]:
    """Return what twice the team would win under each causal share, the policy as it is.

    Args:
        scenarios: The calibrated scenario by causal share (`Fit.sensitivity`).
        replications: How many of each, >= 2.
        jobs: Worker processes; never changes an answer.
        progress: Called with (finished, of how many) over all scenarios.
        executor: See `for_each_replication`.
    """
    found = []
    for j, (share, scenario) in enumerate(scenarios.items()):

        def told(done: int, total: int, before: int = j) -> None:
            if progress is not None:
                progress(before * total + done, len(scenarios) * total)

        rows = for_each_replication(
            won_either_way, scenario, replications=range(replications), jobs=jobs, progress=told, executor=executor
        )
        now, faster = zip(*rows.values(), strict=True)
        found.append(Sensitivity(share, interval(now), interval(faster), paired(faster, now)))
    return tuple(found)


def won_either_way(scenario: Scenario, replication: int) -> tuple[float, float]:
    """Return the share of leads won as the team is, and with twice the team. At the top of the module, for workers."""
    leads = draw(scenario, replication)
    return play(scenario, leads).summary()[WON], play(doubled(scenario), leads).summary()[WON]


def doubled(scenario: Scenario) -> Scenario:
    """Return `scenario` with twice as many reps in every group."""
    groups = [group.model_copy(update={"count": 2 * group.count}) for group in scenario.team.reps]
    return scenario.model_copy(update={"team": scenario.team.model_copy(update={"reps": groups})})
