"""Several policies on the same leads: compared, and one swept over the values of its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funnelsim.api.arguments import checked_measures, where_it_plays
from funnelsim.api.shown import Shown, as_pngs, imprint_of, units_of
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish
from funnelsim.errors import every
from funnelsim.lab.compare import Comparison, Rows, check_comparable, play_each
from funnelsim.lab.compare import compare as judge
from funnelsim.lab.processes import Progress
from funnelsim.lab.sweep import Sweep, read_axis
from funnelsim.lab.sweep import sweep as grid_of

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.report.figures_sheet import Figure, Imprint

Values = str | Sequence[Any]
"""Values of a field: a list of them, or text as `--sweep` takes it: "40:60:10", "1h,4h,1d"."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Compared(Shown):
    """Scenarios side by side on the same replications; the first is the one that the others are held against."""

    comparison: Comparison
    rows: Rows
    first: Scenario
    grid: Sweep | None = None
    """The values that were swept over, where they were."""

    @property
    def text(self) -> str:
        """Return what `funnelsim compare` prints."""
        from funnelsim.report.compared import comparison_text

        heading = heading_of(len(self.comparison.labels), self.first, self.grid)
        return comparison_text(self.comparison, heading=heading, **units_of(self.first))

    @property
    def table(self) -> pd.DataFrame:
        """Return a row per scenario and measure: mean, paired difference, intervals, probability of being best, ..."""
        from funnelsim.report.compared import comparison_frame

        return comparison_frame(self.comparison, currency=self.first.economics.currency)

    @property
    def replications(self) -> pd.DataFrame:
        """Return a row per scenario, replication and measure."""
        from funnelsim.report.compared import values_frame

        return values_frame(self.rows, self.comparison.labels)

    def figure(self) -> Figure:
        """Return the differences with their intervals; of a sweep its curve, or its map over two fields."""
        from funnelsim.report.figures_compare import difference_figure, sweep_figure

        about: dict[str, Any] = {**units_of(self.first), "imprint": self.imprint()}
        if self.grid is None:
            return difference_figure(self.comparison, **about)
        return sweep_figure(self.comparison, self.grid, **about)

    def best(self, measure: str) -> str | None:
        """Return the label of the scenario that is most probably best in a measure; None where none can be."""
        at = self.comparison.best(measure)
        return None if at is None else self.comparison.labels[at]

    def pictures(self) -> Mapping[str, bytes]:
        """Return the figure as PNG."""
        return as_pngs({"comparison": self.figure()}, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        from funnelsim.report.results import replications_text

        shown = names_shown(self.comparison.labels, self.first, self.grid)
        return imprint_of(self.first, replications_text(self.comparison.replications), name=shown)


def compare(
    scenarios: Mapping[str, Scenario] | Sequence[Scenario],
    *,
    measures: Sequence[str] | None = None,
    replications: int | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    engine: Wish = "auto",
) -> Compared:
    """Return how scenarios differ from the first of them, all played in the same replications.

    Args:
        scenarios: Two or more, by label; those of a list are called by their names.
        measures: What to compare; the objectives of the first scenario's search where None.
        replications: How many, >= 2; as many as the first scenario says where None.
        jobs: Worker processes; 1 works in this one.
        cluster: Address of a dask scheduler whose workers play in their place.
        progress: Called after each replication with (finished, of how many).
        engine: As in `simulate`.

    Raises:
        InputError: where scenarios are not looked at alike (one `run`, one currency), or a measure does not exist.
        ValueError: with fewer than two scenarios or replications.
    """
    labels, chosen = labelled(scenarios)
    if len(chosen) < 2:
        raise ValueError("a comparison needs two scenarios or more")
    names = checked_measures(measures, chosen[0])
    how: dict[str, Any] = {"jobs": jobs, "cluster": cluster, "progress": progress, "engine": engine}
    rows = _played(chosen, labels, names, replications, **how)
    return Compared(judge(rows, labels=labels, measures=names), rows, chosen[0])


def sweep(
    scenario: Scenario,
    fields: Mapping[str, Values],
    *,
    measures: Sequence[str] | None = None,
    replications: int | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    engine: Wish = "auto",
) -> Compared:
    """Return how the policy in force differs from itself with one or two fields at other values.

    Args:
        scenario: The one in force.
        fields: The values of each field: `{"scoring.cutoff": [40, 50, 60]}`, `{"sla.first_touch": "1h,4h,1d"}`.
        measures: As in `compare`, and so are the others.

    Raises:
        InputError: where a field, a value or a combination is none: every fault at once.
        ValueError: with no field, more than two, or fewer than two replications.
    """
    grid = swept_over(scenario, fields)
    labels, names = list(grid.labels), checked_measures(measures, scenario)
    how: dict[str, Any] = {"jobs": jobs, "cluster": cluster, "progress": progress, "engine": engine}
    rows = _played(grid.scenarios, labels, names, replications, **how)
    return Compared(judge(rows, labels=labels, measures=names), rows, scenario, grid)


def swept_over(scenario: Scenario, fields: Mapping[str, Values]) -> Sweep:
    """Return the scenarios of a sweep. Arguments and errors as in `sweep`."""
    axes = every(read_axis, [f"{path}={_as_swept(values)}" for path, values in fields.items()])
    return grid_of(scenario, axes, where=scenario.name)


def _played(
    scenarios: Sequence[Scenario],
    labels: Sequence[str],
    measures: Sequence[str],
    replications: int | None,
    *,
    jobs: int,
    cluster: str | None,
    progress: Progress | None,
    engine: Wish,
) -> Rows:
    check_comparable(scenarios, labels)
    count = scenarios[0].run.replications if replications is None else replications
    if count < 2:
        raise ValueError(f"a comparison needs 2 replications or more, got {count}")
    with where_it_plays(jobs, cluster, engine) as where:
        return play_each(scenarios, measures=measures, replications=range(count), progress=progress, **where)


def heading_of(scenarios: int, first: Scenario, grid: Sweep | None) -> str:
    """Return in words what is looked at side by side: so many scenarios, or the first over the values of fields."""
    what = f"{scenarios} scenarios" if grid is None else f"{first.name} over {' and '.join(a.path for a in grid.axes)}"
    return f"{what}, seed {first.run.seed}"


def names_shown(labels: Sequence[str], first: Scenario, grid: Sweep | None) -> str:
    """Return the names of at most three scenarios for the imprint of a figure; of a sweep that of the first."""
    return first.name if grid is not None else " · ".join(labels[:3]) + (" …" if len(labels) > 3 else "")


def labelled(scenarios: Mapping[str, Scenario] | Sequence[Scenario]) -> tuple[list[str], list[Scenario]]:
    """Return labels and scenarios; those of a list are called by their names, numbered where a name comes twice."""
    if isinstance(scenarios, Mapping):
        return list(scenarios), list(scenarios.values())
    names = [s.name or "scenario" for s in scenarios]
    return [f"{n} ({at + 1})" if names.count(n) > 1 else n for at, n in enumerate(names)], list(scenarios)


def _as_swept(values: Values) -> str:
    if isinstance(values, str):
        return values
    return ",".join(str(v).lower() if isinstance(v, bool) else str(v) for v in values)
