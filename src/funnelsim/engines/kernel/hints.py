"""What the kernel tells the processor: what it will look up soon, what hardly ever happens. No answer depends on it.

Leads are looked up in no order that a processor could guess, and what is not in its caches takes as long as two hundred
steps. Asked for a little ahead, it is there in time: a quarter of the time of a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import signature
from numba.extending import intrinsic

from funnelsim.engines.kernel.floor import Table
from funnelsim.engines.kernel.tables import TableType, as_index, is_place, pointer


def _prefetch(table: Any, place: Any, *, to_write: bool) -> Any:
    """Return the type of a request for a place in a table, and what makes the code of it; None for anything else."""

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = builder.bitcast(pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1]), cgutils.voidptr_t)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [cgutils.voidptr_t], kind)
        builder.call(prefetch, [at, number(int(to_write)), number(3), number(1)])  # 3: to be kept; 1: data, not code
        return context.get_dummy_value()

    if isinstance(table, TableType) and is_place(place):
        return signature(types.none, table, as_index(place)), lower
    return None


if TYPE_CHECKING or numba.config.DISABLE_JIT:

    def fetch(table: Table, place: int | tuple[int, int]) -> None:
        """Ask for a number that will be read soon; any place will do, even one that is not there."""

    def fetch_to_write(table: Table, place: int | tuple[int, int]) -> None:
        """Ask for the place of a number that will be written soon."""

    def rarely(condition: bool) -> bool:
        """Return the condition; what is done where it holds is put out of the way of what is done mostly."""
        return condition

    def lowest_bit(number: int) -> int:
        """Return the place of the lowest bit of a number that is not 0."""
        return int(number & -number).bit_length() - 1

else:

    @intrinsic
    def fetch(typing: Any, table: Any, place: Any) -> Any:
        """Compile `fetch` as above."""
        return _prefetch(table, place, to_write=False)

    @intrinsic
    def fetch_to_write(typing: Any, table: Any, place: Any) -> Any:
        """Compile `fetch_to_write` as above."""
        return _prefetch(table, place, to_write=True)

    @intrinsic
    def rarely(typing: Any, condition: Any) -> Any:
        """Compile `rarely` as above."""

        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            bit = ir.IntType(1)
            expect = cgutils.get_or_insert_function(builder.module, ir.FunctionType(bit, [bit, bit]), "llvm.expect.i1")
            return builder.call(expect, [args[0], bit(0)])

        return signature(types.boolean, types.boolean), lower

    @intrinsic
    def lowest_bit(typing: Any, number: Any) -> Any:
        """Compile `lowest_bit` as above."""

        def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return builder.cttz(args[0], ir.IntType(1)(1))

        return signature(types.int64, types.int64), lower
