"""Hypervolume over time against areas counted by hand and Optuna's own; the plateau, and what it leaves alone."""

import json
import math

import numpy as np
import pytest
from optuna._hypervolume import compute_hypervolume

from funnelsim.pareto import hypervolume
from funnelsim.tuning.driver import Candidate, Tried
from funnelsim.tuning.goals import Goal, Goals, Judgement
from funnelsim.tuning.history import Plateau, reached_at, volumes

from . import toy

BOTH = Goals((Goal("revenue", "maximize"), Goal("leads_wasted_share", "minimize")))


def tried(*means, goals=BOTH, infeasible=()):
    return [
        Tried(n, {}, Candidate("", ""), Judgement(tuple(m), (), "infeasible" if n in infeasible else "feasible"))
        for n, m in enumerate(means)
    ]


@pytest.mark.parametrize("objectives", [1, 2, 3])
def test_the_hypervolume_is_the_one_of_optuna(objectives):
    rng = np.random.default_rng(objectives)
    for _ in range(50):
        points = rng.integers(0, 8, (rng.integers(1, 12), objectives)).astype(float)
        reference = np.full(objectives, 6.0)
        inside = points[(points < reference).all(axis=1)]
        expected = compute_hypervolume(inside, reference) if inside.size else 0.0

        down, up = ["minimize"] * objectives, ["maximize"] * objectives
        assert hypervolume(points, down, reference=reference.tolist()) == pytest.approx(expected)
        assert hypervolume(-points, up, reference=(-reference).tolist()) == pytest.approx(expected)


def test_volumes_are_areas_counted_by_hand():
    """The front is (10, 0.2), (20, 0.4): the box spans 10 and 0.2, a tenth further, so 1.1 by 1.1 of unit squares."""
    found = volumes(tried((10.0, 0.2), (10.0, 0.4), (20.0, 0.4)), BOTH)

    # After the first: the point (1, 0) of the unit front, 0.1 x 1.1; the second is dominated; then 0.1 x 1.1 more of
    # the point (0, 1), less the 0.1 x 0.1 that both cover.
    assert found == pytest.approx(np.array([0.11, 0.11, 0.21]) / 0.21)
    assert [reached_at(found, share) for share in (0.5, 0.53, 1.0)] == [1, 3, 3]


def test_infeasible_and_undefined_policies_add_nothing():
    found = volumes(tried((99.0, 0.0), (10.0, 0.2), (math.nan, 0.1), (20.0, 0.4), infeasible={0}), BOTH)
    without = volumes(tried((10.0, 0.2), (20.0, 0.4)), BOTH)

    assert found[0] == 0.0
    assert found[[1, 3]] == pytest.approx(without)
    assert np.isnan(volumes(tried((1.0, 1.0), infeasible={0}), BOTH)).all()


def test_one_objective_is_told_from_the_best_to_the_middle():
    goals = Goals((Goal("revenue", "maximize"),))
    found = volumes(tried((0.0,), (4.0,), (10.0,), goals=goals), goals)

    # Box from 10 down to the median 4 and a tenth of 6 further: 3.4.
    assert found == pytest.approx([0.0, 0.6 / 6.6, 1.0])


def front_then_nothing(gains, idle):
    """Return policies of which each of the first `gains` improves the front, and the others do nothing."""
    return tried(*((10.0 * n, 0.5) for n in range(gains)), *((0.0, 0.6) for _ in range(idle)))


def test_the_plateau_is_reached_when_the_last_policies_added_too_little():
    rule = Plateau(0.01, 16)

    assert not rule.reached(front_then_nothing(24, 8), BOTH, batch=8)  # 8 of the last 16 still gained
    assert rule.reached(front_then_nothing(24, 16), BOTH, batch=8)
    assert not rule.reached(front_then_nothing(24, 16), BOTH, batch=7)  # whole batches: 21 policies back
    assert not rule.reached(front_then_nothing(8, 16), BOTH, batch=8)  # only 8 were there before
    nothing = tried(*((1.0, 1.0) for _ in range(64)), infeasible=set(range(64)))
    assert not rule.reached(nothing, BOTH, batch=8)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    return folder, toy.study(folder, toy.scenario(trials=200, plateau=0.5, plateau_over=16))


def test_a_search_stops_at_its_plateau_and_not_before(stopped):
    _, tuned = stopped
    goals, rule = tuned.plan.goals, Plateau(0.5, 16)

    assert len(tuned.tried) < 200
    assert tuned.plan.trials == 200
    held = [n for n in range(8, len(tuned.tried) + 1, 8) if rule.reached(tuned.tried[:n], goals, batch=8)]
    assert held == [len(tuned.tried)]


def test_it_has_tried_what_a_search_without_a_plateau_had_tried_by_then(stopped, tmp_path):
    folder, tuned = stopped

    longer = toy.study(tmp_path, toy.scenario(trials=len(tuned.tried) + 8))

    assert toy.told_of(tmp_path)[: len(tuned.tried)] == toy.told_of(folder)
    assert longer.tried[: len(tuned.tried)] == tuned.tried


def test_interrupted_or_in_any_order_it_stops_at_the_same_policy(stopped, tmp_path):
    folder, _ = stopped
    settings = {"trials": 200, "plateau": 0.5, "plateau_over": 16}
    with pytest.raises(toy.Interrupted):
        toy.study(tmp_path, toy.scenario(**settings), toy.interrupted_after(50))

    toy.study(tmp_path, toy.scenario(**settings), toy.shuffled(2), resume=True)
    toy.study(tmp_path, toy.scenario(**settings), resume=True)

    assert toy.told_of(tmp_path) == toy.told_of(folder)
    results, whole = toy.results_of(tmp_path), toy.results_of(folder)
    assert {k: v for k, v in results.items() if k != "provenance.json"} == {
        k: v for k, v in whole.items() if k != "provenance.json"
    }


def test_without_a_plateau_it_goes_on_from_there(stopped, tmp_path):
    """How far a search goes does not make it another study."""
    import shutil

    folder, tuned = stopped
    shutil.copytree(folder, tmp_path / "on")
    more = len(tuned.tried) + 8

    longer = toy.study(tmp_path / "on", toy.scenario(trials=200), resume=True, trials=more)

    assert len(longer.tried) == more
    assert json.loads((tmp_path / "on" / "provenance.json").read_text())["trials"] == more
