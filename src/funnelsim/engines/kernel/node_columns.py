"""Where each number of an entry of a work list stands in its row of `Floor.node`.

Entries of a list form, for each lane (a class of work and a length), a queue for each tier and a pairing heap. Most
come in the order in which they are served, and stand in the queue of their tier; those that come out of turn stand in
the heap. The first eight numbers, a line of the processor's cache, are those that queues and heaps look at; the others
belong to deal work.
"""

(
    KEY, DUE, WHO, TASK, CHILD, NEXT, LANE, LENGTH,
    LIST, PREVIOUS_PIECE, NEXT_PIECE, EPISODE, ATTEMPT, TIER, SCORE, QUEUED,
) = range(16)  # fmt: skip
SIZE = 16

# Lanes in the order of classes: meetings, call-backs and replies, deal work, first touches, later touches.
MEETINGS = 0
CALLBACKS = 1  # by length
PIECES = 9  # deal work of a whole slot
REST = 10  # and what is left over, of any length
FIRST = 11  # by length
LATER = 19  # by length
LANES = 27
FREE = -1

QUEUED_AS = -2  # CHILD of an entry in a queue is QUEUED_AS - tier; in a heap it is at least -1

# A row of `Floor.lists`: how many stand in it, which lanes may hold something, a length than which no piece in the lane
# REST is shorter, the root of each lane's heap, and the first and the last of the queues, three to a lane.
COUNT, MASK, SHORTEST, ROOTS = range(4)
FIRSTS = ROOTS + LANES
LASTS = FIRSTS + 3 * LANES
LIST_SIZE = LASTS + 3 * LANES
