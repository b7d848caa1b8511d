r"""Signed notes: a text, a blank line, and a line for each signature (C2SP signed-note v1.0.0).

    This is an example message.
    <blank line>
    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ER...

    note       text ending in a newline || newline || 1 to 100 signature lines
    line       em dash || space || key name || space || base64(key id || blob) || newline
    key id     SHA-256(key name || 0x0A || kind || public key)[:4]
    blob       kind 0x01: Ed25519 over the text, 64 bytes
               kind 0x04: time, 8 bytes big-endian || Ed25519 over "cosignature/v1\n"
               || "time <decimal>\n" || the text, 64 bytes (C2SP tlog-cosignature v1.0.1)
    vkey       key name || "+" || key id in hex || "+" || base64(kind || public key)
    skey       "PRIVATE+KEY+" || key name || "+" || key id in hex || "+" || base64(0x01 || seed)

The bytes are split at newlines and at nothing else; each line must match one
grammar whole; base64 must be spelled the one usual way. Where C2SP leaves room: a
note is at most 64 KiB, a key's name holds no control character, and lines by one
key may repeat (each must verify; equal ones count once).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from ..errors import MalformedError, SignatureError
from . import ed25519

__all__ = [
    "COSIGNATURE",
    "ED25519",
    "MAX_NOTE",
    "MAX_SIGNATURES",
    "Note",
    "Signature",
    "Signer",
    "SignsNotes",
    "Verifier",
    "VerifiesNotes",
    "add",
    "assemble",
    "check_name",
    "key_id",
    "open",
    "parse",
    "sign",
    "verified",
]

MAX_NOTE = 65_536
"""Bytes in one note."""
MAX_SIGNATURES = 100
"""Signature lines in one note; C2SP wants 16 or more to pass."""
ED25519 = 0x01
"""The kind of a key that signs the text itself."""
COSIGNATURE = 0x04
"""The kind of a witness's key, which signs a time and a checkpoint."""

# Unicode's White_Space as it stands, control characters and the plus sign: fixed, no table.
_NAME = r"[^\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff+]+"
_BASE64 = r"[A-Za-z0-9+/]+={0,2}"
_ONLY_NAME = re.compile(_NAME)
_LINE = re.compile(f"\u2014 ({_NAME}) ({_BASE64})")
_VKEY = re.compile(rf"({_NAME})\+([0-9a-f]{{8}})\+({_BASE64})")
_SKEY = re.compile(rf"PRIVATE\+KEY\+({_NAME})\+([0-9a-f]{{8}})\+({_BASE64})")
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: who says to have signed, and the bytes that shall show it."""

    name: str
    key_id: bytes
    blob: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, without its newline."""
        return f"\u2014 {self.name} {_spell(self.key_id + self.blob)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signatures: all of them from `parse`, the verified ones from `open`."""

    text: str
    signatures: tuple[Signature, ...]


class SignsNotes(Protocol):
    """Whatever can sign a note: a key in memory, a file, a device."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """The key's 4-byte id."""

    def sign(self, message: bytes) -> bytes:
        """The blob that follows the key id in the signature line."""


class VerifiesNotes(Protocol):
    """Whatever can tell whether a named key signed a text."""

    @property
    def name(self) -> str:
        """The key's name."""

    @property
    def key_id(self) -> bytes:
        """The key's 4-byte id."""

    @property
    def kind(self) -> int:
        """What the key signs: `ED25519` the text, `COSIGNATURE` a time and the text."""

    def verify(self, message: bytes, blob: bytes) -> None:
        """Raise `SignatureError` unless the blob is this key's signature over the text."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key under a name; of kind Ed25519, or a witness's of kind cosignature."""

    name: str
    key_id: bytes
    public_key: bytes
    kind: int = ED25519

    def __post_init__(self) -> None:
        expected = key_id(self.name, self.public_key, self.kind)
        if self.key_id != expected:
            raise MalformedError(
                f"the id of the key {self.name} is {expected.hex()}, and no other", code="key.id"
            )

    @classmethod
    def of(cls, name: str, public_key: bytes, kind: int = ED25519) -> Verifier:
        """The verifier of this public key, its id computed."""
        return cls(name, key_id(name, public_key, kind), public_key, kind)

    @classmethod
    def parse(cls, vkey: str) -> Verifier:
        """Read a vkey, such as ``example.com/foo+530d903a+AekyeRrm...``."""
        name, identity, kind, key = _read_key(_VKEY, vkey, "verifier key")
        return cls(name, identity, key, kind)

    @property
    def vkey(self) -> str:
        """The key as text, for people to pass on."""
        return _spell_key(self.name, self.key_id, self.kind, self.public_key)

    def verify(self, message: bytes, blob: bytes) -> None:
        """Raise `SignatureError` unless the blob is this key's signature over the text."""
        if self.kind == COSIGNATURE:
            if len(blob) != 72 or blob[0] & 0x80:
                raise SignatureError(
                    f"not a cosignature: {len(blob)} bytes", code="signature.length"
                )
            time = int.from_bytes(blob[:8], "big")
            message = b"cosignature/v1\ntime %d\n" % time + message
            blob = blob[8:]
        ed25519.verify(self.public_key, message, blob)


