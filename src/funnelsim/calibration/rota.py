"""Who was at work on each day of a history, and from when to when: its own rota, to play its own leads again.

A rep is there on the days that count as worked (`headcount.attendance`), from its first attempt, since work has piled
up by then, to somewhat after its last: where n attempts are spread evenly over a shift, the last one comes about
1 / (n - 1) of the time between first and last before its end. It is there at least as long as it usually is in that
month (medians). So the evening on which two of ten stayed until nine is in it, and so are holidays, a slack week and a
month with longer hours. After the history's last day those who were there in its last two weeks go on with their usual
weekdays. For what is to come, `fit_practice.seats` make typical weeks of it.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from funnelsim.calibration.fit_practice import RepDays, clock_text, hours_text, rep_days, shift_ends
from funnelsim.calibration.history import History
from funnelsim.records import Bool, Float64

STILL_THERE_DAYS = 14
USUAL_DAYS = 56


def rota(history: History, *, role: str = "sales", cost_per_hour: float = 20.0) -> list[dict[str, Any]]:
    """Return the team as `team.reps` of a scenario: one group a rep, with a shift for each day worked.

    Args:
        history: With touches that name reps (or leads that name owners); empty without.
        role: Role of every rep.
        cost_per_hour: Assumed.
    """
    worked = rep_days(history)
    if worked is None:
        return []
    opens, closes = _usual(history, worked)
    made: list[dict[str, Any]] = []
    for rep in np.unique(worked.rep):
        mine = np.flatnonzero(worked.rep == rep)
        days = worked.day[mine]
        dates = [history.first_day + dt.timedelta(days=int(day)) for day in days]
        group: dict[str, Any] = {
            "role": role,
            "name": f"rep {len(made) + 1}",
            "hours": hours_text(_weekdays(history, worked, mine), opens[mine].mean(), closes[mine].mean()),
            "days_off": [f"{history.first_day}..{history.last_day}"],
            "shifts": [
                f"{date} {clock_text(opens[i])}-{clock_text(closes[i])}" for date, i in zip(dates, mine, strict=True)
            ],
            "cost_per_hour": cost_per_hour,
        }
        if dates[0] > history.first_day:
            group["starts"] = dates[0]
        if days[-1] < worked.days - STILL_THERE_DAYS:
            group["leaves"] = dates[-1] + dt.timedelta(days=1)
        made.append(group)
    return made


def _usual(history: History, worked: RepDays) -> tuple[Float64, Float64]:
    """Return opening and closing hour of each rep-day: (r,) each."""
    begins = history.clock().month_starts
    midnights = history.clock().midnights
    month = np.searchsorted(begins, midnights[worked.day], side="right")
    opens, closes = worked.first_hour.copy(), shift_ends(worked)
    for key in np.unique(worked.rep * 1000 + month):
        mine: Bool = worked.rep * 1000 + month == key
        opens[mine] = np.minimum(opens[mine], np.median(opens[mine]))
        closes[mine] = np.maximum(closes[mine], np.median(closes[mine]))
    return opens, np.minimum(np.maximum(closes, opens + 0.5), 24.0)


def _weekdays(history: History, worked: RepDays, mine: Any) -> list[int]:
    """Return the weekdays on which a rep was there at least every other week, of late; the commonest where none was."""
    days = worked.day[mine]
    lately = days[days >= min(worked.days - USUAL_DAYS, days[-1])]
    counts = np.bincount((history.first_day.weekday() + lately) % 7, minlength=7)
    weeks = min(USUAL_DAYS, worked.days) / 7.0
    usual = np.flatnonzero(counts >= 0.5 * weeks).tolist()
    return usual or [int(np.argmax(counts))]
