"""A history under another policy: zero where nothing changes, and the paired difference where something does."""

import math

import numpy as np
import pytest

from calibration.scenes_backtest import FIRST, LAST, history_of_replication, scenario
from funnelsim.calibration.arrivals import given_arrivals
from funnelsim.calibration.backtest import played_as_history, scenario_of_period
from funnelsim.calibration.replay import OF_VISITORS, Change, replay
from funnelsim.config.draws import with_draw
from funnelsim.config.paths import with_values
from funnelsim.errors import InputError
from funnelsim.metrics import MEASURES


@pytest.fixture(scope="module")
def history():
    return history_of_replication(0)


def replayed(history, change, **changes):
    settings = {"first": FIRST, "last": LAST, "replications": 3} | changes
    return replay(scenario(), history, change, **settings)


def nothing_differs(found):
    assert len(found.differences) == len(MEASURES) - len(OF_VISITORS)
    for difference in found.differences:
        if difference.mean.n:
            assert (difference.mean.mean, difference.low, difference.high) == (0.0, 0.0, 0.0), difference.measure
            assert difference.mean.half_width in (0.0,) or difference.mean.n == 1
        else:
            assert math.isnan(difference.before), difference.measure
    assert sum(difference.mean.n > 0 for difference in found.differences) > 50


@pytest.mark.parametrize("own_team", [True, False])
def test_no_change_is_exactly_no_difference(history, own_team):
    nothing_differs(replayed(history, Change(), own_team=own_team))
    nothing_differs(replayed(history, Change(policy=scenario().policy), own_team=own_team))
    nothing_differs(replayed(history, Change(values=(("sla.attempts", 4),)), own_team=own_team))


def test_no_change_is_no_difference_under_any_draw(history):
    draws = [{"market.reach.mu": mu} for mu in (-1.0, 0.0, 1.0)]
    found = replayed(history, Change(), draws=draws)

    nothing_differs(found)
    before = [first["connected"] for first, _ in found.rows.values()]
    assert before[0] < before[2]  # the draws were used


def test_a_difference_is_that_of_two_plays_of_the_same_leads(history):
    change = Change(values=(("sla.attempts", 1),))
    found = replayed(history, change, own_team=False)

    base = scenario_of_period(scenario(), history, FIRST, LAST)
    arrivals = given_arrivals(history, base.market)
    other = base.with_policy(with_values(base.policy, {"sla.attempts": 1}))
    by_hand = [
        played_as_history(other, r, arrivals).summary()["connected"]
        - played_as_history(base, r, arrivals).summary()["connected"]
        for r in range(3)
    ]
    connected = next(d for d in found.differences if d.measure == "connected")
    assert connected.mean.mean == pytest.approx(np.mean(by_hand))
    assert connected.mean.mean == pytest.approx(connected.after - connected.before)
    assert (connected.low, connected.high) == (min(by_hand), max(by_hand))
    assert connected.high < 0  # one attempt in place of four reaches fewer, whoever they are
    leads = next(d for d in found.differences if d.measure == "leads")
    assert leads.before == leads.after == len(history.leads.created[history.leads.created >= 14 * 86_400_000])


def test_a_change_wins_over_the_draws(history):
    draws = [{"policy.sla.attempts": a} for a in (2.0, 3.0, 5.0)]
    found = replayed(history, Change(values=(("sla.attempts", 1),)), draws=draws, own_team=False)

    at_most = [after["promise_attempts"] for _, after in found.rows.values()]
    assert at_most == [1.0, 1.0, 1.0]
    # Under the policy in force each draw has its own number of attempts.
    reached = [before["connected"] for before, _ in found.rows.values()]
    plain = [
        played_as_history(
            with_draw(found.before, draw), r, given_arrivals(history, found.before.market)
        ).summary()["connected"]
        for r, draw in enumerate(draws)
    ]
    assert reached == plain


def test_headcount_can_be_replayed_on_the_history_s_own_team(history):
    found = replayed(history, Change(values=(("headcount.sales", 1),)))

    # Of three seats one stays: fewer are reached. (The median wait of those who are called may fall: others never are.)
    reached = next(d for d in found.differences if d.measure == "connected")
    assert reached.high < 0
    assert found.own_team


def test_a_wrong_change_is_told_before_any_work(history):
    with pytest.raises(InputError, match=r"scoring\.cutof"):
        replayed(history, Change(values=(("scoring.cutof", 1.0),)))
    with pytest.raises(InputError, match=r"sla\.attempts"):
        replayed(history, Change(values=(("sla.attempts", 0),)))
