"""A history becomes a scenario with its uncertainty: every subject fitted, what stays assumed listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from funnelsim.calibration.fit_arrivals import fit_arrivals
from funnelsim.calibration.fit_deals import fit_deals
from funnelsim.calibration.fit_lengths import fit_lengths
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_offers import fit_offers, kinds
from funnelsim.calibration.fit_parameter import Assumed, Block, Parameter, block, joined, nothing
from funnelsim.calibration.fit_policy import MOST_LEADS, PolicyFit, fit_policy, played_as
from funnelsim.calibration.fit_practice import fit_practice
from funnelsim.calibration.fit_reach import fit_reach
from funnelsim.calibration.fit_recent import recent
from funnelsim.calibration.fit_scenario import ASSUMED, CAUSAL_SHARE, tables_of
from funnelsim.calibration.fit_scores import fit_scores
from funnelsim.calibration.fit_spend import fit_spend
from funnelsim.calibration.history import History
from funnelsim.calibration.window import window
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Everything that a history says of the world and of the policy in force."""

    history: History
    found: Block
    policy: PolicyFit
    name: str = "calibrated"

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Return every fitted number with its interval, source and warning."""
        return self.found.parameters

    @property
    def assumed(self) -> tuple[Assumed, ...]:
        """Return what the history does not give, with what stands in."""
        return (*self.found.assumed, *ASSUMED)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is to be known before the scenario is believed, in words."""
        each = tuple(f"{p.path}: {p.warning}" for p in self.found.parameters if p.warning)
        return (*self.found.warnings, *self.policy.words(), *each)

    def tables(self, *, causal_share: float = CAUSAL_SHARE) -> dict[str, Any]:
        """Return the calibrated scenario as plain tables. Arguments as in `scenario`."""
        return tables_of(self.history, self.found, self.policy.best, causal_share=causal_share)

    def scenario(self, *, causal_share: float = CAUSAL_SHARE) -> Scenario:
        """Return the calibrated scenario, checked like any other.

        Args:
            causal_share: Share of the observed effect of delay, on reach and on wins, that is an effect of delay; the
                rest lies in who was called first. Observational data cannot tell: judge decisions about speed with
                `sensitivity`.

        Raises:
            InputError: where the history makes a scenario that breaks a rule.
        """
        return scenario_from(self.tables(causal_share=causal_share), where=f"{self.name} (fitted)", name=self.name)

    def sensitivity(self, shares: tuple[float, ...] = (0.0, 0.5, 1.0)) -> dict[float, Scenario]:
        """Return the scenario under each causal share of the effect of delay."""
        return {share: self.scenario(causal_share=share) for share in shares}

    def posterior(
        self, n: int, seed: int = 0, *, causal_share: float = CAUSAL_SHARE
    ) -> list[dict[str, float | str]]:
        """Return `n` draws of what is uncertain, as values by path in the scenario; the policy stays as it is.

        Normal on each parameter's own scale (logarithms, log-odds) with the joint covariance of each subject's fit;
        efforts and call-back dates from the variants that come as close to the history as luck lets them be. Derived
        values (weights, visitors, readiness) are made of each draw as of the estimates.

        Args:
            n: How many draws.
            seed: Of the draws; 0 is a seed.
            causal_share: As in `scenario`.
        """
        rng = np.random.default_rng(seed)
        draws = self.found.draw(n, rng)
        clouds = self.policy.cloud or (self.policy.best,)
        base = _leaves(self.tables(causal_share=causal_share)["market"], "market")
        out = []
        for k in range(n):
            moved = replace(
                self.found,
                parameters=tuple(
                    replace(p, estimate=float(draws[p.path][k])) for p in self.found.parameters
                ),
            )  # fmt: skip
            way = clouds[int(rng.integers(len(clouds)))]
            tables = tables_of(self.history, moved, way, causal_share=causal_share)
            leaves = _leaves(tables["market"], "market")
            out.append({path: value for path, value in leaves.items() if value != base.get(path)})
        # Every draw names the same paths, so that they make a table.
        paths = sorted({path for draw in out for path in draw})
        return [{path: draw.get(path, base[path]) for path in paths} for draw in out]


