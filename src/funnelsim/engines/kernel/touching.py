"""How a lead is called and written to: attempt after attempt, until something comes of it or runs out."""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.closing import close_window, enter_state, key_of, wait_until
from funnelsim.engines.kernel.events import await_event
from funnelsim.engines.kernel.floor import Floor, TouchLuck, hot, part
from funnelsim.engines.kernel.hints import fetch
from funnelsim.engines.kernel.hours import after
from funnelsim.engines.kernel.lists import queue
from funnelsim.engines.kernel.routing import choose, release_lead, takes_owner
from funnelsim.engines.words import (
    CALLED_BACK,
    EXHAUSTED,
    IS_BETWEEN,
    IS_CALLED_BACK,
    IS_WAITING,
    NOT_REACHED,
    NURTURE,
    OPEN,
    RECYCLED,
    REPLIED,
    SENT,
    WINDOW_OVER,
)
from funnelsim.records import ALWAYS, Row
from funnelsim.roster import EMAIL

AVAILABLE, WINDOW_ENDS = moments.AVAILABLE, moments.WINDOW_ENDS
CALLED, EMAILED, REPLY, CALLED_AGAIN = int(Row.CALL), int(Row.EMAIL), int(Row.REPLY), int(Row.CALLBACK)
WAITS = -1  # no result yet
# Where to go on in `worked`.
DUE, LIST, TOUCHED, ANSWERED, DECIDED = range(5)


@part
def terms_of(s: Floor, c: int) -> int:
    """Return where the terms of the lead's tier stand in `Floor.g`."""
    return G.TIERS + s.lead[c, L.TIER] * G.TIER_SIZE


@part
def lane_of(s: Floor, c: int, first: int, by_mail: bool) -> int:
    """Return the lane, from `first` on, of a touch that is as long as preparation, if it is to be done, and work."""
    prepares = 0 if s.lead[c, L.PREPARED] != 0 else 1 + s.lead[c, L.TIER]
    return first + s.g[G.LENGTH_OF + (4 if by_mail else 0) + prepares]


@hot
def join_list(s: Floor, c: int, kind: int, lane: int, number: int, available_at: int, due_at: int) -> None:
    """Stand in the owner's or the team's list with a new task."""
    g, lead = s.g, s.lead
    g[G.SERIAL] += 1
    lead[c, L.TASK] = g[G.SERIAL]
    lead[c, L.KIND] = kind
    lead[c, L.LANE] = lane
    lead[c, L.NUMBER] = number
    lead[c, L.TASK_ATTEMPT] = lead[c, L.ATTEMPT]
    lead[c, L.TASK_EPISODE] = lead[c, L.EPISODE]
    lead[c, L.TASK_AVAILABLE] = available_at
    lead[c, L.TASK_DUE] = due_at
    lead[c, L.ESCALATED] = lead[c, L.BREACHED] = 0
    lead[c, L.DIAL] = -1
    lead[c, L.RESULT] = OPEN
    lead[c, L.STAGE] = L.IN_REPLY if kind == REPLY else L.IN_LIST
    enter_state(s, c, IS_WAITING)
    queue(s, c, lead[c, L.OWNER], g[G.TOUCH_TEAM])
    if g[G.ON_BREACH] != 0 or lead[c, L.QUEUE_PATIENCE] < ALWAYS:
        freshly_queued(s, c)


@hot
def freshly_queued(s: Floor, c: int) -> None:
    """Remember that timers are to be set if the task must wait."""
    n = s.g[G.FRESH]
    s.fresh[n, 0] = s.lead[c, L.INDEX]
    s.fresh[n, 1] = s.lead[c, L.TASK]
    s.g[G.FRESH] = n + 1


@hot
def join_list_for_touch(s: Floor, luck: TouchLuck, c: int) -> None:
    """Stand in a list for the attempt that has fallen due."""
    g, lead = s.g, s.lead
    called_back = lead[c, L.CALLED_BACK] != 0
    if called_back:
        lead[c, L.INTEREST] = lead[c, L.NAMED_AT]  # only now: who is taken back before was interested long ago
    lead[c, L.ATTEMPT] += 1
    first = N.LATER
    if called_back:
        first = N.CALLBACKS
    elif lead[c, L.FIRST] != 0 or g[G.ONE_CLASS] != 0:
        first = N.FIRST
    kind = CALLED
    if called_back:
        kind = CALLED_AGAIN
    elif g[g[terms_of(s, c) + G.TOUCHES] + lead[c, L.ATTEMPT] - 1] == EMAIL:
        kind = EMAILED
    k, i = lead[c, L.TOUCHES], lead[c, L.INDEX]
    fetch(luck.annoyed, (k, i))
    if kind == EMAILED:
        fetch(luck.reply_until, (k, i))
        fetch(luck.email_ms, (k, i))
        fetch(luck.reply_lag, (k, i))
    else:
        fetch(luck.connect_until, (k, i))
        fetch(luck.call_ms, (k, i))
        fetch(luck.talk_ms, (k, i))
    lane = lane_of(s, c, first, kind == EMAILED)
    join_list(s, c, kind, lane, k, lead[c, L.AVAILABLE], lead[c, L.DUE])


