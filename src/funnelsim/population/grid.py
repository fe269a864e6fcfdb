"""Moments and lengths on a grid, so that ties are everywhere: `run.grid`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from funnelsim.records import NEVER, Int64, Leads

MOMENTS = ("ready_from", "ready_until", "event_time", "nurture_time", "callback_at")
LENGTHS = ("reply_lag", "call_ms", "email_ms", "talk_ms", "meeting_ms", "deal_work_ms", "buyer_pace", "close_ms")


def floored(moments: Int64, grid_ms: int) -> Int64:
    """Return moments (ms), each the last multiple of `grid_ms` > 0 at or before it; NEVER and -1 stay.

    >>> floored(np.array([59_999, 60_000, -1, NEVER]), 60_000).tolist() == [0, 60_000, -1, NEVER]
    True
    """
    return np.where((moments < 0) | (moments >= NEVER), moments, moments // grid_ms * grid_ms)


def on_grid(leads: Leads, grid_ms: int) -> Leads:
    """Return `leads`, created on the grid already, with every other moment and every length on it too.

    Moments are floored, so that none comes before its lead or after the end; lengths are rounded, half to even.
    Thresholds stay as they are: they are only compared.
    """
    changes: dict[str, Any] = {name: floored(getattr(leads, name), grid_ms) for name in MOMENTS}
    changes |= {name: np.rint(getattr(leads, name) / grid_ms).astype(np.int64) * grid_ms for name in LENGTHS}
    return replace(leads, **changes)
