r"""A statement: events, and the signatures of the parties under them.

The note (a C2SP signed note; specs/statement.md):

    oretrail/statement/v1
    ledger <ledger id, 64 hex>
    events <count> <RFC 6962 root over the events' bytes, 64 hex>
    seen <tree size> <root, 64 hex>                     (optional line)
    <blank line>
    — gihanga.example tUZ6...                           (one line per signature)

The file (`.statement`): the events, one per line, an empty line, the note. A second
party countersigns by adding a line. One signature covers 1 to 4,096 events, so a day's
bags cost one; and because the second line is no decimal, a statement can never be read
as a checkpoint.

The registration is the log entry that carries the note into the log, before its events:

    {"note":["oretrail/statement/v1","ledger ...", ...],"recorded_at":"...","type":"registered"}
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache

import msgspec

from .. import events as event_types
from ..errors import MalformedError
from ..log import canonical, merkle
from ..log import note as notes
from ..values import Time

__all__ = [
    "MAX_EVENTS",
    "Header",
    "Registration",
    "Statement",
    "decode_registration",
    "registration_entry",
]

MAX_EVENTS = 4_096
"""Events under one set of signatures."""

_HEX = "[0-9a-f]{64}"
_SIZE = "[1-9][0-9]{0,15}"
_TEXT = re.compile(
    rf"oretrail/statement/v1\nledger ({_HEX})\nevents ([1-9][0-9]{{0,3}}) ({_HEX})\n"
    rf"(?:seen ({_SIZE}) ({_HEX})\n)?",
    re.ASCII,
)


class Header(msgspec.Struct, frozen=True):
    """What a statement's note says: which ledger, how many events under which root.

    `seen` is (tree size, root): a checkpoint that the signer knew.
    """

    ledger: str
    count: int
    root: str
    seen: tuple[int, str] | None = None

    def text(self) -> str:
        """The note's text."""
        seen = f"seen {self.seen[0]} {self.seen[1]}\n" if self.seen else ""
        return (
            f"oretrail/statement/v1\nledger {self.ledger}\nevents {self.count} {self.root}\n{seen}"
        )

    @classmethod
    def parse(cls, text: str) -> Header:
        """The header that `text` spells; MalformedError ``statement.malformed``."""
        match = _TEXT.fullmatch(text)
        if match is None:
            raise MalformedError(
                "the note's text is not that of a statement", code="statement.malformed"
            )
        ledger, count, root, size, seen_root = match.groups()
        if int(count) > MAX_EVENTS:
            raise MalformedError(
                f"a statement of {count} events, at most {MAX_EVENTS} are allowed",
                code="statement.too-large",
            )
        return cls(ledger, int(count), root, (int(size), seen_root) if size else None)


