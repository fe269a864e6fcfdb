"""Finished replications of commands that play in several parts: each part keeps its own, in the result folder."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funnelsim.cli import screen
from funnelsim.cli.again import again_with_resume, tell_of_kept
from funnelsim.cli.failures import resume_with

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor

    from funnelsim.config.scenario import Scenario
    from funnelsim.engines.choice import Engine
    from funnelsim.lab.kept import Kept
    from funnelsim.records import Float64
    from funnelsim.report.figures_sheet import Imprint
    from funnelsim.report.studies import Study


class Parts:
    """Where the parts of a study keep what is finished; nothing is kept where there is no folder."""

    def __init__(self, out: Path | None, study: Study, *, resume: bool, force: bool, stack: ExitStack) -> None:
        self._out, self._study, self._stack = out, study, stack
        self._resume, self._force = resume, force
        self._kept: list[tuple[Path, Kept[Float64]]] = []

    def of(self, part: str, **more: Any) -> Kept[Float64] | None:
        """Return where a part keeps its replications; `more` is what its answers depend on beside the study.

        Raises:
            InputError: where the folder holds finished replications that nobody asked to go on with.
            StudyMismatchError: where it holds those of other work.
        """
        if self._out is None:
            return None
        import numpy as np

        from funnelsim.lab.kept import Kept

        folder = self._out / f".partial-{part.replace(' ', '-')}"
        of = {"study": self._study.identity(), "part": part, **more}
        kept: Kept[Float64] = Kept(
            folder, of, encode=lambda table: table.tolist(), decode=lambda rows: np.asarray(rows, dtype=np.float64),
            resume=self._resume, force=self._force,
        )  # fmt: skip
        self._stack.enter_context(kept)
        if self._resume and kept.answers():
            screen.say(f"{part}:")
            tell_of_kept(kept, resume=True)
        self._kept.append((folder, kept))
        return kept

    def remove(self) -> None:
        """Remove what the parts have kept: the result is written whole."""
        for folder, kept in self._kept:
            kept.remove()
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextmanager
def parts_in(out: Path | None, study: Study, *, resume: bool, force: bool) -> Iterator[Parts]:
    """Give the place where a study's parts keep what is finished, and say how to go on, should it break off."""
    with ExitStack() as stack:
        if out is not None:
            resume_with(again_with_resume())
        yield Parts(out, study, resume=resume, force=force, stack=stack)


class Writing:
    """What a result folder needs to know, gathered before the work."""

    def __init__(
        self, out: Path, study: Study, engine: Engine, started: dt.datetime, config: Path
    ) -> None:
        self._out, self._study, self._engine = out, study, engine
        self._started, self._config = started, config

    def imprint(self, scenario: Scenario, replications: Sequence[int]) -> Imprint:
        """Return where the numbers come from, for figures."""
        from funnelsim import __version__
        from funnelsim.report.figures_sheet import Imprint
        from funnelsim.report.results import replications_text

        name = scenario.name or self._config.stem
        return Imprint(name, scenario.run.seed, replications_text(replications), __version__)

    def write(
        self,
        scenario: Scenario,
        files: dict[str, bytes],
        figures: Mapping[str, Any],
        replications: Sequence[int],
        *,
        complete: bool,
    ) -> None:
        """Write tables, figures and the scenario into the folder, with a manifest.

        Raises:
            ResultError: where they cannot be written.
        """
        from funnelsim import __version__
        from funnelsim.config.dump import dump_toml
        from funnelsim.report.figures_sheet import png
        from funnelsim.report.studies import Made, write_study

        imprint = self.imprint(scenario, replications)
        files |= {name: png(figure, imprint) for name, figure in figures.items()}
        files |= {"scenario.toml": dump_toml(scenario).encode()}
        told = {
            "seed": scenario.run.seed,
            "replications": list(replications),
            "complete": complete,
            "engine": self._engine.name,
        }
        finished, again = dt.datetime.now(dt.UTC), again_with_resume().removesuffix(" --resume")
        write_study(self._out, files, self._study, Made(__version__, self._started, finished, again, told))
        screen.say(f"written to {self._out}")


@dataclass(frozen=True, slots=True)
class How:
    """Where the replications are played and kept, and how the result is told."""

    jobs: int
    engine: Engine
    executor: Executor | None
    parts: Parts
    to: Writing | None
    as_json: bool
