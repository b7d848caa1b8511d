"""The auditor: replays a whole log from its bytes and believes nothing else.

For each entry, in order:

 1. the bytes are canonical and of a known form               canonical.*, event.*
 2. leaf hash and chain are what the source said              entry.leaf-mismatch, .chain-broken
 3. a statement's events are those that its note covers       statement.*
 4. the note is about this ledger, and about its own past     statement.wrong-ledger, .seen-*
 5. the signatures are good, by keys valid at this place      statement.signature-wrong, key.*
 6. the log's clock does not go back                          time.went-back
 7. no event stands twice                                     event.duplicate
 8. the same rules as at registration hold                    lot.*, mass.*, custody.* ...
 9. known checkpoints lie in its past                         checkpoint.*, log.truncated
10. it continues what was seen of it before                   log.*, ledger.*

Every entry is looked at even after a finding. Entries are not kept: memory grows by an id for
each event and 40 bytes for each statement. Lots, and what the checks compare, lie in a
temporary file when there are many (`spill`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from ..custody.books import Books
from ..custody.packed import PackedLots
from ..custody.registration import Prepared, check, prepare, signature_good, signed_by
from ..custody.rules import Case
from ..custody.statement import MAX_EVENTS, Header, Registration, decode_registration
from ..errors import LedgerError, MalformedError, SignatureError
from ..findings import Finding
from ..log import chain, checkpoint, merkle, note
from .checks.base import Check, Watch
from .memory import Roots, Shown, Sighting, judge
from .report import Before, Counts, Findings, Report
from .spill import Spill
from .stretch import Looked, Stated

__all__ = ["Auditor", "Source", "Trust"]


_Pending = Sequence[tuple[int, bytes, bytes]]

_BEFORE = "2000-01-01T00:00:00Z"
"""No log has recorded anything before."""


class Trust(msgspec.Struct, frozen=True):
    """What the person who verifies knows already.

    `ledger`: the pinned ledger id, or "" to take whatever begins the log. `checkpoints`:
    signed notes of this log that were kept elsewhere. `seen`: what was seen of ledgers
    before; `place` and `carried` say where this one is shown (see `audit.memory`).
    """

    ledger: str = ""
    checkpoints: tuple[bytes, ...] = ()
    seen: tuple[Sighting, ...] = ()
    place: str = ""
    carried: bool = False


class Source(msgspec.Struct, frozen=True):
    """One entry as it was found; `leaf` and `chain` if the source states them."""

    index: int
    data: bytes
    leaf: bytes | None = None
    chain: bytes | None = None


class Auditor:
    """Feed it every entry in order, then `finish`. `books` are the ledger's books so far.

    `before` says that the first entries were verified and supported before, and that these
    are the same bytes, which whoever says it has seen to: their signatures, their spelling and
    the root under each note are not verified again; everything else is done as ever.
    """

    def __init__(
        self,
        trust: Trust | None = None,
        books: Books | None = None,
        observe: Callable[[Sequence[int], Sequence[Prepared], Books], None] | None = None,
        checks: Sequence[Check] = (),
        before: Before | None = None,
    ) -> None:
        self.trust = trust or Trust()
        self._before = before
        self.books = books or Books(PackedLots(Spill(bytes)))
        self._observe = observe
        self.checks = tuple(checks)
        self._watch = Watch(self.checks)
        self._findings = Findings()
        self._frontier = merkle.Frontier()
        self._chain = chain.START
        self._next = 0
        self._counts = [0, 0]
        self._recorded_at = _BEFORE
        self._ids: set[bytes] = set()
        # Roots where statements end: a statement may have seen the tree there.
        self._roots = Roots()
        self._open: Registration | Stated | None = None
        self._open_at = 0
        # The events since: (index, bytes, leaf hash as it was made here).
        self._pending: list[tuple[int, bytes, bytes]] = []
        self._finished = False
        # The largest signed checkpoint that agrees with the entries; the one with most lines.
        self._covered, self._covered_size = b"", 0

    def feed(self, sources: Iterable[Source]) -> None:
        """Take in entries."""
        for source in sources:
            self._take(source)

    def take(self, looked: Looked) -> bool:
        """Take in a stretch that was looked at elsewhere: the same as feeding its entries."""
        chained = looked.continues(self._next, self._chain)
        if chained is None or looked.statements is None:
            self.feed(Source(*row) for row in looked.rows)
            return True
        leaves = looked.hashes()
        at = 0
        for stated in looked.statements:
            self._settle()
            begin, at = at + 1, at + 1 + stated.header.count
            for leaf in leaves[begin - 1 : at]:
                self._frontier.append(leaf)
            self._begin(looked.rows[begin - 1][0], stated)
            self._pending = [
                (index, data, leaf)
                for (index, data, _, _), leaf in zip(
                    looked.rows[begin:at], leaves[begin:at], strict=True
                )
            ]
            self._next = self._open_at + len(self._pending) + 1
        self._chain = chained
        return True

    def finish(self) -> Report:
        """Close the last statement, compare with known checkpoints, and report.

        Asked again, it reports again, with what `add` has brought since.
        """
        if not self._finished:
            self._finished = True
            self._settle()
            self._conclude()
        size = self._frontier.size
        found = self._findings
        return Report(
            "contradicted" if found.contradicts else "supported" if size else "not shown",
            self.books.ledger,
            size,
            self._frontier.root().hex(),
            self._chain.hex(),
            Counts(size, *self._counts),
            found.kept,
            found.more,
            self._recorded_at if size else "",
            self._shown(),
            self._before,
        )

    def _shown(self) -> Shown | None:
        """What can be held against what was seen before, and be remembered."""
        governance = self.books.governance
        if governance is None:
            return None
        return Shown(
            self.books.ledger,
            governance.origin,
            governance.log_keys,
            self._frontier.size,
            self._covered,
            self._roots,
            place=self.trust.place,
            carried=self.trust.carried,
            pinned=bool(self.trust.ledger),
            demo=governance.demo,
        )

    def _conclude(self) -> None:
        """What only the whole log shows: that it is the right one, and all of it."""
        size = self._frontier.size
        if size == 0:
            self._findings.add(
                [
                    Finding(
                        code="evidence.empty",
                        severity="major",
                        message="there is nothing to verify",
                    )
                ]
            )
        elif self.trust.ledger and self.trust.ledger != self.books.ledger:
            self._find(
                "ledger.wrong",
                f"this is ledger {self.books.ledger[:12] or 'unknown'}, "
                f"expected is {self.trust.ledger[:12]}",
            )
        for data in self.trust.checkpoints:
            self._compare(data)
        shown = self._shown()
        if shown is not None:
            self._findings.add(judge(self.trust.seen, shown))
        for one in self.checks:
            self._findings.add(one.conclude(self.books, self._recorded_at))

    def add(self, findings: Iterable[Finding]) -> None:
        """Findings from elsewhere that belong into the same report."""
        self._findings.add(findings)

    # --- entries -----------------------------------------------------------------------

    def _take(self, source: Source) -> None:
        if source.index != self._next:
            self._find(
                "entry.missing",
                f"entry {source.index} stands where {self._next} is expected",
                source.index,
            )
        self._next = source.index + 1
        leaf = merkle.leaf_hash(source.data)
        self._chain = chain.link(self._chain, leaf)
        if source.leaf is not None and source.leaf != leaf:
            self._find(
                "entry.leaf-mismatch",
                f"entry {source.index} hashes to {leaf.hex()[:16]}, "
                f"its stated leaf is {source.leaf.hex()[:16]}",
                source.index,
            )
        if source.chain is not None and source.chain != self._chain:
            self._find(
                "entry.chain-broken",
                f"the chain at entry {source.index} is {self._chain.hex()[:16]}, "
                f"stated is {source.chain.hex()[:16]}",
                source.index,
            )
            # One break is one finding: go on from what the source says.
            self._chain = source.chain
        registration = self._registration(source)
        if registration is not None or len(self._pending) > MAX_EVENTS:
            self._settle()
        self._frontier.append(leaf)
        if registration is not None:
            self._begin(source.index, registration)
        else:
            self._pending.append((source.index, source.data, leaf))

    def _registration(self, source: Source) -> Registration | None:
        """The registration in an entry, if it says that it is one."""
        if not source.data.endswith(b'"type":"registered"}'):
            return None
        try:
            return decode_registration(source.data)
        except MalformedError as error:
            self._find(error.code, f"entry {source.index}: {error}", source.index)
            return None

    def _begin(self, index: int, registration: Registration | Stated) -> None:
        self._open, self._open_at = registration, index
        self._counts[0] += 1
        if registration.recorded_at < self._recorded_at:
            self._find(
                "time.went-back",
                f"entry {index} was recorded at {registration.recorded_at}, "
                f"the one before at {self._recorded_at}",
                index,
            )
        self._recorded_at = max(self._recorded_at, registration.recorded_at)

    # --- statements --------------------------------------------------------------------

    def _settle(self) -> None:
        """Judge the statement that has just ended, and remember the root there."""
        pending, self._pending = self._pending, []
        registration, self._open = self._open, None
        if registration is None and not pending:
            return
        parsed = self._parse(registration, pending)
        header = parsed[0] if parsed else None
        # These bytes, and no more of them, were looked at elsewhere, or verified before.
        before = self._before is not None and self._frontier.size <= self._before.size
        seen = before or (
            isinstance(registration, Stated) and registration.header.count == len(pending)
        )
        self._twice(pending)
        prepared, indexes = self._prepare(pending, checked=seen)
        signed: frozenset[str] = frozenset()
        if parsed is not None and registration is not None:
            if not seen:
                self._covers(parsed[0], pending)
            self._seen(parsed[0])
            good_by = _good_before if before else self._good_by(registration)
            signed = self._signatures(parsed[0], parsed[1], prepared, good_by)
        if prepared:
            found = check(
                self.books, prepared, signed, self._recorded_at, indexes, self._check_event
            )
            unsigned = {"statement.signer-missing", "key.no-possession"}
            self._findings.add(f for f in found if parsed is not None or f.code not in unsigned)
            if self._observe is not None:
                self._observe(indexes, prepared, self.books)
            self.books.moved.clear()
        if header is not None and header.ledger != self.books.ledger:
            self._find(
                "statement.wrong-ledger",
                f"the statement at {self._open_at} is for ledger {header.ledger[:12]}, "
                f"this is {self.books.ledger[:12] or 'none'}",
                self._open_at,
            )
        self._roots.add(self._frontier.size, self._frontier.root())

    def _check_event(self, index: int, one: Prepared, case: Case) -> None:
        """Let every plausibility check that watches this event's effects look at it."""
        seen, checks = self._watch.seen(index, self._recorded_at, one, case, self.books)
        if seen is not None:
            for watcher in checks:
                for finding in watcher.observe(seen):
                    self._findings.add((finding,))

    def _parse(
        self, registration: Registration | Stated | None, pending: _Pending
    ) -> tuple[Header, tuple[note.Signature, ...]] | None:
        """The note's header and signatures, if it can be read."""
        if registration is None:
            first, last = pending[0][0], pending[-1][0]
            self._find(
                "statement.missing", f"entries {first} to {last} stand under no statement", first
            )
            return None
        if isinstance(registration, Stated):
            return registration.header, registration.signatures
        try:
            parsed = note.parse(registration.signed_note)
            return Header.parse(parsed.text), parsed.signatures
        except LedgerError as error:
            self._find(error.code, f"the statement at {self._open_at}: {error}", self._open_at)
            return None

    def _twice(self, pending: _Pending) -> None:
        """No event stands in a log twice, whatever statement it stands under."""
        for index, _, leaf in pending:
            if leaf in self._ids:
                self._find(
                    "event.duplicate",
                    f"event {leaf.hex()[:12]} at entry {index} stands in the log twice",
                    index,
                )
            self._ids.add(leaf)

    def _prepare(self, pending: _Pending, *, checked: bool) -> tuple[list[Prepared], list[int]]:
        """The events that can be read, and where they stand."""
        prepared, indexes = [], []
        for index, data, leaf in pending:
            try:
                prepared.append(prepare(data, leaf, checked=checked))
                indexes.append(index)
            except MalformedError as error:
                self._find(error.code, f"entry {index}: {error}", index)
        return prepared, indexes

    def _covers(self, header: Header, pending: _Pending) -> None:
        """The note is about as many events as follow it, and about these."""
        at = self._open_at
        if header.count != len(pending):
            self._find(
                "statement.count-mismatch",
                f"the statement at {at} covers {header.count} events, {len(pending)} follow",
                at,
            )
        root = merkle.root([leaf for _, _, leaf in pending]).hex()
        if header.root != root:
            self._find(
                "statement.root-mismatch",
                f"the statement at {at} covers events with root {header.root[:16]}, "
                f"what follows has {root[:16]}",
                at,
            )

    def _good_by(
        self, registration: Registration | Stated | None
    ) -> Callable[[str, bytes, bytes], bool]:
        """Who says whether a signature under the statement is good."""
        return registration.good_by if isinstance(registration, Stated) else signature_good

    def _signatures(
        self,
        header: Header,
        signatures: Sequence[note.Signature],
        prepared: Sequence[Prepared],
        good_by: Callable[[str, bytes, bytes], bool],
    ) -> frozenset[str]:
        """The keys that have signed, and what is wrong with other lines."""
        signed, findings = signed_by(self.books, header, signatures, prepared, good_by)
        self._counts[1] += len(signed)
        at = self._open_at
        self._findings.add(msgspec.structs.replace(f, entries=(at,)) for f in findings)
        return signed

    def _seen(self, header: Header) -> None:
        """What the signer had seen of this log must be in its past."""
        if header.seen is None:
            return
        size, root = header.seen
        here = self._roots.at(size)
        if here is None:
            self._find(
                "statement.seen-ahead",
                f"the signer of the statement at {self._open_at} had seen {size} entries, "
                "where no statement of this log ends",
                self._open_at,
            )
        elif here.hex() != root:
            self._find(
                "statement.seen-inconsistent",
                f"the signer of the statement at {self._open_at} had seen root {root[:16]} "
                f"at size {size}, here it is {here.hex()[:16]}",
                self._open_at,
            )

    # --- checkpoints -------------------------------------------------------------------

    def _compare(self, data: bytes) -> None:
        """A checkpoint that was kept elsewhere must be of this log, and in its past."""
        governance = self.books.governance
        if governance is None:
            return
        try:
            verifiers = [note.Verifier.parse(vkey) for vkey in governance.log_keys]
            kept = checkpoint.open(data, governance.origin, verifiers)
        except (MalformedError, SignatureError) as error:
            self._find(error.code, f"a checkpoint of this ledger: {error}")
            return
        size = self._frontier.size
        if kept.size > size:
            self._find(
                "log.truncated",
                f"a signed checkpoint covers {kept.size} entries, only {size} are here",
            )
            return
        here = self._roots.at(kept.size)
        if here is None:
            self._find(
                "checkpoint.root-mismatch",
                f"a signed checkpoint of {kept.size} entries ends inside a statement",
            )
        elif here != kept.root:
            self._find(
                "checkpoint.root-mismatch",
                f"a signed checkpoint of {kept.size} entries has root {kept.root.hex()[:16]}, "
                f"here it is {here.hex()[:16]}",
            )
        elif (kept.size, len(data)) > (self._covered_size, len(self._covered)):
            self._covered, self._covered_size = data, kept.size

    def _find(self, code: str, message: str, index: int | None = None) -> None:
        entries = () if index is None else (index,)
        self._findings.add([Finding(code=code, message=message, entries=entries)])


def _good_before(vkey: str, text: bytes, blob: bytes) -> bool:
    """A signature by a known key in entries that were supported: it was verified then."""
    return True
