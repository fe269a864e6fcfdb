"""What a scenario amounts to, in a few lines."""

from __future__ import annotations

from collections.abc import Sequence

from funnelsim.config.scenario import Scenario
from funnelsim.lab.load import RoleLoad

WIDTH = 9


def summary_of(scenario: Scenario, loads: Sequence[RoleLoad], *, where: str) -> str:
    """Return the scenario's market, team, policy, run, search, what is uncertain, and load, a line each.

    Args:
        scenario: The scenario.
        loads: Its offered load, by role.
        where: Its file, for the heading.
    """
    title = f": {scenario.title}" if scenario.title else ""
    lines = [
        ("market", _market(scenario)),
        ("team", _team(scenario)),
        ("policy", _policy(scenario)),
        ("run", _run(scenario)),
        ("search", _search(scenario)),
        *([("unknown", _uncertain(scenario))] if scenario.uncertain.anything else []),
        ("load", ", ".join(_load(load) for load in loads)),
    ]
    return "\n".join([f"{where}{title}", *(f"  {name:<{WIDTH}}{text}" for name, text in lines)])


def _uncertain(scenario: Scenario) -> str:
    uncertain = scenario.uncertain
    parts = [
        *([_count(len(uncertain.ranges), "range")] if uncertain.ranges else []),
        *([_count(len(uncertain.events), "event")] if uncertain.events else []),
        *(["draws of a calibration"] if uncertain.posterior is not None else []),
    ]
    best = {
        "expectation": "the mean",
        "cvar": f"the worst {uncertain.worst_share * 100:g} %",
        "regret": "the largest regret",
    }[uncertain.criterion]
    return f"{', '.join(parts)}; at most {_count(uncertain.states, 'state')} of the world, judged by {best}"


def _load(load: RoleLoad) -> str:
    return (
        f"{load.role} {load.offered_hours_per_week:,.1f} of {load.open_hours_per_week:,.1f} h a week ({load.ratio:.2f})"
    )


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _market(scenario: Scenario) -> str:
    market = scenario.market
    per_day = sum(c.visitors_per_day * c.visit_to_lead for c in market.channels.values())
    return (
        f"{per_day:.4g} leads a day (before season, trend and bursts) from {_count(len(market.channels), 'channel')}, "
        f"{_count(len(market.offers), 'offer')}"
    )


def _team(scenario: Scenario) -> str:
    team, headcount = scenario.team, scenario.policy.headcount
    roles = dict.fromkeys((team.touch_role, team.close_role))
    listed = {role: sum(group.count for group in team.reps if group.role == role) for role in roles}
    return ", ".join(f"{headcount.get(role, listed[role])} {role}" for role in roles)


def _policy(scenario: Scenario) -> str:
    policy = scenario.policy
    scoring, sla = policy.scoring, policy.sla
    who = {
        "sum": f"MQL by sum of {scoring.cutoff:g} points",
        "and": f"MQL by fit of {scoring.fit_cutoff:g} and intent of {scoring.intent_cutoff:g} points",
        "or": f"MQL by fit of {scoring.fit_cutoff:g} or intent of {scoring.intent_cutoff:g} points",
        "event": "MQL by triggering events",
    }[scoring.rule]
    who = {"every_lead": "every lead to sales", "booked": "booked meetings to sales"}.get(policy.handed_over, who)
    return (
        f"{policy.lifecycle}; {who}; first touch within {sla.first_touch}, "
        f"{_count(sla.attempts, 'attempt')} {sla.gap} apart; {policy.order.work} order, {policy.routing.method} routing"
    )


def _run(scenario: Scenario) -> str:
    run = scenario.run
    return (
        f"{run.warmup_days} + {run.horizon_days} + {run.followup_days} days (warm-up, measured, follow-up) "
        f"from {run.start}, {_count(run.replications, 'replication')}, seed {run.seed}"
    )


def _search(scenario: Scenario) -> str:
    search = scenario.search
    if not search.variables:
        return "nothing to vary"
    goals = ", ".join(goal.measure for goal in search.objectives)
    return (
        f"{_count(len(search.variables), 'variable')}, {_count(search.trials, 'trial')} "
        f"of {_count(search.replications, 'replication')}, for {goals}"
    )
