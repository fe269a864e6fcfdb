"""1, 2 and 4 worker processes and a cluster give the same bits, in every command that plays."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path

from funnelsim.config.dump import dump_toml
from validation.claim import Claim, run
from validation.worlds import changed, weeks

JOBS = (1, 2, 4)
COMMANDS = {
    "run": ("--replications", "6"),
    "compare": ("--replications", "4", "--sweep", "scoring.cutoff=30:50:10"),
    "select": ("--sweep", "scoring.cutoff=20:60:20", "--delta", "20000", "--at-most", "60"),
    "tune": ("--trials", "16", "--out", "study"),
}
STUDY = ("front.csv", "trials.csv")
"""Files of a search whose every byte is compared."""


def measure(*, commands: tuple[str, ...] = tuple(COMMANDS), cluster: bool = True) -> Claim:
    """Return whether every command prints the same JSON, and `tune` writes the same files, wherever it is played."""
    search = {"search.replications": 2, "search.selection_replications": 3, "search.report_replications": 4}
    text = dump_toml(changed(weeks(), search))
    ways = {f"{n} process{'es' if n > 1 else ''}": ("--jobs", str(n)) for n in JOBS}
    digests = {
        command: {way: _digest(text, command, words) for way, words in ways.items()} for command in commands
    }
    if cluster:
        from distributed import LocalCluster

        with LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as there:
            for command in commands:
                words = ("--cluster", there.scheduler_address)
                digests[command]["a cluster of 2"] = _digest(text, command, words)
    differing = [command for command, found in digests.items() if len(set(found.values())) > 1]
    where = "1, 2 and 4 processes" + (" and on a cluster of two workers" if cluster else "")
    return Claim(
        key="workers",
        claims="Results are identical for 1, 2 and 4 workers and for the cluster.",
        how="`run`, `compare`, `select` and `tune` of a small funnel, each as a command of its own by the number of "
        "processes, and through a dask scheduler with two workers on one machine; what they print (`--json`), and of "
        f"`tune` {' and '.join(f'`{name}`' for name in STUDY)} too, compared byte by byte (SHA-256).",
        found=f"{', '.join(differing)} differ" if differing else f"{', '.join(digests)}: the same bytes by {where}",
        holds=not differing,
        figures={"sha256": digests},
    )


def _digest(text: str, command: str, words: tuple[str, ...]) -> str:
    """Return the digest of what a command prints and writes, called in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "weeks.toml").write_text(text, encoding="utf-8")
        call = [sys.executable, "-m", "funnelsim", command, "weeks.toml", *COMMANDS[command], *words, "--json"]
        answer = subprocess.run(call, cwd=folder, capture_output=True, check=False)
        if answer.returncode:
            raise RuntimeError(f"{' '.join(call[2:])} failed: {answer.stderr.decode()}")
        files = [(Path(folder) / "study" / name).read_bytes() for name in STUDY] if command == "tune" else []
    return hashlib.sha256(b"".join([answer.stdout, *files])).hexdigest()


if __name__ == "__main__":
    run(measure)
