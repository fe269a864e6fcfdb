"""A prospect's way through sales, stage by stage: what `funnelsim.engines.prospect` tells as a story."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.closing import (
    agree_meeting,
    await_meeting,
    book_again,
    close_window,
    decide,
    enter_state,
    free_slot,
    wait_until,
)
from funnelsim.engines.kernel.floor import Floor, Visits, hot, part
from funnelsim.engines.kernel.hours import after, open_ms_later
from funnelsim.engines.kernel.lists import drop, drop_pieces
from funnelsim.engines.kernel.routing import is_gone, release_lead, route, takes_owner, waits_for_owner
from funnelsim.engines.kernel.rows import handover_row, unassigned_row
from funnelsim.engines.kernel.touching import ANSWERED, DECIDED, DUE, TOUCHED, named_date, open_window, terms_of
from funnelsim.engines.words import (
    ABANDONED,
    ACCEPT_OVER,
    ASSIGNED,
    BOOKED,
    CALLED_BACK,
    CANCELLED,
    DROPPED,
    IS_BETWEEN,
    IS_BOOKED,
    IS_IN_WORK,
    IS_MARKETING,
    IS_NURTURE,
    IS_OPPORTUNITY,
    IS_SYNCING,
    IS_UNASSIGNED,
    IS_WAITING,
    LAPSED,
    LOST,
    MOVED,
    NO_SHOW,
    NURTURE,
    REPLIED,
    SQL,
    STALLED,
    TIRED,
    TOO_SOON,
    WINDOW_OVER,
    WON,
)

COOL_OFF_ENDS, HANDED_OVER, QUALIFIES = moments.COOL_OFF_ENDS, moments.HANDED_OVER, moments.QUALIFIES
NOTHING = -1  # nothing comes next


@hot
def handed_over(s: Floor, visits: Visits, c: int, at: int) -> None:
    """Let a handover begin, brought about by the engagement event `at`."""
    g, lead = s.g, s.lead
    now = g[G.NOW]
    lead[c, L.IN_SALES] = 1
    lead[c, L.EPISODE] += 1
    lead[c, L.HANDOVERS] += 1
    lead[c, L.QUALIFIED_AT] = lead[c, L.INTEREST] = visits.time[at]
    lead[c, L.TIER] = visits.tier[at]
    lead[c, L.SCORE] = visits.score[at]
    for j in range(g[G.N_REPS] // L.FORMER_BITS + 1):
        s.former[c, j] = 0
    lead[c, L.RECYCLES] = g[G.RECYCLES]
    lead[c, L.ATTEMPT] = lead[c, L.REBOOKINGS] = 0
    lead[c, L.PREPARED] = lead[c, L.QUALIFIED] = 0
    lead[c, L.REPLIED_TO] = lead[c, L.FIRST_DUE] = -1
    lead[c, L.HANDOVER_AT] = now
    if lead[c, L.MQL_AT] < 0:
        lead[c, L.MQL_AT] = lead[c, L.INTEREST]
    if lead[c, L.HANDED_AT] < 0:
        lead[c, L.HANDED_AT] = now
        lead[c, L.FIRST_TIER] = lead[c, L.TIER]
        lead[c, L.FIRST_SCORE] = lead[c, L.SCORE]


@hot
def begin_sales(s: Floor, visits: Visits, c: int, at: int) -> None:
    """Be handed over, routed and worked."""
    g, lead = s.g, s.lead
    handed_over(s, visits, c, at)
    if g[G.POOLED] == 0:
        owner = route(s, c)
        if owner >= 0:
            takes_owner(s, c, owner)
    open_window(s, c)
    terms, team = terms_of(s, c), g[G.TOUCH_TEAM]
    lead[c, L.AVAILABLE] = max(g[G.NOW], after(s, lead[c, L.INTEREST], terms + G.EARLIEST, team))
    lead[c, L.DUE] = lead[c, L.FIRST_DUE] = after(s, lead[c, L.AVAILABLE], terms + G.FIRST_TOUCH, team)
    lead[c, L.CALLED_BACK] = 0
    lead[c, L.FIRST] = 1
    if lead[c, L.OWNER] < 0 and g[G.POOLED] == 0:
        waits_for_owner(s, c, lead[c, L.DUE])
        enter_state(s, c, IS_UNASSIGNED)
        lead[c, L.STAGE] = L.UNASSIGNED
        lead[c, L.UNASSIGNED_SINCE] = g[G.NOW]
        return
    g[G.AT] = DUE


@part
def assigned(s: Floor) -> int:
    """Let the first of those for whom an owner was found learn of it; return its row."""
    g, lead = s.g, s.lead
    c = g[G.FIRST_PENDING]
    g[G.FIRST_PENDING] = lead[c, L.NEXT_PENDING]
    if g[G.FIRST_PENDING] < 0:
        g[G.LAST_PENDING] = -1
    unassigned_row(s, c, g[G.NOW], ASSIGNED)
    lead[c, L.UNASSIGNED_SINCE] = -1
    g[G.AT] = DUE
    return c


@part
def begin_meetings(s: Floor, c: int) -> None:
    """Wait for the first meeting, which is booked."""
    enter_state(s, c, IS_BOOKED)
    await_meeting(s, c)


@part
def back_to_caller(s: Floor, c: int) -> bool:
    """Leave the closer for the caller it came from, or another; False where nobody has room."""
    g, lead = s.g, s.lead
    s.rep[lead[c, L.CLOSER], R.OPPORTUNITIES] -= 1
    lead[c, L.CLOSER] = -1
    if g[G.POOLED] != 0:
        return True
    owner = lead[c, L.OWNER]
    if owner < 0 or is_gone(s, owner):
        owner = route(s, c)
    if owner >= 0:
        takes_owner(s, c, owner)
    return owner >= 0


@hot
def go_on(s: Floor, c: int, result: int) -> None:
    """Go on after having been worked: to a meeting, a decision, or out of sales."""
    if result != SQL and result != BOOKED:
        s.g[G.LEAVES] = result
    elif s.g[G.BY_DELAY] != 0:
        decide(s, c)
    elif agree_meeting(s, c):
        begin_meetings(s, c)
    else:
        s.g[G.LEAVES] = NO_SHOW


@part
def go_on_after_meetings(s: Floor, c: int, result: int) -> None:
    """Go on after the last meeting: out of sales, or back to those who call where the first one showed it unready."""
    if result != CALLED_BACK:
        s.g[G.LEAVES] = result
    elif back_to_caller(s, c):
        named_date(s, c)
        s.lead[c, L.CALLED_BACK] = 1
        s.lead[c, L.FIRST] = 0
        s.g[G.AT] = DUE
    else:
        s.g[G.LEAVES] = NURTURE


@hot
def leave_sales(s: Floor, c: int, result: int) -> None:
    """End the handover: free the place, close the window, and rest or enter the final state."""
    g, lead = s.g, s.lead
    now = g[G.NOW]
    handover_row(s, c, now, result)
    if lead[c, L.STATE] == IS_OPPORTUNITY or lead[c, L.STATE] == IS_BOOKED:
        if lead[c, L.CLOSER] >= 0:
            s.rep[lead[c, L.CLOSER], R.OPPORTUNITIES] -= 1
        if result in (WON, LOST, STALLED):
            lead[c, L.CLOSED_AT] = now
    else:
        close_window(s, c, NURTURE if lead[c, L.WINDOW_OVER] != 0 and result == NURTURE else LAPSED)
        if lead[c, L.OWNER] >= 0:
            release_lead(s, lead[c, L.OWNER])
    lead[c, L.OWNER] = lead[c, L.CLOSER] = -1
    lead[c, L.IN_SALES] = 0
    lead[c, L.EPISODE] += 1
    lead[c, L.BURNT] = 1 if result == TOO_SOON else 2 if result == TIRED else 0
    if result == NURTURE:
        enter_state(s, c, IS_NURTURE)
        wait_until(s, c, L.RESTING, now + g[G.COOL_OFF], COOL_OFF_ENDS, 0)
    else:
        enter_state(s, c, g[G.FINAL_STATE + result])
        lead[c, L.STAGE] = L.OVER


# On the way to sales.


@hot
def to_sales(s: Floor, visits: Visits, c: int, synced: bool) -> None:
    """Be handed over to sales for the event at which the lead qualified, once the CRM knows."""
    g, lead = s.g, s.lead
    if lead[c, L.MQL_AT] < 0:
        lead[c, L.MQL_AT] = g[G.NOW]
    if synced or lead[c, L.SYNC_LATENCY] == 0:
        begin_sales(s, visits, c, lead[c, L.AT_EVENT])
        return
    enter_state(s, c, IS_SYNCING)
    until = g[G.NOW] + lead[c, L.SYNC_LATENCY]
    if g[G.SYNC_BUSINESS] != 0:
        until = open_ms_later(s, g[G.NOW], lead[c, L.SYNC_LATENCY], g[G.TOUCH_TEAM])
    wait_until(s, c, L.SYNCING, until, HANDED_OVER, 0)


@part
def await_event_of_own(s: Floor, visits: Visits, c: int) -> None:
    """Wait in marketing for the engagement event at which the lead qualifies."""
    wait_until(s, c, L.IN_MARKETING, visits.time[s.lead[c, L.AT_EVENT]], QUALIFIES, 0)


@part
def rested(s: Floor, visits: Visits, c: int) -> None:
    """After the cool-off: wait for the first event at which the rule holds; without one life is over."""
    enter_state(s, c, IS_MARKETING)
    i, now = s.lead[c, L.INDEX], s.g[G.NOW]
    for at in range(visits.start[i], visits.start[i + 1]):
        if visits.holds[at] and visits.time[at] >= now:
            s.lead[c, L.AT_EVENT] = at
            await_event_of_own(s, visits, c)
            return
    s.lead[c, L.STAGE] = L.OVER


# Words from outside.


@part
def tell(s: Floor, c: int, word: int) -> None:
    """End the lead's wait with a word."""
    g, lead = s.g, s.lead
    lead[c, L.TOKEN] += 1
    stage = lead[c, L.STAGE]
    if stage == L.UNASSIGNED:
        lead[c, L.TASK] = 0  # its place is cleared away later
        s.team[g[G.TOUCH_TEAM], T.UNASSIGNED] -= 1
        unassigned_row(s, c, g[G.NOW], DROPPED)
        lead[c, L.UNASSIGNED_SINCE] = -1
        g[G.LEAVES] = NURTURE
    elif stage == L.BEFORE_MEETING or stage == L.IN_MEETING:
        if stage == L.IN_MEETING:
            drop(s, c, g[G.CLOSE_TEAM], STALLED if word == STALLED else MOVED)
        free_slot(s, c)
        if word == STALLED:
            drop_pieces(s, c)
            g[G.LEAVES] = STALLED
        else:
            book_again(s, c, word == ACCEPT_OVER)
            await_meeting(s, c)
    else:
        g[G.RESULT] = word
        g[G.AT] = ANSWERED
        if stage != L.BETWEEN:
            g[G.AT] = TOUCHED if stage == L.IN_LIST else DECIDED
            drop(s, c, g[G.TOUCH_TEAM], DROPPED if word == WINDOW_OVER else CANCELLED if word == REPLIED else word)


