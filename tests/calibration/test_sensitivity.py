"""What a faster desk would be worth, by the causal share of the effect of delay."""

import numpy as np

from calibration.scenes_backtest import scenario
from funnelsim.calibration.sensitivity import doubled, won_either_way, worth_of_speed
from funnelsim.config.draws import with_draw


def test_twice_the_team_is_twice_every_group():
    base = scenario()
    twice = doubled(base)

    assert [group.count for group in twice.team.reps] == [2 * group.count for group in base.team.reps]
    assert twice.market == base.market
    assert twice.policy == base.policy


def test_gains_are_paired_and_larger_where_delay_costs_more():
    """Where wins do not fall with delay twice the team gains little; where they do it gains much."""
    slow = {"market.effort.call.mean": "75min", "market.reach.beta": 0.0, "policy.order.work": "fifo"}
    busy = with_draw(scenario(), slow)
    worlds = {
        0.0: with_draw(busy, {"market.deal.win_tau": "none"}),
        1.0: with_draw(busy, {"market.deal.win_tau": "4d"}),
    }
    told = []

    found = worth_of_speed(worlds, replications=8, progress=lambda done, total: told.append((done, total)))

    assert [row.causal_share for row in found] == [0.0, 1.0]
    assert told == [(done, 16) for done in range(1, 17)]
    assert found[1].gain.mean > found[0].gain.mean + found[0].gain.half_width
    by_hand = np.array([won_either_way(worlds[1.0], r) for r in range(8)])
    assert found[1].won.mean == by_hand[:, 0].mean()
    assert abs(found[1].gain.mean - (by_hand[:, 1] - by_hand[:, 0]).mean()) < 1e-12