class Statement(msgspec.Struct, frozen=True, dict=True):
    """Events as exact bytes, and the signed note that covers them.

    `header` and `signatures` are what the note spells; nothing is verified yet.
    """

    events: tuple[bytes, ...]
    note: bytes
    header: Header
    signatures: tuple[notes.Signature, ...]

    @classmethod
    def draft(
        cls, ledger: str, events: Sequence[bytes], seen: tuple[int, str] | None = None
    ) -> Statement:
        """An unsigned statement over exact event bytes, for `signed`."""
        if not 1 <= len(events) <= MAX_EVENTS:
            raise MalformedError(
                f"a statement of {len(events)} events, 1 to {MAX_EVENTS} are allowed",
                code="statement.too-large" if events else "statement.malformed",
            )
        root = merkle.root([merkle.leaf_hash(data) for data in events]).hex()
        return cls(tuple(events), b"", Header(ledger, len(events), root, seen), ())

    @classmethod
    def of(cls, events: Sequence[bytes], signed_note: bytes) -> Statement:
        """A statement from its two parts; refused unless the note is about these events."""
        parsed = notes.parse(signed_note)
        header = Header.parse(parsed.text)
        if header.count != len(events):
            raise MalformedError(
                f"the note covers {header.count} events, {len(events)} are here",
                code="statement.count-mismatch",
            )
        statement = cls(tuple(events), signed_note, header, parsed.signatures)
        root = merkle.root(statement.leaves).hex()
        if root != header.root:
            raise MalformedError(
                f"the events' root is {root}, the note covers {header.root}",
                code="statement.root-mismatch",
            )
        return statement

    def signed(self, *signers: notes.SignsNotes) -> Statement:
        """This statement with further signatures."""
        data = self.note
        for signer in signers:
            data = notes.add(data, signer) if data else notes.sign(self.header.text(), signer)
        return Statement.of(self.events, data) if signers else self

    @cached_property
    def leaves(self) -> tuple[bytes, ...]:
        """The leaf hashes of its events, in order: hashed once, asked for again and again."""
        return tuple(merkle.leaf_hash(data) for data in self.events)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The ids of its events, in order: their leaf hashes in hexadecimal."""
        return tuple(leaf.hex() for leaf in self.leaves)

    def encode(self) -> bytes:
        """The statement as a file; a person can read it."""
        body = self.note or self.header.text().encode()
        return b"".join(data + b"\n" for data in self.events) + b"\n" + body

    @classmethod
    def decode(cls, data: bytes) -> Statement:
        """The statement in a file, or MalformedError. A draft has no signatures yet."""
        head, found, rest = data.partition(b"\n\n")
        if not found:
            raise MalformedError(
                "no empty line between events and note", code="statement.malformed"
            )
        lines = head.split(b"\n")
        if len(lines) > MAX_EVENTS:
            raise MalformedError(
                f"more than {MAX_EVENTS} events in one statement", code="statement.too-large"
            )
        for line in lines:
            event_types.decode(line)
        if b"\n\n" in rest:
            return cls.of(lines, rest)
        try:
            header = Header.parse(rest.decode("ascii"))
        except UnicodeDecodeError:
            raise MalformedError(
                "the note's text is not that of a statement", code="statement.malformed"
            ) from None
        draft = cls.draft(header.ledger, lines, header.seen)
        if draft.header != header:
            raise MalformedError(
                f"the events' root is {draft.header.root}, the note covers {header.root}",
                code="statement.root-mismatch",
            )
        return draft


class Registration(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="type",
    tag="registered",
):
    """The log entry that opens a statement: its note, and the log's own time."""

    note: tuple[str, ...]
    recorded_at: Time

    @property
    def signed_note(self) -> bytes:
        """The note byte for byte."""
        return "".join(line + "\n" for line in self.note).encode()


_decoder = msgspec.json.Decoder(Registration)
_encoder = msgspec.json.Encoder(order="sorted")


def registration_entry(signed_note: bytes, recorded_at: str) -> bytes:
    """The canonical bytes of a registration; MalformedError for a time that none can say."""
    lines = signed_note.decode().split("\n")
    _sayable(recorded_at)
    return _registered(lines[:-1], recorded_at)


def _registered(lines: list[str], recorded_at: str) -> bytes:
    return canonical.encode({"note": lines, "recorded_at": recorded_at, "type": "registered"})


@lru_cache(maxsize=64)
def _sayable(recorded_at: str) -> None:
    """Refuse a time that no registration can be read with; a group has the same one often."""
    decode_registration(_registered([], recorded_at))


def decode_registration(data: bytes) -> Registration:
    """The registration these exact bytes spell, or MalformedError."""
    if canonical.plain(data):
        # Strings of known fields only, so what encodes to the same bytes is canonical.
        try:
            registration = _decoder.decode(data)
        except ValueError:  # of msgspec's errors the base, and of UnicodeError
            return _decode_carefully(data)
        if _encoder.encode(registration) == data:
            return registration
    return _decode_carefully(data)


def _decode_carefully(data: bytes) -> Registration:
    """The registration in any bytes that spell one, or the error that names what is wrong."""
    canonical.check(data)
    try:
        if not data.endswith(b'"type":"registered"}'):  # msgspec lets a lone tag be absent
            raise msgspec.ValidationError("its type is not registered")
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise MalformedError(
            f"not a registration: {error}", code="registration.malformed"
        ) from None
