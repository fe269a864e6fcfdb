"""What moves the measures, and what one step of each field is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from funnelsim.api.arguments import Replications, checked_measures, two_or_more, where_it_plays
from funnelsim.api.defaults import MARGINAL_MEASURES
from funnelsim.api.shown import Shown, as_pngs, imprint_of, units_of
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish
from funnelsim.errors import Fault, InputError, every
from funnelsim.lab.compare import Comparison
from funnelsim.lab.inputs import check_inputs, of_the_world, searched
from funnelsim.lab.marginal import Step, marginal_values, read_step, settings_of, usual_steps
from funnelsim.lab.sensitivity import Sensitivity, play_settings
from funnelsim.lab.sensitivity import sensitivity as study
from funnelsim.lab.vary import read_input
from funnelsim.report.results import replications_text

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.report.figures_sheet import Figure, Imprint


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sensitivities(Shown):
    """Which fields of policy and world matter, on the same replications throughout."""

    found: Sensitivity
    scenario: Scenario

    @property
    def text(self) -> str:
        """Return what `funnelsim sensitivity` prints."""
        from funnelsim.report.sensitivities import sensitivity_text

        heading = f"{self.scenario.name}, {len(self.found.inputs)} inputs, seed {self.scenario.run.seed}"
        return sensitivity_text(self.found, heading=heading, **units_of(self.scenario))

    @property
    def one_at_a_time(self) -> pd.DataFrame:
        """Return what each input alone does at the ends of its range."""
        from funnelsim.report.sensitivities import alone_frame

        return alone_frame(self.found, currency=self.scenario.economics.currency)

    @property
    def all_together(self) -> pd.DataFrame:
        """Return Morris's mu* and sigma, and the Sobol indices that were asked for, with intervals."""
        from funnelsim.report.sensitivities import weights_frame

        return weights_frame(self.found, currency=self.scenario.economics.currency)

    def figure(self, measure: str) -> Figure:
        """Return the tornado of a measure, with what weighs beside it."""
        from funnelsim.report.figures_sensitivity import sensitivity_figure

        return sensitivity_figure(self.found, measure, imprint=self.imprint(), **units_of(self.scenario))

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figure of each measure as PNG."""
        return as_pngs({m: self.figure(m) for m in self.found.measures}, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        return imprint_of(self.scenario, replications_text(self.found.replications))


def sensitivity(
    scenario: Scenario,
    *,
    vary: Sequence[str] = (),
    only: Literal["policy", "world"] | None = None,
    world: float = 0.1,
    measures: Sequence[str] | None = None,
    replications: Replications = None,
    screening: int = 10,
    sobol: int = 0,
    jobs: int = 1,
    cluster: str | None = None,
    engine: Wish = "auto",
) -> Sensitivities:
    """Return which fields of policy and world matter most.

    Args:
        scenario: The one in force.
        vary: Fields with ranges as `--vary` takes them ("scoring.cutoff=30:60", "market.deal.value_mean=-20%:+20%");
            the search space and the usual fields of the world where empty.
        only: Of the usual ones, those of the policy or of the world alone.
        world: How far fields of the world are varied either way, in (0, 1).
        measures: What to look at; the objectives where None.
        replications: As in `replicate`, two or more.
        screening: Morris trajectories; 0 = none.
        sobol: Rows of the design behind Sobol indices, a power of two; 0 = none.
        jobs: As in `replicate`, and so are `cluster` and `engine`.

    Raises:
        InputError: with every fault of `vary` and `measures`.
        ValueError: where a number is out of range.
    """
    names, numbers = checked_measures(measures, scenario), two_or_more(replications, scenario)
    if not 0.0 < world < 1.0:
        raise ValueError(f"world must be above 0 and below 1, got {world}")
    if sobol and (sobol < 2 or sobol & (sobol - 1)):
        raise ValueError(f"sobol must be 0 or a power of two, such as 128, got {sobol}")
    inputs = every(lambda text: read_input(text, scenario, share=world), vary)
    if not vary:
        inputs += searched(scenario) if only != "world" else []
        inputs += of_the_world(scenario, world) if only != "policy" else []
    if not inputs:
        raise InputError([Fault(scenario.name, "search.variables", "names no field to vary", None, "name some: vary")])
    check_inputs(inputs, scenario, where=scenario.name)
    with where_it_plays(jobs, cluster, engine) as where:
        found = study(
            scenario, inputs, measures=names, replications=numbers, screening=screening, rows=sobol,
            seed=scenario.run.seed, **where,
        )  # fmt: skip
    return Sensitivities(found, scenario)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Marginal(Shown):
    """What one step of each field is worth, on the same replications."""

    comparison: Comparison
    scenario: Scenario
    left_out: tuple[str, ...]
    """Usual steps that this scenario has no room for, and why."""

    @property
    def text(self) -> str:
        """Return what `funnelsim sensitivity --marginal` prints."""
        from funnelsim.report.marginals import marginal_text

        heading = f"{self.scenario.name}, what one step is worth, seed {self.scenario.run.seed}"
        return marginal_text(self.comparison, heading=heading, left_out=self.left_out, **units_of(self.scenario))

    @property
    def table(self) -> pd.DataFrame:
        """Return a row per step and measure: the paired difference with its interval, ..."""
        from funnelsim.report.compared import comparison_frame

        return comparison_frame(self.comparison, currency=self.scenario.economics.currency)

    def figure(self) -> Figure:
        """Return what each step is worth, with its interval."""
        from funnelsim.report.figures_marginal import marginal_figure

        return marginal_figure(self.comparison, imprint=self.imprint(), **units_of(self.scenario))

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figure as PNG."""
        return as_pngs({"marginal": self.figure()}, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        return imprint_of(self.scenario, replications_text(self.comparison.replications))


def marginal(
    scenario: Scenario,
    *,
    steps: Sequence[str] = (),
    spend: float = 1000.0,
    measures: Sequence[str] = MARGINAL_MEASURES,
    replications: Replications = None,
    jobs: int = 1,
    cluster: str | None = None,
    engine: Wish = "auto",
) -> Marginal:
    """Return what one step of each field is worth: one more rep, an hour less, five points of cutoff, more of spend.

    Args:
        scenario: The one in force.
        steps: As `--step` takes them ("scoring.cutoff=+5", "sla.gap=-12h"); the usual ones where empty.
        spend: How much more a month on each channel, in the scenario's currency, > 0.
        measures: What to look at.
        replications: As in `replicate`, two or more; so are `jobs`, `cluster` and `engine`.

    Raises:
        InputError: with every fault of `steps` and `measures`.
        ValueError: where a number is out of range.
    """
    names, numbers = checked_measures(measures, scenario), two_or_more(replications, scenario)
    if not spend > 0.0:
        raise ValueError(f"spend must be > 0, got {spend}")
    taken: list[Step] = every(lambda text: read_step(text, scenario), steps)
    left_out: list[str] = []
    if not steps:
        taken, left_out = usual_steps(scenario, spend=spend)
    with where_it_plays(jobs, cluster, engine) as where:
        values = play_settings(scenario, settings_of(taken), measures=names, replications=numbers, **where)
    return Marginal(marginal_values(values, taken, measures=names), scenario, tuple(left_out))
