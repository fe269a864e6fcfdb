"""Putting rows in order."""

from __future__ import annotations

from funnelsim.engines.kernel.floor import Table, part

NEIGHBOURS = 32  # how far a row may be moved one by one


@part
def precedes(table: Table, by: tuple[int, ...], a: int, b: int) -> bool:
    """Return whether row `a` sorts strictly before row `b` by the columns `by`, the first of which decides first."""
    for j in by:
        if table[j, a] != table[j, b]:
            return table[j, a] < table[j, b]
    return False


@part
def runs_merged(table: Table, by: tuple[int, ...], work: Table, base: int, n: int) -> int:
    """Sort the rows that `work[0, base:base + n]` names; return in which row of `work` they then stand.

    A natural merge sort: rows that are in order already cost one comparison each; equal ones keep theirs.
    """
    runs = 0
    for at in range(n):
        if at == 0 or precedes(table, by, work[0, base + at], work[0, base + at - 1]):
            work[2, base + runs] = at
            runs += 1
    work[2, base + runs] = n
    this = 0
    while runs > 1:
        merged = 0
        for j in range(0, runs, 2):
            low, middle, high = work[2, base + j], work[2, base + min(j + 1, runs)], work[2, base + min(j + 2, runs)]
            a, b = low, middle
            for to in range(low, high):
                if a < middle and (
                    b == high or not precedes(table, by, work[this, base + b], work[this, base + a])
                ):
                    work[1 - this, base + to] = work[this, base + a]
                    a += 1
                else:
                    work[1 - this, base + to] = work[this, base + b]
                    b += 1
            work[2, base + merged] = low
            merged += 1
        work[2, base + merged] = n
        runs = merged
        this = 1 - this
    return this


@part
def in_order(table: Table, n: int, by: tuple[int, ...], work: Table) -> int:
    """Sort the first `n` rows of a table (columns, rows) by the columns `by`; return in which row of `work` they stand.

    `work` is (3, at least n + 1).
    """
    for row in range(n):
        work[0, row] = row
    return runs_merged(table, by, work, 0, n)


@part
def nearly_in_order(table: Table, n: int, by: tuple[int, ...], work: Table, first_stray: int, kind: int) -> int:
    """Sort as `in_order` does, faster where few rows but strays are out of place, and these by little.

    Strays are the rows from `first_stray` on, and those whose first number is `kind`. `work` is (3, at least n + 1).
    """
    # The others from the left, each put in its place among its neighbours; strays from the right.
    kept, strays, settled = 0, 0, True
    for row in range(n):
        if row >= first_stray or table[0, row] == kind:
            strays += 1
            work[1, n - strays] = row
            continue
        at = kept
        while at > 0 and precedes(table, by, row, work[0, at - 1]):
            if kept - at == NEIGHBOURS:
                settled = False
                break
            work[0, at] = work[0, at - 1]
            at -= 1
        work[0, at] = row
        kept += 1
    for at in range(strays):
        work[0, kept + at] = work[1, n - 1 - at]
    if not settled:
        return runs_merged(table, by, work, 0, n)
    if strays == 0:
        return 0
    this = runs_merged(table, by, work, kept, strays)
    if this == 1:
        for at in range(kept, n):
            work[0, at] = work[1, at]
    a, b = 0, kept
    for to in range(n):
        if a < kept and (b == n or not precedes(table, by, work[0, b], work[0, a])):
            work[1, to] = work[0, a]
            a += 1
        else:
            work[1, to] = work[0, b]
            b += 1
    return 1


@part
def put_in_order(table: Table, n: int, columns: int, work: Table, this: int) -> None:
    """Put the first `n` rows of a table (columns, rows) in the order that row `this` of `work` gives."""
    other = 1 - this
    start = 0
    while start < n:
        if work[this, start] == start:
            start += 1
            continue
        end, reach = start + 1, work[this, start] + 1  # the rows from `start` to `end` change places among themselves
        while end < reach:
            reach = max(reach, work[this, end] + 1)
            end += 1
        for j in range(columns):
            for row in range(start, end):
                work[other, row] = table[j, work[this, row]]
            for row in range(start, end):
                table[j, row] = work[other, row]
        start = end
