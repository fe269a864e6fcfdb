"""The drawing of the house, kept true: which room may import which, and where each third-party package lives."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "funnelsim"

FLOORS = {
    "cli": 7, "api": 7, "__main__": 7, "__init__": 7,
    "report": 6,
    "tuning": 5, "calibration": 5,
    "lab": 4,
    "metrics": 3,
    "engines": 2,
    "population": 1, "scoring": 1, "roster": 1,
    "config": 0, "records": 0, "remembered": 0, "calendar": 0, "theory": 0, "stats": 0, "pareto": 0, "errors": 0,
    "selection_statistics": 0, "sequential": 0, "warmup": 0, "selecting_best": 0,
    "screening": 0, "sobol": 0, "shapley": 0,
}  # fmt: skip

# Third-party package -> the only files that may import it (a room, or a pattern of PurePosixPath.match).
ROOMS = {
    "simpy": ("engines/*.py",),
    "numba": ("engines/compiled.py", "engines/kernel/*.py"),
    "llvmlite": ("engines/kernel/hints.py",),
    "optuna": ("tuning/*.py",),
    "matplotlib": ("report/figures*.py", "report/figures/*.py"),
    "click": ("cli/*.py", "__main__.py"),
    "rich": ("cli/*.py",),
    "pydantic": ("config/*.py",),
    "pydantic_core": ("config/*.py",),
    "annotated_types": ("config/*.py",),
    "tomli_w": ("config/*.py",),
    "holidays": ("config/team.py", "calendar.py", "roster.py"),
    "distributed": ("lab/*.py",),
}

# What is slow to import and needed by few commands.
ONLY_INSIDE_FUNCTIONS = {"pandas"}

# What pydantic's own interface is made of, and brings.
PARTS_OF_PYDANTIC = ("pydantic-core", "annotated-types")

# A distribution whose module has another name.
MODULE_OF = {"tomli-w": "tomli_w"}


@dataclass(frozen=True)
class Import:
    """One import of a file: the dotted module, its line, and whether it waits inside a function."""

    module: str
    line: int
    deferred: bool


def imports(source: str, package: str) -> list[Import]:
    """Return every import of `source`, those inside functions and by name (`import_module`) included.

    `package` is the dotted package of the file, by which relative imports are resolved. Imports for type checkers
    count like others, but as deferred: they cost no time, and still couple two rooms.
    """
    return list(_walk(ast.parse(source), package, deferred=False))


def _walk(node: ast.AST, package: str, *, deferred: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, child.lineno, deferred)
        elif isinstance(child, ast.ImportFrom):
            parts = package.split(".")
            base = ".".join(parts[: len(parts) - child.level + 1]) if child.level else ""
            module = ".".join(part for part in (base, child.module) if part)
            for alias in child.names:
                yield Import(f"{module}.{alias.name}", child.lineno, deferred)
        elif isinstance(child, ast.Call):
            name = child.func.attr if isinstance(child.func, ast.Attribute) else getattr(child.func, "id", "")
            first = child.args[0] if child.args else None
            by_name = isinstance(first, ast.Constant) and isinstance(first.value, str)
            if name in ("import_module", "__import__") and by_name:
                yield Import(first.value, child.lineno, deferred)
            yield from _walk(child, package, deferred=deferred)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            yield from _walk(child, package, deferred=deferred or inside or for_types)


def room_of(path: PurePosixPath) -> str:
    """Return the room of a file given by its path inside the package."""
    return path.parts[0] if len(path.parts) > 1 else path.stem


def target_room(module: str) -> str:
    """Return the room that a dotted module or name of funnelsim stands in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "__init__"


def violations(path: PurePosixPath, source: str, *, declared: set[str]) -> list[str]:
    """Return one line for each import of a file that the drawing forbids.

    Args:
        path: The file's path inside the package, such as engines/desk.py.
        source: Its text.
        declared: The third-party modules that the project declares.
    """
    room = room_of(path)
    if room not in FLOORS:
        return [f"{path}: the room '{room}' is not on the drawing"]
    package = ".".join(("funnelsim", *path.parts[:-1]))
    found = []
    for item in imports(source, package):
        top = item.module.split(".")[0]
        where = f"{path}:{item.line}"
        if top == "funnelsim":
            other = target_room(item.module)
            if other == room:
                continue
            if FLOORS[other] > FLOORS[room]:
                found.append(f"{where}: floor {FLOORS[room]} imports up from {other}, floor {FLOORS[other]}")
            elif FLOORS[other] == FLOORS[room] and FLOORS[room] not in (0, 7):
                found.append(f"{where}: {room} imports sideways from {other}, both on floor {FLOORS[room]}")
        elif top in ("__future__", *sys.stdlib_module_names):
            continue
        elif top not in declared:
            found.append(f"{where}: {top} is not among the dependencies in pyproject.toml")
        elif top in ROOMS and not any(path.match(pattern) for pattern in ROOMS[top]):
            found.append(f"{where}: {top} lives in {', '.join(ROOMS[top])} only")
        elif top in ONLY_INSIDE_FUNCTIONS and not item.deferred:
            found.append(f"{where}: {top} may be imported inside functions only")
    return found


