"""Where lives begin and end: rows of leads, the first moment of each, and what is written down when it is over."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.desk import SHIFT_OPENS, await_shift
from funnelsim.engines.kernel.events import BUSY, LANES, await_event
from funnelsim.engines.kernel.floor import (
    INDEX_SHIFT,
    Floor,
    Person,
    Results,
    Visits,
    Work,
    hot,
    part,
)
from funnelsim.engines.kernel.hints import fetch
from funnelsim.engines.kernel.leaving import JOINS, LEAVES
from funnelsim.engines.kernel.order import in_order, put_in_order
from funnelsim.engines.kernel.rows import (
    handover_row,
    piece_row,
    task_row,
    unassigned_row,
    waiting_piece_row,
    window_row,
)
from funnelsim.engines.words import IS_MARKETING, OPEN
from funnelsim.records import NEVER, State

MERGED = int(State.MERGED)
BOOKS_ITSELF, QUALIFIES = moments.BOOKS_ITSELF, moments.QUALIFIES


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


@hot
def fetch_life(s: Floor, people: Person, visits: Visits, i: int, at: int) -> None:
    """Ask early for what the beginning of a life looks up: the lead `i`, its first event `at`."""
    fetch(visits.time, at)
    fetch(visits.tier, at)
    fetch(visits.score, at)
    fetch(people.created, i)
    fetch(people.segment, i)
    fetch(people.able, i)
    fetch(people.ready_from, i)
    fetch(people.ready_until, i)
    fetch(people.meetings_needed, i)
    fetch(people.close_ms, i)
    fetch(people.win_until, i)
    fetch(people.patience, i)
    fetch(people.queue_patience, i)
    fetch(people.too_soon, i)
    fetch(people.prep_needed, i)
    fetch(people.sync_latency, i)


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
    put_in_order(found, n, 4, work.work, in_order(found, n, (0, 1), work.work))


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
    g[G.CLOSED_ROWS] = g[G.ROWS]
    put_down_work(s)
    for entry in range(g[G.NODES]):
        lane = s.node[entry, N.LANE]
        if (lane == N.PIECES or lane == N.REST) and s.node[entry, N.TASK] != 0:
            waiting_piece_row(s, entry, g[G.END], OPEN)
    for c in range(g[G.SLOTS]):
        if s.slot_of[s.lead[c, L.INDEX]] == c:
            put_down_lead(s, out, c)
