"""Tasks, and the lists in which they wait."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

import simpy

from funnelsim.engines import moments
from funnelsim.engines.log import row
from funnelsim.records import ALWAYS, Result

if TYPE_CHECKING:
    from funnelsim.engines.case import Case
    from funnelsim.engines.rep import Rep

# Classes of work, the first served first.
MEETINGS, CALLBACKS, DEAL_WORK, FIRST, LATER = range(5)
N_CLASSES = 5

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
    list: WorkList
    rep: Rep | None = None
    queued_at = -1
    start = -1
    dial = -1
    planned_end = -1
    result = _OPEN
    _ok = True

    def __init__(
        self, lead: Case, work_class: int, length: int, number: int, available_at: int, due_at: int
    ) -> None:
        self.env = lead.env
        self.callbacks = []
        self.lead = lead
        self.work_class = work_class
        self.length = length  # for the question whether it fits before a reservation
        self.number = number
        self.attempt = lead.attempt
        self.episode = lead.episode
        self.key = lead.key | (lead.episode << 16) | number
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
    """The tasks of one rep or of one team, by class and length, each a heap."""

    __slots__ = ("buckets", "classes", "count", "id")

    def __init__(self, list_id: int) -> None:
        self.id = list_id
        self.count = 0
        self.classes: tuple[int, ...] = ()  # the classes of work that ever stood here, the first served first
        # For each class: (length, heap) pairs. There are few lengths: a call or an e-mail, prepared or not.
        self.buckets: list[list[tuple[int, list[Any]]]] = [[] for _ in range(N_CLASSES)]

    def push(self, key: int, task: Task) -> None:
        """Add a task under its queue key; ties go to the earlier due, then to the lower lead."""
        self.count += 1
        entry = (key, task.due_at, task.lead.i, task.number, task)
        work_class, needed = task.work_class, task.length
        for length, heap in self.buckets[work_class]:
            if length == needed:
                heappush(heap, entry)
                return
        self.buckets[work_class].append((task.length, [entry]))
        if work_class not in self.classes:
            self.classes = tuple(sorted((*self.classes, work_class)))

    def first(self) -> tuple[Any, list[Any]] | None:
        """Return the first entry of all, and its heap, where nothing has to fit before anything."""
        for work_class in self.classes:
            best = self.head(work_class, ALWAYS, 1000)
            if best is not None:
                return best
        return None

    def head(self, work_class: int, room: int, permille: int) -> tuple[Any, list[Any]] | None:
        """Return the first entry of a class that fits into `room`, and its heap."""
        best = None
        for length, heap in self.buckets[work_class]:
            while heap:
                entry = heap[0]
                task = entry[4]
                if task.waiting and (task.list is self or task.escalated):
                    fits = room == ALWAYS or work_class == MEETINGS or ramped(length, permille) <= room
                    if fits and (best is None or entry < best[0]):
                        best = (entry, heap)
                    break
                heappop(heap)
        return best

    def tasks(self) -> list[Task]:
        """Return every task that stands here, in no order."""
        entries = (entry for buckets in self.buckets for _, heap in buckets for entry in heap)
        return [entry[4] for entry in entries if entry[4].waiting and entry[4].list is self]

    def meetings(self) -> list[Task]:
        """Return the meetings that wait here, in order."""
        entries = sorted(e for _, heap in self.buckets[MEETINGS] for e in heap if e[4].waiting and e[4].list is self)
        return [entry[4] for entry in entries]
