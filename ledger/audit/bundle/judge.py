"""Whether what a bundle holds is right, and whether it is all that belongs to its subject.

    statements   signatures, keys by place in the log, every rule            step 8
    signature    the checkpoint, by the log's key in force                    step 9
    closure      nothing missing, nothing more                                step 10
    trust        ledger id, kept checkpoints                                  step 11

Steps are those of specs/bundle.md. The rules are the ones of registration, over books that
know what is here; what is said of something that is not here is not judged.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ...custody.books import Books
from ...custody.closure import Held, closure
from ...custody.registration import Prepared, check, signed_by
from ...effects import Admit, Claim, Effect, Hold, Open, Release
from ...errors import LedgerError
from ...findings import Finding
from ...log import checkpoint, note
from ..auditor import Trust
from .proof import Part, Reading

__all__ = ["Judged", "judge"]

_BEFORE = "2000-01-01T00:00:00Z"
"""No log has recorded anything before."""


class Judged(msgspec.Struct):
    """What was found, the books as the bundle's events leave them, good signatures."""

    findings: list[Finding]
    books: Books
    signatures: int


def judge(reading: Reading, trust: Trust) -> Judged:
    """Steps 8 to 11 over a bundle that was read without a finding."""
    judged = Judged([], Books(), 0)
    _replay(reading, judged)
    judged.findings += _checkpoint_signature(reading, judged.books)
    judged.findings += _complete(reading)
    judged.findings += _trusted(reading, judged.books, trust)
    return judged


def _find(code: str, message: str, *entries: int) -> Finding:
    return Finding(code=code, message=message, entries=entries)


# --- statements ------------------------------------------------------------------------


def _replay(reading: Reading, judged: Judged) -> None:
    """Every statement by the same rules as at registration."""
    here = _begun(reading.events.values())
    recorded_at = _BEFORE
    for part in reading.parts:
        if part.recorded_at < recorded_at:
            judged.findings.append(
                _find(
                    "time.went-back",
                    f"entry {part.at} was recorded at {part.recorded_at}, one before at "
                    f"{recorded_at}",
                    part.at,
                )
            )
        recorded_at = max(recorded_at, part.recorded_at)
        prepared = [_judged_part(one, here) for _, one in part.events]
        signed, found = signed_by(judged.books, part.header, part.signatures, prepared)
        judged.signatures += len(signed)
        judged.findings += [msgspec.structs.replace(f, entries=(part.at,)) for f in found]
        indexes = [index for index, _ in part.events]
        judged.findings += check(judged.books, prepared, signed, recorded_at, indexes)
        judged.books.moved.clear()
        if part.header.ledger != reading.bundle.ledger:
            judged.findings.append(
                _find(
                    "statement.wrong-ledger",
                    f"the statement at {part.at} is for ledger {part.header.ledger[:12]}, this is "
                    f"{reading.bundle.ledger[:12]}",
                    part.at,
                )
            )
    judged.findings += _seen(reading.parts)


def _begun(events: Iterable[Prepared]) -> set[str]:
    """What begins in this bundle, as ``kind:id``."""
    here = set()
    for one in events:
        for effect in one.effects:
            if isinstance(effect, Open):
                here.add(f"lot:{effect.lot}")
            elif isinstance(effect, Admit):
                here.add(f"party:{effect.party}")
            elif isinstance(effect, Claim) and effect.first:
                here.add(effect.subject)
    return here


def _judged_part(one: Prepared, here: set[str]) -> Prepared:
    """An event without what it says of things that are not in the bundle."""
    effects = tuple(effect for effect in one.effects if _is_about_here(effect, here))
    return (
        one if len(effects) == len(one.effects) else msgspec.structs.replace(one, effects=effects)
    )


def _is_about_here(effect: Effect, here: set[str]) -> bool:
    if isinstance(effect, Hold | Release):
        return f"lot:{effect.lot}" in here
    if isinstance(effect, Claim) and not effect.subject.startswith(("event:", "ledger:")):
        return effect.subject in here
    return True


