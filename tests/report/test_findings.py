"""What a search's findings are told as."""

import json
from dataclasses import replace

import pytest

from funnelsim.config.durations import Duration
from funnelsim.report import findings
from funnelsim.report.findings import change_text, promise_text, worth_text
from funnelsim.report.findings_object import findings_object
from funnelsim.report.findings_verdict import method_line, notes, verdict_lines
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

    assert "5.6 ± 0.5 attempts to those not reached" in words
    assert "h apart (– h in 9 of 10 cases)" in words
    assert "first touch within – open hours (– h by the calendar)" in words


@pytest.fixture(scope="module")
def better(tmp_path_factory):
    """A search that finds something better than today's policy."""
    today = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}
    return toy.study(tmp_path_factory.mktemp("better"), toy.scenario(policy=today, trials=48))


@pytest.fixture(scope="module")
def trading(tmp_path_factory):
    """A search where revenue costs attainment, which falls with the attempts."""
    today = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}
    objectives = [{"measure": "revenue"}, {"measure": "first_touch_attainment"}]
    scenario = toy.scenario(policy=today, trials=40, objectives=objectives)
    return toy.study(tmp_path_factory.mktemp("trading"), scenario)


@pytest.fixture(scope="module")
def best(tmp_path_factory):
    """A search where today's policy is the best there is."""
    today = {"scoring": {"cutoff": toy.BEST_CUTOFF}, "sla": {"attempts": toy.BEST_ATTEMPTS}}
    return toy.study(tmp_path_factory.mktemp("best"), toy.scenario(policy=today, trials=48))


def test_the_verdict_comes_first(better, best):
    numbers = [p.tried.number for p in better.report.better]
    first = verdict_lines(better)[0]
    assert first.startswith("Better than today's in an objective, and with no loss detected in another: polic")
    assert all(str(number) in verdict_lines(better)[0] for number in numbers)
    assert verdict_lines(best) == [
        "No detectable improvement: keep today's policy.",
        "Today's policy may be on the front itself: no other dominates it beyond doubt (it is on the front with 100 % "
        "probability).",
    ]


def test_where_nothing_is_feasible_it_says_so(tmp_path):
    constraints = [{"measure": "first_touch_attainment", "at_least": 1.0}]

    tuned = toy.study(tmp_path, toy.scenario(trials=8, constraints=constraints))

    today = sum(row["first_touch_attainment"] for row in tuned.rows[0]) / len(tuned.rows[0])
    assert verdict_lines(tuned) == [
        "No policy found keeps every constraint, and neither does today's: "
        f"first_touch_attainment >= 1 (today {today:.3f})."
    ]
    assert tuned.knee is None
    [today] = findings.overview(tuned)[1]
    assert today[-1] == "fails a constraint"


def at_its_best():
    return {"scoring": {"cutoff": toy.BEST_CUTOFF}, "sla": {"attempts": toy.BEST_ATTEMPTS}}


@pytest.mark.parametrize(("trials", "enough"), [(19, False), (20, True)])
def test_few_policies_tried_are_no_reason_to_keep_todays(tmp_path, trials, enough):
    tuned = toy.study(tmp_path, toy.scenario(policy=at_its_best(), trials=trials))

    too_few = f"Only {trials} policies were tried: too few to conclude that nothing better exists."
    assert verdict_lines(tuned)[0] == ("No detectable improvement: keep today's policy." if enough else too_few)


def test_many_variables_take_more_policies(tmp_path):
    variables = {f"scoring.activity_points.{a}": {"low": 0.0, "high": 9.0} for a in ("visit", "click", "content")}
    variables |= {f"sla.{tier}.{term}": {"low": "1d", "high": "9d"} for tier in "ABC" for term in ("gap", "window")}
    variables["scoring.cutoff"] = {"low": 51.0, "high": 53.0}

    tuned = toy.study(tmp_path, toy.scenario(policy=at_its_best(), variables=variables, trials=21))

    assert verdict_lines(tuned)[0].startswith("Only 21 policies were tried: too few")  # ten variables: 22 or more


