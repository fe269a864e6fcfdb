"""What a search's findings are told as."""

import json

import pytest

from funnelsim.config.durations import Duration
from funnelsim.report import findings
from funnelsim.report.findings import change_text, promise_text, worth_text
from funnelsim.report.findings_object import findings_object
from funnelsim.stats import Interval
from funnelsim.tuning.space import Change
from funnelsim.tuning.verdict import Effect
from tuning import toy


def change(path, before, after, unit=""):
    return change_text(Change(path, before, after, unit, ""))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (("scoring.cutoff", 40.0, 52.0, "points"), "MQL threshold 40 -> 52 points"),
        (("sla.gap", Duration(48, "h"), Duration(12, "h"), "duration"), "gap between attempts 48h -> 12h"),
        (("sla.attempts", 6, 11, "attempts"), "attempts 6 -> 11"),
        (("sla.A.attempts", 6, 11, "attempts"), "attempts, tier A 6 -> 11"),
        (("order.work", "deadline", "lifo", ""), "order of work deadline -> lifo"),
        (("self_scheduling", False, True, ""), "self-service scheduling false -> true"),
        (("headcount.bdr", 3, 4, "reps"), "bdr headcount 3 -> 4 reps"),
        (("scoring.intent_cap", 80.0, None, "points"), "scoring.intent_cap 80 -> none points"),
    ],
)
def test_a_change_is_told_in_the_words_of_the_field(told, words):
    assert change(*told) == words


def effect(measure, mean, difference, *, gain, p_value=0.001, half_width=80_000.0):
    return Effect(measure, Interval(mean, 1.0, 20), Interval(difference, half_width, 20), gain, p_value, 0.0)


def test_money_is_told_by_the_year_with_its_interval():
    today = effect("revenue", 1_200_000.0, 0.0, gain=0.0)
    found = effect("revenue", 1_410_000.0, 210_000.0, gain=210_000.0)

    words = worth_text(found, today, currency="EUR", days=365)
    half_a_year = worth_text(found, today, currency="EUR", days=182)

    assert words == "revenue +210,000 ± 80,000 EUR a year (+18 %), detectably better"
    assert half_a_year.startswith("revenue +420,000 ± 160,000 EUR a year (+18 %)")


def test_shares_are_told_in_points():
    today = effect("leads_wasted_share", 0.231, 0.0, gain=0.0)
    found = effect("leads_wasted_share", 0.190, -0.041, gain=0.041, half_width=0.012)
    lost = effect("leads_wasted_share", 0.272, 0.041, gain=-0.041, half_width=0.012)
    still = effect("leads_wasted_share", 0.226, -0.005, gain=0.005, half_width=0.012, p_value=0.4)

    def words(of):
        return worth_text(of, today, currency="EUR", days=365)

    assert words(found) == "leads wasted 23.1 % -> 19.0 % (-4.1 ± 1.2 points), detectably better"
    assert words(lost).endswith("(+4.1 ± 1.2 points), worse")
    assert words(still).endswith("(-0.5 ± 1.2 points), no detectable difference")


def test_what_cannot_be_promised_is_a_dash():
    kept = {"promise_attempts": Interval(5.6, 0.5, 20)}

    words = promise_text(kept)

    assert "6 attempts to those not reached" in words
    assert "first touch within – open hours (– h by the calendar)" in words


@pytest.fixture(scope="module")
def better(tmp_path_factory):
    """A search that finds something better than today's policy."""
    today = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}
    return toy.study(tmp_path_factory.mktemp("better"), toy.scenario(policy=today, trials=48))


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """A search where today's policy is the best there is."""
    today = {"scoring": {"cutoff": toy.BEST_CUTOFF}, "sla": {"attempts": toy.BEST_ATTEMPTS}}
    return toy.study(tmp_path_factory.mktemp("best"), toy.scenario(policy=today, trials=48))


def test_the_verdict_comes_first(better, best):
    numbers = [p.tried.number for p in better.report.better]
    assert findings.verdict_lines(better)[0].startswith("Better than today's: polic")
    assert all(str(number) in findings.verdict_lines(better)[0] for number in numbers)
    assert findings.verdict_lines(best) == [
        "No detectable improvement: keep today's policy.",
        "On fresh seeds today's policy is on the front itself: none of those estimated again dominates it.",
    ]


def test_where_nothing_is_feasible_it_says_so(tmp_path):
    constraints = [{"measure": "first_touch_attainment", "at_least": 2.0}]

    tuned = toy.study(tmp_path, toy.scenario(trials=8, constraints=constraints))

    assert findings.verdict_lines(tuned) == ["No policy found keeps every constraint, and neither does today's."]
    assert findings.knee_of(tuned) is None
    [today] = findings.overview(tuned)[1]
    assert today[-1] == "breaks a constraint"


def test_where_today_breaks_a_constraint_it_says_what_keeps_it(tmp_path):
    constraints = [{"measure": "first_touch_attainment", "at_least": 0.75}]

    tuned = toy.study(tmp_path, toy.scenario(trials=40, constraints=constraints))

    [line] = findings.verdict_lines(tuned)
    assert line.startswith("Today's policy breaks a constraint (breaks first_touch_attainment >= 0.75); policies that")


def test_the_overview_has_a_row_for_today_and_each_policy_of_the_front(better):
    headings, rows = findings.overview(better)

    assert headings[:4] == ["policy", "revenue, EUR a year", "against today", "optimism"]
    assert [row[0].split()[0] for row in rows] == ["today", *(str(p.tried.number) for p in better.report.policies)]
    assert all(len(row) == len(headings) for row in rows)
    assert rows[0][2] == ""
    assert sum("(knee)" in row[0] for row in rows) == 1


def test_every_policy_is_told_with_its_file_changes_worth_and_promises(better):
    for policy in better.report.policies:
        first, changes, worth, promise = findings.policy_lines(better, policy)
        assert f"policy_{policy.tried.number}.toml" in first
        assert "MQL threshold 25 -> " in changes
        assert worth.startswith("  is worth: revenue +")
        assert "leads wasted" in worth
        assert promise.startswith("  can promise, in 90 % of cases: first touch within")


def test_the_knee_and_the_best_in_each_objective_are_told_first(better):
    policies = better.report.policies
    told = findings.told_first(better, most=2)

    assert told[0].tried.number == findings.knee_of(better)
    best = max(policies, key=lambda p: p.effects[0].estimate.mean)
    assert best in findings.told_first(better, most=3)
    assert len(findings.told_first(better, most=100)) == len(policies)


def test_the_object_is_json_without_nan(better, best):
    for tuned in (better, best):
        found = json.loads(json.dumps(findings_object(tuned), allow_nan=False))
        assert found["summary"] == tuned.report.summary
        assert found["in_force"]["policy"] == 0
        assert [p["policy"] for p in found["front"]] == [p.tried.number for p in tuned.report.policies]