class Signer:
    """An Ed25519 private key under a name; the seed stays out of `repr`."""

    __slots__ = ("_key", "_seed", "key_id", "name", "verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        self._key = ed25519.SigningKey(seed)
        self._seed = seed
        self.verifier = Verifier.of(name, self._key.public_key)
        self.name = name
        self.key_id = self.verifier.key_id

    @classmethod
    def parse(cls, skey: str) -> Signer:
        """Read a private key as Go's note package writes it: ``PRIVATE+KEY+<name>+...``."""
        name, identity, kind, seed = _read_key(_SKEY, skey, "private key")
        if kind != ED25519:
            raise MalformedError(f"a private key of kind {kind}, not 1", code="key.kind")
        signer = cls(name, seed)
        if signer.key_id != identity:
            raise MalformedError(
                f"the id of the key {name} is {signer.key_id.hex()}, not {identity.hex()}",
                code="key.id",
            )
        return signer

    @property
    def skey(self) -> str:
        """The private key as text; whoever reads it can sign."""
        return "PRIVATE+KEY+" + _spell_key(self.name, self.key_id, ED25519, self._seed)

    @property
    def seed(self) -> bytes:
        """The 32 private bytes, for a key file; whoever reads them can sign."""
        return self._seed

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature over the message."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"Signer({self.verifier.vkey!r})"


def key_id(name: str, public_key: bytes, kind: int = ED25519) -> bytes:
    """The 4 bytes that tell a name's keys apart: no secret, and no fingerprint to trust.

    Refuses what may not become a key: a name, a kind or a point that will not do.
    """
    check_name(name)
    if type(kind) is not int or kind not in (ED25519, COSIGNATURE):
        raise MalformedError("a key of a kind that is neither 1 nor 4", code="key.kind")
    ed25519.check_public_key(public_key)
    return sha256(name.encode() + b"\n" + bytes([kind]) + public_key).digest()[:4]


def check_name(name: str) -> None:
    """Refuse what may not name a key: nothing, spaces, a plus sign, control characters."""
    if not _matches(_ONLY_NAME, name):
        said = repr(name[:100]) if isinstance(name, str) else type(name).__name__
        raise MalformedError(f"{said} does not name a key", code="key.name")


def parse(data: bytes) -> Note:
    """Take a note apart without believing any of it: no signature is checked."""
    if type(data) is not bytes or len(data) > MAX_NOTE:
        raise _malformed(f"not bytes, or more than {MAX_NOTE} of them")
    text, blank, tail = data.rpartition(b"\n\n")
    if not blank or not tail.endswith(b"\n"):
        raise _malformed("no text, blank line and signature lines that end in a newline")
    if _CONTROL.search(data):
        raise _malformed("a control character")
    lines = tail[:-1].split(b"\n")
    if len(lines) > MAX_SIGNATURES:
        raise _malformed(f"{len(lines)} signatures, over the limit of {MAX_SIGNATURES}")
    try:
        return Note(
            str(text + b"\n", "utf-8"), tuple(_read_line(str(line, "utf-8")) for line in lines)
        )
    except UnicodeDecodeError as error:
        raise _malformed(f"not UTF-8: {error.reason}") from error


def open(data: bytes, verifiers: Iterable[VerifiesNotes]) -> Note:
    """The text and the signatures that these keys vouch for.

    Signatures by other keys are ignored. `SignatureError` if a signature by one
    of these keys is wrong, or if there is none; `MalformedError` if it is no note.
    """
    return verified(parse(data), verifiers)


def verified(note: Note, verifiers: Iterable[VerifiesNotes]) -> Note:
    """A parsed note with only the signatures that verify; refuses as `open` does."""
    known: dict[tuple[str, bytes], VerifiesNotes] = {}
    for verifier in verifiers:
        identity = (verifier.name, verifier.key_id)
        if known.setdefault(identity, verifier) != verifier:
            raise SignatureError(
                f"two keys named {verifier.name} share the id {verifier.key_id.hex()}",
                code="note.ambiguous-key",
            )
    message = note.text.encode()
    good: dict[Signature, None] = {}
    for signature in note.signatures:
        by = known.get((signature.name, signature.key_id))
        if by is not None and signature not in good:
            by.verify(message, signature.blob)
            good[signature] = None
    if not good:
        raise SignatureError(
            f"none of the {len(note.signatures)} signatures is by one of {len(known)} known keys",
            code="note.no-known-signature",
        )
    return Note(note.text, tuple(good))


def sign(text: str, *signers: SignsNotes) -> bytes:
    """The note of this text (it ends in a newline), signed by each in turn."""
    signatures = [_sign(text, signer) for signer in signers]
    if len({(each.name, each.key_id) for each in signatures}) != len(signatures):
        raise _duplicate("one key twice among the signers")
    return assemble(text, signatures)


def add(data: bytes, signer: SignsNotes) -> bytes:
    """The same note with one more signature line at its end."""
    note = parse(data)
    if (signer.name, signer.key_id) in {(each.name, each.key_id) for each in note.signatures}:
        raise _duplicate(f"{signer.name} has already signed with the key {signer.key_id.hex()}")
    return assemble(note.text, [*note.signatures, _sign(note.text, signer)])


def _sign(text: str, signer: SignsNotes) -> Signature:
    return Signature(signer.name, signer.key_id, signer.sign(_encode(text)))


def assemble(text: str, signatures: Iterable[Signature]) -> bytes:
    """The bytes of the note with this text and these signatures, which are not verified.

    They are read back before anyone else has to: `MalformedError` for what is no note.
    """
    data = _encode(text + "\n" + "".join(each.line + "\n" for each in signatures))
    if parse(data) != Note(text, tuple(signatures)):
        raise _malformed("a text that does not end in a newline")
    return data


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise _malformed(f"not UTF-8: {error.reason}") from error


def _read_line(line: str) -> Signature:
    match = _LINE.fullmatch(line)
    blob = _unspell(match[2]) if match else None
    if match is None or blob is None or len(blob) < 5:
        raise _malformed(f"not a signature line: {line[:100]!r}")
    return Signature(match[1], blob[:4], blob[4:])


def _read_key(grammar: re.Pattern[str], text: str, what: str) -> tuple[str, bytes, int, bytes]:
    """The name, id, kind and 32 bytes of a key written as text."""
    match = _matches(grammar, text)
    key = _unspell(match[3]) if match else None
    if match is None or key is None or len(key) != 33:
        raise MalformedError(f"not a {what} of 32 bytes", code="key.malformed")
    return match[1], bytes.fromhex(match[2]), key[0], key[1:]


def _spell_key(name: str, identity: bytes, kind: int, key: bytes) -> str:
    return f"{name}+{identity.hex()}+{_spell(bytes([kind]) + key)}"


def _spell(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unspell(text: str) -> bytes | None:
    """The bytes behind base64 (RFC 4648, 4), if it is spelled the one usual way."""
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return data if _spell(data) == text else None


def _matches(grammar: re.Pattern[str], text: object) -> re.Match[str] | None:
    return grammar.fullmatch(text) if isinstance(text, str) else None


def _malformed(message: str) -> MalformedError:
    return MalformedError(message, code="note.malformed")


def _duplicate(message: str) -> MalformedError:
    return MalformedError(message, code="note.duplicate-signature")
