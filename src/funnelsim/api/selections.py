"""The best of many scenarios by one measure, with a guarantee or within a budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.api.arguments import checked_measures, where_it_plays
from funnelsim.api.shown import Shown, as_pngs, imprint_of
from funnelsim.api.studies import Values, heading_of, labelled, names_shown, swept_over
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish
from funnelsim.lab.compare import check_comparable
from funnelsim.lab.processes import lasting
from funnelsim.lab.select import Rules, Selection, check_rules, direction_of, playing
from funnelsim.lab.select import select as carry_through
from funnelsim.lab.sweep import Sweep
from funnelsim.report.selected import Asked

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.report.figures_sheet import Figure, Imprint


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Selected(Shown):
    """Which scenario was selected, how, and how surely: guaranteed or approximately."""

    found: Selection
    asked: Asked
    first: Scenario
    grid: Sweep | None = None
    """The values that were selected among, where it was a sweep."""

    @property
    def text(self) -> str:
        """Return what `funnelsim select` prints."""
        from funnelsim.report.selected import selection_text

        return selection_text(self.found, self.asked)

    @property
    def best(self) -> str:
        """Return the label of the scenario that was selected, or leads where none could be."""
        return self.asked.labels[self.found.best]

    @property
    def guaranteed(self) -> bool:
        """Return whether the confidence asked for is kept."""
        return self.found.guaranteed

    @property
    def table(self) -> pd.DataFrame:
        """Return a row per scenario: mean, how far behind the selected one, replications, and what became of it."""
        from funnelsim.report.selected import selection_frame

        return selection_frame(self.found, self.asked)

    @property
    def replications(self) -> pd.DataFrame:
        """Return a row per scenario and replication."""
        from funnelsim.report.selected import values_frame

        return values_frame(self.found, self.asked)

    def figure(self) -> Figure:
        """Return how far each is behind the selected one, and what it cost to see that."""
        from funnelsim.report.figures_select import selection_figure

        return selection_figure(self.found, self.asked, imprint=self.imprint())

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figure as PNG."""
        return as_pngs({"selection": self.figure()}, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        shown = names_shown(self.asked.labels, self.first, self.grid)
        return imprint_of(self.first, f"{self.found.played:,} replications in all", name=shown)


def select(
    scenarios: Mapping[str, Scenario] | Sequence[Scenario] | Scenario,
    *,
    sweep: Mapping[str, Values] | None = None,
    measure: str | None = None,
    delta: float | None = None,
    budget: int | None = None,
    confidence: float = 0.95,
    first: int = 10,
    at_most: int = 1_000,
    jobs: int = 1,
    cluster: str | None = None,
    engine: Wish = "auto",
) -> Selected:
    """Return the best of several scenarios by one measure, all played in the same replications.

    A first look drops those that cannot be the best. Then, with `delta`, the procedure KN goes on until one is left: a
    scenario that is ahead of all others by `delta` or more is selected with the confidence asked for, where differences
    are near normal. With `budget`, OCBA spends so many replications where they tell most, and the approximate
    probability of correct selection is told: estimated, not guaranteed.

    Args:
        scenarios: Two or more, by label or called by their names; or one, with `sweep`.
        sweep: Values of one or two policy fields to select among, as in `funnelsim.sweep`.
        measure: What to select by; the first objective of the first scenario's search where None.
        delta: The smallest difference worth detecting, in the measure's own unit over the measured window, > 0.
        budget: Replications of all scenarios together, in place of a guarantee.
        confidence: Probability of a correct selection, in (0.5, 1).
        first: Replications of each before any is dropped, >= 3; with `delta` >= 10.
        at_most: Replications of one scenario after which KN gives up.
        jobs: Worker processes; 1 works in this one.
        cluster: Address of a dask scheduler whose workers play in their place.
        engine: As in `simulate`.

    Raises:
        InputError: where scenarios are not looked at alike, the measure does not exist, is undefined in a replication,
            or neither way of it is better; and with every fault of `sweep`.
        ValueError: where the other arguments make no sense or do not go together.
    """
    if isinstance(scenarios, Scenario) != (sweep is not None):
        raise ValueError("give one scenario and a sweep, or several scenarios and none")
    if isinstance(scenarios, Scenario):
        one, grid = scenarios, swept_over(scenarios, sweep or {})
        labels, chosen = list(grid.labels), list(grid.scenarios)
    else:
        grid, (labels, chosen) = None, labelled(scenarios)
        if len(chosen) < 2:
            raise ValueError("a selection needs two scenarios or more")
        one = chosen[0]
    [by] = checked_measures(measure, one)[:1]
    rules = rules_of(by, delta=delta, budget=budget, confidence=confidence, first=first, at_most=at_most)
    check_rules(rules, len(chosen))
    check_comparable(chosen, labels)
    asked = asked_of(labels, by, one, grid)
    with where_it_plays(jobs, cluster, engine) as where, lasting(jobs, where["executor"]) as executor:
        play_some = playing(chosen, labels, measure=by, **where | {"executor": executor})
        found = carry_through(play_some, systems=len(chosen), rules=rules)
    return Selected(found, asked, one, grid)


def rules_of(
    measure: str, *, delta: float | None, budget: int | None, confidence: float, first: int, at_most: int
) -> Rules:
    """Return what is asked of a selection. Arguments as in `select`.

    Raises:
        InputError: where neither way of the measure is better.
        ValueError: where neither `delta` nor `budget` is given.
    """
    if delta is None and budget is None:
        raise ValueError("give delta (a guarantee) or budget (a fixed cost)")
    return Rules(
        "KN" if budget is None else "OCBA",
        direction_of(measure),
        delta or 0.0,
        confidence=confidence,
        first=first,
        at_most=at_most,
        budget=budget,
    )


def asked_of(labels: Sequence[str], measure: str, first: Scenario, grid: Sweep | None) -> Asked:
    """Return what is selected among and by what, for reports."""
    heading = heading_of(len(labels), first, grid)
    return Asked(tuple(labels), measure, heading, first.economics.currency, first.run.horizon_days)
