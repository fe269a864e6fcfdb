"""Where each number of a lead stands in its row of `Floor.lead`, while its life lasts.

`docs/model.md` says what they mean; the names are those of `funnelsim.engines.case.Case`.
"""

(
    # What every touch reads or writes.
    INDEX, STAGE, TOKEN, STATE, SINCE, EPISODE, ATTEMPT, TOUCHES, OWNER, TIER, SCORE, INTEREST, AVAILABLE, DUE,
    CALLED_BACK, FIRST, PREPARED, REPLIED_TO, WINDOW_OVER, WINDOW_OPEN, FIRST_TOUCH_AT, TOO_SOON, QUEUE_PATIENCE,
    SYNC_LATENCY,
    # The task in hand: a touch, a reply or a meeting.
    TASK, KIND, LANE, NUMBER, TASK_ATTEMPT, TASK_EPISODE, TASK_AVAILABLE, TASK_DUE, LIST, QUEUED, WAITING, ESCALATED,
    BREACHED, START, DIAL, RESULT,
    # The handover.
    HANDOVERS, HANDOVER_AT, QUALIFIED_AT, FIRST_DUE, WINDOW_FROM, WINDOW_TO, RECYCLES, REBOOKINGS, QUALIFIED, NAMED_AT,
    REPLIED_AT, AT_EVENT, UNASSIGNED_SINCE, NEXT_PENDING, SEGMENT, IN_SALES,
    # Talks.
    ABLE, READY_FROM, READY_UNTIL, PREP_NEEDED, CONTACT_AT, FIRST_TALK_AT, UNPREPARED, ERRING, MISJUDGED,
    # Meetings and the deal.
    MEETINGS, MEETINGS_LEFT, MEETINGS_NEEDED, CLOSER, LAST_CLOSER, RESERVED, DISTANCE, WANTED, PATIENCE, BORNE,
    AGREEMENTS, ACCEPT, PIECES, FIRST_PIECE, CREATED, WIN_UNTIL, CLOSE_MS,
    # What else is remembered.
    MQL_AT, HANDED_AT, SQL_AT, MET_AT, OPPORTUNITY_AT, CLOSED_AT, FIRST_OWNER, FIRST_TIER, FIRST_SCORE, BURNT,
) = range(92)  # fmt: skip
FORMER = 92  # from here on: former owners of the handover, a bit each, FORMER_BITS to a number
FORMER_BITS = 62

# What a life waits for.
(NOT_YET, SYNCING, UNASSIGNED, BETWEEN, IN_LIST, IN_REPLY, BEFORE_MEETING, IN_MEETING, DECIDING, RESTING, IN_MARKETING,
 OVER) = range(12)  # fmt: skip
# The accept window of the present agreement.
RUNNING, OVERDUE, SPENT = range(3)
