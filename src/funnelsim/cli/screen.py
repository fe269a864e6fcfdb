"""What is shown: results on stdout, everything else on stderr, colour and progress bars only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from funnelsim.engines.choice import Engine, Wish

Progress = Callable[[int, int], None]
"""Called with how many are done, and of how many."""


def show(text: str) -> None:
    """Print a result on stdout."""
    click.echo(text)


def say(text: str) -> None:
    """Tell the user something on stderr."""
    click.echo(text, err=True)


def warn(text: str) -> None:
    """Warn the user on stderr, in yellow on a terminal."""
    word = click.style("warning:", fg="yellow") if _in_colour() else "warning:"
    click.echo(f"{word} {text}", err=True)


def chosen_engine(wish: Wish) -> Engine:
    """Return the engine that plays, ready to do so; where the choice was left to us, say which one it is."""
    from funnelsim.engines.choice import choose

    engine = choose(wish)
    if wish == "auto":
        say(str(engine))
    engine.prepare()
    return engine


def _on_terminal() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _in_colour() -> bool:
    return _on_terminal() and not os.environ.get("NO_COLOR")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return an aligned table of text, headers first, without trailing spaces.

    Args:
        headers: A heading for each column.
        rows: The cells, as many in each row as there are headings.
        left: How many columns, from the first, are aligned to the left; the others (numbers) to the right.

    >>> print(table(["measure", "mean"], [["deals", "5.8"], ["revenue", "1600"]]))
    measure  mean
    deals     5.8
    revenue  1600
    """
    cells = [list(headers), *(list(row) for row in rows)]
    widths = [max(len(row[j]) for row in cells) for j in range(len(headers))]
    lines = []
    for row in cells:
        padded = [
            text.ljust(w) if j < left else text.rjust(w) for j, (text, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


@contextmanager
def progress(noun: str) -> Iterator[Progress]:
    """Give a function that shows progress as a bar on stderr; on no terminal it shows nothing.

    Args:
        noun: What is counted, in the plural: "replications", "policies".
    """
    if not _on_terminal():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(noun, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
