"""A backtest of histories that the model itself made: it must find its own, and must not find what is not its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from calibration.scenes_backtest import FIRST, LAST, history_of_replication, scenario
from funnelsim.calibration.backtest import backtest, scenario_of_period
from funnelsim.calibration.predicted import Key
from funnelsim.calibration.sight import Look, sight
from funnelsim.config.draws import with_draw

LOOK = Look(FIRST, LAST)


def compared(history, base=None, **changes):
    settings = {"look": LOOK, "replications": 19, "own_team": False} | changes
    return backtest(scenario() if base is None else base, history, **settings)


def test_a_replication_played_again_on_its_own_leads_shows_the_same_figures_to_the_bit():
    """Replication 0 of the backtest has the luck of the history, its leads and its team: nothing may differ."""
    found = compared(history_of_replication(0), replications=2)

    assert len(found.seen.figures) > 40
    for key, value in found.seen.figures.items():
        assert found.simulated[0].figures[key] == pytest.approx(value, nan_ok=True, abs=0, rel=0), key
    for name, counts in found.seen.logs.items():
        assert np.array_equal(found.simulated[0].logs[name], counts), name
    assert found.simulated[1].figures != found.seen.figures


def test_arrivals_that_were_given_are_the_history_s_and_are_not_judged():
    found = compared(history_of_replication(5), replications=3)

    arrivals = [figure for figure in found.figures if figure.key.group == "arrivals"]
    assert len(arrivals) == 9
    for figure in arrivals:
        assert figure.given
        assert figure.low == figure.high == pytest.approx(figure.observed)
    free = compared(history_of_replication(5), replications=3, own_arrivals=False)
    day = next(figure for figure in free.figures if figure.key == Key("arrivals", "leads a day", "leads"))
    assert not day.given
    assert day.low < day.high


def test_the_period_is_measured_and_what_came_before_it_is_played():
    company, history = scenario(), history_of_replication(5)
    run = scenario_of_period(company, history, FIRST, LAST).run
    assert (run.start, run.warmup_days, run.horizon_days, run.followup_days) == (company.run.start, 14, 28, 28)


def test_wins_are_judged_of_mature_leads_only():
    history = history_of_replication(5)
    whole, mature = sight(history, LOOK).figures, sight(history, Look(FIRST, LAST, mature_days=45.0)).figures

    cohort = history.leads.created[(history.leads.created >= 14 * 86_400_000)]
    old = cohort < (70 - 45) * 86_400_000
    assert 0 < old.sum() < cohort.size
    won = history.leads.won[history.leads.created >= 14 * 86_400_000]
    assert mature[Key("won", "all", "%")] == pytest.approx(100 * won[old].mean())
    assert whole[Key("won", "all", "%")] == pytest.approx(100 * won.mean())
    assert np.isnan(mature[Key("won", "leads of 2025-02", "%")])  # not all of February is old enough
    assert not np.isnan(whole[Key("won", "leads of 2025-02", "%")])


def test_workers_leave_no_mark():
    history = history_of_replication(5)
    alone, two = compared(history, replications=4), compared(history, replications=4, jobs=2)
    assert alone.figures == two.figures
    assert alone.distances == two.distances


WRONG = {
    "reached by attempt": {"market.reach.mu": -2.5},
    "answered within": {"market.effort.call.mean": "45min"},
    "days to won": {"market.deal.close.mean": "20d"},
    "deal value": {"market.deal.value_mean": 60_000.0},
}


@pytest.mark.parametrize("group", list(WRONG))
def test_what_the_scenario_has_wrong_is_found(group):
    history = history_of_replication(7)

    right, wrong = compared(history), compared(history, with_draw(scenario(), WRONG[group]))

    missed = [figure for figure in wrong.misses if figure.key.group == group]
    of_group = [figure for figure in wrong.figures if figure.key.group == group and figure.judged]
    assert len(missed) > len(of_group) / 2
    assert wrong.share.value < right.share.value


@pytest.mark.slow
def test_nine_of_ten_figures_of_the_model_s_own_histories_lie_inside():
    """20 histories of known parameters: each figure's hits are binomial of .9, and so is the mean over figures.

    A history's figures go together, so the standard error of the mean is taken between histories. Figures of few leads
    (wins of a channel) are discrete; ties at the ends of an interval count as inside, so they may lie in it more often.
    """
    histories = 20
    tests = [compared(history_of_replication(1000 + j)) for j in range(histories)]

    shares = np.array([found.share.value for found in tests])
    error = shares.std(ddof=1) / np.sqrt(histories)
    assert abs(shares.mean() - 0.9) < 4 * error + 0.01
    assert error < 0.025
    by_figure = {}
    for found in tests:
        for figure in found.figures:
            if figure.judged:
                by_figure.setdefault(figure.key, []).append(figure.inside)
    assert len(by_figure) > 40
    level = 0.01 / len(by_figure)  # Bonferroni
    for key, hits in by_figure.items():
        assert stats.binom.cdf(sum(hits), len(hits), 0.9) > level, key
    far = np.array([[one.inside for one in found.distances if one.log.name != "case arrivals"] for found in tests])
    assert abs(far.mean() - 0.9) < 4 * far.mean(axis=1).std(ddof=1) / np.sqrt(histories) + 0.01


@pytest.mark.slow
def test_draws_make_room_for_what_is_unknown_of_the_parameters():
    """Each history has its own parameters, drawn as the backtest's are: with draws nine of ten, without them fewer."""
    rng = np.random.default_rng(4)

    def drawn():
        hours = float(np.exp(rng.normal(np.log(144.0), 0.4)))
        return {
            "market.reach.mu": rng.normal(-0.39, 0.8),
            "market.deal.close.mean": f"{hours:.3f}h",
            "market.deal.win_at_once": rng.beta(12, 8),
        }

    histories = 12
    draws = [drawn() for _ in range(19)]
    pairs = []
    for j in range(histories):
        found = compared(history_of_replication(2000 + j, with_draw(scenario(), drawn())), draws=draws)
        moved = [f for f in found.figures if f.judged and f.key.group in ("reached by attempt", "days to won", "won")]
        alone = [f.low_alone <= f.observed <= f.high_alone for f in moved]
        pairs.append((found.share.value, np.mean([f.inside for f in moved]), np.mean(alone)))
    whole, moved, alone = np.array(pairs).T

    # The same 19 draws serve all histories, which adds their own error: that of a share of 19 draws.
    assert abs(whole.mean() - 0.9) < 0.08
    assert abs(moved.mean() - 0.9) < 0.14
    assert alone.mean() < moved.mean() - 0.15
    assert max(f.widening for f in found.figures if f.key.group == "reached by attempt") > 1.5
