"""A rep with hours, diary and list; and the team that shares a role."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from funnelsim.engines import moments
from funnelsim.engines.worklist import Task
from funnelsim.records import ALWAYS, NEVER

if TYPE_CHECKING:
    from funnelsim.engines.prospect import Prospect
    from funnelsim.engines.shop import Shop


class Rep:
    """One rep: hours, reservations, own list."""

    __slots__ = (
        "closes", "gone", "index", "key", "leaves", "list", "max_leads", "max_opportunities", "next_shift", "open",
        "open_leads", "open_opportunities", "opens", "permille", "ramp_from", "ramp_permille", "reserved_from",
        "reserved_to", "serves", "since", "starts", "task", "team", "turn_weight", "weight",
    )  # fmt: skip

    def __init__(self, index: int, team: Team, shop: Shop) -> None:
        roster = shop.roster
        self.index = index
        self.key = moments.index_key(index)
        self.team = team
        self.list = shop.new_list(index)
        self.opens: list[int] = roster.diaries[index].opens.tolist()
        self.closes: list[int] = roster.diaries[index].closes.tolist()
        self.next_shift = 0
        self.open = False
        self.since = -1  # idle since; before all others while it never worked
        self.task: Task | None = None
        self.starts = int(roster.starts[index])
        self.leaves = int(roster.leaves[index])
        self.gone = False
        self.ramp_from: list[int] = roster.ramp_from[index].tolist()
        self.ramp_permille: list[int] = roster.ramp_permille[index].tolist()
        self.permille = self.ramp_permille[0] if len(self.ramp_permille) == 1 else 0
        self.max_leads = int(roster.max_open_leads[index])
        self.max_opportunities = int(roster.max_open_opportunities[index])
        self.open_leads = 0
        self.open_opportunities = 0
        self.weight = int(roster.weight[index])
        self.turn_weight = [0, 0]  # smooth weighted round robin, for leads and for opportunities
        self.serves: list[bool] = roster.serves[index].tolist()
        self.reserved_from: list[int] = []
        self.reserved_to: list[int] = []
        if self.leaves <= 0:
            self.leave()

    def is_there(self, now: int) -> bool:
        """Return whether the rep has joined and not left."""
        return self.starts <= now and not self.gone

    def leave(self) -> None:
        """Be gone: no shift opens, and no slot is free, any more."""
        self.gone = True
        self.opens, self.closes = [], []

    def productivity(self, now: int) -> int:
        """Return the productivity at `now`, permille."""
        return self.permille or self.ramp_permille[bisect_right(self.ramp_from, now) - 1]

    def room(self, now: int) -> int:
        """Return the time until the next reservation."""
        if not self.reserved_from or self.reserved_from[-1] <= now:
            return ALWAYS
        return self.reserved_from[bisect_right(self.reserved_from, now)] - now

    def first_task(self, now: int) -> list[Any] | None:
        """Return the heap on top of which the first task of the own and the team's list stands that fits, or None."""
        shared_list = self.team.list
        if self.reserved_from:
            room, permille = self.room(now), self.productivity(now)
            own = self.list.first_that_fits(room, permille) if self.list.count else None
            shared = shared_list.first_that_fits(room, permille)
        else:
            own = self.list.first() if self.list.count else None
            shared = shared_list.first()
        return shared if own is None or (shared is not None and shared[0] < own[0]) else own

    def first_slot(self, earliest: int, length: int, slot: int) -> int:
        """Return the first instant on the grid, at or after `earliest`, at which `length` is free; NEVER if none."""
        opens, closes = self.opens, self.closes
        j = bisect_right(opens, earliest) - 1
        if j < 0 or earliest >= closes[j]:
            j += 1
        while j < len(opens):
            opening, closing = opens[j], closes[j]
            t = opening if earliest <= opening else opening - (opening - earliest) // slot * slot
            while t + length <= closing:
                clash = self._clash(t, t + length)
                if clash < 0:
                    return t
                t = opening - (opening - clash) // slot * slot
            j += 1
        return NEVER

    def _clash(self, start: int, end: int) -> int:
        """Return the end of a reservation that overlaps [start, end), or -1."""
        j = bisect_right(self.reserved_from, start) - 1
        if j >= 0 and self.reserved_to[j] > start and end > start:
            return self.reserved_to[j]
        if j + 1 < len(self.reserved_from) and self.reserved_from[j + 1] < end and self.reserved_to[j + 1] > start:
            return self.reserved_to[j + 1]
        return -1

    def reserve(self, start: int, length: int) -> None:
        """Put a reservation into the diary."""
        j = bisect_right(self.reserved_from, start)
        self.reserved_from.insert(j, start)
        self.reserved_to.insert(j, start + length)

    def unreserve(self, start: int, length: int) -> None:
        """Take a reservation out of the diary again."""
        j = bisect_left(self.reserved_from, start)
        while self.reserved_to[j] != start + length:
            j += 1
        del self.reserved_from[j], self.reserved_to[j]


class Team:
    """The reps of one role, their shared list, and the leads that nobody could take yet."""

    __slots__ = ("clock", "dirty", "escalated", "idle", "index", "list", "reps", "turn", "unassigned", "waiting")

    def __init__(self, index: int, shop: Shop) -> None:
        self.index = index
        self.list = shop.new_list(shop.roster.n + index)
        self.reps: list[Rep] = []
        self.idle: list[tuple[int, int, Rep]] = []  # (idle since, index, rep), sorted: open and free
        self.waiting = 0  # tasks in all lists of the team
        self.escalated = 0  # of these, tasks that stand in the team's list besides their own
        self.unassigned: list[tuple[int, int, int, Prospect]] = []  # (queue key, due, lead, prospect), sorted
        self.turn: dict[tuple[bool, int], int] = {}  # round robin: whose turn it was, by duty and segment (-1: none)
        self.dirty = False
        self.clock = shop.business_clock(index)

    def is_anybody_there(self, now: int) -> bool:
        """Return whether any rep of the team has joined and not left."""
        return any(rep.is_there(now) for rep in self.reps)