def declared_modules() -> set[str]:
    """Return the third-party modules that pyproject.toml declares for the package and its users' extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"], *extras["dashboard"], *extras["cluster"], *extras["fast"], *PARTS_OF_PYDANTIC]
    names = [line.split(">")[0].split("<")[0].split("=")[0].split("[")[0].strip() for line in lines]
    return {MODULE_OF.get(name, name.replace("-", "_")) for name in names}


FILES = sorted(SOURCE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_a_module_imports_only_what_the_drawing_allows(file):
    path = PurePosixPath(file.relative_to(SOURCE).as_posix())

    assert violations(path, file.read_text(encoding="utf-8"), declared=declared_modules()) == []


def test_every_room_of_the_drawing_that_is_built_was_looked_at():
    rooms = {room_of(PurePosixPath(file.relative_to(SOURCE).as_posix())) for file in FILES}

    assert rooms <= set(FLOORS)
    assert {"config", "engines", "population", "metrics", "lab", "records"} <= rooms


def test_the_rooms_of_the_ground_floor_stand_in_an_order():
    """On floor 0 the papers and the small modules may know one another, but never in a circle."""
    knows: dict[str, set[str]] = {room: set() for room, floor in FLOORS.items() if floor == 0}
    for file in FILES:
        path = PurePosixPath(file.relative_to(SOURCE).as_posix())
        if FLOORS.get(room_of(path)) == 0:
            package = ".".join(("funnelsim", *path.parts[:-1]))
            others = (i.module for i in imports(file.read_text(encoding="utf-8"), package))
            knows[room_of(path)] |= {target_room(m) for m in others if m.startswith("funnelsim.")} - {room_of(path)}
    assert circle(knows) is None


def circle(knows: dict[str, set[str]]) -> list[str] | None:
    """Return one circle of rooms, or None."""
    def search(room: str, way: list[str]) -> list[str] | None:
        if room in way:
            return [*way[way.index(room):], room]
        return next((found for other in sorted(knows.get(room, ())) if (found := search(other, [*way, room]))), None)

    return next((found for room in sorted(knows) if (found := search(room, []))), None)


# The checker itself, on planted violations: each line must be found, and found for its own reason.
PLANTED = [
    ("engines/desk.py", "from funnelsim.metrics import summarise", "imports up from metrics"),
    ("engines/desk.py", "def f():\n    from funnelsim.lab.play import play", "imports up from lab"),
    ("engines/desk.py", "import funnelsim.report.figures", "imports up from report"),
    ("config/load.py", "from funnelsim import population", "imports up from population"),
    ("config/load.py", "from funnelsim import run", "imports up from __init__"),
    ("metrics/funnel.py", "from ..tuning import search", "imports up from tuning"),
    ("metrics/funnel.py", "from .. import tuning", "imports up from tuning"),
    ("tuning/search.py", "from funnelsim.calibration import fit", "imports sideways from calibration"),
    ("population/draw.py", "from funnelsim.scoring import score_leads", "imports sideways from scoring"),
    ("records.py", "from funnelsim.scoring import score_leads", "imports up from scoring"),
    ("lab/play.py", "import simpy", "simpy lives in"),
    ("lab/play.py", "def f():\n    import simpy", "simpy lives in"),
    ("lab/play.py", "def f():\n    import importlib\n    importlib.import_module('simpy')", "simpy lives in"),
    ("lab/play.py", "x = __import__('optuna')", "optuna lives in"),
    ("engines/reference.py", "from optuna.samplers import TPESampler", "optuna lives in"),
    ("report/tables.py", "from matplotlib.figure import Figure", "matplotlib lives in"),
    ("tuning/search.py", "from rich.progress import Progress", "rich lives in"),
    ("report/pages.py", "import click", "click lives in"),
    ("engines/reference.py", "import numba", "numba"),
    ("metrics/tables.py", "import pandas as pd", "inside functions only"),
    ("metrics/tables.py", "class A:\n    import pandas", "inside functions only"),
    ("metrics/tables.py", "try:\n    import pandas\nexcept ImportError:\n    pass", "inside functions only"),
    ("metrics/tables.py", "import requests", "not among the dependencies"),
    ("utils.py", "import numpy", "not on the drawing"),
    ("engines/desk.py", "if TYPE_CHECKING:\n    from funnelsim.lab.play import Played", "imports up from lab"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "source", "reason"), PLANTED)
def test_a_planted_violation_is_found(path, source, reason):
    found = violations(PurePosixPath(path), source, declared=declared_modules())

    assert len(found) == 1
    assert reason in found[0]


ALLOWED = [
    ("engines/reference.py", "import simpy\nimport numpy\nfrom funnelsim.records import Leads\nfrom .desk import Desk"),
    ("tuning/search.py", "import optuna\nfrom funnelsim.lab.play import play\nfrom funnelsim.pareto import front"),
    ("report/figures.py", "from matplotlib.figure import Figure\nfrom funnelsim.metrics import MEASURES"),
    ("lab/replicate.py", "def replicate():\n    import pandas as pd\n    return pd"),
    ("calendar.py", "from funnelsim.config.run import Run\nimport holidays"),
    ("cli/run.py", "import click\nfrom funnelsim.report import tables\ndef f():\n    import rich"),
    ("__main__.py", "from funnelsim.cli import main"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "source"), ALLOWED)
def test_what_the_drawing_allows_is_let_through(path, source):
    assert violations(PurePosixPath(path), source, declared=declared_modules()) == []


def test_a_circle_on_the_ground_floor_is_found():
    round_about = {"config": {"errors"}, "errors": {"records"}, "records": {"errors"}}

    assert circle(round_about) == ["errors", "records", "errors"]
    assert circle({"config": {"errors", "records"}, "records": {"errors"}, "errors": set()}) is None
