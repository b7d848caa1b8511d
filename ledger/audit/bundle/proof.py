"""From the lines of a bundle to statements that stand under the checkpoint's root.

    entries      bytes -> registrations and events, in log order             step 3
    statements   each event within the reach of a registration, genesis      step 4
    parts        events and hashes lead to the root that a note covers        step 5
    checkpoint   the note that speaks of the whole log                        step 6
    tree         entries and hashes lead to its root                          step 7

Steps are those of specs/bundle.md. Each is a generator of findings over a `Reading`; the
first that finds something is the last that is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ...custody.registration import Prepared, prepare
from ...custody.statement import Header, Registration, decode_registration
from ...errors import LedgerError, MalformedError, ProofError
from ...findings import Finding
from ...log import checkpoint, merkle, note, subset
from .frame import Bundle

__all__ = ["Part", "Reading", "read"]


class Part(msgspec.Struct):
    """A statement as far as it is here: its note, and (index, event) of those in the bundle."""

    at: int
    recorded_at: str
    header: Header
    signatures: tuple[note.Signature, ...]
    events: list[tuple[int, Prepared]]

    @property
    def last(self) -> int:
        """The index of its last event, here or not."""
        return self.at + self.header.count


class Reading:
    """A bundle while it is read: `parts` and `said` are filled in by the steps."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.leaves = [merkle.leaf_hash(data) for _, data in bundle.entries]
        self.registered: dict[int, Part] = {}
        self.events: dict[int, Prepared] = {}
        self.parts: list[Part] = []
        self.said: checkpoint.Checkpoint | None = None


def read(bundle: Bundle) -> tuple[Reading, list[Finding]]:
    """The bundle's statements, proven against its checkpoint; or what is wrong, in one step."""
    reading = Reading(bundle)
    for step in _STEPS:
        found = list(step(reading))
        if found:
            return reading, found
    return reading, []


def _find(code: str, message: str, *entries: int) -> Finding:
    return Finding(code=code, message=message, entries=entries)


def _entries(reading: Reading) -> Iterator[Finding]:
    """Indexes ascend below the size; entries are canonical; none stands twice."""
    before = -1
    seen: dict[bytes, int] = {}
    size = reading.bundle.size
    for (index, data), leaf in zip(reading.bundle.entries, reading.leaves, strict=True):
        if index <= before:
            yield _find("bundle.out-of-order", f"entry {index} stands after {before}", index)
        if index >= size:
            yield _find(
                "bundle.beyond-size", f"entry {index} in a bundle of the first {size}", index
            )
        if leaf in seen:
            yield _find(
                "event.duplicate",
                f"entry {index} is the same as entry {seen[leaf]}",
                index,
            )
        before = index
        seen[leaf] = index
        try:
            _decode(reading, index, data)
        except LedgerError as error:
            yield _find(error.code, f"entry {index}: {error}", index)


def _decode(reading: Reading, index: int, data: bytes) -> None:
    if not data.endswith(b'"type":"registered"}'):
        reading.events[index] = prepare(data)
        return
    registration: Registration = decode_registration(data)
    parsed = note.parse(registration.signed_note)
    header = Header.parse(parsed.text)
    reading.registered[index] = Part(index, registration.recorded_at, header, parsed.signatures, [])


def _statements(reading: Reading) -> Iterator[Finding]:
    """The genesis is here; every event is within the reach of the registration before it."""
    places = [index for index, _ in reading.bundle.entries[:2]]
    if places != [0, 1] or 0 not in reading.registered or 1 not in reading.events:
        yield _find(
            "genesis.missing",
            f"the bundle begins with entries {', '.join(map(str, places))}, not with the "
            "registration and the event that begin a ledger",
        )
    elif reading.leaves[1].hex() != reading.bundle.ledger:
        yield _find(
            "bundle.ledger-mismatch",
            f"the genesis here is of ledger {reading.leaves[1].hex()[:12]}, the bundle says "
            f"{reading.bundle.ledger[:12]}",
            1,
        )
    part: Part | None = None
    for index, _ in reading.bundle.entries:
        covered = part is not None and index <= part.last
        begun = reading.registered.get(index)
        if begun is not None:
            if part is not None and covered:
                yield _find(
                    "statement.count-mismatch",
                    f"the statement at {part.at} covers {part.header.count} events, a "
                    f"registration stands at {index}",
                    part.at,
                )
            if begun.last >= reading.bundle.size:
                yield _find(
                    "statement.count-mismatch",
                    f"the statement at {index} reaches to {begun.last} in a log of "
                    f"{reading.bundle.size}",
                    index,
                )
            part = begun
            reading.parts.append(begun)
        elif part is None or not covered:
            yield _find("statement.missing", f"entry {index} stands under no statement", index)
        else:
            part.events.append((index, reading.events[index]))


def _parts(reading: Reading) -> Iterator[Finding]:
    """The events of each statement, and the hashes beside them, lead to its root."""
    leaf_of = dict(zip((index for index, _ in reading.bundle.entries), reading.leaves, strict=True))
    given = iter([*reading.bundle.partial, None])
    upcoming = next(given)
    for part in reading.parts:
        hashes = []
        while upcoming is not None and upcoming[0] == part.at:
            hashes.append(upcoming[1])
            upcoming = next(given)
        if not part.events:
            if hashes:
                yield _hash_count(f"{len(hashes)} hashes for the statement at {part.at}, not 0")
            continue
        try:
            root = subset.root_of(
                [index - part.at - 1 for index, _ in part.events],
                [leaf_of[index] for index, _ in part.events],
                part.header.count,
                hashes,
            )
        except ProofError as error:
            yield _hash_count(f"the statement at {part.at}: {error}")
            continue
        if root.hex() != part.header.root:
            yield _find(
                "statement.root-mismatch",
                f"the statement at {part.at} covers events with root {part.header.root[:16]}, "
                f"what is here has {root.hex()[:16]}",
                part.at,
            )
    if upcoming is not None:
        yield _hash_count(f"hashes for a statement at {upcoming[0]} out of place")


def _hash_count(message: str) -> Finding:
    return _find("bundle.hash-count", message)


def _checkpoint(reading: Reading) -> Iterator[Finding]:
    """The note is a checkpoint of this size, and no line of it stands twice."""
    try:
        parsed = note.parse(reading.bundle.checkpoint)
        reading.said = checkpoint.parse(parsed.text)
    except MalformedError as error:
        yield _find(error.code, f"the checkpoint: {error}")
        return
    if len(set(parsed.signatures)) < len(parsed.signatures):
        yield _find("note.duplicate-signature", "a signature of the checkpoint stands twice")
    if reading.said.size != reading.bundle.size:
        yield _find(
            "bundle.size-mismatch",
            f"the checkpoint is of {reading.said.size} entries, the bundle of "
            f"{reading.bundle.size}",
        )


def _tree(reading: Reading) -> Iterator[Finding]:
    """Entries and hashes lead to the checkpoint's root."""
    bundle = reading.bundle
    try:
        root = subset.root_of(
            [index for index, _ in bundle.entries], reading.leaves, bundle.size, bundle.tree
        )
    except ProofError as error:
        yield _hash_count(f"the tree: {error}")
        return
    stated = reading.said.root if reading.said is not None else b""
    if root != stated:
        yield _find(
            "bundle.root-mismatch",
            f"entries and hashes lead to root {root.hex()[:16]}, the checkpoint says "
            f"{stated.hex()[:16]}",
        )


_STEPS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    _entries,
    _statements,
    _parts,
    _checkpoint,
    _tree,
)
