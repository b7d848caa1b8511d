"""The books as they stand in the field: a copy of the ledger, and on top what waits to be sent.

    Standing.open_in(workspace)
      copy up to its checkpoint     ledger.db, read only
      + outbox/0001.statement       supposed, in order, in a transaction that is always undone
      + outbox/0002.statement       (one that no longer fits is left out, with what builds on it)

So a second statement builds on the first one's heads although no ledger has seen either, and
the rules speak in the field already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..custody.statement import Statement
from ..errors import ConfigError, ConflictError, LedgerError
from ..ledger import Offer, Receipt, system_clock
from ..workspace import Workspace
from .inbox import Answer, take
from .outbox import Folder, Pending
from .supposed import Supposed

__all__ = ["Standing"]


class Standing(Supposed):
    """A copy with its outbox. It cannot be registered in; `send` puts into the outbox.

    `base` is size and root of the copy alone, `waiting` what the outbox holds and what became
    of it in these books.
    """

    folder: Folder
    base: tuple[int, str] = (0, "")
    waiting: tuple[tuple[Pending, Answer], ...] = ()

    @classmethod
    def open_in(cls, workspace: Workspace, *, clock: Callable[[], int] = system_clock) -> Standing:
        """The books of a copy; close it soon, for nobody else can write meanwhile."""
        if not workspace.settings.copy:
            raise ConfigError(
                f"{workspace.root} holds the ledger itself, and needs no outbox",
                code="workspace.no-copy",
                hint="oretrail register FILE",
            )
        opened = cls.open(workspace.database, clock=clock, pinned=workspace.settings.id)
        if not isinstance(opened, Standing):
            raise TypeError(opened)
        try:
            opened.folder = Folder(workspace.root)
            opened.base = opened.seen()
            # Only now: whoever adds to the outbox holds the same transaction.
            pending = opened.folder.pending()
            answers = take(opened, [one.statement for one in pending], opened.suppose)
            opened.waiting = tuple(zip(pending, answers, strict=True))
        except BaseException:
            opened.close()
            raise
        return opened

    def register(self, statement: Statement) -> Receipt:
        """Never here; ConfigError ``workspace.is-copy``."""
        raise self._is_copy()

    def register_group(
        self, statements: Sequence[Statement | Offer]
    ) -> list[Receipt | LedgerError]:
        """Never here; as `register`."""
        raise self._is_copy()

    def keep(self) -> None:
        """Never here; what is supposed is undone."""
        raise ConfigError("nothing of a copy's books can be kept", code="workspace.is-copy")

    def _is_copy(self) -> ConfigError:
        return ConfigError(
            f"this is a copy of ledger {self.id[:12]}, nothing can be registered in it",
            code="workspace.is-copy",
            hint="oretrail outbox add FILE, and oretrail outbox pack WEEK.outbox",
        )

    @property
    def unfit(self) -> list[Answer]:
        """What no longer fits into the books, and what builds on it."""
        return [answer for _, answer in self.waiting if not answer.entered]

    def send(self, statement: Statement) -> Pending:
        """Put a statement into the outbox, if the rules have nothing against it but that
        signatures are still to come; `RefusedError` or `ConflictError` otherwise.
        """
        self.check_fit()
        size = self.head().size
        receipt = self.suppose(statement)
        if receipt.index < size:
            raise ConflictError(
                f"the events are in the books at entry {receipt.index} already",
                code="event.duplicate",
            )
        return self.folder.add(statement)

    def check_fit(self) -> None:
        """ConflictError ``outbox.unfit`` while something in the outbox no longer fits."""
        for pending, answer in self.waiting:
            if not answer.entered:
                raise ConflictError(
                    f"statement {pending.number} of the outbox no longer fits the ledger"
                    + (f": {answer.findings[0].message}" if answer.findings else ""),
                    code="outbox.unfit",
                    hint="oretrail outbox rebase",
                )

    def sweep(
        self, keep_receipts: Callable[[Sequence[Receipt]], None] | None = None
    ) -> list[tuple[Pending, Answer]]:
        """File away what the ledger has by now, after keeping the receipts; returns it."""
        known = [pair for pair in self.waiting if pair[1].became == "known"]
        receipts = [answer.receipt for _, answer in known if answer.receipt is not None]
        if keep_receipts is not None and receipts:
            keep_receipts(receipts)
        for pending, _ in known:
            self.folder.file_away(pending)
        self.waiting = tuple(pair for pair in self.waiting if pair[1].became != "known")
        return known
