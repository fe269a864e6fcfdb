"""The compiled engine: the lives of the reference engine, to the bit, a hundred times as fast.

The parts are plain functions of integer arrays in `kernel`; numba compiles them into one function when it is first
called, and keeps it on disk.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import njit

from funnelsim import records
from funnelsim import roster as roster_room
from funnelsim.engines import moments, words, worklist
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import lifetimes
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import play as kernel
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.events import CHAIN_SIZE, LANE_SIZE, LANES, SPAN_BITS
from funnelsim.engines.kernel.floor import WIDTHS, Floor, Results, Work
from funnelsim.engines.kernel.inputs import (
    blank_results,
    numbers_of_run,
    outcomes_of,
    tables_of_leads,
    tables_of_nobody,
    tables_of_team,
)
from funnelsim.engines.kernel.memory import lent
from funnelsim.engines.kernel.tables import grouped
from funnelsim.records import LOG_COLUMNS, Int64, Leads, Outcomes, Rules, Scored, TouchLog
from funnelsim.roster import Agreement, Roster

COMPILES_S = 30.0  # CPU time of the first compilation on a machine
BEGIN, RUN, FINISH, SORT, NOTHING = range(5)
_STEP = 16  # more than one step adds to any array, besides what depends on the team and on deal work
_ROWS_PER_LEAD = 12  # room in the log to begin with; memory that is not written to is not used
_SMALL = 512  # room in the other arrays to begin with



def _sources() -> list[Path]:
    """Return the files that the kernel is made of, and those from which it takes its constants."""
    constants = (moments, records, roster_room, words, worklist)
    return [*sorted(Path(kernel.__file__).parent.glob("*.py")), *(Path(str(room.__file__)) for room in constants)]


def _compiled() -> Any:
    """Return the kernel as one function, to be compiled when it is first called and kept on disk."""
    # numba looks at the file of the outermost function alone to see whether what it kept is out of date. The source of
    # every part is therefore put among the constants of that function, which it looks at too.
    source = 0
    for file in _sources():
        source = zlib.crc32(file.read_bytes(), source)

    def play(
        s: Any, people: Any, touch_luck: Any, meeting_luck: Any, visits: Any, out: Any, work: Any, stage: int
    ) -> bool:
        if stage == BEGIN:
            lifetimes.begin(s, people, visits, out, work)
        elif stage == RUN:
            return kernel.run(s, people, touch_luck, meeting_luck, visits, out)
        elif stage == FINISH:
            lifetimes.finish(s, out)
        elif stage == SORT:
            kernel.sort(s, work)
        return source >= 0

    try:
        return njit(nogil=True, error_model="numpy", cache=True)(play)
    except RuntimeError:  # there is nowhere to keep it
        return njit(nogil=True, error_model="numpy")(play)


_play = _compiled()


def is_ready() -> bool:
    """Return whether the machine code is there: in this process, or on disk."""
    if numba.config.DISABLE_JIT or _play.signatures:
        return True
    kept_in = _play.stats.cache_path
    if not kept_in:
        return False
    newest = max(file.stat().st_mtime for file in (Path(__file__), *_sources()))
    return any(file.stat().st_mtime >= newest for file in Path(kept_in).glob("compiled._compiled*.nbc"))


def make_ready() -> None:
    """Compile the kernel, or read it from disk, without playing anything."""
    g = np.zeros(G.SIZE, dtype=np.int64)
    tables = (np.zeros((1, width), dtype=np.int64) for width in (1, R.SIZE, 1, N.LIST_SIZE))
    _play(_Arrays(g, *tables).floor(), *tables_of_nobody(), _work(0), NOTHING)


class _Arrays:
    """The arrays of a floor, and room in those that grow."""

    def __init__(self, g: Int64, constants: Int64, reps: Int64, teams: Int64, lists: Int64) -> None:
        n, n_reps = int(g[G.N_LEADS]), int(g[G.N_REPS])
        self.fixed: dict[str, Any] = {"g": g, "c": constants, "rep": reps, "team": teams, "lists": lists,
                      "arriving": lent((4, n + 1)),
                      "lane": np.empty((LANES, LANE_SIZE), dtype=np.int64),
                      "later": np.full((int(g[G.END]) >> SPAN_BITS) + 1, -1, dtype=np.int64),
                      "near": np.empty((LANES + 4 * n_reps, 3), dtype=np.int64),
                      "slot_of": np.empty(n + 1, dtype=np.int32)}  # fmt: skip
        small = _SMALL + 4 * n_reps
        self.log = lent((len(LOG_COLUMNS), _ROWS_PER_LEAD * n + small))
        self.lead = np.empty((_SMALL, L.SIZE), dtype=np.int64)
        self.former = np.empty((_SMALL, n_reps // L.FORMER_BITS + 1), dtype=np.int64)
        self.node = np.empty((small + int(g[G.MOST_PIECES]), N.SIZE), dtype=np.int64)
        self.far = np.empty((small, 3), dtype=np.int64)
        self.chain = np.empty((small, CHAIN_SIZE), dtype=np.int64)
        self.fresh = np.empty((small, 2), dtype=np.int64)
        self.diary = np.empty((n_reps, _SMALL), dtype=np.int64)
        self.limit()

    def limit(self) -> None:
        """Write down how full each array may be before a step."""
        g = self.fixed["g"]
        n_reps = int(g[G.N_REPS])
        g[G.MOST_FAR] = len(self.far) - _STEP - n_reps
        g[G.MOST_LINKS] = len(self.chain) - _STEP - n_reps
        g[G.MOST_FRESH] = len(self.fresh) - _STEP
        g[G.MOST_SLOTS] = len(self.lead) - _STEP
        g[G.MOST_NODES] = len(self.node) - _STEP - g[G.MOST_PIECES]
        g[G.MOST_ROWS] = self.log.shape[1] - _STEP - g[G.MOST_PIECES]
        g[G.MOST_RESERVATIONS] = self.diary.shape[1] // 2 - _STEP

    def grow(self) -> None:
        """Make more room where it is short."""
        g = self.fixed["g"]
        if g[G.FAR] + g[G.PUT_BY] + 2 * g[G.FRESH] > g[G.MOST_FAR]:
            self.far = _longer(self.far)
        if g[G.LINKS] + 2 * g[G.FRESH] > g[G.MOST_LINKS]:
            self.chain = _longer(self.chain)
        if g[G.FRESH] > g[G.MOST_FRESH]:
            self.fresh = _longer(self.fresh)
        if g[G.SLOTS] > g[G.MOST_SLOTS]:
            self.lead, self.former = _longer(self.lead), _longer(self.former)
        if g[G.NODES] > g[G.MOST_NODES]:
            self.node = _longer(self.node)
        if g[G.MOST_RESERVED] > g[G.MOST_RESERVATIONS]:
            self.diary = _wider(self.diary, 2 * self.diary.shape[1])
        if g[G.ROWS] + g[G.PIECES_WAITING] > g[G.MOST_ROWS]:
            self.log = _wider(self.log, self.log.shape[1] * 3 // 2)
        self.limit()

    def room_for_all_that_is_open(self) -> None:
        """Make room in the log for every row that the end of the run adds."""
        g = self.fixed["g"]
        rows = int(g[G.ROWS] + g[G.N_REPS] + g[G.PIECES_WAITING] + 4 * g[G.SLOTS])
        if rows > self.log.shape[1]:
            self.log = _wider(self.log, rows)

    def floor(self) -> Floor:
        """Return them as the kernel is to see them."""
        arrays = {
            **self.fixed, "lead": self.lead, "former": self.former, "node": self.node, "far": self.far,
            "chain": self.chain, "fresh": self.fresh, "diary": self.diary, "log": self.log,
            "scratch": np.empty(len(self.node), np.int64),
        }  # fmt: skip
        floor: Floor = grouped(Floor, arrays, WIDTHS)
        return floor


def _longer(array: Int64) -> Int64:
    return np.concatenate([array, np.empty_like(array)])


def _wider(array: Int64, width: int) -> Int64:
    grown = lent((array.shape[0], width))
    grown[:, : array.shape[1]] = array
    return grown


def run(
    leads: Leads, scored: Scored, roster: Roster, agreement: Agreement, rules: Rules, end: int
) -> tuple[Outcomes, TouchLog]:
    """Play one policy on `leads` and return what became of each, and who did what to whom.

    The same bits as `funnelsim.engines.reference.run` for every scenario. The lock of the interpreter is released
    while the kernel runs, so that threads play side by side.

    Args:
        leads: The people and all their luck, n leads; fewer than 2**26.
        scored: What the scoring policy says of their engagement events.
        roster: The reps.
        agreement: The policy, as integers.
        rules: Constants of the world.
        end: Events at or after this (ms) do not happen.
    """
    moments.check_numbers(leads, agreement.slot_ms)
    arrays = _Arrays(numbers_of_run(leads, roster, agreement, rules, end), *tables_of_team(roster))
    results = blank_results(leads.n)
    others = (*tables_of_leads(leads, scored, roster), grouped(Results, results))
    _play(arrays.floor(), *others, _work(leads.n), BEGIN)
    nothing = _work(0)
    while not _play(arrays.floor(), *others, nothing, RUN):
        arrays.grow()
    arrays.room_for_all_that_is_open()
    _play(arrays.floor(), *others, nothing, FINISH)
    rows = int(arrays.fixed["g"][G.ROWS])
    _play(arrays.floor(), *others, _work(rows), SORT)
    return outcomes_of(results), _log(arrays.log, rows)


def _work(n: int) -> Work:
    work: Work = grouped(Work, {"work": lent((3, n + 1))})
    return work


def _log(log: Int64, rows: int) -> TouchLog:
    columns = {name: column[:rows] for name, column in zip(LOG_COLUMNS, log, strict=False)}
    for column in columns.values():
        column.flags.writeable = False
    return TouchLog(**columns)
