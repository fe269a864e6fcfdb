"""The life of one lead for people (a timeline) and for programs (JSON values)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from funnelsim.calendar import Clock
from funnelsim.lab.play import Played
from funnelsim.metrics.lost import LOST_TEXT, LostBuyer, lost_cause
from funnelsim.metrics.waste import WASTE_TEXT, Waste, wasted_cause, would_buy
from funnelsim.records import NEVER, State
from funnelsim.report.digits import plain
from funnelsim.report.exports import local_times
from funnelsim.report.life import ENGAGEMENT, TRUTH, Happening, happenings, when

SCHEMA_VERSION = 1
COLLAPSED_FROM = 4
"""So many engagement events in a row, and more, are told in one line."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a lead, and what the simulation knows of it."""

    state: State
    wasted: Waste
    lost: LostBuyer
    would_buy: bool


def judge(played: Played, lead: int) -> Judged:
    """Return what became of `lead` and why."""
    records = (played.leads, played.outcomes, played.touches, played.scenario)
    return Judged(
        state=State(int(played.outcomes.state[lead])),
        wasted=Waste(int(wasted_cause(*records)[lead])),
        lost=LostBuyer(int(lost_cause(*records)[lead])),
        would_buy=bool(would_buy(played.leads, played.scenario)[lead]),
    )


def timeline_text(played: Played, lead: int, *, width: int = 100) -> str:
    """Return the life of `lead` as lines of at most `width` letters (80 or more), days in order.

    Lines in brackets are what the simulation knows and sales do not.
    """
    clock, judged = Clock.of(played.scenario.run), judge(played, lead)
    lines = [*_heading(played, lead), ""]
    told = _collapsed(happenings(played, lead), clock)
    wide = min(max((len(h.what) for h in told), default=20) + 2, width - 40)
    names = max((len(h.who) for h in told), default=0) + 2
    for day, of_day in groupby(told, key=lambda h: clock.to_datetime(h.at).date()):
        lines.append(day.strftime("%a %d %b %Y"))
        for h in of_day:
            lines += _line(h, clock, wide=wide, names=names, width=width)
    lines.append("")
    lines += _fold(f"Outcome: {_outcome(judged)}", width)
    lines += _fold(f"(Known to the simulation alone: {_secret(played, lead, judged)})", width)
    return "\n".join(lines) + "\n"


def timeline_values(played: Played, lead: int) -> dict[str, Any]:
    """Return the life of `lead` as values for JSON: who it is, what happened, what became of it, and what is hidden."""
    clock, judged, leads = Clock.of(played.scenario.run), judge(played, lead), played.leads
    told = happenings(played, lead)
    local = local_times(clock, [h.at for h in told])  # type: ignore[arg-type]  # a list reads as an array
    return {
        "schema_version": SCHEMA_VERSION,
        "scenario": played.scenario.name,
        "seed": played.scenario.run.seed,
        "replication": leads.replication,
        "lead": lead,
        "who": _who(played, lead),
        "happenings": [
            {"at_ms": h.at, "at": at, "kind": h.kind, "what": h.what, "who": h.who or None, "note": h.note or None}
            | ({"facts": h.facts} if h.facts else {})
            for h, at in zip(told, local, strict=True)
            if h.kind != TRUTH
        ],
        "outcome": {
            "state": judged.state.name.lower(),
            "wasted_as": None if judged.wasted is Waste.NONE else judged.wasted.name.lower(),
            "lost_as": None if judged.lost is LostBuyer.NONE else judged.lost.name.lower(),
        },
        "hidden": {
            "would_buy": judged.would_buy,
            "able": bool(leads.able[lead]),
            "ready_from_ms": _or_none(int(leads.ready_from[lead])),
            "ready_until_ms": _or_none(int(leads.ready_until[lead])),
            "value": float(leads.value[lead]),
            "fit": float(leads.fit[lead]),
            "duplicate_of": _or_none(int(leads.duplicate_of[lead])),
        },
    }