def _leaves(table: Any, prefix: str) -> dict[str, Any]:
    """Return the numbers and lengths of nested tables by dotted path."""
    if isinstance(table, dict):
        return {p: v for key, value in table.items() for p, v in _leaves(value, f"{prefix}.{key}").items()}
    if isinstance(table, list):
        return {p: v for j, value in enumerate(table) for p, v in _leaves(value, f"{prefix}.{j}").items()}
    return {prefix: table}


def fit_history(
    history: History,
    *,
    policy_trials: int = 150,
    seed: int = 0,
    name: str = "calibrated",
    causal_share: float = CAUSAL_SHARE,
    lately: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Fit:
    """Return the fit of everything that the tables of a history allow; what they lack stays assumed, and is listed.

    Args:
        history: An imported export, or a simulated one.
        policy_trials: Ways of working tried for the policy in force (`fit_policy`); 0 reads it off the cadence.
        seed: Of samples, folds and trials; 0 is a seed.
        name: Of the scenario.
        causal_share: Under which the policy is estimated; see `Fit.scenario`.
        lately: Ask the history how far back it tells of the present (`fit_recent`), to foretell what comes next; False:
            all of it counts alike, to describe what was.
        progress: Called with (played, of how many) while the policy is estimated.
    """
    told = recent(history) if lately else None
    since = 0 if told is None else told.since
    found = fit_blocks(history, since=since, seed=seed)
    found = replace(found, warnings=(*(() if told is None else told.words()), *found.warnings))

    def scenario_of(practised: Practised, of: History) -> Scenario:
        tables = tables_of(of, found, practised, causal_share=causal_share)
        return scenario_from(tables, where=f"{name} (fitted)", name=name)

    # Ways of working are judged by what was known on the last day: nothing is played beyond it.
    past = window(history, history.first_day, history.last_day, as_of=history.last_day)
    policy = fit_policy(
        past, lambda way: scenario_of(way, past), since=since, trials=policy_trials, seed=seed, progress=progress
    )
    found = joined(found, win_scale(history, found, scenario_of(policy.best, history), since=since))
    return Fit(history, found, policy, name)


def fit_blocks(history: History, *, since: int = 0, seed: int = 0) -> Block:
    """Return all that is fitted without playing the model.

    Args:
        history: What is fitted.
        since: Reach and shares won are of leads created from this on, ms (`fit_recent`).
        seed: Of samples and folds; 0 is a seed.
    """
    lately = None if since <= 0 else history.leads.created >= since
    return joined(
        fit_arrivals(history),
        fit_offers(history),
        fit_spend(history),
        fit_reach(history, leads=lately),
        fit_lengths(history),
        fit_practice(history),
        fit_deals(history, leads=lately),
        fit_scores(history, eligible=kinds(history)[0], seed=seed),
    )


def win_scale(history: History, found: Block, scenario: Scenario, *, since: int = 0, replications: int = 4) -> Block:
    """Return by what the share of ready leads is multiplied so that the share won comes out as fitted.

    Not everybody who is called is reached while ready, and a deal may be past its window: what the desk loses between
    being ready and being won is seen in what the model wins with the leads that came, measured as the history is.

    Args:
        history: The history.
        found: Its fits.
        scenario: The calibrated scenario so far.
        since: Leads created from this on, ms, are compared.
        replications: On how many replications.
    """
    if not found.has("deals.win_share") or not 200 <= history.leads.n <= MOST_LEADS:
        return nothing()
    shares = []
    for r in range(1, replications + 1):
        made = played_as(scenario, history, r)
        simulated = fit_deals(made, leads=made.leads.created >= since)
        shares.append(simulated.value("deals.win_share") if simulated.has("deals.win_share") else float("nan"))
    known = np.array(shares)
    if not (np.isfinite(known).all() and (known > 0.0).all()):
        return nothing()
    scale = found.value("deals.win_share") / float(known.mean())
    error = float(known.std(ddof=1)) / float(known.mean()) / np.sqrt(replications)
    method = f"share won over that simulated, {replications} replications"
    return block([("deals.win_scale", scale, "log", "ratio", method, history.leads.n, "")], np.array([[error**2]]))
