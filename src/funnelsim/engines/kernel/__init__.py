"""The compiled engine in small rooms: plain functions of integer arrays, which numba turns into machine code.

The story is that of the reference engine (`prospect`, `closing`, `tasks`, `desk`, `rep`, `worklist`), told over arrays:
a record of numbers in place of an object, a stage in place of a suspended generator. What belongs to whom stands in
the `*_columns` modules.
"""
