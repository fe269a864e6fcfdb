"""Comparisons: the same leads for all, nothing called that is not there, and every figure by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from funnelsim.config.paths import with_values
from funnelsim.errors import InputError
from funnelsim.lab.compare import compare, play_each, same_leads
from funnelsim.lab.replicate import replicate
from funnelsim.stats import holm, interval, paired, paired_p_value
from lab.small import small

MEASURES = ["revenue", "leads_wasted_share", "mqls"]


def stricter(cutoff: float = 40.0):
    """Return the small scenario with a higher cutoff."""
    scenario = small()
    return scenario.with_policy(with_values(scenario.policy, {"scoring.cutoff": cutoff}))


def more_visitors():
    """Return the small scenario in a world with more visitors on one channel."""
    whole = small().model_dump(mode="json", exclude_unset=True)
    whole["market"]["channels"]["website"]["visitors_per_day"] *= 2
    return type(small()).model_validate(whole)


@pytest.fixture(scope="module")
def rows():
    return play_each([small(), stricter(), small()], measures=MEASURES, replications=range(4))


def rows_of(**columns: list[list[float]]) -> dict[int, tuple[dict[str, float], ...]]:
    """Return rows from (replications, systems) values by measure."""
    first = next(iter(columns.values()))
    return {
        r: tuple({m: values[r][s] for m, values in columns.items()} for s in range(len(first[0])))
        for r in range(len(first))
    }


def test_each_scenario_gets_the_numbers_that_it_gets_alone(rows):
    for at, scenario in enumerate([small(), stricter()]):
        alone = replicate(scenario, replications=range(4))
        for r in range(4):
            assert rows[r][at] == {m: alone.loc[r, m] for m in MEASURES}


def test_a_scenario_of_another_world_meets_its_own_leads():
    other = more_visitors()
    found = play_each([small(), other, stricter()], measures=["leads"], replications=[0])

    assert not same_leads(small(), other)
    assert same_leads(small(), stricter())
    assert found[0][1]["leads"] == replicate(other, replications=[0]).loc[0, "leads"]
    assert found[0][1]["leads"] > found[0][0]["leads"] == found[0][2]["leads"]


def test_two_workers_give_the_bits_of_one(rows):
    assert play_each([small(), stricter(), small()], measures=MEASURES, replications=range(4), jobs=2) == rows


def test_all_are_played_with_the_first_ones_seed():
    found = play_each([small(), small(seed=99)], measures=["revenue"], replications=[0])

    assert found[0][0] == found[0][1]


def test_what_is_looked_at_otherwise_cannot_be_compared():
    with pytest.raises(InputError) as caught:
        play_each([small(), small(horizon_days=30, warmup_days=10)], measures=["revenue"], replications=[0])

    assert {f.key for f in caught.value.faults} == {"run.horizon_days", "run.warmup_days"}


def test_the_identical_scenario_has_no_detectable_difference_and_shares_being_best(rows):
    found = compare(rows, labels=["a", "b", "same"], measures=MEASURES)

    for contrast in found.contrasts[2]:
        assert contrast.finding == "no detectable difference"
        assert contrast.equal
        assert contrast.settled_by is None
        assert (contrast.difference.mean, contrast.difference.half_width, contrast.p_value) == (0.0, 0.0, 1.0)
    for same, first in zip(found.contrasts[2], found.contrasts[0], strict=True):
        np.testing.assert_equal(same.probability_best, first.probability_best)
        np.testing.assert_equal(same.expected_regret, first.expected_regret)


def test_differences_p_values_and_intervals_are_those_of_stats(rows):
    found = compare(rows, labels=["a", "b", "same"], measures=MEASURES)
    columns = {m: np.array([[rows[r][s][m] for s in range(3)] for r in range(4)]) for m in MEASURES}
    # In the order scenario, measure: six tests in the family.
    expected = holm([paired_p_value(columns[m][:, s], columns[m][:, 0]) for s in (1, 2) for m in MEASURES])

    told = [found.contrasts[s][at] for s in (1, 2) for at in range(3)]
    assert [c.p_value for c in told] == expected.tolist()
    for contrast in found.contrasts[1]:
        own = columns[contrast.measure]
        assert contrast.difference == paired(own[:, 1], own[:, 0], confidence=1 - 0.05 / 6)
        assert contrast.estimate == interval(own[:, 1])


def test_better_is_what_the_measure_says_and_neither_way_has_no_best():
    up = [[0.0, 1.0 + 0.01 * r, -1.0 - 0.01 * r] for r in range(10)]
    found = compare(rows_of(revenue=up, leads_wasted_share=up, mqls=up), labels=["a", "b", "c"], measures=MEASURES)

    assert [c.finding for c in found.contrasts[1]] == ["better", "worse", "more"]
    assert [c.finding for c in found.contrasts[2]] == ["worse", "better", "less"]
    assert (found.best("revenue"), found.best("leads_wasted_share"), found.best("mqls")) == (1, 2, None)
    assert math.isnan(found.contrasts[1][2].probability_best)


def with_t(t: float, n: int = 10) -> list[list[float]]:
    """Return values of two scenarios whose paired difference has just this t, on n - 1 degrees."""
    e = np.arange(n) - (n - 1) / 2
    e = e / e.std(ddof=1)
    return [[0.0, float(t / math.sqrt(n) + one)] for one in e]


def test_what_holm_alone_tells_is_borderline_and_not_called_beside_an_interval_that_includes_zero():
    """t = 2.5 on nine degrees: p = .034. Alone it is called; beside a clear one Holm still has .05, intervals .025."""
    alone = compare(rows_of(revenue=with_t(2.5)), labels=["a", "b"], measures=["revenue"]).contrasts[1][0]
    assert (alone.finding, alone.borderline) == ("better", False)

    both = rows_of(revenue=with_t(2.5), profit=with_t(20.0))
    found = compare(both, labels=["a", "b"], measures=["revenue", "profit"])
    revenue, profit = found.contrasts[1]
    assert (profit.finding, profit.borderline) == ("better", False)
    assert revenue.p_value == pytest.approx(0.0339, abs=1e-4)
    assert revenue.difference.low < 0 < revenue.difference.high
    assert (revenue.finding, revenue.borderline) == ("no detectable difference", True)
    assert revenue.settled_by is not None
    assert revenue.settled_by > 10


@given(st.lists(st.floats(-6, 6), min_size=1, max_size=6))
def test_what_is_called_is_what_the_intervals_exclude_zero_for_and_holm_calls_all_of_it(ts):
    names = ["revenue", "profit", "deals", "mqls", "leads", "sqls"][: len(ts)]
    rows = rows_of(**{m: with_t(t) for m, t in zip(names, ts, strict=True)})
    found = compare(rows, labels=["a", "b"], measures=names)

    for contrast in found.contrasts[1]:
        called = contrast.finding not in ("no detectable difference", "not defined")
        assert called == (contrast.difference.low > 0 or contrast.difference.high < 0)
        assert contrast.borderline == (contrast.p_value <= 0.05 and not called)
        assert not called or contrast.p_value <= 0.05 + 1e-12


def test_a_difference_that_is_the_same_in_every_replication_is_called():
    found = compare(rows_of(revenue=[[1.0, 2.0]] * 3), labels=["a", "b"], measures=["revenue"])

    assert found.contrasts[1][0].finding == "better"
    assert found.contrasts[1][0].p_value == 0.0
    assert not found.contrasts[1][0].equal


def test_undefined_values_are_left_out_pair_by_pair_and_nothing_left_is_not_defined():
    values = [[1.0, 2.0], [math.nan, 3.0], [1.0, 2.5], [2.0, math.inf]]
    found = compare(
        rows_of(revenue=values, profit=[[math.nan, 1.0]] * 4), labels=["a", "b"], measures=["revenue", "profit"]
    )

    revenue, profit = found.contrasts[1]
    assert (revenue.difference.n, revenue.difference.mean) == (2, 1.25)
    # An undefined test is no member of the family: the interval is that of one test.
    assert revenue.difference == paired([2.0, 2.5], [1.0, 1.0], confidence=0.95)
    assert (profit.finding, profit.difference.n, profit.settled_by) == ("not defined", 0, None)


def test_what_is_not_detected_says_how_many_replications_would_settle_it():
    rng = np.random.default_rng(2)
    found = compare(
        rows_of(revenue=np.column_stack([np.zeros(20), rng.normal(0.3, 1.0, 20)]).tolist()),
        labels=["a", "b"],
        measures=["revenue"],
    )

    contrast = found.contrasts[1][0]
    assert contrast.finding == "no detectable difference"
    assert contrast.settled_by is not None
    assert contrast.settled_by > 20


@pytest.mark.slow
def test_of_1000_comparisons_of_the_same_thing_on_independent_seeds_at_most_67_call_a_difference():
    """Three scenarios, so two tests: a nominal 5 % for the family; 6.7 % is the binomial's 99 % bound at 1,000."""
    rng = np.random.default_rng(10)
    called = 0
    for _ in range(1_000):
        values = rng.normal(100.0, 10.0, (10, 3)).tolist()
        found = compare(rows_of(leads=values), labels=["a", "b", "c"], measures=["leads"])
        called += any(row[0].finding != "no detectable difference" for row in found.contrasts[1:])

    assert called <= 67
    assert called >= 15  # a test that never calls anything would pass the line above
