"""The future: events by time and key.

Most events of a kind are set in the order in which they happen, since terms and gaps are mostly the same for all.
Each such kind is a lane, a chain of events of which only the first stands in a heap. So the heap from which the next
event is taken is small: work that ends, shifts, and the heads of lanes. What comes out of turn stands in a second heap.
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
from funnelsim.records import NEVER

AT_DEAL_WORK_ENDS, AT_OPENING = moments.DEAL_WORK_ENDS >> KIND_SHIFT, moments.SHIFT_OPENS >> KIND_SHIFT
AT_WINDOW, AT_PATIENCE = moments.WINDOW_ENDS >> KIND_SHIFT, moments.PATIENCE_ENDS >> KIND_SHIFT
AT_BREACH = moments.BREACH >> KIND_SHIFT
# A lane for each kind, sub-kind and last three bits of the number (which touch it is).
LANE_BITS = 3
LANES = (AT_OPENING + 1) << LANE_BITS
# A row of `Floor.lane`: the last event, the chain behind the first, and whether any event is in the lane.
LAST_TIME, LAST_KEY, FIRST, LAST, BUSY = range(5)
LANE_SIZE = 5
# A row of `Floor.chain`.
TIME, KEY, TOKEN, NEXT = range(4)
CHAIN_SIZE = 4


@part
def lane_of_key(key: int) -> int:
    """Return the lane of an event."""
    return ((key >> KIND_SHIFT) << LANE_BITS) | (key & ((1 << LANE_BITS) - 1))


@part
def set_event(s: Floor, time: int, key: int, token: int) -> None:
    """Let an event happen; `token` says later whether it still counts."""
    g, lane, chain = s.g, s.lane, s.chain
    what = key >> KIND_SHIFT
    if what <= AT_DEAL_WORK_ENDS or what >= AT_OPENING:
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
        new = g[G.FREE_LINK]
        if new >= 0:
            g[G.FREE_LINK] = chain[new, NEXT]
        else:
            new = g[G.LINKS]
            g[G.LINKS] = new + 1
        chain[new, TIME] = time
        chain[new, KEY] = key
        chain[new, TOKEN] = token
        chain[new, NEXT] = -1
        if lane[j, FIRST] < 0:
            lane[j, FIRST] = new
        else:
            chain[lane[j, LAST], NEXT] = new
        lane[j, LAST] = new
    else:
        push(s.far, g[G.FAR], time, key, token)
        g[G.FAR] += 1
        return
    lane[j, LAST_TIME] = time
    lane[j, LAST_KEY] = key


@part
def await_event(s: Floor, time: int, key: int, token: int) -> None:
    """Let an event happen, if that is before the end."""
    if time < s.g[G.END]:
        set_event(s, time, key, token)


@hot
def look_ahead(s: Floor) -> int:
    """Put down the time and the key of the next event; return whether it is NEAR, FAR, or -1 where there is none."""
    g, near, far = s.g, s.near, s.far
    time, key, where = NEVER, NEVER, -1
    if g[G.NEAR] > 0:
        time, key, where = near[0, 0], near[0, 1], G.NEAR
    if g[G.FAR] > 0 and (far[0, 0] < time or (far[0, 0] == time and far[0, 1] < key)):
        time, key, where = far[0, 0], far[0, 1], G.FAR
    g[G.NEXT_TIME], g[G.NEXT_KEY] = time, key
    return where


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
                return token >> 1
        lane[j, BUSY] = 0
    pop(near, g[G.NEAR])
    g[G.NEAR] -= 1
    return token >> 1
