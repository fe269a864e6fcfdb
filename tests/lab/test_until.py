"""Replications until a precision is reached: enough and not many more, a cap, and the daily series of a warm-up."""

from __future__ import annotations

import numpy as np
import pytest

from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.lab.until import PILOT, daily_series, replicate_until, warmup_check, weekly_measures
from funnelsim.sequential import enough
from lab.small import small

VALUES = np.random.default_rng(1).normal([100.0, 50.0], [15.0, 1.0], (2_000, 2))


def play_some(numbers):
    """Return what a scenario of two measures would answer."""
    return {r: {"a": VALUES[r, 0], "b": VALUES[r, 1]} for r in numbers}


def test_it_goes_on_until_both_are_known_and_not_far_beyond():
    told = []
    found = replicate_until(
        play_some, measures=["a", "b"], precision=0.05, at_most=1_000, forecast_told=lambda *words: told.append(words)
    )

    assert found.enough_at == enough(VALUES[: len(found.rows)], precision=0.05)
    assert found.complete
    assert max(found.widths.values()) <= 0.05
    # (2 x 15 / 100 / .05)^2 = 36 and the look-ahead; a first forecast from ten replications may be half as much again.
    assert 36 <= len(found.rows) <= 90
    assert list(found.rows) == list(range(len(found.rows)))
    assert told[0][1] == PILOT


def test_the_cap_is_kept_and_what_would_do_is_told():
    found = replicate_until(play_some, measures=["a"], precision=0.01, at_most=50)

    assert len(found.rows) == 50
    assert found.enough_at is None
    # (1.96 x .15 / .01)^2 = 864, within a quarter as 50 replications know the spread.
    assert found.wanted == pytest.approx(864 + 43, rel=0.45)
    assert found.widths["a"] > 0.01


def test_an_interrupt_keeps_what_is_finished():
    found = replicate_until(lambda numbers: play_some(list(numbers)[:4]), measures=["a"], precision=0.01, at_most=50)

    assert not found.complete
    assert len(found.rows) == 4
    assert found.enough_at is None


def test_a_measure_that_is_never_defined_ends_at_the_cap():
    found = replicate_until(
        lambda numbers: {r: {"a": float("nan")} for r in numbers}, measures=["a"], precision=0.1, at_most=30
    )

    assert (len(found.rows), found.enough_at, found.wanted) == (30, None, None)


def test_the_days_add_up_to_the_measures():
    played = play(small(), draw(small(), 0), engine="reference")
    run, summary = small().run, played.summary()
    measured = slice(run.warmup_days, run.warmup_days + run.horizon_days)
    series = daily_series(played)

    assert all(days.size == run.days for days in series.values())
    assert series["deals closed", "deals a day"][measured].sum() == summary["deals_calendar"]
    (revenue,) = (days for (name, _), days in series.items() if name == "revenue closed")
    assert revenue[measured].sum() == pytest.approx(summary["revenue_calendar"])
    assert series["work (sales)", "hours a day"][measured].sum() == pytest.approx(summary["rep_hours"])
    assert series["waiting (sales)", "tasks"].max() > 0


def test_a_check_averages_its_replications_and_a_short_run_has_none():
    found = warmup_check(small(), replications=2, engine="reference")
    both = [daily_series(play(small(), draw(small(), r), engine="reference")) for r in range(2)]

    mqls = next(s for s in found if s.name == "MQLs")
    assert mqls.days.tolist() == np.mean([b["MQLs", "leads a day"] for b in both], axis=0).tolist()
    assert mqls.settled.cut % 7 == 0
    assert warmup_check(small(warmup_days=0, horizon_days=20, followup_days=7)) == ()


def test_the_weeks_of_a_measure_add_up_to_it():
    """Leads of two weeks of warm-up and six measured ones, each followed to the end of the run."""
    scenario = small(warmup_days=14, horizon_days=42)
    played = play(scenario, draw(scenario, 0), engine="reference")
    names = ["leads", "deals", "revenue", "deals_calendar", "rep_hours", "leads_wasted"]

    weeks, whole = weekly_measures(played, names), played.summary(names)

    for name in names:
        assert weeks[name].shape == (8,)
        assert weeks[name][2:].sum() == pytest.approx(whole[name])
    assert weeks["leads"][:2].sum() > 0
    assert weekly_measures(played, []) == {}


def pipeline() -> Scenario:
    """Return a world whose deals close 45 days or so after the first meeting."""
    tables = small(warmup_days=14, horizon_days=182, followup_days=90).model_dump(mode="json", exclude_unset=True)
    deal = {
        "win_at_once": 0.9,
        "meetings": [0.0, 1.0, 0.0],
        "buyer_pace": {"form": "lognormal", "median": "45d", "sigma": 0.1},
        "patience": {"form": "lognormal", "median": "120d", "sigma": 0.1},
    }
    tables["market"]["deal"] = tables["market"].get("deal", {}) | deal
    return Scenario.model_validate(tables)


@pytest.mark.slow
def test_what_is_asked_about_decides_how_long_a_warm_up_must_be():
    """Nothing closes in the first six weeks: `deals_calendar` settles after them. `deals`, those of the leads of a
    week, need no pipeline, and no more do `leads`; a month is no week, so what promises are made of stands for it.
    """
    names = ["deals_calendar", "deals", "leads", "promise_monthly_leads"]
    found = {one.name: one for one in warmup_check(pipeline(), measures=names, replications=8)}

    assert list(found)[:3] == names[:3]
    late = found["deals_calendar"]
    assert 42 <= late.settled.cut <= 77
    assert late.early is not None
    assert late.early.high < 0
    assert late.p_value < 0.01
    for steady in ("deals", "leads"):
        early = found[steady].settled.cut <= 14
        assert early or found[steady].p_value > 0.05
    assert {name for name, one in found.items() if one.asked} == {
        *names[:3], "MQLs", *(name for name in found if name.startswith(("waiting", "work")))
    }  # fmt: skip
    assert not found["deals closed"].asked


def test_without_measures_the_check_is_about_all_daily_series():
    found = warmup_check(small(), replications=1, engine="reference")

    assert all(one.asked for one in found)
    assert {one.name for one in found} >= {"MQLs", "SQLs", "deals closed", "revenue closed"}
