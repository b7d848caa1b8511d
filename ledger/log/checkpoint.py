"""Checkpoints: what a log's operator signs about the whole log (C2SP tlog-checkpoint v1.0.0).

    kivu.example/trail                               origin: the log's name, and its key's
    70000                                            size: entries in the log
    p8+DSo9R4UBNEoVMzTfmL6vgS2cTVNwJhSDMrkVDCVs=     root over them (RFC 6962), base64
    <blank line>
    — kivu.example/trail <base64>                    the log's signature, then its witnesses'

Exactly three lines. C2SP allows further ones and advises against them; witnesses in
the field disagree about them, so here they are refused. The first signature is of
the log's own key, whose name is the origin.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import MalformedError, SignatureError
from . import merkle, note

__all__ = ["Checkpoint", "open", "open_signed", "parse", "sign", "size_of"]

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A claim about a whole log: its name, its size, and the root over its entries.

    `MalformedError` for a claim that no checkpoint can make.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        try:
            note.check_name(self.origin)
        except MalformedError as error:
            raise _malformed(f"the origin: {error}") from error
        if type(self.size) is not int or not 0 <= self.size <= merkle.MAX_SIZE:
            raise _malformed(f"a size that is no integer from 0 to {merkle.MAX_SIZE}")
        if type(self.root) is not bytes or len(self.root) != 32:
            raise _malformed("a root that is not 32 bytes")
        if self.size == 0 and self.root != merkle.EMPTY_ROOT:
            raise _malformed(f"root {self.root.hex()} for the empty log")

    def text(self) -> str:
        """The three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{_spell(self.root)}\n"


def parse(text: str) -> Checkpoint:
    """Read the three lines, without any signature."""
    match = _TEXT.fullmatch(text)
    if match is None:
        raise _malformed(f"not an origin, a size and a root: {text[:200]!r}")
    root = base64.b64decode(match[3])
    if _spell(root) != match[3]:
        raise _malformed(f"root {match[3]} is not the usual base64")
    return Checkpoint(match[1], int(match[2]), root)


def size_of(data: bytes) -> int:
    """The size that a checkpoint's note states; nothing is verified."""
    return parse(note.parse(data).text).size


def sign(checkpoint: Checkpoint, signer: note.SignsNotes) -> bytes:
    """The checkpoint as a note signed by the log's own key, whose name is the origin."""
    if signer.name != checkpoint.origin:
        raise _other_origin(signer.name, checkpoint.origin)
    return note.sign(checkpoint.text(), signer)


def open(data: bytes, origin: str, verifiers: Iterable[note.VerifiesNotes]) -> Checkpoint:
    """The checkpoint of the log with this origin, signed by that log's key.

    `MalformedError` if it is no checkpoint or another log's. `SignatureError` if a
    signature by one of the verifiers is wrong, or the log's own is missing: by a
    key of kind Ed25519 whose name is the origin.
    """
    return open_signed(data, origin, verifiers)[0]


def open_signed(
    data: bytes, origin: str, verifiers: Iterable[note.VerifiesNotes]
) -> tuple[Checkpoint, tuple[note.Signature, ...]]:
    """What `open` gives, and the signatures that have verified, the witnesses' too."""
    parsed = note.parse(data)
    checkpoint = parse(parsed.text)
    if checkpoint.origin != origin:
        raise _other_origin(checkpoint.origin, origin)
    known = tuple(verifiers)
    signatures = note.verified(parsed, known).signatures
    signed = {(each.name, each.key_id) for each in signatures}
    if not any(
        (key.name, key.key_id) in signed
        for key in known
        if key.name == origin and key.kind == note.ED25519
    ):
        raise SignatureError(
            f"no signature by the log {origin} itself", code="checkpoint.no-log-signature"
        )
    return checkpoint, signatures


def _spell(root: bytes) -> str:
    return base64.b64encode(root).decode("ascii")


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code="checkpoint.malformed")


def _other_origin(found: str, expected: str) -> MalformedError:
    return MalformedError(f"origin {found}, not {expected}", code="checkpoint.origin-mismatch")
