"""The ledgers of fraud patterns F15 to F28: each raises its code and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.audit.checks import CHECKS
from ledger.cli.stories.caught_b import CAUGHT_B


@pytest.mark.parametrize("pattern", CAUGHT_B)
def test_a_fraud_is_found_and_nothing_else(pattern: str, tmp_path: Path) -> None:
    fraud = CAUGHT_B[pattern]
    workspace = fraud.build(pattern, tmp_path / pattern)
    with workspace.ledger(read_only=True) as ledger:
        report = ledger.verify(workspace.trust())
    assert {finding.code for finding in report.findings} == set(fraud.codes)
    above_info = {f.severity for f in report.findings} - {"info"}
    assert bool(above_info) == (pattern != "F28")


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_says_what_it_finds_when_its_limits_were_set_and_where_it_comes_from(
    name: str,
) -> None:
    said = CHECKS[name].__doc__ or ""
    assert "ource" in said or "pattern" in said
    assert not CHECKS[name].thresholds or "2026" in said or "OECD" in said
    assert all(type(value) is int for value in CHECKS[name].thresholds.values())
