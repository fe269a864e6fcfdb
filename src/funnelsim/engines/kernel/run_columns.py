"""Where each number of the run as a whole stands in `Floor.g`: counters first, then what the policy and the world say.

A term takes two places: its ms, and whether it is counted in business time.

WORD to RELEASED say what comes next in the present step, so that every part of a life stands in the kernel once: a word
that ends the lead's wait, where it goes on being worked (and the RESULT of what went before), how its meetings ended,
with what result it leaves sales, and whether the place of a lead was freed.
"""

(
    NOW, END, NEAR, FAR, LINKS, FREE_LINK, ROWS, NODES, FREE_NODE, SLOTS, FREE_SLOT, SERIAL, DIRTY, FRESH,
    FIRST_PENDING, LAST_PENDING, MOST_RESERVED, PIECES_WAITING, FOUND, FOUND_LIST, FOUND_LANE, CLOSING, HANDED_ON,
    ARRIVED, ARRIVING, SPAN, PUT_BY, CLOSED_ROWS, WORD, AT, RESULT, MET, LEAVES, RELEASED,
    MOST_FAR, MOST_LINKS, MOST_FRESH, MOST_SLOTS, MOST_NODES, MOST_ROWS, MOST_RESERVATIONS,
    N_LEADS, N_REPS, N_TEAMS, TOUCH_TEAM, CLOSE_TEAM, SEGMENTS, POOLED, ROUTING, ORDER, ONE_CLASS, RECYCLES, ON_BREACH,
    CLOSE_AFTER, COOL_OFF, SLOT, RESERVED, NOTICE, _NOTICE, REBOOKINGS, HAS_ACCEPT, ACCEPT, _ACCEPT, BOOK_AHEAD,
    _BOOK_AHEAD, QUALIFYING_TALK, CALLBACKS, SELF_SCHEDULING, DEDUPLICATION,
    MAX_TOUCHES, MAX_MEETINGS, NO_SHOW, FROM_AVAILABLE, BY_DELAY, SYNC_BUSINESS, GIVES_UP,
    UNPREPARED, MOST_PIECES, FINAL_STATE,
) = range(79)  # fmt: skip
N_RESULTS = 32  # a final state for each result, from FINAL_STATE on
LENGTHS = FINAL_STATE + N_RESULTS  # the lengths of touches that differ, at most N_LENGTHS
N_LENGTHS = 8
LENGTH_OF = LENGTHS + N_LENGTHS  # 4 x kind (call, e-mail) + 0 where prepared, else 1 + tier: which of the lengths it is
TIERS = LENGTH_OF + 8

# The terms of tier t stand from TIERS + t * TIER_SIZE on; GAPS and TOUCHES say where in `g` its gaps (a term each) and
# the kinds of its touches stand, behind everything else.
(FIRST_TOUCH, _FIRST_TOUCH, LATER_TOUCH, _LATER_TOUCH, EARLIEST, _EARLIEST, WINDOW, _WINDOW, ATTEMPTS, PREPARATION,
 GAPS, TOUCHES) = range(12)  # fmt: skip
TIER_SIZE = 12
SIZE = TIERS + 3 * TIER_SIZE
