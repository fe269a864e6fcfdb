"""The plan behind a target where nobody wrote one: everybody acts as the study's own standard says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from funnelsim.config.durations import DAY_MS, Duration
from funnelsim.config.paths import get_value
from funnelsim.config.scenario import Scenario
from funnelsim.lab.attribution import ALL_BUT_VOLUME, needed_volume, play_coalitions
from funnelsim.lab.inputs import Setting
from funnelsim.lab.vary import WORLD_TABLES

AMPLE = 10
"""So many times the reps are as good as no limit."""
YEAR_DAYS = 365
_TIERS = ("A", "B", "C")


def by_the_standard(actual: Scenario, references: Mapping[str, Any] | None = None) -> Scenario:
    """Return `actual` worked as `run.standard` says, with reps enough; volume and quality are as they are.

    - *effort*: at least the standard's attempts, and a window of at least its days; call-backs are diarised, nobody is
      given up early.
    - *speed*: a lead is handed over when it qualifies, and the standard's attempts fit into the standard's days.
    - *capacity*: `AMPLE` times the reps, without a cap on what they may own, so that no work waits for one.

    Args:
        actual: The scenario as it is.
        references: Further values by path, as in a scenario file; they come last.

    Raises:
        InputError: where a rule of scenarios is broken, or a path does not exist.
    """
    standard, policy = actual.run.standard, actual.policy
    changed: dict[str, Any] = {"callbacks": True}
    day, most = Duration(1.0, "d"), standard.days * DAY_MS
    for tier in ("", *_TIERS):
        table = f"sla.{tier}." if tier else "sla."
        own = getattr(policy.sla, tier) if tier else policy.sla
        terms = policy.sla.of_tier(tier) if tier else policy.sla  # type: ignore[arg-type]  # one of the three
        attempts = max(terms.attempts, standard.attempts)
        if not tier or own.attempts is not None:
            changed[f"{table}attempts"] = attempts
        if (not tier or own.window is not None) and terms.window.ms() < most:
            changed[f"{table}window"] = day.scaled_to(standard.days)
        pace = day.scaled_to(float(f"{standard.days / standard.attempts:.6g}"))
        if not tier or own.gap is not None or own.gaps is not None:
            gaps = terms.gaps or [terms.gap]
            if any(gap.ms() > pace.ms() for gap in gaps):
                changed[f"{table}gap"] = pace
    spells = 1 + int(get_value(policy, "routing.recycles"))
    most_attempts = actual.run.max_touches // spells
    for path, value in changed.items():
        if path.endswith("attempts"):
            changed[path] = min(value, most_attempts)
    world: dict[str, Any] = {"market.sync_latency": "0min", "market.temper.given_up_share": 0.0}
    if actual.market.sync_delay is not None:
        world["market.sync_delay"] = "none"
    changed |= {path: v for path, v in (references or {}).items() if path.split(".")[0] not in WORLD_TABLES}
    world |= {path: v for path, v in (references or {}).items() if path.split(".")[0] in WORLD_TABLES}
    ample = _with_ample_reps(actual)
    return Setting(tuple(changed.items()), tuple(world.items())).applied(ample)


def _with_ample_reps(scenario: Scenario) -> Scenario:
    free = {"max_open_leads": None, "max_open_opportunities": None}
    groups = [group.model_copy(update={"count": AMPLE * group.count, **free}) for group in scenario.team.reps]
    headcount = {role: AMPLE * count for role, count in scenario.policy.headcount.items()}
    return scenario.model_copy(
        update={
            "team": scenario.team.model_copy(update={"reps": groups}),
            "policy": scenario.policy.model_copy(update={"headcount": headcount}),
        }
    )


def over_the_window(a_year: float, scenario: Scenario) -> float:
    """Return what an amount a year comes to over the days that `scenario` measures."""
    return a_year * scenario.run.horizon_days / YEAR_DAYS


def with_needed_leads(
    actual: Scenario, plan: Scenario, target: float, *, replications: Sequence[int], where: str, **how: Any
) -> tuple[Scenario, float]:
    """Return `plan` with the leads that bring `target`, and how many times those of `actual` they are.

    Args:
        actual: The scenario as it is.
        plan: Everything but volume as it ought to be (see `by_the_standard`).
        target: Revenue over the measured window, > 0.
        replications: On which it is found.
        where: Origin of the target, for messages.
        how: `jobs`, `engine`, `executor` and `progress`, as in `play_coalitions`.

    Raises:
        InputError: where no sensible number of leads brings it.
    """
    worth = play_coalitions(
        actual, plan, measure="revenue", replications=replications, only=[ALL_BUT_VOLUME], **how
    )  # fmt: skip
    volume = needed_volume(worth, target, where=where)
    return with_volume(plan, volume), volume


def with_volume(scenario: Scenario, factor: float) -> Scenario:
    """Return `scenario` with `factor` times the visitors of every channel, for as many times the spend."""
    channels = {
        name: channel.model_copy(
            update={
                "visitors_per_day": channel.visitors_per_day * factor,
                "spend_per_month": channel.spend_per_month * factor,
            }
        )
        for name, channel in scenario.market.channels.items()
    }
    return scenario.model_copy(update={"market": scenario.market.model_copy(update={"channels": channels})})
