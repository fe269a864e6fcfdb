"""`--cluster`: the cluster that a command plays on in place of own processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from funnelsim.cli import screen

if TYPE_CHECKING:
    from funnelsim.engines.choice import Engine
    from funnelsim.lab.cluster import Cluster


@contextmanager
def cluster_at(address: str | None, *, engine: Engine) -> Iterator[Cluster | None]:
    """Give the cluster at `address`, checked (see `lab.cluster.connected`), or None where none is asked for.

    Raises:
        UsageError: where `--jobs` is given too.
        ClusterError: where it cannot be reached or would not give the same bits.
    """
    if address is None:
        yield None
        return
    if click.get_current_context().get_parameter_source("jobs") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--cluster plays on its workers and --jobs in processes here: give one of them")
    from funnelsim.lab.cluster import connected

    with connected(address, engine=engine.name) as cluster:
        workers = "1 worker, which gives" if len(cluster.each) == 1 else f"{len(cluster.each)} workers, which give"
        screen.say(f"cluster {address}: {workers} the same bits as this process")
        yield cluster
