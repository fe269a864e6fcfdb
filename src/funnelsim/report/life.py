"""The life of one lead as happenings in order: what sales saw, and beside it what only the simulation knows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from funnelsim.calendar import HOUR_MS, Clock
from funnelsim.lab.play import Played
from funnelsim.records import LOG_COLUMNS, NEVER, Result, Row, State, Tier
from funnelsim.report.digits import plain, span
from funnelsim.report.exports import list_names

ENGAGEMENT, TRUTH = "engagement", "truth"
GRADES = ("A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3")

TALK = {
    Result.NOT_REACHED: "not reached",
    Result.SENT: "sent",
    Result.SQL: "talk, passed on as an SQL",
    Result.BOOKED: "talk, agrees to meet",
    Result.CALLED_BACK: "talk, not ready, names a date",
    Result.NURTURE: "talk, not ready, names no date",
    Result.DISQUALIFIED: "talk, cannot buy: disqualified",
    Result.LOST_TO_ANOTHER: "talk, has bought elsewhere",
    Result.TOO_SOON: "annoyed that it came so soon, opts out",
    Result.TIRED: "talk, tired of talks, opts out",
    Result.OPEN: "still going on at the end",
}
MET = {
    Result.NO_SHOW: "nobody comes",
    Result.OPPORTUNITY: "kept, an opportunity",
    Result.MET: "kept",
    Result.WON: "kept, the deal is won",
    Result.LOST: "kept, the deal is lost",
    Result.REJECTED: "kept, unable or unready: rejected",
    Result.OPEN: "still going on at the end",
}
NOT_BEGUN = {
    Result.DROPPED: "taken off the list",
    Result.CANCELLED: "cancelled, the lead has replied",
    Result.REASSIGNED: "not begun (late, or the rep has left), goes to another",
    Result.ABANDONED: "the lead waits no longer",
    Result.MOVED: "not begun (not in time, or the rep has left), moved",
    Result.STALLED: "the buyer has lost patience",
    Result.OPEN: "still waits at the end",
}
PIECE = {Row.CALL: "call", Row.EMAIL: "e-mail", Row.REPLY: "reply", Row.CALLBACK: "call-back", Row.MEETING: "meeting"}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened. `rank` orders what happened at one instant."""

    at: int  # ms
    rank: int
    kind: str
    what: str
    who: str = ""
    note: str = ""
    facts: dict[str, Any] = field(default_factory=dict)  # for programs: numbers behind the note


def happenings(played: Played, lead: int) -> list[Happening]:
    """Return everything that happened to `lead` (0 <= lead < leads.n), in order of time."""
    found = [
        *_engagement(played, lead),
        *_with_sales(played, lead),
        *_truth(played, lead),
        *_end(played, lead),
    ]
    return sorted(found, key=lambda h: (h.at, h.rank))


def when(clock: Clock, ms: int) -> str:
    """Return a date and time as a note shows it."""
    return clock.to_datetime(ms).strftime("%a %d %b %H:%M") if 0 <= ms < NEVER else "never"


def _engagement(played: Played, lead: int) -> Iterator[Happening]:
    """Give each engagement event with the score just after it."""
    leads, scored, market = played.leads, played.scored, played.scenario.market
    activities = market.activities()
    own = slice(int(leads.event_start[lead]), int(leads.event_start[lead + 1]))
    at = slice(int(scored.start[lead]), int(scored.start[lead + 1]))
    names = list(zip(leads.event_time[own].tolist(), leads.event_activity[own].tolist(), strict=True))
    columns = (scored.time[at], scored.score[at], scored.holds[at], scored.tier[at], scored.grade[at])
    for number, (time, score, holds, tier, grade) in enumerate(zip(*(c.tolist() for c in columns), strict=True)):
        if names and names[0][0] == time:
            activity = activities[names.pop(0)[1]]
        else:
            activity = f"{market.nurture.activity} on a nurture mail"
        what = activity
        if not number:
            what = f"created by {list(market.offers)[int(leads.offer[lead])].replace('_', ' ')}"
        note = f"{score / 100:.1f} points"
        if holds:
            note += f", tier {Tier(tier).name} ({GRADES[grade]})"  # it has a tier where it is over the threshold
        facts = {"activity": activity, "score": score / 100, "holds": holds, "tier": Tier(tier).name}
        yield Happening(time, 1 if number else 0, ENGAGEMENT if number else "created", what, note=note, facts=facts)


