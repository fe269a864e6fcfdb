"""`funnelsim tune`, from the command line: what it says and writes, and that no kill changes its end."""

from __future__ import annotations

import csv
import json
import os
import pty
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from funnelsim.cli.shell import funnelsim
from funnelsim.config.load import dump_toml, load_scenario

ROOT = Path(__file__).resolve().parents[2]
RUN = {"warmup_days": 5, "horizon_days": 21, "followup_days": 14, "seed": 5}
SEARCH = {"trials": 10, "batch": 4, "replications": 2, "selection_replications": 3, "report_replications": 4}


def hears_ctrl_c() -> None:
    """Undo what a shell does to commands in the background: they, and so their children, ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a scenario file whose search takes seconds."""
    scenario = load_scenario(ROOT / "configs" / "quickstart.toml")
    run, search = scenario.run.model_copy(update=RUN), scenario.search.model_copy(update=SEARCH)
    file = tmp_path_factory.mktemp("configs") / "short.toml"
    file.write_text(dump_toml(scenario.model_copy(update={"run": run, "search": search, "name": "short"})))
    return file


@pytest.fixture(scope="module")
def whole(config: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return the folder and the words of a search that was not interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "study"
    result = call("tune", config, "--jobs", 1, "--out", folder)
    assert result.exit_code == 0, result.stderr
    return folder, result


def call(*words: Any) -> Result:
    return CliRunner().invoke(funnelsim, [str(word) for word in words])


def start(*words: Any) -> subprocess.Popen[str]:
    """Start the command in a process group of its own, so that all its processes can be found."""
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-m", "funnelsim", *(str(word) for word in words)],
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hears_ctrl_c,
    )


def evaluations(folder: Path) -> int:
    file = folder / "evaluations.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


def results(folder: Path) -> dict[str, Any]:
    """Return every result by name; of the provenance what does not tell the time."""
    inner = {"study.json", "study.lock", "journal.log", "evaluations.jsonl"}
    found: dict[str, Any] = {p.name: p.read_bytes() for p in folder.iterdir() if p.name not in inner}
    provenance = json.loads(found["provenance.json"])
    found["provenance.json"] = {k: v for k, v in provenance.items() if k not in ("started", "finished")}
    return found


