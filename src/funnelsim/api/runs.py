"""Many replications of one scenario: a number of them, or as many as it takes to know what one wants to know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from funnelsim.api.arguments import Replications, checked_measures, numbers_of, where_it_plays
from funnelsim.api.shown import Shown, as_pngs, imprint_of
from funnelsim.api.simulations import frame_of, measures_text
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Plugin, Wish, choose
from funnelsim.lab.processes import Progress, for_each_replication

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.lab.until import Reached
    from funnelsim.report.figures_sheet import Figure, Imprint
    from funnelsim.report.portrait import Portrait


def replicate(
    scenario: Scenario,
    *,
    replications: Replications = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, dict[str, float]], None] | None = None,
    engine: Engine | Wish = "auto",
    plugin: Plugin | None = None,
) -> pd.DataFrame:
    """Return every measure of each replication: index `replication`, rising, and a column per measure.

    The numbers are the same to the bit for any `jobs`, `cluster`, `executor` and `engine` on one type of processor, and
    those of a replication do not depend on which others are run.

    Args:
        scenario: What to simulate.
        replications: How many, from 0; or which; or None for `scenario.run.replications`.
        jobs: Worker processes; 1 works in this one. A script that asks for more needs `if __name__ == "__main__":`.
        cluster: Address of a dask scheduler whose workers play in their place (docs/running.md).
        progress: Called after each replication with (finished, of how many).
        executor: Anything with the interface of `concurrent.futures.Executor`, in place of own workers.
        on_result: Called with (replication, measures) as each is finished, in no fixed order.
        engine: As in `simulate`.
        plugin: As in `simulate`; with several jobs it must be picklable, its functions at the top of a module.

    Raises:
        ValueError: where numbers are out of range.
        ReplicationError, WorkerLostError, MemoryShortError: where a replication fails, see `lab.processes`.
        ClusterError: where a cluster cannot be reached or would not give the same bits.
    """
    from funnelsim.lab.replicate import replicate as play_all

    if not isinstance(engine, Engine):
        engine = choose(engine, plugin=plugin)
    numbers = numbers_of(replications, scenario)
    with where_it_plays(jobs, cluster, engine, executor) as where:
        return play_all(
            scenario, replications=numbers, progress=progress, on_result=on_result, plugin=plugin, **where
        )  # fmt: skip


def intervals(frame: pd.DataFrame, *, confidence: float = 0.95, currency: str = "money") -> pd.DataFrame:
    """Return what replications say of each measure: mean, half-width of its interval, n, unit; index `measure`.

    Args:
        frame: A row per replication, a column per measure, as `replicate` returns it (or the difference of two such,
            for policies in the same replications).
        confidence: Of the interval of Student's t, in (0, 1).
        currency: What the unit of money is called.
    """
    import pandas as pd

    from funnelsim.lab.replicate import to_intervals
    from funnelsim.metrics import MEASURES

    rows = [
        (name, found.mean, found.half_width, found.n, _unit(name, MEASURES, currency))
        for name, found in to_intervals(frame, confidence).items()
    ]
    return pd.DataFrame(rows, columns=["measure", "mean", "half_width", "n", "unit"]).set_index("measure")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Run(Shown):
    """Replications of one scenario, with the tables and figures that `funnelsim run --out` writes."""

    scenario: Scenario
    portraits: Mapping[int, Portrait]
    reached: Reached | None = None
    """How far `until` came; None where the number of replications was given."""

    @property
    def text(self) -> str:
        """Return what the command prints."""
        told = measures_text({r: p.measures for r, p in self.portraits.items()}, self.scenario)
        return told if self.reached is None else f"{told}\n\n{_reached_words(self.reached)}"

    @property
    def replications(self) -> pd.DataFrame:
        """Return every measure of each replication, as `replicate` does."""
        return frame_of({r: p.measures for r, p in self.portraits.items()})

    @property
    def measures(self) -> pd.DataFrame:
        """Return mean, half-width, n, unit, direction, group and definition of each measure; index `measure`."""
        from funnelsim.report.run_files import measures_frame

        frame = measures_frame(self.replications, currency=self.scenario.economics.currency)
        return frame.set_index("measure")

    @property
    def segments(self) -> pd.DataFrame:
        """Return the funnel by channel, offer and tier."""
        from funnelsim.report.run_files import segments_frame

        return segments_frame(self.portraits)

    @property
    def months(self) -> pd.DataFrame:
        """Return what happened in each month, by its own date."""
        from funnelsim.report.run_files import months_frame

        return months_frame(self.portraits)

    @property
    def week(self) -> pd.DataFrame:
        """Return backlog and utilisation of each role by hour of the week."""
        from funnelsim.report.run_files import week_frame

        return week_frame(self.portraits)

    def figures(self) -> dict[str, Figure]:
        """Return the figures by name: funnel, speed_to_lead, week, waste, revenue."""
        from funnelsim.report.figures_run import run_figures

        return run_figures(self.portraits, self.replications, self.scenario, imprint=self.imprint())

    def pictures(self) -> Mapping[str, bytes]:
        """Return the funnel and the waste as PNG."""
        shown = {name: figure for name, figure in self.figures().items() if name in ("funnel", "waste")}
        return as_pngs(shown, self.imprint())

    def imprint(self) -> Imprint:
        """Return where the numbers come from, as figures say it."""
        from funnelsim.report.results import replications_text

        many = "" if len(self.portraits) == 1 else ", mean ± 95 % interval"
        return imprint_of(self.scenario, replications_text(list(self.portraits)) + many)


def run(
    scenario: Scenario,
    *,
    replications: Replications = None,
    jobs: int = 1,
    cluster: str | None = None,
    progress: Progress | None = None,
    engine: Wish = "auto",
) -> Run:
    """Return replications of `scenario` with tables and figures. Arguments and errors as in `replicate`."""
    numbers = numbers_of(replications, scenario)
    with where_it_plays(jobs, cluster, engine) as where:
        return Run(scenario, _portraits(scenario, numbers, progress=progress, **where))


def until(
    scenario: Scenario,
    *,
    precision: float = 0.05,
    measures: Sequence[str] | None = None,
    at_most: int = 1000,
    jobs: int = 1,
    cluster: str | None = None,
    engine: Wish = "auto",
) -> Run:
    """Return as many replications as it takes to know `measures` to `precision`; `.reached` says how far it came.

    Args:
        scenario: What to simulate; its `run.replications` does not matter.
        precision: Half-width of the 95 % interval over |mean|, in (0, 1).
        measures: Which must be known; the objectives of the scenario's search where None.
        at_most: Where it gives up, >= 2.
        jobs: As in `replicate`, and so are `cluster` and `engine`.

    Raises:
        InputError: with every name that is no measure.
        ValueError: where `precision` or `at_most` is out of range.
    """
    from funnelsim.lab.until import replicate_until

    if not 0.0 < precision < 1.0:
        raise ValueError(f"precision must be above 0 and below 1, got {precision}")
    if at_most < 2:
        raise ValueError(f"at_most must be >= 2, got {at_most}")
    wanted = checked_measures(measures, scenario)
    portraits: dict[int, Portrait] = {}
    with where_it_plays(jobs, cluster, engine) as where:

        def play_some(numbers: Sequence[int]) -> dict[int, dict[str, float]]:
            found = _portraits(scenario, list(numbers), **where)
            portraits.update(found)
            return {r: p.measures for r, p in found.items()}

        reached = replicate_until(play_some, measures=wanted, precision=precision, at_most=at_most)
    return Run(scenario, dict(sorted(portraits.items())), reached)


def _portraits(scenario: Scenario, numbers: list[int], *, engine: Engine, **how: Any) -> dict[int, Portrait]:
    from funnelsim.report.portrait import portray

    return for_each_replication(partial(portray, engine=engine), scenario, replications=numbers, **how)


def _reached_words(reached: Reached) -> str:
    widths = ", ".join(f"{name} ±{100 * width:.2g} %" for name, width in reached.widths.items())
    if reached.enough_at is not None:
        return f"Known well enough after {reached.enough_at} replications, {len(reached.rows)} played: {widths}"
    would = "" if reached.wanted is None else f"; about {reached.wanted:,} replications would do"
    return f"Not known well enough after {len(reached.rows)} replications: {widths}{would}"


def _unit(name: str, measures: Mapping[str, Any], currency: str) -> str:
    return measures[name].unit.replace("money", currency) if name in measures else ""
