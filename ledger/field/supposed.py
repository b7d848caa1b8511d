"""A ledger as it would be: statements are tried out, or taken in together, in one transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import msgspec

from ..custody.statement import Statement, decode_registration
from ..errors import StorageError
from ..events import decode
from ..ledger import Ledger, Receipt, system_clock
from ..store import entries as log
from ..store.places import Place, Supposal, supposed
from ..store.registrar import register

__all__ = ["UNSIGNED", "Built", "Supposed"]

UNSIGNED = frozenset(
    {"governance.threshold-not-met", "key.no-possession", "statement.signer-missing"}
)
"""What is said of a statement that others have still to sign."""


class Built(msgspec.Struct, frozen=True):
    """The event that built on a head: its id, entry, type, who said so, and when it came in."""

    event: str
    index: int
    type: str
    by: str
    recorded_at: str


class Supposed(Ledger):
    """A ledger that forgets what it is told when it is closed, unless it is told to keep it.

    Nobody else writes meanwhile. `register` is as strict as ever; `suppose` does not ask
    for signatures that are still to come.
    """

    def __init__(
        self, database: Supposal, clock: Callable[[], int] = system_clock, pinned: str = ""
    ) -> None:
        super().__init__(database, clock, pinned)
        self._overlay = database

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        clock: Callable[[], int] = system_clock,
        pinned: str = "",
        read_only: bool = False,
    ) -> Supposed:
        """Open the ledger at a path or URL; `read_only` is no matter here."""
        database = supposed(path)
        try:
            return cls(database, clock, pinned)
        except BaseException:
            database.close()
            raise

    def __enter__(self) -> Self:
        return self

    def suppose(self, statement: Statement) -> Receipt:
        """Go on as if this had been registered, signed by whom it may concern."""
        note = statement.note or statement.header.text().encode()
        one = msgspec.structs.replace(statement, note=note)
        return register(self._overlay, one, self._clock, UNSIGNED)

    def keep(self) -> None:
        """Make what was registered durable; the ledger can only be closed afterwards."""
        self._overlay.keep()

    def seen(self) -> tuple[int, str]:
        """Size and root of the log as it stands here."""
        with self._reading() as connection:
            return log.tree(connection)

    def root_at(self, size: int) -> str | None:
        """The root over the first entries, or None where no statement ends there."""
        with self._reading() as connection:
            if size > log.head(connection).size or log.is_event(connection, size):
                return None
            return log.tree(connection, size)[1]

    def built_on(self, lot: str, head: str) -> Built | None:
        """The event that made this the past of the lot, if it ever was its head."""
        with self._reading() as connection:
            successor = log.successor(connection, lot, head)
            if successor is None:
                return None
            event_id = successor.hex()
            index, at = log.events_known(connection, [event_id])[event_id]
            row, opened = log.entry(connection, index), log.entry(connection, at)
        if row is None or opened is None:
            raise StorageError(f"entry {index} or {at} is missing", code="storage.corrupt")
        event = decode(row.data)
        recorded = decode_registration(opened.data)
        return Built(event_id, index, event.type, event.by, recorded.recorded_at)
