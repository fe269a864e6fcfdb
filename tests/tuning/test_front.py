"""How surely a policy is on the front, and what a trade-off chooses, against cases worked out by hand."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats as scipy_stats

from funnelsim.config.search import Constraint
from funnelsim.errors import InputError
from funnelsim.stats import paired
from funnelsim.tuning.front import probability_on_front
from funnelsim.tuning.goals import Goal, Goals, goals_of
from funnelsim.tuning.trade_off import Price, choose, ladder, price_of, probability_alone

from . import toy

BOTH = (Goal("revenue", "maximize"), Goal("leads_wasted_share", "minimize"))


def rows(revenue, wasted):
    return [{"revenue": r, "leads_wasted_share": w} for r, w in zip(revenue, wasted, strict=True)]


def test_what_is_better_in_every_replication_is_surely_on_the_front_and_the_other_is_not():
    found = probability_on_front({0: rows([1, 5, 2], [0.3] * 3), 4: rows([2, 6, 3], [0.2] * 3)}, Goals(BOTH))

    assert found == {0: 0.0, 4: 1.0}


def test_two_that_trade_are_both_surely_on_it():
    found = probability_on_front({0: rows([1, 5], [0.1] * 2), 4: rows([2, 6], [0.2] * 2)}, Goals(BOTH))

    assert found == {0: 1.0, 4: 1.0}


@pytest.mark.parametrize("n", [3, 8, 20])
def test_of_two_the_probability_is_that_of_the_paired_t_test(n):
    difference = np.random.default_rng(n).normal(0.3, 1.0, n)
    better = scipy_stats.t.cdf(difference.mean() / (difference.std(ddof=1) / math.sqrt(n)), n - 1)

    found = probability_on_front(
        {0: rows([0.0] * n, [0.1] * n), 1: rows(difference.tolist(), [0.1] * n)}, Goals(BOTH), draws=20_000
    )

    assert found[1] == pytest.approx(better, abs=0.015)  # 4 standard errors of 20,000 draws
    assert found[0] + found[1] == pytest.approx(1.0)


def test_who_breaks_a_constraint_is_not_on_it_and_dominates_nobody():
    """Policy 2 keeps its bound by half a standard error of .1 in its two replications: t(1) = 0.5, 64.8 %."""
    kept = Goals(BOTH, (Constraint(measure="leads_wasted_share", at_most=0.25),))
    found = probability_on_front(
        {0: rows([1, 5], [0.2] * 2), 1: rows([9, 9], [0.3] * 2), 2: rows([9, 9], [0.1, 0.3])}, kept, draws=20_000
    )

    assert found[1] == 0.0
    within = float(scipy_stats.t.cdf(0.5, 1))
    assert found[2] == pytest.approx(within, abs=0.015)
    # Where policy 2 keeps it and wastes less than 0.2, it dominates policy 0, whose revenue is less.
    less = float(scipy_stats.t.cdf(0.0, 1))
    assert found[0] == pytest.approx(1 - less, abs=0.2)
    assert found[0] > 1 - within


def test_a_chance_constraint_is_drawn_by_its_share():
    """All of the replications keep it: no doubt. Half of them, and nine tenths are wanted: hardly ever."""
    kept = Goals(BOTH, (Constraint(measure="leads_wasted_share", at_most=0.25, probability=0.9),))
    found = probability_on_front(
        {0: rows([1.0] * 10, [0.2] * 10), 1: rows([9.0] * 10, [0.2, 0.3] * 5)}, kept, draws=4_000
    )

    assert found[0] == pytest.approx(1.0, abs=0.03)
    assert found[1] < 0.05


def test_what_is_known_besides_is_an_objective_too():
    goals = Goals((Goal("revenue", "maximize"),))
    both = {0: rows([1, 5], [0.1] * 2), 1: rows([2, 6], [0.1] * 2)}

    assert probability_on_front(both, goals) == {0: 0.0, 1: 1.0}
    assert probability_on_front(both, goals, besides={0: (0.1,), 1: (0.2,)}) == {0: 1.0, 1: 1.0}
    assert probability_on_front({}, goals) == {}


def test_what_is_not_defined_is_not_on_it():
    found = probability_on_front({0: rows([1, 5], [0.1] * 2), 3: rows([9, math.nan], [0.0] * 2)}, Goals(BOTH))

    assert found == {0: 1.0, 3: 0.0}


# The trade-off.


def test_the_ladder_is_the_best_at_every_price():
    rng = np.random.default_rng(3)
    for _ in range(200):
        money, units = rng.integers(0, 20, 6).astype(float), rng.integers(0, 12, 6).astype(float)
        steps = ladder(money, units)

        assert (steps[0][1], steps[-1][2]) == (0.0, math.inf)
        assert all(a[2] == b[1] and a[1] < a[2] for a, b in pairwise(steps))
        for at, low, high in steps:
            for price in (low, (low + min(high, low + 50.0)) / 2, min(high, low + 50.0)):
                values = money - price * units
                assert values[at] == pytest.approx(values.max())


@pytest.fixture(scope="module")
def trading(tmp_path_factory):
    """A search where revenue has its best at 8 attempts, and waste is a cost that the toy's optimum shares."""
    objectives = [{"measure": "revenue"}, {"measure": "first_touch_attainment"}]
    today = {"scoring": {"cutoff": 25.0}, "sla": {"attempts": 3}}
    scenario = toy.scenario(policy=today, objectives=objectives, trade_off="30 per point of first_touch_attainment")
    return toy.study(tmp_path_factory.mktemp("trading"), scenario)


