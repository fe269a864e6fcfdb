"""A TOML file as plain tables; what cannot be read is told as a fault with its place."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from funnelsim.errors import Fault, InputError

_PLACE = re.compile(r"^(?P<rule>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$", re.DOTALL)


def read_toml(path: Path) -> dict[str, Any]:
    """Return the tables of the TOML file at `path`.

    Raises:
        InputError: where there is no such file, it is a folder, not readable, not UTF-8, empty, or not TOML.
    """
    where = str(path)
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        near = sorted(p.name for p in path.parent.glob("*.toml"))[:8] if path.parent.is_dir() else []
        raise _fault(where, "no such file", f"the folder has {', '.join(near)}" if near else None) from None
    except IsADirectoryError:
        raise _fault(where, "is a folder, not a file") from None
    except OSError as error:
        raise _fault(where, f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a path with a null character
        raise _fault(repr(where), f"cannot be read: {error}") from None
    return parse_toml(raw, where=where)


def parse_toml(raw: bytes, *, where: str) -> dict[str, Any]:
    """Return the tables that the bytes of a TOML file write.

    Args:
        raw: UTF-8 text, with or without a byte order mark.
        where: The file's name for messages.

    Raises:
        InputError: where they are not UTF-8, say nothing, or are not TOML, with line and column.
    """
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _fault(
            f"{where}:{line}", f"is not UTF-8 text (byte 0x{raw[error.start]:02x})", "save it as UTF-8"
        ) from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(where, text, str(error)) from None
    except RecursionError:
        raise _fault(where, "is nested too deeply") from None
    except ValueError as error:  # for example an integer of thousands of digits
        raise _fault(where, f"is not valid TOML: {error}") from None
    if not tables:
        raise _fault(where, "is empty", "`funnelsim init` writes a scenario to start from")
    return tables


def _syntax(where: str, text: str, message: str) -> InputError:
    match = _PLACE.match(message)
    if match is None:
        return _fault(where, f"is not valid TOML: {message}")
    lines = text.splitlines() or [""]
    line, column = (int(match["line"]), int(match["column"])) if match["line"] else (len(lines), len(lines[-1]) + 1)
    rule = match["rule"]
    return _fault(f"{where}:{line}:{column}", f"is not valid TOML: {rule[:1].lower() + rule[1:]}")


def _fault(where: str, rule: str, suggestion: str | None = None) -> InputError:
    return InputError([Fault(where, "", rule, None, suggestion)])
