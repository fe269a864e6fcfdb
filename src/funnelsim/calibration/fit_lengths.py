"""Lengths of talks, from the time on the line; and between which bounds the effort of an attempt lies.

The line says how long people talked, not how long the rep was busy: notes, research and waiting are not in it. So
`effort.talk` starts from the line time, and what an attempt takes beyond it is estimated with the policy in force
(`fit_policy`), between the pace of busy stretches and the open time that there was.
"""

from __future__ import annotations

import numpy as np

from funnelsim.calibration.fit_parameter import Assumed, Block, Entry, block, nothing
from funnelsim.calibration.history import History
from funnelsim.records import Row

MINUTE_MS = 60_000


def fit_lengths(history: History) -> Block:
    """Return the mean (minutes) and the log-spread of the line time of talks: a lognormal by maximum likelihood.

    With m and s^2 of the logarithms of n lengths, the logarithm of the mean m + s^2 / 2 has variance s^2 / n + s^4 / 2n
    (Cox's method; Zhou & Gao 1997, Statistics in Medicine 16).
    """
    touches = history.touches
    if touches is None:
        return nothing(Assumed("market.effort.talk", "the default", "no touches"))
    talk = touches.connected & (touches.kind == Row.CALL) & (touches.duration_ms > 0)
    minutes = touches.duration_ms[talk] / MINUTE_MS
    n = int(minutes.size)
    if n < 20:
        return nothing(Assumed("market.effort.talk", "the default", f"only {n} talks of known length"))
    logs = np.log(minutes)
    spread = float(logs.std(ddof=1))
    mean = float(np.exp(logs.mean() + spread**2 / 2))
    shortest = float(minutes.min())
    cut = ""
    if (minutes < 1.25 * shortest).mean() > 0.03:
        cut = f"shorter calls are no contact (the shortest talk lasts {shortest:.1f} min): the lower tail is cut off"
    rows: list[Entry] = [
        ("lengths.talk_line_mean", mean, "log", "min", "lognormal maximum likelihood, line time only", n,
         "administration is not on the line; effort.talk also holds it"),
        ("lengths.talk_line_sigma", spread, "log", "log units", "lognormal maximum likelihood, line time only", n, cut),
    ]  # fmt: skip
    covariance = np.array([[spread**2 / n + spread**4 / (2 * n), spread**2 / (2 * n)], [spread**2 / (2 * n), 0.5 / n]])
    assumed = (Assumed("market.effort.meeting", "not used", "deals close by delay: later talks are call-backs"),)
    return block(rows, covariance, assumed=assumed)
