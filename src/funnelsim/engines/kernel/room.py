"""Room in the arrays that grow: asked for before each step, made outside the kernel."""

from __future__ import annotations

from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel.floor import Floor, hot


@hot
def full(s: Floor) -> bool:
    """Return whether the next step might find some array full."""
    g = s.g
    return (
        g[G.FAR] + g[G.PUT_BY] + 2 * g[G.FRESH] > g[G.MOST_FAR]
        or g[G.LINKS] + 2 * g[G.FRESH] > g[G.MOST_LINKS]
        or g[G.ROWS] + g[G.PIECES_WAITING] > g[G.MOST_ROWS]
        or g[G.NODES] > g[G.MOST_NODES]
        or g[G.FRESH] > g[G.MOST_FRESH]
        or g[G.SLOTS] > g[G.MOST_SLOTS]
        or g[G.MOST_RESERVED] > g[G.MOST_RESERVATIONS]
    )