def _who(played: Played, lead: int) -> dict[str, Any]:
    leads, market = played.leads, played.scenario.market
    return {
        "channel": list(market.channels)[int(leads.channel[lead])],
        "offer": list(market.offers)[int(leads.offer[lead])],
        "hand_raise": bool(leads.hand_raise[lead]),
        "account": int(leads.account[lead]),
        "observed_fit": float(leads.observed_fit[lead]),
        "firmographics": {
            name: list(paper.mix)[int(leads.firmographics[row][lead])]
            for row, (name, paper) in enumerate(market.firmographics.items())
        },
    }


def _heading(played: Played, lead: int) -> Iterator[str]:
    who = _who(played, lead)
    run = played.scenario.run
    name = played.scenario.name or "scenario"
    yield f"Lead {lead} of {name}, seed {run.seed}, replication {played.leads.replication}; times in {run.time_zone}"
    parts = [f"{who['offer']} from {who['channel']}".replace("_", " ")]
    parts += [f"{attribute} {category}" for attribute, category in who["firmographics"].items()]
    yield ", ".join([*parts, f"fit as seen {who['observed_fit']:.1f}", f"account {who['account']}"])


def _line(h: Happening, clock: Clock, *, wide: int, names: int, width: int) -> Iterator[str]:
    """Give the lines of one happening: time, what, who, note, the last two folded below themselves."""
    time = clock.to_datetime(h.at).strftime("%H:%M")
    if h.kind == TRUTH:
        yield f"  {time}  ({h.what}{', ' if h.note else ''}{h.note})"
        return
    start = 9 + wide + names
    what = wrap(h.what, wide - 2) or [""]
    note = wrap(h.note, max(width - start, 16)) or [""]
    for row in range(max(len(what), len(note))):
        left = what[row] if row < len(what) else ""
        right = note[row] if row < len(note) else ""
        head, who = (time, h.who) if not row else ("", "")
        yield f"  {head:<5}  {left:<{wide}}{who:<{names}}{right}".rstrip()


def _collapsed(told: Sequence[Happening], clock: Clock) -> list[Happening]:
    """Return the happenings with long runs of engagement that led to nothing told in one line each."""
    out: list[Happening] = []
    for engaged, run in groupby(told, key=lambda h: h.kind == ENGAGEMENT):
        items = list(run)
        # The last of a run stays by itself: it may be the one that qualified the lead.
        if engaged and len(items) > COLLAPSED_FROM:
            *early, last = items
            counts = Counter(h.what for h in early)
            what = ", ".join(f"{n} x {name}" if n > 1 else name for name, n in counts.most_common())
            note = f"until {when(clock, early[-1].at)}; {early[-1].note}"
            items = [Happening(early[0].at, early[0].rank, ENGAGEMENT, what, note=note), last]
        out += items
    return out


def _outcome(judged: Judged) -> str:
    words = judged.state.name.lower().replace("_", " ")
    if judged.wasted is not Waste.NONE:
        words += f". Wasted as {judged.wasted.name.lower()}: {WASTE_TEXT[judged.wasted]}"
    return words + "."


def _secret(played: Played, lead: int, judged: Judged) -> str:
    leads = played.leads
    if leads.duplicate_of[lead] >= 0:
        return f"a duplicate of lead {int(leads.duplicate_of[lead])}, it cannot buy."
    value = f"{plain(float(leads.value[lead]), 0)} {played.scenario.economics.currency}"
    if not leads.able[lead]:
        words = "it cannot buy at all"
    elif leads.ready_from[lead] >= NEVER:
        words = "it could buy but never becomes ready"
    elif judged.would_buy:
        words = f"with ideal follow-up it would buy for {value}"
    else:
        words = f"able and some day ready for a deal of {value}, but no follow-up would win it within the run"
    if judged.lost is not LostBuyer.NONE:
        words += f". Lost as {judged.lost.name.lower()}: {LOST_TEXT[judged.lost]}"
    return f"{words}. True fit {float(leads.fit[lead]):.1f}."


def _fold(text: str, width: int) -> list[str]:
    return wrap(text, width, subsequent_indent="  ")


def _or_none(ms: int) -> int | None:
    return ms if 0 <= ms < NEVER else None