def ended(process: subprocess.Popen[str], *, within: float = 60.0) -> bool:
    """Return whether every process of the command has ended."""
    process.wait(timeout=within)
    for _ in range(int(within / 0.05)):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def test_it_says_what_was_found_and_writes_it(whole):
    folder, result = whole

    names = {p.name for p in folder.iterdir()}
    assert {"front.csv", "front.png", "findings.txt", "trials.csv", "scenario.toml", "provenance.json"} <= names
    front = list(csv.DictReader((folder / "front.csv").open()))
    policies = {row["policy"] for row in front} - {"0"}
    assert {name for name in names if name.startswith("policy_")} == {f"policy_{n}.toml" for n in policies}
    assert "every figure here is from 4 more that neither saw" in result.stdout
    assert result.stdout.splitlines()[0].startswith(("Better than today's", "No policy", "Only 10 policies were tried"))
    assert str(folder) in result.stderr
    assert ("policy_<n>.toml" in result.stderr) == bool(policies)
    assert "days measured times 17.4 (365 / 21); no season is added." in result.stdout
    assert (folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert "can promise, in 90 % of cases: first touch within" in (folder / "findings.txt").read_text()


def test_each_policy_runs(whole):
    folder, _ = whole
    file = next(folder.glob("policy_*.toml"))

    result = call("run", file, "--replication", 2_000_000, "--json")

    assert result.exit_code == 0, result.stderr
    rows = [json.loads(line) for line in (folder / "evaluations.jsonl").open()]
    revenue = json.loads(result.stdout)["metrics"]["revenue"]["mean"]
    assert revenue in [row["measures"]["revenue"] for row in rows if row["replication"] == 2_000_000]


def test_two_workers_end_as_one_does(config, whole, tmp_path):
    result = call("tune", config, "--jobs", 2, "--out", tmp_path / "two")

    assert result.exit_code == 0, result.stderr
    assert results(tmp_path / "two") == results(whole[0])
    assert result.stdout == whole[1].stdout


def test_json_is_one_object(config, whole):
    result = call("tune", config, "--jobs", 1, "--out", whole[0], "--resume", "--json")

    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["schema_version"] == 1
    assert (found["scenario"], found["seed"], found["policies_tried"]) == ("short", 5, 10)
    front = list(csv.DictReader((whole[0] / "front.csv").open()))
    assert [p["policy"] for p in (found["in_force"], *found["front"])] == [int(row["policy"]) for row in front]
    for told, row in zip((found["in_force"], *found["front"]), front, strict=True):
        assert told["objectives"]["revenue"]["mean"] == float(row["revenue"])
        assert told["metrics"]["revenue"]["mean"] == float(row["revenue"])
        assert told["metrics"]["revenue"]["n"] == 4
        assert "promise_monthly_mqls" in told["promises"]
    assert found["in_force"]["changes"] == []
    assert all(p["changes"] and p["file"] == f"policy_{p['policy']}.toml" for p in found["front"])


def test_a_folder_with_a_study_is_refused_with_a_remedy(config, whole):
    result = call("tune", config, "--jobs", 1, "--out", whole[0])

    assert result.exit_code == 3
    assert "--resume" in result.stderr
    assert "--force" in result.stderr


def test_other_settings_are_refused_and_told(config, whole):
    result = call("tune", config, "--jobs", 1, "--out", whole[0], "--resume", "--seed", 0)

    assert result.exit_code == 4
    assert "run.seed: 5 then, 0 now" in result.stderr
    assert "search.seed: 1 then, 0 now" in result.stderr


def test_resume_and_force_exclude_one_another(config, tmp_path):
    assert call("tune", config, "--out", tmp_path, "--resume", "--force").exit_code == 2


def test_a_seed_replaces_both_and_0_is_one(config, tmp_path):
    result = call("tune", config, "--jobs", 1, "--trials", 1, "--out", tmp_path / "zero", "--seed", 0)

    assert result.exit_code == 0, result.stderr
    provenance = json.loads((tmp_path / "zero" / "provenance.json").read_text())
    assert (provenance["seed"], provenance["sampler_seed"]) == (0, 0)
    assert result.stdout.startswith("Nothing was searched: only today's policy was tried.")


def test_a_measure_that_does_not_exist_is_told(config, tmp_path):
    file = tmp_path / "wrong.toml"
    text = config.read_text() + '\n[[search.constraints]]\nmeasure = "proft"\nat_least = 0.0\n'
    file.write_text(text)

    result = call("tune", file, "--out", tmp_path / "out")

    assert result.exit_code == 3
    assert "did you mean 'profit'?" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_share_bounded_by_a_percentage_is_told_before_any_work(config, tmp_path):
    file = tmp_path / "wrong.toml"
    text = config.read_text() + '\n[[search.constraints]]\nmeasure = "worked_within_48h_share"\nat_least = 95\n'
    file.write_text(text)

    for result in (call("tune", file, "--out", tmp_path / "out"), call("run", file)):
        assert result.exit_code == 3
        assert "a share lies between 0 and 1, got 95; did you mean 0.95?" in result.stderr
    assert not (tmp_path / "out").exists()


def test_resuming_where_there_is_no_study_says_so_and_starts_one(config, tmp_path):
    result = call("tune", config, "--jobs", 1, "--trials", 1, "--out", tmp_path / "none", "--resume")

    assert result.exit_code == 0, result.stderr
    assert f"no study in {tmp_path / 'none'}: starting one" in result.stderr
    assert (tmp_path / "none" / "provenance.json").exists()


def test_on_a_terminal_a_bar_shows_each_phase(config, tmp_path):
    master, slave = pty.openpty()
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "funnelsim", "tune", config, "--trials", "2", "--jobs", "1", "--out", tmp_path]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": paths, "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=slave
    )
    os.close(slave)
    shown = b""
    while True:
        try:
            shown += (more := os.read(master, 4096))
        except OSError:  # the other end is closed
            break
        if not more:
            break
    os.close(master)
    out, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert b"search, evaluations" in shown
    assert b"report, evaluations" in shown
    assert b"evaluations" not in out


