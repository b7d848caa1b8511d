"""Every error this library raises on purpose, drawn as one tree.

    LedgerError               .code (stable, in words), str() for people, .hint or None
    |-- MalformedError        bytes or words are not what they claim to be   (also ValueError)
    |-- SignatureError        a signature is missing, wrong, or by a stranger
    |-- ProofError            a Merkle proof does not lead to the root
    |-- RefusedError          the rules refused a statement: .findings
    |-- EvidenceError         evidence was checked and found wanting: .report
    |-- ConflictError         the log has moved on, or already holds part of this
    |-- UnknownError          no such lot, party, entry                       (also LookupError)
    |-- StorageError          the database or the folder cannot do what was asked
    `-- ConfigError           settings are missing or contradict each other

An error says what could not be done; what a check merely *observed* is a
`ledger.findings.Finding`. `code` is a promise (scripts may match on it), the
message is not. Messages are lower case, without a full stop, and hold the two
values that disagree. Nothing here knows exit codes or HTTP statuses: those are
one table each, at the doors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .audit.report import Report
    from .findings import Finding

__all__ = [
    "ConfigError",
    "ConflictError",
    "EvidenceError",
    "LedgerError",
    "MalformedError",
    "ProofError",
    "RefusedError",
    "SignatureError",
    "StorageError",
    "UnknownError",
]


class LedgerError(Exception):
    """Base of every error raised on purpose.

    `code` is a stable name such as ``note.malformed``; `hint`, where there is
    one, is a command or a step that a person can take next.
    """

    code: str = "error"

    def __init__(self, message: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        if code is not None:
            self.code = code
        self.hint = hint


class MalformedError(LedgerError, ValueError):
    """Bytes or words are not what they claim to be."""

    code = "malformed"


class SignatureError(LedgerError):
    """A signature is missing, wrong, or by a key that may not sign this."""

    code = "signature.wrong"


class ProofError(LedgerError):
    """A Merkle proof does not lead to the root."""

    code = "proof.wrong"


class RefusedError(LedgerError):
    """The rules refused a statement; `findings` says which rules, and why.

    The error's own code and message are those of the first finding.
    """

    code = "refused"

    def __init__(self, findings: Sequence[Finding], *, hint: str | None = None) -> None:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        super().__init__(first.message + more, code=first.code, hint=hint or first.hint)
        self.findings = tuple(findings)


class EvidenceError(LedgerError):
    """Evidence was checked and found wanting; `report` holds every finding."""

    code = "evidence.contradicted"

    def __init__(self, message: str, report: Report, *, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.report = report


class ConflictError(LedgerError):
    """The log has moved on, or already holds a part of what was offered."""

    code = "conflict"


class UnknownError(LedgerError, LookupError):
    """There is no such lot, party, key or entry."""

    code = "unknown"


class StorageError(LedgerError):
    """The database or the folder cannot do what was asked."""

    code = "storage.failed"


class ConfigError(LedgerError):
    """Settings are missing, unreadable, or contradict each other."""

    code = "config.wrong"
