"""What a search's findings say beside the front, in words, tables and figures."""

import math
from dataclasses import replace

import numpy as np
import pytest

from funnelsim.report import findings_search
from funnelsim.report import search_figures as search_figures_module
from funnelsim.report.figures_search import Bar, hypervolume_figure, importance_figure
from funnelsim.report.figures_sheet import Imprint
from funnelsim.report.findings import told_first
from funnelsim.report.search_figures import search_figures
from funnelsim.stats import Interval
from funnelsim.tuning.trade_off import Choice, Price, Step, Worth
from tuning import toy

IMPRINT = Imprint("toy", 1, "replications 0–2", "0")
TODAY = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}


@pytest.fixture(scope="module")
def trading(tmp_path_factory):
    objectives = [{"measure": "revenue"}, {"measure": "first_touch_attainment"}]
    scenario = toy.scenario(
        policy=TODAY, objectives=objectives, trials=64, trade_off="30 per point of first_touch_attainment"
    )
    return toy.study(tmp_path_factory.mktemp("trading"), scenario)


def chosen(tuned, choice):
    """Return the study with another choice."""
    other = replace(tuned)
    other.__dict__["choice"] = choice
    return other


def test_the_table_tells_of_each_policy_how_surely_it_is_on_the_front_and_its_profit(trading):
    headings, rows = findings_search.front_table(trading)

    assert headings[:4] == ["policy", "on the front", "profit, EUR a year", "value, EUR a year"]
    assert [row[0].split()[0] for row in rows] == ["today", *(str(p.tried.number) for p in trading.report.policies)]
    today = rows[0]
    assert today[1] == "0 %"  # dominated by every better one in each replication
    profit = sum(row["profit"] for row in trading.rows[0]) / len(trading.rows[0]) * 365 / 14
    mean = float(today[2].split(" ±")[0].replace(",", ""))
    assert mean == pytest.approx(profit, abs=60)  # as shown: to hundreds
    notes = findings_search.front_notes(trading)
    assert notes[1].startswith("value: revenue plus 30 EUR for every point of first touch attainment.")


def test_a_price_names_the_policy_with_its_certainty_and_range(trading):
    price = Price("revenue", "leads_wasted", False, -1)
    worths = (
        Worth(7, Interval(1000.0, 10.0, 10), Interval(200.0, 20.0, 10), 0.79, 1.5),
        Worth(0, Interval(800.0, 10.0, 10), Interval(0.0, 0.0, 10), 0.21, 201.5),
    )
    steps = (Step(4, 0.0, 12.345), Step(7, 12.345, 500.0), Step(0, 500.0, math.inf))

    first, second = findings_search.choice_lines(chosen(trading, Choice(price, 100.0, steps, 0.4, worths)))

    # Over 14 days; a year is 365 / 14 of it.
    assert first == (
        "At 100 EUR for every wasted lead choose policy 7: best with 79 % probability, expected regret 39.1 EUR "
        "a year, +5,200 ± 500 EUR a year against today's."
    )
    assert second == "By the means it stays the choice from 12.3 up to 500 EUR per wasted lead."


def test_without_a_price_it_says_what_each_policy_takes(trading):
    price = Price("revenue", "leads_wasted", False, -1)
    steps = (Step(4, 0.0, 12.345), Step(7, 12.345, 500.0), Step(0, 500.0, math.inf))

    [line] = findings_search.choice_lines(chosen(trading, Choice(price, None, steps, 0.9, ())))
    [alone] = findings_search.choice_lines(chosen(trading, Choice(price, None, (Step(4, 0.0, math.inf),), 0.62, ())))

    assert line == (
        "What a wasted lead costs decides, by the means: up to 12.3 EUR policy 4, up to 500 EUR policy 7, beyond that "
        "today's policy. "
        '(--trade-off "500 per wasted lead" says how surely.)'
    )
    assert alone == (
        "By the means policy 4 is the choice whatever a wasted lead costs; that no price names another has a "
        "probability of 62 %."
    )
    assert findings_search.choice_lines(chosen(trading, None)) == []


