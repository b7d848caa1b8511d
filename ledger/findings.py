"""What a check observed: a finding has a stable code, a severity, and two values that disagree.

    severity    meaning                                              a writer    an auditor
    error       the record is not valid; it must not be in a ledger  refuses     contradicted
    critical    valid, but contradicts itself or the physical world  records     contradicted
    major       a discrepancy that somebody must explain             records     reports
    minor       unusual                                              records     reports
    info        worth knowing; a gap                                 records     reports

Codes are words, ``subject.what-is-wrong``, and are promises: each has a rule in
``specs/verification.md``. A finding is a value; what could not be *done* is an
exception (`ledger.errors`).
"""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["CONTRADICTS", "SEVERITIES", "Finding", "Severity"]

Severity = Literal["error", "critical", "major", "minor", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "critical", "major", "minor", "info")
"""Most serious first."""

CONTRADICTS = frozenset({"error", "critical"})
"""Severities that make a verdict `contradicted`."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One thing a check observed.

    `entries` are indexes in the log (empty when the statement is not registered yet),
    `subject` is what it is about (``lot:GIH-1``), `hint` is a step a person can take.
    """

    code: str
    message: str
    severity: Severity = "error"
    entries: tuple[int, ...] = ()
    subject: str = ""
    hint: str | None = None
