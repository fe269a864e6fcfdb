"""The future: events by time and key.

Most events of a kind are set in the order in which they happen, since terms and gaps are mostly the same for all.
Each such kind is a lane, a chain of events of which only the first stands in a heap. So the heap from which the next
event is taken is small: work that ends, shifts, and the heads of lanes. What comes out of turn is put by for its span
of time, and stands in a second heap while that lasts; so this one is small too.
"""

from __future__ import annotations

from funnelsim.engines import moments
from funnelsim.engines.kernel import lead_columns as L
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.floor import (
    EPISODE_MASK,
    EPISODE_SHIFT,
    INDEX_MASK,
    INDEX_SHIFT,
    KIND_SHIFT,
    NUMBER_MASK,
    Floor,
    hot,
    part,
)
from funnelsim.engines.kernel.heaps import pop, push, replace
from funnelsim.engines.kernel.hints import fetch, rarely
from funnelsim.records import NEVER

AT_DEAL_WORK_ENDS, AT_CLOSING = moments.DEAL_WORK_ENDS >> KIND_SHIFT, moments.SHIFT_CLOSES >> KIND_SHIFT
AT_WINDOW, AT_PATIENCE = moments.WINDOW_ENDS >> KIND_SHIFT, moments.PATIENCE_ENDS >> KIND_SHIFT
AT_BREACH, AT_OPENING = moments.BREACH >> KIND_SHIFT, moments.SHIFT_OPENS >> KIND_SHIFT
# A lane for each kind, sub-kind and last three bits of the number (which touch it is).
LANE_BITS = 3
LANES = (AT_CLOSING + 1) << LANE_BITS
# A row of `Floor.lane`: the last event, the chain behind the first, and whether any event is in the lane.
LAST_TIME, LAST_KEY, FIRST, LAST, BUSY = range(5)
LANE_SIZE = 5
# A row of `Floor.chain`.
TIME, KEY, TOKEN, NEXT = range(4)
CHAIN_SIZE = 4
SPAN_BITS = 22  # a span of `Floor.later` is 2**22 ms, seventy minutes


@part
def lane_of_key(key: int) -> int:
    """Return the lane of an event."""
    return ((key >> KIND_SHIFT) << LANE_BITS) | (key & ((1 << LANE_BITS) - 1))


@hot
def has_lapsed(s: Floor, key: int, token: int) -> bool:
    """Return whether a timer or a window, of which most are never needed, is known to count no more."""
    lead = s.lead
    what = key >> KIND_SHIFT
    timer = what == AT_BREACH or (what == AT_PATIENCE and token > 0)
    if not timer and what != AT_WINDOW:
        return False
    c = s.slot_of[(key >> INDEX_SHIFT) & INDEX_MASK]
    if c < 0:
        return True
    if timer:
        return lead[c, L.TASK] != token or lead[c, L.WAITING] == 0
    if key & NUMBER_MASK != 0:  # the acceptance of an agreement
        return lead[c, L.AGREEMENTS] != token
    return lead[c, L.WINDOW_OPEN] == 0 or lead[c, L.EPISODE] != (key >> EPISODE_SHIFT) & EPISODE_MASK


@hot
def new_link(s: Floor, time: int, key: int, token: int, behind: int) -> int:
    """Return the place of a new link of a chain."""
    g, chain = s.g, s.chain
    new = g[G.FREE_LINK]
    if new >= 0:
        g[G.FREE_LINK] = chain[new, NEXT]
    else:
        new = g[G.LINKS]
        g[G.LINKS] = new + 1
    chain[new, TIME] = time
    chain[new, KEY] = key
    chain[new, TOKEN] = token
    chain[new, NEXT] = behind
    return new


@part
def set_out_of_turn(s: Floor, time: int, key: int, token: int) -> None:
    """Let an event happen that comes before the last of its lane: into the heap, or put by for its span."""
    g = s.g
    span = time >> SPAN_BITS
    if span <= g[G.SPAN]:
        push(s.far, g[G.FAR], time, key, token)
        g[G.FAR] += 1
        return
    s.later[span] = new_link(s, time, key, token, s.later[span])
    g[G.PUT_BY] += 1


