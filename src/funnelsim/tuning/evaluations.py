"""Every evaluation of a study, kept in a file as it is made: none is made twice, a kill loses those in flight."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from funnelsim.errors import ResultError
from funnelsim.tuning.goals import Row
from funnelsim.tuning.journal import cut, lines_of


@dataclass(frozen=True, slots=True)
class Job:
    """One policy in one replication."""

    policy: str  # its digest
    document: str  # the policy as JSON
    replication: int
    measures: tuple[str, ...] | None = None  # those wanted; None = all


Evaluate = Callable[[Sequence[Job]], Iterable[tuple[Job, Row]]]
"""Gives the measures of each job, in any order."""

Step = Callable[[int], None]
"""Called with how many evaluations are now there."""


class Evaluations:
    """The measures by policy and replication, in memory and in a file of JSON lines.

    The order of lines is that in which workers finished and means nothing; a torn last line is cut off on opening.
    """

    def __init__(self, path: Path, evaluate: Evaluate) -> None:
        self._rows: dict[tuple[str, int], Row] = {}
        self._evaluate = evaluate
        if path.exists():
            cut(path, self._read(path))
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def fill(
        self, policies: Iterable[tuple[str, str]], replications: range, measures: Sequence[str] | None, step: Step
    ) -> None:
        """Evaluate each (digest, document) of `policies` in each of `replications` where that is not yet done.

        Args:
            policies: Digest and document of each; one that appears twice is evaluated once.
            replications: Their numbers.
            measures: What to keep of each evaluation; None keeps everything.
            step: Called after each evaluation with 1, and at once with how many were there already.
        """
        documents = dict(policies)
        # One replication after the other: a worker then needs few of them at a time.
        kept = None if measures is None else tuple(measures)
        wanted = [Job(digest, document, r, kept) for r in replications for digest, document in documents.items()]
        missing = [job for job in wanted if (job.policy, job.replication) not in self._rows]
        if len(missing) < len(wanted):
            step(len(wanted) - len(missing))
        for job, row in self._evaluate(missing) if missing else ():
            values = {name: float(row[name]) for name in kept or row}
            self._rows[job.policy, job.replication] = values
            self._file.write(
                json.dumps({"policy": job.policy, "replication": job.replication, "measures": values}) + "\n"
            )
            self._file.flush()
            step(1)

    def rows(self, digest: str, replications: range) -> list[Row]:
        """Return the measures of one policy, in the order of `replications`; all must have been filled."""
        return [self._rows[digest, r] for r in replications]

    def _read(self, path: Path) -> int:
        end = 0
        for offset, entry in lines_of(path):
            try:
                self._rows[entry["policy"], int(entry["replication"])] = entry["measures"]
            except (KeyError, TypeError, ValueError):
                raise ResultError(f"{path}: is not a list of evaluations (line at byte {end})") from None
            end = offset
        return end


def evaluated_by(measure: Callable[[Job], Row]) -> Evaluate:
    """Return an `Evaluate` that takes one job after the other in this process."""

    def evaluate(jobs: Sequence[Job]) -> Iterator[tuple[Job, Row]]:
        for job in jobs:
            yield job, measure(job)

    return evaluate
