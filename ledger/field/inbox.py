"""Taking in a week of statements: all that can be registered, in order, in one transaction.

    registered     entered now, or long ago: the receipt is the first one
    refused        by the rules; for a head that is spent: which, by what, by whom, when
    held back      not tried, because it builds on one that was refused (custody.dependence)

Nothing is durable before the caller says `keep`, so a power cut in the middle leaves the
ledger as it was, and the same file can be taken again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from ..custody.dependence import Reach
from ..custody.statement import Statement
from ..errors import ConflictError, MalformedError, RefusedError
from ..events import decode
from ..findings import Finding
from ..ledger import Receipt, system_clock
from ..workspace import Workspace
from .supposed import Built, Supposed

__all__ = ["Answer", "Conflict", "conflicts_of", "opened", "take"]


class Conflict(msgspec.Struct, frozen=True):
    """Somebody was faster: `lot` stood at event `seen` for the signer, `built` came after it.

    `stands` is the lot's head now, which may be later still.
    """

    lot: str
    seen: str
    built: Built
    stands: str


class Answer(msgspec.Struct, frozen=True):
    """What became of the statement of this number (from 1 in its file)."""

    number: int
    became: Literal["registered", "known", "refused", "held-back"]
    ids: tuple[str, ...]
    receipt: Receipt | None = None
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    builds_on: int | None = None

    @property
    def entered(self) -> bool:
        """Whether the log has it."""
        return self.receipt is not None


def opened(workspace: Workspace, *, clock: Callable[[], int] = system_clock) -> Supposed:
    """The ledger of a workspace in one transaction; frozen where the ledger itself would be."""
    ledger = Supposed.open(workspace.database, clock=clock, pinned=workspace.settings.id)
    try:
        ledger.frozen = workspace.departure(ledger)
    except BaseException:
        ledger.close()
        raise
    return ledger


def take(
    ledger: Supposed,
    statements: Sequence[Statement],
    enter: Callable[[Statement], Receipt] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Answer]:
    """Enter each statement that can be, and say what became of all of them.

    `enter` is `ledger.register`, or what stands for it; `ledger` is left as it then is.
    """
    door = enter or ledger.register
    kept_out: list[tuple[int, Reach]] = []
    answers = []
    for number, statement in enumerate(statements, start=1):
        if progress is not None:
            progress(number, len(statements))
        reach = Reach.of(statement)
        base = next((at for at, other in kept_out if reach.builds_on(other)), None)
        if base is not None:
            answer = Answer(number, "held-back", statement.ids, builds_on=base)
        else:
            answer = _entered(ledger, number, statement, door)
        answers.append(answer)
        if not answer.entered:
            kept_out.append((number, reach))
    return answers


def _entered(
    ledger: Supposed, number: int, statement: Statement, door: Callable[[Statement], Receipt]
) -> Answer:
    size = ledger.head().size
    try:
        receipt = door(statement)
    except RefusedError as error:
        conflicts = conflicts_of(ledger, statement, error.findings)
        return Answer(
            number, "refused", statement.ids, findings=error.findings, conflicts=conflicts
        )
    except (ConflictError, MalformedError) as error:
        found = Finding(code=error.code, message=str(error), hint=error.hint)
        return Answer(number, "refused", statement.ids, findings=(found,))
    became: Literal["registered", "known"] = "registered" if receipt.index >= size else "known"
    return Answer(number, became, statement.ids, receipt, receipt.findings)


def conflicts_of(
    ledger: Supposed, statement: Statement, findings: Sequence[Finding]
) -> tuple[Conflict, ...]:
    """For every lot whose head was spent: which head the signer had seen, and what spent it."""
    events = [decode(data) for data in statement.events]
    found = []
    for lot in dict.fromkeys(
        one.subject.removeprefix("lot:") for one in findings if one.code == "lot.head-spent"
    ):
        stands = ledger.lot(lot).head
        for seen in dict.fromkeys(head for event in events for head in event.after):
            built = ledger.built_on(lot, seen)
            if built is not None:
                found.append(Conflict(lot, seen, built, stands))
    return tuple(found)