def _seen(parts: Sequence[Part]) -> Iterator[Finding]:
    """What signers had seen can have been this log's past, as far as a bundle shows."""
    places = [part.at for part in parts]
    roots: dict[int, tuple[str, int]] = {}
    for part in parts:
        if part.header.seen is None:
            continue
        size, root = part.header.seen
        before = bisect_left(places, size) - 1
        if size > part.at or (before >= 0 and size <= parts[before].last):
            yield _find(
                "statement.seen-ahead",
                f"the signer of the statement at {part.at} had seen {size} entries, where no "
                "statement before it ends",
                part.at,
            )
        known, first = roots.setdefault(size, (root, part.at))
        if known != root:
            yield _find(
                "statement.seen-inconsistent",
                f"at size {size} the signer of the statement at {first} had seen root "
                f"{known[:16]}, the one at {part.at} {root[:16]}",
                part.at,
            )


# --- the checkpoint --------------------------------------------------------------------


def _checkpoint_signature(reading: Reading, books: Books) -> Iterator[Finding]:
    """The log's key in force has signed the checkpoint of this origin."""
    if books.governance is None:
        return
    try:
        verifier = note.Verifier.parse(books.governance.log_key)
        checkpoint.open(reading.bundle.checkpoint, books.governance.origin, [verifier])
    except LedgerError as error:
        yield _find(error.code, f"the checkpoint: {error}")


def _trusted(reading: Reading, books: Books, trust: Trust) -> Iterator[Finding]:
    """The ledger and the checkpoints that whoever verifies knows already."""
    bundle = reading.bundle
    if trust.ledger and trust.ledger != bundle.ledger:
        yield _find(
            "ledger.wrong",
            f"this is ledger {bundle.ledger[:12]}, expected is {trust.ledger[:12]}",
        )
    for data in trust.checkpoints:
        yield from _compare(data, reading, books)


def _compare(data: bytes, reading: Reading, books: Books) -> Iterator[Finding]:
    if books.governance is None or reading.said is None:
        return
    try:
        verifiers = [note.Verifier.parse(vkey) for vkey in books.governance.log_keys]
        kept = checkpoint.open(data, books.governance.origin, verifiers)
    except LedgerError as error:
        yield _find(error.code, f"a checkpoint of this ledger: {error}")
        return
    if kept.size != reading.said.size:
        yield Finding(
            code="bundle.not-compared",
            severity="info",
            message=f"a kept checkpoint is of {kept.size} entries, the bundle of "
            f"{reading.said.size}; only the whole log shows that they agree",
        )
    elif kept.root != reading.said.root:
        yield _find(
            "checkpoint.root-mismatch",
            f"a kept checkpoint of {kept.size} entries has root {kept.root.hex()[:16]}, the "
            f"bundle's has {reading.said.root.hex()[:16]}",
        )


# --- nothing missing, nothing more -----------------------------------------------------


def _complete(reading: Reading) -> Iterator[Finding]:
    """What every event builds on is here, and nothing that does not belong to the subject."""
    subject = reading.bundle.subject
    places = {one.event_id: index for index, one in reading.events.items()}
    for index, one in reading.events.items():
        for event_id in one.event.after:
            if places.get(event_id, index) >= index:
                yield _find(
                    "bundle.incomplete",
                    f"entry {index} builds on event {event_id[:12]}, which is not before it",
                    index,
                )
    opens = (e.lot for one in reading.events.values() for e in one.effects if isinstance(e, Open))
    if subject not in opens:
        yield _find("bundle.no-subject", f"no event here opens {subject}")
        return
    belongs = closure(Held(reading.events), subject)
    for part in reading.parts:
        surplus = [index for index, _ in part.events if index not in belongs]
        if not part.events:
            surplus = [part.at]
        for index in surplus:
            yield _find("bundle.surplus", f"entry {index} proves nothing about {subject}", index)
