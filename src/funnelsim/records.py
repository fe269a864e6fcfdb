"""The tables that pass between the rooms, column by column with units.

Times are integer milliseconds since local midnight of `run.start`, elapsed time. `NEVER` (2**62) stands for a moment
that does not come, `ALWAYS` (the same number) for a threshold without limit, -1 for one that nothing passes and for
"did not happen".
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

ALWAYS = 2**62
NEVER = 2**62
NO = -1

Int8 = NDArray[np.int8]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]


class State(IntEnum):
    """Where a lead is; exactly one at any time."""

    MARKETING = 0
    SYNCING = 1
    UNASSIGNED = 2
    WAITING = 3
    IN_WORK = 4
    BETWEEN_TOUCHES = 5
    CALLED_BACK = 6
    MEETING_BOOKED = 7
    OPPORTUNITY = 8
    NURTURE = 9
    # Final from here on.
    WON = 10
    LOST = 11
    LOST_TO_ANOTHER = 12
    DISQUALIFIED = 13
    EXHAUSTED = 14
    ABANDONED = 15
    OPTED_OUT = 16
    STALLED = 17
    REJECTED = 18
    NO_SHOW = 19
    MERGED = 20


FIRST_FINAL = State.WON


class Tier(IntEnum):
    """The tier of an MQL."""

    A = 0
    B = 1
    C = 2


class Row(IntEnum):
    """What a row of the touch log is about."""

    CALL = 0
    EMAIL = 1
    REPLY = 2
    CALLBACK = 3
    MEETING = 4
    DEAL_WORK = 5
    HANDOVER = 6
    WINDOW = 7
    BOOKING = 8
    UNASSIGNED = 9


class Result(IntEnum):
    """How a row of the touch log ended."""

    OPEN = 0
    NOT_REACHED = 1
    SENT = 2
    SQL = 3
    BOOKED = 4
    CALLED_BACK = 5
    NURTURE = 6
    DISQUALIFIED = 7
    LOST_TO_ANOTHER = 8
    TOO_SOON = 9
    TIRED = 10
    NO_SHOW = 11
    REJECTED = 12
    OPPORTUNITY = 13
    MET = 14
    WON = 15
    LOST = 16
    STALLED = 17
    DONE = 18
    DROPPED = 19
    CANCELLED = 20
    REASSIGNED = 21
    RECYCLED = 22
    ABANDONED = 23
    EXHAUSTED = 24
    MOVED = 25
    ASSIGNED = 26
    LAPSED = 27


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Leads:
    """Every lead of one replication with all its luck, in order of (created, channel, number). n leads.

    K = run.max_touches, M = run.max_meetings, A = number of firmographic attributes.
    """

    replication: int
    created: Int64  # (n,) ms
    channel: Int16  # (n,) index into market.channels
    number: Int32  # (n,) number within its channel
    offer: Int16  # (n,) index into market.offers
    hand_raise: Bool  # (n,)
    firmographics: Int16  # (A, n) category index, attributes in the order of market.firmographics
    fit: Float64  # (n,) true fit, points
    observed_fit: Float64  # (n,) as marketing sees it, points
    intent: Float64  # (n,) declared intent, points
    account: Int32  # (n,)
    duplicate_of: Int32  # (n,) index of the lead it duplicates, or -1
    able: Bool  # (n,) can buy at all; False for duplicates
    value: Float64  # (n,) deal value, money
    months: Float64  # (n,) months it would stay
    ready_from: Int64  # (n,) ms, NEVER
    ready_until: Int64  # (n,) ms, the last instant at which it is ready; -1 for those never ready
    anonymous_visits: Int32  # (n,) visits before creation
    event_start: Int64  # (n + 1,) CSR of own engagement events, the creation first
    event_time: Int64  # (E,) ms
    event_activity: Int16  # (E,) index into market.activities()
    nurture_start: Int64  # (n + 1,) CSR of nurture sends that would be answered
    nurture_send: Int32  # (S,) number of the send, from 1
    nurture_time: Int64  # (S,) ms of the response
    unsubscribe_below: Int32  # (n,) unsubscribes where policy.marketing.nurture_every is below this; 0 = never
    unsubscribe_send: Int32  # (n,) at the send of this number
    books_itself: Bool  # (n,)
    # Luck of touches. A touch connects iff its dial is at most this long after interest (or available_at).
    connect_until: Int64  # (K, n) ms, -1, ALWAYS
    reply_until: Int64  # (K, n) ms: an e-mail sent at most this long after interest is answered
    reply_lag: Int64  # (K, n) ms
    call_ms: Int64  # (K, n) length of a call attempt
    email_ms: Int64  # (K, n) length of writing an e-mail
    talk_ms: Int64  # (K, n) length of the talk
    annoyed: Bool  # (K, n) opts out of a touch that comes too soon
    tired: Bool  # (K, n) opts out of a talk while not ready
    callback_at: Int64  # (K, n) the date that it names, or NEVER
    misjudged: Bool  # (K, n) passed on as an SQL though unable or unready
    given_up: Bool  # (K, n) this touch is the last of the handover if nobody answers it
    # Luck of meetings.
    show_until: Int64  # (M, n) ms: comes iff booked at most this far ahead
    meeting_ms: Int64  # (M, n)
    deal_work_ms: Int64  # (M, n) work left by this meeting
    buyer_pace: Int64  # (M, n) time wanted after this meeting before the next
    meetings_needed: Int16  # (n,) meetings of the opportunity after the first
    close_ms: Int64  # (n,) time to the decision where market.deal.closes_by is 'delay'
    win_until: Int64  # (n,) ms from max(created, ready_from) to the first contact
    patience: Int64  # (n,) seller-caused delay borne by an opportunity, or ALWAYS
    queue_patience: Int64  # (n,) longest wait in a list, or ALWAYS
    sync_latency: Int64  # (n,) ms from a qualifying event to the handover
    too_soon: Int64  # (n,) ms after interest before which a touch annoys
    prep_needed: Int64  # (n,) ms of preparation without which a talk goes badly

    @property
    def n(self) -> int:
        """Return the number of leads."""
        return int(self.created.size)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What a scoring policy says of each engagement event, just after it. CSR over leads."""

    start: Int64  # (n + 1,)
    time: Int64  # (E,) ms
    holds: Bool  # (E,) the rule holds: the lead could be handed over
    tier: Int8  # (E,) Tier
    grade: Int8  # (E,) 0..8 for A1, A2, A3, B1 .. C3
    score: Int32  # (E,) total, hundredths of a point