def test_the_policy_named_has_the_most_value_and_today_is_the_base(trading):
    """Of a measure that is better up, a point adds to the value."""
    choice = trading.choice
    assert choice.price == Price("revenue", "first_touch_attainment", True, 1)
    values = {
        number: [row["revenue"] + 30 * 100 * row["first_touch_attainment"] for row in own]
        for number, own in trading.rows.items()
    }

    assert choice.chosen == max(values, key=lambda number: np.mean(values[number]))
    assert [w.value.mean for w in choice.worths] == pytest.approx(
        sorted((float(np.mean(own)) for own in values.values()), reverse=True)
    )
    best = choice.worths[0]
    assert best.difference.mean == pytest.approx(np.mean(values[best.policy]) - np.mean(values[0]))
    # For all policies together: wider than alone.
    assert best.difference.half_width > paired(values[best.policy], values[0]).half_width
    assert sum(w.probability_best for w in choice.worths) == pytest.approx(1.0)
    inside = [s for s in choice.steps if s.low <= 30 <= s.high]
    assert [s.policy for s in inside] == [choice.chosen]


def test_without_a_price_only_the_ladder_is_told(trading):
    price, _ = price_of(trading.plan.scenario, trading.plan.goals)
    found = choose(trading.report, trading.rows, price, None)

    assert found.chosen is None
    assert found.steps == trading.choice.steps


def test_who_is_the_choice_at_every_price_has_most_money_and_fewest_units():
    """The units differ without doubt; the money of the first is ahead by a difference with a t distribution."""
    difference = np.random.default_rng(8).normal(0.4, 1.0, 12)
    ahead = float(scipy_stats.t.cdf(difference.mean() / (difference.std(ddof=1) / math.sqrt(12)), 11))
    first = np.column_stack([difference, np.full(12, 3.0)])
    second = np.column_stack([np.zeros(12), np.full(12, 4.0)])

    assert probability_alone(np.array([first, second]), 0, draws=20_000) == pytest.approx(ahead, abs=0.015)
    assert probability_alone(np.array([first, second]), 1) == 0.0
    assert probability_alone(np.array([first, first]), 1) == 1.0


def test_waste_beside_money_is_priced_in_wasted_leads_unasked():
    scenario = toy.scenario()

    assert price_of(scenario, goals_of(scenario)) == (Price("revenue", "leads_wasted", False, -1), None)
    alone = toy.scenario(objectives=[{"measure": "revenue"}])
    assert price_of(alone, goals_of(alone)) == (None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("5 per leads_wastd", "no such measure, got 'leads_wastd'; did you mean 'leads_wasted'"),
        ("5 per profit", "trades money for money"),
        ("5 per leads_wasted_share", "write '5 per point of leads_wasted_share'"),
        ("5 per point of leads_wasted", "write '5 per leads_wasted'"),
        ("5 per promise_gap_median_hours", "is not better either way"),
    ],
)
def test_a_price_of_what_cannot_be_priced_is_refused(text, told):
    scenario = toy.scenario(trade_off=text)

    with pytest.raises(InputError) as failure:
        price_of(scenario, goals_of(scenario))
    assert told in str(failure.value)


def test_it_is_refused_before_the_work(tmp_path):
    with pytest.raises(InputError):
        toy.study(tmp_path / "none", toy.scenario(trade_off="5 per nothing"))
    assert not (tmp_path / "none").exists()
