"""Finished replications in a file, one line each as they are finished: a crash costs what was in flight.

The first line says what they are of; only the same work on the same versions and type of processor is gone on with,
since only that gives the same bits. A line that a crash left torn is cut off.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from funnelsim.errors import Fault, InputError, StudyMismatchError
from funnelsim.lab.probe import processor, versions

T = TypeVar("T")
SCHEMA_VERSION = 1
FILE = ".partial-replications.jsonl"
"""Its name in a result folder; what begins so counts as no content of it."""


class Kept(Generic[T]):
    """The finished replications of one piece of work, in memory and in a file that is begun with the first.

    Args:
        folder: The result folder; made with the first replication.
        of: What the work is, as JSON values by name: whatever an answer depends on but the replication.
        encode: Makes a JSON value of an answer; floats come back to the bit.
        decode: Makes the answer of that.
        resume: Go on with what is there.
        force: Throw away what is there.

    Raises:
        InputError: where the folder holds finished replications and neither is asked for, or they cannot be read.
        StudyMismatchError: where it holds those of other work; says what differs.
    """

    def __init__(
        self,
        folder: Path,
        of: Mapping[str, Any],
        *,
        encode: Callable[[T], Any],
        decode: Callable[[Any], T],
        resume: bool = False,
        force: bool = False,
    ) -> None:
        self._path = folder / FILE
        self._head = {
            "schema_version": SCHEMA_VERSION,
            "of": json.loads(json.dumps(dict(of))),
            "versions": versions(),
            "processor": processor(),
        }
        self._encode, self._decode = encode, decode
        self._answers: dict[int, T] = {}
        self._file: int | None = None
        if force:
            self._path.unlink(missing_ok=True)
        elif self._path.exists():
            self._take_up(resume=resume)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def answers(self) -> Mapping[int, T]:
        """Return the answers that are kept, by replication, as they stand now."""
        return dict(self._answers)

    def add(self, replication: int, answer: T) -> None:
        """Keep an answer; when this returns, it outlives this process.

        Raises:
            OSError: where it cannot be written; what was kept before stays.
        """
        if self._file is None:
            self._begin()
        self._write({"replication": replication, "answer": self._encode(answer)})
        self._answers[replication] = answer

    def remove(self) -> None:
        """Remove the file: the result that it was for is written whole."""
        self._path.unlink(missing_ok=True)

    def _take_up(self, *, resume: bool) -> None:
        lines = list(lines_of(self._path))
        if not lines:  # killed before its first line was whole
            self._path.unlink()
            return
        if not resume:
            rule = f"holds {_counted(len(lines) - 1)} of work that was broken off"
            remedy = "--resume goes on with it, --force starts again, --out writes elsewhere"
            raise InputError([Fault(str(self._path.parent), "", rule, None, remedy)])
        end, head = lines[0]
        self._check_same(head)
        for offset, line in lines[1:]:
            try:
                self._answers[int(line["replication"])] = self._decode(line["answer"])
            except (KeyError, TypeError, ValueError):
                raise InputError([Fault(str(self._path), "", f"no finished replication at byte {end}")]) from None
            end = offset
        with contextlib.suppress(OSError):  # a torn line may stay where it cannot be cut off: it is read as the last
            os.truncate(self._path, end)

    def _check_same(self, head: Any) -> None:
        found = list(_differences(head, self._head))
        if found:
            lines = [f"{self._path}: what is finished there is of other work:", *(f"  {line}" for line in found)]
            remedy = "go on with that, choose another --out, or start again with --force"
            raise StudyMismatchError("\n".join([*lines, remedy]))

    def _begin(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        if os.fstat(self._file).st_size == 0:
            self._write(self._head)

    def _write(self, line: Any) -> None:
        assert self._file is not None
        rest = (json.dumps(line) + "\n").encode()
        whole = os.fstat(self._file).st_size
        try:
            while rest:  # a disk that fills up takes a part, and refuses the next
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, whole)
            raise OSError(error.errno, error.strerror, str(self._path)) from None


def lines_of(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield (byte offset after it, its JSON value) of each line of a file of JSON lines, up to the first torn one."""
    offset = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                value = json.loads(line)
            except ValueError:  # not JSON, or not even text
                return
            offset += len(line)
            yield offset, value


def _differences(then: Any, now: Mapping[str, Any]) -> Iterator[str]:
    """Yield 'name: ... then, ... now' for each entry of two first lines that differs."""
    then = then if isinstance(then, dict) else {}
    for name, value in now.items():
        before = then.get(name)
        if isinstance(value, dict):
            yield from _differences(before, value)
        elif before != value:
            yield f"{name}: {_shown(before)} then, {_shown(value)} now"


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _counted(replications: int) -> str:
    return "1 finished replication" if replications == 1 else f"{replications} finished replications"
