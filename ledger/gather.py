"""Gathering: from an open ledger to the dossier that exports are made from.

    subject    a lot or product: its trail, and the steps behind it
    period     every step of those days; with a party, the trails of what it took over or
               made in them

What is read is read under one size of the log: entries that come later are not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from .audit.audience import for_audience
from .audit.auditor import Auditor, Trust
from .audit.bundle import encode
from .audit.dossier import Audience, Dossier
from .audit.proven import Proven
from .audit.steps import Recorder, Step, step
from .custody.books import Books, Lot
from .custody.registration import Prepared
from .custody.statement import decode_registration
from .custody.trail import Trail
from .errors import UnknownError
from .ledger import Ledger
from .log import checkpoint, merkle, note
from .log.proof import Proof, verify
from .log.proof import encode as encode_proof

__all__ = ["gather", "proven"]


def gather(
    ledger: Ledger,
    subjects: Sequence[str] = (),
    *,
    party: str = "",
    period: tuple[str, str] = ("", ""),
    audience: Audience = "authority",
    progress: Callable[[int, int], None] | None = None,
) -> Dossier:
    """The dossier of `subjects`, or of a `period` (first day, first day after it).

    `progress` is told (entries so far, all entries) while the ledger is verified for it.

    Raises `UnknownError` for a lot, product or party that is not here.
    """
    head = ledger.head()
    books = ledger.books()
    if party and party not in books.parties:
        raise UnknownError(
            f"no party {party} here", code="party.unknown", hint="oretrail party list"
        )
    if not subjects and party:
        subjects = _taken_over(ledger, party, period)
    steps: list[Step] = []
    trails = tuple(_trail(ledger, subject, steps) for subject in subjects)
    parties = {
        name: {"roles": list(one.roles), **one.facts} for name, one in sorted(books.parties.items())
    }
    sites = {
        subject[5:]: dict(one.facts)
        for subject, one in sorted(books.register.items())
        if subject.startswith("site:")
    }
    if trails:
        named = {name for trail in trails for name in trail.parties}
        named |= {name for one in steps for name in (one.by, *one.cosigners)} | {party}
        parties = {name: facts for name, facts in parties.items() if name in named}
        placed = {name for trail in trails for name in trail.sites}
        sites = {name: facts for name, facts in sites.items() if name in placed}
        steps = _signed(ledger, sorted({s.index: s for s in steps}.values(), key=_index))

    def days() -> Iterator[Step]:
        return _all_steps(ledger, period, head.size)

    found = Dossier(
        ledger=ledger.id,
        origin=ledger.origin,
        size=head.size,
        root=ledger.root().hex(),
        chain=head.chain.hex(),
        as_of=head.recorded_at,
        subjects=tuple(subjects),
        party=party,
        period=period,
        demo=ledger.demo,
        checkpoint=ledger.latest_checkpoint(),
        trails=trails,
        parties=parties,
        sites=sites,
        steps=(lambda: steps) if trails else days,
        days=days,
        audit=lambda keep: ledger.verify(progress=progress, observers=(Recorder(keep),)),
        bundle=lambda subject: encode(ledger.bundle(subject)),
        sources=lambda: ((one.index, one.data) for one in ledger.sources(0, head.size)),
    )
    return for_audience(found, audience)


def proven(ledger: Ledger, entry: str) -> Proven:
    """Entry `entry` (its index, or how its event id begins) with its way to the newest checkpoint.

    It is read back as whoever gets it will: a store that was changed gives no proof. Raises
    `UnknownError` when there is no such entry or no checkpoint covers it.
    """
    index, data = ledger.find(entry)
    newest = ledger.latest_checkpoint()
    if newest is None:
        raise UnknownError(
            "no checkpoint was signed yet",
            code="checkpoint.none",
            hint="oretrail checkpoint make",
        )
    said = checkpoint.parse(note.parse(newest).text)
    if index >= said.size:
        raise UnknownError(
            f"the newest checkpoint covers {said.size} entries, not entry {index}",
            code="checkpoint.not-covered",
            hint="oretrail checkpoint make",
        )
    hashes = tuple(merkle.prove_inclusion_from(ledger.nodes, index, said.size))
    governance = ledger.books().governance
    keys = governance.log_keys if governance else ()
    made = Proof(index, hashes, newest)
    verify(data, made, said.origin, [note.Verifier.parse(key) for key in keys])
    file = encode_proof(made)
    return Proven(ledger.id, said.origin, index, data, hashes, said.size, said.root, newest, file)


def _index(one: Step) -> int:
    return one.index


def _trail(ledger: Ledger, subject: str, steps: list[Step]) -> Trail:
    """The trail of a subject; its steps are added to `steps`."""

    def keep(
        index: int,
        one: Prepared,
        before: dict[str, Lot],
        books: Books,
        moved: Sequence[tuple[str, str, int]],
    ) -> None:
        steps.append(step(index, one, before, books, moved, rows=True))

    return ledger.trace(subject, keep)


def _signed(ledger: Ledger, steps: Iterable[Step]) -> list[Step]:
    """The steps with the time of their registration and the names under their statement."""
    known: dict[int, tuple[str, tuple[str, ...]]] = {}
    signed = []
    for one in steps:
        at, data = ledger.registration_of(one.index)
        if at not in known:
            registered = decode_registration(data)
            names = tuple(s.name for s in note.parse(registered.signed_note).signatures)
            known[at] = (registered.recorded_at, names)
        recorded_at, signers = known[at]
        signed.append(msgspec.structs.replace(one, recorded_at=recorded_at, signers=signers))
    return signed


def _all_steps(ledger: Ledger, period: tuple[str, str], size: int) -> Iterator[Step]:
    """Every step of the log that happened in the period, streamed; the log is replayed."""
    kept: list[Step] = []
    auditor = Auditor(Trust(ledger.id), checks=(Recorder(kept.append, rows=True),))
    signers: tuple[str, ...] = ()
    for source in ledger.sources(0, size):
        auditor.feed([source])
        # A statement is settled, and its steps come out, when the next one begins.
        yield from _within(kept, period, signers)
        if source.data.endswith(b'"type":"registered"}'):
            registered = decode_registration(source.data)
            signers = tuple(s.name for s in note.parse(registered.signed_note).signatures)
    auditor.finish()
    yield from _within(kept, period, signers)


def _within(kept: list[Step], period: tuple[str, str], signers: tuple[str, ...]) -> Iterator[Step]:
    if not kept:
        return
    first, end = period
    taken, kept[:] = list(kept), []
    for one in taken:
        if first <= one.occurred_at and (not end or one.occurred_at < end):
            yield msgspec.structs.replace(one, signers=signers)


def _taken_over(ledger: Ledger, party: str, period: tuple[str, str]) -> tuple[str, ...]:
    """What a party received from another, or made as a product, in the period."""
    found: dict[str, None] = {}
    for one in _all_steps(ledger, period, ledger.head().size):
        for hand in one.hands:
            if hand.act == "arrived" and hand.taker == party:
                found[hand.lot] = None
        if one.by == party and any(claim.kind == "product" for claim in one.claims):
            found |= dict.fromkeys(filled.lot for filled in one.filled)
    return tuple(found)
