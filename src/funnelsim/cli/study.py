"""What the commands of studies do alike: where they play, what they keep, how they tell, write and end."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator, Sized
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from funnelsim.cli import screen
from funnelsim.cli.again import again, again_with_resume, check_resume, tell_of_kept
from funnelsim.cli.cluster import cluster_at
from funnelsim.cli.failures import INTERRUPTED, how_to_go_on, resume_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor

    from funnelsim.cli.options import StudyOptions
    from funnelsim.engines.choice import Engine
    from funnelsim.lab.kept import Kept
    from funnelsim.report.figures_sheet import Imprint
    from funnelsim.report.studies import Study


def check_options(how: StudyOptions) -> None:
    """Check that the options of a study go together.

    Raises:
        UsageError: where they do not.
    """
    check_resume(how.out, resume=how.resume, force=how.force)
    if how.force and how.out is None:
        raise click.UsageError("--force needs --out DIR")


class UnderWay:
    """A study under way: where it plays and keeps what is finished, and how its result is told and written."""

    def __init__(
        self, how: StudyOptions, study: Study, *, engine: Engine, executor: Executor | None, open_for_it: ExitStack
    ) -> None:
        self._how, self._study, self._open_for_it = how, study, open_for_it
        self._engine, self._executor = engine, executor
        self._started = dt.datetime.now(dt.UTC)
        self._kept: list[tuple[Path, Kept[Any]]] = []

    @property
    def where(self) -> dict[str, Any]:
        """Return `jobs`, `engine` and `executor` as `for_each_replication` and its like take them."""
        return {"jobs": self._how.jobs, "engine": self._engine, "executor": self._executor}

    @property
    def writes(self) -> bool:
        """Return whether the result is written, too."""
        return self._how.out is not None

    def keep(
        self,
        part: str = "",
        *,
        encode: Callable[[Any], Any] = lambda table: table.tolist(),
        decode: Callable[[Any], Any] | None = None,
        **more: Any,
    ) -> Kept[Any] | None:
        """Return where the study, or a part of it, keeps its replications; None without a folder.

        Args:
            part: Its name where there are several; each has a folder of its own in the result's.
            encode: Makes a JSON value of an answer; answers are arrays of floats unless said otherwise.
            decode: Makes the answer of that.
            more: What the answers depend on beside the study.

        Raises:
            InputError: where the folder holds finished replications that nobody asked to go on with.
            StudyMismatchError: where it holds those of other work.
        """
        if self._how.out is None:
            return None
        import numpy as np

        from funnelsim.lab.kept import Kept

        folder = self._how.out / f".partial-{part.replace(' ', '-')}" if part else self._how.out
        kept: Kept[Any] = Kept(
            folder,
            {"study": self._study.identity(), "part": part, **more},
            encode=encode,
            decode=decode or (lambda rows: np.asarray(rows, dtype=np.float64)),
            resume=self._how.resume,
            force=self._how.force,
        )
        self._open_for_it.enter_context(kept)
        if self._how.resume and (kept.answers() or not part):
            if part:
                screen.say(f"{part}:")
            tell_of_kept(kept, resume=True)
        self._kept.append((folder, kept))
        return kept

    def tell(self, text: str, told: Mapping[str, Any]) -> None:
        """Print the result: as text, or with `--json` as one object."""
        screen.show(json.dumps(told, allow_nan=False) if self._how.as_json else text.rstrip("\n"))

    def write(self, files: Mapping[str, Any], imprint: Imprint, **about: Any) -> None:
        """Write files into the folder, with a manifest.

        Args:
            files: By name. What it holds the name's end says: .csv a table, .txt text, .png a figure, .toml a scenario.
            imprint: Where the numbers come from.
            about: What the manifest says beside it: replications, complete; JSON values.

        Raises:
            ResultError: where they cannot be written.
        """
        assert self._how.out is not None  # only with --out is anything written
        from funnelsim import __version__
        from funnelsim.config.dump import dump_toml
        from funnelsim.report.figures_sheet import png
        from funnelsim.report.studies import Made, write_study

        makers: dict[str, Callable[[Any], bytes]] = {
            ".csv": lambda table: table.to_csv(index=False).encode(),
            ".txt": lambda text: text.encode(),
            ".png": lambda figure: png(figure, imprint),
            ".toml": lambda scenario: dump_toml(scenario).encode(),
        }
        contents = {name: makers[Path(name).suffix](what) for name, what in files.items()}
        told = {"seed": imprint.seed, **about, "engine": self._engine.name}
        made = Made(__version__, self._started, dt.datetime.now(dt.UTC), again(), told)
        write_study(self._how.out, contents, self._study, made)
        screen.say(f"written to {self._how.out}")

    def end(self, *, complete: bool) -> None:
        """Remove what was kept of a whole result; of a part say how to go on, and end with exit code 130."""
        if complete:
            for folder, kept in self._kept:
                kept.remove()
                if folder != self._how.out:
                    with contextlib.suppress(OSError):
                        folder.rmdir()
            return
        context = click.get_current_context()
        if word := how_to_go_on(context):
            screen.say(word)
        context.exit(INTERRUPTED)


@contextmanager
def under_way(how: StudyOptions, study: Study) -> Iterator[UnderWay]:
    """Give a study whose folder is found fit for it, with an engine that is ready and the cluster that is asked for.

    Raises:
        ResultError: where the folder holds something else.
        ClusterError: where a cluster cannot be reached or would not give the same bits.
    """
    from funnelsim.report.studies import check_study_folder

    if how.out is not None:
        check_study_folder(how.out, study, force=how.force)
    engine = screen.chosen_engine(how.engine)
    with ExitStack() as stack:
        there = stack.enter_context(cluster_at(how.cluster, engine=engine))
        if how.out is not None:
            resume_with(again_with_resume())
        executor = None if there is None else there.executor
        yield UnderWay(how, study, engine=engine, executor=executor, open_for_it=stack)


@contextmanager
def interruptible(finished: Sized) -> Iterator[None]:
    """Let the user interrupt what is in the block once two replications are finished: what follows is then of those."""
    try:
        yield
    except KeyboardInterrupt:
        if len(finished) < 2:
            raise


def is_complete(finished: Sized, wanted: int) -> bool:
    """Return whether all replications wanted are finished; warn where they are not."""
    complete = len(finished) == wanted
    if not complete:
        screen.warn(f"interrupted: what follows is of the {len(finished)} of {wanted} replications that are finished")
    return complete
