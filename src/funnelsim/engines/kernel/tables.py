"""How the kernel sees arrays: a group of them is one address, at which the address and the row length of each stand.

numba hands an array from function to function in seven numbers and counts who refers to it; a floor of a dozen arrays
that is passed to every part costs more than what the parts do. A group is one number. It neither owns nor checks
anything: whoever calls the kernel keeps the group alive (it holds on to its arrays) and the arrays large enough.

With numba switched off (NUMBA_DISABLE_JIT=1) a group is the named tuple of its arrays, and the kernel is plain Python.
"""

from __future__ import annotations

import operator
import zlib
from functools import cache
from typing import Any

import numba
import numpy as np
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature
from numba.extending import (
    NativeValue,
    lower_builtin,
    lower_getattr_generic,
    models,
    register_model,
    unbox,
)
from numpy.typing import NDArray


class Group:
    """Arrays by name, as the kernel sees them: `group.name[j]` or `group.name[row, column]`."""

    __slots__ = ("_addresses", "_numba_type_", "address", "arrays")

    def __init__(self, kind: Any, arrays: list[NDArray[Any]], widths: dict[str, int]) -> None:
        self.arrays = arrays  # kept alive
        places = [(array.__array_interface__["data"][0], array.shape[-1]) for array in arrays]
        self._addresses = np.array(places, dtype=np.int64)
        self.address: int = self._addresses.__array_interface__["data"][0]
        for name, width in widths.items():
            array = arrays[kind._fields.index(name)]
            if array.shape[-1] != width:
                raise ValueError(f"a row of {name} has {width} numbers, got {array.shape[-1]}")
        # Where numba looks for it.
        self._numba_type_ = group_type(kind, tuple(array.dtype.name for array in arrays), tuple(widths.items()))


def grouped(kind: Any, arrays: dict[str, NDArray[Any]], widths: dict[str, int] | None = None) -> Any:
    """Return the arrays that the named tuple `kind` names, one- or two-dimensional, as the kernel is to see them.

    Booleans are seen as bytes. Nothing is copied but what does not lie in one piece. `widths` are the
    lengths of rows that are the same in every call, which makes for shorter code.
    """
    pieces = [np.ascontiguousarray(arrays[name]) for name in kind._fields]
    pieces = [array.view(np.uint8) if array.dtype == np.bool_ else array for array in pieces]
    return kind(*pieces) if numba.config.DISABLE_JIT else Group(kind, pieces, widths or {})


class TableType(types.Type):
    """The type of one array of a group; `width` is the length of its rows where that never changes, else 0."""

    def __init__(self, dtype: Any, width: int) -> None:
        self.dtype = dtype
        self.width = width
        super().__init__(name=f"Table({dtype}, {width})")


class GroupType(types.Type):
    """The type of a group: the names of its arrays and what they hold."""

    def __init__(self, kind: Any, dtypes: tuple[str, ...], widths: dict[str, int]) -> None:
        self.names = kind._fields
        self.tables = [
            TableType(numba.from_dtype(np.dtype(dtype)), widths.get(name, 0))
            for name, dtype in zip(self.names, dtypes, strict=True)
        ]
        # The name is part of that of every function, so it is short.
        digest = zlib.crc32(repr((self.names, [table.name for table in self.tables])).encode())
        super().__init__(name=f"{kind.__name__}{digest:08x}")


@cache
def group_type(kind: Any, dtypes: tuple[str, ...], widths: tuple[tuple[str, int], ...]) -> GroupType:
    """Return the type of a group, the same object for the same group."""
    return GroupType(kind, dtypes, dict(widths))


@register_model(TableType)
class _TableModel(models.StructModel):
    def __init__(self, manager: Any, kind: TableType) -> None:
        super().__init__(manager, kind, [("data", types.CPointer(kind.dtype)), ("width", types.int64)])


@register_model(GroupType)
class _GroupModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: GroupType) -> None:
        super().__init__(manager, kind, manager.lookup(types.CPointer(types.int64)).get_value_type())


@unbox(GroupType)
def _unbox_group(kind: GroupType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    number = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    pointer = c.builder.inttoptr(number, c.context.get_value_type(kind))
    return NativeValue(pointer, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _GroupAttribute(AttributeTemplate):
    key = GroupType

    def generic_resolve(self, kind: GroupType, name: str) -> Any:
        return kind.tables[kind.names.index(name)] if name in kind.names else None


@lower_getattr_generic(GroupType)
def _lower_attribute(context: Any, builder: Any, kind: GroupType, value: Any, name: str) -> Any:
    j = kind.names.index(name)
    numbers = []
    for place in (2 * j, 2 * j + 1):
        number = builder.load(builder.gep(value, [context.get_constant(types.intp, place)]))
        # The kernel never writes here, so that what was read once need not be read again.
        number.set_metadata("invariant.load", builder.module.add_metadata([]))
        numbers.append(number)
    seen = cgutils.create_struct_proxy(kind.tables[j])(context, builder)
    seen.data = builder.inttoptr(numbers[0], seen.data.type)
    seen.width = numbers[1]
    return seen._getvalue()


def is_place(index: Any) -> bool:
    """Return whether this is the type of a place in a table: a number or two."""
    if isinstance(index, types.Integer):
        return True
    return isinstance(index, types.BaseTuple) and len(index) == 2 and all(isinstance(t, types.Integer) for t in index)


def as_index(index: Any) -> Any:
    """Return the type that a place is handed on as."""
    return types.intp if isinstance(index, types.Integer) else types.UniTuple(types.intp, 2)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        table, index = args
        if isinstance(table, TableType) and is_place(index):
            return signature(table.dtype, table, as_index(index))
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        table, index, _ = args
        if isinstance(table, TableType) and is_place(index):
            return signature(types.none, table, as_index(index), table.dtype)
        return None


def pointer(context: Any, builder: Any, kind: TableType, value: Any, index_type: Any, index: Any) -> Any:
    """Return the address of a place in a table."""
    seen = cgutils.create_struct_proxy(kind)(context, builder, value=value)
    offset = index
    if not isinstance(index_type, types.Integer):
        row, column = cgutils.unpack_tuple(builder, index, 2)
        width = context.get_constant(types.intp, kind.width) if kind.width else seen.width
        offset = builder.add(builder.mul(row, width), column)
    return builder.gep(seen.data, [offset])


@lower_builtin(operator.getitem, TableType, types.Any)
def _lower_getitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return builder.load(pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1]))


@lower_builtin(operator.setitem, TableType, types.Any, types.Any)
def _lower_setitem(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    builder.store(args[2], pointer(context, builder, sig.args[0], args[0], sig.args[1], args[1]))
    return context.get_dummy_value()
