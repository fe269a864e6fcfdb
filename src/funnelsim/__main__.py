"""`python -m funnelsim`, and what the installed `funnelsim` command calls."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line; ends the process with the command's exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    from funnelsim.cli.shell import funnelsim

    funnelsim(prog_name="funnelsim")


if __name__ == "__main__":
    main()
