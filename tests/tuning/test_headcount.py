"""Headcount as a variable: a rep more is paid, and the search stops hiring where another no longer earns its pay."""

import json

import numpy as np
import pytest

from funnelsim.config.paths import with_values
from funnelsim.engines.choice import choose
from funnelsim.lab.play import draw, play

from . import test_planted

HEADCOUNTS = range(1, 8)


def world():
    """The planted world with ten times the leads, all handed over: too many for one rep, few enough for seven."""
    scenario = test_planted.world(scoring={"cutoff": -30.0})
    document = scenario.model_dump(mode="json")
    document["market"]["channels"]["web"]["visitors_per_day"] = 600.0
    document["search"] = {
        "variables": {"headcount.bdr": {"low": 1, "high": 7}},
        "objectives": [{"measure": "profit"}, {"measure": "leads_wasted_share"}],
        "trials": 24,
        "replications": 2,
        "selection_replications": 3,
        "report_replications": 5,
    }
    return type(scenario).model_validate_json(json.dumps(document))


def profits(scenario, measures=("profit",)):
    """Return measures by headcount, the mean over the report's replications."""
    engine, replications = choose(), range(2_000_000, 2_000_005)
    policies = [with_values(scenario.policy, {"headcount.bdr": n}) for n in HEADCOUNTS]
    leads = [draw(scenario, r) for r in replications]
    rows = [[play(scenario.with_policy(p), one, engine=engine).summary() for one in leads] for p in policies]
    return {name: np.array([[row[name] for row in of_one] for of_one in rows]).mean(axis=1) for name in measures}


def test_one_rep_more_costs_the_pay_of_the_open_hours_and_no_more():
    """21 days from a Monday are three weeks of 40 hours at 40 an hour, and overtime is paid alike: 4,800 a rep."""
    found = profits(world(), ("profit", "revenue", "rep_cost", "overtime_hours"))

    pay = np.diff(found["rep_cost"]) - 40.0 * np.diff(found["overtime_hours"])
    assert pay == pytest.approx(3 * 40 * 40.0)
    assert np.diff(found["profit"]) == pytest.approx(0.8 * np.diff(found["revenue"]) - np.diff(found["rep_cost"]))


def test_the_search_hires_as_many_as_earn_their_pay(tmp_path):
    scenario = world()
    profit = profits(scenario)["profit"]
    best = HEADCOUNTS[int(profit.argmax())]
    assert 1 < best < 7  # one is too few, seven are too many

    tuned = test_planted.tuned_in(tmp_path, scenario)

    reported = {0: 6} | {p.tried.number: p.tried.params["headcount.bdr"] for p in tuned.report.policies}
    earned = {n: np.mean([row["profit"] for row in tuned.rows[number]]) for number, n in reported.items()}
    assert max(earned, key=earned.get) == best
    assert earned[best] == pytest.approx(profit.max())
    assert all(isinstance(t.params["headcount.bdr"], int) for t in tuned.tried)
