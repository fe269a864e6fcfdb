"""One replication as it was played: its measures, its tables, and the life of each lead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funnelsim.api.shown import Shown
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Plugin, Wish, choose
from funnelsim.lab.play import Played, draw, play

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simulation(Shown, Played):
    """One replication as it was played; its tables are made when they are asked for."""

    replication: int = 0

    @property
    def text(self) -> str:
        """Return the headline measures as `funnelsim run --replication` prints them."""
        return measures_text({self.replication: self.summary()}, self.scenario)

    def measures_table(self) -> pd.DataFrame:
        """Return every measure: value, unit, which way is better, definition; index `measure`."""
        from funnelsim.report.run_files import measures_frame

        frame = measures_frame(frame_of({self.replication: self.summary()}), currency=self.scenario.economics.currency)
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


def frame_of(rows: Mapping[int, Mapping[str, float]]) -> pd.DataFrame:
    """Return measures by replication as a table: index `replication`, a column for each."""
    from funnelsim.lab.replicate import as_frame

    return as_frame({r: dict(row) for r, row in rows.items()})


def measures_text(rows: Mapping[int, Mapping[str, float]], scenario: Scenario) -> str:
    """Return what `funnelsim run` prints of measures by replication."""
    from funnelsim.report.tables import run_text

    return run_text(frame_of(rows), scenario)
