"""Where each number of a rep stands in its row of `Floor.rep`. Who is gone has STARTS at NEVER, and no SHIFTS."""

(
    TEAM, OPENS, SHIFTS, NEXT_SHIFT, OPEN, SINCE, BUSY, STARTS, RAMP, RAMPS, PERMILLE, MAX_LEADS, MAX_OPPORTUNITIES,
    LEADS, OPPORTUNITIES, WEIGHT, LEAD_TURN, OPPORTUNITY_TURN, SERVES, RESERVED,
    # The work in hand; IN_HAND is what it is, and deal work has its whole row here, since its lead may be gone.
    IN_HAND, ON, START, PLANNED_END, EPISODE, ATTEMPT, NUMBER, TIER, SCORE, QUEUED, FROM,
    LEAVES,
) = range(32)  # fmt: skip
SIZE = 32

# What is in hand.
NOTHING, TOUCH, MEETING, DEAL_WORK = range(4)