def test_with_a_single_policy_nothing_was_searched(tmp_path):
    tuned = toy.study(tmp_path, toy.scenario(trials=1))

    assert verdict_lines(tuned) == ["Nothing was searched: only today's policy was tried."]
    assert method_line(tuned).startswith("1 policy tried on 3 common replications")
    assert tuned.knee is None
    [today] = findings.overview(tuned)[1]
    assert today[0] == "today"
    assert not any("optimism" in line for line in notes(tuned))


def test_a_single_infeasible_policy_says_so(tmp_path):
    constraints = [{"measure": "first_touch_attainment", "at_least": 1.0}]

    tuned = toy.study(tmp_path, toy.scenario(trials=1, constraints=constraints))

    [line] = verdict_lines(tuned)
    assert line.endswith("was tried. It breaks first_touch_attainment >= 1.")


def test_what_the_table_rests_on_is_told_under_it(better):
    assert notes(better) == [
        "optimism: by how much the search's own few replications flattered a policy.",
        "Money a year is that of the 14 days measured times 26.1 (365 / 14); no season is added.",
    ]


def test_a_whole_year_is_not_stretched(better):
    run = better.plan.scenario.run.model_copy(update={"horizon_days": 365})
    scenario = better.plan.scenario.model_copy(update={"run": run})

    assert not any("season" in line for line in notes(replace(better, plan=replace(better.plan, scenario=scenario))))


def test_where_today_breaks_a_constraint_it_says_what_keeps_it(tmp_path):
    constraints = [{"measure": "first_touch_attainment", "at_least": 0.75}]

    tuned = toy.study(tmp_path, toy.scenario(trials=40, constraints=constraints))

    [line] = verdict_lines(tuned)
    assert line.startswith("Today's policy fails a constraint (breaks first_touch_attainment >= 0.75); policies that")


def test_the_overview_has_a_row_for_today_and_each_policy_of_the_front(better):
    headings, rows = findings.overview(better)

    assert headings[:4] == ["policy", "revenue, EUR a year", "against today", "optimism"]
    assert [row[0].split()[0] for row in rows] == ["today", *(str(p.tried.number) for p in better.report.policies)]
    assert all(len(row) == len(headings) for row in rows)
    assert rows[0][2:4] == ["", ""]  # today's policy was not selected: no optimism
    assert all(row[3].endswith(" %") for row in rows[1:])


def test_the_knee_is_marked_where_there_is_more_than_one_policy_to_choose_from(trading, better):
    assert len(trading.report.policies) > 1
    marked = [row[0] for row in findings.overview(trading)[1] if "(knee)" in row[0]]
    assert marked == [f"{trading.knee} (knee)"]
    # A front of one has none.
    assert (len(better.report.policies), better.report.in_force_on_front) == (1, False)
    assert better.knee is None
    [alone] = better.report.policies
    told = [*(row[0] for row in findings.overview(better)[1]), *findings.policy_lines(better, alone)]
    assert not any("knee" in words for words in told)


def test_every_policy_is_told_with_its_file_changes_worth_and_promises(better):
    for policy in better.report.policies:
        first, changes, worth, promise = findings.policy_lines(better, policy)
        assert f"policy_{policy.tried.number}.toml" in first
        assert "MQL threshold 25 -> " in changes
        assert worth.startswith("  is worth: revenue +")
        assert "leads wasted" in worth
        assert promise.startswith("  can promise, in 90 % of cases: first touch within")


def test_the_knee_and_the_best_in_each_objective_are_told_first(trading):
    policies = trading.report.policies
    told = findings.told_first(trading, most=2)

    assert told[0].tried.number == trading.knee
    best = max(policies, key=lambda p: p.effects[0].estimate.mean)
    assert best in findings.told_first(trading, most=3)
    assert len(findings.told_first(trading, most=100)) == len(policies)


def test_the_object_is_json_without_nan(better, best):
    for tuned in (better, best):
        found = json.loads(json.dumps(findings_object(tuned), allow_nan=False))
        assert found["summary"] == tuned.report.summary
        assert found["in_force"]["policy"] == 0
        assert [p["policy"] for p in found["front"]] == [p.tried.number for p in tuned.report.policies]
