"""Verifying one event per statement, against the signatures alone; and the first second.

    python -m pytest -m benchmark tests/benchmarks/test_verifying.py -s

Ratios only, control and candidate in the same run, medians of five rounds. V is the rate of
the library's raw Ed25519 verify on one core; `verify` does all of its rules and checks besides.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bulk import MINE, bag, mine
from ledger.custody.demo_keys import demo_seed
from ledger.custody.statement import Statement
from ledger.ledger import Ledger
from ledger.log import ed25519
from ledger.workspace import Settings, Workspace

pytestmark = pytest.mark.benchmark

EVENTS = 1000


def cpu(work: Callable[[], object]) -> float:
    """Seconds of this process's own time: other processes disturb it least."""
    start = time.process_time()
    work()
    return time.process_time() - start


def raw_signatures() -> None:
    message = bytes(180)
    signature = ed25519.sign(demo_seed(2), message)
    for _ in range(EVENTS):
        Ed25519PublicKey.from_public_bytes(MINE.verifier.public_key).verify(signature, message)


def started(*words: str) -> float:
    """Seconds of processor time that a fresh process takes."""

    def used() -> float:
        spent = resource.getrusage(resource.RUSAGE_CHILDREN)
        return spent.ru_utime + spent.ru_stime

    before = used()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return used() - before


def test_one_event_per_statement_against_raw_signatures(tmp_path: Path) -> None:
    with mine(tmp_path / "ledger.db") as ledger:
        for number in range(EVENTS):
            ledger.register(Statement.draft(ledger.id, [bag(number)]).signed(MINE))
    with Ledger.open(tmp_path / "ledger.db", read_only=True) as reader:
        rounds = [(cpu(lambda: reader.verify().require()), cpu(raw_signatures)) for _ in range(5)]
    ratio = statistics.median(raw / full for full, raw in rounds)
    print(f"\nverify, 1 event per statement: {ratio:.2f} V on one core (goal 0.85)")


def test_status_against_loading_what_it_does_without(tmp_path: Path) -> None:
    with mine(tmp_path / "ledger.db") as ledger:
        Workspace.adopt(tmp_path, Settings(ledger.id, ledger.origin, "benchmark", demo=True))
    status = ("-m", "ledger.cli", "--ledger", str(tmp_path), "status")
    rounds = [(started(*status), started("-c", "import sqlalchemy")) for _ in range(5)]
    ratio = statistics.median(ours / other for ours, other in rounds)
    print(f"\nstatus against `import sqlalchemy` alone: {ratio:.2f}x (it was 1.8x)")
    assert ratio < 1.2


def test_lots_are_counted_without_reading_them(tmp_path: Path) -> None:
    with mine(tmp_path / "ledger.db") as ledger:
        for start in range(0, 20_000, 2_000):
            bags = [bag(start + number) for number in range(2_000)]
            ledger.register(Statement.draft(ledger.id, bags).signed(MINE))
    with Ledger.open(tmp_path / "ledger.db", read_only=True) as reader:
        rounds = [(cpu(reader.lots), cpu(reader.counts)) for _ in range(5)]
    ratio = statistics.median(listed / counted for listed, counted in rounds)
    print(f"\ncounting 20,000 lots against listing them: {ratio:.0f}x faster")
    assert ratio > 10
