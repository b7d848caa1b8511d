r"""Proofs of one entry, to travel with it: `.tlog-proof` files (C2SP tlog-proof@v1).

    c2sp.org/tlog-proof@v1
    index 42                                         of the entry in the log, from 0
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=     inclusion proof, at most 63 hashes,
    B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=     the leaf's sibling first (RFC 6962, 2.1.1)
    <empty line>
    kivu.example/trail                               the checkpoint as it is, with its
    70000                                            signatures and cosignatures
    g/jjpc4q6P6YCFFoOy42e3k/0Eq3wTIvMELnXBYUGDM=
    <empty line>
    — kivu.example/trail Lv2UrJ1GfcfC...

C2SP allows a second line, ``extra <base64>``, which nothing authenticates. We write none and
refuse it: evidence is what cannot be changed on the way. The entry itself is not in the
file; its bytes are hashed by whoever verifies.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import MalformedError
from . import checkpoint, merkle, note
from .checkpoint import Checkpoint

__all__ = ["MAX_PROOF", "Proof", "decode", "encode", "included", "verify"]

MAX_HASHES = 63
"""Hashes in one proof: as many as a tree of 2^63 leaves can ask for."""
MAX_PROOF = len("c2sp.org/tlog-proof@v1\nindex \n\n") + 19 + MAX_HASHES * 45 + note.MAX_NOTE
"""Bytes in one file."""

_HEAD = re.compile(
    rb"c2sp\.org/tlog-proof@v1\nindex (0|[1-9][0-9]{0,18})((?:\n[A-Za-z0-9+/]{43}=)*)"
)


@dataclass(frozen=True, slots=True)
class Proof:
    """Where an entry stands, the hashes from it to the root, and the checkpoint's note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: bytes


def encode(proof: Proof) -> bytes:
    """The file; MalformedError ``proof.malformed`` for what is no proof."""
    if type(proof.index) is not int or not 0 <= proof.index <= merkle.MAX_SIZE:
        raise _malformed(f"an index that is no integer from 0 to {merkle.MAX_SIZE}")
    lines = ["c2sp.org/tlog-proof@v1", f"index {proof.index}"]
    lines += [base64.b64encode(one).decode("ascii") for one in proof.hashes]
    data = "\n".join(lines).encode() + b"\n\n" + proof.checkpoint_note
    if decode(data) != proof:
        raise _malformed("what is not read back as it is written")
    return data


def decode(data: bytes) -> Proof:
    """Take a file apart; nothing is verified. MalformedError ``proof.malformed``."""
    if type(data) is not bytes or len(data) > MAX_PROOF:
        raise _malformed(f"not bytes, or more than {MAX_PROOF} of them")
    head, blank, signed = data.partition(b"\n\n")
    match = _HEAD.fullmatch(head)
    if not blank or match is None:
        raise _malformed("not its first line, an index, lines of base64 and an empty line")
    index = int(match[1])
    if index > merkle.MAX_SIZE:
        raise _malformed(f"{index} is not the index of an entry")
    lines = match[2].split(b"\n")[1:]
    if len(lines) > MAX_HASHES:
        raise _malformed(f"{len(lines)} hashes, over the limit of {MAX_HASHES}")
    hashes = tuple(base64.b64decode(line) for line in lines)
    for line, one in zip(lines, hashes, strict=True):
        if base64.b64encode(one) != line:
            raise _malformed(f"hash {line.decode()} is not the usual base64")
    checkpoint.parse(note.parse(signed).text)
    return Proof(index, hashes, signed)


def verify(
    entry: bytes, proof: Proof, origin: str, verifiers: Iterable[note.VerifiesNotes]
) -> Checkpoint:
    """The checkpoint that this entry is in, signed by the log of this origin.

    Raises what `checkpoint.open` raises, then `ProofError`. Who wants witnesses, too, asks a
    policy about `checkpoint_note` and then `included`.
    """
    opened = checkpoint.open(proof.checkpoint_note, origin, verifiers)
    included(entry, proof, opened)
    return opened


def included(entry: bytes, proof: Proof, opened: Checkpoint) -> None:
    """Refuse a proof that does not lead from the entry to the root of a checkpoint."""
    leaf = merkle.leaf_hash(entry)
    merkle.verify_inclusion(leaf, proof.index, opened.size, proof.hashes, opened.root)


def _malformed(message: str) -> MalformedError:
    return MalformedError(f"no tlog-proof: {message}", code="proof.malformed")
