"""Score weights: what is known of a lead at its arrival, and how that tells who will be won.

A logistic regression of won on channel and attributes, with a small ridge penalty, so that a category with few leads
stays near the mean. Points follow the usual scorecard scale: ten points double the odds (Siddiqi 2006, Credit Risk
Scorecards, chapter 6). How well it tells winners from others is the area under the ROC curve, out of sample: by
cross-validation, and out of time (fitted on the earlier 70 % of leads, judged on the later).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special
from scipy import stats as scipy_stats

from funnelsim.calibration.fit_offers import channels_of
from funnelsim.calibration.fit_parameter import LEVEL, Assumed, Block, Entry, Parameter, block, joined, nothing
from funnelsim.calibration.history import History
from funnelsim.records import Bool, Float64, Int64

DOUBLING_POINTS = 10.0
RIDGE = 2.0
"""Inverse prior variance of a category's log-odds: a spread of 0.7, as of categories whose odds differ twofold."""
FOLDS = 10


@dataclass(frozen=True, slots=True)
class Term:
    """One attribute of the score: its name and categories, the channel among them."""

    name: str
    categories: tuple[str, ...]
    code: Int64  # (n,) -1 unknown


def terms_of(history: History, *, leave_out: tuple[str, ...] = ("offer",)) -> tuple[Term, ...]:
    """Return channel and attributes that are known at arrival and have at least two categories."""
    present = channels_of(history)
    place = np.full(len(history.channels) + 1, -1)
    place[[c for c, _ in present]] = np.arange(len(present))
    terms = [Term("channel", tuple(name for _, name in present), place[history.leads.channel])]
    for name, categories in history.categories.items():
        if name in history.known_late or name in leave_out or not 2 <= len(categories) <= 60:
            continue
        terms.append(Term(name, categories, history.leads.attributes[name].astype(np.int64)))
    return tuple(term for term in terms if len(term.categories) >= 2)


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Leads that are alike in every term: the likelihood needs no more than how many there are and how many won."""

    design: Float64  # (g, p) an intercept, then one column a category
    of: Int64  # (n,) group of each lead

    def counts(self, mine: Bool, won: Bool) -> tuple[Float64, Float64]:
        """Return how many leads of `mine` each group has, and how many of them won."""
        of = self.of[mine]
        size = self.design.shape[0]
        leads = np.bincount(of, minlength=size).astype(np.float64)
        return leads, np.bincount(of, won[mine].astype(np.float64), minlength=size).astype(np.float64)


def _groups(terms: tuple[Term, ...], chosen: Bool) -> _Groups:
    key = np.zeros(int(chosen.sum()), dtype=np.int64)
    for term in terms:
        _, key = np.unique(key * (len(term.categories) + 1) + term.code[chosen] + 1, return_inverse=True)
    _, first, of = np.unique(key, return_index=True, return_inverse=True)
    columns = [np.ones((first.size, 1))]
    for term in terms:
        code = term.code[chosen][first]
        columns.append((code[:, None] == np.arange(len(term.categories))).astype(np.float64))
    return _Groups(np.column_stack(columns), of.astype(np.int64))


def _fit(rows: Float64, count: Float64, wins: Float64) -> tuple[Float64, Float64]:
    """Return coefficients and their covariance (inverse of the penalised information)."""
    penalty = np.full(rows.shape[1], RIDGE)
    penalty[0] = 0.0

    def negative(beta: Float64) -> tuple[float, Float64]:
        linear = rows @ beta
        value = wins @ linear - count @ np.logaddexp(0.0, linear) - 0.5 * penalty @ beta**2
        gradient = rows.T @ (wins - count * special.expit(linear)) - penalty * beta
        return -float(value), -gradient

    start = np.zeros(rows.shape[1])
    start[0] = float(special.logit(np.clip(wins.sum() / max(count.sum(), 1.0), 1e-6, 1 - 1e-6)))
    beta = np.asarray(optimize.minimize(negative, start, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x)
    p = special.expit(rows @ beta)
    information = rows.T @ ((count * p * (1 - p))[:, None] * rows) + np.diag(penalty)
    return beta, np.asarray(np.linalg.inv(information), dtype=np.float64)


def auc(score: Float64, won: Bool) -> float:
    """Return the probability that a won lead has the higher score than one that is not, ties counting half.

    >>> auc(np.array([1.0, 2.0, 3.0, 2.0]), np.array([False, False, True, True]))
    0.875
    """
    wins, others = int(won.sum()), int((~won).sum())
    if not wins or not others:
        return float("nan")
    ranks = scipy_stats.rankdata(score)
    return float((ranks[won].sum() - wins * (wins + 1) / 2) / (wins * others))


def fit_scores(history: History, *, eligible: Bool | None = None, seed: int = 0) -> Block:
    """Return the points of each category (ten double the odds) and the AUC out of sample.

    Args:
        history: With `won`.
        eligible: (n,) leads to be told apart: those that sales calls; all where None.
        seed: Of the folds; 0 is a seed.
    """
    won = history.leads.won
    terms = terms_of(history)
    if won is None or not terms:
        return nothing(Assumed("policy.scoring.firmographic_points", "none", "no attribute, or no outcome"))
    chosen = np.ones(history.leads.n, dtype=np.bool_) if eligible is None else eligible
    wins = won[chosen]
    if wins.sum() < 20 or (~wins).sum() < 20:
        return nothing(Assumed("policy.scoring.firmographic_points", "none", f"only {int(wins.sum())} wins"))
    groups, everybody = _groups(terms, chosen), np.ones(wins.size, dtype=np.bool_)
    leads, of_group = groups.counts(everybody, wins)
    beta, covariance = _fit(groups.design, leads, of_group)
    points = DOUBLING_POINTS / np.log(2.0)
    rows: list[Entry] = []
    at = 1
    for term in terms:
        for category in term.categories:
            n = int(leads @ groups.design[:, at])
            rows.append(
                (f"policy.scoring.firmographic_points.{term.name}.{category}", points * float(beta[at]), "identity",
                 "points", "ridge logistic regression, ten points double the odds", n,
                 "shrunk towards the mean" if n < 100 else "")
            )  # fmt: skip
            at += 1
    fitted = block(rows, points**2 * covariance[1:, 1:])
    return joined(fitted, _accuracy(groups, wins, seed))


def _accuracy(groups: _Groups, won: Bool, seed: int) -> Block:
    """Return the AUC by cross-validation and out of time, with DeLong-type normal intervals (Hanley & McNeil 1982)."""
    fold = np.random.default_rng(seed).permutation(won.size) % FOLDS
    score = np.empty(won.size)
    for f in range(FOLDS):
        mine = fold == f
        beta, _ = _fit(groups.design, *groups.counts(~mine, won))
        score[mine] = (groups.design @ beta)[groups.of[mine]]
    # Scores of different folds stand on slightly different scales, so pairs are compared within folds.
    sizes = np.array([float(won[fold == f].sum() * (~won[fold == f]).sum()) for f in range(FOLDS)])
    parts = np.array([auc(score[fold == f], won[fold == f]) if sizes[f] else 0.0 for f in range(FOLDS)])
    crossed = float(sizes @ parts / max(sizes.sum(), 1.0))
    cut = int(0.7 * won.size)  # leads are in order of creation
    early = np.arange(won.size) < cut
    beta, _ = _fit(groups.design, *groups.counts(early, won))
    later = auc((groups.design @ beta)[groups.of[cut:]], won[cut:]) if won[:cut].any() else float("nan")
    parameters = []
    for path, value, method, sample in (
        ("scores.auc", crossed, f"{FOLDS}-fold cross-validation", won),
        ("scores.auc_later", later, "fitted on the earlier 70 % of leads, judged on the later", won[cut:]),
    ):
        error = _auc_error(value, int(sample.sum()), int((~sample).sum()))
        half = float(scipy_stats.norm.ppf(0.5 + LEVEL / 2)) * error
        weak = "hardly tells winners from others" if not value - half > 0.5 else ""
        ends = max(value - half, 0.0), min(value + half, 1.0)
        parameters.append(Parameter(path, value, *ends, "probability", method, int(sample.size), weak))
    return Block(tuple(parameters), ("identity", "identity"), np.zeros((2, 2)))


def _auc_error(value: float, wins: int, others: int) -> float:
    """Return the standard error of an AUC: Hanley & McNeil (1982, Radiology 143), equation 2."""
    if not np.isfinite(value) or wins < 2 or others < 2:
        return float("nan")
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value) + (wins - 1) * (q1 - value**2) + (others - 1) * (q2 - value**2)
    return float(np.sqrt(max(variance, 0.0) / (wins * others)))
