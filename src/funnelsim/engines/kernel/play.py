"""One replication from its first event to its last."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.closing import (
    accept_overdue,
    meeting_ended,
    meeting_starts,
    take_closer,
)
from funnelsim.engines.kernel.desk import (
    SHIFT_OPENS,
    await_shift,
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
from funnelsim.engines.kernel.events import BUSY, LANES, await_event, look_ahead, take_event
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
from funnelsim.engines.kernel.hours import after, notice
from funnelsim.engines.kernel.leaving import JOINS, LEAVES, joins_or_leaves
from funnelsim.engines.kernel.life import (
    DECIDED,
    LIST,
    NOTHING,
    TOUCHED,
    WAITS,
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
    worked,
)
from funnelsim.engines.kernel.order import put_in_order
from funnelsim.engines.kernel.room import full
from funnelsim.engines.kernel.routing import assign_unassigned
from funnelsim.engines.kernel.rows import (
    handover_row,
    piece_row,
    task_row,
    unassigned_row,
    waiting_piece_row,
    window_row,
)
from funnelsim.engines.kernel.talks import contact, is_won
from funnelsim.engines.words import (
    ACCEPT_OVER,
    IS_BOOKED,
    IS_MARKETING,
    IS_OPPORTUNITY,
    LOST,
    MOVED,
    OPEN,
    STALLED,
    WON,
)
from funnelsim.records import ALWAYS, LOG_COLUMNS, NEVER, State

MERGED = int(State.MERGED)
N_LOG_COLUMNS = len(LOG_COLUMNS)
# The canonical order of the touch log.
BY_END = tuple(LOG_COLUMNS.index(name) for name in ("end", "kind", "lead", "episode", "number", "rep", "queued_at"))
BOOKS_ITSELF, QUALIFIES = moments.BOOKS_ITSELF, moments.QUALIFIES
# Kind and sub-kind of an event together.
AT_TOUCH_ENDS, AT_MEETING_ENDS = moments.TOUCH_ENDS >> KIND_SHIFT, moments.MEETING_ENDS >> KIND_SHIFT
AT_DEAL_WORK_ENDS, AT_AVAILABLE = moments.DEAL_WORK_ENDS >> KIND_SHIFT, moments.AVAILABLE >> KIND_SHIFT
AT_REPLY, AT_HANDED_OVER = moments.REPLY_ARRIVES >> KIND_SHIFT, moments.HANDED_OVER >> KIND_SHIFT
AT_QUALIFIES, AT_WINDOW = moments.QUALIFIES >> KIND_SHIFT, moments.WINDOW_ENDS >> KIND_SHIFT
AT_PATIENCE, AT_COOL_OFF = moments.PATIENCE_ENDS >> KIND_SHIFT, moments.COOL_OFF_ENDS >> KIND_SHIFT
AT_BREACH = moments.BREACH >> KIND_SHIFT
AT_DECISION, AT_MEETING = moments.DECISION >> KIND_SHIFT, moments.MEETING_STARTS >> KIND_SHIFT
AT_OPENING, AT_CLOSING = moments.SHIFT_OPENS >> KIND_SHIFT, moments.SHIFT_CLOSES >> KIND_SHIFT


@hot
def begin_life(s: Floor, people: Person, i: int) -> int:
    """Return the row of a lead whose life begins now."""
    g, lead = s.g, s.lead
    c = g[G.FREE_SLOT]
    if c >= 0:
        g[G.FREE_SLOT] = lead[c, L.NEXT_PENDING]
    else:
        c = g[G.SLOTS]
        g[G.SLOTS] = c + 1
    s.slot_of[i] = c
    for j in range(L.SIZE):
        lead[c, j] = 0
    lead[c, L.INDEX] = i
    lead[c, L.STATE] = IS_MARKETING
    lead[c, L.SINCE] = lead[c, L.CREATED] = people.created[i]
    lead[c, L.OWNER] = lead[c, L.CLOSER] = lead[c, L.FIRST_OWNER] = lead[c, L.LAST_CLOSER] = -1
    lead[c, L.TIER] = lead[c, L.SCORE] = lead[c, L.FIRST_TIER] = lead[c, L.FIRST_SCORE] = -1
    lead[c, L.MQL_AT] = lead[c, L.HANDED_AT] = lead[c, L.FIRST_TOUCH_AT] = lead[c, L.FIRST_TALK_AT] = -1
    lead[c, L.SQL_AT] = lead[c, L.MET_AT] = lead[c, L.OPPORTUNITY_AT] = lead[c, L.CLOSED_AT] = -1
    lead[c, L.CONTACT_AT] = lead[c, L.REPLIED_TO] = lead[c, L.UNASSIGNED_SINCE] = lead[c, L.FIRST_PIECE] = -1
    lead[c, L.WANTED] = NEVER
    lead[c, L.SEGMENT] = people.segment[i]
    lead[c, L.ABLE] = people.able[i]
    lead[c, L.READY_FROM] = people.ready_from[i]
    lead[c, L.READY_UNTIL] = people.ready_until[i]
    lead[c, L.MEETINGS_NEEDED] = people.meetings_needed[i]
    lead[c, L.CLOSE_MS] = people.close_ms[i]
    lead[c, L.WIN_UNTIL] = people.win_until[i]
    lead[c, L.BORNE] = people.patience[i]
    lead[c, L.QUEUE_PATIENCE] = people.queue_patience[i]
    lead[c, L.TOO_SOON] = people.too_soon[i]
    lead[c, L.PREP_NEEDED] = people.prep_needed[i]
    lead[c, L.SYNC_LATENCY] = people.sync_latency[i]
    return c


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
def write_life(s: Floor, out: Results, c: int) -> None:
    """Write what became of a lead into the results."""
    lead = s.lead
    i = lead[c, L.INDEX]
    out.state[i] = lead[c, L.STATE]
    out.since[i] = lead[c, L.SINCE]
    out.mql_at[i] = lead[c, L.MQL_AT]
    out.handed_at[i] = lead[c, L.HANDED_AT]
    out.first_touch_at[i] = lead[c, L.FIRST_TOUCH_AT]
    out.first_talk_at[i] = lead[c, L.FIRST_TALK_AT]
    out.sql_at[i] = lead[c, L.SQL_AT]
    out.met_at[i] = lead[c, L.MET_AT]
    out.opportunity_at[i] = lead[c, L.OPPORTUNITY_AT]
    out.closed_at[i] = lead[c, L.CLOSED_AT]
    out.contact_at[i] = lead[c, L.CONTACT_AT]
    out.touches[i] = lead[c, L.TOUCHES]
    out.meetings[i] = lead[c, L.MEETINGS]
    out.handovers[i] = lead[c, L.HANDOVERS]
    out.owner[i] = lead[c, L.FIRST_OWNER]
    out.closer[i] = lead[c, L.LAST_CLOSER]
    out.tier[i] = lead[c, L.FIRST_TIER]
    out.score[i] = lead[c, L.FIRST_SCORE]
    out.unprepared[i] = lead[c, L.UNPREPARED] != 0
    out.misjudged[i] = lead[c, L.MISJUDGED] != 0
    out.burnt[i] = lead[c, L.BURNT]


@hot
def end_life(s: Floor, out: Results, c: int) -> None:
    """Write what became of a lead, and free its row."""
    write_life(s, out, c)
    s.slot_of[s.lead[c, L.INDEX]] = -1
    s.lead[c, L.STAGE] = L.NOT_YET
    s.lead[c, L.NEXT_PENDING] = s.g[G.FREE_SLOT]
    s.g[G.FREE_SLOT] = c


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
    if what >= AT_OPENING:
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
    if c < 0:
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
        meeting_starts(s, c)
    return c


@part
def find_arrivals(s: Floor, people: Person, visits: Visits, work: Work) -> None:
    """Find the first moment of each life that matters to sales, and put them in order."""
    g, found = s.g, s.arriving
    n = 0
    for i in range(g[G.N_LEADS]):
        if g[G.DEDUPLICATION] != 0 and people.duplicate_of[i] >= 0:
            continue
        first = -1
        for at in range(visits.start[i], visits.start[i + 1]):
            if visits.holds[at]:
                first = at
                break
        books = g[G.SELF_SCHEDULING] != 0 and people.books_itself[i]
        time = people.created[i] if books else visits.time[first] if first >= 0 else NEVER
        if time < g[G.END]:
            found[0, n] = time
            found[1, n] = (BOOKS_ITSELF if books else QUALIFIES) | (i << INDEX_SHIFT)
            found[2, n] = i
            found[3, n] = first
            n += 1
    g[G.ARRIVING] = n
    put_in_order(found, n, 4, (0, 1), work.work)


@part
def begin(s: Floor, people: Person, visits: Visits, out: Results, work: Work) -> None:
    """Before the first event: everybody is in marketing, the first shifts are awaited."""
    g = s.g
    for i in range(g[G.N_LEADS]):
        out.state[i] = MERGED if g[G.DEDUPLICATION] != 0 and people.duplicate_of[i] >= 0 else IS_MARKETING
        out.since[i] = people.created[i]
        s.slot_of[i] = -1
    for lane in range(LANES):
        s.lane[lane, BUSY] = 0
    for r in range(g[G.N_REPS]):
        await_shift(s, r)
        if s.rep[r, R.STARTS] > 0:
            await_event(s, s.rep[r, R.STARTS], SHIFT_OPENS | (r << INDEX_SHIFT) | JOINS, 0)
        if s.rep[r, R.LEAVES] > 0:
            await_event(s, s.rep[r, R.LEAVES], SHIFT_OPENS | (r << INDEX_SHIFT) | LEAVES, 0)
    find_arrivals(s, people, visits, work)


@part
def put_down_work(s: Floor) -> None:
    """At the end of the run, write the rows of what is in work."""
    g, lead, rep = s.g, s.lead, s.rep
    for r in range(g[G.N_REPS]):
        if rep[r, R.IN_HAND] == R.DEAL_WORK:
            piece_row(s, r, rep[r, R.PLANNED_END], OPEN)
        elif rep[r, R.IN_HAND] != R.NOTHING:
            c = s.slot_of[rep[r, R.ON]]
            task_row(s, c, r, lead[c, L.START], rep[r, R.PLANNED_END], OPEN)


@part
def put_down_lead(s: Floor, out: Results, c: int) -> None:
    """At the end of the run, write the rows and the results of a life that is not over."""
    g, lead = s.g, s.lead
    end = g[G.END]
    if lead[c, L.WAITING] != 0:
        task_row(s, c, -1, -1, end, OPEN)
    if lead[c, L.IN_SALES] != 0:
        handover_row(s, c, end, OPEN)
        if lead[c, L.WINDOW_OPEN] != 0:
            window_row(s, c, end, OPEN)
        if lead[c, L.UNASSIGNED_SINCE] >= 0:
            unassigned_row(s, c, end, OPEN)
    write_life(s, out, c)


@part
def finish(s: Floor, out: Results) -> None:
    """After the last event: write down what is open, and the results of lives that are not over."""
    g = s.g
    put_down_work(s)
    for entry in range(g[G.NODES]):
        lane = s.node[entry, N.LANE]
        if (lane == N.PIECES or lane == N.REST) and s.node[entry, N.TASK] != 0:
            waiting_piece_row(s, entry, g[G.END], OPEN)
    for c in range(g[G.SLOTS]):
        if s.slot_of[s.lead[c, L.INDEX]] == c:
            put_down_lead(s, out, c)


@hot
def first_of_all(s: Floor) -> int:
    """Put down the time and the key of the next event or arrival; return where it stands."""
    g, arriving = s.g, s.arriving
    where = look_ahead(s)
    j = g[G.ARRIVED]
    if j < g[G.ARRIVING]:
        time, key = arriving[0, j], arriving[1, j]
        if time < g[G.NEXT_TIME] or (time == g[G.NEXT_TIME] and key < g[G.NEXT_KEY]):
            g[G.NEXT_TIME], g[G.NEXT_KEY] = time, key
            return G.ARRIVED
    return where


@hot
def first_step(s: Floor, people: Person, visits: Visits, meeting_luck: MeetingLuck, where: int) -> int:
    """Let the next event happen; return the row of the lead that it is about, or -1."""
    g = s.g
    key = g[G.NEXT_KEY]
    g[G.NOW] = g[G.NEXT_TIME]
    if where != G.ARRIVED:
        return happens(s, visits, meeting_luck, key, take_event(s, where))
    j = g[G.ARRIVED]
    g[G.ARRIVED] = j + 1
    c = begin_life(s, people, s.arriving[2, j])
    s.lead[c, L.AT_EVENT] = s.arriving[3, j]
    if key < QUALIFIES:
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
    while not full(s):
        g[G.WORD], g[G.RELEASED] = 0, 0
        g[G.AT] = g[G.MET] = g[G.LEAVES] = NOTHING
        if g[G.CLOSING] >= 0:
            c = to_be_moved(s)
            g[G.WORD] = MOVED
        elif g[G.FIRST_PENDING] >= 0:  # who has learnt of an owner goes on before anything else of this instant
            c = assigned(s)
        else:
            where = first_of_all(s)
            if g[G.DIRTY] != 0 and g[G.NEXT_TIME] > g[G.NOW]:
                give_out(s, touch_luck, meeting_luck)
                continue
            if g[G.NEXT_TIME] >= g[G.END]:
                return True
            c = first_step(s, people, visits, meeting_luck, where)
        if c >= 0:
            if g[G.WORD] != 0:
                tell(s, c, g[G.WORD])
            if g[G.MET] >= 0:
                go_on_after_meetings(s, c, g[G.MET])
            if g[G.AT] >= 0:
                result = worked(s, c, g[G.AT], g[G.RESULT])
                if result != WAITS:
                    go_on(s, c, result)
            if g[G.LEAVES] >= 0:
                leave_sales(s, c, g[G.LEAVES])
            if lead[c, L.STAGE] == L.OVER:
                end_life(s, out, c)
        if g[G.RELEASED] != 0:
            assign_unassigned(s)
    return False


@part
def sort(s: Floor, work: Work) -> None:
    """Put the rows of the log in their canonical order."""
    put_in_order(s.log, s.g[G.ROWS], N_LOG_COLUMNS, BY_END, work.work)
