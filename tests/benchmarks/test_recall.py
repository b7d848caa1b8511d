"""What the checks find of a hundred frauds among fifty thousand events, and what besides.

    python -m pytest -m benchmark tests/benchmarks/test_recall.py -s

The same trade twice, with and without frauds: the one measures recall, the other false
alarms. A table is printed, one line per code.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from ledger.audit.report import Report
from ledger.cli.stories.trade import FRAUDS, Injected, generate, recall

pytestmark = pytest.mark.benchmark

SIZE, SEED, FRAUDULENT = 50_000, 2026, 100


def _run(root: Path, frauds: int) -> tuple[tuple[Injected, ...], Report, int]:
    """What was injected, the report, and how many lots there are."""
    began = time.perf_counter()
    workspace, injected = generate(root, size=SIZE, seed=SEED, frauds=frauds)
    made = time.perf_counter()
    with workspace.ledger(read_only=True) as ledger:
        report = ledger.verify(workspace.trust())
        verified = time.perf_counter()
        lots = len(ledger.lots())
    counts = report.counts
    print(
        f"\n{counts.entries - counts.statements} events in {counts.statements} statements, "
        f"{frauds} frauds: made in {made - began:.0f} s, verified in {verified - made:.0f} s"
    )
    return injected, report, lots


def test_every_fraud_is_found_and_an_honest_trade_raises_no_alarm(tmp_path: Path) -> None:
    assert len(FRAUDS) <= FRAUDULENT, "a hundred frauds are not all of them any more"
    injected, cheated, _ = _run(tmp_path / "cheated", FRAUDULENT)
    _, honest, lots = _run(tmp_path / "honest", 0)
    alarms = Counter(finding.code for finding in honest.findings)
    severity = {finding.code: finding.severity for finding in honest.findings}
    lines = recall(injected, cheated.findings)
    print(f"\n{'pattern':8}{'code':34}{'put in':>7}{'found':>7}{'missed':>7}{'false alarms':>14}")
    for line in (line for line in lines if line.injected):
        print(
            f"{line.pattern:8}{line.code:34}{line.injected:7}{line.found:7}"
            f"{len(line.missed):7}{alarms[line.code]:14} {severity.get(line.code, '')}"
        )
    for code in sorted(set(alarms) - set(FRAUDS)):
        print(f"{'':8}{code:34}{0:7}{0:7}{0:7}{alarms[code]:14} {severity[code]}")
    odd = {f.subject for f in honest.findings if f.severity == "major"}
    print(f"{len(odd)} of {lots} lots of the honest trade have a major finding")

    assert len(injected) == FRAUDULENT
    assert {one.code for one in injected} == set(FRAUDS)
    assert [name for line in lines for name in line.missed] == []
    assert [f for f in honest.findings if f.severity in ("error", "critical")] == []
    assert len(odd) * 100 < lots
