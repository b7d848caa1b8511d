"""The ledgers of fraud patterns F1 to F14: each raises its codes and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.cli.stories.caught import CAUGHT
from ledger.cli.stories.caught_a import CAUGHT_A


@pytest.mark.parametrize("pattern", CAUGHT_A)
def test_a_fraud_is_found_and_nothing_else(pattern: str, tmp_path: Path) -> None:
    fraud = CAUGHT_A[pattern]
    workspace = fraud.build(pattern, tmp_path / pattern)
    with workspace.ledger(read_only=True) as ledger:
        report = ledger.verify(workspace.trust())
    assert {finding.code for finding in report.findings} == set(fraud.codes)
    assert {finding.severity for finding in report.findings} & {"error", "critical", "major"}


def test_every_pattern_has_its_ledger() -> None:
    assert list(CAUGHT) == [f"F{number}" for number in range(1, 29)]
