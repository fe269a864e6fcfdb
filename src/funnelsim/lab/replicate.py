"""Many replications of one scenario, and what they say of each measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from funnelsim.config.scenario import Scenario
from funnelsim.engines.choice import Engine, Plugin, Wish, choose
from funnelsim.lab.play import measure
from funnelsim.lab.processes import Progress, for_each_replication
from funnelsim.stats import Interval, interval

if TYPE_CHECKING:
    import pandas as pd


def replicate(
    scenario: Scenario,
    *,
    replications: Sequence[int],
    jobs: int = 1,
    progress: Progress | None = None,
    executor: Executor | None = None,
    on_result: Callable[[int, dict[str, float]], None] | None = None,
    engine: Engine | Wish = "auto",
    plugin: Plugin | None = None,
) -> pd.DataFrame:
    """Return every measure of each replication: index `replication`, rising, and a column per measure.

    The numbers are the same to the bit for any `jobs`, `executor` and `engine` on one type of processor, and those of a
    replication do not depend on which others are run. Arguments and errors as in `for_each_replication` and `play`;
    with several jobs a plug-in must be picklable, its functions at the top of a module.
    """
    if not isinstance(engine, Engine):
        engine = choose(engine, plugin=plugin)
    engine.prepare()
    rows = for_each_replication(
        partial(measure, engine=engine, plugin=plugin),
        scenario,
        replications=replications,
        jobs=jobs,
        progress=progress,
        executor=executor,
        on_result=on_result,
    )
    return as_frame(rows)


def as_frame(rows: dict[int, dict[str, float]]) -> pd.DataFrame:
    """Return the measures of replications as a frame: index `replication`, rising, and a column per measure."""
    import pandas as pd

    numbers = sorted(rows)
    frame = pd.DataFrame([rows[r] for r in numbers], index=pd.Index(numbers, name="replication", dtype="int64"))
    return frame.astype("float64")


def to_intervals(frame: pd.DataFrame, confidence: float = 0.95) -> dict[str, Interval]:
    """Return mean, half-width and n of each measure over the replications in which it is defined.

    A measure that is nan in a replication (a median over no leads, say) is left out there, so n is the number of
    finite values; with none, mean and half-width are nan, and with one the half-width is.
    """
    columns = {str(name): frame[name].to_numpy() for name in frame.columns}
    return {name: interval(values[np.isfinite(values)], confidence) for name, values in columns.items()}
