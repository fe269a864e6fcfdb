"""One scenario: loaded, played once, played often, played until what one wants to know is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funnelsim.api.shown import Shown, as_pngs, imprint_of
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Plugin, Wish, choose
from funnelsim.errors import InputError
from funnelsim.lab.play import Played, draw, play
from funnelsim.lab.processes import Progress, for_each_replication

if TYPE_CHECKING:
    import pandas as pd

    from funnelsim.lab.until import Reached
    from funnelsim.report.figures_sheet import Figure, Imprint
    from funnelsim.report.portrait import Portrait

Replications = int | Sequence[int] | None
"""A number N for replications 0 to N-1, the replications by number, or None for as many as the scenario says."""


def load(path: str | Path) -> Scenario:
    """Return the scenario that the TOML file at `path` describes, checked as `funnelsim check` does.

    Raises:
        InputError: with every fault of the file, one line each: unknown measures, and bounds that no share can have,
            too.
    """
    from funnelsim.config.load import load_scenario
    from funnelsim.metrics import MEASURES
    from funnelsim.tuning.goals import bound_faults

    scenario = load_scenario(path, measures=MEASURES)
    if faults := bound_faults(scenario.search, where=str(path)):
        raise InputError(faults)
    return scenario


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simulation(Shown, Played):
    """One replication as it was played; its tables are made when they are asked for."""

    replication: int = 0

    @property
    def text(self) -> str:
        """Return the headline measures as `funnelsim run --replication` prints them."""
        return _measures_text({self.replication: self.summary()}, self.scenario)

    def measures_table(self) -> pd.DataFrame:
        """Return every measure: value, unit, which way is better, definition; index `measure`."""
        from funnelsim.report.run_files import measures_frame

        frame = measures_frame(_frame({self.replication: self.summary()}), currency=self.scenario.economics.currency)
        table = frame.drop(columns=["half_width", "n"]).rename(columns={"mean": "value"})
        return table.set_index("measure")

    def leads_table(self) -> pd.DataFrame:
        """Return every lead: who it is, its luck, what became of it, and why it was lost (docs/files.md)."""
        from funnelsim.report.exports import leads_frame

        return leads_frame(self)

    def touches_table(self) -> pd.DataFrame:
        """Return every touch, with names and local times (docs/files.md)."""
        from funnelsim.report.exports import touches_frame

        return touches_frame(self)

    def life(self, lead: int) -> str:
        """Return the life of one lead in words, as `funnelsim trace` tells it.

        Raises:
            IndexError: where there is no such lead.
        """
        from funnelsim.report.timeline import timeline_text

        if not 0 <= lead < self.leads.n:
            raise IndexError(f"replication {self.replication} has leads 0 to {self.leads.n - 1}, not {lead}")
        return timeline_text(self, lead)


def simulate(
    scenario: Scenario, *, replication: int = 0, engine: Wish = "auto", plugin: Plugin | None = None
) -> Simulation:
    """Return one replication of `scenario` as it was played; `.summary()` holds every measure by name.

    Args:
        scenario: What to simulate.
        replication: Which one, >= 0; the same number is the same luck under every policy.
        engine: "compiled", "reference", or "auto": compiled where numba is installed and no plug-in takes part. The
            result is the same to the bit; its `engine` says which one played.
        plugin: A user's own routing rule or SimPy processes.

    Raises:
        EngineError: where that engine cannot play here, or not with a plug-in.
    """
    chosen = choose(engine, plugin=plugin)
    chosen.prepare()
    played = play(scenario, draw(scenario, replication), engine=chosen, plugin=plugin)
    records = (played.leads, played.scored, played.outcomes, played.touches, played.engine)
    return Simulation(scenario, played.roster, *records, replication=replication)


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
    with workers(cluster, engine, executor) as there:
        return play_all(
            scenario,
            replications=numbers_of(replications, scenario),
            jobs=jobs,
            progress=progress,
            executor=there,
            on_result=on_result,
            engine=engine,
            plugin=plugin,
        )


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
        told = _measures_text({r: p.measures for r, p in self.portraits.items()}, self.scenario)
        return told if self.reached is None else f"{told}\n\n{_reached_words(self.reached)}"

    @property
    def replications(self) -> pd.DataFrame:
        """Return every measure of each replication, as `replicate` does."""
        return _frame({r: p.measures for r, p in self.portraits.items()})

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

        return run_figures(self.portraits, self.replications, self.scenario, imprint=self._imprint())

    def pictures(self) -> Mapping[str, bytes]:
        """Return the funnel and the waste as PNG."""
        shown = {name: figure for name, figure in self.figures().items() if name in ("funnel", "waste")}
        return as_pngs(shown, self._imprint())

    def _imprint(self) -> Imprint:
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
    chosen = choose(engine)
    chosen.prepare()
    numbers = numbers_of(replications, scenario)
    with workers(cluster, chosen) as there:
        portraits = _portraits(scenario, numbers, engine=chosen, jobs=jobs, executor=there, progress=progress)
    return Run(scenario, portraits)


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
    chosen = choose(engine)
    chosen.prepare()
    portraits: dict[int, Portrait] = {}
    with workers(cluster, chosen) as there:

        def play_some(numbers: Sequence[int]) -> dict[int, dict[str, float]]:
            found = _portraits(scenario, list(numbers), engine=chosen, jobs=jobs, executor=there)
            portraits.update(found)
            return {r: p.measures for r, p in found.items()}

        reached = replicate_until(play_some, measures=wanted, precision=precision, at_most=at_most)
    return Run(scenario, dict(sorted(portraits.items())), reached)


def checked_measures(measures: Sequence[str] | None, scenario: Scenario) -> list[str]:
    """Return the names in `measures`, each once; the objectives of the scenario's search where None.

    Raises:
        InputError: with every name that is no measure.
    """
    from funnelsim.config.suggest import did_you_mean
    from funnelsim.errors import Fault
    from funnelsim.metrics import MEASURES

    if measures is None:
        return [objective.measure for objective in scenario.search.objectives]
    names = [measures] if isinstance(measures, str) else list(dict.fromkeys(measures))
    hint = "funnelsim.MEASURES holds them all"
    unknown = [name for name in names if name not in MEASURES]
    if unknown or not names:
        faults = [
            Fault("measures", "", f"no such measure '{name}'", None, did_you_mean(name, MEASURES) or hint)
            for name in unknown
        ]
        raise InputError(faults or [Fault("measures", "", "names no measure", None, hint)])
    return names


def numbers_of(replications: Replications, scenario: Scenario) -> list[int]:
    """Return which replications are meant."""
    if replications is None:
        replications = scenario.run.replications
    return list(range(replications)) if isinstance(replications, int) else [int(r) for r in replications]


@contextmanager
def workers(cluster: str | None, engine: Engine, executor: Executor | None = None) -> Iterator[Executor | None]:
    """Give what plays in place of own processes: a cluster's workers, `executor`, or None.

    Raises:
        ValueError: where both are given.
        ClusterError: see `lab.cluster.connected`.
    """
    if cluster is None:
        yield executor
        return
    if executor is not None:
        raise ValueError("give a cluster or an executor, not both")
    from funnelsim.lab.cluster import connected

    with connected(cluster, engine=engine.name) as there:
        yield there.executor


def _portraits(
    scenario: Scenario,
    numbers: list[int],
    *,
    engine: Engine,
    jobs: int,
    executor: Executor | None,
    progress: Progress | None = None,
) -> dict[int, Portrait]:
    from funnelsim.report.portrait import portray

    return for_each_replication(
        partial(portray, engine=engine), scenario, replications=numbers, jobs=jobs, executor=executor, progress=progress
    )


def _frame(rows: Mapping[int, Mapping[str, float]]) -> pd.DataFrame:
    from funnelsim.lab.replicate import as_frame

    return as_frame({r: dict(row) for r, row in rows.items()})


def _measures_text(rows: Mapping[int, Mapping[str, float]], scenario: Scenario) -> str:
    from funnelsim.report.tables import run_text

    return run_text(_frame(rows), scenario)


def _reached_words(reached: Reached) -> str:
    widths = ", ".join(f"{name} ±{100 * width:.2g} %" for name, width in reached.widths.items())
    if reached.enough_at is not None:
        return f"Known well enough after {reached.enough_at} replications, {len(reached.rows)} played: {widths}"
    would = "" if reached.wanted is None else f"; about {reached.wanted:,} replications would do"
    return f"Not known well enough after {len(reached.rows)} replications: {widths}{would}"


def _unit(name: str, measures: Mapping[str, Any], currency: str) -> str:
    return measures[name].unit.replace("money", currency) if name in measures else ""
