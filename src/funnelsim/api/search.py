"""The search of `funnelsim tune` as a call: the command itself, run here, and what it wrote as tables and scenarios."""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funnelsim.api.shown import Shown
from funnelsim.config.dump import dump_toml
from funnelsim.config.load import load_scenario
from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Wish

if TYPE_CHECKING:
    import pandas as pd

WORDS, FRONT, TRIALS = "findings.txt", "front.csv", "trials.csv"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Search(Shown):
    """What a search found, as it stands in its folder (README, "Reading what comes out")."""

    words: str
    front: pd.DataFrame
    """The policy in force (0) and those of the front, a row each: what they change, what they bring, how sure it is."""
    trials: pd.DataFrame
    """Every policy tried."""
    policies: Mapping[int, Scenario]
    """The scenario under each policy of the front, by its number, ready to run or to compare."""
    images: Mapping[str, bytes]
    """Every figure as PNG, by file name."""

    @property
    def text(self) -> str:
        """Return the findings in words."""
        return self.words

    def pictures(self) -> Mapping[str, bytes]:
        """Return every figure as PNG."""
        return self.images


def tune(
    scenario: Scenario,
    *,
    out: str | Path | None = None,
    trials: int | None = None,
    seed: int | None = None,
    sampler: str | None = None,
    until_plateau: float | None = None,
    trade_off: str | None = None,
    storage: str | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    resume: bool = False,
    force: bool = False,
    engine: Wish = "auto",
) -> Search:
    """Return what a search of the policy finds: which changes bring more of the objectives, and how sure that is.

    Args:
        scenario: With what is to be searched, `scenario.search`.
        out: Folder for the study and its results, with which it can be gone on; kept nowhere where None.
        trials: Policies to try, today's included; `search.trials` where None.
        seed: Root of all luck, the leads' and the sampler's; the scenario's where None.
        sampler: What proposes policies: "tpe", "nsga2", "nsga3", "gp", "qmc" or "random"; `search.sampler` where None.
        until_plateau: Stop earlier, where the front grew by less than this share of late.
        trade_off: A price at which to choose, such as "500 per wasted lead".
        storage: URL of a database that keeps the policies tried, under the name of `out`, in place of a journal there:
            "sqlite:///studies.db", "postgresql://user:password@host/db" or "redis://host".
        jobs: Worker processes; a script that asks for more than 1 needs `if __name__ == "__main__":`.
        cluster: Address of a dask scheduler whose workers play in their place.
        resume: Go on with the study in `out`.
        force: Start again where `out` holds a study or other files.
        engine: As in `simulate`.

    Raises:
        ValueError: where the arguments do not go together.
        InputError: where there is nothing to vary, or `out` holds a study already.
        StudyMismatchError: where the study in `out` was begun with other settings.
        ResultError: where `out` cannot be written, or holds something else.
    """
    if resume and (force or out is None):
        raise ValueError("resume goes on with the study in `out`: give that, and not force")
    if storage is not None and out is None:
        raise ValueError("storage keeps a study under the name of its folder: give `out` too")
    options = {
        "--trials": trials, "--seed": seed, "--sampler": sampler, "--until-plateau": until_plateau,
        "--trade-off": trade_off, "--storage": storage,
        "--engine": engine, **({"--jobs": jobs} if cluster is None else {"--cluster": cluster}),
    }  # fmt: skip
    words = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    words += ["--resume"] * resume + ["--force"] * force
    with tempfile.TemporaryDirectory(prefix="funnelsim-") as scratch:
        # A name of its own: FUNNELSIM_STORAGE may keep the study under it.
        folder = Path(scratch) / Path(scratch).name if out is None else Path(out)
        file = Path(scratch) / f"{scenario.name or 'scenario'}.toml"
        file.write_text(dump_toml(scenario), encoding="utf-8")
        if out is not None:
            _call([str(file), "--out", str(folder), *words])
        else:
            with contextlib.redirect_stderr(io.StringIO()) as told:
                _call([str(file), "--out", str(folder), *words])
            warnings = [line for line in told.getvalue().splitlines() if not line.startswith("written to ")]
            print(*warnings, sep="\n", file=sys.stderr)
        return read_search(folder)


def read_search(folder: str | Path) -> Search:
    """Return what an earlier search wrote into `folder`.

    Raises:
        OSError: where a file of it is missing.
    """
    import pandas as pd

    folder = Path(folder)
    return Search(
        words=(folder / WORDS).read_text(encoding="utf-8"),
        front=pd.read_csv(folder / FRONT),
        trials=pd.read_csv(folder / TRIALS),
        policies={int(p.stem.removeprefix("policy_")): load_scenario(p) for p in sorted(folder.glob("policy_*.toml"))},
        images={p.name: p.read_bytes() for p in sorted(folder.glob("*.png"))},
    )


def _call(words: list[str]) -> None:
    """Carry the command out in this process; what it would print is in the files, too."""
    from funnelsim.cli.tune import tune as command

    with contextlib.redirect_stdout(io.StringIO()), command.make_context("tune", words) as context:
        command.invoke(context)