def _with_sales(played: Played, lead: int) -> Iterator[Happening]:
    """Give what the touch log says."""
    log = played.touches
    rows = np.flatnonzero(log.lead == lead)
    columns = [getattr(log, name)[rows].tolist() for name in LOG_COLUMNS]
    table = [dict(zip(LOG_COLUMNS, values, strict=True)) for values in zip(*columns, strict=True)]
    for row in table:
        tell = _TELLERS.get(Row(row["kind"]), _piece)
        yield from tell(played, row, table)
    yield from _deal_work(played, [row for row in table if row["kind"] == Row.DEAL_WORK])


def _handover(played: Played, row: dict[str, int], table: list[dict[str, int]]) -> Iterator[Happening]:
    clock = Clock.of(played.scenario.run)
    stays = [r for r in table if r["episode"] == row["episode"] and r["list"] >= 0]
    first = min(stays, key=lambda r: r["queued_at"], default=None)
    who = "" if first is None else list_names(played)[first["list"]]
    due = row["due_at"]
    note = f"tier {Tier(row['tier']).name}"
    if due >= 0:
        note += f", due {when(clock, due)}"
    number = row["number"] + 1
    what = "handed over to sales" if number == 1 else f"handed over to sales again (number {number})"
    facts = {"tier": Tier(row["tier"]).name, "qualified_ms": row["available_at"], "due_ms": due}
    yield Happening(row["start"], 3, "handover", what, who, note, facts)
    if row["result"] == Result.NURTURE:
        back = when(clock, row["end"] + played.scenario.policy.cool_off.ms())
        yield Happening(row["end"], 8, "nurture", "back to nurture", "", f"until {back} at least")


def _window(played: Played, row: dict[str, int], _: list[dict[str, int]]) -> Iterator[Happening]:
    if row["result"] in (Result.RECYCLED, Result.NURTURE):
        what = "window over: to another rep" if row["result"] == Result.RECYCLED else "window over"
        note = f"open for {_span(row['start'], row['end'])}"
        yield Happening(row["end"], 7, "window", what, "", note, {"planned_ms": row["due_at"]})


def _booking(played: Played, row: dict[str, int], _: list[dict[str, int]]) -> Iterator[Happening]:
    what = f"meeting {row['number'] + 1} booked for {when(Clock.of(played.scenario.run), row['due_at'])}"
    note = f"{_span(row['available_at'], row['due_at'])} ahead"
    facts = {"meeting_ms": row["due_at"]}
    yield Happening(row["available_at"], 6, "booking", what, _rep(played, row["rep"]), note, facts)


def _unassigned(played: Played, row: dict[str, int], _: list[dict[str, int]]) -> Iterator[Happening]:
    ends = {Result.ASSIGNED: "until one had", Result.DROPPED: "until its window was over", Result.OPEN: "to the end"}
    note = f"{_span(row['queued_at'], row['end'])}, {ends[Result(row['result'])]}"
    yield Happening(row["queued_at"], 4, "unassigned", "no rep has room for it", "", note)


def _nothing(played: Played, row: dict[str, int], _: list[dict[str, int]]) -> Iterator[Happening]:
    return iter(())


