"""A history becomes a scenario with its uncertainty: every subject fitted, what stays assumed listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from funnelsim.calibration import observed
from funnelsim.calibration.fit_arrivals import fit_arrivals
from funnelsim.calibration.fit_deals import fit_deals
from funnelsim.calibration.fit_drift import Drift, drifted, drifts
from funnelsim.calibration.fit_lengths import fit_lengths
from funnelsim.calibration.fit_market import Practised
from funnelsim.calibration.fit_offers import fit_offers, kinds
from funnelsim.calibration.fit_parameter import Assumed, Block, Entry, Parameter, block, joined, nothing
from funnelsim.calibration.fit_policy import MOST_LEADS, PolicyFit, fit_policy, played_as
from funnelsim.calibration.fit_practice import fit_practice
from funnelsim.calibration.fit_reach import fit_reach
from funnelsim.calibration.fit_recent import recent
from funnelsim.calibration.fit_scenario import ASSUMED, CAUSAL_SHARE, tables_of
from funnelsim.calibration.fit_scores import fit_scores
from funnelsim.calibration.fit_spend import fit_spend
from funnelsim.calibration.history import History
from funnelsim.calibration.team import crew_of, staffed
from funnelsim.calibration.window import window
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario

STEPS = 3
"""Times that the time to a deal is scaled: what is scaled runs into the end of what is known, so once is not enough."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Everything that a history says of the world and of the policy in force."""

    history: History
    found: Block
    policy: PolicyFit
    name: str = "calibrated"
    drifts: tuple[Drift, ...] = ()  # how the fortnights of the history differed (`with_drift`)
    since: int = 0  # ms: reach, wins and the policy rest on leads created from this on

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

    def tables(self, *, causal_share: float = CAUSAL_SHARE, ahead: float = 0.0) -> dict[str, Any]:
        """Return the calibrated scenario as plain tables. Arguments as in `scenario`."""
        found, way = drifted(self.found, self.policy.best, self.drifts, ahead)
        return tables_of(self.history, found, way, causal_share=causal_share)

    def scenario(self, *, causal_share: float = CAUSAL_SHARE, ahead: float = 0.0) -> Scenario:
        """Return the calibrated scenario, checked like any other.

        Args:
            causal_share: Share of the observed effect of delay, on reach and on wins, that is an effect of delay; the
                rest lies in who was called first. Observational data cannot tell: judge decisions about speed with
                `sensitivity`.
            ahead: Months from the end of the history to the middle of the time foretold, which begins there: it starts
                from where reach and the desk stood at the end (`with_drift`). 0: as in the time that was fitted.

        Raises:
            InputError: where the history makes a scenario that breaks a rule.
        """
        tables = self.tables(causal_share=causal_share, ahead=ahead)
        return scenario_from(tables, where=f"{self.name} (fitted)", name=self.name)

    def sensitivity(self, shares: tuple[float, ...] = (0.0, 0.5, 1.0)) -> dict[float, Scenario]:
        """Return the scenario under each causal share of the effect of delay."""
        return {share: self.scenario(causal_share=share) for share in shares}

    def posterior(
        self, n: int, seed: int = 0, *, causal_share: float = CAUSAL_SHARE, ahead: float = 0.0
    ) -> list[dict[str, float | str]]:
        """Return `n` draws of what is uncertain, as values by path in the scenario; the policy stays as it is.

        Normal on each parameter's own scale (logarithms, log-odds) with the joint covariance of each subject's fit;
        efforts and call-back dates from the variants that come as close to the history as luck lets them be. Derived
        values (weights, visitors, readiness) are made of each draw as of the estimates.

        Args:
            n: How many draws.
            seed: Of the draws; 0 is a seed.
            causal_share: As in `scenario`.
            ahead: As in `scenario`; what the months between may bring is drawn too.
        """
        rng = np.random.default_rng(seed)
        draws = self.found.draw(n, rng)
        clouds = self.policy.cloud or (self.policy.best,)
        base = _leaves(self.tables(causal_share=causal_share, ahead=ahead)["market"], "market")
        out = []
        for k in range(n):
            moved = replace(
                self.found,
                parameters=tuple(
                    replace(p, estimate=float(draws[p.path][k])) for p in self.found.parameters
                ),
            )  # fmt: skip
            way = clouds[int(rng.integers(len(clouds)))]
            moved, way = drifted(moved, way, self.drifts, ahead, rng)
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
    found = fit_blocks(history, since=since, advantage=told is not None and told.advantage, seed=seed)
    found = replace(found, warnings=(*(() if told is None else told.words()), *found.warnings))

    crew = crew_of(history)

    def scenario_of(practised: Practised, of: History, fits: Block) -> Scenario:
        tables = tables_of(of, fits, practised, causal_share=causal_share)
        return staffed(scenario_from(tables, where=f"{name} (fitted)", name=name), crew)

    # Ways of working are judged by what was known on the last day: nothing is played beyond it.
    past = window(history, history.first_day, history.last_day, as_of=history.last_day)
    policy = fit_policy(
        past, lambda way: scenario_of(way, past, found), since=since, trials=policy_trials, seed=seed, progress=progress
    )
    scales = outcome_scales(history, found, lambda fits: scenario_of(policy.best, history, fits), since=since)
    found = joined(found, scales)
    return Fit(history, found, policy, name, since=since)


