"""Why a measure misses a target or a plan: volume, quality, speed, effort, capacity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim.api.arguments import Replications, checked_measures, two_or_more, where_it_plays
from funnelsim.api.shown import Shown, as_pngs, imprint_of, units_of
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish
from funnelsim.lab.attribution import NOT_OFFERED, Attribution, Worth, play_coalitions
from funnelsim.lab.attribution import attribute as judge
from funnelsim.lab.factors import check_attributable
from funnelsim.lab.processes import Progress
from funnelsim.lab.reference_plan import by_the_standard, over_the_window, with_needed_leads

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.report.figures_sheet import Figure, Imprint


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Attributed(Shown):
    """A gap and what each of the five factors brings to it; the parts add up to it."""

    found: Attribution
    worth: Worth
    actual: Scenario
    plan: Scenario
    """What was planned; of a target, the plan that was made for it."""

    @property
    def against(self) -> str:
        """Return what the scenario is held against: "the target", or the plan's name."""
        return (self.plan.name or "the plan") if self.found.target is None else "the target"

    @property
    def text(self) -> str:
        """Return what `funnelsim attribute` prints."""
        from funnelsim.report.attributions import attribution_text

        heading = f"{self.actual.name} against {self.against}, seed {self.actual.run.seed}"
        return attribution_text(self.found, heading=heading, against=self.against, **units_of(self.actual))

    @property
    def table(self) -> pd.DataFrame:
        """Return the sum line by line: as it is, each factor's part, and what is wanted, with intervals."""
        from funnelsim.report.attributions import parts_frame

        return parts_frame(self.found, currency=self.actual.economics.currency)

    @property
    def combinations(self) -> pd.DataFrame:
        """Return the measure under all 32 combinations of factors in every replication."""
        from funnelsim.report.attributions import worth_frame

        return worth_frame(self.worth)

    def figure(self) -> Figure:
        """Return the waterfall from what is to what is wanted."""
        from funnelsim.report.figures_attribution import waterfall_figure

        return waterfall_figure(self.found, against=self.against, imprint=self.imprint(), **units_of(self.actual))

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figure as PNG."""
        return as_pngs({"waterfall": self.figure()}, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        from funnelsim.report.results import replications_text

        return imprint_of(self.actual, replications_text(self.found.replications))


def attribute(
    scenario: Scenario,
    plan: Scenario | None = None,
    *,
    target: float | None = None,
    references: Mapping[str, Any] | None = None,
    measure: str | None = None,
    replications: Replications = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    engine: Wish = "auto",
) -> Attributed:
    """Return why `scenario` misses a plan or a target, each factor's part being its Shapley value.

    Args:
        scenario: What is.
        plan: What was planned.
        target: In its place, revenue wanted a year, > 0; the plan behind it is worked as `run.standard` says.
        references: With `target`: what the plan counts on beyond the standard, `{"scoring.cutoff": 50}`.
        measure: With `plan`: what is missed; revenue where None.
        replications: As in `replicate`, two or more; so are `jobs`, `cluster`, `progress` and `engine`.

    Raises:
        InputError: where plan and scenario are not looked at alike, a mixture of them breaks a rule, no sensible number
            of leads brings the target, or the measure does not exist.
        ValueError: where the arguments make no sense or do not go together.
    """
    if (plan is None) == (target is None):
        raise ValueError("give a plan or a target")
    if target is not None and (measure is not None or target <= 0):
        raise ValueError("a target is one of revenue, > 0: it takes no measure")
    if plan is not None and references:
        raise ValueError("references need a target; a plan says itself what it counts on")
    [name] = checked_measures(measure or "revenue", scenario)
    if name in NOT_OFFERED:
        raise ValueError(f"{name} cannot be attributed: counted are leads")
    numbers, volume, wanted = two_or_more(replications, scenario), None, None
    if plan is not None:
        check_attributable(scenario, plan, where=plan.name or "plan")
    with where_it_plays(jobs, cluster, engine) as where:
        if plan is None:
            assert target is not None  # one of the two
            wanted, plan = over_the_window(target, scenario), by_the_standard(scenario, references)
            plan, volume = with_needed_leads(
                scenario, plan, wanted, replications=numbers, where="target", **where
            )  # fmt: skip
        worth = play_coalitions(
            scenario, plan, measure=name, replications=numbers, progress=progress, **where
        )  # fmt: skip
    found = judge(worth, scenario, plan, measure=name, target=wanted, volume=volume)
    return Attributed(found, worth, scenario, plan)
