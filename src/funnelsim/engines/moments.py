"""The total order of events, as SimPy priorities.

SimPy's own queue sorts by (time, priority, insertion). A priority here is one integer that holds the whole key
(kind, sub-kind, index, episode, number), so that SimPy absorbs the events of an instant in the order of the model and
never falls back on the order of insertion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import simpy
from simpy.events import EventPriority

if TYPE_CHECKING:
    from collections.abc import Callable

_KIND_SHIFT = 59
_SUB_SHIFT = 56
_INDEX_SHIFT = 30
_EPISODE_SHIFT = 16
MOST_LEADS = 1 << (_SUB_SHIFT - _INDEX_SHIFT)


def _kind(kind: int, sub: int) -> int:
    # SimPy keeps priorities 0 and 1 for itself (interrupts, plain events): both come before every key.
    return ((kind + 1) << _KIND_SHIFT) | (sub << _SUB_SHIFT)


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
SHIFT_OPENS = _kind(5, 0)
SHIFT_CLOSES = _kind(6, 0)


def index_key(index: int) -> int:
    """Return the part of a key that names a lead or a rep."""
    return index << _INDEX_SHIFT


def episode_key(episode: int) -> int:
    """Return the part of a key that names an episode."""
    return episode << _EPISODE_SHIFT


class Clock(simpy.Environment):
    """SimPy's environment on a clock of whole milliseconds."""

    # Read directly, as SimPy's own events do: the property `now` would cost more than most of what is asked for.
    _now: int


class Moment(simpy.Event):
    """An event that is going to happen at a known time, in its place in the total order."""

    def __init__(self, env: Clock, key: int, time: int, then: Callable[[Any], None] | None = None) -> None:
        self.env = env
        self.callbacks = [] if then is None else [then]
        self._ok = True
        self._value = None
        env.schedule(self, EventPriority(key), time - env._now)
