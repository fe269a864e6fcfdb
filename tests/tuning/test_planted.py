"""Two real worlds with a known answer: in one a known policy beats today's, in the other nothing can."""

from functools import partial
from pathlib import Path

import pytest

from funnelsim import load
from funnelsim.config.paths import with_values
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import draw, play
from funnelsim.stats import paired
from funnelsim.tuning.evaluate import evaluating
from funnelsim.tuning.goals import goals_of
from funnelsim.tuning.study import Plan, tune

QUICKSTART = Path(__file__).resolve().parents[2] / "configs" / "quickstart.toml"
RUN = {"warmup_days": 30, "horizon_days": 90, "followup_days": 45}
SEARCH = {"trials": 48, "batch": 8, "replications": 3, "selection_replications": 8, "report_replications": 16}


def quickstart(**search):
    scenario = load(QUICKSTART)
    changes = {"run": scenario.run.model_copy(update=RUN), "search": scenario.search.model_copy(update=SEARCH | search)}
    return scenario.model_copy(update=changes)


def tuned_in(folder, scenario):
    plan = Plan(scenario, goals_of(scenario), folder, "0")
    return tune(plan, partial(evaluating, scenario, jobs=2))


@pytest.mark.slow
def test_a_policy_as_good_as_a_known_better_one_is_found(tmp_path):
    """Fewer leads, called more often and sooner, the freshest first: better in both objectives than today's quickstart."""
    scenario = quickstart()
    planted = with_values(
        scenario.policy,
        {"scoring.cutoff": 48.0, "sla.attempts": 8, "sla.gap": "9h", "sla.window": "34d", "order.work": "lifo", "cool_off": "9d"},
    )

    tuned = tuned_in(tmp_path, scenario)

    assert tuned.report.summary == "improvement"
    numbers = range(2_000_000, 2_000_016)
    known = [play(scenario.with_policy(planted), draw(scenario, r)).summary() for r in numbers]
    today = tuned.rows[0]

    def against(rows, base, measure):
        return paired([row[measure] for row in rows], [row[measure] for row in base])

    assert against(known, today, "revenue").low > 0  # it is better indeed
    assert against(known, today, "leads_wasted_share").high < 0
    found = [tuned.rows[p.tried.number] for p in tuned.report.better]
    # As good: not detectably worse in either objective, and not by much in the mean.
    mean = sum(row["revenue"] for row in known) / len(known)
    as_good = [
        rows
        for rows in found
        if (revenue := against(rows, known, "revenue")).high >= 0
        and revenue.mean > -0.05 * mean
        and against(rows, known, "leads_wasted_share").low <= 0.005
    ]
    assert as_good


def ample():
    """A world in which more is always better: hands enough for every lead, nobody annoyed, tired or misjudged.

    So the lowest cutoff, the most attempts, the shortest gap and cool-off are best in both objectives, and in force.
    """
    base = quickstart()
    text = base.model_dump(mode="json", exclude_unset=True)
    text["team"]["reps"][0]["count"] = 60
    text["market"]["temper"] = {"annoyed_share": 0.0, "tired_share": 0.0, "misjudged_share": 0.0, "misjudged_later_share": 0.0}
    text["policy"]["scoring"]["cutoff"] = 0.0
    text["policy"]["sla"] |= {"attempts": 10, "gap": "6h", "window": "60d"}
    text["policy"]["cool_off"] = "2d"
    text["search"]["variables"] = {
        "scoring.cutoff": {"low": 0.0, "high": 60.0},
        "sla.attempts": {"low": 1, "high": 10},
        "sla.gap": {"low": "6h", "high": "96h", "log": True},
        "cool_off": {"low": "2d", "high": "60d", "log": True},
    }
    return Scenario.model_validate_json(Scenario.model_validate(text, strict=False).model_dump_json(exclude_unset=True))


@pytest.mark.slow
def test_where_nothing_can_be_better_it_says_so(tmp_path):
    tuned = tuned_in(tmp_path, ample())

    assert tuned.report.summary == "no detectable improvement"
    assert tuned.report.in_force_on_front
    assert all(p.finding in ("same", "worse") for p in tuned.report.policies)
    # And there was something to tell apart: a policy of the search at random is far worse.
    means = [t.judgement.means for t in tuned.tried]
    assert min(revenue for revenue, _ in means) < 0.8 * means[0][0]
    assert max(wasted for _, wasted in means) > 2 * means[0][1]
