"""What the user sees when something goes wrong, and the exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import click

from funnelsim.errors import FunnelsimError

INTERNAL, INTERRUPTED, BROKEN_PIPE, NOT_WRITTEN, MEMORY_SHORT = 70, 130, 141, 5, 1
_RESUME = "funnelsim.cli.failures.resume"


def resume_with(command: str) -> None:
    """Tell what to type to go on, should the present command break off from here on; what is finished is kept."""
    click.get_current_context().meta[_RESUME] = command


def how_to_go_on(ctx: click.Context) -> str | None:
    """Return the words that `resume_with` was given the command for; None where nothing is kept."""
    resume = ctx.meta.get(_RESUME)
    return f"go on with: {resume}" if resume else None


@contextmanager
def explained(ctx: click.Context, *, debug: bool) -> Iterator[None]:
    """Turn every failure within into a message on stderr and the end of `ctx` with its exit code.

    Args:
        ctx: The context of the command.
        debug: Show the traceback too.
    """
    try:
        yield
        sys.stdout.flush()
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except FunnelsimError as error:
        more = how_to_go_on(ctx) if error.resumable else None
        _end(ctx, _joined(str(error) or type(error).__name__, more), error.exit_code, debug=debug)
    except KeyboardInterrupt:
        word = how_to_go_on(ctx) or "nothing is left behind; the same command starts again"
        _end(ctx, f"interrupted; {word}", INTERRUPTED, debug=debug)
    except MemoryError:
        _end(ctx, _joined("not enough memory; fewer --jobs need less", how_to_go_on(ctx)), MEMORY_SHORT, debug=debug)
    except BrokenPipeError:
        # Whoever read us has gone; keep the interpreter from complaining when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        ctx.exit(BROKEN_PIPE)
    except OSError as error:
        place = error.filename if error.filename is not None else "input or output"
        _end(ctx, _joined(f"{place}: {error.strerror or error}", how_to_go_on(ctx)), NOT_WRITTEN, debug=debug)
    except Exception as error:
        hint = "" if debug else " (rerun with `funnelsim --debug ...` for the traceback)"
        _end(ctx, f"internal error: {type(error).__name__}: {_one_line(error)}{hint}", INTERNAL, debug=debug)


def _joined(what: str, more: str | None) -> str:
    return what if more is None else f"{what}; {more}"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or "no message"


def _end(ctx: click.Context, message: str, code: int, *, debug: bool) -> None:
    if debug:
        click.echo(traceback.format_exc().rstrip(), err=True)
    click.echo(message, err=True)
    ctx.exit(code)
