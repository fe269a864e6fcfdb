"""The team that was at work in a history, as a team of a scenario."""

from __future__ import annotations

from typing import Any

from funnelsim.calibration.fit_practice import seats
from funnelsim.calibration.headcount import attendance
from funnelsim.calibration.history import History
from funnelsim.calibration.rota import rota
from funnelsim.config.scenario import Scenario
from funnelsim.config.team import Reps, Team


def team_of(history: History, base: Team) -> Team:
    """Return `base` with the history's own headcount in the role that touches leads, in typical weeks.

    As in a calibration: seats with weekdays and hours, as many in each week as were at work (`fit_practice.seats`), at
    the cost and limits of the first group of `base`; a policy may want more of them, or fewer. Of a role that does not
    touch leads the history says nothing.

    Args:
        history: With touches.
        base: The team of the scenario.

    Raises:
        InputError: where there are no touches, or nobody can be told to have made any.
    """
    return _with_groups(history, base, seats)


def team_as_it_was(history: History, base: Team) -> Team:
    """Return `base` with those who were at work on each day of the history, from when to when (`rota.rota`).

    To play a history's own leads under the policy in force. Arguments and errors as of `team_of`.
    """
    return _with_groups(history, base, rota)


def crew_of(history: History) -> Team | None:
    """Return those who were at work on each day, in one role as in a calibration; None where nobody can be told."""
    groups = rota(history) if history.touches is not None else []
    return Team.model_validate({"touch_role": "sales", "close_role": "sales", "reps": groups}) if groups else None


def staffed(scenario: Scenario, crew: Team | None) -> Scenario:
    """Return the scenario with this team, where there is one."""
    return scenario if crew is None else scenario.model_copy(update={"team": crew})


def _with_groups(history: History, base: Team, groups_of: Any) -> Team:
    attendance(history)  # says what is missing
    typical = next(group for group in base.reps if group.role == base.touch_role)
    common = typical.model_dump() | dict.fromkeys(("starts", "leaves", "time_zone", "holidays"))
    common |= {"days_off": [], "shifts": [], "ramp": []}
    found = groups_of(history, role=base.touch_role, cost_per_hour=typical.cost_per_hour)
    groups = [Reps.model_validate(common | {"count": 1} | group) for group in found]
    return base.model_copy(update={"reps": [*groups, *(g for g in base.reps if g.role != base.touch_role)]})