@pytest.mark.parametrize(
    ("last", "said"),
    [
        (0.5, "the last 16 added 50.0 %: it was still gaining, and more policies may find better."),
        (0.99, "1.0 %: little"),
    ],
)
def test_it_says_whether_the_search_still_gained(trading, last, said):
    scenario = trading.plan.scenario
    scenario = scenario.model_copy(update={"search": scenario.search.model_copy(update={"plateau_over": 10})})
    other = replace(trading, plan=replace(trading.plan, scenario=scenario))  # 10 policies are two batches of 8
    other.__dict__["volumes"] = np.array([0.2] * 10 + [last] * 38 + [1.0] * 16)

    [line] = findings_search.history_lines(other)

    assert said in line
    assert line.startswith(f"The search had 95 % of its hypervolume after {11 if last > 0.95 else 49} of 64 policies")


def test_the_table_of_importance_names_every_variable(trading):
    headings, rows = findings_search.importance_table(trading)

    assert headings == ["what matters for", "revenue", "first touch attainment"]
    assert {row[0] for row in rows} == {"MQL threshold", "attempts", "gap between attempts"}
    assert rows[0][0] == "attempts"  # alone decides the attainment


def test_every_figure_is_made_and_none_without_something_to_draw(trading, tmp_path):
    names = {"front.png", "hypervolume.png", "importance.png"}
    assert set(search_figures(trading)) == names
    nothing = toy.study(
        tmp_path, toy.scenario(trials=8, constraints=[{"measure": "first_touch_attainment", "at_least": 1.0}])
    )
    assert set(search_figures(nothing)) == {"front.png"}


def test_who_is_behind_by_the_mean_is_pale_unless_chosen_or_the_knee(trading):
    """With the means of one policy made worse than all others' in both objectives."""
    report = trading.report
    worst = report.policies[-1]
    poor = tuple(replace(e, estimate=Interval(-1e9, 1.0, 10)) for e in worst.effects)
    other = replace(trading, report=replace(report, policies=(*report.policies[:-1], replace(worst, effects=poor))))
    number = worst.tried.number
    other.__dict__.update(knee=None, choice=None)

    assert number in search_figures_module._behind(other)
    other.__dict__["knee"] = number
    assert number not in search_figures_module._behind(other)


def test_of_those_told_of_the_most_surely_on_the_front_come_after_the_named(trading):
    told = [p.tried.number for p in told_first(trading, most=99)]
    named = {trading.choice.chosen, trading.knee}
    better = {p.tried.number for p in trading.report.better}
    rest = [n for n in told[4:] if n in better]

    assert set(told) == {p.tried.number for p in trading.report.policies}
    assert named - {0} <= set(told[:2])
    assert [trading.probabilities[n] for n in rest] == sorted((trading.probabilities[n] for n in rest), reverse=True)


def test_the_hypervolume_is_drawn_with_what_the_plateau_looks_at():
    volumes = np.linspace(0.1, 1.0, 40)
    figure = hypervolume_figure(
        volumes, nearly=(0.95, 38), looked_back=16, stopped=True, allowed=200, words="", imprint=IMPRINT
    )

    assert figure.texts[0].get_text() == (
        "95 % of the hypervolume after 38 policies; stopped at its plateau after 40 of 200 policies"
    )
    axes = figure.axes[0]
    steps = next(line for line in axes.lines if len(line.get_xdata()) == 40)
    assert steps.get_ydata() == pytest.approx(volumes)
    assert {text.get_text() for text in axes.texts} == {"the last 16", "38 policies"}


def test_bars_and_intervals_are_those_given():
    own = [Bar("attempts", 0.7, 0.5, 0.8), Bar("gap", 0.3, 0.1, 0.5)]
    figure = importance_figure({"revenue": own, "leads wasted": own}, words="", imprint=IMPRINT)

    assert figure.texts[0].get_text() == "What matters most for revenue and leads wasted: attempts"
    for axes in figure.axes:
        assert [bar.get_width() for bar in axes.patches] == [0.7, 0.3]
        ends = [tuple(line.get_xdata()) for line in axes.lines if len(line.get_xdata()) == 2]
        assert ends == [(0.5, 0.8), (0.1, 0.5)]


def test_the_policy_chosen_is_told_first_and_said_to_be(trading):
    from funnelsim.report import findings

    chosen_one = trading.choice.chosen
    [first] = findings.told_first(trading, most=1)
    other = next(p for p in trading.report.policies if p.tried.number != chosen_one)

    assert first.tried.number == chosen_one != 0
    assert "the choice at that price" in findings.policy_lines(trading, first)[0]
    assert "the choice at that price" not in findings.policy_lines(trading, other)[0]
