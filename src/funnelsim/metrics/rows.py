"""What a row of the touch log is: a touch that was made, a talk, a piece of work."""

from __future__ import annotations

import numpy as np

from funnelsim.records import Bool, Result, Row, TouchLog


def _table(members: tuple[int, ...]) -> Bool:
    table = np.zeros(64, dtype=np.bool_)
    table[list(members)] = True
    return table


TRIES = (Row.CALL, Row.EMAIL, Row.CALLBACK)
WORK = (Row.CALL, Row.EMAIL, Row.REPLY, Row.CALLBACK, Row.MEETING, Row.DEAL_WORK)
TALKED = (
    Result.SQL,
    Result.BOOKED,
    Result.CALLED_BACK,
    Result.NURTURE,
    Result.DISQUALIFIED,
    Result.LOST_TO_ANOTHER,
    Result.TIRED,
    Result.REJECTED,
    Result.OPPORTUNITY,
    Result.MET,
    Result.WON,
    Result.LOST,
)
_TALKED = _table(TALKED)
_IS_TRY = _table(TRIES)
_IS_TALK = _table((Row.CALL, Row.CALLBACK, Row.REPLY, Row.MEETING))
_IS_WORK = _table(WORK)


def is_listed_try(touches: TouchLog) -> Bool:
    """Return which rows are a call, e-mail or call-back, made or not."""
    return _IS_TRY[touches.kind]


def is_try(touches: TouchLog) -> Bool:
    """Return which rows are a touch that was made: a call, e-mail or call-back with a dial."""
    return _IS_TRY[touches.kind] & (touches.dial >= 0)


def is_talk(touches: TouchLog) -> Bool:
    """Return which rows are a talk: an answered call or call-back, a handled reply, a kept meeting.

    One that is still going on at the end (result OPEN) is none yet.
    """
    return _IS_TALK[touches.kind] & _TALKED[touches.result] & (touches.start >= 0)


def is_work(touches: TouchLog) -> Bool:
    """Return which rows are work that a rep did."""
    return _IS_WORK[touches.kind] & (touches.start >= 0) & (touches.rep >= 0)
