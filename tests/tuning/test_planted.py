"""A world whose best policy is known beyond doubt: whoever is handed over is won, so handing over all is best.

Every lead can buy, is ready on arrival and for good, answers the first call, keeps its meetings and says yes; reps are
more than enough. Under a cutoff that everybody passes, revenue is the value of all leads and nobody is wasted, and more
than all or less than nobody there is not.
"""

import datetime as dt
from functools import partial

import pytest

from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.tuning.evaluate import evaluating
from funnelsim.tuning.goals import goals_of
from funnelsim.tuning.study import Plan, tune

REPORT = range(2_000_000, 2_000_010)


def world(**policy):
    return Scenario.model_validate(
        {
            "name": "planted",
            "market": {
                "channels": {"web": {"visitors_per_day": 60.0, "visit_to_lead": 0.05, "offers": {"demo": 1.0}}},
                "offers": {"demo": {"ready_at_arrival": 1.0, "ready_later": 0.0}},
                "fit": {"able_share": 1.0, "able_per_sd": 0.0},
                "journey": {"window": {"form": "fixed", "mean": "365d"}},
                "reach": {"form": "exponential", "p0": 1.0, "tau": "100000d"},
                "temper": {
                    "annoyed_share": 0.0,
                    "tired_share": 0.0,
                    "misjudged_share": 0.0,
                    "misjudged_later_share": 0.0,
                },
                "deal": {
                    "win_at_once": 1.0,
                    "win_tau": None,
                    "meetings": [1.0],
                    "patience": None,
                    "no_show_share": 0.0,
                    "show_tau": None,
                },
                "duplicate_share": 0.0,
            },
            "team": {"reps": [{"role": "bdr", "count": 6}, {"role": "ae", "count": 6}]},
            "policy": policy,
            "run": {
                "start": dt.date(2025, 1, 6),
                "warmup_days": 7,
                "horizon_days": 21,
                "followup_days": 28,
                "standard": {"days": 7.0},
            },
            "search": {
                "variables": {
                    "scoring.cutoff": {"low": -30.0, "high": 60.0},
                    "sla.attempts": {"low": 1, "high": 8},
                    "sla.earliest_touch": {"low": "0h", "high": "20d"},
                    "order.work": {"choices": ["deadline", "lifo", "score"]},
                },
                "trials": 40,
                "batch": 8,
                "replications": 2,
                "selection_replications": 5,
                "report_replications": len(REPORT),
            },
        }
    )


def tuned_in(folder, scenario):
    return tune(Plan(scenario, goals_of(scenario), folder, "0"), partial(evaluating, scenario, jobs=1))


def everything(scenario):
    """Return the value of all leads of the measured window in each replication of the report."""
    from funnelsim.calendar import Clock

    clock, values = Clock.of(scenario.run), []
    for r in REPORT:
        leads = draw(scenario, r)
        measured = (leads.created >= clock.measured_from) & (leads.created < clock.measured_until)
        values.append(float(leads.value[measured].sum()))
    return values


def test_the_planted_policy_wins_everything_and_wastes_nobody():
    scenario = world(scoring={"cutoff": -30.0})

    for r, value in zip(REPORT, everything(scenario), strict=True):
        summary = play(scenario, draw(scenario, r)).summary()
        assert summary["revenue"] == pytest.approx(value, rel=1e-12)
        assert summary["leads_wasted_share"] == 0.0


def test_a_policy_as_good_as_the_planted_one_is_found(tmp_path):
    scenario = world(scoring={"cutoff": 35.0}, sla={"earliest_touch": "10d"})

    tuned = tuned_in(tmp_path, scenario)

    assert tuned.report.summary == "improvement"
    assert not tuned.report.in_force_on_front
    found = {p.tried.number: tuned.rows[p.tried.number] for p in tuned.report.better}
    all_there_is = everything(scenario)
    as_good = [
        number
        for number, rows in found.items()
        if [row["revenue"] for row in rows] == pytest.approx(all_there_is, rel=1e-12)
        and all(row["leads_wasted_share"] == 0.0 for row in rows)
    ]
    assert as_good
    # What else was kept is so near that few replications cannot tell, and is said to be less surely on the front.
    whole = sum(all_there_is) / len(all_there_is)
    assert all(p.effects[0].estimate.mean > 0.99 * whole for p in tuned.report.policies)
    assert max(tuned.probabilities, key=tuned.probabilities.__getitem__) in as_good
    assert tuned.probabilities[0] == 0.0


def test_where_the_planted_policy_is_in_force_it_says_so(tmp_path):
    tuned = tuned_in(tmp_path, world(scoring={"cutoff": -30.0}))

    assert tuned.report.summary == "no detectable improvement"
    assert tuned.report.in_force_on_front
    assert all(p.finding == "same" for p in tuned.report.policies)
    # There was something to tell apart.
    assert min(t.judgement.means[0] for t in tuned.tried) < 0.7 * tuned.tried[0].judgement.means[0]
    assert max(t.judgement.means[1] for t in tuned.tried) > 0.2
