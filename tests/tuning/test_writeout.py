import csv
import hashlib
import json
import math

import pytest

from funnelsim import load
from funnelsim.config.dump import dump_toml
from funnelsim.stats import interval, paired
from funnelsim.tuning.writeout import write_results

from . import toy


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    variables = {
        "scoring.cutoff": {"low": 20.0, "high": 80.0},
        "sla.attempts": {"low": 2, "high": 12},
        "sla.A.gap": {"low": "6h", "high": "72h", "log": True},
        "order.work": {"choices": ["deadline", "lifo"]},
    }
    return toy.study(tmp_path_factory.mktemp("study"), toy.scenario(variables=variables))


def table(tuned, name):
    with (tuned.plan.folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_front_is_told_from_the_reports_replications_alone(tuned):
    found = table(tuned, "front.csv")

    assert [int(row["policy"]) for row in found] == [0, *(p.tried.number for p in tuned.report.policies)]
    assert [row["status"] for row in found] == ["in force"] + ["front"] * (len(found) - 1)
    numbers = range(2_000_000, 2_000_010)
    own = {}
    for row, policy in zip(found, (tuned.report.in_force, *tuned.report.policies), strict=True):
        candidate = policy.tried.candidate
        measured = [toy.measured(toy.Job(candidate.digest, candidate.document, r)) for r in numbers]
        own[policy.tried.number] = [m["revenue"] for m in measured]
        expected = interval(own[policy.tried.number])
        assert float(row["revenue"]) == pytest.approx(expected.mean, rel=1e-12)
        assert float(row["revenue_half_width"]) == pytest.approx(expected.half_width, rel=1e-9)
        if policy.tried.number:
            difference = paired(own[policy.tried.number], own[0])
            assert float(row["revenue_difference"]) == pytest.approx(difference.mean, rel=1e-9)
            assert float(row["revenue_difference_half_width"]) == pytest.approx(difference.half_width, rel=1e-9)
            searched = policy.tried.judgement.means[0]
            assert float(row["revenue_optimism"]) == pytest.approx((searched - expected.mean) / expected.mean, rel=1e-6)
            assert row["finding"] == policy.finding
        else:
            assert row["revenue_difference"] == row["finding"] == ""


def test_every_policy_tried_is_told_with_its_fate(tuned):
    found = table(tuned, "trials.csv")

    assert [int(row["policy"]) for row in found] == list(range(40))
    assert found[0]["scoring.cutoff"] == "40"
    assert found[0]["sla.A.gap"] == "48h"  # the common term, which tier A takes over
    assert found[0]["order.work"] == "deadline"
    fates = {int(row["policy"]): row["selection"] for row in found if row["selection"]}
    assert set(fates) == {s.tried.number for s in tuned.selected}
    assert {n for n, fate in fates.items() if fate == "kept"} == {s.tried.number for s in tuned.selected if s.kept}
    for row, tried in zip(found, tuned.tried, strict=True):
        assert float(row["revenue"]) == tried.judgement.means[0]


def test_each_policy_of_the_front_is_a_scenario_ready_to_run(tuned):
    """What is loaded from the file is the policy that was searched, to the bit of every evaluation."""
    assert tuned.report.policies
    for policy in tuned.report.policies:
        number = policy.tried.number
        scenario = load(tuned.plan.folder / f"policy_{number}.toml")

        rerun = scenario.model_copy(update={"search": tuned.plan.scenario.search})
        assert scenario.name == f"toy-policy-{number}"
        assert rerun.market == tuned.plan.scenario.market
        candidate = tuned.space.candidate(policy.tried.params)
        assert scenario.policy.scoring.cutoff == float(table(tuned, "trials.csv")[number]["scoring.cutoff"])
        from funnelsim.tuning.space import PolicySpace

        assert PolicySpace(scenario).in_force.digest == candidate.digest


def test_its_first_lines_say_what_it_changes(tuned):
    policy = tuned.report.policies[0]
    text = (tuned.plan.folder / f"policy_{policy.tried.number}.toml").read_text()

    changes = [line for line in text.splitlines() if line.startswith("#   policy.")]
    assert len(changes) == len(tuned.space.changes(policy.tried.candidate))
    assert any(line.startswith("#   policy.scoring.cutoff: 40 -> ") for line in changes)


def test_the_configuration_is_kept_and_can_be_searched_again(tuned):
    scenario = load(tuned.plan.folder / "scenario.toml")

    assert dump_toml(scenario) == dump_toml(tuned.plan.scenario)


def test_provenance_names_seeds_versions_and_files(tuned):
    provenance = json.loads((tuned.plan.folder / "provenance.json").read_text())

    assert provenance["replications"] == {"search": [0, 3], "selection": [1_000_000, 6], "report": [2_000_000, 10]}
    assert (provenance["seed"], provenance["sampler_seed"], provenance["trials"]) == (1, 3, 40)
    assert {"funnelsim", "optuna", "numpy"} <= set(provenance["versions"])
    for name, digest in provenance["files"].items():
        assert hashlib.sha256((tuned.plan.folder / name).read_bytes()).hexdigest() == digest
    assert {"front.csv", "trials.csv", "scenario.toml"} <= set(provenance["files"])


def test_what_breaks_a_rule_is_told_with_the_values_it_would_have_had(tmp_path):
    variables = {"scoring.tier_a_above": {"low": 0.0, "high": 30.0}, "scoring.tier_b_above": {"low": 0.0, "high": 30.0}}
    tuned = toy.study(tmp_path, toy.unchecked(toy.scenario(), variables=variables, trials=12))

    broken = [row for row in table(tuned, "trials.csv") if row["status"] == "invalid"]
    assert broken
    for row in broken:
        assert "tier_b_above" in row["reason"]
        assert float(row["scoring.tier_b_above"]) > float(row["scoring.tier_a_above"])
        assert row["revenue"] == row["leads_wasted_share"] == ""


def test_provenance_is_written_last_so_that_with_it_the_rest_is_whole(tmp_path, monkeypatch):
    from funnelsim.tuning import writeout

    tuned, written = toy.study(tmp_path, toy.scenario(trials=8)), []
    monkeypatch.setattr(writeout, "write_whole", lambda path, content: written.append(path.name))
    files = write_results(tuned, more={"front.png": b"x"}, started=toy.EPOCH, finished=toy.EPOCH)

    assert written[-1] == "provenance.json"
    assert sorted(written) == sorted(files)
    assert "front.png" in files


def test_promises_are_means_over_the_report(tmp_path):
    from funnelsim.tuning.evaluations import evaluated_by

    def promising(job):
        late = math.nan if job.replication % 2 else 4.0 + job.replication % 10
        return {**toy.measured(job), "promise_first_touch_hours": late, "promise_attempts": 5.0}

    tuned = toy.study(tmp_path, toy.scenario(trials=16), evaluated_by(promising))

    for row in table(tuned, "front.csv"):
        assert float(row["promise_first_touch_hours"]) == 8.0  # 4, 6, 8, 10 and 12 where it is defined
        assert (float(row["promise_attempts"]), float(row["promise_attempts_half_width"])) == (5.0, 0.0)
