"""The accounting of real runs, under policies that differ in everything; the agreement recomputed by plain loops."""

import math
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from funnelsim.calendar import Clock, business_clock
from funnelsim.config.durations import Duration
from funnelsim.config.load import load_scenario
from funnelsim.config.policy import TermsOverride
from funnelsim.lab.play import draw, play
from funnelsim.metrics import MEASURES
from funnelsim.metrics.breakdown import by_channel, by_month, hourly
from funnelsim.metrics.conservation import faults
from funnelsim.metrics.evidence import gather
from funnelsim.metrics.lost import LostBuyer, lost_cause, saved_by_unlimited_reps
from funnelsim.metrics.waste import Waste, wasted_cause, would_buy
from funnelsim.records import LOG_COLUMNS, Result, Row, State

HOUR, DAY = 3_600_000, 86_400_000
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def changed(paper, **changes):
    """A paper with some fields changed, its tables by a dict of their own changes."""
    tables = {n for n, c in changes.items() if isinstance(c, dict) and hasattr(getattr(paper, n), "model_copy")}
    update = {name: changed(getattr(paper, name), **c) if name in tables else c for name, c in changes.items()}
    return paper.model_copy(update=update)


POLICIES = {
    "in_force": {},
    "hungry": {"scoring": {"cutoff": 20.0}, "sla": {"attempts": 3}, "order": {"work": "lifo"}},
    "picky": {"scoring": {"cutoff": 90.0}, "order": {"work": "score"}},
    "recycling": {
        "sla": {"window": Duration(5, "d"), "first_touch": Duration(2, "h"), "A": TermsOverride(attempts=3)},
        "routing": {"recycles": 2, "on_breach": "reassign", "method": "least_loaded"},
    },
    "pool_with_emails": {
        "sla": {"touches": ["email", "call"], "earliest_touch": Duration(20, "min")},
        "routing": {"method": "pool"},
        "callbacks": False,
        "cool_off": Duration(7, "d"),
    },
    "swamped": {"scoring": {"cutoff": 0.0}, "sla": {"window": Duration(4, "d")}, "headcount": {"bdr": 1, "ae": 1}},
    "every_lead": {"handed_over": "every_lead", "deduplication": False, "after_attempts": "close"},
    "no_sql": {"qualifying_talk": False, "meetings": {"accept_within": Duration(2, "d", business=True)}},
    "self_scheduling": {"self_scheduling": True, "routing": {"on_breach": "escalate"}},
}


@lru_cache(maxsize=1)
def base():
    scenario = load_scenario(CONFIGS / "six_stage.toml")
    offers = {name: changed(offer, self_books_share=0.3) for name, offer in scenario.market.offers.items()}
    return changed(
        scenario,
        run={"warmup_days": 30, "horizon_days": 90, "followup_days": 60, "max_touches": 24},
        market={"reach": {"email_p0": 0.3}, "offers": offers},
    )


@lru_cache(maxsize=1)
def leads():
    return draw(base(), 3)


@lru_cache(maxsize=len(POLICIES))
def played(name):
    return play(base().with_policy(changed(base().policy, **POLICIES[name])), leads())


@lru_cache(maxsize=len(POLICIES))
def summary(name):
    return played(name).summary()


every_policy = pytest.mark.parametrize("name", POLICIES)


@every_policy
def test_the_records_agree_with_themselves(name):
    p = played(name)

    assert faults(p.leads, p.outcomes, p.touches, end=Clock.of(p.scenario.run).end) == []


@every_policy
def test_the_won_are_among_those_who_would_buy(name):
    p = played(name)
    won = p.outcomes.state == State.WON

    assert would_buy(p.leads, p.scenario)[won].all()
    assert won.any()


def test_who_would_buy_does_not_depend_on_the_policy():
    answers = [would_buy(leads(), played(name).scenario) for name in POLICIES]

    assert all(np.array_equal(answers[0], other) for other in answers)


