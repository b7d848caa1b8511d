"""What an audit found of what was injected, and what it found beside it.

injected    frauds of a code          missed       of them, those without a finding
found       of them, those with a     beside       findings that are about no fraud
            finding of that code
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from ledger.findings import Finding, Severity

from .frauds import Injected

__all__ = ["Recall", "recall"]


class Recall(msgspec.Struct):
    """How one code did. `missed` are the names of frauds."""

    code: str
    pattern: str = ""
    injected: int = 0
    found: int = 0
    missed: tuple[str, ...] = ()
    beside: int = 0
    severity: Severity | None = None


def recall(injected: Sequence[Injected], findings: Iterable[Finding]) -> list[Recall]:
    """One line per code that was injected or found, in order of pattern and code."""
    found = list(findings)
    lines: dict[str, Recall] = {}
    by_entry: dict[int, set[str]] = {}
    by_subject: dict[str, set[str]] = {}
    for one in injected:
        for entry in one.entries:
            by_entry.setdefault(entry, set()).add(one.name)
        for subject in _subjects(one):
            by_subject.setdefault(subject, set()).add(one.name)
    hit: set[tuple[str, str]] = set()
    for finding in found:
        line = lines.setdefault(finding.code, Recall(finding.code))
        line.severity = line.severity or finding.severity
        names = set(by_subject.get(finding.subject, ()))
        names.update(*(by_entry.get(entry, ()) for entry in finding.entries))
        hit.update((finding.code, name) for name in names)
        line.beside += not names
    for one in injected:
        line = lines.setdefault(one.code, Recall(one.code))
        line.pattern = one.pattern
        line.injected += 1
        if (one.code, one.name) in hit:
            line.found += 1
        else:
            line.missed += (one.name,)
    return sorted(lines.values(), key=lambda line: (_order(line.pattern), line.code))


def _subjects(one: Injected) -> set[str]:
    return {*one.subjects, *(f"lot:{lot}" for lot in one.lots)}


def _order(pattern: str) -> tuple[str, int]:
    """F2 before F10; what was found and belongs to no pattern last."""
    letters = pattern.rstrip("0123456789")
    return letters or "~", int(pattern[len(letters) :] or 0)
