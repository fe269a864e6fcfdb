"""Where each number of a team stands in its row of `Floor.team`."""

(WAITING, ESCALATED, DIRTY, UNASSIGNED, OPENS, SHIFTS, MEMBERS, REPS, IDLE) = range(9)
# From TURNS on: whose turn it was, by duty (leads, opportunities) and segment (none first). After them the idle reps.
TURNS = 9