@hot
def worked(s: Floor, luck: TouchLuck, c: int, at: int, result: int) -> int:
    """Go on being called and written to; return WAITS, or what came of it once something ran out or was decided.

    Args:
        s: The floor.
        c: The lead's row.
        at: DUE: the next touch is known; LIST: it has fallen due; TOUCHED: the touch has ended, or its wait in the
            list; ANSWERED: the wait until it falls due was broken off; DECIDED: a reply was handled.
        result: The result or the word that ended what went before.
    """
    g, lead = s.g, s.lead
    now = g[G.NOW]
    while True:
        if at == DUE:
            if lead[c, L.AVAILABLE] > now:
                enter_state(s, c, IS_CALLED_BACK if lead[c, L.CALLED_BACK] != 0 else IS_BETWEEN)
                wait_until(s, c, L.BETWEEN, lead[c, L.AVAILABLE], AVAILABLE, lead[c, L.TOUCHES])
                return WAITS
            at = LIST
        if at == LIST:
            if lead[c, L.TOUCHES] >= g[G.MAX_TOUCHES]:
                return EXHAUSTED
            join_list_for_touch(s, luck, c)
            return WAITS
        if at == TOUCHED:
            if result in (WINDOW_OVER, REPLIED):
                lead[c, L.ATTEMPT] -= 1  # it was not made
            else:
                lead[c, L.FIRST] = 0
        if at != DECIDED:
            tried = result in (NOT_REACHED, SENT)
            if result == REPLIED or (lead[c, L.REPLIED_TO] >= 0 and tried and lead[c, L.WINDOW_OVER] == 0):
                due = after(s, now, terms_of(s, c) + G.LATER_TOUCH, g[G.TOUCH_TEAM])
                join_list(s, c, REPLY, lane_of(s, c, N.CALLBACKS, True), lead[c, L.REPLIED_TO], now, due)
                return WAITS
        # What now?
        at = DUE
        if result == CALLED_BACK and lead[c, L.WINDOW_OVER] == 0:
            lead[c, L.REPLIED_TO] = -1
            lead[c, L.CALLED_BACK] = 1
            named_date(s, c)
        elif result in (NOT_REACHED, SENT, CALLED_BACK, WINDOW_OVER):
            lead[c, L.CALLED_BACK] = 0
            terms = terms_of(s, c)
            if lead[c, L.TOUCHES] >= g[G.MAX_TOUCHES]:
                return EXHAUSTED
            if lead[c, L.WINDOW_OVER] != 0:
                if not recycled(s, c):
                    return NURTURE
                lead[c, L.FIRST] = 1
                lead[c, L.AVAILABLE] = now
                lead[c, L.DUE] = after(s, now, terms + G.FIRST_TOUCH, g[G.TOUCH_TEAM])
            elif lead[c, L.ATTEMPT] >= g[terms + G.ATTEMPTS] or lead[c, L.GIVEN_UP] != 0:
                return EXHAUSTED if g[G.CLOSE_AFTER] != 0 else NURTURE
            else:
                gap = g[terms + G.GAPS] + 2 * (lead[c, L.ATTEMPT] - 1)
                lead[c, L.AVAILABLE] = after(s, now, gap, g[G.TOUCH_TEAM])
                lead[c, L.DUE] = after(s, lead[c, L.AVAILABLE], terms + G.LATER_TOUCH, g[G.TOUCH_TEAM])
        else:
            return result


@part
def named_date(s: Floor, c: int) -> None:
    """Let the next touch be the call on the named date."""
    lead = s.lead
    lead[c, L.AVAILABLE] = max(s.g[G.NOW], lead[c, L.NAMED_AT])
    lead[c, L.DUE] = after(s, lead[c, L.AVAILABLE], terms_of(s, c) + G.FIRST_TOUCH, s.g[G.TOUCH_TEAM])


@hot
def open_window(s: Floor, c: int) -> None:
    """Let a window run from now on."""
    lead, now = s.lead, s.g[G.NOW]
    lead[c, L.WINDOW_FROM] = now
    lead[c, L.WINDOW_TO] = after(s, now, terms_of(s, c) + G.WINDOW, s.g[G.TOUCH_TEAM])
    lead[c, L.WINDOW_OPEN] = 1
    lead[c, L.WINDOW_OVER] = 0
    await_event(s, lead[c, L.WINDOW_TO], key_of(s, c, WINDOW_ENDS, 0), 0)


@part
def recycled(s: Floor, c: int) -> bool:
    """At the end of the window: go to another rep, and return whether there is one."""
    g, lead = s.g, s.lead
    old = lead[c, L.OWNER]
    if old < 0 or lead[c, L.RECYCLES] == 0:
        return False
    new = choose(s, g[G.TOUCH_TEAM], lead[c, L.SEGMENT], 0, old, c)
    if new < 0:
        return False
    close_window(s, c, RECYCLED)
    lead[c, L.RECYCLES] -= 1
    lead[c, L.EPISODE] += 1
    lead[c, L.ATTEMPT] = 0
    lead[c, L.PREPARED] = 0
    lead[c, L.REPLIED_TO] = -1
    former_owner(s, c, old)
    takes_owner(s, c, new)
    release_lead(s, old)
    open_window(s, c)
    return True


@part
def former_owner(s: Floor, c: int, r: int) -> None:
    """Remember who owned the lead in this handover."""
    s.former[c, r // L.FORMER_BITS] |= 1 << (r % L.FORMER_BITS)
