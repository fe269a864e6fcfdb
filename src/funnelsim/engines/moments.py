"""The total order of events, as SimPy priorities.

SimPy's own queue sorts by (time, priority, insertion). A priority here is one integer that holds the whole key
(kind, sub-kind, index, episode, number), so that SimPy absorbs the events of an instant in the order of the model and
never falls back on the order of insertion.
"""

from __future__ import annotations

from heapq import heappop, heappush
from types import GeneratorType
from typing import TYPE_CHECKING, Any

import simpy

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from funnelsim.engines.desk import Desk
    from funnelsim.records import Leads

_KIND_SHIFT = 59
_SUB_SHIFT = 56
_INDEX_SHIFT = 30
_EPISODE_SHIFT = 16
MOST_LEADS = 1 << (_SUB_SHIFT - _INDEX_SHIFT)
MOST_NUMBERS = 1 << _EPISODE_SHIFT


def _kind(kind: int, sub: int) -> int:
    # SimPy keeps priorities 0 and 1 for itself (interrupts, plain events): both come before every key.
    return ((kind + 1) << _KIND_SHIFT) | (sub << _SUB_SHIFT)


# Before all kinds: what is no event of the model's, and only makes others.
BEFORE_ALL = 2
# Kind 0: work ends. A lead can be touched, met and worked for by several reps at one instant.
TOUCH_ENDS = _kind(0, 0)
MEETING_ENDS = _kind(0, 1)
DEAL_WORK_ENDS = _kind(0, 2)
# Kind 1: a task becomes available, or a reply arrives.
AVAILABLE = _kind(1, 0)
REPLY_ARRIVES = _kind(1, 1)
# Kind 2: on its way to sales.
BOOKS_ITSELF = _kind(2, 0)
QUALIFIES = _kind(2, 1)
HANDED_OVER = _kind(2, 2)
# Kind 3: something runs out.
WINDOW_ENDS = _kind(3, 0)
PATIENCE_ENDS = _kind(3, 1)
BREACH = _kind(3, 2)
COOL_OFF_ENDS = _kind(3, 3)
DECISION = _kind(3, 4)
# Kinds 4 to 6.
MEETING_STARTS = _kind(4, 0)
SHIFT_OPENS = _kind(5, 0)  # with number 0; a rep's first day begins with JOINS, and with LEAVES it is gone
JOINS, LEAVES = 1, 2
SHIFT_CLOSES = _kind(6, 0)


def index_key(index: int) -> int:
    """Return the part of a key that names a lead or a rep."""
    return index << _INDEX_SHIFT


def episode_key(episode: int) -> int:
    """Return the part of a key that names an episode."""
    return episode << _EPISODE_SHIFT


