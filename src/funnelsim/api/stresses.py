"""What policies do where the world is not as written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.api.arguments import Replications, checked_measures, two_or_more, where_it_plays
from funnelsim.api.defaults import IN_FORCE, STRESS_MEASURES
from funnelsim.api.shown import Shown, as_pngs, imprint_of
from funnelsim.config.policy import Policy
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish
from funnelsim.lab.processes import Progress
from funnelsim.lab.stress import Stressed
from funnelsim.lab.stress import stress as put_under

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.report.figures_sheet import Figure, Imprint


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class StressTest(Shown):
    """Policies in a world that is uncertain: each doubt at its ends, each event, and the states drawn from them all."""

    found: Stressed
    scenario: Scenario

    @property
    def text(self) -> str:
        """Return what `funnelsim stress` prints."""
        from funnelsim.report.stressed import stress_text

        return stress_text(self.found, self.scenario)

    @property
    def table(self) -> pd.DataFrame:
        """Return a row per policy, stress and measure: mean and paired difference to the world as written."""
        from funnelsim.report.stressed import stress_frame

        return stress_frame(self.found, self.scenario)

    @property
    def states(self) -> pd.DataFrame:
        """Return a row per state and policy: what the state is, and the mean of each measure in it."""
        from funnelsim.report.stressed import states_frame

        return states_frame(self.found, self.scenario)

    @property
    def robust(self) -> pd.DataFrame:
        """Return a row per measure, policy and criterion: mean, worst states and regret, with intervals."""
        from funnelsim.report.stressed import robust_frame

        currency = self.scenario.economics.currency
        return robust_frame(list(self.found.robust.values()), self.found.labels, currency=currency)

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name: stress (one at a time) and states (all together), those that there are."""
        from funnelsim.report.figures_stress import states_figure, stress_figure

        found, made = self.found, {}
        if found.stresses:
            made["stress"] = stress_figure(found, self.scenario, self.imprint())
        if found.robust:
            made["states"] = states_figure(list(found.robust.values()), found.labels, self.scenario, self.imprint())
        return made

    def pictures(self) -> Mapping[str, bytes]:
        """Return every figure as PNG."""
        return as_pngs(self.figures(), self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        from funnelsim.report.results import replications_text

        return imprint_of(self.scenario, replications_text(self.found.replications))


def stress(
    scenario: Scenario,
    policies: Mapping[str, Scenario | Policy] | None = None,
    *,
    measures: Sequence[str] | None = None,
    replications: Replications = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    engine: Wish = "auto",
) -> StressTest:
    """Return what the policy of `scenario`, and others, do where its world is not as written.

    Args:
        scenario: With what is uncertain of it, `scenario.uncertain` (docs/robust.md).
        policies: Others by label; of a scenario its policy is taken, its world is not.
        measures: What to tell; revenue, leads wasted and first-touch attainment where None.
        replications: As in `replicate`, two or more; so are `jobs`, `cluster`, `progress` and `engine`.

    Raises:
        InputError: where nothing is uncertain, a state or a policy in it breaks a rule, or a measure does not exist.
        ValueError: with fewer than two replications, or a policy that is labelled "in force".
    """
    others = {} if policies is None else policies
    if IN_FORCE in others:
        raise ValueError(f"'{IN_FORCE}' is the policy of the scenario itself: call the other something else")
    names = checked_measures(STRESS_MEASURES if measures is None else measures, scenario)
    numbers = two_or_more(replications, scenario)
    every = {IN_FORCE: scenario.policy}
    every |= {label: one.policy if isinstance(one, Scenario) else one for label, one in others.items()}
    with where_it_plays(jobs, cluster, engine) as where:
        found = put_under(scenario, every, measures=names, replications=numbers, progress=progress, **where)
    return StressTest(found, scenario)
