"""CPU time and memory of reading and fitting a million leads and a million calls; targets: 120 s and 2 GB together.

The files are made up (two years, five sources, two leads a person, 18 columns as a CRM writes them, a hundredth of the
rows spoilt) and written first; reading, cleaning and fitting are measured, in one process of their own. The policy of
so large a history is read off, not estimated.

python benchmarks/import_rows.py [--rows 1000000] [--json FILE] [--check]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import measure
import numpy as np

MAPPING = """
time_zone = "Europe/Berlin"
[leads]
key = "deal_id"
contact = "contact_id"
created = "created_at"
channel = "source"
owner = "owner"
stage = "stage"
lost_reason = "lost_reason"
closed = "closing_date"
value = "offer_total_eur"
first_response = "sla_seconds"
won = { won = "1" }
lost = { stage = "Lost" }
duplicate = { duplicate = "1" }
test = { test = "1" }
attributes = { quality = { column = "quality", known_late = true } }
[touches]
key = "call_id"
contact = "contact_id"
at = "started_at"
duration = "duration_s"
outbound = { call_type = "Outbound" }
connected = { status = "Attended Dialled" }
"""
HEADER = (
    "deal_id,contact_id,created_at,source,campaign,owner,sla_seconds,quality,stage,lost_reason,closing_date,product,"
    "payment_type,initial_paid_eur,offer_total_eur,won,duplicate,test\n"
)
SECONDS = 2 * 365 * 86_400


def write_files(folder: Path, rows: int) -> None:
    """Write leads.csv, touches.csv and mapping.toml into `folder`."""
    rng = np.random.default_rng(1)
    start = np.datetime64("2022-01-01T00:00:00")
    created = np.sort(rng.integers(0, SECONDS, rows))
    source = np.array(["Facebook Ads", "Google Ads", "Organic", "Tiktok Ads", "Webinar"])[rng.integers(0, 5, rows)]
    luck, spoilt = rng.integers(0, 1000, rows), rng.random(rows) < 0.01
    with (folder / "leads.csv").open("w", encoding="utf-8") as file:
        file.write(HEADER)
        for i, second in enumerate(created.tolist()):
            when = str(start + second).replace("T", " ") if not spoilt[i] else "31.02.2023"
            won, closed = int(luck[i] < 55), str(start + second + 86_400 * int(luck[i]) // 10)[:10]
            file.write(
                f"58050280000{i:08d},58050281{i // 2:011d},{when},{source[i]},campaign {luck[i] % 70},"
                f"Rep {luck[i] % 25},{luck[i] * 91}.0,{'ABCDE'[luck[i] % 5]},{'Payment Done' if won else 'Lost'},"
                f"{'' if won else 'Changed Decision'},{closed},Digital Marketing,,1000.0,{luck[i] * 11}.0,{won},"
                f"{int(luck[i] == 999)},0\n"
            )
    whose = rng.integers(0, rows, rows)
    after = np.rint(rng.exponential(5 * 86_400, rows)).astype(np.int64)
    duration = np.where(rng.random(rows) < 0.6, rng.integers(0, 60, rows), rng.integers(60, 2000, rows))
    with (folder / "touches.csv").open("w", encoding="utf-8") as file:
        file.write("call_id,contact_id,started_at,call_type,status,duration_s\n")
        for k in range(rows):
            when = str(start + int(created[whose[k]] + after[k])).replace("T", " ")
            kind = "Outbound" if k % 10 else "Inbound"
            person = f"58050281{whose[k] // 2:011d}"
            file.write(f"58050290000{k:08d},{person},{when},{kind},Attended Dialled,{duration[k]}\n")
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")


def imported(folder: str) -> dict[str, float]:
    """Import the files in `folder`, fit them, and return what it took."""
    from funnelsim.calibration.fit import fit_history
    from funnelsim.calibration.importing import import_history

    before = resource.getrusage(resource.RUSAGE_SELF)
    base = Path(folder)
    history = import_history(base / "leads.csv", touches=base / "touches.csv", mapping=base / "mapping.toml").history
    read = resource.getrusage(resource.RUSAGE_SELF)
    fit = fit_history(history)
    fit.scenario()
    after = resource.getrusage(resource.RUSAGE_SELF)
    touches = history.touches
    return {
        "leads_read": history.read["leads"],
        "leads_kept": history.leads.n,
        "touches_read": history.read["touches"],
        "attempts": 0 if touches is None else touches.n,
        "parameters": len(fit.parameters),
        "read_cpu_s": _cpu(read) - _cpu(before),
        "read_peak_gb": read.ru_maxrss * 1024 / 1e9,
        "cpu_s": _cpu(after) - _cpu(before),
        "peak_gb": after.ru_maxrss * 1024 / 1e9,
    }


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--json")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        print(json.dumps(imported(options.folder)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), options.rows)
        command = [sys.executable, __file__, "--folder", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    report = json.loads(done.stdout)
    report |= {"target_cpu_s": 120.0, "target_gb": 2.0}
    measure.write(report, options.json)
    assert report["leads_read"] == report["touches_read"] == options.rows
    if options.check:
        assert report["cpu_s"] <= report["target_cpu_s"]
        assert report["peak_gb"] <= report["target_gb"]


if __name__ == "__main__":
    main()