def check_numbers(leads: Leads, slot_ms: int) -> None:
    """Refuse more leads, or more pieces of a lead's deal work, than keys can tell apart.

    Raises:
        ValueError: saying how many there may be.
    """
    if leads.n >= MOST_LEADS:
        raise ValueError(f"at most {MOST_LEADS - 1} leads can be told apart, got {leads.n}")
    work_ms = leads.deal_work_ms
    if int(work_ms.max(initial=0)) // slot_ms * len(work_ms) >= MOST_NUMBERS - len(work_ms):  # else it cannot be
        pieces = int((-(-work_ms // slot_ms)).sum(axis=0).max())
        if pieces >= MOST_NUMBERS:
            raise ValueError(
                f"at most {MOST_NUMBERS - 1} pieces of deal work of a lead can be told apart, got {pieces}: "
                f"a slot of {slot_ms} ms (policy.meetings.slot) is too short"
            )


class Clock(simpy.Environment):
    """SimPy's environment on a clock of whole milliseconds."""

    # Read directly, as SimPy's own events do: the property `now` would cost more than most of what is asked for.
    _now: int

    def run_until(self, end: int, desk: Desk, watch: Callable[[], None] | None) -> None:
        """Let every event before `end` happen; once those of an instant are absorbed, let the desk give out work.

        The loop of `Environment.run`, with its `step` written out; a fault in a life is raised where it happens.
        """
        queue = self._queue
        heappush(queue, (end, simpy.events.URGENT, -1, simpy.Event(self)))  # so that it is never empty
        while True:
            now, _, _, event = heappop(queue)
            if now >= end:
                return
            self._now = now  # type: ignore[assignment]  # every time of ours is whole
            callbacks = event.callbacks
            event.callbacks = None  # type: ignore[assignment]  # as SimPy marks the past
            for callback in callbacks:
                callback(event)
            if desk.dirty and queue[0][0] > now:
                desk.give_out()
            if watch is not None and queue[0][0] > now:
                watch()


class Moment(simpy.Event):
    """An event that is going to happen at a known time, in its place in the total order.

    One that has happened may be begun again, for another time.
    """

    _ok = True
    _value = None

    def __init__(self, env: Clock, key: int, time: int, then: Callable[[Any], None] | None = None) -> None:
        self.env = env
        self.callbacks = [] if then is None else [then]
        heappush(env._queue, (time, key, 0, self))  # type: ignore[misc]  # a key is a priority

    def __lt__(self, other: Moment) -> bool:
        # Only asked where a key comes twice at one instant: of something overtaken, which does nothing.
        return False


class Lifeline(simpy.Process):
    """A process that begins at once, and whose parts are generators of their own: `result = yield self.part()`.

    It begins in the place of the event that starts it, not through an event of SimPy's. Every event goes straight to
    the innermost part; passing it down a chain of `yield from` costs a tenth of a run. Nothing that it waits for has a
    value or fails. A bare `yield` waits for something that resumes the process by itself.
    """

    def __init__(self, env: Clock, life: Generator[Any, Any, Any]) -> None:
        self.env = env
        self.callbacks = []
        self._generator = life
        self._parts: list[Generator[Any, Any, Any]] = []
        self._target = _PAST

    def _resume(self, event: simpy.Event | None) -> None:
        """Go on: `event` has happened."""
        wanted: Any
        try:
            wanted = self._generator.send(None)
        except StopIteration as end:
            wanted = self._returned(end.value)
        if wanted is not None:
            self._awaits(wanted)

    def _awaits(self, wanted: Any) -> None:
        """Begin the part that the life wants, or wait for the event."""
        if type(wanted) is GeneratorType:
            wanted = self._enters(wanted)
        if wanted is not None:
            self._target = wanted
            wanted.callbacks.append(self._resume)

    def interrupt(self, cause: Any = None) -> None:
        """Go on with a `simpy.Interrupt`, before any other event of this instant; the wait is given up."""
        word = simpy.Event(self.env)
        word.callbacks.append(lambda _: self._interrupted(simpy.Interrupt(cause)))
        self.env.schedule(word, simpy.events.URGENT)

    def _interrupted(self, interrupt: simpy.Interrupt) -> None:
        if self._value is not simpy.events.PENDING:
            return  # it ended at this very instant
        if self._target.callbacks is not None:
            self._target.callbacks.remove(self._resume)
            self._target = _PAST
        wanted: Any
        try:
            wanted = self._generator.throw(interrupt)
        except StopIteration as end:
            wanted = self._returned(end.value)
        self._awaits(wanted)

    def _enters(self, part: Generator[Any, Any, Any]) -> Any:
        """Begin a part, and the parts that it begins with; return what the innermost waits for, None at the end."""
        wanted: Any = part
        while type(wanted) is GeneratorType:
            self._parts.append(self._generator)
            self._generator = wanted
            try:
                wanted = wanted.send(None)
            except StopIteration as end:
                wanted = self._returned(end.value)
        return wanted

    def _returned(self, value: Any) -> Any:
        """Hand the value of a part that ended to the part it belongs to; return what that wants, None at the end."""
        while self._parts:
            self._generator = self._parts.pop()
            try:
                return self._generator.send(value)
            except StopIteration as end:
                value = end.value
        self._ok = True
        self._value = value
        return None


_PAST = simpy.Event.__new__(simpy.Event)
_PAST.callbacks = None  # type: ignore[assignment]  # as SimPy marks the past