@part
def window_ends(s: Floor, c: int, episode: int) -> None:
    """Let the window end; in work it is remembered until that ends."""
    lead = s.lead
    if lead[c, L.EPISODE] == episode and lead[c, L.WINDOW_OPEN] != 0:
        lead[c, L.WINDOW_OVER] = 1
        if lead[c, L.STATE] != IS_IN_WORK:
            s.g[G.WORD] = WINDOW_OVER


@part
def reply_arrives(s: Floor, c: int, k: int, episode: int) -> None:
    """Let the answer to e-mail `k` arrive: at once, or when the work in hand ends."""
    lead = s.lead
    state = lead[c, L.STATE]
    if lead[c, L.EPISODE] != episode or lead[c, L.REPLIED_TO] >= 0:
        return
    if state != IS_BETWEEN and state != IS_WAITING and state != IS_IN_WORK:
        return
    lead[c, L.REPLIED_TO] = k
    lead[c, L.REPLIED_AT] = s.g[G.NOW]
    if state != IS_IN_WORK:
        s.g[G.WORD] = REPLIED


@part
def loses_patience(s: Floor, c: int) -> None:
    """Abandon a list in which it stood for as long as it bears."""
    if s.g[G.NOW] - s.lead[c, L.QUEUED] >= s.lead[c, L.QUEUE_PATIENCE]:
        s.g[G.WORD] = ABANDONED
