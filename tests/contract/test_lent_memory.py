"""The memory of a log is used again, and never while somebody looks at the log."""

import numpy as np
import pytest

pytest.importorskip("numba")

from funnelsim.engines.kernel import memory


def test_what_somebody_still_looks_at_is_not_lent_again():
    first = memory.lent((2, 1 << 17))
    first[:] = 1
    column = first[1, 10:20]
    del first

    second = memory.lent((2, 1 << 17))
    second[:] = 2

    assert np.array_equal(column, np.ones(10))


def test_what_nobody_looks_at_any_more_is_lent_again():
    first = memory.lent((2, 1 << 17))
    address = first.__array_interface__["data"][0]
    column = first[1]
    del first
    assert memory.lent((2, 1 << 17)).__array_interface__["data"][0] != address  # the column is looked at
    del column

    again = [memory.lent((1 << 17, 2)) for _ in range(memory.KEPT)]

    assert address in [array.__array_interface__["data"][0] for array in again]


def test_memory_much_too_large_is_not_lent():
    large = memory.lent((1 << 21,))
    address = large.__array_interface__["data"][0]
    del large

    assert memory.lent((1 << 17,)).__array_interface__["data"][0] != address


def test_small_arrays_are_made_afresh():
    array = memory.lent((3, 5))

    assert array.shape == (3, 5)
    assert array.dtype == np.int64
    assert array.base is None