@every_policy
def test_the_causes_add_up(name):
    values = summary(name)
    shares = sum(values[f"wasted_{c.name.lower()}_share"] for c in Waste if c)
    lost = sum(values[f"buyers_lost_{c.name.lower()}"] for c in LostBuyer if c)

    assert shares == pytest.approx(values["leads_wasted_share"], abs=1e-12)
    assert values["leads_wasted"] == pytest.approx(shares * values["leads"])
    assert lost == values["buyers_lost"]
    assert values["buyers_lost"] + values["deals"] == values["buyers"]


@every_policy
def test_waste_leaves_alone_whom_it_must(name):
    p = played(name)
    cause = wasted_cause(p.leads, p.outcomes, p.touches, p.scenario)
    lost = lost_cause(p.leads, p.outcomes, p.touches, p.scenario)
    kept = np.isin(p.outcomes.state, (State.WON, State.MERGED, State.MEETING_BOOKED, State.OPPORTUNITY))

    assert (cause[kept] == Waste.NONE).all()
    assert ((lost != LostBuyer.NONE) == (would_buy(p.leads, p.scenario) & (p.outcomes.state != State.WON))).all()
    # What a final state says of waste it says of the lost buyer too, unless time had run out before.
    timeless = {LostBuyer.STALLED: Waste.STALLED, LostBuyer.NO_SHOW: Waste.NO_SHOW, LostBuyer.BURNT: Waste.BURNT}
    for lost_to, wasted_by in timeless.items():
        assert (cause[lost == lost_to] == wasted_by).all()


def test_together_the_policies_show_nearly_every_cause():
    """So that the sums above are sums of something. Patience in a list is without end here: nobody abandons it."""
    wasted = {c for c in Waste if c and any(summary(n)[f"wasted_{c.name.lower()}_share"] > 0 for n in POLICIES)}
    lost = {c for c in LostBuyer if c and any(summary(n)[f"buyers_lost_{c.name.lower()}"] > 0 for n in POLICIES)}

    assert wasted == set(Waste) - {Waste.NONE}
    assert lost >= {
        LostBuyer.BELOW_THRESHOLD, LostBuyer.HANDED_LATE, LostBuyer.UNDER_WORKED, LostBuyer.COLD, LostBuyer.SLOW,
        LostBuyer.BURNT, LostBuyer.MISJUDGED, LostBuyer.NO_SHOW, LostBuyer.LEFT_IN_NURTURE, LostBuyer.OPEN,
    }  # fmt: skip


@every_policy
def test_every_measure_is_there_and_finite_where_it_can_be(name):
    values = summary(name)
    undefined = {m for m, v in values.items() if not math.isfinite(v)}
    may = {
        "acceptance_attainment", "routing_fairness", "acquire_to_keep_ratio", "quota_attainment", "pipeline_coverage",
        "leads_a_rep_needs", "promise_first_touch_hours", "promise_first_touch_business_hours",
    }  # fmt: skip
    if name == "swamped":  # nobody there ever gets to a second touch
        may |= {"later_touch_attainment", "promise_gap_hours", "promise_gap_median_hours"}

    assert list(values) == list(MEASURES)
    assert undefined <= may
    assert all(0 <= v <= 1 for m, v in values.items() if MEASURES[m].unit == "share" and m not in undefined
               and not m.startswith(("utilisation", "quota")))  # fmt: skip


def test_a_stricter_standard_finds_no_less_waste():
    p = played("in_force")

    def wasted(attempts):
        standard = p.scenario.run.standard.model_copy(update={"attempts": attempts})
        scenario = p.scenario.model_copy(update={"run": p.scenario.run.model_copy(update={"standard": standard})})
        return wasted_cause(p.leads, p.outcomes, p.touches, scenario) != Waste.NONE

    steps = [wasted(attempts) for attempts in (1, 3, 6, 12)]
    for lenient, strict in pairwise(steps):
        assert not (lenient & ~strict).any()
    assert steps[-1].sum() > steps[0].sum()


