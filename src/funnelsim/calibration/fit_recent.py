"""How far back the past tells of the present: desks learn, campaigns change, what held in July need not in December.

Asked of the history itself: the level of reach of the last 60 or 90 days before the last month, or of all: which
foretells best who is reached in that month? And does the advantage of an early call of these days, too, instead of that
of all? What is fitted on leads and people (the level of reach, wins, the policy in
force) then rests on so many of the last days; what needs the whole (the season, the shape of reach, the time to a deal,
the score) does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from funnelsim.calibration.fit_reach import Attempts, attempts_of, log_likelihood, logit_normal, moved
from funnelsim.calibration.history import History

MONTH_DAYS = 30
SPANS = (60, 90)
LEAST_LEADS = 500
"""Called leads that the last month must have, and each span, to be asked."""
BETTER = 4.0
"""A span must foretell better than the whole by so much of log-likelihood: a chance of 1 in 50 without any change."""
WORTH = 1.0
"""And with its own advantage of an early call by so much more than without: the price of a parameter (Akaike)."""


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """From when on leads tell of the present."""

    since: int  # ms, from which on leads are recent
    days: int  # how many of the last days; all of them where nothing changed
    whole: bool
    gain: float  # log-likelihood of the last month's attempts, foretold by this span instead of the whole
    advantage: bool = False  # that of an early call is of these days too

    def words(self) -> list[str]:
        """Return what is to be said of it."""
        if self.whole:
            return []
        return [
            f"the desk changed: the last {self.days} days foretell the last month better than the whole history (by "
            f"{self.gain:.0f} of log-likelihood), so reach, wins and the policy rest on them; what changes again will "
            "be missed"
        ]


def recent(history: History) -> Recent:
    """Return since when leads tell of the present: the whole, unless a span foretells the last month clearly better."""
    days = (history.last_day - history.first_day).days + 1
    whole = Recent(0, days, True, 0.0)
    if history.touches is None or days < SPANS[-1] + MONTH_DAYS:
        return whole
    midnights = history.clock().midnights
    ends = int(midnights[days - MONTH_DAYS])
    created = history.leads.created
    # What was known at the end of the span, and no more: a lead of the day before was called once or twice.
    judged = attempts_of(history, leads=created >= ends)
    if judged.n < LEAST_LEADS:
        return whole
    before = attempts_of(history, leads=created < ends, until=ends)
    if before.n < LEAST_LEADS or not _tells(before):
        return whole
    theta = logit_normal(before).estimate
    whole_score = log_likelihood(theta, judged)
    scores: dict[tuple[int, bool], float] = {}
    for span in SPANS:
        begins = int(midnights[max(days - MONTH_DAYS - span, 0)])
        known = attempts_of(history, leads=(created >= begins) & (created < ends), until=ends)
        if known.n >= LEAST_LEADS and _tells(known):
            scores[span, False] = log_likelihood(moved(theta, known, [0]), judged)
            scores[span, True] = log_likelihood(moved(theta, known, [0, 2]), judged) - WORTH
    if not scores:
        return whole
    span, advantage = max(scores, key=lambda key: (scores[key], *key))
    gain = scores[span, advantage] + (WORTH if advantage else 0.0) - whole_score
    if gain < BETTER:
        return whole
    return Recent(int(midnights[days - span]), span, False, gain, advantage)


def _tells(known: Attempts) -> bool:
    return bool(known.reached.any() and not known.reached.all())