def test_ctrl_c_says_how_to_go_on_and_that_ends_as_the_whole_one(config, whole, tmp_path):
    folder = tmp_path / "part"
    process = start("tune", config, "--jobs", 2, "--out", folder)
    while evaluations(folder) < 2 and process.poll() is None:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the command
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert ended(process)
    [word] = [line for line in said.splitlines() if line.startswith("interrupted; go on with: ")]
    command = shlex.split(word.removeprefix("interrupted; go on with: "))
    assert command[0] == "funnelsim"
    assert evaluations(folder) >= 2
    result = call(*command[1:], "--jobs", 1)
    assert result.exit_code == 0, result.stderr
    assert results(folder) == results(whole[0])


def kill_at_random(config: Path, folder: Path, rng: random.Random) -> bool:
    """Carry the study in `folder` on and kill it at a random moment; return whether it was still at work."""
    process = start("tune", config, "--jobs", rng.choice([1, 2]), "--out", folder, "--resume")
    if rng.random() < 0.2:
        time.sleep(rng.uniform(0.0, 1.5))  # perhaps before it has begun
    else:
        target = evaluations(folder) + rng.randrange(1, 9)
        while evaluations(folder) < target and process.poll() is None:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.02))
    at_work = process.poll() is None
    process.kill()
    process.communicate()
    assert ended(process), "a worker outlived the kill"
    return at_work


def test_killed_and_resumed_it_ends_as_the_whole_one(config, whole, tmp_path):
    assert kill_at_random(config, tmp_path, random.Random(3))

    result = call("tune", config, "--jobs", 1, "--out", tmp_path, "--resume")

    assert result.exit_code == 0, result.stderr
    assert results(tmp_path) == results(whole[0])


@pytest.mark.slow
def test_killed_ten_times_over_it_ends_as_the_whole_one(config, tmp_path, whole):
    rng, kills, folder = random.Random(1), 0, tmp_path / "0"
    while kills < 10:
        if kill_at_random(config, folder, rng):
            kills += 1
        else:  # it came to its end between two kills: begin another
            assert results(folder) == results(whole[0])
            folder = tmp_path / str(kills)

    result = call("tune", config, "--jobs", 1, "--out", folder, "--resume")

    assert result.exit_code == 0, result.stderr
    assert results(folder) == results(whole[0])


# What decides, and where the policies are kept.


def test_a_price_names_the_policy_in_every_result(config, whole, tmp_path):
    result = call(
        "tune", config, "--jobs", 1, "--out", tmp_path / "out", "--trade-off", "100 per wasted lead", "--json"
    )  # fmt: skip

    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    words = (tmp_path / "out" / "findings.txt").read_text()
    front = {int(row["policy"]): row for row in csv.DictReader((tmp_path / "out" / "front.csv").open())}
    choice = found["trade_off"]
    # From the results themselves: revenue less 100 a wasted lead.
    values = {
        p["policy"]: p["metrics"]["revenue"]["mean"] - 100 * p["metrics"]["leads_wasted"]["mean"]
        for p in (found["in_force"], *found["front"])
    }
    best = max(values, key=lambda number: values[number])
    assert (choice["choose"], choice["amount"], choice["per"]) == (best, 100.0, "leads_wasted")
    assert {w["policy"]: w["mean"] for w in choice["values"]} == pytest.approx(values)
    assert f"At 100 EUR for every wasted lead choose {f'policy {best}' if best else 'today'}" in words
    assert {number: row["chosen"] for number, row in front.items()} == {n: str(n == best).lower() for n in front}
    assert all(float(row["value"]) == pytest.approx(values[number]) for number, row in front.items())
    for policy in (found["in_force"], *found["front"]):
        assert float(front[policy["policy"]]["probability_on_front"]) == policy["probability_on_front"]
        assert float(front[policy["policy"]]["profit"]) == policy["metrics"]["profit"]["mean"]
    assert "profit, EUR a year" in words
    assert "± " in next(line for line in words.splitlines() if "can promise" in line)
    # It changes what is chosen, not what is found.
    assert (tmp_path / "out" / "trials.csv").read_bytes() == (whole[0] / "trials.csv").read_bytes()
    assert 'trade_off = "100 per wasted lead"' in (tmp_path / "out" / "scenario.toml").read_text()


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ("a lot", 2, "must be an amount of money per unit of a measure"),
        ("100 per leads_wastd", 3, "did you mean 'leads_wasted'?"),
    ],
)
def test_a_price_that_cannot_be_used_is_told_before_the_work(config, tmp_path, text, code, told):
    result = call("tune", config, "--out", tmp_path / "out", "--trade-off", text)

    assert result.exit_code == code
    assert told in result.stderr
    assert not (tmp_path / "out").exists()


