"""Entering a statement: looked up, judged, appended and booked, in one transaction.

    load     what `registration.needs` asks for
    check    signatures, the signer's past, then every rule
    write    entries, tree hashes, chain, projections

What is answered with a `Receipt` is durable, once the transaction is.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from ..custody import registration
from ..custody.statement import Statement, decode_registration, registration_entry
from ..effects import lots_opened
from ..errors import ConflictError, MalformedError, RefusedError, StorageError
from ..findings import Finding
from . import entries as log
from . import projections
from .database import Connection, Database

__all__ = ["Receipt", "judge", "moment", "register", "settled"]


class Receipt(msgspec.Struct, frozen=True):
    """The log has it: `index` of the registration, ids of the events, the log's size after
    it, the log's time. `findings` are what was recorded all the same, but is worth a look.
    """

    index: int
    event: tuple[str, ...]
    size: int
    recorded_at: str
    findings: tuple[Finding, ...] = ()


def moment(seconds: int) -> str:
    """A time as it is recorded, from seconds since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def settled(one: registration.Prepared) -> set[str]:
    """Lots whose head this event becomes."""
    return set(one.changed | lots_opened(one.effects))


def register(
    database: Database,
    statement: Statement,
    clock: Callable[[], int],
    tolerated: frozenset[str] = frozenset(),
) -> Receipt:
    """Append a statement in one transaction; see `ledger.Ledger.register`.

    `tolerated` are codes that do not keep it out: only for what is undone afterwards.
    """
    with database.writing() as connection:
        again = _registered_before(connection, statement)
        if again is not None:
            return again
        head = log.head(connection)
        recorded_at = max(moment(clock()), head.recorded_at)
        books, prepared, findings = judge(connection, statement, recorded_at)
        errors = [one for one in registration.refused(findings) if one.code not in tolerated]
        if errors:
            raise RefusedError(errors)
        before = books.loaded["lot"]
        heads = {name: lot.head for name, lot in before.items()}
        spent = []
        for one in prepared:
            spent += [
                (lot, heads[lot], one.event_id) for lot in sorted(one.changed) if lot in heads
            ]
            heads.update((lot, one.event_id) for lot in settled(one))
        entry = registration_entry(statement.note, recorded_at)
        after = log.append(connection, head, [entry, *statement.events], spent, recorded_at)
        projections.save(connection, books, prepared, head.size + 1)
    return Receipt(
        head.size,
        tuple(one.event_id for one in prepared),
        after.size,
        recorded_at,
        tuple(findings),
    )


def judge(
    connection: Connection, statement: Statement, recorded_at: str
) -> tuple[projections.LoadedBooks, list[registration.Prepared], list[Finding]]:
    """Everything that is to be said about a statement, against the books as they are."""
    prepared = [registration.prepare(data) for data in statement.events]
    size = log.head(connection).size
    books = projections.load(connection, registration.needs(prepared, statement.signatures))
    signed, findings = registration.signed_by(
        books, statement.header, statement.signatures, prepared
    )
    findings += _seen(connection, statement, size)
    indexes = range(size + 1, size + 1 + len(prepared))
    findings += registration.check(books, prepared, signed, recorded_at, indexes)
    if statement.header.ledger != books.ledger:
        findings.insert(
            0,
            Finding(
                code="statement.wrong-ledger",
                message=f"the statement is for ledger {statement.header.ledger[:12]}, "
                f"this is {books.ledger[:12] or 'none'}",
            ),
        )
    return books, prepared, findings


def _registered_before(connection: Connection, statement: Statement) -> Receipt | None:
    """The first receipt, if the log holds these events; ConflictError if only some."""
    ids = statement.ids
    if len(set(ids)) < len(ids):
        raise ConflictError("the statement holds one event twice", code="event.duplicate")
    known = log.events_known(connection, ids)
    if not known:
        return None
    registrations = {registered for _, registered in known.values()}
    if len(known) < len(ids) or len(registrations) > 1:
        first = next(event_id for event_id in ids if event_id in known)
        raise ConflictError(
            f"event {first[:12]} is in the log at entry {known[first][0]}, "
            f"{len(ids) - len(known)} others of the statement are not",
            code="event.duplicate",
        )
    at = registrations.pop()
    row = log.entry(connection, at)
    if row is None:
        raise StorageError(f"entry {at} is missing", code="storage.corrupt")
    recorded = decode_registration(row.data)
    try:
        first_one = Statement.of(statement.events, recorded.signed_note)
    except MalformedError:
        raise ConflictError(
            f"the events are in the log under the statement at {at}, in another order or with more",
            code="event.duplicate",
        ) from None
    if first_one.header.ledger != statement.header.ledger:
        raise ConflictError(
            "these events are in this log, and the statement is for another",
            code="statement.wrong-ledger",
        )
    return Receipt(at, ids, at + 1 + len(ids), recorded.recorded_at)


def _seen(connection: Connection, statement: Statement, size: int) -> list[Finding]:
    """The checkpoint that the signer names must be in this log's past."""
    if statement.header.seen is None:
        return []
    seen, root = statement.header.seen
    if seen > size or log.is_event(connection, seen):
        return [
            Finding(
                code="statement.seen-ahead",
                message=f"the signer has seen {seen} entries, where no statement of this log "
                f"ends; it has {size}",
            )
        ]
    _, here = log.tree(connection, seen)
    if here != root:
        return [
            Finding(
                code="statement.seen-inconsistent",
                message=f"the signer has seen root {root[:16]} at size {seen}, "
                f"here it is {here[:16]}",
            )
        ]
    return []