def test_the_breakdowns_add_up_to_the_summary():
    p, values = played("in_force"), summary("in_force")
    channels = by_channel(p.leads, p.outcomes, p.touches, p.roster, p.scenario)
    months = by_month(p.leads, p.outcomes, p.scenario)
    week = hourly(p.touches, p.roster, p.scenario)

    assert channels["leads"].sum() == values["leads"]
    assert (channels["leads_wasted_share"] * channels["leads"]).sum() == pytest.approx(values["leads_wasted"])
    assert channels["spend"].sum() == pytest.approx(values["marketing_spend"])
    assert channels["revenue"].sum() == pytest.approx(values["revenue"])
    assert months["revenue"].sum() == pytest.approx(values["revenue_calendar"])
    busy = sum(table["busy_hours"].sum() for table in week.values())
    assert busy == pytest.approx(values["rep_hours"])
    backlog = sum(table["backlog"].mean() for table in week.values())
    # Weeks are not whole in the window, so hours of the week weigh a little differently.
    assert backlog == pytest.approx(values["backlog_mean"] + values["deal_work_backlog_mean"], rel=0.1)


def test_where_reps_are_short_unlimited_ones_save_deals():
    p = played("swamped")
    plenty = p.scenario.with_policy(changed(p.scenario.policy, headcount={"bdr": 60, "ae": 60}))

    saved = saved_by_unlimited_reps(p.leads, p.outcomes, play(plenty, p.leads).outcomes, p.scenario)

    assert saved.buyers_lost == summary("swamped")["buyers_lost"]
    assert saved.deals_saved > saved.deals_given_up
    assert saved.value_saved > 0


# The agreement from touches.csv and the calendar alone: rows as dicts, one after the other, no array.


class Recomputed:
    """Figures of one run by the words of their definitions."""

    def __init__(self, p):
        self.scenario = p.scenario
        self.clock = Clock.of(p.scenario.run)
        self.team = business_clock(p.roster.team_calendars[p.roster.touch_team])
        columns = {name: getattr(p.touches, name).tolist() for name in LOG_COLUMNS}
        self.rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        self.dialled = [r for r in self.rows if r["kind"] in (Row.CALL, Row.EMAIL, Row.CALLBACK) and r["dial"] >= 0]
        self.handovers = [r for r in self.rows if r["kind"] == Row.HANDOVER]
        by_lead = {}
        for h in self.handovers:
            h["dials"] = []
            by_lead.setdefault(h["lead"], []).append(h)
        for lead in by_lead.values():
            lead.sort(key=lambda h: h["start"])
        for r in sorted(self.dialled, key=lambda r: r["dial"]):
            [h for h in by_lead[r["lead"]] if h["start"] <= r["queued_at"]][-1]["dials"].append(r)
        booked = {(r["lead"], r["available_at"]) for r in self.rows if r["kind"] == Row.BOOKING}
        # Only a lead that books for itself has its booking at the instant of its handover.
        self.judged = [h for h in self.handovers if self.measured(h["start"]) and (h["lead"], h["start"]) not in booked]

    def measured(self, t):
        return self.clock.measured_from <= t < self.clock.measured_until

    def after(self, t, duration):
        business_day = 8 * HOUR
        return self.team.add(t, duration.ms(business_day)) if duration.business else t + duration.ms()

    def terms(self, row):
        return self.scenario.policy.sla.of_tier("ABC"[row["tier"]])

    def first_touch_attainment(self):
        kept = []
        for h in self.judged:
            terms = self.terms(h)
            available = max(h["start"], self.after(h["available_at"], terms.earliest_touch))
            due = self.after(available, terms.first_touch)
            if due < self.clock.end:
                kept.append(bool(h["dials"]) and h["dials"][0]["dial"] <= due)
        return sum(kept) / len(kept)

    def speeds(self):
        firsts = [(h["available_at"], h["dials"][0]["dial"]) for h in self.judged if h["dials"]]
        return [(b - a) / HOUR for a, b in firsts], [self.team.between(a, b) / HOUR for a, b in firsts]

    def within_48h(self):
        of = [h for h in self.judged if h["start"] + 48 * HOUR < self.clock.end]
        return sum(bool(h["dials"]) and h["dials"][0]["dial"] <= h["start"] + 48 * HOUR for h in of) / len(of)

    def attempts_mean(self):
        last = self.clock.end - round(self.scenario.run.standard.days * DAY)
        of = [h for h in self.judged if h["start"] <= last]
        return sum(len(h["dials"]) for h in of) / len(of)

    def later_touch_attainment(self):
        kept = []
        for r in self.rows:
            if r["kind"] not in (Row.CALL, Row.EMAIL, Row.CALLBACK) or r["attempt"] < 2:
                continue
            if r["result"] == Result.REASSIGNED or not self.measured(r["due_at"]):
                continue
            if r["dial"] >= 0 or r["end"] > r["due_at"]:
                kept.append(0 <= r["dial"] <= r["due_at"])
        return sum(kept) / len(kept)


