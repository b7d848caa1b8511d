"""`register FILE FILE ...`: statements that are independent of each other, in one go.

    a.statement   recorded entry 41   lot.extracted   5f0c2a91d3be
    b.statement   refused: lot GIH-7 exists already [lot.exists]

They enter in the order in which they are named. One that is refused keeps out those that build
on it, and no others; what is registered stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from ledger.custody.statement import Statement
from ledger.errors import ConfigError, LedgerError, RefusedError, StorageError
from ledger.findings import Finding
from ledger.ledger import Ledger, Receipt

from . import output, signing
from .output import clean
from .session import Session

__all__ = ["enter_all"]

_TOGETHER = 1_000
"""Statements in one transaction."""


def enter_all(
    session: Session, ledger: Ledger, files: Sequence[Path], statements: Sequence[Statement]
) -> int:
    """Register these, say what became of each; the exit code is 3 if one was refused."""
    answers: list[Receipt | LedgerError] = []
    failure: LedgerError | None = None
    with output.Progress("registering statement") as progress:
        for start in range(0, len(statements), _TOGETHER):
            progress(start, len(statements))
            try:
                answers += ledger.register_group(statements[start : start + _TOGETHER])
            except StorageError as error:
                failure = error
                break
    # What was registered before the disk was full is registered, and said.
    named = list(zip(files, statements, answers, strict=False))
    if session.json:
        output.say_json({"statements": [_plain(*one) for one in named]})
    else:
        for file, statement, answer in named:
            _say(file, statement, answer)
    failure = failure or next((one for one in answers if isinstance(one, ConfigError)), None)
    if failure is not None:
        raise failure
    return 3 if any(isinstance(answer, LedgerError) for answer in answers) else 0


def _findings(answer: Receipt | LedgerError) -> Iterable[Finding]:
    """What was found, whether it kept the statement out or not."""
    if isinstance(answer, Receipt | RefusedError):
        return answer.findings
    return (Finding(code=answer.code, message=str(answer), hint=answer.hint),)


def _plain(file: Path, statement: Statement, answer: Receipt | LedgerError) -> dict[str, Any]:
    said: dict[str, Any] = {
        "file": str(file),
        "became": "registered" if isinstance(answer, Receipt) else "refused",
        "event": list(statement.ids),
        "findings": [output.finding(one) for one in _findings(answer)],
    }
    if isinstance(answer, Receipt):
        said["receipt"] = signing.plain_receipt(answer)
    return said


def _say(file: Path, statement: Statement, answer: Receipt | LedgerError) -> None:
    if isinstance(answer, Receipt):
        output.say(f"{clean(file)}   {signing.recorded(answer, statement)}")
        signing.say_findings(answer.findings)
        return
    for one in list(_findings(answer))[: output.MOST]:
        output.say(f"{clean(file)}   refused: {clean(one.message, 400)} [{one.code}]")
