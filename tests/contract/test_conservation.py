"""What the records of a run must agree on, however it is read: the figures of the agreement from the log alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from funnelsim.calendar import Clock, business_between
from funnelsim.lab.play import Played
from funnelsim.records import Result, Row
from funnelsim.roster import build_agreement

from .books import after, last_episodes, table
from .worlds import play_watched, random_scenario

HOUR_MS = 3_600_000
TALKED = (
    Result.SQL, Result.BOOKED, Result.CALLED_BACK, Result.NURTURE, Result.DISQUALIFIED, Result.LOST_TO_ANOTHER,
    Result.TIRED, Result.REJECTED, Result.OPPORTUNITY, Result.MET, Result.WON, Result.LOST,
)  # fmt: skip
FIGURES = (
    "handovers", "first_touch_attainment", "worked_in_window_share", "worked_within_48h_share", "attempts_mean",
    "handovers_untouched_share", "speed_to_lead_median_hours", "speed_to_lead_p90_hours", "speed_to_lead_p95_hours",
    "speed_to_lead_median_business_hours", "speed_to_lead_p90_business_hours", "speed_to_lead_p95_business_hours",
)  # fmt: skip


def read_off(played: Played) -> dict[str, float]:
    """Return the figures of the agreement from the rows of the touch log, one handover after the other.

    A row belongs to the handover by its episode: the rows of a handover are those of the episodes after the last one
    of the handover before it, up to its own.
    """
    scenario, log = played.scenario, table(played)
    agreement = build_agreement(scenario, played.roster)
    hours = played.roster.team_calendars[played.roster.touch_team]
    clock = Clock.of(scenario.run)
    judged_until = clock.end - round(scenario.run.standard.days * 24 * HOUR_MS)
    last = last_episodes(log)
    log = log[log.kind != Row.DEAL_WORK].copy()
    log["handover"] = [int(np.searchsorted(last[i], e)) for i, e in zip(log.lead, log.episode, strict=True)]
    groups = dict(iter(log.groupby(["lead", "handover"])))
    lines: list[dict[str, Any]] = []
    for row in log[log.kind == Row.HANDOVER].itertuples():
        booked_itself = row.due_at < 0
        if booked_itself or not clock.measured_from <= row.start < clock.measured_until:
            continue
        mine = groups[row.lead, row.handover].sort_values("queued_at")
        dials = sorted(mine[mine.kind.isin([Row.CALL, Row.EMAIL, Row.CALLBACK]) & (mine.dial >= 0)].dial)
        talks = mine[mine.result.isin(TALKED) & mine.kind.isin([Row.CALL, Row.CALLBACK, Row.REPLY, Row.MEETING])].dial
        annoyed = (mine.result[mine.kind.isin([Row.CALL, Row.EMAIL, Row.CALLBACK])] == Result.TOO_SOON).any()
        window = mine[mine.kind == Row.WINDOW].start.min() if (mine.kind == Row.WINDOW).any() else None
        terms = agreement.tiers[row.tier]
        until = None if window is None else after(played, window, terms.window)
        first = dials[0] if dials else None
        lines.append({
            "kept": first is not None and first <= row.due_at if row.due_at < clock.end else None,
            "worked": None if until is None or until >= clock.end else bool(
                (talks <= until).any()
                or (len(dials) >= terms.attempts and dials[terms.attempts - 1] <= until)
                or (annoyed and row.end <= until)
            ),
            "in_48h": first is not None and first <= row.start + 48 * HOUR_MS
            if row.start + 48 * HOUR_MS < clock.end else None,
            "attempts": len(dials) if row.start <= judged_until else None,
            # A lead whose touches of a whole life are spent could not be touched.
            "untouched": not dials and row.result != Result.EXHAUSTED if row.start <= judged_until else None,
            "speed": None if first is None else (first - row.available_at) / HOUR_MS,
            "business": None if first is None else business_between(hours, row.available_at, first) / HOUR_MS,
        })  # fmt: skip
    found = pd.DataFrame(lines, columns=["kept", "worked", "in_48h", "attempts", "untouched", "speed", "business"])

    def mean(column: str) -> float:
        return float(found[column].dropna().astype(float).mean())

    def quantile(column: str, level: float) -> float:
        return float(found[column].dropna().astype(float).quantile(level))

    figures = [float(len(found)), *(mean(c) for c in ("kept", "worked", "in_48h", "attempts", "untouched"))]
    figures += [quantile(column, level) for column in ("speed", "business") for level in (0.5, 0.9, 0.95)]
    return dict(zip(FIGURES, figures, strict=True))


def test_the_figures_of_the_agreement_follow_from_touches_and_calendars_alone():
    compared = 0
    for seed in range(40):
        played = play_watched(random_scenario(seed))
        summary, recomputed = played.summary(), read_off(played)
        own_bookings = (played.touches.kind == Row.HANDOVER) & (played.touches.due_at < 0)
        clock = Clock.of(played.scenario.run)
        start = played.touches.start[own_bookings]
        recomputed["handovers"] += ((start >= clock.measured_from) & (start < clock.measured_until)).sum()

        for name, value in recomputed.items():
            assert summary[name] == pytest.approx(value, rel=1e-12, nan_ok=True), f"{name} of random_scenario({seed})"
            compared += np.isfinite(value)
    assert compared > 300
