"""The shell: what it prints where, with which exit code, and how fast it says how it is used."""

from __future__ import annotations

import json
import os
import pty
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import funnelsim as package
from funnelsim.cli.failures import resume_with
from funnelsim.cli.screen import table
from funnelsim.cli.shell import COMMANDS, Shell
from funnelsim.cli.shell import funnelsim as shell
from funnelsim.config.template import template_text
from funnelsim.errors import FunnelsimError

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "pydantic", "optuna", "matplotlib", "pandas", "scipy", "simpy", "rich", "tomllib")


def call(*arguments: str) -> Result:
    return CliRunner().invoke(shell, arguments)


def python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, **environment},
        check=False,
    )


# Help.


def test_help_imports_nothing_heavy():
    code = (
        "import sys\n"
        "from funnelsim.cli.shell import funnelsim\n"
        "try:\n    funnelsim(['--help'])\nexcept SystemExit:\n    pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = python("-c", code)
    assert "Commands:" in done.stdout
    assert "click" in done.stderr.split()
    assert not set(HEAVY) & set(done.stderr.split())


def test_help_takes_at_most_a_fifth_of_a_second_of_cpu():
    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert python("-m", "funnelsim", "--help").returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(5)) <= 0.2


def test_help_lists_every_command_with_its_summary():
    output = call("--help").output
    for name, entry in COMMANDS.items():
        assert f"  {name}" in output
        assert entry.summary in " ".join(output.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str):
    result = call(name, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert "-h, --help" in result.output


def test_the_version_is_that_of_the_package():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert call("--version").output == f"funnelsim {project['version']}\n"
    assert package.__version__ == project["version"]


def test_a_misspelt_command_is_guessed():
    result = call("tun")
    assert result.exit_code == 2
    assert "no such command 'tun'; did you mean 'tune'?" in result.stderr


# The package's public names.


def test_the_public_names_are_imported_when_first_used():
    done = python(
        "-c", "import sys, funnelsim; print(*sys.modules); funnelsim.InputError; print('numpy' in sys.modules)"
    )
    before, after = done.stdout.splitlines()
    assert not set(HEAVY) & set(before.split())
    assert after == "False"
    for name in package.__all__:
        assert getattr(package, name) is not None
    assert set(package.__all__) == set(dir(package))
    with pytest.raises(AttributeError, match="no attribute 'simulat'"):
        package.simulat  # noqa: B018  # the look-up is what is tested


# Failures.


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Let `funnelsim schema` fail with a given exception."""

    def set_up(error: BaseException, *, resume: str | None = None) -> None:
        def fail() -> None:
            if resume is not None:
                resume_with(resume)
            raise error

        monkeypatch.setattr("funnelsim.config.schema.json_schema", fail)

    return set_up


RERUN = "(rerun with `funnelsim --debug ...` for the traceback)"


class OwnError(FunnelsimError):
    exit_code = 17


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (OwnError("that will not do"), 17, "that will not do"),
        (
            ZeroDivisionError("division\nby zero"),
            70,
            f"internal error: ZeroDivisionError: division by zero {RERUN}",
        ),
        (KeyError(), 70, f"internal error: KeyError: no message {RERUN}"),
        (OSError(28, "No space left on device", "out.csv"), 5, "out.csv: No space left on device"),
        (KeyboardInterrupt(), 130, "interrupted; nothing is left behind; the same command starts again"),
    ],
)
def test_failures_are_one_line_and_an_exit_code(failing, error: BaseException, code: int, line: str):
    failing(error)
    result = call("schema")
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"{line}\n")


def test_an_interrupted_command_says_how_to_go_on(failing):
    failing(KeyboardInterrupt(), resume="funnelsim tune a.toml --out b --resume")
    assert call("schema").stderr == "interrupted; go on with: funnelsim tune a.toml --out b --resume\n"


def test_debug_shows_the_traceback(failing):
    failing(ZeroDivisionError("by zero"))
    result = call("--debug", "schema")
    assert result.exit_code == 70
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.endswith("\ninternal error: ZeroDivisionError: by zero\n")


def test_a_reader_that_goes_away_is_no_error():
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-m", "funnelsim", "schema"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 141


# Commands.


def test_init_check_and_force(tmp_path: Path):
    path = tmp_path / "mine.toml"
    result = call("init", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"wrote {path};")
    assert path.read_text(encoding="utf-8") == template_text()
    again = call("init", str(path))
    assert (again.exit_code, again.stderr) == (3, f"{path}: is there already; give --force to write over it\n")
    assert call("init", str(path), "--force").exit_code == 0
    checked = call("check", str(path))
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout.startswith(f"{path}: A small B2B funnel")


def test_init_writes_here_unless_told_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert call("init").exit_code == 0
    assert (tmp_path / "funnel.toml").exists()


def test_check_tells_the_faults_of_every_file(tmp_path: Path):
    good = ROOT / "configs" / "quickstart.toml"
    first, second = tmp_path / "a.toml", tmp_path / "b.toml"
    first.write_text("[policy.scoring]\nmql_treshold = 3\n", encoding="utf-8")
    result = call("check", str(first), str(good), str(second))
    assert result.exit_code == 3
    assert result.stdout.startswith(f"{good}: ")
    assert result.stderr.splitlines() == [
        f"{first}: market: is required",
        f"{first}: team: is required",
        f"{first}: policy.scoring.mql_treshold: unknown key; did you mean 'cutoff'?",
        f"{second}: no such file; the folder has a.toml",
    ]


def test_check_needs_a_file():
    assert call("check").exit_code == 2


def test_check_names_measures_that_there_are_not(tmp_path: Path):
    path = tmp_path / "a.toml"
    text = template_text() + '\n[[search.objectives]]\nmeasure = "revenu"\n'
    path.write_text(text, encoding="utf-8")
    result = call("check", str(path))
    assert result.stderr == f"{path}: search.objectives.0.measure: no such measure 'revenu'; did you mean 'revenue'?\n"


def test_check_warns_of_a_team_that_cannot_keep_up_naming_both_figures(tmp_path: Path):
    path = tmp_path / "busy.toml"
    path.write_text(template_text().replace("count = 4", "count = 2"), encoding="utf-8")
    result = call("check", str(path))
    assert result.exit_code == 0
    assert result.stderr.startswith(f"warning: {path}: the role 'sales' cannot keep up: ")
    assert "h of work a week are offered to 2 reps with 80." in result.stderr


def test_schema_is_json():
    assert json.loads(call("schema").stdout)["title"] == "funnelsim scenario"


def test_measures_in_words_and_as_json():
    from funnelsim.metrics import MEASURES

    lines = call("measures").stdout.splitlines()
    assert lines[0].split() == ["measure", "unit", "better", "definition"]
    assert [line.split()[0] for line in lines[1:]] == list(MEASURES)
    told = json.loads(call("measures", "--json").stdout)
    assert told["schema_version"] == 1
    assert list(told["measures"]) == list(MEASURES)
    assert told["measures"]["revenue"]["direction"] == "up"


# The screen.


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Return what the command writes to a stderr that is a terminal."""
    ours, theirs = pty.openpty()
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    bare = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM", "FORCE_COLOR")}
    subprocess.run(
        [sys.executable, "-m", "funnelsim", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env={**bare, "PYTHONPATH": paths, "TERM": "xterm", **environment},
        check=True,
    )
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        written += part
    os.close(ours)
    return written.decode()


def test_colour_only_on_a_terminal_that_wants_it():
    config = str(ROOT / "configs" / "tight.toml")
    assert "\x1b[33mwarning:\x1b[0m" in on_a_terminal("check", config)
    for silent in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        told = on_a_terminal("check", config, **silent)
        assert "warning:" in told
        assert "\x1b" not in told


def test_a_table_is_aligned():
    assert table(["name", "n"], [["a", "1"], ["long", "100"]]) == "name    n\na       1\nlong  100"


def test_the_shell_imports_a_command_only_when_it_is_called():
    assert isinstance(shell, Shell)
    code = (
        "import sys\nfrom funnelsim.cli.shell import funnelsim\n"
        "try:\n    funnelsim(['measures', '--json'], standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        "print('funnelsim.cli.tune' in sys.modules, 'optuna' in sys.modules, file=sys.stderr)"
    )
    assert python("-c", code).stderr == "False False\n"
