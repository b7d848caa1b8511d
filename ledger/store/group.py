"""Statements that enter the log one after the other, in one transaction and one writing.

    look up   event ids that are known, and all that any of the statements asks for
    judge     each against the books as those before it have left them; one that is refused
              leaves nothing behind, and the next is judged as if it had not been there
    write     entries, tree hashes, chain and projections of all that stand, table by table

Nothing is written before all are judged, but for a statement whose signer has seen a
checkpoint inside the group. What the log then holds is what registering one by one would have
made, byte for byte.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

import msgspec

from ..custody import registration
from ..custody.statement import Statement, decode_registration, registration_entry
from ..errors import ConflictError, LedgerError, MalformedError, RefusedError, StorageError
from ..findings import Finding
from . import entries as log
from . import projections
from .database import Connection
from .loaded import Posting

__all__ = ["Group", "Offer", "Receipt", "moment"]


class Receipt(msgspec.Struct, frozen=True):
    """The log has it: `index` of the registration, ids of the events, the log's size after
    it, the log's time. `findings` are what was recorded all the same, but is worth a look.
    """

    index: int
    event: tuple[str, ...]
    size: int
    recorded_at: str
    findings: tuple[Finding, ...] = ()


class Offer(msgspec.Struct):
    """A statement at the door, and what was found out about it while it waited.

    `prepared` are its events; `good` says of (vkey, text, signature) whether it is good.
    Either may be left to whoever enters it.
    """

    statement: Statement
    prepared: Sequence[registration.Prepared] | None = None
    good: dict[tuple[str, bytes, bytes], bool] = {}

    def good_by(self, vkey: str, text: bytes, blob: bytes) -> bool:
        """As `registration.signature_good`, from what is known already."""
        known = self.good.get((vkey, text, blob))
        return registration.signature_good(vkey, text, blob) if known is None else known


@lru_cache(maxsize=8)
def moment(seconds: int) -> str:
    """A time as it is recorded, from seconds since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Group:
    """A transaction's statements, in the order in which they are entered.

    Every statement that will be entered must be among `offers`: what they need is read once.
    """

    def __init__(self, connection: Connection, offers: Sequence[Offer]) -> None:
        self._connection = connection
        self._head = log.head(connection)
        self._size, self._recorded_at = self._head.size, self._head.recorded_at
        self._known = log.events_known(
            connection, [event_id for one in offers for event_id in one.statement.ids]
        )
        self._entered: dict[int, tuple[Statement, str]] = {}
        self._past: dict[int, tuple[bool, str]] = {}
        self._batches: list[log.Batch] = []
        self._postings: list[Posting] = []
        self._books = projections.load(connection, _needs(map(self._prepare, offers)))

    def enter(
        self, offer: Offer, clock: Callable[[], int], tolerated: frozenset[str] = frozenset()
    ) -> Receipt:
        """Judge a statement and put it down for writing, or raise what keeps it out.

        `tolerated` are codes that do not keep it out: only for what is undone afterwards.
        """
        again = self._registered_before(offer.statement)
        if again is not None:
            return again
        recorded_at = max(moment(clock()), self._recorded_at)
        try:
            findings = self.judge(offer, recorded_at)
            errors = [one for one in registration.refused(findings) if one.code not in tolerated]
            if errors:
                raise RefusedError(errors)
            entry = registration_entry(offer.statement.note, recorded_at)
        except LedgerError:
            self._books.withdraw()
            raise
        return self._put_down(offer, entry, recorded_at, findings)

    def judge(self, offer: Offer, recorded_at: str) -> list[Finding]:
        """Everything that is to be said about a statement, against the books as they are.

        They are left as it would leave them.
        """
        statement, prepared = offer.statement, _prepared(offer)
        books = self._books
        signed, findings = registration.signed_by(
            books, statement.header, statement.signatures, prepared, offer.good_by
        )
        findings += self._seen(statement)
        first = self._size + 1
        findings += registration.check(
            books, prepared, signed, recorded_at, range(first, first + len(prepared))
        )
        if statement.header.ledger != books.ledger:
            findings.insert(
                0,
                Finding(
                    code="statement.wrong-ledger",
                    message=f"the statement is for ledger {statement.header.ledger[:12]}, "
                    f"this is {books.ledger[:12] or 'none'}",
                ),
            )
        return findings

    def write(self) -> None:
        """Write what was entered since the last time."""
        if not self._batches:
            return
        self._head = log.append(self._connection, self._head, self._batches, self._recorded_at)
        log.spend(self._connection, projections.save(self._connection, self._books, self._postings))
        self._batches, self._postings = [], []

    def _prepare(self, offer: Offer) -> Offer:
        """Prepare what will be judged; what cannot be is refused when its turn comes."""
        statement = offer.statement
        if offer.prepared is None and self._known.keys().isdisjoint(statement.ids):
            with contextlib.suppress(MalformedError):
                offer.prepared = _prepared(offer)
        return offer

    def _put_down(
        self, offer: Offer, entry: bytes, recorded_at: str, findings: Sequence[Finding]
    ) -> Receipt:
        statement, at = offer.statement, self._size
        ids = statement.ids
        self._batches.append(log.Batch(entry, statement.events, statement.leaves))
        self._postings.append(self._books.post(_prepared(offer), at + 1))
        self._known.update((event_id, (at + 1 + n, at)) for n, event_id in enumerate(ids))
        self._entered[at] = (statement, recorded_at)
        self._size, self._recorded_at = at + 1 + len(ids), recorded_at
        return Receipt(at, ids, self._size, recorded_at, tuple(findings))

    def _registered_before(self, statement: Statement) -> Receipt | None:
        """The first receipt, if the log holds these events; ConflictError if only some."""
        ids = statement.ids
        if len(set(ids)) < len(ids):
            raise ConflictError("the statement holds one event twice", code="event.duplicate")
        known = {event_id: self._known[event_id] for event_id in ids if event_id in self._known}
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
        note, recorded_at = self._recorded(at)
        try:
            first_one = Statement.of(statement.events, note)
        except MalformedError:
            raise ConflictError(
                f"the events are in the log under the statement at {at}, in another order or "
                "with more",
                code="event.duplicate",
            ) from None
        if first_one.header.ledger != statement.header.ledger:
            raise ConflictError(
                "these events are in this log, and the statement is for another",
                code="statement.wrong-ledger",
            )
        return Receipt(at, ids, at + 1 + len(ids), recorded_at)

    def _recorded(self, at: int) -> tuple[bytes, str]:
        """The note of the registration at this index, and when it was recorded."""
        if at in self._entered:
            statement, recorded_at = self._entered[at]
            return statement.note, recorded_at
        row = log.entry(self._connection, at)
        if row is None:
            raise StorageError(f"entry {at} is missing", code="storage.corrupt")
        recorded = decode_registration(row.data)
        return recorded.signed_note, recorded.recorded_at

    def _seen(self, statement: Statement) -> list[Finding]:
        """The checkpoint that the signer names must be in this log's past."""
        if statement.header.seen is None:
            return []
        seen, root = statement.header.seen
        if seen <= self._size and seen not in self._past:
            if seen > self._head.size:
                self.write()
            inside = log.is_event(self._connection, seen)
            here = "" if inside else log.tree(self._connection, seen)[1]
            self._past[seen] = (inside, here)
        inside, here = self._past.get(seen, (True, ""))
        if inside:
            return [
                Finding(
                    code="statement.seen-ahead",
                    message=f"the signer has seen {seen} entries, where no statement of this "
                    f"log ends; it has {self._size}",
                )
            ]
        if here != root:
            return [
                Finding(
                    code="statement.seen-inconsistent",
                    message=f"the signer has seen root {root[:16]} at size {seen}, "
                    f"here it is {here[:16]}",
                )
            ]
        return []


def _prepared(offer: Offer) -> Sequence[registration.Prepared]:
    if offer.prepared is None:
        return [registration.prepare(data) for data in offer.statement.events]
    return offer.prepared


def _needs(offers: Iterable[Offer]) -> registration.Needs:
    """What is to be looked up for all of them."""
    ready = [one for one in offers if one.prepared is not None]
    return registration.needs(
        [event for one in ready for event in one.prepared or ()],
        [signature for one in ready for signature in one.statement.signatures],
    )
