r"""Witnesses: who else has seen this tree, and that it only ever grew (C2SP tlog-witness).

A witness remembers the largest checkpoint of each log, and cosigns one only if it is
proven to continue that. The request, a POST to ``<prefix>/add-checkpoint``:

    old 20                                          what the witness has seen, 0 for nothing
    mHQT8aOa1y2n...                                 consistency proof, 0 to 63 hashes, base64
    <empty line>
    kivu.example/trail                              the checkpoint, signed by its log
    23
    4mDRJ9jT...
    <empty line>
    — kivu.example/trail Lv2UrJ1G...

The answer is one signature line (C2SP tlog-cosignature v1.0.1, kind 0x04), over

    cosignature/v1
    time 1770796800                                 seconds since 1970, at most 2^63 - 1
    <the three lines of the checkpoint>

    status   when                                              code
    200      it continues what is stored: store it, answer     cosigned
    400      not of this form, or `old` above the size         request.malformed, .old-above-size
    403      no signature by the log's key, or a wrong one     as `checkpoint.open` says
    404      a log that is not followed                        request.unknown-log
    409      `old` is not the stored size; the body is that    request.old-size
    422      the proof does not lead there; same size, other   proof.*, request.other-root
             root; a first checkpoint with a proof

What is judged here is judged on values alone. Whoever stores the answer must read what
is stored, judge and write in one transaction, or two requests could roll it back.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import MalformedError, ProofError, SignatureError
from . import checkpoint, ed25519, merkle, note
from .checkpoint import Checkpoint

__all__ = [
    "CONTENT_TYPE",
    "MAX_HASHES",
    "MAX_REQUEST",
    "SIZE_TYPE",
    "Answer",
    "CosignatureSigner",
    "Request",
    "accept",
    "cosigned_at",
    "cosigner",
    "judge",
    "merge",
    "parse_request",
    "read_size",
    "request",
]

MAX_HASHES = 63
"""Hashes in one request: as many as a tree of 2^63 leaves can ask for."""
MAX_REQUEST = len("old \n\n") + 19 + MAX_HASHES * 45 + note.MAX_NOTE
"""Bytes in one request."""
MAX_TIME = 2**63 - 1
"""The last second that a cosignature can speak of."""
SIZE_TYPE = "text/x.tlog.size"
"""Content type of an answer 409, whose body is the stored size and a newline."""
CONTENT_TYPE = "text/plain; charset=utf-8"
"""Content type of a request, and of the other answers."""

_HEAD = re.compile(rb"old (0|[1-9][0-9]{0,18})((?:\n[A-Za-z0-9+/]{43}=)*)")
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class CosignatureSigner:
    """A witness's private key under its name, at one time; the seed stays out of `repr`.

    `time`, in seconds since 1970, is when it signs: `at` gives the same key at another.
    """

    __slots__ = ("_key", "_seed", "key_id", "name", "time", "verifier")

    def __init__(self, name: str, seed: bytes, time: int = 0) -> None:
        if type(time) is not int or not 0 <= time <= MAX_TIME:
            raise MalformedError(f"no cosignature is made at {time!r:.40}", code="signature.time")
        self._key = ed25519.SigningKey(seed)
        self._seed = seed
        self.time = time
        self.verifier = note.Verifier.of(name, self._key.public_key, note.COSIGNATURE)
        self.name = name
        self.key_id = self.verifier.key_id

    def at(self, time: int) -> CosignatureSigner:
        """The same key, signing at this time."""
        return CosignatureSigner(self.name, self._seed, time)

    @property
    def seed(self) -> bytes:
        """The 32 private bytes, for a key file; whoever reads them can sign."""
        return self._seed

    def sign(self, message: bytes) -> bytes:
        """The time, 8 bytes big-endian, and the signature over time and message."""
        timed = b"cosignature/v1\ntime %d\n" % self.time + message
        return self.time.to_bytes(8, "big") + self._key.sign(timed)

    def __repr__(self) -> str:
        return f"CosignatureSigner({self.verifier.vkey!r}, time={self.time})"


def cosigner(vkey: str) -> note.Verifier:
    """A witness's public key from its vkey; refuses one that is not of kind cosignature.

    What it gives verifies notes (`note.open`) like every other verifier.
    """
    verifier = note.Verifier.parse(vkey)
    if verifier.kind != note.COSIGNATURE:
        raise MalformedError(
            f"the key {verifier.name} is of kind {verifier.kind}, a witness's is of kind 4",
            code="key.kind",
        )
    return verifier


def cosigned_at(signature: note.Signature) -> int:
    """The seconds since 1970 that a cosignature states; look only at one that has verified."""
    if len(signature.blob) != 72:
        raise SignatureError(
            f"not a cosignature: {len(signature.blob)} bytes", code="signature.length"
        )
    return int.from_bytes(signature.blob[:8], "big")


# --- the request -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Request:
    """What a witness is asked: the size it has seen, the proof from there, the checkpoint.

    `note` is the checkpoint's note byte for byte, `checkpoint` what it says; no signature
    has been looked at.
    """

    old: int
    proof: tuple[bytes, ...]
    note: bytes
    checkpoint: Checkpoint


def request(old: int, proof: Sequence[bytes], data: bytes) -> bytes:
    """The body that asks a witness to cosign the checkpoint in the note `data`."""
    lines = [f"old {old}", *(base64.b64encode(one).decode("ascii") for one in proof)]
    body = "\n".join(lines).encode() + b"\n\n" + data
    parse_request(body)
    return body


def parse_request(body: bytes) -> Request:
    """Take a request apart; `MalformedError` if it is none, nothing is verified."""
    if type(body) is not bytes or len(body) > MAX_REQUEST:
        raise _malformed(f"not bytes, or more than {MAX_REQUEST} of them")
    head, blank, data = body.partition(b"\n\n")
    match = _HEAD.fullmatch(head)
    if not blank or match is None:
        raise _malformed("not an old size, lines of base64 and an empty line")
    old = int(match[1])
    if old > merkle.MAX_SIZE:
        raise _malformed(f"{old} is not the size of a tree")
    lines = match[2].split(b"\n")[1:]
    if len(lines) > MAX_HASHES:
        raise _malformed(f"{len(lines)} hashes, over the limit of {MAX_HASHES}")
    proof = tuple(base64.b64decode(line) for line in lines)
    for line, one in zip(lines, proof, strict=True):
        if base64.b64encode(one) != line:
            raise _malformed(f"hash {line.decode()} is not the usual base64")
    return Request(old, proof, data, checkpoint.parse(note.parse(data).text))


# --- the answer ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answer:
    """What a witness says: an HTTP status, a code in words, and why.

    `store` is the checkpoint to store before answering, with status 200 only; `size` is
    the stored size that an answer 409 states.
    """

    status: int
    code: str
    reason: str
    store: Checkpoint | None = None
    size: int | None = None


def judge(
    asked: Request,
    stored_size: int,
    stored_root: bytes,
    log_verifiers: Iterable[note.VerifiesNotes],
) -> Answer:
    """What a witness answers that has stored this size and root of the log (0: nothing yet).

    `log_verifiers` are the keys it trusts for the request's origin; none if it does not
    follow that log. The checks are made in the order of tlog-witness.
    """
    said = asked.checkpoint
    known = [key for key in log_verifiers if key.name == said.origin]
    if not known:
        return Answer(404, "request.unknown-log", f"{said.origin} is not followed here")
    try:
        checkpoint.open(asked.note, said.origin, known)
    except SignatureError as error:
        return Answer(403, error.code, str(error))
    if asked.old > said.size:
        return Answer(
            400, "request.old-above-size", f"old size {asked.old}, above the size {said.size}"
        )
    if asked.old != stored_size:
        return Answer(
            409,
            "request.old-size",
            f"old size {asked.old}, stored is {stored_size}",
            size=stored_size,
        )
    try:
        _continues(asked, stored_root)
    except ProofError as error:
        return Answer(422, error.code, str(error))
    return Answer(200, "cosigned", f"continues size {stored_size}", store=said)


def _continues(asked: Request, stored_root: bytes) -> None:
    """Refuse a checkpoint that is not proven to continue what is stored."""
    said = asked.checkpoint
    if asked.old == 0:
        # Every tree continues the empty one, so a proof would prove nothing.
        if asked.proof:
            raise ProofError(
                f"{len(asked.proof)} hashes in the proof from size 0, not 0", code="proof.length"
            )
    elif asked.old == said.size and said.root != stored_root:
        raise ProofError(
            f"root {said.root.hex()} at size {said.size}, stored is {stored_root.hex()}",
            code="request.other-root",
        )
    else:
        merkle.verify_consistency(asked.old, stored_root, said.size, said.root, asked.proof)


# --- the client's side -----------------------------------------------------------------


def read_size(content_type: str, body: bytes) -> int | None:
    """The size that an answer 409 states, or None if it states none."""
    match = _SIZE.fullmatch(body) if content_type == SIZE_TYPE else None
    size = int(match[1]) if match else -1
    return size if 0 <= size <= merkle.MAX_SIZE else None


def accept(data: bytes, body: bytes, witness: note.VerifiesNotes) -> tuple[note.Signature, ...]:
    """The cosignatures of this witness in the body of an answer 200; others are ignored.

    `data` is the checkpoint's note that was sent. Refuses what `note.open` refuses.
    """
    text = note.parse(data).text
    return note.open(text.encode() + b"\n" + body, [witness]).signatures


def merge(data: bytes, cosignatures: Iterable[note.Signature]) -> bytes:
    """The note with these signature lines after its own, equal ones once.

    Of one witness's cosignatures only the newest stays, where the first stood. Lines of
    others are not touched, so the log's own stays first.
    """
    parsed = note.parse(data)
    newest: dict[tuple[str, bytes], note.Signature] = {}
    given = list(cosignatures)
    names = {(one.name, one.key_id) for one in given}
    for one in (*parsed.signatures, *given):
        by = (one.name, one.key_id)
        # The time comes first, big-endian: the larger blob is the later one.
        if by in names and (by not in newest or one.blob > newest[by].blob):
            newest[by] = one
    lines = [newest.get((one.name, one.key_id), one) for one in (*parsed.signatures, *given)]
    return note.assemble(parsed.text, dict.fromkeys(lines))


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code="request.malformed")
