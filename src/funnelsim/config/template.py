"""The commented scenario that `funnelsim init` writes."""

from __future__ import annotations

import os
import tempfile
from importlib import resources
from pathlib import Path

from funnelsim.errors import Fault, InputError, ResultError


def template_text() -> str:
    """Return the commented scenario, TOML."""
    return resources.files("funnelsim.config").joinpath("template.toml").read_text(encoding="utf-8")


def write_template(path: Path, *, force: bool = False) -> None:
    """Write the commented scenario to `path`, as `write_new` does."""
    write_new(path, template_text(), force=force)


def write_new(path: Path, text: str, *, force: bool = False) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all.

    Args:
        path: The file to write; its folder must be there.
        text: What it will hold.
        force: Write over a file that is there already.

    Raises:
        InputError: where the file is there already and `force` is off, or `path` is a folder.
        ResultError: where it cannot be written.
    """
    if path.is_dir():
        raise InputError([Fault(str(path), "", "is a folder; name a file in it")])
    if path.exists() and not force:
        raise InputError([Fault(str(path), "", "is there already", None, "give --force to write over it")])
    draft: str | None = None
    try:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(draft, 0o666 & ~_umask())
        if force:
            os.replace(draft, path)
        else:
            os.link(draft, path)  # fails where somebody else wrote it meanwhile
            os.unlink(draft)
        draft = None
    except FileExistsError:
        raise InputError([Fault(str(path), "", "is there already", None, "give --force to write over it")]) from None
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        if draft is not None:
            Path(draft).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