def with_drift(fit: Fit, *, causal_share: float = CAUSAL_SHARE) -> Fit:
    """Return the fit with how its fortnights differed, so that what it says of months ahead holds how a desk changes.

    Plays the history ten times; nothing changes where it has too few fortnights or was not played at all.

    Args:
        fit: The fit.
        causal_share: As in `fit_history`.
    """
    history = fit.history
    if not fit.policy.ranking:
        return fit
    past = window(history, history.first_day, history.last_day, as_of=history.last_day)
    crew = crew_of(history)

    def made(way: Practised, replication: int) -> History:
        tables = tables_of(past, fit.found, way, causal_share=causal_share)
        return played_as(staffed(scenario_from(tables, where=f"{fit.name} (fitted)"), crew), past, replication)

    return replace(fit, drifts=drifts(past, fit.policy.best, made, since=fit.since))


def fit_blocks(history: History, *, since: int = 0, advantage: bool = False, seed: int = 0) -> Block:
    """Return all that is fitted without playing the model.

    Args:
        history: What is fitted.
        since: Reach and shares won are of leads created from this on, ms (`fit_recent`).
        advantage: That of an early call is of these too.
        seed: Of samples and folds; 0 is a seed.
    """
    lately = None if since <= 0 else history.leads.created >= since
    return joined(
        fit_arrivals(history),
        fit_offers(history),
        fit_spend(history),
        fit_reach(history, leads=lately, advantage=advantage),
        fit_lengths(history),
        fit_practice(history),
        fit_deals(history, leads=lately),
        fit_scores(history, eligible=kinds(history)[0], seed=seed),
    )


def outcome_scales(
    history: History, found: Block, scenario_of: Callable[[Block], Scenario], *, since: int = 0, replications: int = 4
) -> Block:
    """Return by what the time to a deal, and the share of ready leads, are multiplied so that both come out as seen.

    Not everybody who is called is reached while ready, a deal may be past its window, and times to a deal are not quite
    lognormal: what that makes of the fits is seen in what the model wins, and when, with the leads that came, measured
    as the history is, what is still open left out on both sides. First the median time, then, with it, the share.

    Args:
        history: The history.
        found: Its fits.
        scenario_of: Makes the calibrated scenario of them.
        since: Shares are of leads created from this on, ms.
        replications: How many are played for each.
    """
    if not found.has("deals.win_share") or not 200 <= history.leads.n <= MOST_LEADS:
        return nothing()
    rows: list[Entry] = []
    variances = []
    won = observed.won_share(history, leads=history.leads.created >= since)
    seen = float(np.median(days)) if (days := observed.days_to_won(history)).size >= 20 else float("nan")
    for path, steps in (("deals.close_scale", STEPS), ("deals.win_scale", 1)):
        scale, known = 1.0, np.zeros(0)
        for _ in range(steps):
            tried = joined(found, block([(path, scale, "log", "ratio", "", history.leads.n, "")], np.zeros((1, 1))))
            known = np.array([
                _seen_over(played_as(scenario_of(tried), history, r), path, seen=seen, won=won, since=since)
                for r in range(1, replications + 1)
            ])  # fmt: skip
            if not (np.isfinite(known).all() and (known > 0.0).all()):
                break
            scale *= float(known.mean())
        else:
            method = f"seen over simulated, {replications} replications"
            rows.append((path, scale, "log", "ratio", method, history.leads.n, ""))
            variances.append((float(known.std(ddof=1)) / float(known.mean())) ** 2 / replications)
            found = joined(found, block(rows[-1:], np.array([[variances[-1]]])))
    return block(rows, np.diag(variances))


def _seen_over(made: History, path: str, *, seen: float, won: float, since: int) -> float:
    """Return the median days to a deal, or the share won, that was seen, over that of a replication; nan where none."""
    if path == "deals.close_scale":
        times = observed.days_to_won(made)
        return seen / max(float(np.median(times)), 0.5) if times.size else float("nan")
    share = observed.won_share(made, leads=made.leads.created >= since)
    return won / share if share > 0.0 else float("nan")
