"""Every file in configs/ loads, runs, and is what its comments say."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

import funnelsim
from funnelsim.calendar import Clock
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.lab.processes import for_each_replication
from funnelsim.records import Leads, Row, State
from funnelsim.stats import interval

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"
FILES = sorted(CONFIGS.rglob("*.toml"))
ORACLES = sorted((CONFIGS / "oracles").glob("*.toml"))
MINUTE, DAY = 60_000, 86_400_000


def name_of(file: Path) -> str:
    return str(file.relative_to(CONFIGS))


def for_days(scenario: Scenario, *, warmup: int, horizon: int, followup: int) -> Scenario:
    """Return `scenario` over other lengths of time."""
    days = {"warmup_days": warmup, "horizon_days": horizon, "followup_days": followup}
    return scenario.model_copy(update={"run": scenario.run.model_copy(update=days)})


def cohort_of(leads: Leads, scenario: Scenario) -> np.ndarray:
    """Return which leads were created in the measured window."""
    clock = Clock.of(scenario.run)
    return (leads.created >= clock.measured_from) & (leads.created < clock.measured_until)


def config(name: str) -> Scenario:
    return funnelsim.load(CONFIGS / name)


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_configuration_loads_and_runs(file):
    scenario = for_days(funnelsim.load(file), warmup=5, horizon=15, followup=15)

    played = funnelsim.simulate(scenario)
    summary = played.summary()

    assert played.leads.n > 50
    assert played.touches.n > 0
    assert set(summary) == set(funnelsim.MEASURES)
    assert summary["leads"] == cohort_of(played.leads, scenario).sum()


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_configuration_says_what_it_is_and_survives_being_written_back(file):
    scenario = load_scenario(file)
    text = file.read_text(encoding="utf-8")

    assert scenario.name == file.stem
    assert scenario.title
    assert text.startswith("# ")
    again = Scenario.model_validate(tomllib.loads(dump_toml(scenario)))
    assert again == scenario


@pytest.mark.parametrize("file", sorted(set(FILES) - set(ORACLES)), ids=name_of)
def test_what_a_scenario_assumes_it_calls_assumed(file):
    text = file.read_text(encoding="utf-8")

    assert re.search(r"\b(assumed|observed|set)\b", text)
    assert re.search(r"docs/(sources|scenarios|it_school)\.md|six_stage\.toml", text)


@pytest.mark.parametrize("name", ["tight", "no_sql", "three_stage", "booked_meeting", "sla_48h"])
def test_the_variants_of_six_stage_share_its_market(name):
    """So the same replication has the same leads to the bit, and the variants can be compared lead by lead."""
    whole, variant = config("six_stage.toml"), config(f"{name}.toml")

    assert variant.market == whole.market
    assert variant.run.model_copy(update={"replications": whole.run.replications}) == whole.run
    assert variant.policy.lifecycle == (name if name in ("no_sql", "three_stage", "booked_meeting") else "six_stage")


def test_tight_has_two_reps_of_each_role():
    counts = {group.role: group.count for group in config("tight.toml").team.reps}

    assert counts == {"bdr": 2, "ae": 2}


def test_six_stage_has_the_offers_and_the_readiness_that_its_source_names():
    """12,000 visits a month, 3 % leads; offers .12 .08 .20 .45 .10 .05; ever ready 27 %, able 48 %, both 13 %."""
    scenario = config("six_stage.toml")
    channels = scenario.market.channels.values()
    visitors = np.array([c.visitors_per_day for c in channels])
    leads = np.array([c.visitors_per_day * c.visit_to_lead for c in channels])
    shares = np.array([[c.offers.get(offer, 0.0) for offer in scenario.market.offers] for c in channels])
    mix = dict(zip(scenario.market.offers, leads @ shares / leads.sum(), strict=True))

    assert visitors.sum() * 30.4375 == pytest.approx(12_000, rel=0.01)
    assert leads.sum() / visitors.sum() == pytest.approx(0.03)
    wanted = {"hand_raise": 0.12, "trial": 0.08, "webinar": 0.20, "content": 0.45, "event": 0.10, "referral": 0.05}
    assert mix == pytest.approx(wanted, abs=0.003)
    drawn = draw(scenario, 0)
    real = drawn.duplicate_of < 0
    able, ready = drawn.able[real], drawn.ready_from[real] < 2**62
    margin = 4 * 0.5 / np.sqrt(real.sum())  # four standard errors of a share, at most
    assert able.mean() == pytest.approx(0.48, abs=margin)
    assert ready.mean() == pytest.approx(0.27, abs=margin)
    assert (able & ready).mean() == pytest.approx(0.13, abs=margin)


def test_workload_w_has_the_load_that_its_comment_names():
    """Hours of work over hours of reps; W-base 0.87, and W-over is the same work for 6 reps in place of 8."""
    base, over, grid = (config(f"oracles/workload_w_{name}.toml") for name in ("base", "over", "grid"))

    assert base.market == over.market == grid.market
    assert base.policy == over.policy == grid.policy
    assert (base.team.reps[0].count, over.team.reps[0].count) == (8, 6)
    base = for_days(base, warmup=0, horizon=60, followup=0)
    busy = play(base, draw(base, 0)).touches
    worked = (busy.kind == Row.CALL) & (busy.start >= 0)
    load = (busy.end - busy.start)[worked].sum() / (8 * 60 * DAY)
    assert load == pytest.approx(0.87, abs=0.02)


def test_workload_w_on_the_grid_has_whole_minutes_and_many_ties():
    scenario = for_days(config("oracles/workload_w_grid.toml"), warmup=0, horizon=20, followup=0)
    leads = draw(scenario, 0)

    for moments in (leads.created, leads.call_ms, leads.close_ms, leads.event_time):
        assert not np.any(moments % MINUTE)
    assert np.unique(leads.created).size < 0.95 * leads.n
    order = np.lexsort((leads.number, leads.channel, leads.created))
    assert np.array_equal(order, np.arange(leads.n))
    ungridded = draw(for_days(config("oracles/workload_w_base.toml"), warmup=0, horizon=20, followup=0), 0)
    assert np.array_equal(ungridded.created // MINUTE * MINUTE, leads.created)


def first_leads(leads: Leads, n: int) -> Leads:
    """Return the first n leads alone, all there when the run begins; each has one event, its creation, and no sends."""
    events, sends = leads.event_start[n], leads.nurture_start[n]
    changes = {}
    for f in fields(Leads):
        value = getattr(leads, f.name)
        if f.name in ("event_start", "nurture_start"):
            changes[f.name] = value[: n + 1]
        elif f.name.startswith("event_"):
            changes[f.name] = np.zeros_like(value[:events]) if f.name == "event_time" else value[:events]
        elif f.name.startswith("nurture_"):
            changes[f.name] = value[:sends]
        elif isinstance(value, np.ndarray):
            changes[f.name] = value[..., :n]
    return replace(leads, **{**changes, "created": np.zeros(n, dtype=np.int64)})


def test_four_reps_call_1066_leads_six_times_and_have_four_calls_left():
    """4 reps x 80 calls x 20 days = 6,400 = 6 x 1,066 + 4."""
    scenario = config("oracles/capacity_1066.toml")
    drawn = draw(scenario, 0)
    assert drawn.n >= 1067

    enough = play(scenario, first_leads(drawn, 1066))
    assert np.all(enough.outcomes.touches == 6)
    assert np.all(enough.outcomes.state == State.EXHAUSTED)
    calls = (enough.touches.kind == Row.CALL) & (enough.touches.start >= 0)
    assert 6_400 - calls.sum() == 4

    offer = np.zeros(1067, dtype=np.int16)
    offer[-1] = list(scenario.market.offers).index("straggler")
    one_more = play(scenario, replace(first_leads(drawn, 1067), offer=offer))
    assert np.flatnonzero(one_more.outcomes.touches != 6).tolist() == [1066]


COURSE = {"leads": 100.0, "connects": 50.0, "discoveries": 30.0, "demos": 15.0, "customers": 5.0}


def of_the_course(scenario: Scenario, replication: int) -> dict[str, float]:
    """Return what one rep gets and makes of it in a month of 30.4375 days, of leads created in the measured window."""
    played = play(scenario, draw(scenario, replication))
    outcomes, cohort = played.outcomes, cohort_of(played.leads, scenario)
    moments = {"connects": "first_talk_at", "discoveries": "sql_at", "demos": "opportunity_at"}
    stages = {name: getattr(outcomes, column) >= 0 for name, column in moments.items()}
    played_out = a_rep_month(scenario, cohort, {**stages, "customers": outcomes.state == State.WON})
    guess = guessed(scenario, played.leads)
    return {**played_out, **{f"{name} beyond guess": played_out[name] - guess[name] for name in COURSE}}


def guess_of_the_course(scenario: Scenario, replication: int) -> dict[str, float]:
    """Return the same figures guessed from luck alone: nothing is played, so a replication costs next to nothing."""
    return guessed(scenario, draw(scenario, replication))


def guessed(scenario: Scenario, leads: Leads) -> dict[str, float]:
    """Guess what becomes of leads that are called five times, a day or more after interest, and never wait for long."""
    reached = leads.connect_until >= DAY
    first = np.argmax(reached, axis=0)
    connects = np.any(reached, axis=0)
    buyer = leads.able & (leads.ready_from <= leads.created)
    misjudged = np.take_along_axis(leads.misjudged, first[None, :], axis=0)[0]
    discoveries = connects & (buyer | misjudged)
    shows = leads.show_until >= DAY
    demos = discoveries & buyer & (shows[0] | shows[1])
    customers = demos & (leads.win_until >= 5 * DAY)
    stages = {"connects": connects, "discoveries": discoveries, "demos": demos, "customers": customers}
    return a_rep_month(scenario, cohort_of(leads, scenario), stages)


def a_rep_month(scenario: Scenario, cohort: np.ndarray, stages: dict[str, np.ndarray]) -> dict[str, float]:
    rep_months = scenario.team.reps[0].count * scenario.run.horizon_days / 30.4375
    counts = {"leads": cohort.sum(), **{name: (stage & cohort).sum() for name, stage in stages.items()}}
    return {name: float(count) / rep_months for name, count in counts.items()}


@pytest.mark.slow
def test_mid_market_gives_the_course_its_figures():
    """100 leads a rep-month, 50 connects, 30 discoveries, 15 demos, 5 customers: within 5 %, half-widths at most 1 %.

    Five customers of a hundred leads need 700,000 leads to be known to 1 %. So the guess from luck is a control
    variate: its mean comes from many replications that are only drawn, and what the engine makes beyond it from a few.
    """
    scenario = config("mid_market.toml")
    played = for_each_replication(of_the_course, scenario, replications=range(16)).values()
    drawn = for_each_replication(guess_of_the_course, scenario, replications=range(1_000, 1_240)).values()

    for name, wanted in COURSE.items():
        beyond = interval(np.array([row[f"{name} beyond guess"] for row in played]))
        guess = interval(np.array([row[name] for row in drawn]))
        assert np.hypot(beyond.half_width, guess.half_width) <= 0.01 * wanted, name
        assert abs(guess.mean + beyond.mean - wanted) <= 0.05 * wanted, name