@dataclass(frozen=True, slots=True)
class Rules:
    """Constants of the world that an engine needs, integers only."""

    mean_call_ms: int
    mean_email_ms: int
    meeting_ms: int  # the agreed length: the mean
    no_show_ms: int
    reach_from_available: bool  # delay counts from the touch's own available_at, not from interest
    closes_by_delay: bool
    syncs_in_business: bool  # Leads.sync_latency runs in the touching role's open hours
    unprepared_permille: int
    max_touches: int
    max_meetings: int


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """What became of each lead. Times in ms, -1 where it did not happen. n leads."""

    state: Int8  # (n,) State at `end`
    since: Int64  # (n,) when it entered that state
    mql_at: Int64  # (n,) first qualifying event that led to a handover (or a pending one)
    handed_at: Int64  # (n,) first handover
    first_touch_at: Int64  # (n,) first dial or e-mail
    first_talk_at: Int64  # (n,) first answered call, reply handled, or kept meeting
    sql_at: Int64  # (n,) first SQL (or the booking where there is no such stage)
    met_at: Int64  # (n,) start of the first kept meeting
    opportunity_at: Int64  # (n,)
    closed_at: Int64  # (n,) won, lost or stalled
    contact_at: Int64  # (n,) first contact at or after max(created, ready_from)
    touches: Int16  # (n,) touches used
    meetings: Int16  # (n,) meetings used
    handovers: Int16  # (n,)
    owner: Int16  # (n,) first owner, or -1
    closer: Int16  # (n,) rep of the last meeting booked, or -1
    tier: Int8  # (n,) Tier at the first handover, or -1
    score: Int32  # (n,) at the first handover, hundredths, or -1
    unprepared: Bool  # (n,) a talk was unprepared
    misjudged: Bool  # (n,) passed on as an SQL by error
    burnt: Int8  # (n,) opted out: 0 no, 1 touched too soon, 2 tired of talks


@dataclass(frozen=True, slots=True, eq=False)
class TouchLog:
    """Who did what to which lead: one row for each stay in a work list, meeting, handover, window and booking.

    Rows are sorted by (end, kind, lead, episode, number, rep, queued_at). All columns int64, times in ms, -1
    where not applicable.
    """

    kind: Int64  # Row
    lead: Int64
    episode: Int64  # rises at every handover, recycle and exit from sales
    attempt: Int64  # attempt within this handover or recycle, from 1
    number: Int64  # touch (k), meeting (m) or piece, over the lead's life, from 0
    rep: Int64  # who did it (HANDOVER: the owner); -1 nobody
    list: Int64  # rep index; n_reps + team for a team's list; n_reps + n_teams + team for the unassigned; -1
    tier: Int64
    score: Int64  # hundredths of a point, frozen at the handover
    queued_at: Int64  # entered this list
    available_at: Int64  # HANDOVER: the qualifying event; WINDOW: its opening; BOOKING: when it was booked
    due_at: Int64  # HANDOVER: first touch due; WINDOW: its planned end; BOOKING and MEETING: the reserved start
    start: Int64  # work began; HANDOVER: handed over; -1 if never begun
    dial: Int64  # the moment at which it is judged (after preparation)
    end: Int64  # work ended, or the row's stay did; planned end for what was open at the end of the run
    result: Int64  # Result

    @property
    def n(self) -> int:
        """Return the number of rows."""
        return int(self.kind.size)


LOG_COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(TouchLog))


def same(a: Any, b: Any) -> bool:
    """Return whether two records hold the same values to the bit, dtypes and shapes included."""
    for f in fields(a):
        left, right = getattr(a, f.name), getattr(b, f.name)
        if isinstance(left, np.ndarray):
            if left.dtype != right.dtype or left.shape != right.shape or left.tobytes() != right.tobytes():
                return False
        elif left != right:
            return False
    return True
