"""Registering in statements of 256 against one by one, and verifying in flat memory.

    python -m pytest -m benchmark tests/benchmarks -s

Ratios only, control and candidate in the same run, medians of five rounds. The machine's
own speed is in both sides of each ratio.
"""

from __future__ import annotations

import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bulk import MINE, WHEN, bag, mine
from ledger.custody.demo_keys import demo_seed
from ledger.custody.statement import Statement
from ledger.events.lot_weighed import LotWeighed
from ledger.ledger import Ledger
from ledger.log import ed25519

pytestmark = pytest.mark.benchmark


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _verify_500() -> None:
    message = bytes(600)
    signature = ed25519.sign(demo_seed(2), message)
    for _ in range(500):
        ed25519.verify(MINE.verifier.public_key, message, signature)


def test_statements_of_256_against_one_by_one(tmp_path: Path) -> None:
    ledger = mine(tmp_path / "ledger.db")
    ratios, single_rates, verify_rates = [], [], []
    for turn in range(5):
        base = turn * 1000
        single = [Statement.draft(ledger.id, [bag(base + n)]).signed(MINE) for n in range(100)]
        bulk = [
            Statement.draft(
                ledger.id, [bag(1_000_000 + base * 10 + s * 256 + n) for n in range(256)]
            ).signed(MINE)
            for s in range(4)
        ]
        one = _timed(lambda todo=single: [ledger.register(s) for s in todo]) / 100
        many = _timed(lambda todo=bulk: [ledger.register(s) for s in todo]) / 1024
        verify = _timed(_verify_500)
        ratios.append(one / many)
        single_rates.append(verify / 500 / one)
        verify_rates.append(verify / 500 / many)
    print(
        f"\n256 per statement against 1: {statistics.median(ratios):.1f}x (goal 8x)"
        f"\n1 per statement: {statistics.median(single_rates):.3f} of strict Ed25519 verify"
        f"\n256 per statement: {statistics.median(verify_rates):.2f} of strict Ed25519 verify"
    )
    assert statistics.median(ratios) >= 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork to measure a fresh process")
def test_full_verification_of_100_000_events_in_flat_memory(tmp_path: Path) -> None:
    ledger = mine(tmp_path / "ledger.db")
    for start in range(0, 50_000, 250):
        lots = range(start, start + 250)
        ledger.register(Statement.draft(ledger.id, [bag(n) for n in lots]).signed(MINE))
        ledger.record(
            [
                LotWeighed(
                    by=MINE.name,
                    occurred_at=WHEN,
                    lot=f"BAG-{n:08}",
                    mass=40_000_000 + n % 7_000_000,
                    basis="wet",
                    instrument="hand-scale",
                    moisture=40_000_000,
                )
                for n in lots
            ],
            MINE,
        )
    ledger.close()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        fresh = Ledger.open(tmp_path / "ledger.db")
        seconds = _timed(lambda: fresh.verify().require())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak //= 1 if sys.platform == "darwin" else 1024
        os.write(writer, f"{peak} {seconds:.2f}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    peak_mb, seconds_text = os.read(reader, 100).decode().split()
    print(f"\n100,000 events verified: peak {peak_mb} MB (goal < 300), {seconds_text} s")
    assert int(peak_mb) < 300
