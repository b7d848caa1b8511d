"""Entering statements: looked up, judged, appended and booked, in one transaction.

    load     what `registration.needs` asks for
    check    signatures, the signer's past, then every rule
    write    entries, tree hashes, chain, projections

What is answered with a `Receipt` is durable, once the transaction is. Many statements share
one transaction with `register_group`: each is judged on its own, all are durable together.
Where a server did not say whether it is, it is asked again (`attempts`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..custody import registration
from ..custody.statement import Statement
from ..effects import lots_opened
from ..errors import LedgerError, StorageError
from ..findings import Finding
from . import entries as log
from .attempts import until_known
from .database import Connection
from .group import Group, Offer, Receipt, moment

if TYPE_CHECKING:
    from .places import Store

__all__ = ["Offer", "Receipt", "judge", "moment", "register", "register_group", "settled"]


def settled(one: registration.Prepared) -> set[str]:
    """Lots whose head this event becomes."""
    return set(one.changed | lots_opened(one.effects))


def register(
    database: Store,
    statement: Statement,
    clock: Callable[[], int],
    tolerated: frozenset[str] = frozenset(),
) -> Receipt:
    """Append a statement in one transaction; see `ledger.Ledger.register`.

    `tolerated` are codes that do not keep it out: only for what is undone afterwards.
    """
    offer = Offer(statement)

    def enter() -> Receipt:
        with database.writing() as connection:
            group = Group(connection, [offer])
            receipt = group.enter(offer, clock, tolerated)
            group.write()
        return receipt

    return until_known(enter)


def register_group(
    database: Store, offers: Sequence[Offer], clock: Callable[[], int]
) -> list[Receipt | LedgerError]:
    """Append all of these that can be, in order, in one transaction; what became of each.

    A statement that is refused keeps out those that build on it, and no others. Raises
    `StorageError` for all of them: then none was registered.
    """

    def enter() -> list[Receipt | LedgerError]:
        answers: list[Receipt | LedgerError] = []
        with database.writing() as connection:
            group = Group(connection, offers)
            for offer in offers:
                try:
                    answers.append(group.enter(offer, clock))
                except StorageError:
                    raise
                except LedgerError as error:
                    answers.append(error)
            group.write()
        return answers

    return until_known(enter)


def judge(connection: Connection, statement: Statement, clock: Callable[[], int]) -> list[Finding]:
    """Everything that is to be said about a statement, against the books as they are."""
    offer = Offer(statement, [registration.prepare(data) for data in statement.events])
    recorded_at = max(moment(clock()), log.head(connection).recorded_at)
    return Group(connection, [offer]).judge(offer, recorded_at)
