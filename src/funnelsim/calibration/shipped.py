"""The mappings that come with funnelsim, found by name; any other is a TOML file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from funnelsim.config.mapping import Mapping, load_mapping, mapping_from
from funnelsim.config.toml import parse_toml

_FOLDER = resources.files("funnelsim.calibration") / "mappings"


def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with funnelsim."""
    return tuple(sorted(item.name.removesuffix(".toml") for item in _FOLDER.iterdir() if item.name.endswith(".toml")))


def shipped_text(name: str) -> str:
    """Return a mapping that comes with funnelsim, TOML with comments."""
    return (_FOLDER / f"{name}.toml").read_text(encoding="utf-8")


def find_mapping(name: str | Path) -> Mapping:
    """Return the mapping in the file `name`, or the one of that name that comes with funnelsim.

    Raises:
        InputError: where there is neither, or with every fault of the file.
    """
    if str(name) in shipped_mappings() and not Path(name).exists():
        raw = shipped_text(str(name)).encode()
        return mapping_from(parse_toml(raw, where=f"{name} (shipped)"), where=f"{name} (shipped)")
    return load_mapping(name)
