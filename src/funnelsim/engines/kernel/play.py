"""One replication from its first event to its last."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.closing import accept_overdue, meeting_ended, meeting_starts, take_closer
from funnelsim.engines.kernel.desk import (
    breach,
    idle_from,
    is_idle_no_more,
    next_start,
    set_timers,
    shift_closes,
    shift_opens,
    start,
    to_be_moved,
    work_ends,
)
from funnelsim.engines.kernel.diary import earliest_closer
from funnelsim.engines.kernel.events import look_ahead, take_event
from funnelsim.engines.kernel.floor import (
    EPISODE_MASK,
    EPISODE_SHIFT,
    INDEX_MASK,
    INDEX_SHIFT,
    KIND_SHIFT,
    NUMBER_MASK,
    Floor,
    MeetingLuck,
    Person,
    Results,
    TouchLuck,
    Visits,
    Work,
    hot,
    part,
)
from funnelsim.engines.kernel.hints import rarely
from funnelsim.engines.kernel.hours import after, notice
from funnelsim.engines.kernel.leaving import joins_or_leaves
from funnelsim.engines.kernel.life import (
    NOTHING,
    assigned,
    await_event_of_own,
    begin_meetings,
    go_on,
    go_on_after_meetings,
    handed_over,
    leave_sales,
    loses_patience,
    reply_arrives,
    rested,
    tell,
    to_sales,
    window_ends,
)
from funnelsim.engines.kernel.lifetimes import begin_life, end_life, fetch_life
from funnelsim.engines.kernel.order import nearly_in_order, put_in_order
from funnelsim.engines.kernel.room import full
from funnelsim.engines.kernel.routing import assign_unassigned
from funnelsim.engines.kernel.rows import BOOKING
from funnelsim.engines.kernel.talks import contact, is_won
from funnelsim.engines.kernel.touching import DECIDED, LIST, TOUCHED, WAITS, worked
from funnelsim.engines.words import (
    ACCEPT_OVER,
    IS_BOOKED,
    IS_OPPORTUNITY,
    LOST,
    MOVED,
    STALLED,
    WON,
)
from funnelsim.records import ALWAYS, LOG_COLUMNS, NEVER

N_LOG_COLUMNS = len(LOG_COLUMNS)
# The canonical order of the touch log.
BY_END = tuple(LOG_COLUMNS.index(name) for name in ("end", "kind", "lead", "episode", "number", "rep", "queued_at"))
AHEAD = 4  # so many arrivals before its own
QUALIFIES = moments.QUALIFIES
# Kind and sub-kind of an event together.
AT_TOUCH_ENDS, AT_MEETING_ENDS = moments.TOUCH_ENDS >> KIND_SHIFT, moments.MEETING_ENDS >> KIND_SHIFT
AT_DEAL_WORK_ENDS, AT_AVAILABLE = moments.DEAL_WORK_ENDS >> KIND_SHIFT, moments.AVAILABLE >> KIND_SHIFT
AT_REPLY, AT_HANDED_OVER = moments.REPLY_ARRIVES >> KIND_SHIFT, moments.HANDED_OVER >> KIND_SHIFT
AT_QUALIFIES, AT_WINDOW = moments.QUALIFIES >> KIND_SHIFT, moments.WINDOW_ENDS >> KIND_SHIFT
AT_PATIENCE, AT_COOL_OFF = moments.PATIENCE_ENDS >> KIND_SHIFT, moments.COOL_OFF_ENDS >> KIND_SHIFT
AT_BREACH = moments.BREACH >> KIND_SHIFT
AT_DECISION, AT_MEETING = moments.DECISION >> KIND_SHIFT, moments.MEETING_STARTS >> KIND_SHIFT
AT_OPENING, AT_CLOSING = moments.SHIFT_OPENS >> KIND_SHIFT, moments.SHIFT_CLOSES >> KIND_SHIFT


@part
def books_itself(s: Floor, visits: Visits, c: int) -> None:
    """Book the first free slot, at creation; where none is near enough, go the ordinary way."""
    g = s.g
    now, i = g[G.NOW], s.lead[c, L.INDEX]
    r, slot = earliest_closer(s, c, notice(s), False)
    if slot <= after(s, now, G.BOOK_AHEAD, g[G.CLOSE_TEAM]) and slot < NEVER:
        handed_over(s, visits, c, visits.start[i])
        contact(s, c, now)
        s.lead[c, L.SQL_AT] = now
        take_closer(s, c, r, slot)
        begin_meetings(s, c)
    elif s.lead[c, L.AT_EVENT] >= 0:
        await_event_of_own(s, visits, c)
    else:
        s.lead[c, L.STAGE] = L.OVER


@hot
def give_out(s: Floor, touch_luck: TouchLuck, meeting_luck: MeetingLuck) -> None:
    """Let idle reps, the longest idle first, take the first task that fits."""
    g, team = s.g, s.team
    g[G.DIRTY] = 0
    idle = idle_from(s)
    for j in range(g[G.N_TEAMS]):
        if team[j, T.DIRTY] == 0:
            continue
        team[j, T.DIRTY] = 0
        at = next_start(s, j, 0)
        while at >= 0:
            r = team[j, idle + at]
            is_idle_no_more(s, j, at)
            start(s, touch_luck, meeting_luck, r)
            at = next_start(s, j, at)
    if g[G.FRESH] > 0:
        set_timers(s)


@hot
def happens(s: Floor, visits: Visits, meeting_luck: MeetingLuck, key: int, token: int) -> int:
    """Let an event happen; return the row of the lead that it is about, or -1 where it is about none or lapsed."""
    g, lead = s.g, s.lead
    what = key >> KIND_SHIFT
    index = (key >> INDEX_SHIFT) & INDEX_MASK
    if rarely(what >= AT_OPENING):
        if what == AT_CLOSING:
            shift_closes(s, index)
        elif key & NUMBER_MASK != 0:
            joins_or_leaves(s, index, key & NUMBER_MASK)
        else:
            shift_opens(s, index)
        return -1
    if what <= AT_DEAL_WORK_ENDS:
        work_ends(s, token)
        if what == AT_DEAL_WORK_ENDS:
            return -1
    c = s.slot_of[index]
    if rarely(c < 0):
        return -1
    if what == AT_TOUCH_ENDS:
        g[G.AT] = TOUCHED if lead[c, L.STAGE] == L.IN_LIST else DECIDED
        g[G.RESULT] = lead[c, L.RESULT]
    elif what == AT_MEETING_ENDS:
        meeting_ended(s, meeting_luck, c)
    elif what == AT_REPLY:
        reply_arrives(s, c, key & NUMBER_MASK, (key >> EPISODE_SHIFT) & EPISODE_MASK)
    elif what == AT_WINDOW:
        if key & NUMBER_MASK == 0:
            window_ends(s, c, (key >> EPISODE_SHIFT) & EPISODE_MASK)
        elif token == lead[c, L.AGREEMENTS] and lead[c, L.STATE] == IS_BOOKED and accept_overdue(s, c):
            g[G.WORD] = ACCEPT_OVER
    elif what == AT_BREACH or (what == AT_PATIENCE and token > 0):  # of a task, which may no longer wait
        if token == lead[c, L.TASK] and lead[c, L.WAITING] != 0:
            if what == AT_BREACH:
                breach(s, c)
            else:
                loses_patience(s, c)
    elif what == AT_PATIENCE:
        # Once the meeting has begun, what was wanted is forgotten, or it is the next meeting's.
        if (
            lead[c, L.STATE] == IS_OPPORTUNITY
            and lead[c, L.WANTED] < NEVER
            and lead[c, L.PATIENCE] < ALWAYS
            and lead[c, L.WANTED] + lead[c, L.PATIENCE] == g[G.NOW]
        ):
            g[G.WORD] = STALLED
    elif token != lead[c, L.TOKEN]:
        return -1
    elif what == AT_AVAILABLE:
        g[G.AT] = LIST
    elif what in (AT_QUALIFIES, AT_HANDED_OVER):
        to_sales(s, visits, c, what == AT_HANDED_OVER)
    elif what == AT_COOL_OFF:
        rested(s, visits, c)
    elif what == AT_DECISION:
        g[G.LEAVES] = WON if is_won(s, c) else LOST
    elif what == AT_MEETING:
        meeting_starts(s, meeting_luck, c)
    return c


@hot
def first_of_all(s: Floor) -> tuple[int, int, int]:
    """Return where the next event or arrival stands, its time and its key."""
    g, arriving = s.g, s.arriving
    where, time, key = look_ahead(s)
    j = g[G.ARRIVED]
    if j < g[G.ARRIVING] and (arriving[0, j] < time or (arriving[0, j] == time and arriving[1, j] < key)):
        where, time, key = G.ARRIVED, arriving[0, j], arriving[1, j]
    return where, time, key


@hot
def arrives(s: Floor, people: Person, visits: Visits, key: int) -> int:
    """Let the next life begin; return its row."""
    g = s.g
    j = g[G.ARRIVED]
    g[G.ARRIVED] = j + 1
    if j + AHEAD < g[G.ARRIVING]:
        fetch_life(s, people, visits, s.arriving[2, j + AHEAD], s.arriving[3, j + AHEAD])
    c = begin_life(s, people, s.arriving[2, j])
    s.lead[c, L.AT_EVENT] = s.arriving[3, j]
    if rarely(key < QUALIFIES):
        books_itself(s, visits, c)
    else:
        to_sales(s, visits, c, False)
    return c


@part
def run(
    s: Floor, people: Person, touch_luck: TouchLuck, meeting_luck: MeetingLuck, visits: Visits, out: Results
) -> bool:
    """Play to the end and return True, or to where some array has to grow and return False."""
    g, lead = s.g, s.lead
    while not rarely(full(s)):
        g[G.WORD], g[G.RELEASED] = 0, 0
        g[G.AT] = g[G.MET] = g[G.LEAVES] = NOTHING
        if rarely(g[G.CLOSING] >= 0):
            c = to_be_moved(s)
            g[G.WORD] = MOVED
        elif rarely(g[G.FIRST_PENDING] >= 0):  # who has learnt of an owner goes on before anything else of this instant
            c = assigned(s)
        else:
            where, time, key = first_of_all(s)
            if g[G.DIRTY] != 0 and time > g[G.NOW]:
                give_out(s, touch_luck, meeting_luck)
                continue
            if rarely(time >= g[G.END]):
                return True
            g[G.NOW] = time
            if where == G.ARRIVED:
                c = arrives(s, people, visits, key)
            else:
                c = happens(s, visits, meeting_luck, key, take_event(s, where))
        if c >= 0:
            if rarely(g[G.WORD] != 0):
                tell(s, c, g[G.WORD])
            if rarely(g[G.MET] >= 0):
                go_on_after_meetings(s, c, g[G.MET])
            if g[G.AT] >= 0:
                result = worked(s, touch_luck, c, g[G.AT], g[G.RESULT])
                if result != WAITS:
                    go_on(s, c, result)
            if g[G.LEAVES] >= 0:
                leave_sales(s, c, g[G.LEAVES])
            if lead[c, L.STAGE] == L.OVER:
                end_life(s, out, c)
        if rarely(g[G.RELEASED] != 0):
            assign_unassigned(s)
    return False


@part
def sort(s: Floor, work: Work) -> None:
    """Put the rows of the log in their canonical order."""
    rows = s.g[G.ROWS]
    this = nearly_in_order(s.log, rows, BY_END, work.work, s.g[G.CLOSED_ROWS], BOOKING)
    put_in_order(s.log, rows, N_LOG_COLUMNS, work.work, this)
