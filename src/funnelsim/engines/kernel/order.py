"""Putting rows in order."""

from __future__ import annotations

from funnelsim.engines.kernel.floor import Table, part


@part
def precedes(table: Table, by: tuple[int, ...], a: int, b: int) -> bool:
    """Return whether row `a` sorts strictly before row `b` by the columns `by`, the first of which decides first."""
    for j in by:
        if table[j, a] != table[j, b]:
            return table[j, a] < table[j, b]
    return False


@part
def in_order(table: Table, n: int, by: tuple[int, ...], work: Table) -> int:
    """Sort the first `n` rows of a table (columns, rows) by the columns `by`; return in which row of `work` they stand.

    A natural merge sort: rows that are in order already, as most are, cost one comparison each; equal ones keep theirs.
    `work` is (3, at least n + 1).
    """
    runs = 0
    for row in range(n):
        work[0, row] = row
        if row == 0 or precedes(table, by, row, row - 1):
            work[2, runs] = row
            runs += 1
    work[2, runs] = n
    this = 0
    while runs > 1:
        merged = 0
        for j in range(0, runs, 2):
            low, middle, high = work[2, j], work[2, min(j + 1, runs)], work[2, min(j + 2, runs)]
            a, b = low, middle
            for to in range(low, high):
                if a < middle and (b == high or not precedes(table, by, work[this, b], work[this, a])):
                    work[1 - this, to] = work[this, a]
                    a += 1
                else:
                    work[1 - this, to] = work[this, b]
                    b += 1
            work[2, merged] = low
            merged += 1
        work[2, merged] = n
        runs = merged
        this = 1 - this
    return this


@part
def put_in_order(table: Table, n: int, columns: int, by: tuple[int, ...], work: Table) -> None:
    """Sort the first `n` rows of a table (columns, rows) by the columns `by`; only rows out of place are moved."""
    this = in_order(table, n, by, work)
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
