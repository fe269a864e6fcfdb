"""Random scenarios played on both engines, whose outcomes and touch logs must be equal to the bit.

    cd tests; python -m contract.fuzz [--first 0] [--count 1000] [--stop]

Every scenario is a pure function of its number. Of four in a row, the first is `random_scenario` as it is; in the
second the integers that an engine reads are also set to what no file would ask for (meetings of no length, slots of a
millisecond, patience of zero, a hundred reps, whole teams that leave ...); in the third and the fourth the leads are
moved onto a coarse grid of time as well, where everything happens at once. In every other scenario the arrays of the
compiled engine begin too small, so that all of them have to grow. With --stop it ends at the first scenario in which
the engines differ.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any

import numpy as np

from funnelsim.calendar import Clock
from funnelsim.engines import compiled, reference
from funnelsim.lab.play import draw
from funnelsim.records import ALWAYS, NEVER, Leads, Rules, Scored
from funnelsim.roster import (
    EMAIL,
    LEAST_LOADED,
    NO_BREACH,
    POOL,
    REASSIGN,
    ROUND_ROBIN,
    SCORE,
    WEIGHTED,
    Agreement,
    Roster,
    Span,
    TierTerms,
    build_agreement,
    build_roster,
    build_rules,
)
from funnelsim.scoring import score_leads

from .both import differences
from .worlds import Dice, random_scenario

MINUTE = 60_000
Arguments = tuple[Leads, Scored, Roster, Agreement, Rules, int]


def arguments(number: int) -> Arguments:
    """Return what an engine is given in the scenario of that number."""
    scenario = random_scenario(number)
    leads = draw(scenario, 0)
    roster = build_roster(scenario)
    scored = score_leads(leads, scenario.policy, scenario.market)
    agreement, rules = build_agreement(scenario, roster), build_rules(scenario)
    if number % 4:
        d = Dice(10_000_000 + number)
        agreement, rules, roster = _bent_agreement(d, agreement), _bent_rules(d, rules), _bent_roster(d, roster)
        roster = _with_leavers(Dice(20_000_000 + number), roster, Clock.of(scenario.run).end)
        leads = _bent_leads(d, leads)
        if agreement.slot_ms == 1:  # deal work comes in pieces of a slot
            leads = dataclasses.replace(leads, deal_work_ms=leads.deal_work_ms % 5)
        if number % 4 > 1:
            leads, scored = _on_a_grid(d, leads, scored)
        most = max(terms.attempts for terms in agreement.tiers)
        rules = dataclasses.replace(rules, max_touches=max(min(rules.max_touches, leads.connect_until.shape[0]), most))
        rules = _within(rules, leads)
    return leads, scored, roster, agreement, rules, Clock.of(scenario.run).end


def _within(rules: Rules, leads: Leads) -> Rules:
    """Return the rules with no more touches and meetings than there is luck for."""
    return dataclasses.replace(
        rules,
        max_touches=min(rules.max_touches, leads.connect_until.shape[0]),
        max_meetings=min(rules.max_meetings, leads.show_until.shape[0]),
    )


def _span(d: Dice, *ms: int) -> Span:
    return Span(d.one(*ms), d.chance(0.4))


def _bent_terms(d: Dice, terms: TierTerms) -> TierTerms:
    count = d.count(1, 6)
    return dataclasses.replace(
        terms,
        attempts=count,
        gaps=tuple(_span(d, 0, 1, 15 * MINUTE, 240 * MINUTE, 1440 * MINUTE) for _ in range(count - 1)),
        touches=np.array([d.count(0, EMAIL) for _ in range(count)], dtype=np.int8),
        preparation_ms=d.one(0, 0, 1, 10 * MINUTE, 45 * MINUTE),
        first_touch=_span(d, 0, 1, 30 * MINUTE, 480 * MINUTE),
        later_touch=_span(d, 0, 60 * MINUTE, 1440 * MINUTE),
        earliest=_span(d, 0, 0, 0, 60 * MINUTE),
        window=_span(d, 1, 30 * MINUTE, 720 * MINUTE, 4320 * MINUTE, 60 * 1440 * MINUTE),
    )


def _bent_agreement(d: Dice, agreement: Agreement) -> Agreement:
    tiers = tuple(_bent_terms(d, terms) for terms in agreement.tiers) if d.chance(0.6) else agreement.tiers
    own_routing = agreement.routing > WEIGHTED and d.chance(0.5)
    return dataclasses.replace(
        agreement,
        tiers=tiers,
        qualifying_talk=d.chance(0.5),
        self_scheduling=d.chance(0.5),
        deduplication=d.chance(0.3),
        callbacks=d.chance(0.8),
        order=d.count(0, SCORE),
        first_before_later=d.chance(0.5),
        routing=agreement.routing if own_routing else d.one(POOL, ROUND_ROBIN, WEIGHTED, LEAST_LOADED),
        recycles=d.count(0, 5),
        on_breach=d.count(NO_BREACH, REASSIGN),
        close_after_attempts=d.chance(0.3),
        cool_off_ms=d.one(0, 0, 1, 60 * MINUTE, 1440 * MINUTE),
        slot_ms=d.one(1, 15 * MINUTE, 30 * MINUTE, 45 * MINUTE),
        notice=_span(d, 0, 1, 90 * MINUTE, 1440 * MINUTE),
        rebookings=d.count(0, 4),
        accept_within=d.one(None, _span(d, 0, 120 * MINUTE), _span(d, 600 * MINUTE, 2880 * MINUTE)),
        book_ahead=_span(d, 0, 300 * MINUTE, 7200 * MINUTE, ALWAYS // 4),
    )


def _bent_rules(d: Dice, rules: Rules) -> Rules:
    return dataclasses.replace(
        rules,
        mean_call_ms=d.one(0, 1, rules.mean_call_ms),
        mean_email_ms=d.one(0, 1, rules.mean_email_ms, rules.mean_call_ms),
        meeting_ms=d.one(0, 1, rules.meeting_ms, rules.meeting_ms),
        no_show_ms=d.one(0, 1, rules.no_show_ms),
        reach_from_available=d.chance(0.5),
        closes_by_delay=d.chance(0.2),
        syncs_in_business=d.chance(0.3),
        unprepared_permille=d.one(0, 333, 1000),
        max_touches=d.count(1, 40),
        max_meetings=d.count(1, 10),
    )


def _bent_roster(d: Dice, roster: Roster) -> Roster:
    limits = np.array([1, 2, 5, 20, ALWAYS, ALWAYS])
    roster = dataclasses.replace(
        roster,
        weight=np.array([d.count(1, 7) for _ in range(roster.n)]),
        max_open_leads=limits[[d.count(0, 5) for _ in range(roster.n)]],
        max_open_opportunities=limits[[d.count(0, 5) for _ in range(roster.n)]],
    )
    if not d.chance(0.05):
        return roster
    times = 130 // roster.n + 1  # a team whose former owners do not fit into two numbers
    repeated: dict[str, Any] = {
        f: getattr(roster, f) * times for f in ("names", "calendars", "diaries", "ramp_from", "ramp_permille")
    }
    for f in ("team", "starts", "leaves", "cost_per_hour", "max_open_leads", "max_open_opportunities", "weight"):
        repeated[f] = np.tile(getattr(roster, f), times)
    return dataclasses.replace(roster, serves=np.tile(roster.serves, (times, 1)), **repeated)


def _with_leavers(d: Dice, roster: Roster, end: int) -> Roster:
    """Return the roster in which, mostly, some reps leave; often several at once, at any hour, and whole teams."""
    if d.chance(0.4):
        return roster
    step, share = d.one(1, 30 * MINUTE, 1440 * MINUTE, 1440 * MINUTE, 5 * 1440 * MINUTE), d.one(0.2, 0.5, 0.9)
    hour = d.one(0, 10, 12, 15) * 60 * MINUTE + 15 * MINUTE if step > 30 * MINUTE else 0  # in the middle of work
    leaves = [d.count(0, end // step) * step + hour if d.chance(share) else NEVER for _ in range(roster.n)]
    return dataclasses.replace(roster, leaves=np.array(leaves, dtype=np.int64))


def _some(d: Dice, column: Any, share: float, *values: int) -> Any:
    """Return the column with some of its entries replaced, each by one of the values."""
    changed = column.copy()
    hit = d.rng.random(column.shape) < share
    changed[hit] = d.rng.choice(np.array(values, dtype=column.dtype), size=int(hit.sum()))
    return changed


def _bent_leads(d: Dice, leads: Leads) -> Leads:
    return dataclasses.replace(
        leads,
        connect_until=_some(d, leads.connect_until, 0.2, -1, 0, ALWAYS),
        reply_until=_some(d, leads.reply_until, 0.3, -1, 0, ALWAYS),
        reply_lag=_some(d, leads.reply_lag, 0.2, 0, 1, 30 * MINUTE),
        call_ms=_some(d, leads.call_ms, 0.1, 0, 1, 300 * MINUTE),
        talk_ms=_some(d, leads.talk_ms, 0.1, 0, 240 * MINUTE),
        show_until=_some(d, leads.show_until, 0.2, -1, 0, ALWAYS),
        meeting_ms=_some(d, leads.meeting_ms, 0.2, 0, 1, 300 * MINUTE),
        deal_work_ms=_some(d, leads.deal_work_ms, 0.2, 0, 1, 100 * MINUTE),
        buyer_pace=_some(d, leads.buyer_pace, 0.3, 0, 1, 1440 * MINUTE),
        callback_at=_some(d, leads.callback_at, 0.3, 0, 2880 * MINUTE, 5760 * MINUTE, NEVER),
        patience=_some(d, leads.patience, 0.3, 0, 1, 60 * MINUTE, ALWAYS),
        queue_patience=_some(d, leads.queue_patience, 0.2, 0, 1, 60 * MINUTE, ALWAYS),
        win_until=_some(d, leads.win_until, 0.2, -1, 0, ALWAYS, ALWAYS - 1),
        too_soon=_some(d, leads.too_soon, 0.1, 0, 60 * MINUTE),
        sync_latency=_some(d, leads.sync_latency, 0.3, 0, 1, 5 * MINUTE, 300 * MINUTE),
        close_ms=_some(d, leads.close_ms, 0.2, 0, 1),
        given_up=leads.given_up | (d.rng.random(leads.given_up.shape) < d.one(0.0, 0.0, 0.2)),
        books_itself=leads.books_itself | (d.rng.random(leads.n) < d.one(0.0, 0.5)),
        meetings_needed=np.minimum(_some(d, leads.meetings_needed, 0.2, 0, 1, 3), leads.show_until.shape[0]),
    )


def _on_a_grid(d: Dice, leads: Leads, scored: Scored) -> tuple[Leads, Scored]:
    """Return the leads with every time and every length a multiple of half an hour or more: ties without end."""
    step = d.one(30, 60, 240, 1440) * MINUTE
    changed: dict[str, Any] = {}
    for f in dataclasses.fields(leads):
        column = getattr(leads, f.name)
        places = f.name in ("event_start", "nurture_start")
        if isinstance(column, np.ndarray) and column.dtype == np.int64 and not places:
            no_time = (column >= ALWAYS - 1) | (column < 0)
            changed[f.name] = np.where(no_time, column, column // step * step)
    return dataclasses.replace(leads, **changed), dataclasses.replace(scored, time=scored.time // step * step)


def difference(number: int) -> str:
    """Return in words where the engines differ in a scenario; empty where they agree."""
    given = arguments(number)
    rooms = compiled._SMALL, compiled._ROWS_PER_LEAD
    if number % 2:
        compiled._SMALL, compiled._ROWS_PER_LEAD = 1, 0
    try:
        return differences(reference.run(*given), compiled.run(*given))
    finally:
        compiled._SMALL, compiled._ROWS_PER_LEAD = rooms


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--stop", action="store_true")
    options = parser.parse_args()
    failed = played = 0
    for number in range(options.first, options.first + options.count):
        found = difference(number)
        played += 1
        if found:
            failed += 1
            print(f"scenario {number}: {found}", flush=True)
            if options.stop:
                break
        if played % 1000 == 0:
            print(f"{played} played, {failed} differ", file=sys.stderr, flush=True)
    print(f"{played} scenarios from {options.first} on, {failed} differ")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
