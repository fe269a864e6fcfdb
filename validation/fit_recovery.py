"""Do the intervals of a fit hold what they promise? Simulate a company, export it, fit it, and count.

    python validation/fit_recovery.py [fits] [--json FILE]     (500 fits: about 15 minutes of one core)

The company's parameters are known. Of so many independent histories each is fitted alone; a 90 % interval should
hold the truth in nine of ten. A coverage is *within the band* if a binomial count of probability 0.9 lies there with
99 % over all parameters together (Bonferroni). The table goes to docs/calibration_fit.md.

Not judged: what is shrunk on purpose (score points), what has no truth of its own (practice, days from creation to
won), what does not vary (spend, the same every day).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import stats

from funnelsim.calibration.fit import fit_blocks
from funnelsim.calibration.fit_parameter import LEVEL
from funnelsim.calibration.simulated import history_of
from funnelsim.config.load import scenario_from
from funnelsim.config.scenario import Scenario
from funnelsim.lab.play import Played, draw, play
from funnelsim.records import State

WEEKDAYS = [1.2, 1.2, 1.1, 1.1, 1.0, 0.8, 0.6]
HOURS = [
    0.3, 0.2, 0.2, 0.2, 0.2, 0.3, 0.5, 0.8, 1.2, 1.6, 1.8, 1.8,
    1.6, 1.6, 1.7, 1.7, 1.6, 1.4, 1.3, 1.2, 1.1, 1.0, 0.8, 0.6,
]  # fmt: skip
MONTHS = [0.8, 0.9, 1.0, 1.1, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
CHANNELS = {"search": (100.0, 0.07), "social": (80.0, 0.05)}  # visitors a day, visit to lead
NOT_CALLED = {"search": 0.10, "social": 0.25}
REACH = {"mu": -0.4, "sigma": 1.5, "beta": 2.0, "tau": 0.3}
ABLE, READY, WON = 0.8, 0.5, 0.9
WIN_FALL = 1 / 20.0  # a day
CLOSE = (12.0, 0.8)  # median days, sigma
VALUE = (5000.0, 0.5)
TALK = (20.0, 0.6)  # mean minutes, sigma


def company() -> Scenario:
    """Return the company: some 2,000 leads in half a year, one rep kept busy, so that delays are of every length."""
    reach = {**REACH, "tau": f"{REACH['tau']}h", "gamma": 0.0}
    return scenario_from(
        {
            "market": {
                "duplicate_share": 0.0,
                "shape": {"weekday_weights": WEEKDAYS, "hour_weights": HOURS, "month_weights": MONTHS},
                "channels": {
                    name: {
                        "visitors_per_day": visitors,
                        "visit_to_lead": share,
                        "offers": {"lead": 1.0 - NOT_CALLED[name], "brochure": NOT_CALLED[name]},
                    }
                    for name, (visitors, share) in CHANNELS.items()
                },
                "offers": {
                    "lead": {"hand_raise": True, "ready_at_arrival": READY, "ready_later": 0.0},
                    "brochure": {"ready_at_arrival": 0.0, "ready_later": 0.0},
                },
                "fit": {"able_share": ABLE, "able_per_sd": 0.0},
                "journey": {"window": {"form": "fixed", "mean": "2000d"}},
                "engagement": {
                    "idle_per_day": 0.0, "shopper_share": 0.0, "before_ready_per_day": 0.0, "ready_per_day": 0.0,
                },
                "reach": reach,
                "effort": {
                    "call": {"form": "lognormal", "mean": "9min", "sigma": 0.5},
                    "talk": {"form": "lognormal", "mean": f"{TALK[0]}min", "sigma": TALK[1]},
                },
                "temper": {
                    "tired_share": 0.0, "callback_share": 0.0, "misjudged_share": 0.0, "misjudged_later_share": 0.0,
                },
                "deal": {
                    "closes_by": "delay", "win_at_once": WON, "win_tau": f"{1 / WIN_FALL:g}d",
                    "value_mean": VALUE[0], "value_sigma": VALUE[1], "value_per_sd": 0.0,
                    "close": {"form": "lognormal", "median": f"{CLOSE[0]}d", "sigma": CLOSE[1]},
                },
            },
            "team": {
                "touch_role": "sales", "close_role": "sales",
                "reps": [{"role": "sales", "hours": ["Mon-Sun 08:00-20:00"]}],
            },
            "policy": {
                "after_attempts": "close",
                "scoring": {"offer_points": {"lead": 100.0, "brochure": -1000.0}, "fit_weight": 0.0},
                "sla": {"attempts": 5, "gap": "36h", "preparation": "0min", "window": "90d"},
                "marketing": {"nurture_every": 0},
                "order": {"work": "fifo"},
            },
            "run": {
                "start": "2024-01-01", "time_zone": "Europe/Berlin",
                "warmup_days": 0, "horizon_days": 182, "followup_days": 90, "max_touches": 10, "max_meetings": 3,
            },
            "search": {"variables": {}},
        },
        where="the company",
        name="recovery",
    )  # fmt: skip


def truths() -> dict[str, float]:
    """Return what each judged parameter is, but for the win shares, which depend on who is reached when."""
    out: dict[str, float] = {"arrivals.dispersion": 1.0}
    for j, weight in enumerate(WEEKDAYS):
        out[f"market.shape.weekday_weights.{j}"] = weight / float(np.mean(WEEKDAYS))
    for h, weight in enumerate(HOURS):
        out[f"market.shape.hour_weights.{h}"] = weight / float(np.mean(HOURS))
    for m in range(6):
        out[f"market.shape.month_weights.{m}"] = MONTHS[m] / float(np.mean(MONTHS[:6]))
    for name, (visitors, share) in CHANNELS.items():
        out[f"arrivals.leads_per_day.{name}"] = visitors * share
        out[f"channels.{name}.visit_to_lead"] = share
        out[f"channels.{name}.offers.not_called"] = NOT_CALLED[name]
    out |= {f"market.reach.{name}": value for name, value in REACH.items()}
    out |= {"lengths.talk_line_mean": TALK[0], "lengths.talk_line_sigma": TALK[1]}
    out |= {"market.deal.value_mean": VALUE[0], "market.deal.value_sigma": VALUE[1]}
    out |= {"deals.close_days_median": CLOSE[0], "deals.close_days_sigma": CLOSE[1]}
    out |= {"deals.win_share_contacted": ABLE * READY * WON, "deals.win_fall_per_day": WIN_FALL}
    return out


def will_be_won(played: Played) -> np.ndarray:
    """Return which leads are won or will be, by their own luck: (n,)."""
    leads, outcomes = played.leads, played.outcomes
    since = np.maximum(leads.created, np.minimum(leads.ready_from, 2**61))
    soon = (outcomes.contact_at >= 0) & (outcomes.contact_at - since <= leads.win_until)
    return np.isin(outcomes.state, [State.WON, State.OPPORTUNITY]) & leads.able & soon


def fits(count: int, first: int = 0) -> Iterator[tuple[dict[str, Any], dict[str, tuple[int, int]]]]:
    """Yield (parameter by path, (leads that will be won, leads) by channel) of each history."""
    scenario = company()
    for r in range(first, first + count):
        played = play(scenario, draw(scenario, r))
        history = history_of(played, followup=False)
        found = fit_blocks(history)
        horizon = history.leads.n
        wins = will_be_won(played)[:horizon]
        channel = played.leads.channel[:horizon]
        eventually = {"": (int(wins.sum()), horizon)}
        for c, name in enumerate(scenario.market.channels):
            eventually[f".{name}"] = (int(wins[channel == c].sum()), int((channel == c).sum()))
        yield {p.path: p for p in found.parameters}, eventually


def band(count: int, parameters: int, level: float = LEVEL, overall: float = 0.99) -> tuple[float, float]:
    """Return the coverages within which all parameters lie with probability `overall`, if every interval is right."""
    tail = (1.0 - overall) / parameters / 2.0
    return float(stats.binom.ppf(tail, count, level)) / count, float(stats.binom.isf(tail, count, level)) / count


def coverage(count: int, first: int = 0) -> dict[str, dict[str, float]]:
    """Return for each judged parameter: truth, mean estimate, bias in standard deviations, coverage, misses below."""
    known = truths()
    rows: dict[str, list[tuple[float, float, float]]] = {}
    eventually: dict[str, list[tuple[int, int]]] = {}
    for parameters, wins in fits(count, first):
        for path in [*known, *(f"deals.win_share{suffix}" for suffix in wins)]:
            p = parameters[path]
            rows.setdefault(path, []).append((p.low, p.estimate, p.high))
        for suffix, pair in wins.items():
            eventually.setdefault(suffix, []).append(pair)
    for suffix, pairs in eventually.items():
        known[f"deals.win_share{suffix}"] = sum(k for k, _ in pairs) / sum(n for _, n in pairs)
    out = {}
    for path, truth in known.items():
        low, estimate, high = np.array(rows[path]).T
        out[path] = {
            "truth": truth,
            "mean": float(estimate.mean()),
            "bias_sd": float((estimate.mean() - truth) / max(estimate.std(ddof=1), 1e-300)),
            "coverage": float(((low <= truth) & (truth <= high)).mean()),
            "above": float((low > truth).mean()),
            "below": float((high < truth).mean()),
        }
    return out


def main(count: int, file: str | None) -> None:
    """Print the table, and write it to `file` as JSON."""
    began = time.process_time()
    found = coverage(count)
    low, high = band(count, len(found))
    print(f"{count} fits, {len(found)} parameters, band {low:.3f} to {high:.3f}\n")
    print("| parameter | truth | mean estimate | bias, sd | coverage | interval above, below | |")
    print("|---|---|---|---|---|---|---|")
    outside = 0
    for path, row in found.items():
        inside = low <= row["coverage"] <= high
        outside += not inside
        print(
            f"| `{path}` | {row['truth']:.4g} | {row['mean']:.4g} | {row['bias_sd']:+.2f} | {row['coverage']:.3f} "
            f"| {row['above']:.3f}, {row['below']:.3f} | {'' if inside else 'outside'} |"
        )
    seconds = time.process_time() - began
    print(f"\n{outside} outside; {seconds:.0f} s of processor time", file=sys.stderr)
    if file:
        with open(file, "w") as stream:
            json.dump({"fits": count, "band": [low, high], "parameters": found}, stream, indent=1)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    target = arguments[arguments.index("--json") + 1] if "--json" in arguments else None
    main(int(arguments[0]) if arguments and arguments[0].isdigit() else 500, target)
