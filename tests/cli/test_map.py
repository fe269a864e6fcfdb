"""`funnelsim map`: the proposal on stdout or in a file, everything else on stderr, questions on a terminal only."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from funnelsim.cli.shell import funnelsim as shell
from funnelsim.config.mapping import load_mapping

ROOT = Path(__file__).parents[2]
ROWS = "id,created,source,stage\n" + "".join(
    f"{i},2023-07-{1 + i % 28:02d} 10:{i % 60:02d},{'Web' if i % 2 else 'Fair'},{'Won' if i % 9 == 0 else 'Lost'}\n"
    for i in range(90)
)


def leads(tmp_path: Path) -> str:
    path = tmp_path / "leads.csv"
    path.write_text(ROWS + "x,,Web,Lost\n")
    return str(path)


def test_the_proposal_goes_to_stdout_and_what_it_leaves_open_to_stderr(tmp_path):
    done = CliRunner().invoke(shell, ["map", leads(tmp_path)])
    assert done.exit_code == 0
    (tmp_path / "m.toml").write_text(done.stdout)
    mapping = load_mapping(tmp_path / "m.toml")
    assert (mapping.leads.created, mapping.leads.won) == (["created"], {"stage": ["Won"]})
    assert "open: time_zone" in done.stderr
    assert "leads: 91 rows read; 1 created_missing" in done.stderr
    assert all(len(line) <= 100 for line in done.stderr.splitlines() if line.startswith("leads."))


def test_out_writes_a_file_and_never_over_another(tmp_path):
    out = str(tmp_path / "m.toml")
    first = CliRunner().invoke(shell, ["map", leads(tmp_path), "--out", out])
    assert (first.exit_code, first.stdout) == (0, "")
    assert f"wrote {out}" in first.stderr
    again = CliRunner().invoke(shell, ["map", leads(tmp_path), "--out", out])
    assert (again.exit_code, "is there already" in again.stderr) == (3, True)
    assert CliRunner().invoke(shell, ["map", leads(tmp_path), "--out", out, "--force"]).exit_code == 0


def test_json_says_all_of_it(tmp_path):
    done = CliRunner().invoke(shell, ["map", leads(tmp_path), "--json"])
    told = json.loads(done.stdout)
    assert told["mapping"]["leads"]["channel"] == ["source"]
    assert {part["key"] for part in told["parts"]} >= {"created", "key", "channel", "stage"}
    assert all(0 < part["confidence"] <= 1 for part in told["parts"])
    assert told["rows_read"] == {"leads": 91}
    assert {"table": "leads", "rule": "created_missing", "effect": "set aside", "rows": 1} in told["cleaning"]
    assert {item["about"] for item in told["open"]} >= {"time_zone", "as_of"}
    assert told["failure"] is None


def test_a_file_that_is_none_is_faulty_input(tmp_path):
    done = CliRunner().invoke(shell, ["map", str(tmp_path / "none.csv")])
    assert (done.exit_code, done.stdout) == (3, "")
    assert "no such file" in done.stderr


def test_on_a_terminal_it_asks_and_takes_the_answers(tmp_path):
    """Enter keeps a proposal, "-" leaves it out, and an answer that does not fit is asked for again."""
    out = tmp_path / "m.toml"
    command = [sys.executable, "-m", "funnelsim", "map", leads(tmp_path), "--out", str(out)]
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, close_fds=True)
    os.close(slave)
    answers = {"time_zone:": ["Mars", "Europe/Berlin"], "as_of:": ["2023-12-31"]}
    screen = ""
    try:
        while True:
            try:
                piece = os.read(master, 4096).decode()
            except OSError:
                break
            if not piece:
                break
            screen += piece
            if screen.rstrip(" ").endswith(":"):
                question = screen[screen.rfind("\n") + 1 :]
                waiting = next((a for about, a in answers.items() if question.startswith(about)), [])
                os.write(master, (waiting.pop(0) if waiting else "").encode() + b"\n")
                screen += "\n"
    finally:
        os.close(master)
        code = process.wait(timeout=60)
    assert code == 0, screen
    mapping = load_mapping(out)
    assert (mapping.time_zone, str(mapping.as_of)) == ("Europe/Berlin", "2023-12-31")
    assert "must be an IANA time zone" in screen
    assert "# open" not in out.read_text()
