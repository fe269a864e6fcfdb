"""What can go wrong, and the code with which the command line then ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Given = TypeVar("Given")
Read = TypeVar("Read")
Other = TypeVar("Other")


class FunnelsimError(Exception):
    """A failure that is explained to the user without a traceback."""

    exit_code = 1
    resumable = False
    """Whether what was finished before it is kept, so that a command that can go on should be told to."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: where it is, which rule it breaks and with which value."""

    where: str
    key: str
    rule: str
    value: str | None = None
    suggestion: str | None = None

    def __str__(self) -> str:
        text = f"{self.where}: {self.key}: {self.rule}" if self.key else f"{self.where}: {self.rule}"
        if self.value is not None:
            text += f", got {self.value}"
        if self.suggestion is not None:
            text += f"; {self.suggestion}"
        return text


class InputError(FunnelsimError):
    """Input that cannot be used; carries every fault found, one line each."""

    exit_code = 3

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Fault, ...]]]:
        # Exceptions are pickled by their message; the faults are what a worker has to send home.
        return type(self), (self.faults,)


def every(read: Callable[[Given], Read], given: Iterable[Given]) -> list[Read]:
    """Return what `read` makes of each of `given`.

    Raises:
        InputError: with the faults of all of them.
    """
    found, faults = list[Read](), list[Fault]()
    for one in given:
        try:
            found.append(read(one))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return found


def both(first: Callable[[], Read], second: Callable[[], Other]) -> tuple[Read, Other]:
    """Return what two functions return.

    Raises:
        InputError: with the faults of both.
    """
    try:
        found = first()
    except InputError as error:
        try:
            second()
        except InputError as other:
            raise InputError([*error.faults, *other.faults]) from None
        raise
    return found, second()


class StudyMismatchError(FunnelsimError):
    """A study that was begun with another scenario, space, objectives or seeds than the one asked to continue it."""

    exit_code = 4


class ResultError(FunnelsimError):
    """A result that cannot be written or read (for example a folder that holds another result)."""

    exit_code = 5


class NotWrittenError(ResultError):
    """A result that could not be written, for want of room or of the right to."""

    resumable = True
