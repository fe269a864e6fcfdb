"""The whole fit: a valid scenario, what stays assumed, draws, and the causal share."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy import special

from calibration import scenes_backtest
from funnelsim.calibration.fit import Fit, fit_history
from funnelsim.calibration.fit_parameter import block, joined
from funnelsim.calibration.fit_policy import played_as
from funnelsim.calibration.fit_reach import attempts_of
from funnelsim.calibration.observed import won_share
from funnelsim.config.draws import with_draw
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import scenario_from
from funnelsim.config.toml import read_toml
from funnelsim.lab.play import draw, play


@pytest.fixture(scope="module")
def fitted() -> Fit:
    base = scenes_backtest.scenario()
    run = base.run.model_copy(update={"warmup_days": 0, "horizon_days": 84, "followup_days": 40})
    history = scenes_backtest.history_of_replication(0, base.model_copy(update={"run": run}))
    return fit_history(history, policy_trials=0, name="small")


def test_a_fit_is_a_scenario_that_is_written_and_read_back(fitted, tmp_path):
    scenario = fitted.scenario()
    file = tmp_path / "scenario.toml"
    file.write_text(dump_toml(scenario))

    assert scenario_from(read_toml(file), where="file", name="small") == scenario
    assert play(scenario, draw(scenario, 0)).leads.n > 100


def test_every_number_has_a_method_and_an_ordered_interval(fitted):
    paths = [p.path for p in fitted.parameters]

    assert len(paths) == len(set(paths))
    for p in fitted.parameters:
        assert p.method
        assert p.unit
        if np.isfinite(p.low):
            assert p.low <= p.estimate + 1e-12
            assert p.estimate <= p.high + 1e-12, p


def test_leads_and_won_dates_alone_leave_the_rest_assumed(fitted):
    h = fitted.history
    leads = dataclasses.replace(
        h.leads, attributes={}, stage=None, lost_reason=None, unreachable=None, not_called=None, value=None,
        first_response_ms=None,
    )  # fmt: skip
    bare = dataclasses.replace(h, leads=leads, touches=None, spend=None, categories={})
    found = fit_history(bare, policy_trials=50, name="bare")
    paths, assumed = {p.path for p in found.parameters}, {a.path for a in found.assumed}

    assert {"arrivals.leads_per_day.search", "deals.win_share", "deals.days_to_won_median"} <= paths
    assert not any(path.startswith(("market.reach", "lengths", "practice", "channels.search.spend")) for path in paths)
    assert {"market.reach.mu", "market.effort.talk", "team.reps", "market.deal.value_mean"} <= assumed
    assert found.policy.ranking == ()
    assert play(found.scenario(), draw(found.scenario(), 0)).leads.n > 100


def test_draws_are_scenarios_and_spread_like_the_intervals(fitted):
    draws = fitted.posterior(300, seed=4)
    scenario = fitted.scenario()
    sigma = next(p for p in fitted.parameters if p.path == "market.reach.sigma")
    drawn = np.array([float(d["market.reach.sigma"]) for d in draws])

    assert all(set(d) == set(draws[0]) for d in draws)
    assert draws == fitted.posterior(300, seed=4)
    assert np.mean((drawn > sigma.low) & (drawn < sigma.high)) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 300))
    for one in draws[:5]:
        assert with_draw(scenario, one).market.reach.sigma == one["market.reach.sigma"]


@pytest.mark.slow
def test_the_share_won_comes_out_as_fitted(fitted):
    """Played on its own leads the calibrated scenario wins what the history shows, within the replications' error."""
    history, scenario = fitted.history, fitted.scenario()
    shares = [
        won_share(played_as(scenario, history, r)) for r in range(20, 28)
    ]
    error = np.std(shares, ddof=1) * np.sqrt(1 / 8 + 1 / 4)

    assert np.mean(shares) == pytest.approx(won_share(history), abs=4 * error)


def test_draws_keep_the_correlation_of_a_fit():
    rows = [("a", 1.0, "log", "", "m", 1, ""), ("b", 2.0, "identity", "", "m", 1, "")]
    one = block(rows, np.array([[0.04, 0.054], [0.054, 0.09]]))  # correlation 0.9
    other = block([("c", 0.5, "logit", "", "m", 1, "")], np.array([[0.25]]))
    drawn = joined(one, other).draw(4_000, np.random.default_rng(1))

    assert np.corrcoef(np.log(drawn["a"]), drawn["b"])[0, 1] == pytest.approx(0.9, abs=0.02)
    assert abs(np.corrcoef(drawn["a"], drawn["c"])[0, 1]) < 0.06
    assert np.std(special.logit(drawn["c"])) == pytest.approx(0.5, abs=0.03)


def test_without_a_causal_share_delay_costs_nothing_and_early_reach_stays(fitted):
    """At no causal effect `beta` is 0 and `mu` carries what the early ones had; in between in proportion."""
    scenarios = fitted.sensitivity()
    full, none = scenarios[1.0].market, scenarios[0.0].market
    found, fade = fitted.found, fitted.found.value("reach.mean_fade")

    assert full.reach.beta == pytest.approx(found.value("market.reach.beta"), rel=1e-3)
    assert (none.reach.beta, none.deal.win_tau) == (0.0, None)
    assert none.reach.mu - full.reach.mu == pytest.approx(full.reach.beta * fade, abs=2e-3)
    assert scenarios[0.5].market.reach.beta == pytest.approx(full.reach.beta / 2, rel=1e-3)
    firsts = attempts_of(fitted.history)
    tau = found.value("market.reach.tau")
    assert fade == pytest.approx(np.exp(-firsts.delay_hours[firsts.start] / tau).mean())
    with pytest.raises(ValueError, match="causal_share"):
        fitted.scenario(causal_share=1.5)
