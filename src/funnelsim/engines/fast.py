"""Whether the compiled engine can be had. Asking costs nothing: numba is not imported here."""

from __future__ import annotations

from importlib.util import find_spec


def available() -> bool:
    """Return whether `funnelsim.engines.compiled` can be imported: whether numba (the extra `fast`) is installed."""
    return find_spec("numba") is not None
