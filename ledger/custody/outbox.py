"""An outbox: the signed statements of a week without a network, in one file (`.outbox`).

    oretrail/outbox/v1
    ledger <ledger id, 64 hex>
    seen <tree size> <root, 64 hex>        what their writer knew of the ledger
    statements <count> <root, 64 hex>      RFC 6962, over the statements' files in order
    <empty line>
    statement <number> <lines>             1, 2, 3 ...; how many lines follow
    <the file of the statement, byte for byte>
    ...
    end <count>

The digest keeps out what the road does to files: what is cut off, doubled, moved or mistyped.
It is no signature. Who said what is shown by the statements' own signatures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from ..errors import MalformedError
from ..log import merkle
from .statement import Statement

__all__ = ["MAX_BYTES", "MAX_STATEMENTS", "Outbox"]

MAX_BYTES = 128 << 20
"""An outbox is read whole."""

MAX_STATEMENTS = 4_096

_HEX = rb"[0-9a-f]{64}"
_HEAD = re.compile(
    rb"oretrail/outbox/v1\nledger (" + _HEX + rb")\nseen ([1-9][0-9]{0,15}) (" + _HEX + rb")\n"
    rb"statements ([1-9][0-9]{0,3}) (" + _HEX + rb")\n\n"
)
_FRAME = re.compile(rb"statement ([1-9][0-9]{0,3}) ([1-9][0-9]{0,6})\n")


class Outbox(msgspec.Struct, frozen=True):
    """Statements in the order in which they were made.

    `seen` is (tree size, root) of the copy of the ledger that they were drafted on.
    """

    ledger: str
    seen: tuple[int, str]
    statements: tuple[Statement, ...]

    @classmethod
    def of(cls, ledger: str, seen: tuple[int, str], statements: Sequence[Statement]) -> Outbox:
        """An outbox of these; MalformedError where they do not belong into one."""
        if not statements:
            raise MalformedError("an outbox with no statement in it", code="outbox.empty")
        if len(statements) > MAX_STATEMENTS:
            raise MalformedError(
                f"an outbox of {len(statements)} statements, at most {MAX_STATEMENTS} are allowed",
                code="outbox.too-large",
            )
        made: set[str] = set()
        for number, one in enumerate(statements, start=1):
            if one.header.ledger != ledger:
                raise MalformedError(
                    f"statement {number} is for ledger {one.header.ledger[:12]}, the outbox for "
                    f"{ledger[:12]}",
                    code="outbox.wrong-ledger",
                )
            if not one.signatures:
                raise MalformedError(
                    f"statement {number} is a draft that nobody has signed", code="outbox.unsigned"
                )
            again = made.intersection(one.ids)
            if again:
                raise MalformedError(
                    f"statement {number} holds event {min(again)[:12]} once more",
                    code="outbox.duplicate",
                )
            made.update(one.ids)
        return cls(ledger, seen, tuple(statements))

    def encode(self) -> bytes:
        """The file."""
        files = [one.encode() for one in self.statements]
        root = merkle.root([merkle.leaf_hash(data) for data in files]).hex()
        pieces = [
            f"oretrail/outbox/v1\nledger {self.ledger}\nseen {self.seen[0]} {self.seen[1]}\n"
            f"statements {len(files)} {root}\n\n".encode()
        ]
        for number, data in enumerate(files, start=1):
            pieces += [b"statement %d %d\n" % (number, data.count(b"\n")), data]
        pieces.append(b"end %d\n" % len(files))
        return b"".join(pieces)

    @classmethod
    def decode(cls, data: bytes) -> Outbox:
        """The outbox in a file, or MalformedError: there is one spelling of it."""
        if len(data) > MAX_BYTES:
            raise MalformedError(
                f"an outbox of {len(data)} bytes, at most {MAX_BYTES} are allowed",
                code="outbox.too-large",
            )
        head = _HEAD.match(data)
        if head is None:
            raise _malformed("its first lines are not those of an outbox")
        ledger, size, seen, count, root = (part.decode() for part in head.groups())
        at, statements = head.end(), []
        for number in range(1, int(count) + 1):
            end = _end_of(data, at, number)
            start = data.index(b"\n", at) + 1
            try:
                statements.append(Statement.decode(data[start:end]))
            except MalformedError as error:
                raise MalformedError(f"statement {number}: {error}", code=error.code) from None
            at = end
        if data[at:] != b"end %d\n" % int(count):
            raise _malformed(f"no last line after statement {count}, or more than that")
        outbox = cls.of(ledger, (int(size), seen), statements)
        if outbox.encode() != data:
            raise MalformedError(
                f"its statements are not those of root {root[:16]}, which the first lines state",
                code="outbox.root-mismatch",
            )
        return outbox


def _end_of(data: bytes, at: int, number: int) -> int:
    """Where the statement that is framed at `at` ends."""
    frame = _FRAME.match(data, at)
    if frame is None or int(frame[1]) != number:
        raise _malformed(f"no line that begins statement {number} where it is expected")
    end = frame.end()
    for _ in range(int(frame[2])):
        end = data.find(b"\n", end) + 1
        if not end:
            raise _malformed(f"it ends within statement {number}")
    return end


def _malformed(message: str) -> MalformedError:
    return MalformedError(f"no outbox: {message}", code="outbox.malformed")
