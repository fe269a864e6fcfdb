"""Tasks, and the lists in which they wait."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.log import row
from funnelsim.records import Result

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.rep import Rep

# Classes of work, the first served first.
MEETINGS, CALLBACKS, DEAL_WORK, FIRST, LATER = range(5)

_OPEN = int(Result.OPEN)


def ramped(ms: int, permille: int) -> int:
    """Return the time that work of `ms` takes a rep of that productivity, rounded up.

    >>> ramped(1001, 500), ramped(7, 1000)
    (2002, 7)
    """
    return ms if permille == 1000 else (ms * 1000 + permille - 1) // permille


class Task(simpy.Event):
    """A piece of work that waits in a list; as an event it happens when the work on it ends.

    `begin` (of the subclasses in `tasks`) looks up what the prospect does and returns how long it takes.
    """

    ends = moments.TOUCH_ENDS
    # What most tasks share stands here; an instance has it only where it differs.
    kind = 0
    waiting = False
    escalated = False
    breached = False
    handed_on = False  # by somebody who left
    list: WorkList
    rep: Rep | None = None
    queued_at = -1
    start = -1
    dial = -1
    planned_end = -1
    result = _OPEN
    _ok = True
    _value: Any = None

    def __init__(
        self, lead: Case, work_class: int, length: int, number: int, available_at: int, due_at: int
    ) -> None:
        self.env = lead.env
        self.callbacks = [lead.shop.work_ends]
        self.lead = lead
        self.work_class = work_class
        self.length = length  # for the question whether it fits before a reservation
        self.number = number
        self.attempt = lead.attempt
        self.episode = lead.episode
        self.key = lead.key | (lead.episode << 16) | number
        self.ends_key = self.ends | self.key
        self.escalated = False
        self.available_at = available_at
        self.due_at = due_at

    def __lt__(self, other: Task) -> bool:
        # Only asked where a lead's cancelled task, still in the heap, was due as the one that took its number.
        return self.queued_at < other.queued_at

    def begin(self, rep: Rep, now: int) -> int:
        """Judge the work that `rep` now begins, and return how long it takes."""
        raise NotImplementedError

    def expected_length(self) -> int:
        """Return the length by which it is judged to fit before a reservation."""
        return self.length

    def row(self, rep: int, start: int, end: int, result: int) -> bytes:
        """Return this task's row of the touch log."""
        lead = self.lead
        return row(
            self.kind, lead.i, self.episode, self.attempt, self.number, rep, self.list.id, lead.tier, lead.score,
            self.queued_at, self.available_at, self.due_at, start, self.dial, end, result,
        )  # fmt: skip


class WorkList:
    """The tasks of one rep or of one team: a heap for each length, so that what fits is found without a search."""

    __slots__ = ("count", "heaps", "id")

    def __init__(self, list_id: int) -> None:
        self.id = list_id
        self.count = 0
        # By the room that a task needs; meetings need none, for they have a reservation of their own. An entry is
        # (class and queue key in one, due, key of the task, task).
        self.heaps: dict[int, list[Any]] = {}

    def push(self, key: int, task: Task) -> None:
        """Add a task under its class and queue key; ties go to the earlier due, then to the lower lead."""
        room = task.length if task.work_class else 0
        entry = (key, task.due_at, task.key, task)
        try:
            heappush(self.heaps[room], entry)
        except KeyError:
            # Heaps that are empty go: pieces of deal work all differ in length.
            self.heaps = {known: heap for known, heap in self.heaps.items() if heap}
            self.heaps[room] = [entry]
        self.count += 1

    def first(self) -> list[Any] | None:
        """Return the heap on top of which the first task stands, where nothing has to fit before anything, or None."""
        best = None
        for heap in self.heaps.values():
            while heap:
                task = heap[0][3]
                if task.waiting and (task.list is self or task.escalated):
                    if best is None or heap[0] < best[0]:
                        best = heap
                    break
                heappop(heap)
        return best

    def first_that_fits(self, room: int, permille: int) -> list[Any] | None:
        """Return the heap on top of which the first task stands that a rep of that productivity ends in `room`."""
        best = None
        for length, heap in self.heaps.items():
            if ramped(length, permille) > room:
                continue
            while heap:
                task = heap[0][3]
                if task.waiting and (task.list is self or task.escalated):
                    if best is None or heap[0] < best[0]:
                        best = heap
                    break
                heappop(heap)
        return best

    def tasks(self) -> list[Task]:
        """Return every task that stands here, in no order."""
        tasks = [entry[3] for heap in self.heaps.values() for entry in heap]
        return [task for task in tasks if task.waiting and task.list is self]

    def meetings(self) -> list[Task]:
        """Return the meetings that wait here, in order."""
        tasks = [entry[3] for entry in sorted(self.heaps.get(0, ()))]
        return [task for task in tasks if task.work_class == MEETINGS and task.waiting and task.list is self]
