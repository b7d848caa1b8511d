"""What an audit found: a verdict, the facts it was reached on, and the findings.

    verdict         when
    supported       something was checked and nothing contradicts it
    not shown       there was nothing to check, or too little to say
    contradicted    a finding of severity error or critical

Never "conflict-free": a log shows who said what and when, not that it is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

import msgspec

from ..errors import EvidenceError
from ..findings import CONTRADICTS, SEVERITIES, Finding
from .memory import Shown

__all__ = ["KEPT_PER_CODE", "Before", "Counts", "Findings", "Report", "Verdict"]

Verdict = Literal["supported", "not shown", "contradicted"]

KEPT_PER_CODE = 1_000
"""Findings kept of each code; beyond that they are counted, so memory stays flat."""


class Counts(msgspec.Struct, frozen=True):
    """How much was checked."""

    entries: int = 0
    statements: int = 0
    signatures: int = 0


class Before(msgspec.Struct, frozen=True):
    """The first `size` entries and their root were verified before: `at` then, "" elsewhere."""

    size: int
    root: str
    at: str = ""


class Report(msgspec.Struct, frozen=True):
    """The outcome of an audit. Hashes are lower-case hex; `more` counts findings not kept.

    `recorded_at` is the log's last time, `shown` what a verifier may remember of it, if a
    ledger was there at all, `before` what was not verified again because it had been.
    """

    verdict: Verdict
    ledger: str
    size: int
    root: str
    chain: str
    counts: Counts
    findings: tuple[Finding, ...]
    more: int = 0
    recorded_at: str = ""
    shown: Shown | None = None
    before: Before | None = None

    def continues(self, before: Before) -> bool:
        """Whether what was replayed begins with what was verified before."""
        here = None if self.shown is None else self.shown.roots.at(before.size)
        return here is not None and here.hex() == before.root

    def require(self) -> Report:
        """This report, if nothing contradicts; else raise `EvidenceError`."""
        if self.verdict != "supported":
            first = self.findings[0] if self.findings else None
            raise EvidenceError(
                first.message if first else "nothing was verified",
                self,
                code=first.code if first else "evidence.empty",
            )
        return self


class Findings:
    """Collects findings, at most `KEPT_PER_CODE` of each code, and counts the rest."""

    def __init__(self) -> None:
        self._kept: list[Finding] = []
        self._count: Counter[str] = Counter()
        self.contradicts = False

    def add(self, findings: Iterable[Finding]) -> None:
        """Take these in."""
        for finding in findings:
            self._count[finding.code] += 1
            self.contradicts = self.contradicts or finding.severity in CONTRADICTS
            if self._count[finding.code] <= KEPT_PER_CODE:
                self._kept.append(finding)

    @property
    def kept(self) -> tuple[Finding, ...]:
        """The findings kept: most serious first, then in log order."""
        order = {severity: place for place, severity in enumerate(SEVERITIES)}
        return tuple(
            sorted(self._kept, key=lambda f: (order[f.severity], f.entries or (-1,), f.code))
        )

    @property
    def more(self) -> int:
        """How many were counted but not kept."""
        return sum(self._count.values()) - len(self._kept)
