"""The engine's vocabulary as plain integers: the log takes integers, and enums are slow to compare."""

from __future__ import annotations

from funnelsim.records import Result, State

# Results of work and of waits.
OPEN, NOT_REACHED, SENT, SQL, BOOKED, CALLED_BACK, NURTURE = (int(r) for r in list(Result)[:7])
DISQUALIFIED, LOST_TO_ANOTHER, TOO_SOON, TIRED = (int(r) for r in list(Result)[7:11])
NO_SHOW, OPPORTUNITY, MET = int(Result.NO_SHOW), int(Result.OPPORTUNITY), int(Result.MET)
WON, LOST, STALLED = int(Result.WON), int(Result.LOST), int(Result.STALLED)
DROPPED, CANCELLED, RECYCLED = int(Result.DROPPED), int(Result.CANCELLED), int(Result.RECYCLED)
ABANDONED, EXHAUSTED, MOVED = int(Result.ABANDONED), int(Result.EXHAUSTED), int(Result.MOVED)
ASSIGNED, LAPSED, REASSIGNED = int(Result.ASSIGNED), int(Result.LAPSED), int(Result.REASSIGNED)
# Words that end a wait and are no results of work.
WINDOW_OVER, REPLIED, ACCEPT_OVER = 100, 101, 102
GOES_ON = frozenset({NOT_REACHED, SENT, CALLED_BACK, WINDOW_OVER})  # after which there may be another touch
DROPPED_AS = {WINDOW_OVER: DROPPED, REPLIED: CANCELLED}

# States that an engine compares; `IS_` keeps them apart from results of the same name.
IS_MARKETING, IS_SYNCING, IS_UNASSIGNED, IS_WAITING, IS_IN_WORK = (int(s) for s in list(State)[:5])
IS_BETWEEN, IS_CALLED_BACK, IS_BOOKED, IS_OPPORTUNITY, IS_NURTURE = (int(s) for s in list(State)[5:10])
FINAL_STATE = {
    DISQUALIFIED: int(State.DISQUALIFIED),
    LOST_TO_ANOTHER: int(State.LOST_TO_ANOTHER),
    TOO_SOON: int(State.OPTED_OUT),
    TIRED: int(State.OPTED_OUT),
    WON: int(State.WON),
    LOST: int(State.LOST),
    STALLED: int(State.STALLED),
    int(Result.REJECTED): int(State.REJECTED),
    NO_SHOW: int(State.NO_SHOW),
    ABANDONED: int(State.ABANDONED),
    EXHAUSTED: int(State.EXHAUSTED),
}
BURNT = {TOO_SOON: 1, TIRED: 2}