@pytest.mark.parametrize("name", ["in_force", "recycling", "pool_with_emails", "every_lead", "self_scheduling"])
def test_the_agreement_can_be_recomputed_from_the_log_and_the_calendar_alone(name):
    again, values = Recomputed(played(name)), summary(name)
    calendar_hours, business_hours = again.speeds()

    assert values["first_touch_attainment"] == pytest.approx(again.first_touch_attainment(), abs=1e-12)
    assert values["later_touch_attainment"] == pytest.approx(again.later_touch_attainment(), abs=1e-12)
    assert values["worked_within_48h_share"] == pytest.approx(again.within_48h(), abs=1e-12)
    assert values["attempts_mean"] == pytest.approx(again.attempts_mean(), abs=1e-12)
    assert values["speed_to_lead_median_hours"] == pytest.approx(np.median(calendar_hours))
    assert values["speed_to_lead_p90_hours"] == pytest.approx(np.quantile(calendar_hours, 0.9))
    assert values["speed_to_lead_median_business_hours"] == pytest.approx(np.median(business_hours))
    assert values["speed_to_lead_p95_business_hours"] == pytest.approx(np.quantile(business_hours, 0.95))


@every_policy
def test_touches_in_the_evidence_are_those_of_the_outcomes(name):
    """Evidence is read off the log, outcomes are written by the engine: the first moments must agree."""
    p = played(name)
    e = gather(p.leads, p.outcomes, p.touches, p.scenario)
    first = {}
    for lead, at in zip(e.tries.lead.tolist(), e.tries.at.tolist(), strict=True):
        first.setdefault(lead, at)
    talked = {}
    for lead, at, row in zip(e.talks.lead.tolist(), e.talks.at.tolist(), e.talks.row.tolist(), strict=True):
        if p.touches.kind[row] != Row.BOOKING:
            talked.setdefault(lead, at)

    touched_at = {i: t for i, t in enumerate(p.outcomes.first_touch_at.tolist()) if t >= 0}
    talked_at = {i: t for i, t in enumerate(p.outcomes.first_talk_at.tolist()) if t >= 0}
    assert first == touched_at
    # Who is talked to for the first time as the run ends has no finished talk in the log.
    unfinished = (State.IN_WORK, State.MEETING_BOOKED)
    still = {i for i in talked_at.keys() - talked.keys() if p.outcomes.state[i] in unfinished}
    assert talked == {i: t for i, t in talked_at.items() if i not in still}
    assert len(still) <= p.roster.n
    assert (e.handovers.tries >= 0).all()
    assert np.bincount(e.handovers.lead, minlength=e.n).tolist() == p.outcomes.handovers.tolist()
    assert (e.tries.handover >= 0).all()