def test_it_stops_at_its_plateau_with_the_cap_kept(config, tmp_path):
    file = tmp_path / "flat.toml"
    file.write_text(config.read_text().replace("trials = 10", "trials = 60\nplateau_over = 4"))

    result = call("tune", file, "--jobs", 1, "--out", tmp_path / "out", "--until-plateau", "90%", "--json")

    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["hypervolume"]["stopped_at_plateau"]
    assert found["policies_tried"] == len(found["hypervolume"]["after_each_policy"]) == 16  # 10 at random, then a batch
    words = (tmp_path / "out" / "findings.txt").read_text()
    assert "less than the 90 % of search.plateau: it stopped there, 60 allowed." in words
    assert (tmp_path / "out" / "hypervolume.png").read_bytes().startswith(b"\x89PNG")
    plain = call("tune", file, "--jobs", 1, "--out", tmp_path / "out", "--resume", "--json", "--trials", 18)
    assert json.loads(plain.stdout)["policies_tried"] == 18


def test_kept_in_a_storage_it_ends_as_in_its_folder(config, whole, tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    result = call("tune", config, "--jobs", 1, "--out", tmp_path / "study", "--storage", url)

    assert result.exit_code == 0, result.stderr
    assert results(tmp_path / "study") == results(whole[0])
    assert result.stdout == whole[1].stdout
    refused = call("tune", config, "--jobs", 1, "--out", tmp_path / "study", "--resume")
    assert refused.exit_code == 3
    assert f"give --storage {url}" in refused.stderr


def test_a_refused_study_is_as_it_was(config, whole):
    """Exit code 4, and not a byte of the folder is changed."""
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in whole[0].iterdir() if p.name != "study.lock"}
    changed = config.parent / "changed.toml"
    changed.write_text(config.read_text().replace("trials = 10", "trials = 20").replace("batch = 4", "batch = 5"))

    result = call("tune", changed, "--jobs", 1, "--out", whole[0], "--resume")

    assert result.exit_code == 4
    assert "search.batch: 4 then, 5 now" in result.stderr
    assert {
        p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in whole[0].iterdir() if p.name != "study.lock"
    } == before


def test_an_interrupted_search_tells_its_storage_without_the_password(config, tmp_path, monkeypatch):
    from funnelsim.tuning import storage

    def interrupted(url):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "open_storage", interrupted)
    url = "postgresql://me:s3cret@db.example.org/studies"

    result = call("tune", config, "--jobs", 1, "--out", tmp_path / "out", "--storage", url, "--trade-off", "5 per deal")

    assert result.exit_code == 130
    assert "s3cret" not in result.output
    [word] = [line for line in result.stderr.splitlines() if line.startswith("interrupted; go on with: ")]
    words = shlex.split(word.removeprefix("interrupted; go on with: "))
    assert words[words.index("--storage") + 1] == "postgresql://me:***@db.example.org/studies"
    assert words[words.index("--trade-off") + 1] == "5 per deal"
