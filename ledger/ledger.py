"""Ledger: create, open, register, checkpoint, trace, verify. The only orchestration.

    register(statement):
        prepare    exact bytes -> events and effects            custody.registration   pure
        load       what `needs` asks for, in one transaction    store
        check      signatures, then every rule                  custody.registration   pure
        write      entries, tree hashes, chain, projections     store, commit

A statement enters whole or not at all; what is answered with a `Receipt` is durable.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from .audit import checks
from .audit.auditor import Auditor, Source, Trust
from .audit.bundle import Bundle
from .audit.checks.base import Check
from .audit.comparison import compare
from .audit.report import Before, Report
from .custody import registration
from .custody.books import Books, Lot
from .custody.closure import gather
from .custody.provenance import Observe, Trail, trail
from .custody.shares import Inside, Shares
from .custody.statement import Statement
from .errors import ConfigError, LedgerError, StorageError, UnknownError
from .events import GOVERNANCE, Event, encode
from .events.base import Named
from .events.ledger_created import LedgerCreated
from .findings import Finding
from .log import checkpoint, merkle, note
from .store import cosignatures, projections, registrar, stretches, tree
from .store import entries as log
from .store.database import Connection, Database
from .store.places import Place, Store, created, opened
from .store.registrar import Offer, Receipt, moment, settled
from .store.replay import replay
from .store.shelf import Shelf, evidence
from .store.walks import inside, shares

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from .committer import Committer

__all__ = ["Ledger", "Offer", "Receipt", "system_clock"]


def system_clock() -> int:
    """Seconds since 1970, from the machine's clock."""
    return time.time_ns() // 1_000_000_000


