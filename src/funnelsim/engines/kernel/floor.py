"""What the compiled engine's parts share: the arrays of one replication, and how a part is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

from numba import njit

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R

Function = TypeVar("Function", bound=Callable[..., Any])

# The parts of a key of `moments`, found from its functions.
INDEX_SHIFT = moments.index_key(1).bit_length() - 1
EPISODE_SHIFT = moments.episode_key(1).bit_length() - 1
KIND_SHIFT = (moments.TOUCH_ENDS ^ moments.MEETING_ENDS).bit_length() - 1
INDEX_MASK = moments.MOST_LEADS - 1
EPISODE_MASK = (1 << (INDEX_SHIFT - EPISODE_SHIFT)) - 1
NUMBER_MASK = (1 << EPISODE_SHIFT) - 1


def part(function: Function) -> Function:
    """Compile a part of the kernel, as part of what calls it."""
    compiled: Function = njit(nogil=True, error_model="numpy")(function)
    return compiled


def hot(function: Function) -> Function:
    """Compile a part that most events go through, written out where it is called: a sixth of the time of a run."""
    compiled: Function = njit(nogil=True, error_model="numpy", forceinline=True)(function)
    return compiled


class Table(Protocol):
    """An array of numbers, of one dimension or two, as the kernel uses it (`tables`)."""

    def __getitem__(self, place: int | tuple[int, int], /) -> int: ...
    def __setitem__(self, place: int | tuple[int, int], value: int, /) -> None: ...


class Floor(NamedTuple):
    """Everything that changes while a replication is played, and the constants; int64 but for `slot_of`.

    The arrays that grow do so between two steps of the kernel, never within one (`room`).
    """

    g: Table  # numbers of the run as a whole (run_columns)
    c: Table  # lists of constants: calendars, ramps, members, served categories
    lead: Table  # (slots, ..) leads whose life lasts (lead_columns); grows
    former: Table  # (slots, ..) former owners of each in this handover, a bit each, FORMER_BITS to a number; grows
    rep: Table  # (R, ..) (rep_columns)
    team: Table  # (T, ..) (team_columns)
    lists: Table  # (R + T + 1 + segments, ..) of reps, of teams, of the unassigned by segment (node_columns)
    node: Table  # (entries, ..) of all lists (node_columns); grows
    near: Table  # (events, 3) heap of (time, key, token), the token's last bit saying that it is the head of a lane
    far: Table  # (events, 3) heap of (time, key, token); grows
    later: Table  # (spans,) the chain of what is put by for each span of time, -1 where there is none (events)
    lane: Table  # (lanes, ..) events of a kind that were set in order (events)
    chain: Table  # (events, ..) of all lanes behind their heads (events); grows
    fresh: Table  # (tasks, 2) queued at this instant with timers to be set if they must wait: (lead, task); grows
    diary: Table  # (R, 2 x reservations) from and until, in order; grows
    log: Table  # (columns, rows) of the touch log; grows
    arriving: Table  # (4, lives) the first moment of each: time, key, lead, event
    slot_of: Table  # (n,) int32: row of each lead in `lead`, or -1
    scratch: Table  # (entries,) for walks through heaps; grows


# The lengths of rows that never change.
WIDTHS = {
    "lead": L.SIZE, "rep": R.SIZE, "lists": N.LIST_SIZE, "node": N.SIZE, "near": 3, "far": 3, "lane": 5, "chain": 4,
    "fresh": 2,
}  # fmt: skip


class TouchLuck(NamedTuple):
    """The luck of touches, each (K, n)."""

    connect_until: Table
    reply_until: Table
    reply_lag: Table
    call_ms: Table
    email_ms: Table
    talk_ms: Table
    annoyed: Table
    tired: Table
    callback_at: Table
    misjudged: Table
    given_up: Table


class MeetingLuck(NamedTuple):
    """The luck of meetings, each (M, n)."""

    show_until: Table
    meeting_ms: Table
    deal_work_ms: Table
    buyer_pace: Table


class Person(NamedTuple):
    """What there is one of for each lead, each (n,)."""

    created: Table
    able: Table
    ready_from: Table
    ready_until: Table
    meetings_needed: Table
    close_ms: Table
    win_until: Table
    patience: Table
    queue_patience: Table
    too_soon: Table
    prep_needed: Table
    sync_latency: Table
    books_itself: Table
    duplicate_of: Table
    segment: Table


class Visits(NamedTuple):
    """Engagement events and what the scoring says of them, CSR over leads."""

    start: Table
    time: Table
    holds: Table
    tier: Table
    score: Table


class Work(NamedTuple):
    """Room for sorting."""

    work: Table  # (3, ..) longer than what is sorted


class Results(NamedTuple):
    """The columns of `Outcomes`, to be filled in; in the same order."""

    state: Table
    since: Table
    mql_at: Table
    handed_at: Table
    first_touch_at: Table
    first_talk_at: Table
    sql_at: Table
    met_at: Table
    opportunity_at: Table
    closed_at: Table
    contact_at: Table
    touches: Table
    meetings: Table
    handovers: Table
    owner: Table
    closer: Table
    tier: Table
    score: Table
    unprepared: Table
    misjudged: Table
    burnt: Table
