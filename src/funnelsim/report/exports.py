"""One replication as two tables for other tools: its leads and its touches.

Every column of the records is there, in milliseconds where it is a time; enums and indices are written as names, and
beside each time stands the local date and time with its offset from UTC. Both are empty where a moment did not come.
docs/files.md describes the columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.lab.play import Played
from funnelsim.metrics.agreement import measured_at
from funnelsim.metrics.lost import LostBuyer, lost_cause
from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import LOG_COLUMNS, NEVER, Int64, Outcomes, Result, Row, State, Tier

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

LOG_TIMES = ("queued_at", "available_at", "due_at", "start", "dial", "end")
LEAD_TIMES = ("created", "ready_from", "ready_until")
OUTCOME_TIMES = (
    "since", "mql_at", "handed_at", "first_touch_at", "first_talk_at", "sql_at", "met_at", "opportunity_at",
    "closed_at", "contact_at",
)  # fmt: skip
LEAD_COLUMNS = (
    "created", "channel", "number", "offer", "hand_raise", "fit", "observed_fit", "intent", "account", "duplicate_of",
    "able", "value", "months", "ready_from", "ready_until", "anonymous_visits", "books_itself", "meetings_needed",
    "win_until", "patience", "queue_patience", "too_soon", "prep_needed", "sync_latency",
)  # fmt: skip
BURNT = ("", "too_soon", "tired")


def touches_frame(played: Played) -> pd.DataFrame:
    """Return the touch log, a row each, in its canonical order, with the names of reps and lists and local times."""
    import pandas as pd

    clock, log = Clock.of(played.scenario.run), played.touches
    columns: dict[str, Any] = {name: getattr(log, name) for name in LOG_COLUMNS}
    columns["kind"] = names_of(Row, log.kind)
    columns["result"] = names_of(Result, log.result)
    columns["tier"] = named([*(t.name for t in Tier), ""], log.tier)
    columns["rep_name"] = named([*played.roster.names, ""], log.rep)
    columns["list_name"] = named([*list_names(played), ""], log.list)
    _tell_times(columns, LOG_TIMES, clock)
    return pd.DataFrame(columns)


def leads_frame(played: Played) -> pd.DataFrame:
    """Return every lead, index `lead`: who it is, its luck of one number, what became of it, and why it was lost."""
    import pandas as pd

    clock, market = Clock.of(played.scenario.run), played.scenario.market
    leads, outcomes = played.leads, played.outcomes
    columns: dict[str, Any] = {name: getattr(leads, name) for name in LEAD_COLUMNS}
    columns["measured"] = measured_at(leads.created, clock)
    columns["channel"] = named(list(market.channels), leads.channel)
    columns["offer"] = named(list(market.offers), leads.offer)
    for row, (attribute, paper) in enumerate(market.firmographics.items()):
        columns[f"firmographic_{attribute}"] = named(list(paper.mix), leads.firmographics[row])
    columns |= {f.name: getattr(outcomes, f.name) for f in fields(Outcomes)}
    columns["state"] = names_of(State, outcomes.state)
    columns["tier"] = named([*(t.name for t in Tier), ""], outcomes.tier)
    columns["burnt"] = named(BURNT, outcomes.burnt)
    for name in ("owner", "closer"):
        columns[f"{name}_name"] = named([*played.roster.names, ""], columns[name])
    columns["would_buy"] = would_buy(leads, played.scenario)
    columns["wasted_as"] = names_of(Waste, wasted_cause(leads, outcomes, played.touches, played.scenario))
    columns["lost_as"] = names_of(LostBuyer, lost_cause(leads, outcomes, played.touches, played.scenario))
    _tell_times(columns, (*LEAD_TIMES, *OUTCOME_TIMES), clock)
    return pd.DataFrame(columns, index=pd.RangeIndex(leads.n, name="lead"))


def _tell_times(columns: dict[str, Any], names: Iterable[str], clock: Clock) -> None:
    """Add the local time of each time column, and make the moments that did not come missing values in place."""
    import pandas as pd

    for name in names:
        times: Int64 = np.asarray(columns[name], dtype=np.int64)
        columns[f"{name}_local"] = local_times(clock, times)
        columns[name] = pd.arrays.IntegerArray(times.copy(), ~_came(times))


def list_names(played: Played) -> list[str]:
    """Return the name of each work list, by its number: reps', teams', and those of leads without an owner."""
    roster = played.roster
    teams = roster.team_names
    return [*roster.names, *(f"team {name}" for name in teams), *(f"unassigned {name}" for name in teams)]


def named(names: Any, codes: NDArray[Any]) -> NDArray[np.object_]:
    """Return the name of each code; -1 takes the last, which is where "none" stands."""
    return np.asarray(names, dtype=np.object_)[np.asarray(codes, dtype=np.int64)]


def names_of(kind: type[Any], codes: NDArray[Any]) -> NDArray[np.object_]:
    """Return the names, in small letters, of the codes of an IntEnum that counts from 0."""
    return named([member.name.lower() for member in kind], codes)


def local_times(clock: Clock, ms: NDArray[Any]) -> NDArray[np.object_]:
    """Return local ISO dates with milliseconds and offset, "" for what did not happen (-1) or never does.

    >>> from funnelsim.config.run import Run
    >>> clock = Clock.of(Run(time_zone="Europe/Berlin"))
    >>> local_times(clock, np.array([0, 36_000_500, -1])).tolist()
    ['2025-01-06T00:00:00.000+01:00', '2025-01-06T10:00:00.500+01:00', '']
    """
    times: Int64 = np.asarray(ms, dtype=np.int64)
    happened = _came(times)
    out = np.full(times.shape, "", dtype=np.object_)
    # An offset per change of the clocks, so that the dates are written in one go.
    which = np.searchsorted(clock.offset_from, times[happened], side="right") - 1
    local = clock.epoch_ms + times[happened] + clock.offset_ms[which]
    text = np.datetime_as_string(local.astype("datetime64[ms]"), unit="ms").astype(np.object_)
    offsets = np.array([_offset_text(int(offset)) for offset in clock.offset_ms], dtype=np.object_)
    out[happened] = text + offsets[which]
    return out


def _came(times: Int64) -> NDArray[np.bool_]:
    return (times >= 0) & (times < NEVER)


def _offset_text(offset_ms: int) -> str:
    minutes = abs(offset_ms) // 60_000
    return f"{'-' if offset_ms < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"
