"""What everybody on the floor shares: the clock, the luck to look up, the agreement, the log and the results."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import TYPE_CHECKING, Any

import numpy as np

from funnelsim.calendar import business_clock
from funnelsim.engines.desk import Desk
from funnelsim.engines.log import LogBook
from funnelsim.engines.moments import Clock
from funnelsim.engines.worklist import WorkList
from funnelsim.records import ALWAYS, Leads, Outcomes, Rules, Scored, State
from funnelsim.roster import EMAIL, Agreement, Roster, Span

if TYPE_CHECKING:
    from funnelsim.calendar import BusinessClock
    from funnelsim.engines.prospect import Prospect

# What each finished or unfinished life writes into the results, in this order, after its own index.
RESULT_COLUMNS = (
    "state", "since", "mql_at", "handed_at", "first_touch_at", "first_talk_at", "sql_at", "met_at", "opportunity_at",
    "closed_at", "contact_at", "touches", "meetings", "handovers", "owner", "closer", "tier", "score", "unprepared",
    "misjudged", "burnt",
)  # fmt: skip
life_row = Struct(f"={1 + len(RESULT_COLUMNS)}q").pack
"""Packs the index of a lead and the columns above."""
_TYPES = {
    "state": np.int8, "touches": np.int16, "meetings": np.int16, "handovers": np.int16, "owner": np.int16,
    "closer": np.int16, "tier": np.int8, "score": np.int32, "unprepared": np.bool_, "misjudged": np.bool_,
    "burnt": np.int8,
}  # fmt: skip


def _view(values: Any) -> Any:
    array: Any = np.ascontiguousarray(values)
    return memoryview(array)


def _rows(values: Any) -> list[Any]:
    """Return a view of each row: two plain indices are twice as fast as a pair."""
    return [_view(row) for row in values]


class Shop:
    """One replication while it is played. Luck is read through memory views: plain integers, nothing copied."""

    __slots__ = (
        "_n", "able", "add_result", "agreement", "annoyed", "breaches", "buyer_pace", "call_ms",
        "callback_at", "close_ms", "close_team", "connect_until", "created", "deal_work_ms", "desk",
        "email_ms", "end", "env", "event_holds", "event_score", "event_start", "event_tier", "event_time",
        "given_up", "least_patience", "log", "max_touches", "mean_call_ms", "meeting_ms", "meetings_needed",
        "misjudged", "new_list", "one_class", "patience", "patience_ends", "prep_needed", "queue_patience",
        "reach_from_available",
        "ready_from", "ready_until", "reply_lag", "reply_until", "reserved_ms", "results", "roster", "rules",
        "segments", "show_until", "sync_latency", "talk_ms", "tired", "too_soon", "touch_team",
        "unassigned_list", "unfinished", "win_until", "work_ends", "writes",
    )  # fmt: skip

    def __init__(
        self, leads: Leads, scored: Scored, roster: Roster, agreement: Agreement, rules: Rules, end: int,
        *, new_list: Callable[[int], WorkList] = WorkList,
    ) -> None:  # fmt: skip
        self.env = Clock()
        self.end = end
        self.roster = roster
        self.agreement = agreement
        self.rules = rules
        # Asked for at every touch.
        self.max_touches = rules.max_touches
        self.mean_call_ms = rules.mean_call_ms
        self.reach_from_available = rules.reach_from_available
        self.log = LogBook()
        self.new_list = new_list
        self.unfinished: dict[int, Prospect] = {}
        self.results = bytearray()
        self.add_result = self.results.extend
        self._n = leads.n
        self.created = _view(leads.created)
        self.able = _view(leads.able)
        self.ready_from = _view(leads.ready_from)
        self.ready_until = _view(leads.ready_until)
        self.connect_until = _rows(leads.connect_until)
        self.reply_until = _rows(leads.reply_until)
        self.reply_lag = _rows(leads.reply_lag)
        self.call_ms = _rows(leads.call_ms)
        self.email_ms = _rows(leads.email_ms)
        self.talk_ms = _rows(leads.talk_ms)
        self.annoyed = _rows(leads.annoyed)
        self.tired = _rows(leads.tired)
        self.callback_at = _rows(leads.callback_at)
        self.misjudged = _rows(leads.misjudged)
        self.given_up = _rows(leads.given_up) if leads.given_up.any() else None
        self.show_until = _rows(leads.show_until)
        self.meeting_ms = _rows(leads.meeting_ms)
        self.deal_work_ms = _rows(leads.deal_work_ms)
        self.buyer_pace = _rows(leads.buyer_pace)
        self.meetings_needed = _view(leads.meetings_needed)
        self.close_ms = _view(leads.close_ms)
        self.win_until = _view(leads.win_until)
        self.patience = _view(leads.patience)
        self.queue_patience = _view(leads.queue_patience)
        self.too_soon = _view(leads.too_soon)
        self.sync_latency = _view(leads.sync_latency)
        self.prep_needed = _view(leads.prep_needed)
        self.segments: Any = None
        if roster.segment_row >= 0:
            self.segments = _view(leads.firmographics[roster.segment_row])
        self.event_start = _view(scored.start)
        self.event_time = _view(scored.time)
        self.event_holds = _view(scored.holds)
        self.event_tier = _view(scored.tier)
        self.event_score = _view(scored.score)
        self.reserved_ms = -(-rules.meeting_ms // agreement.slot_ms) * agreement.slot_ms
        self.least_patience = int(leads.queue_patience.min(initial=ALWAYS))
        self.patience_ends = self.least_patience < ALWAYS
        self.desk = Desk(self)
        self.work_ends = self.desk.work_ends
        self.touch_team = self.desk.teams[roster.touch_team]
        self.close_team = self.desk.teams[roster.close_team]
        self.unassigned_list = roster.n + roster.n_teams + roster.touch_team
        self.one_class = not agreement.first_before_later
        self.breaches = self.desk.breaches
        self.writes = any(bool((terms.touches == EMAIL).any()) for terms in agreement.tiers)

    def business_clock(self, team: int) -> BusinessClock:
        """Return the arithmetic of a team's open hours."""
        return business_clock(self.roster.team_calendars[team])

    def after(self, t: int, span: Span, *, closing: bool = False) -> int:
        """Return the end of a term that begins at `t`, on its own clock: the touching or the closing team's hours."""
        if not span.business:
            return t + span.ms
        return (self.close_team if closing else self.touch_team).clock.add(t, span.ms)

    def outcomes(self, leads: Leads) -> Outcomes:
        """Return what became of every lead; those whose life never began are in marketing, or merged."""
        table = np.frombuffer(self.results, dtype=np.int64).reshape(-1, 1 + len(RESULT_COLUMNS))
        i = table[:, 0]
        columns: dict[str, Any] = {}
        for j, name in enumerate(RESULT_COLUMNS, start=1):
            blank = 0 if name in ("touches", "meetings", "handovers", "unprepared", "misjudged", "burnt") else -1
            column: Any = np.full(self._n, blank, dtype=_TYPES.get(name, np.int64))
            if name == "state":
                merged = (leads.duplicate_of >= 0) & self.agreement.deduplication
                column[:] = np.where(merged, State.MERGED, State.MARKETING)
            elif name == "since":
                column[:] = leads.created
            column[i] = table[:, j]
            column.flags.writeable = False
            columns[name] = column
        return Outcomes(**columns)
