"""The audit trail of fifty thousand events: time against verifying them, and peak memory.

    python -m pytest -m benchmark tests/benchmarks/test_audit_bag.py -s

Both run as programs of their own, in turn, on the same ledger; the ratio is of the medians
of three rounds. The bag holds the verification, so it cannot be faster than that.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.cli.stories.trade import generate

pytestmark = pytest.mark.benchmark

SIZE, SEED, ROUNDS = 50_000, 2026, 3

# What it measures is the command itself; the peak is that of its one process.
_TIMED = """
import json, resource, sys, time
began = time.perf_counter()
from ledger.cli.main import cli
code = cli.main(sys.argv[1:], standalone_mode=False)
took = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": took, "kib": peak, "code": code}), file=sys.stderr)
"""


def _run(*words: str) -> tuple[float, int]:
    """Seconds and peak memory in MB of one command."""
    done = subprocess.run(
        [sys.executable, "-c", _TIMED, *words], capture_output=True, text=True, check=False
    )
    said = json.loads(done.stderr.splitlines()[-1])
    assert said["code"] in (0, 1), done.stderr
    return said["seconds"], said["kib"] * 1024 // 1_000_000


def test_the_bag_of_fifty_thousand_events(tmp_path: Path) -> None:
    workspace, _ = generate(tmp_path / "trade", size=SIZE, seed=SEED, frauds=0)
    place = str(workspace.root)
    target = tmp_path / "bag"
    verifying, bagging, peaks = [], [], []
    for _ in range(ROUNDS):
        verifying.append(_run("--ledger", place, "verify")[0])
        days = ("--from", "2000-01-01", "--to", "2199-12-31")
        seconds, peak = _run("--ledger", place, "export", "audit-bag", *days, "-o", str(target))
        bagging.append(seconds)
        peaks.append(peak)
        size = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
        shutil.rmtree(target)
    ratio = statistics.median(bagging) / statistics.median(verifying)
    print(
        f"\naudit bag of {SIZE} events: {ratio:.2f} times verify, peak {max(peaks)} MB, "
        f"{size / 1e6:.0f} MB on disk"
    )
    assert max(peaks) < 500