@part
def open_span(s: Floor) -> None:
    """Put the events of the next span into the heap; those that are known to count no more are dropped."""
    g, chain = s.g, s.chain
    g[G.SPAN] += 1
    link = s.later[g[G.SPAN]]
    while link >= 0:
        behind = chain[link, NEXT]
        g[G.PUT_BY] -= 1
        if not has_lapsed(s, chain[link, KEY], chain[link, TOKEN]):
            push(s.far, g[G.FAR], chain[link, TIME], chain[link, KEY], chain[link, TOKEN])
            g[G.FAR] += 1
        chain[link, NEXT] = g[G.FREE_LINK]
        g[G.FREE_LINK] = link
        link = behind


@part
def set_event(s: Floor, time: int, key: int, token: int) -> None:
    """Let an event happen; `token` says later whether it still counts."""
    g, lane, chain = s.g, s.lane, s.chain
    what = key >> KIND_SHIFT
    if what <= AT_DEAL_WORK_ENDS:
        push(s.near, g[G.NEAR], time, key, 2 * token)
        g[G.NEAR] += 1
        return
    j = lane_of_key(key)
    if lane[j, BUSY] == 0:
        push(s.near, g[G.NEAR], time, key, 2 * token + 1)
        g[G.NEAR] += 1
        lane[j, BUSY] = 1
        lane[j, FIRST] = -1
    elif time > lane[j, LAST_TIME] or (time == lane[j, LAST_TIME] and key >= lane[j, LAST_KEY]):
        new = new_link(s, time, key, token, -1)
        if lane[j, FIRST] < 0:
            lane[j, FIRST] = new
        else:
            chain[lane[j, LAST], NEXT] = new
        lane[j, LAST] = new
    else:
        set_out_of_turn(s, time, key, token)
        return
    lane[j, LAST_TIME] = time
    lane[j, LAST_KEY] = key


@part
def await_event(s: Floor, time: int, key: int, token: int) -> None:
    """Let an event happen, if that is before the end."""
    if time < s.g[G.END]:
        set_event(s, time, key, token)


@hot
def look_ahead(s: Floor) -> tuple[int, int, int]:
    """Return whether the next event is NEAR, FAR, or -1 where there is none; and its time and its key."""
    g, near, far = s.g, s.near, s.far
    time, key, where = NEVER, NEVER, -1
    if g[G.NEAR] > 0:
        time, key, where = near[0, 0], near[0, 1], G.NEAR
    while rarely(
        time >> SPAN_BITS > g[G.SPAN] and g[G.PUT_BY] > 0 and (g[G.FAR] == 0 or far[0, 0] >> SPAN_BITS > g[G.SPAN])
    ):
        open_span(s)
    if g[G.FAR] > 0 and (far[0, 0] < time or (far[0, 0] == time and far[0, 1] < key)):
        time, key, where = far[0, 0], far[0, 1], G.FAR
    return where, time, key


@hot
def fetch_lead(s: Floor, key: int) -> None:
    """Ask early for the row of the lead that an event is about; a shift is about none."""
    c = s.slot_of[(key >> INDEX_SHIFT) & INDEX_MASK]
    fetch(s.lead, (c, 0))
    fetch(s.lead, (c, 8))
    fetch(s.lead, (c, 16))
    fetch(s.lead, (c, 24))
    fetch(s.lead, (c, 32))


@hot
def take_event(s: Floor, where: int) -> int:
    """Take the next event out of the future, and return its token."""
    g, near, lane, chain = s.g, s.near, s.lane, s.chain
    if where == G.FAR:
        token = s.far[0, 2]
        pop(s.far, g[G.FAR])
        g[G.FAR] -= 1
        return token
    key, token = near[0, 1], near[0, 2]
    if token & 1:  # the head of a lane
        j = lane_of_key(key)
        first = lane[j, FIRST]
        while first >= 0:
            behind = chain[first, NEXT]
            counts = not has_lapsed(s, chain[first, KEY], chain[first, TOKEN])
            if counts:
                replace(near, g[G.NEAR], chain[first, TIME], chain[first, KEY], 2 * chain[first, TOKEN] + 1)
            chain[first, NEXT] = g[G.FREE_LINK]
            g[G.FREE_LINK] = first
            first = behind
            if counts:
                lane[j, FIRST] = first
                if first >= 0 and chain[first, KEY] >> KIND_SHIFT < AT_OPENING:
                    fetch_lead(s, chain[first, KEY])
                return token >> 1
        lane[j, BUSY] = 0
    pop(near, g[G.NEAR])
    g[G.NEAR] -= 1
    return token >> 1