class Ledger:
    """One ledger in one database. Use it as a context manager, or call `close`."""

    def __init__(
        self, database: Store, clock: Callable[[], int] = system_clock, pinned: str = ""
    ) -> None:
        database.check_format()
        self._database = database
        self._clock = clock
        with database.reading() as connection:
            books = projections.load(connection, _NOTHING)
        if books.governance is None:
            raise StorageError(f"{database.path} holds no ledger", code="storage.empty")
        if pinned and books.ledger != pinned:
            raise StorageError(
                f"{database.path} holds ledger {books.ledger[:12]}, expected is {pinned[:12]}",
                code="ledger.wrong",
            )
        self.id = books.ledger
        self.origin = books.governance.origin
        self.demo = books.governance.demo
        self.frozen: StorageError | None = None
        """Why nothing may be registered or signed here, if so; set by whoever opens it."""
        self.keep_receipts: Callable[[Sequence[Receipt]], None] | None = None
        """What is done with receipts once they are durable; set by whoever opens it."""

    @classmethod
    def create(
        cls,
        path: Place,
        *,
        origin: str,
        name: str,
        governance: Sequence[note.Signer],
        threshold: int,
        log_key: str,
        tolerances: Sequence[Named] = (),
        demo: bool = False,
        clock: Callable[[], int] = system_clock,
    ) -> Ledger:
        """Begin a ledger: its first event is signed by every governance key.

        `log_key` is the vkey that will sign checkpoints, named like the origin. Raises
        `RefusedError` when the rules refuse that beginning, `StorageError` for the rest.
        """
        began = LedgerCreated(
            by=GOVERNANCE,
            occurred_at=moment(clock()),
            origin=origin,
            name=name,
            governance=tuple(sorted(signer.verifier.vkey for signer in governance)),
            threshold=threshold,
            log_key=log_key,
            tolerances=tuple(tolerances),
            demo=demo,
        )
        data = encode(began)
        ledger_id = merkle.leaf_hash(data).hex()
        statement = Statement.draft(ledger_id, [data]).signed(*governance)
        database = created(path)
        try:
            registrar.register(database, statement, clock)
            return cls(database, clock)
        except BaseException:
            database.remove()
            raise

    @classmethod
    def open(
        cls,
        path: Place,
        *,
        clock: Callable[[], int] = system_clock,
        pinned: str = "",
        read_only: bool = False,
    ) -> Ledger:
        """Open the ledger at a path or URL; `pinned` is the ledger id to insist on."""
        database = opened(path, read_only=read_only)
        try:
            return cls(database, clock, pinned)
        except BaseException:
            database.close()
            raise

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- writing -----------------------------------------------------------------------

    def now(self) -> str:
        """The ledger's clock, as it would be recorded."""
        return moment(self._clock())

    def draft(self, events: Sequence[Event], *, seen: bool = True) -> Statement:
        """An unsigned statement of these events; `after` is filled in where it is empty.

        Heads come from the ledger as it stands, then from the events before in the same
        statement. `seen` names the newest checkpoint, if there is one.
        """
        prepared = [registration.prepare(encode(event)) for event in events]
        wanted = frozenset(lot for one in prepared for lot in one.changed)
        with self._reading() as connection:
            books = projections.load(connection, msgspec.structs.replace(_NOTHING, lots=wanted))
            known = _checkpoint_seen(connection, self.origin, books) if seen else None
        heads = {lot.lot: lot.head for lot in books.lots.values()}
        data = []
        for asked in prepared:
            one = asked
            after = {heads[lot] for lot in one.changed if lot in heads}
            if after and not one.event.after:
                event = msgspec.structs.replace(one.event, after=tuple(sorted(after)))
                one = registration.prepare(encode(event))
            heads.update((lot, one.event_id) for lot in settled(one))
            data.append(one.data)
        return Statement.draft(self.id, data, known)

    def register(self, statement: Statement) -> Receipt:
        """Append a signed statement, or raise `RefusedError` saying which rules refused it.

        The same events again are no error: the first receipt is returned.
        """
        self._not_frozen()
        receipt = registrar.register(self._database, statement, self._clock)
        if self.keep_receipts is not None:
            self.keep_receipts([receipt])
        return receipt

    def register_group(
        self, statements: Sequence[Statement | Offer]
    ) -> list[Receipt | LedgerError]:
        """Append all of these that can be, in order and in one transaction; one answer for each.

        One that is refused keeps out those that build on it, and no others. Raises
        `StorageError` if nothing could be written: then none was registered.
        """
        self._not_frozen()
        offers = [one if isinstance(one, Offer) else Offer(one) for one in statements]
        answers = registrar.register_group(self._database, offers, self._clock)
        receipts = [one for one in answers if isinstance(one, Receipt)]
        if self.keep_receipts is not None and receipts:
            try:
                self.keep_receipts(receipts)
            except ConfigError as error:
                return [error if isinstance(one, Receipt) else one for one in answers]
        return answers

    def committer(self, *, threads: int = 2, room: int = 10_000) -> Committer:
        """One writer for many threads, with so many to check signatures; close it when done.

        At most `room` statements wait; whoever brings more waits as well.
        """
        from .committer import Committer

        return Committer(self.register_group, self._vkeys, threads=threads, room=room)

    def record(self, events: Sequence[Event], *signers: note.SignsNotes) -> Receipt:
        """Draft, sign and register in one go."""
        return self.register(self.draft(events).signed(*signers))

    def judge(self, statement: Statement) -> tuple[Finding, ...]:
        """What `register` would find now; nothing is written."""
        with self._reading() as connection:
            return tuple(registrar.judge(connection, statement, self._clock))

    def checkpoint(self, signer: note.SignsNotes, *, full: bool = False) -> bytes:
        """Sign the tree as it stands, and store that; the same size is signed once only.

        Only what is durable is signed, so it is read in a transaction of its own: the
        entries since the newest checkpoint, or all of them with `full` (see `store.tree`).
        """
        self._not_frozen()
        with self._reading() as connection:
            governance = projections.load(connection, _NOTHING).governance
            keys = [note.Verifier.parse(k) for k in (governance.log_keys if governance else ())]
            before = tree.signed_before(connection, self.origin, keys, full=full)
            now = tree.recompute(connection, self.origin, before, full=full)
            data = log.checkpoint_at(connection, now.size)
        if data is None:
            data = checkpoint.sign(now, signer)
            # A stranger's key, or one that governance has replaced, may have the right name.
            checkpoint.open(data, self.origin, keys[-1:])
            with self._database.writing() as connection:
                log.add_checkpoint(connection, now.size, data)
        return data

    def rebuild(self) -> int:
        """Make every projection anew from the log; returns how many entries were read."""
        with self._database.writing() as connection:
            projections.clear(connection)
            return replay(connection, connection)

    def check(self) -> list[Finding]:
        """Every projection against one made anew from the log; nothing is written."""
        scratch = Database.in_memory()
        try:
            with self._reading() as connection, scratch.writing() as writer:
                replay(connection, writer)
                places = list(projections.differences(connection, writer))
        finally:
            scratch.close()
        return [
            Finding(
                code="books.drift",
                severity="critical",
                message=f"the tables and the log differ on {place}",
                hint="make the tables anew from the log: oretrail db rebuild",
            )
            for place in places
        ]

    def backup(self, target: Path) -> None:
        """A copy of the database as it stands, in a new file."""
        self._database.backup(target)

    # --- reading -----------------------------------------------------------------------

    def head(self) -> log.Head:
        """Size, chain hash and time of the last entry."""
        with self._reading() as connection:
            return log.head(connection)

    def lot(self, lot_id: str) -> Lot:
        """A lot as the books have it; raises `UnknownError`."""
        with self._reading() as connection:
            return _lot(connection, lot_id)

    def lots(self, holder: str | None = None, state: str | None = None) -> list[Lot]:
        """Lots by id, of one holder or in one state if asked."""
        with self._reading() as connection:
            return list(projections.lots(connection, holder, state))

    def counts(self) -> dict[str, int]:
        """How many lots there are, by state; at once, however many."""
        with self._reading() as connection:
            return projections.counts(connection)

    def books(self) -> Books:
        """Parties, keys, registrations and settings, as the tables have them; no lots."""
        with self._reading() as connection:
            return projections.load_all(connection)

    def sources(self, start: int = 0, end: int | None = None) -> Iterator[Source]:
        """Entries in log order, with their leaf and chain hashes as stored."""
        with self._reading() as connection:
            for row in log.entries(connection, start, end):
                yield Source(row.index, row.data, row.leaf, row.chain)

    def find(self, start: str) -> tuple[int, bytes]:
        """(index, bytes) of the entry with this index, or the event id that begins so."""
        with self._reading() as connection:
            index = log.find(connection, start)
            row = log.entry(connection, index)
        if row is None:
            raise UnknownError(f"no entry {index} here", code="entry.unknown")
        return row.index, row.data

    def root(self, size: int | None = None) -> bytes:
        """The root over all entries, or the first `size`, from the stored tree hashes."""
        with self._reading() as connection:
            return bytes.fromhex(log.tree(connection, size)[1])

    def nodes(self, wanted: Sequence[merkle.Node]) -> list[bytes]:
        """The stored hashes of complete subtrees: what `merkle` asks for to make a proof."""
        with self._reading() as connection:
            return log.hashes(connection, wanted)

    def registration_of(self, index: int) -> tuple[int, bytes]:
        """(index, bytes) of the registration that the event at `index` stands under."""
        with self._reading() as connection:
            at = log.registration_of(connection, index)
            row = None if at is None else log.entry(connection, at)
        if row is None:
            raise UnknownError(f"no event stands at {index} here", code="entry.unknown")
        return row.index, row.data

    def latest_checkpoint(self) -> bytes | None:
        """The newest signed checkpoint in the database, with its witnesses' lines."""
        with self._reading() as connection:
            data = log.latest_checkpoint(connection)
            if data is None:
                return None
            return cosignatures.merged(connection, checkpoint.size_of(data), data)

    def growth(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `old` entries begins that of `size`; empty from 0."""
        with self._reading() as connection:
            if not old:
                return []
            return merkle.prove_consistency_from(lambda n: log.hashes(connection, n), old, size)

    def cosigned_size(self, key: note.VerifiesNotes) -> int:
        """The largest checkpoint that this witness has cosigned, as far as is known here."""
        with self._reading() as connection:
            return cosignatures.cosigned_size(connection, key)

    def keep_cosignatures(self, size: int, lines: Iterable[note.Signature]) -> None:
        """Keep witnesses' lines, verified by the caller, under the checkpoint of that size."""
        with self._database.writing() as connection:
            cosignatures.add(connection, size, lines)

    def trace(self, subject: str, observe: Observe | None = None) -> Trail:
        """Where a lot or product came from, rebuilt from signed bytes.

        `observe` sees each event behind it, with the books before and after.
        """
        self.lot(subject)
        with self._reading() as connection:
            lots = projections.ancestors(connection, subject)
            return trail(subject, lots, gather(Shelf(connection), lots), observe)

    def shares(self, subject: str) -> Shares:
        """Where a lot or product came from as the tables have it: at once, and not proven.

        `trace` proves it, at some fifty times the cost.
        """
        with self._reading() as connection:
            return shares(connection, _lot(connection, subject))

    def inside(self, lot_id: str) -> list[Inside]:
        """How much of a lot is in each that it flowed into, by the tables; the first made first."""
        with self._reading() as connection:
            return inside(connection, _lot(connection, lot_id).lot)

    def bundle(self, subject: str) -> Bundle:
        """Everything that proves where a lot or product came from, to who has nothing else.

        Under the newest checkpoint; UnknownError if there is none, or the lot has changed since.
        """
        self.lot(subject)
        signed = self.latest_checkpoint()
        if signed is None:
            raise UnknownError(
                "no checkpoint was signed yet",
                code="checkpoint.none",
                hint="oretrail checkpoint make",
            )
        with self._reading() as connection:
            return evidence(connection, self.id, subject, signed)

    def downstream(self, lot_id: str) -> list[Lot]:
        """Every lot that this one flowed into, and itself, by id."""
        self.lot(lot_id)
        with self._reading() as connection:
            return list(projections.downstream(connection, lot_id))

    def verify(
        self,
        trust: Trust | None = None,
        progress: Callable[[int, int], None] | None = None,
        policy: Mapping[str, Mapping[str, int]] | None = None,
        observers: Sequence[Check] = (),
        *,
        workers: int | None = None,
        executor: Executor | None = None,
        stretch: int | None = None,
        before: Before | None = None,
    ) -> Report:
        """Replay the whole log from its bytes, then compare the tables with it.

        `policy` overrides thresholds of the plausibility checks: check -> threshold -> value;
        `observers` are further checks, which may only look on.

        What needs no books is done on other cores beforehand (`audit.stretch`): by `workers`
        processes, as many as there are cores if the log is long; or by any `executor`, which
        stays the caller's. `stretch` is how many entries are looked at in one go. The report
        is the same however it was made.

        `before` is what was verified and found supported before. If the log begins with the
        same bytes, their signatures, spelling and roots are not verified once more, and the
        report says so; if it does not, everything is verified and `Report.before` is None.
        """
        from . import abreast

        with self._reading() as connection:
            head = log.head(connection)
            if before is not None and not stretches.begins(connection, before):
                before = None
            at = 0 if before is None else before.size
            all_checks = (*checks.load(policy), *observers)
            auditor = Auditor(trust or Trust(self.id), checks=all_checks, before=before)
            for one in log.stated(connection, 0, at):
                auditor.feed([Source(*one)])
                if progress is not None and one[0] % 500 == 0:
                    progress(one[0], head.size)
            with abreast.executor(executor, workers, head.size - at) as hands:
                if hands is not None:
                    most = stretch or stretches.LARGEST
                    cuts = stretches.cuts(connection, head.size, most, at)
                    place = self._database.path
                    found = abreast.ahead(hands, stretches.open_log, place, cuts)
                    for come in abreast.feed(auditor, found, at):
                        at = come
                        if progress is not None:
                            progress(at, head.size)
            for one in log.stated(connection, at):
                auditor.feed([Source(*one)])
                if progress is not None and one[0] % 500 == 0:
                    progress(one[0], head.size)
            report = auditor.finish()
            if before is not None and not report.continues(before):
                raise StorageError(
                    f"the first {before.size} entries were changed while they were read",
                    code="storage.changed",
                )
            auditor.add(_head_findings(head, report))
            tables = projections.load_all(connection)
            auditor.add(compare(auditor.books, tables, projections.lots(connection)))
        return auditor.finish()

    def verify_integrity(
        self,
        trust: Trust | None = None,
        progress: Callable[[int, int], None] | None = None,
        *,
        workers: int | None = None,
        executor: Executor | None = None,
        stretch: int | None = None,
    ) -> Report:
        """Hashes, roots and signatures only; no rules, and no tables (`audit.integrity`).

        The verdict is `not shown` at best. The other words are those of `verify`.
        """
        from . import abreast
        from .audit.integrity import Integrity, look_at_hashes

        auditor = Integrity(trust or Trust(self.id))
        with self._reading() as connection:
            head = log.head(connection)
            at = 0
            with abreast.executor(executor, workers, head.size) as hands:
                cuts = stretches.cuts(connection, head.size, stretch or stretches.LARGEST)
                found = abreast.ahead(
                    hands or abreast.Inline(),
                    stretches.open_log,
                    self._database.path,
                    cuts,
                    task=look_at_hashes,
                )
                for at in abreast.feed(auditor, found):
                    if progress is not None:
                        progress(at, head.size)
            auditor.feed(Source(*one) for one in log.stated(connection, at))
            auditor.add(_head_findings(head, auditor.finish()))
        return auditor.finish()

    def _vkeys(self, refs: Iterable[str]) -> Mapping[str, str]:
        """The keys that are known by these names, to look at signatures beforehand."""
        with self._reading() as connection:
            return stretches.vkeys(connection, refs)

    def _not_frozen(self) -> None:
        if self.frozen is not None:
            raise self.frozen

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._database.reading() as connection:
            yield connection

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction for maintenance; the rules do not watch over it."""
        return self._database.writing()


_NOTHING = registration.Needs(frozenset(), frozenset(), frozenset(), frozenset(), frozenset())


def _lot(connection: Connection, lot_id: str) -> Lot:
    found = projections.lot(connection, lot_id)
    if found is None:
        near = projections.ids_like(connection, lot_id)
        raise UnknownError(
            f"no lot or product {lot_id} here",
            code="lot.unknown",
            hint=f"did you mean {', '.join(near)}" if near else "oretrail lots lists them",
        )
    return found


def _checkpoint_seen(connection: Connection, origin: str, books: Books) -> tuple[int, str] | None:
    data = log.latest_checkpoint(connection)
    if data is None or books.governance is None:
        return None
    verifier = note.Verifier.parse(books.governance.log_key)
    kept = checkpoint.open(data, origin, [verifier])
    return kept.size, kept.root.hex()


def _head_findings(head: log.Head, report: Report) -> list[Finding]:
    if (head.size, head.chain.hex()) == (report.size, report.chain):
        return []
    return [
        Finding(
            code="log.truncated" if head.size > report.size else "books.drift",
            severity="critical",
            message=f"the head row says {head.size} entries, {report.size} are here",
        )
    ]
