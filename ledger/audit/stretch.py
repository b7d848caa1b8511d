"""A stretch of the log, looked at without the books: what any other core can do beforehand.

    log        R e e e R e R e e | R e R e e e e | R e ...      R a registration, e an event
    stretches  [0, 9)              [9, 16)         [16, ...     each begins with a registration

    look       read the entries, hash them, read the notes, hold each statement's root against
               its note, see that each event is one, verify the signatures       on any core
    Auditor    chain, tree, times, books, rules, checks, in log order            on one core

What is found of a stretch comes back together with the very bytes that it was found of, and
the auditor replays those: nothing is read twice, so nothing can be another the second time.
A stretch in which anything at all is not as it should be comes back as it was read, and the
auditor judges it itself, step by step: it alone says what is wrong.

Keys are the one thing that only the books know. `Reader.vkeys` is a hint, believed by nobody:
a signature counts as verified when the books ask for that very key and signature; if they ask
for another, the auditor verifies it itself.

Everything here can be pickled, and is made of bytes, numbers, text and tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ..custody.books import key_ref
from ..custody.registration import signature_good
from ..custody.statement import Header, decode_registration
from ..effects import Authorize, Effect, Govern, Rotate
from ..errors import LedgerError, MalformedError
from ..events import decode, effects_of
from ..log import chain, merkle, note

__all__ = ["Looked", "Opened", "Place", "Reader", "Row", "Stated", "introduced", "look"]

Place = Any
"""Where a log is kept, as `Opened` understands it: a path, a URL. It can be pickled."""
Row = tuple[int, bytes, bytes | None, bytes | None]
"""(index, bytes, leaf hash, chain hash) of an entry; the hashes where the source states them."""
_Line = tuple[str, bytes, bytes, str]
"""(name, key id, blob, the vkey that the blob was verified by or "") of a signature line."""
_REGISTERED = b'"type":"registered"}'


class Reader(Protocol):
    """A log that is open for reading, as it stands."""

    def entries(self, start: int, end: int) -> Iterable[Row]:
        """The entries from `start` up to `end`, in order."""

    def vkeys(self, refs: frozenset[str]) -> Mapping[str, str]:
        """Keys of these references (``name+key id``), those that are easily found; a hint."""

    def close(self) -> None:
        """Let go of it."""


Opened = Callable[[Place], Reader]
"""Opens a log in whatever process it is called: a plain function that can be pickled."""


class Stated(msgspec.Struct, frozen=True):
    """A statement whose note and events agree: its events are the `header.count` that follow."""

    recorded_at: str
    header: Header
    lines: tuple[_Line, ...]

    @property
    def signatures(self) -> tuple[note.Signature, ...]:
        """The note's signature lines."""
        return tuple(note.Signature(name, key_id, blob) for name, key_id, blob, _ in self.lines)

    def good_by(self, vkey: str, text: bytes, blob: bytes) -> bool:
        """Whether this signature is by that key, from what is known or else from the bytes."""
        if any(by == vkey and seen == blob for _, _, seen, by in self.lines):
            return True
        return signature_good(vkey, text, blob)


class Looked(msgspec.Struct, frozen=True):
    """The entries of a stretch as they were read and, where `statements` is not None, found good.

    Then `leaves` are their hashes, end to end, and `rows` state no others.
    """

    rows: tuple[Row, ...]
    statements: tuple[Stated, ...] | None = None
    leaves: bytes = b""

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.rows)

    def hashes(self) -> list[bytes]:
        """The leaf hashes, one by one."""
        return [self.leaves[at : at + 32] for at in range(0, len(self.leaves), 32)]

    def continues(self, index: int, link: bytes) -> bytes | None:
        """The chain hash after this stretch if, after `link`, its chain is the one stated."""
        if self.statements is None or not self.rows or self.rows[0][0] != index:
            return None
        after = link
        for (_, _, _, stated), leaf in zip(self.rows, self.hashes(), strict=True):
            after = chain.link(after, leaf)
            if stated is not None and stated != after:
                return None
        return after


def look(
    opened: Opened, place: Place, start: int, end: int, *, whole: bool = True
) -> Looked | None:
    """Look at the entries from `start` up to `end`; None where they cannot be read as asked.

    Statements begin at both. The task of one process: open, read, close. If not `whole`, only
    those events are decoded that may bring in a key.
    """
    try:
        reader = opened(place)
    except LedgerError:
        return None  # whoever asked will meet the error himself, and say it
    try:
        rows = tuple(reader.entries(start, end))
        if [row[0] for row in rows] != list(range(start, end)):
            return None
        leaves = [merkle.leaf_hash(row[1]) for row in rows]
        good = all(row[2] in (None, leaf) for row, leaf in zip(rows, leaves, strict=True))
        statements = _statements(rows, leaves, reader.vkeys, whole=whole) if good else None
    except LedgerError:
        return None
    finally:
        reader.close()
    if statements is None:
        return Looked(rows)
    return Looked(rows, statements, b"".join(leaves))


def introduced(effects: Iterable[Effect]) -> Iterator[str]:
    """The vkeys that these effects bring in, to sign with."""
    for effect in effects:
        if isinstance(effect, Authorize | Rotate):
            yield effect.key
        elif isinstance(effect, Govern):
            yield from effect.keys


def _statements(
    rows: Sequence[Row],
    leaves: Sequence[bytes],
    vkeys: Callable[[frozenset[str]], Mapping[str, str]],
    *,
    whole: bool,
) -> tuple[Stated, ...] | None:
    """Every statement of the stretch, if every one is whole and its note covers its events."""
    found: list[tuple[str, Header, tuple[note.Signature, ...]]] = []
    brought: dict[str, str] = {}
    at = 0
    try:
        while at < len(rows):
            registration = decode_registration(rows[at][1])
            parsed = note.parse(registration.signed_note)
            header = Header.parse(parsed.text)
            begin, at = at + 1, at + 1 + header.count
            if at > len(rows) or merkle.root(leaves[begin:at]).hex() != header.root:
                return None
            events = [data for _, data, _, _ in rows[begin:at]]
            if any(data.endswith(_REGISTERED) for data in events):
                return None
            # Every vkey has a plus sign, and few other texts have.
            keyed = [data for data in events if b"+" in data]
            if whole:
                for data in events:
                    decode(data)
            for data in keyed:
                brought.update((key_ref(v), v) for v in introduced(effects_of(decode(data))))
            found.append((registration.recorded_at, header, parsed.signatures))
    except MalformedError:
        return None
    refs = frozenset(_ref(line) for _, _, lines in found for line in lines)
    known = {**brought, **vkeys(refs)}
    return tuple(
        Stated(recorded_at, header, _verified(header, lines, known))
        for recorded_at, header, lines in found
    )


def _verified(
    header: Header, lines: Iterable[note.Signature], known: Mapping[str, str]
) -> tuple[_Line, ...]:
    """The lines, each with the key that it was verified by, if one is known and it is good."""
    text = header.text().encode()
    found: list[_Line] = []
    for line in lines:
        vkey = known.get(_ref(line), "")
        good = bool(vkey) and signature_good(vkey, text, line.blob)
        found.append((line.name, line.key_id, line.blob, vkey if good else ""))
    return tuple(found)


def _ref(line: note.Signature) -> str:
    return f"{line.name}+{line.key_id.hex()}"
