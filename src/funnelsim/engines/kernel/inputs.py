"""The team, the policy and the constants of the world as the arrays that the kernel reads."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from funnelsim.calendar import Calendar
from funnelsim.engines.kernel import node_columns as N
from funnelsim.engines.kernel import rep_columns as R
from funnelsim.engines.kernel import run_columns as G
from funnelsim.engines.kernel import team_columns as T
from funnelsim.engines.kernel.floor import MeetingLuck, Person, Results, TouchLuck, Visits
from funnelsim.engines.kernel.tables import grouped
from funnelsim.engines.words import FINAL_STATE
from funnelsim.records import NEVER, Int64, Leads, Outcomes, Rules, Scored
from funnelsim.roster import EMAIL, NO_BREACH, POOL, Agreement, Roster, Span, TierTerms


class Constants:
    """Lists of numbers one after another."""

    def __init__(self) -> None:
        self._parts: list[Int64] = []
        self._size = 0

    def add(self, *columns: Any) -> int:
        """Append columns and return where the first begins."""
        at = self._size
        for column in columns:
            part = np.asarray(column, dtype=np.int64).ravel()
            self._parts.append(part)
            self._size += part.size
        return at

    def together(self) -> Int64:
        """Return all of them."""
        return np.concatenate([*self._parts, np.zeros(1, dtype=np.int64)])


def tables_of_team(roster: Roster) -> tuple[Int64, Int64, Int64, Int64]:
    """Return the constants, and the reps, teams and lists as they are at the beginning."""
    constants = Constants()
    calendars: dict[int, int] = {}

    def hours(calendar: Calendar) -> int:
        if id(calendar) not in calendars:
            closing = np.cumsum(calendar.closes - calendar.opens)
            calendars[id(calendar)] = constants.add(calendar.opens, calendar.closes, closing)
        return calendars[id(calendar)]

    rep = np.zeros((roster.n, R.SIZE), dtype=np.int64)
    for r in range(roster.n):
        rep[r, R.OPENS], rep[r, R.SHIFTS] = hours(roster.diaries[r]), roster.diaries[r].opens.size
        steps = roster.ramp_permille[r]
        rep[r, R.RAMP], rep[r, R.RAMPS] = constants.add(roster.ramp_from[r], steps), steps.size
        rep[r, R.PERMILLE] = steps[0] if steps.size == 1 else 0
        rep[r, R.SERVES] = constants.add(roster.serves[r])
    rep[:, R.TEAM] = roster.team
    rep[:, R.SINCE] = -1
    rep[:, R.STARTS] = roster.starts
    rep[:, R.LEAVES] = roster.leaves
    rep[roster.leaves <= 0, R.STARTS], rep[roster.leaves <= 0, R.SHIFTS] = NEVER, 0
    rep[:, R.MAX_LEADS] = roster.max_open_leads
    rep[:, R.MAX_OPPORTUNITIES] = roster.max_open_opportunities
    rep[:, R.WEIGHT] = roster.weight

    turns = 2 * (_segments(roster) + 1)
    team = np.zeros((roster.n_teams, T.TURNS + turns + roster.n), dtype=np.int64)
    for j in range(roster.n_teams):
        calendar, members = roster.team_calendars[j], roster.members(j)
        team[j, T.OPENS], team[j, T.SHIFTS] = hours(calendar), calendar.opens.size
        team[j, T.MEMBERS], team[j, T.REPS] = constants.add(members), len(members)
    team[:, T.TURNS : T.TURNS + turns] = -1

    lists = np.zeros((roster.n + roster.n_teams + _segments(roster) + 1, N.LIST_SIZE), dtype=np.int64)
    lists[:, N.ROOTS :] = -1
    return constants.together(), rep, team, lists


def _segments(roster: Roster) -> int:
    return 0 if roster.segment_row < 0 else int(roster.serves.shape[1])


def numbers_of_run(leads: Leads, roster: Roster, agreement: Agreement, rules: Rules, end: int) -> Int64:
    """Return the numbers of the run as a whole, as they are at the beginning."""
    g = np.zeros(G.SIZE, dtype=np.int64)
    g[[G.FREE_LINK, G.FREE_NODE, G.FREE_SLOT, G.FIRST_PENDING, G.LAST_PENDING, G.CLOSING]] = -1
    g[G.END] = end
    g[G.N_LEADS] = leads.n
    g[G.N_REPS], g[G.N_TEAMS], g[G.SEGMENTS] = roster.n, roster.n_teams, _segments(roster)
    g[G.TOUCH_TEAM], g[G.CLOSE_TEAM] = roster.touch_team, roster.close_team
    pooled = agreement.routing == POOL
    g[G.POOLED], g[G.ROUTING], g[G.ORDER] = pooled, agreement.routing, agreement.order
    g[G.ONE_CLASS], g[G.RECYCLES] = not agreement.first_before_later, agreement.recycles
    g[G.ON_BREACH] = NO_BREACH if pooled else agreement.on_breach
    g[G.CLOSE_AFTER], g[G.COOL_OFF] = agreement.close_after_attempts, agreement.cool_off_ms
    g[G.SLOT] = agreement.slot_ms
    g[G.RESERVED] = -(-rules.meeting_ms // agreement.slot_ms) * agreement.slot_ms
    _put(g, G.NOTICE, agreement.notice)
    _put(g, G.BOOK_AHEAD, agreement.book_ahead)
    g[G.REBOOKINGS] = agreement.rebookings
    if agreement.accept_within is not None:
        g[G.HAS_ACCEPT] = 1
        _put(g, G.ACCEPT, agreement.accept_within)
    g[G.QUALIFYING_TALK], g[G.CALLBACKS] = agreement.qualifying_talk, agreement.callbacks
    g[G.SELF_SCHEDULING], g[G.DEDUPLICATION] = agreement.self_scheduling, agreement.deduplication
    g[G.NO_SHOW] = rules.no_show_ms
    g[G.MAX_TOUCHES], g[G.MAX_MEETINGS] = rules.max_touches, rules.max_meetings
    g[G.FROM_AVAILABLE], g[G.BY_DELAY] = rules.reach_from_available, rules.closes_by_delay
    g[G.SYNC_BUSINESS], g[G.GIVES_UP] = rules.syncs_in_business, leads.given_up.any()
    g[G.UNPREPARED] = rules.unprepared_permille
    g[G.MOST_PIECES] = int(leads.deal_work_ms.max(initial=0)) // agreement.slot_ms + 1
    for result, state in FINAL_STATE.items():
        g[G.FINAL_STATE + result] = state
    _put_lengths(g, agreement, rules)
    terms = [_put_terms(g, t, tier) for t, tier in enumerate(agreement.tiers)]
    return _with_attempts(g, terms, agreement.tiers)


def _put(g: Int64, at: int, span: Span) -> None:
    g[at], g[at + 1] = span.ms, span.business


def _put_lengths(g: Int64, agreement: Agreement, rules: Rules) -> None:
    """Number the lengths by which touches are judged to fit: a call or an e-mail, with or without preparation."""
    preparations = [0, *(tier.preparation_ms for tier in agreement.tiers)]
    wanted = [mean + preparation for mean in (rules.mean_call_ms, rules.mean_email_ms) for preparation in preparations]
    lengths = sorted(set(wanted))
    g[G.LENGTHS : G.LENGTHS + len(lengths)] = lengths
    g[G.LENGTH_OF : G.LENGTH_OF + len(wanted)] = [lengths.index(length) for length in wanted]


def _put_terms(g: Int64, t: int, terms: TierTerms) -> int:
    at = G.TIERS + t * G.TIER_SIZE
    _put(g, at + G.FIRST_TOUCH, terms.first_touch)
    _put(g, at + G.LATER_TOUCH, terms.later_touch)
    _put(g, at + G.EARLIEST, terms.earliest)
    _put(g, at + G.WINDOW, terms.window)
    g[at + G.ATTEMPTS], g[at + G.PREPARATION] = terms.attempts, terms.preparation_ms
    return at


def _with_attempts(g: Int64, at: list[int], tiers: tuple[TierTerms, ...]) -> Int64:
    """Return the numbers with the gaps and the kinds of touches of each tier behind them."""
    behind: list[int] = []
    for place, terms in zip(at, tiers, strict=True):
        g[place + G.GAPS] = g.size + len(behind)
        for gap in terms.gaps:
            behind += [gap.ms, int(gap.business)]
        g[place + G.TOUCHES] = g.size + len(behind)
        behind += [int(touch) == EMAIL for touch in terms.touches]
    return np.concatenate([g, np.array(behind, dtype=np.int64)])


def types_of(record: type) -> dict[str, Any]:
    """Return the dtype of each column of a record, as `funnelsim.records` declares it."""
    hints = get_type_hints(record)
    return {name: get_args(get_args(hint)[1])[0] for name, hint in hints.items() if get_origin(hint) is np.ndarray}


_LEAD_TYPES = {**types_of(Leads), "segment": np.int16}
_SCORED_TYPES = types_of(Scored)
_OUTCOME_TYPES = types_of(Outcomes)
_ZERO = ("touches", "meetings", "handovers", "unprepared", "misjudged", "burnt")


def seen(kind: Any, columns: dict[str, Any], types: dict[str, Any]) -> Any:
    """Return the columns that `kind` names as the kernel is to see them, each of its declared type."""
    return grouped(kind, {name: np.asarray(columns[name], dtype=types[name]) for name in kind._fields})


def tables_of_leads(leads: Leads, scored: Scored, roster: Roster) -> tuple[Person, TouchLuck, MeetingLuck, Visits]:
    """Return what the kernel reads of the leads; nothing is copied but what does not lie in one piece."""
    columns = {f.name: getattr(leads, f.name) for f in fields(leads)}
    columns["segment"] = leads.firmographics[roster.segment_row] if roster.segment_row >= 0 else np.full(leads.n, -1)
    verdicts = {f.name: getattr(scored, f.name) for f in fields(scored)}
    return (
        seen(Person, columns, _LEAD_TYPES),
        seen(TouchLuck, columns, _LEAD_TYPES),
        seen(MeetingLuck, columns, _LEAD_TYPES),
        seen(Visits, verdicts, _SCORED_TYPES),
    )


def tables_of_nobody() -> tuple[Person, TouchLuck, MeetingLuck, Visits, Results]:
    """Return tables without a single lead: of the right types, to compile for."""
    empty = {name: np.zeros((1, 1)) for name in (*_LEAD_TYPES, *_SCORED_TYPES, *Results._fields)}
    return (
        seen(Person, empty, _LEAD_TYPES),
        seen(TouchLuck, empty, _LEAD_TYPES),
        seen(MeetingLuck, empty, _LEAD_TYPES),
        seen(Visits, empty, _SCORED_TYPES),
        seen(Results, empty, _OUTCOME_TYPES),
    )


def blank_results(n: int) -> dict[str, NDArray[Any]]:
    """Return the columns of `Outcomes` for leads that nothing happened to."""
    return {name: np.full(n, 0 if name in _ZERO else -1, dtype=_OUTCOME_TYPES[name]) for name in Results._fields}


def outcomes_of(results: dict[str, NDArray[Any]]) -> Outcomes:
    """Return the columns as a record, closed to writing."""
    for column in results.values():
        column.flags.writeable = False
    return Outcomes(**results)
