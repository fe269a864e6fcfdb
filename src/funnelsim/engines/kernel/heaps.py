"""The heap of events (binary, in one array) and the heaps of work lists (pairing heaps over shared entries)."""

from __future__ import annotations

from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel.floor import Table, hot, part


@hot
def push(heap: Table, n: int, time: int, key: int, token: int) -> None:
    """Add (time, key, token) to a heap of `n` events, sorted by time and key."""
    j = n
    while j > 0:
        up = (j - 1) >> 1
        above = heap[up, 0]
        if above < time or (above == time and heap[up, 1] <= key):
            break
        heap[j, 0] = above
        heap[j, 1] = heap[up, 1]
        heap[j, 2] = heap[up, 2]
        j = up
    heap[j, 0] = time
    heap[j, 1] = key
    heap[j, 2] = token


@hot
def replace(heap: Table, n: int, time: int, key: int, token: int) -> None:
    """Put (time, key, token) in the place of the first of `n` events of a heap."""
    j = 0
    while True:
        down = 2 * j + 1
        if down >= n:
            break
        if down + 1 < n:  # without a branch, since nobody can guess which of two is earlier
            one, other = heap[down, 0], heap[down + 1, 0]
            down += (other < one) | ((other == one) & (heap[down + 1, 1] < heap[down, 1]))
        below = heap[down, 0]
        if below > time or (below == time and heap[down, 1] >= key):
            break
        heap[j, 0] = below
        heap[j, 1] = heap[down, 1]
        heap[j, 2] = heap[down, 2]
        j = down
    heap[j, 0] = time
    heap[j, 1] = key
    heap[j, 2] = token


@hot
def pop(heap: Table, n: int) -> None:
    """Take the first of `n` events off a heap."""
    replace(heap, n - 1, heap[n - 1, 0], heap[n - 1, 1], heap[n - 1, 2])


@hot
def before(node: Table, a: int, b: int) -> bool:
    """Return whether entry `a` is served before `b`: by queue key, due, lead and number."""
    # Without a branch, since nobody can guess which of two is first.
    key, due = node[a, N.KEY] == node[b, N.KEY], node[a, N.DUE] == node[b, N.DUE]
    sooner, lower = node[a, N.DUE] < node[b, N.DUE], node[a, N.WHO] < node[b, N.WHO]
    return (node[a, N.KEY] < node[b, N.KEY]) | (key & (sooner | (due & lower)))


@hot
def meld(node: Table, a: int, b: int) -> int:
    """Return the root of two heaps made one; -1 is the empty heap."""
    if a < 0:
        return b
    if b < 0:
        return a
    if before(node, b, a):
        a, b = b, a
    node[b, N.NEXT] = node[a, N.CHILD]
    node[a, N.CHILD] = b
    return a


@part
def without_root(node: Table, root: int) -> int:
    """Return the root of a heap that has lost its root, -1 where it was the last."""
    first = node[root, N.CHILD]
    pairs = -1
    while first >= 0:
        second = node[first, N.NEXT]
        node[first, N.NEXT] = -1
        rest = -1
        if second >= 0:
            rest = node[second, N.NEXT]
            node[second, N.NEXT] = -1
        pair = meld(node, first, second)
        node[pair, N.NEXT] = pairs
        pairs = pair
        first = rest
    whole = -1
    while pairs >= 0:
        rest = node[pairs, N.NEXT]
        node[pairs, N.NEXT] = -1
        whole = meld(node, whole, pairs)
        pairs = rest
    return whole
