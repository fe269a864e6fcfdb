"""The team that was at work in a history, as a team of a scenario."""

from __future__ import annotations

from funnelsim.calibration.fit_practice import seats
from funnelsim.calibration.headcount import attendance
from funnelsim.calibration.history import History
from funnelsim.config.team import Reps, Team


def team_of(history: History, base: Team) -> Team:
    """Return `base` with the history's own headcount in the role that touches leads.

    As in a calibration: seats with weekdays and hours, as many in each week as were at work (`fit_practice.seats`), at
    the cost and limits of the first group of `base`. Of a role that does not touch leads the history says nothing.

    Args:
        history: With touches.
        base: The team of the scenario.

    Raises:
        InputError: where there are no touches, or nobody can be told to have made any.
    """
    attendance(history)  # says what is missing
    typical = next(group for group in base.reps if group.role == base.touch_role)
    common = typical.model_dump() | {"starts": None, "days_off": [], "ramp": [], "time_zone": None, "holidays": None}
    found = seats(history, role=base.touch_role, cost_per_hour=typical.cost_per_hour)
    groups = [Reps.model_validate(common | {"count": 1} | seat) for seat in found]
    return base.model_copy(update={"reps": [*groups, *(g for g in base.reps if g.role != base.touch_role)]})