def _piece(played: Played, row: dict[str, int], _: list[dict[str, int]]) -> Iterator[Happening]:
    """Give a touch, reply, call-back or meeting, begun or not."""
    kind, result = Row(row["kind"]), Result(row["result"])
    meeting = kind is Row.MEETING
    number = row["number"] + 1 if meeting else row["attempt"]
    name = PIECE[kind] if kind is Row.REPLY else f"{PIECE[kind]} {number}"
    place = list_names(played)[row["list"]]
    if row["start"] < 0:
        note = f"after {_span(row['queued_at'], row['end'])} in the list" if row["end"] > row["queued_at"] else ""
        yield Happening(row["end"], 5, PIECE[kind], f"{name}: {NOT_BEGUN[result]}", place, note)
        return
    words = {**TALK, **MET}[result] if meeting else TALK[result]
    waited = row["start"] - row["available_at"]
    moment = row["dial"] if row["dial"] >= 0 else row["start"]
    late = moment - row["due_at"]
    notes = [f"waited {_span(0, waited)}" if waited > 0 else "at once"]
    if meeting:
        notes = [f"begun {_span(0, waited)} late"] if waited > 0 else []
    elif late <= 0:
        notes.append("in time")
    else:
        notes.append(f"late by {_span(0, late)} (due {when(Clock.of(played.scenario.run), row['due_at'])})")
    facts = {
        "result": result.name.lower(), "waited_h": waited / HOUR_MS, "due_ms": row["due_at"], "in_time": late <= 0,
        "start_ms": row["start"], "end_ms": row["end"],
    }  # fmt: skip
    yield Happening(moment, 5, PIECE[kind], f"{name}: {words}", _rep(played, row["rep"]), ", ".join(notes), facts)


def _deal_work(played: Played, rows: list[dict[str, int]]) -> Iterator[Happening]:
    """Give the deal work that each meeting leaves as one happening, since its pieces may be many."""
    for left_at in sorted({row["available_at"] for row in rows}):
        pieces = [row for row in rows if row["available_at"] == left_at]
        done = [row for row in pieces if row["start"] >= 0]
        others = Counter(Result(row["result"]) for row in pieces if row["start"] < 0)
        words = [NOT_BEGUN[result].replace("waits", "wait") for result in others]
        if not done:
            what = f"deal work: {len(pieces)} pieces, {', '.join(words)}"
            yield Happening(max(row["end"] for row in pieces), 5, "deal work", what)
            continue
        hours = sum(row["end"] - row["start"] for row in done) / HOUR_MS
        what = f"deal work, {plain(hours, 1)} h in {len(done)} piece{'' if len(done) == 1 else 's'}"
        note = f"done by {when(Clock.of(played.scenario.run), max(row['end'] for row in done))}"
        if others:
            note = f"{sum(others.values())} more pieces {', '.join(words)}"
        yield Happening(done[0]["start"], 5, "deal work", what, _rep(played, done[0]["rep"]), note, {"hours": hours})


def _truth(played: Played, lead: int) -> Iterator[Happening]:
    """Give the moments of the buyer's journey, which nobody in sales can see."""
    leads, clock = played.leads, Clock.of(played.scenario.run)
    start, until = int(leads.ready_from[lead]), int(leads.ready_until[lead])
    opens = max(start, int(leads.created[lead]))
    if start >= NEVER or until < opens:
        return
    able = bool(leads.able[lead])
    what = "ready to buy from here on" if able else "interested from here on, but cannot buy"
    if opens < clock.end:
        yield Happening(opens, 2, TRUTH, what, note=f"until {when(clock, until)}, {_span(opens, until)}")
    if until < clock.end:
        yield Happening(until, 9, TRUTH, "no longer ready" if able else "no longer interested")


def _end(played: Played, lead: int) -> Iterator[Happening]:
    """Give how it ended."""
    out, scenario = played.outcomes, played.scenario
    state, since = State(int(out.state[lead])), int(out.since[lead])
    end = Clock.of(scenario.run).end
    words = state.name.lower().replace("_", " ")
    if state is State.WON:
        words = f"won: {plain(float(played.leads.value[lead]), 0)} {scenario.economics.currency}"
    if state is State.MERGED:
        words = f"merged with lead {int(played.leads.duplicate_of[lead])}"
    if state >= State.WON:
        yield Happening(since, 10, "outcome", words)
    else:
        note = f"since {when(Clock.of(scenario.run), since)}"
        yield Happening(end, 10, "outcome", f"the run ends, {words}", note=note)


def _rep(played: Played, rep: int) -> str:
    return played.roster.names[rep] if rep >= 0 else ""


def _span(start: int, end: int) -> str:
    return span((end - start) / HOUR_MS)


_TELLERS: dict[Row, Callable[[Played, dict[str, int], list[dict[str, int]]], Iterator[Happening]]] = {
    Row.HANDOVER: _handover,
    Row.WINDOW: _window,
    Row.BOOKING: _booking,
    Row.UNASSIGNED: _unassigned,
    Row.DEAL_WORK: _nothing,
}
