"""A second verifier of OreTrail ledgers, written from specs/ alone; the standard library is enough.

    python verify.py FILE|DIR [--ledger-id HEX] [--checkpoint FILE] [--policy FILE] [--json]

FILE is an entry list (`oretrail export entries`), a `.tlog-proof` (with `--entry FILE`) or a
`.trail`; DIR holds a log as C2SP tiles. Exit code 0: supported; 1: anything else; 4: unreadable.

It shares no code with the library: it was written by somebody who read the pages beside this file
and not the library, so that two independent programs must agree before a verdict counts. It
recomputes every hash, checks every signature with an Ed25519 of its own, decides validity of keys
by place in the log, and follows the books (custody, masses, accounts) to the milligram.

**Integrity codes** are the codes whose presence both verifiers must agree on for any bytes
whatever (`INTEGRITY` below; the table in verification.md marks them). It does not look at
plausibility checks and tables of a store (`books.drift`).
"""

from __future__ import annotations

import argparse
import base64
import binascii
import copy
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

BILLION = 1_000_000_000
LARGEST = 2**53 - 1


class Refused(Exception):  # noqa: N818
    """Bytes that a page refuses, with the page's code."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{message or code} [{code}]")
        self.code = code
        self.message = message or code


# ---------------------------------------------------------------- canonical.md

KEY = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)
STRING = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\Z)', re.DOTALL)


class Pairs(list[tuple[str, Any]]):
    """An object's members in the order of the text."""


class NoInteger:
    """A fraction, an exponent, or digits beyond any range."""


def as_integer(digits: str) -> Any:
    """An integer in range, else a `NoInteger`."""
    if len(digits) > 17:
        return no_float(digits)
    value = int(digits)
    return value if -LARGEST <= value <= LARGEST else NoInteger()


def no_float(text: str) -> NoInteger:
    """A number that does not fit; one beyond any float is refused where it stands."""
    if float(text) in (float("inf"), float("-inf")):
        raise Refused("canonical.number")
    return NoInteger()


def no_constant(_: str) -> Any:
    """NaN and Infinity are no JSON."""
    raise ValueError("no JSON")


def canonical(data: bytes) -> dict[str, Any]:
    """The value of canonical bytes; anything else is refused with a `canonical.*` code."""
    if len(data) > 65_535:
        raise Refused("canonical.too-large", f"{len(data)} bytes")
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Refused("canonical.not-utf8") from None
    depth = 0
    for byte in STRING.sub(b"", data):
        depth += (byte in b"[{") - (byte in b"]}")
        if depth > 16:
            raise Refused("canonical.too-deep")
    try:
        raw = json.loads(
            text,
            object_pairs_hook=Pairs,
            parse_int=as_integer,
            parse_float=no_float,
            parse_constant=no_constant,
        )
    except ValueError:
        raise Refused("canonical.not-json") from None
    if "\\u" in text and has_surrogate(raw):
        raise Refused("canonical.not-json", "a lone surrogate")
    if not isinstance(raw, Pairs):
        raise Refused("canonical.not-an-object")
    value: dict[str, Any] = plain(raw)
    if spelled(value) != data:
        raise Refused("canonical.not-canonical")
    return value


def has_surrogate(value: Any) -> bool:
    """Whether an escape has left half a character anywhere."""
    if isinstance(value, str):
        return any("\ud800" <= each <= "\udfff" for each in value)
    if isinstance(value, tuple | list):
        return any(has_surrogate(each) for each in value)
    return False


def plain(value: Any) -> Any:
    """The value without its order; a rule that is broken is named, first in the text first."""
    if value is None:
        raise Refused("canonical.null")
    if isinstance(value, NoInteger):
        raise Refused("canonical.number")
    if isinstance(value, str):
        if FORBIDDEN.search(value):
            raise Refused("canonical.forbidden-character")
        if len(value.encode()) > 4_096:
            raise Refused("canonical.too-long")
    if isinstance(value, Pairs):
        if len(value) > 512:
            raise Refused("canonical.too-long")
        members = {}
        for name, each in dict(value).items():
            if not KEY.fullmatch(name):
                raise Refused("canonical.key", ascii(name)[:80])
            members[name] = plain(each)
        return members
    if isinstance(value, list):
        if len(value) > 1_024:
            raise Refused("canonical.too-long")
        return [plain(each) for each in value]
    return value


def spelled(value: Any) -> bytes:
    """The one spelling of a value."""
    return json.dumps(
        value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False
    ).encode()


# ---------------------------------------------------------------- merkle.md


def sha256(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()


def leaf_hash(data: bytes) -> bytes:
    """Of an entry; in hex it is an event's id."""
    return sha256(b"\x00" + data)


def node(left: bytes, right: bytes) -> bytes:
    """Of two subtrees."""
    return sha256(b"\x01" + left + right)


class Tree:
    """A tree that grows: complete subtrees, largest first."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.size = 0
        self.peaks: list[bytes] = []
        for leaf in leaves:
            self.add(leaf)

    def add(self, leaf: bytes) -> None:
        """One more leaf."""
        self.size += 1
        self.peaks.append(leaf)
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self.peaks.pop()
            self.peaks.append(node(self.peaks.pop(), right))

    def root(self) -> bytes:
        """Over all leaves so far."""
        if not self.peaks:
            return sha256(b"")
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node(peak, found)
        return found


def check_inclusion(leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes) -> None:
    """RFC 9162, 2.1.3.2; refuses unless the leaf stands at `index` under `root`."""
    if not 0 <= size < 2**63:
        raise Refused("proof.size", f"size {size}")
    if not 0 <= index < size:
        raise Refused("proof.index", f"index {index} of {size}")
    if any(len(each) != 32 for each in (leaf, root, *proof)):
        raise Refused("proof.hash")
    inner = (index ^ (size - 1)).bit_length()
    if len(proof) != inner + (index >> inner).bit_count():
        raise Refused("proof.length", f"{len(proof)} hashes")
    found = leaf
    for level, each in enumerate(proof):
        right = level >= inner or (index >> level) & 1
        found = node(each, found) if right else node(found, each)
    if found != root:
        raise Refused("proof.wrong")


# ---------------------------------------------------------------- notes.md: Ed25519, strictly

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)
ORDER_8 = int.from_bytes(
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"
)
SMALL = {0, 1, P - 1, P, P + 1, ORDER_8, P - ORDER_8}


def add(a: Point, b: Point) -> Point:
    """a + b in extended coordinates (complete formulas for a = -1)."""
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    aa = (y1 - x1) * (y2 - x2) % P
    bb = (y1 + x1) * (y2 + x2) % P
    cc = 2 * D * t1 * t2 % P
    dd = 2 * z1 * z2 % P
    e, f, g, h = bb - aa, dd - cc, dd + cc, bb + aa
    return e * f % P, g * h % P, f * g % P, e * h % P


def double(a: Point) -> Point:
    """2 a."""
    x1, y1, z1, _ = a
    aa, bb, cc = x1 * x1 % P, y1 * y1 % P, 2 * z1 * z1 % P
    h = aa + bb
    e = h - (x1 + y1) * (x1 + y1) % P
    g = aa - bb
    f = cc + g
    return e * f % P, g * h % P, f * g % P, e * h % P


def decode_point(data: bytes) -> Point | None:
    """The point of 32 bytes (RFC 8032, 5.1.3), or None if there is none."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        if (v * x * x + u) % P:
            return None
        x = x * ROOT_OF_MINUS_ONE % P
    if x == 0 and sign:
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def encode_point(a: Point) -> bytes:
    """32 bytes."""
    x, y, z, _ = a
    inverse = pow(z, P - 2, P)
    return (y * inverse % P | (x * inverse % P & 1) << 255).to_bytes(32, "little")


def multiples(a: Point) -> list[Point]:
    """0 a to 15 a."""
    found = [NEUTRAL]
    for _ in range(15):
        found.append(add(found[-1], a))
    return found


def base_point() -> Point:
    """B, whose y is 4/5 and whose x is even."""
    point = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    return point or NEUTRAL


@lru_cache(maxsize=1)
def base_table() -> list[list[Point]]:
    """For each of 64 digits to the base 16, its 16 multiples of B."""
    rows, point = [], base_point()
    for _ in range(64):
        rows.append(multiples(point))
        for _ in range(4):
            point = double(point)
    return rows


def times_base(scalar: int) -> Point:
    """scalar B."""
    found = NEUTRAL
    for place, row in enumerate(base_table()):
        digit = scalar >> 4 * place & 15
        if digit:
            found = add(found, row[digit])
    return found


@lru_cache(maxsize=4_096)
def minus_table(public: bytes) -> list[Point] | None:
    """Multiples of -A, or None if the key is no point."""
    point = decode_point(public)
    if point is None:
        return None
    x, y, z, t = point
    return multiples((P - x, y, z, P - t))


def admit(public: bytes) -> None:
    """Refuse a public key that will not do."""
    if len(public) != 32:
        raise Refused("key.length", f"{len(public)} bytes")
    gate(public, "key")
    if minus_table(public) is None:
        raise Refused("key.no-point")


def gate(data: bytes, kind: str) -> None:
    """Canonical spelling, and no small order."""
    y = int.from_bytes(data, "little") & (2**255 - 1)
    if y in SMALL:
        raise Refused(f"{kind}.small-order")
    if y >= P:
        raise Refused(f"{kind}.not-canonical")


def check_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Refuse a signature that does not count."""
    code = signature_fault(public, message, signature)
    if code:
        raise Refused(code)


@lru_cache(maxsize=100_000)
def signature_fault(public: bytes, message: bytes, signature: bytes) -> str:
    """The code of what is wrong with a signature; empty: it counts."""
    if len(signature) != 64:
        return "signature.length"
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    if s >= L:
        return "signature.s-too-large"
    try:
        if len(public) != 32:
            return "key.length"
        gate(public, "key")
        gate(r, "signature")
    except Refused as refused:
        return refused.code
    table = minus_table(public)
    if table is None:
        return "signature.wrong"
    k = int.from_bytes(hashlib.sha512(r + public + message).digest(), "little") % L
    found = NEUTRAL
    for place in range(63, -1, -1):
        found = double(double(double(double(found))))
        digit = k >> 4 * place & 15
        if digit:
            found = add(found, table[digit])
    return "" if encode_point(add(times_base(s), found)) == r else "signature.wrong"


# ---------------------------------------------------------------- notes.md: notes and keys

NAME_FORBIDS = "\x00-\x20\x7f-\xa0+\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff"
KEY_NAME = re.compile(f"[^{NAME_FORBIDS}]+")
SIGNATURE_LINE = re.compile(f"\u2014 ([^{NAME_FORBIDS}]+) ([A-Za-z0-9+/]+={{0,2}})")
VKEY = re.compile(rf"([^{NAME_FORBIDS}]+)\+([0-9a-f]{{8}})\+([A-Za-z0-9+/]+={{0,2}})")
ED25519, COSIGNATURE = 1, 4


def from_base64(text: str) -> bytes | None:
    """The bytes of base64 that is spelled the one way, else None."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


@dataclass(frozen=True)
class Key:
    """A public key with its name: a vkey."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        """What a signature line names it by."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public)[:4]

    @property
    def vkey(self) -> str:
        """As text."""
        spelled_key = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{spelled_key}"

    def fault(self, text: bytes, blob: bytes) -> str:
        """The code of what is wrong with this key's line over a text; empty: it counts."""
        if self.kind == ED25519:
            return signature_fault(self.public, text, blob)
        if len(blob) != 72 or blob[0] & 0x80:
            return "signature.length"
        moment = int.from_bytes(blob[:8], "big")
        return signature_fault(self.public, b"cosignature/v1\ntime %d\n" % moment + text, blob[8:])


@lru_cache(maxsize=4_096)
def parse_vkey(text: str) -> Key:
    """A public key as text."""
    match = VKEY.fullmatch(text)
    data = match and from_base64(match[3])
    if match is None or data is None:
        raise Refused("key.malformed")
    if data[0] not in (ED25519, COSIGNATURE):
        raise Refused("key.kind")
    if len(data) != 33:
        raise Refused("key.malformed")
    key = Key(match[1], data[0], data[1:])
    admit(key.public)
    if key.id.hex() != match[2]:
        raise Refused("key.id")
    return key


@dataclass(frozen=True)
class Note:
    """A signed note: its text, and its lines as (name, key id, blob)."""

    text: bytes
    lines: tuple[tuple[str, bytes, bytes], ...]


def parse_note(data: bytes) -> Note:
    """The note's grammar, or `note.malformed`."""
    wrong = Refused("note.malformed")
    if len(data) > 65_536 or re.search(rb"[\x00-\x09\x0b-\x1f]", data) or data[-1:] != b"\n":
        raise wrong
    try:
        whole = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise wrong from None
    at = whole.rfind("\n\n")
    if at < 0:
        raise wrong
    lines = []
    for line in whole[at + 2 : -1].split("\n"):
        match = SIGNATURE_LINE.fullmatch(line)
        blob = match and from_base64(match[2])
        if match is None or blob is None or len(blob) < 5:
            raise wrong
        lines.append((match[1], blob[:4], blob[4:]))
    if len(lines) > 100:
        raise wrong
    return Note(whole[: at + 1].encode(), tuple(lines))


def open_note(note: Note, known: Iterable[Key]) -> dict[Key, bytes]:
    """Known keys that signed, with a line of each; one wrong line refuses the note."""
    by_name: dict[tuple[str, bytes], Key] = {}
    for key in known:
        if by_name.setdefault((key.name, key.id), key) != key:
            raise Refused("note.ambiguous-key", key.name)
    found = {}
    for name, key_id, blob in note.lines:
        signer = by_name.get((name, key_id))
        if signer is not None:
            code = signer.fault(note.text, blob)
            if code:
                raise Refused(code, f"the signature of {name}")
            found[signer] = blob
    if not found:
        raise Refused("note.no-known-signature")
    return found


# ---------------------------------------------------------------- checkpoints.md


@dataclass(frozen=True)
class Checkpoint:
    """What a log claims."""

    origin: str
    size: int
    root: bytes


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The three lines, or `checkpoint.malformed`."""
    lines = text.decode().split("\n")
    if len(lines) != 4 or lines[3] or not KEY_NAME.fullmatch(lines[0]):
        raise Refused("checkpoint.malformed")
    root = from_base64(lines[2])
    if not re.fullmatch(r"0|[1-9][0-9]{0,18}", lines[1], re.ASCII) or root is None:
        raise Refused("checkpoint.malformed")
    size = int(lines[1])
    if size >= 2**63 or len(root) != 32 or (size == 0 and root != sha256(b"")):
        raise Refused("checkpoint.malformed")
    return Checkpoint(lines[0], size, root)


def open_checkpoint(
    data: bytes, origin: str, log: set[Key], others: Iterable[Key] = ()
) -> tuple[Checkpoint, dict[Key, bytes]]:
    """A checkpoint of this log, signed by one of its keys; with it all known signers."""
    note = parse_note(data)
    claim = parse_checkpoint(note.text)
    if claim.origin != origin:
        raise Refused("checkpoint.origin-mismatch", f"{claim.origin}, not {origin}")
    signed = open_note(note, {*log, *others})
    if not any(key in log for key in signed):
        raise Refused("checkpoint.no-log-signature")
    return claim, signed


# ---------------------------------------------------------------- events.md: shape

ID = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
PATTERNS = {
    "id": ID,
    "word": r"[a-z0-9][a-z0-9-]{0,63}",
    "hash": r"[0-9a-f]{64}",
    "vkey": rf"{ID}(?:/{ID}){{0,4}}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}",
    "subject": "(?:account|audit|certificate|event|incident|ledger|lot|party|risk|site|tags):" + ID,
    "substance": r"[A-Za-z][A-Za-z0-9]{0,31}",
    "country": r"[A-Z]{2}",
    "currency": r"[A-Z]{3}",
    "origin": r"[a-z0-9][a-z0-9.-]{0,99}(?:/[a-z0-9][a-z0-9._-]{0,63}){1,4}",
    "time": r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z",
    "day": r"2[01][0-9]{2}-[0-9]{2}-[0-9]{2}",
}
RANGES = {
    "mass": (0, LARGEST),
    "positive": (1, LARGEST),
    "count": (1, LARGEST),
    "share": (0, BILLION),
    "latitude": (-900_000_000, 900_000_000),
    "longitude": (-1_800_000_000, 1_800_000_000),
}
LENGTHS = {"text": (1, 1_000), "text255": (0, 255)}


def table(text: str) -> dict[str, str]:
    """Name -> the rest of its line; a line that is indented goes on with the one before."""
    lines = re.sub(r"\n +", " ", text).strip().split("\n")
    return dict(line.split(": ", 1) for line in lines)


# Type -> its fields, "name kind": `?` optional, `?!x` optional and never written as x, `[a-b]` a
# list of a to b, `x|y` one of these words. The kinds are those of the page; `hash` is an event id
# or a digest, `positive` a mass above nought, a name with a capital an object of `OBJECTS`.
ENVELOPE = "by id, occurred_at time, after? hash[0-512], cosigners? id[0-16], "
ENVELOPE += "private? hash[0-64], remark? text, type id"
TYPES = table("""
audit.reported: audit id, subject subject, standard text, outcome word, valid_from day, valid_to
    day, scope? text, report? hash
balance.credited: account id, mass positive, lot? id, carried? id
balance.opened: account id, element substance, model book-and-claim|mass-balance, begins day, ends
    day
certificate.issued: certificate id, subject subject, standard text, valid_from day, valid_to day,
    scope? text, mass? positive, origins? country[0-32], document? hash
certificate.revoked: certificate id, reason text
claim.allocated: account id, mass positive, lot? id, buyer? text
custody.cancelled: dispatch hash, lots id[1-512], reason text
custody.dispatched: to id, lots Sent[1-512], carrier? text, mode? air|rail|road|sea, route?
    country[0-32], seals? id[0-64], waybill? text
custody.received: dispatch hash, giver id, lots Received[1-512], instrument? word, seals?
    broken|intact|none, route? country[0-32]
custody.rejected: dispatch hash, lots id[1-512], reason text
document.attached: subject subject, digest hash, kind word, title? text, media_type? text
event.disputed: event hash, grounds text, evidence? hash
event.reaffirmed: events hash[1-512], grounds? text
event.voided: event hash, lots id[1-512], reason text
governance.rotated: version count, origin text255, governance vkey[1-16], threshold int:1:16,
    log_key vkey, demo? true
incident.closed: incident id, outcome remedied|transferred|unfounded, remark_public? text
incident.opened: incident id, kind corrective-action|grievance|incident, category word, severity
    high|low|medium, subjects subject[1-64], summary? text, happened? day, complainant? id,
    evidence? hash
incident.updated: incident id, status acknowledged|appealed|assessed|confirmed|remedied, remedy?
    text, due? day, evidence? hash
key.authorized: party id, key vkey, types? id[0-64], until? time, max_mass? positive
key.recovered: party id, key vkey, reason text, next? hash
key.revoked: party id, key vkey, reason text, disputed_from? mass
key.rotated: party id, key vkey, next? hash
ledger.created: origin origin, name text, governance vkey[1-16], threshold int:1:16, log_key vkey,
    tolerances? Named[0-64], demo? true
lot.adjusted: lot id, reason word, lost? positive, counted? positive, basis? dry|wet, moisture?
    share, evidence? hash
lot.assayed: lot id, grades Grade[1-32], moisture? share, method? word, sample? text, side?
    buyer|seller|state|umpire, certificate? hash
lot.declared: lot id, material text, mass positive, basis dry|wet, origin foreign|legacy|unknown,
    reason text, country? country, held_since? day, supplier? text, moisture? share, grades?
    Grade[0-32], pieces? count, contents? Content[1-32], foreign? Foreign
lot.extracted: lot id, material text, mass positive, basis dry|wet, site id, method asm|lsm,
    moisture? share, grades? Grade[0-32], tags? id[0-256], pieces? count, dug_from? day, dug_to?
    day
lot.held: lots id[1-512], reason text
lot.recovered: lot id, material text, mass positive, basis dry|wet, origin
    byproduct|recycled-post-consumer|recycled-pre-consumer, source text, collector? id, site? id,
    country? country, moisture? share, grades? Grade[0-32], pieces? count, evidence? hash
lot.refined: lot id, process word, outputs Output[1-64], losses? LossLine[0-64], facility? id
lot.released: lots id[1-512], reason text
lot.retired: lot id, reason consumed|landfilled|out-of-scope|placed-on-market, mass? positive,
    pieces? count
lot.split: lot id, parts Draw[1-1024], material text, losses? LossLine[0-64]
lot.tagged: lot id, applied? id[0-1024], removed? id[0-1024]
lot.weighed: lot id, mass positive, basis dry|wet, instrument word, moisture? share
lots.blended: lot id, material text, inputs Draw[1-512], mass? positive, losses? LossLine[0-64]
lots.packed: lot id, material text, inputs id[1-512], package? word, seals? id[0-64]
party.admitted: party id, name text, roles word[1-16], key vkey, country? country, address? text,
    licence? text, group? id, next? hash, recovery? vkey
party.reinstated: party id, reason text
party.suspended: party id, reason text
payment.declared: subject subject, kind fee|other-official|premium|royalty|security-forces|tax,
    amount count, currency currency, payee text, paid_on? day, receipt? text, lots? id[0-512]
policy.adopted: tolerances Named[1-64]
process.declared: site id, process word, capacity? positive, substance? substance, recovery_min?
    share, recovery_max? share
product.made: product id, model text, units count, components Component[1-512], serials? text,
    facility? id
product.returned: lot id, product id, units count, mass positive, material text, country? country,
    contents? Content[0-32]
risk.assessed: subject subject, category word, severity high|low|medium, likelihood
    high|low|medium, response continue|disengage|suspend, incident? id, measures? text, due? day,
    evidence? hash
site.assessed: site id, status blue|green|red|yellow, inspected day, valid_to? day, standard?
    text, miners? count, risk? word, findings? text, report? hash
site.registered: site id, name text, kind word, country country, operator? id, minerals?
    text[0-32], substances? substance[0-32], lat? latitude, lon? longitude, icglr? text, licence?
    text, capacity? positive
tags.issued: series id, kind word, prefix id, first mass, last mass, site id, agent? id
tags.voided: series id, tags id[1-1024], reason lost|returned|spoiled
title.transferred: to id, lots id[1-512], contract? text, incoterm? text
""")
OBJECTS = table("""
Component: lot id, per_unit? count, mass? positive
Content: element substance, mass mass
Draw: lot id, mass? positive, pieces? count
Foreign: ledger hash, lot id, event hash, size count, root hash, bundle hash
Grade: analyte substance, grade share
LossLine: reason word, mass mass, contents? Content[0-1024]
Named: name word, tolerance share
Output: lot id, material text, mass positive, basis dry|wet, role?!product
    byproduct|product|residue, moisture? share, contents? Content[0-1024], grades? Grade[0-1024],
    added?!0 mass, pieces? count
Received: lot id, mass positive, basis dry|wet, moisture? share, grades? Grade[0-1024]
Sent: lot id, mass? positive
""")

Shape = dict[str, tuple[bool, Any, Callable[[Any], bool]]]


def matcher(kind: str) -> Callable[[Any], bool]:
    """Whether a value is of this kind."""
    if kind.endswith("]"):
        kind, _, span = kind[:-1].partition("[")
        least, most = (int(each) for each in span.split("-"))
        one = matcher(kind)
        return lambda v: isinstance(v, list) and least <= len(v) <= most and all(map(one, v))
    if kind in ("time", "day"):
        return is_time if kind == "time" else is_day
    if kind in PATTERNS:
        pattern = re.compile(PATTERNS[kind], re.ASCII)
        return lambda v: isinstance(v, str) and pattern.fullmatch(v) is not None
    if kind in LENGTHS:
        least, most = LENGTHS[kind]
        return lambda v: isinstance(v, str) and least <= len(v) <= most
    if kind in RANGES or kind.startswith("int:"):
        low, high = RANGES.get(kind) or (
            int(kind.split(":")[1]),
            int(kind.split(":")[2] or LARGEST),
        )
        return lambda v: type(v) is int and low <= v <= high
    if kind == "true":
        return lambda v: v is True
    if kind in OBJECTS:
        return lambda v: isinstance(v, dict) and fits(v, fields_of(OBJECTS[kind]))
    words = kind.split("|")
    return lambda v: isinstance(v, str) and v in words


def is_day(value: Any) -> bool:
    """A day of the calendar, years 2000 to 2199."""
    if not isinstance(value, str) or not re.fullmatch(PATTERNS["day"], value, re.ASCII):
        return False
    year, month, day = int(value[:4]), int(value[5:7]), int(value[8:])
    leap = year % 4 == 0 and year != 2100
    days = (31, 28 + leap, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    return 1 <= month <= 12 and 1 <= day <= days[month - 1]


def is_time(value: Any) -> bool:
    """A moment in UTC."""
    if not isinstance(value, str) or not re.fullmatch(PATTERNS["time"], value, re.ASCII):
        return False
    hour, minute, second = int(value[11:13]), int(value[14:16]), int(value[17:19])
    return is_day(value[:10]) and hour < 24 and minute < 60 and second < 60


def seconds(moment: str) -> int:
    """Of a time, from the year 2000; a plain count of days."""
    year, month, day = int(moment[:4]), int(moment[5:7]), int(moment[8:10])
    leap = year % 4 == 0 and year != 2100
    before = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)[month - 1]
    days = (year - 2000) * 365 + (year - 1997) // 4 - (year > 2100) + before
    days += (month > 2 and leap) + day - 1
    return days * 86_400 + int(moment[11:13]) * 3_600 + int(moment[14:16]) * 60 + int(moment[17:19])


@lru_cache(maxsize=256)
def fields_of(line: str) -> Shape:
    """Field -> (needed, the value that is never written, what fits)."""
    found: Shape = {}
    for each in line.split(", "):
        name, kind = each.split(" ")
        name, optional, never = name.partition("?")
        default: Any = never[1:] or None
        if default is not None and default.isdigit():
            default = int(default)
        found[name] = (not optional, default, matcher(kind))
    return found


def fits(value: dict[str, Any], fields: Shape) -> bool:
    """Whether an object has these fields and no others, and leaves out what says nothing."""
    if not value.keys() <= fields.keys():
        return False
    for name, (needed, default, fit) in fields.items():
        if name not in value:
            if needed:
                return False
            continue
        empty = value[name] == [] and (name != "contents" or "type" in fields)
        idle = not needed and (value[name] == default or empty)
        if idle or not fit(value[name]):
            return False
    return True


ABSENT = {"added": 0, "after": (), "cosigners": (), "private": ()}


class Fields:
    """An event, or an object inside one, by attribute: what is absent is None, or no list."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def __getattr__(self, name: str) -> Any:
        return by_attribute(self.value.get(name, ABSENT.get(name)))


def by_attribute(value: Any) -> Any:
    """Objects inside a field have attributes too."""
    if isinstance(value, list):
        return [by_attribute(each) for each in value]
    return Fields(value) if isinstance(value, dict) else value


def read_event(data: bytes) -> Fields:
    """The event of an entry's bytes, or the code that refuses it."""
    value = canonical(data)
    kind = value.get("type")
    if not isinstance(kind, str):
        raise Refused("event.malformed", "no type")
    if kind not in TYPES:
        raise Refused("event.unsupported", f"type {kind[:64]}")
    fields = fields_of(f"{ENVELOPE}, {TYPES[kind]}")
    if not fits(value, fields):
        raise Refused("event.malformed", "a field is missing, unknown or wrong")
    for name in ("after", "cosigners", "private"):
        if not ascending(value.get(name, [])):
            raise Refused("event.malformed", f"{name} is not sorted")
    if value["by"] in value.get("cosigners", []):
        raise Refused("event.malformed", "by is among the cosigners")
    event = Fields(value)
    if not consistent(event):
        raise Refused("event.malformed", "the fields do not go together")
    return event


def ascending(items: list[str]) -> bool:
    """Sorted, each once."""
    return all(a < b for a, b in pairwise(items))


def consistent(e: Any) -> bool:  # noqa: C901, PLR0911, PLR0912
    """What the fields alone do not say: the page's `__post_init__` of each type."""
    kind = e.type
    if kind in ("audit.reported", "certificate.issued"):
        return bool(e.valid_from <= e.valid_to)
    if kind == "balance.credited":
        return (e.lot is None) != (e.carried is None)
    if kind == "balance.opened":
        return bool(e.begins <= e.ends)
    if kind == "event.voided":
        return ascending(e.lots)
    if kind in ("governance.rotated", "ledger.created", "key.recovered") and e.by != "governance":
        return False
    if kind in ("governance.rotated", "ledger.created") and not ascending(e.governance):
        return False
    if kind in ("ledger.created", "policy.adopted"):
        names = [each.name for each in e.tolerances or []]
        return len(names) == len(set(names))
    if kind == "lot.adjusted":
        return (e.lost is None) != (e.counted is None) and (e.counted is None) == (e.basis is None)
    if kind == "lot.declared" and (
        (e.origin == "foreign") != (e.foreign is not None)
        or (e.contents is not None and (e.foreign is None or bool(e.grades)))
    ):
        return False
    if kind in ("lot.declared", "lot.extracted", "lot.recovered"):
        bare = kind == "lot.recovered" and e.site is not None and e.country is not None
        return not bare and not (e.grades and e.basis == "wet" and e.moisture is None)
    if kind == "lot.retired":
        return e.mass is None or e.pieces is None
    if kind == "lot.tagged":
        return bool(e.applied or e.removed)
    if kind == "tags.issued":
        return bool(e.first <= e.last)
    if kind == "title.transferred":
        return e.to in e.cosigners
    if kind in ("lot.split", "lots.blended", "lot.refined", "product.made"):
        return all(map(drawn_once, e.parts or e.inputs or [])) and (
            all(x.reason != "moisture" or x.contents is None for x in e.losses or [])
            and all(o.mass > o.added and output_stated(o) for o in e.outputs or [])
            and all(c.per_unit is None or c.mass is None for c in e.components or [])
        )
    return True


def drawn_once(draw: Any) -> bool:
    """By one measure."""
    return draw.mass is None or draw.pieces is None


def output_stated(out: Any) -> bool:
    """One way to say what an output contains."""
    if out.contents is not None and out.grades:
        return False
    return not (out.grades and out.basis == "wet" and out.moisture is None)


# ---------------------------------------------------------------- events.md: effects

FACTORS = {
    "Co3O4": ("Co", 734_200_000),
    "CoSO4": ("Co", 380_200_000),
    "Li2CO3": ("Li", 187_900_000),
    "Li2O": ("Li", 464_500_000),
    "Nb2O5": ("Nb", 699_000_000),
    "SnO2": ("Sn", 787_700_000),
    "Ta2O5": ("Ta", 818_970_000),
    "WO3": ("W", 793_000_000),
}
Contents = list[tuple[str, int]]


def dry_mass(mass: int, basis: str, moisture: int | None) -> int | None:
    """Dry matter in a mass; None: unknown."""
    if basis == "dry":
        return mass
    if moisture is None:
        return None
    return (2 * mass * (BILLION - moisture) + BILLION) // (2 * BILLION)


def contained(dry: int, grades: Iterable[Any]) -> Contents:
    """Element and mass, sorted."""
    parts: dict[str, int] = {}
    for grade in grades:
        element, factor = FACTORS.get(grade.analyte, (grade.analyte, BILLION))
        parts[element] = parts.get(element, 0) + grade.grade * factor
    return [
        (element, (2 * dry * part + BILLION**2) // (2 * BILLION**2))
        for element, part in sorted(parts.items())
    ]


def effect(name: str, /, **members: Any) -> SimpleNamespace:
    """One effect."""
    return SimpleNamespace(effect=name, **members)


def opened(lot: str, material: str, holder: str, **members: Any) -> SimpleNamespace:
    """A lot begins."""
    rest = dict.fromkeys(("mass", "basis", "dry", "pieces"))
    flags = {"identity_kept": False, "recast": False}
    return effect("Open", lot=lot, material=material, holder=holder, **{**rest, **flags, **members})


def flow(
    source: str,
    target: str,
    mass: int | None = None,
    pieces: int | None = None,
    contents: Contents | None = None,
) -> SimpleNamespace:
    """Mass moves between lots."""
    return effect("Flow", source=source, target=target, mass=mass, pieces=pieces, contents=contents)


def lost(
    lot: str,
    reason: str,
    mass: int | None = None,
    pieces: int | None = None,
    contents: Contents | None = None,
) -> SimpleNamespace:
    """Mass leaves the books."""
    return effect("Loss", lot=lot, reason=reason, mass=mass, pieces=pieces, contents=contents)


def loss_line(lot: str, line: Any) -> SimpleNamespace:
    """A line of losses."""
    stated = None if line.contents is None else [(c.element, c.mass) for c in line.contents]
    return lost(lot, line.reason, line.mass, None, [] if line.reason == "moisture" else stated)


def measure(
    lot: str,
    leg: str,
    mass: int | None = None,
    basis: str | None = None,
    moisture: int | None = None,
    grades: list[Any] | None = None,
) -> SimpleNamespace:
    """A new figure replaces the booked one."""
    return effect(
        "Measure",
        lot=lot,
        leg=leg,
        mass=mass,
        basis=basis,
        moisture=moisture,
        grades=grades or [],
    )


def claim(
    subject: str,
    kind: str,
    status: str,
    first: bool = False,
    own: bool = False,
    follows: Any = (),
    **facts: str | None,
) -> SimpleNamespace:
    """A statement about something; of its facts only those that name something else."""
    mentions = [f"{name}:{value}" for name, value in facts.items() if value]
    return effect(
        "Claim",
        subject=subject,
        kind=kind,
        status=status,
        first=first,
        own=own,
        follows=follows,
        mentions=mentions,
    )


def effects_of(e: Any) -> list[SimpleNamespace]:
    """The effects of an event, in order."""
    return list(EFFECTS[e.type](e))


def gain(lot: str, mass: int, kind: str, contents: Contents | None, **of: str | None) -> Any:
    """Mass of one origin; `lot` of another ledger's stands in the place of a site."""
    site = of.get("site") or ""
    origin = f"{kind}|{of.get('country') or ''}|{site or of.get('foreign') or ''}"
    return effect("Gain", lot=lot, mass=mass, origin=origin, site=site, contents=contents)


def begun(e: Any, kind: str, **of: str | None) -> Iterator[SimpleNamespace]:
    """Open and Gain of a lot that begins with mass of its own."""
    dry = dry_mass(e.mass, e.basis, e.moisture)
    contents = None if e.contents is None else [(c.element, c.mass) for c in e.contents]
    if e.grades and dry is not None:
        contents = contained(dry, e.grades)
    yield opened(e.lot, e.material, e.by, basis=e.basis, dry=dry, pieces=e.pieces)
    yield gain(e.lot, e.mass, kind, contents, **of)


def of_lot_extracted(e: Any) -> Iterator[SimpleNamespace]:
    yield from begun(e, f"mined-{e.method}", site=e.site)
    if e.tags:
        yield claim(f"lot:{e.lot}", "tags", "applied")


def of_lot_declared(e: Any) -> Iterator[SimpleNamespace]:
    yield from begun(e, e.origin, country=e.country, foreign=e.lot if e.foreign else None)
    yield claim(f"lot:{e.lot}", "declaration", e.origin)
    if e.foreign is not None:
        subject = f"foreign:{e.foreign.ledger}/{e.foreign.lot}"
        yield claim(subject, "foreign", "declared", first=True)


def of_lot_recovered(e: Any) -> Iterator[SimpleNamespace]:
    yield from begun(e, e.origin, country=e.country, site=e.site)
    yield claim(f"lot:{e.lot}", "recovery", e.origin)


def of_product_returned(e: Any) -> Iterator[SimpleNamespace]:
    contents = [(c.element, c.mass) for c in e.contents] if e.contents else None
    yield opened(e.lot, e.material, e.by, basis="dry", pieces=e.units)
    yield gain(e.lot, e.mass, "recycled-post-consumer", contents, country=e.country)
    yield claim(f"lot:{e.product}", "product", "returned")
    yield claim(f"lot:{e.lot}", "recovery", "recycled-post-consumer")


def composition(out: Any) -> Contents | None:
    """What an output is said to contain; None: nobody said."""
    if out.contents is not None:
        return sorted(((c.element, c.mass) for c in out.contents), key=lambda pair: pair[0])
    dry = dry_mass(out.mass, out.basis, out.moisture)
    return contained(dry, out.grades) if out.grades and dry is not None else None


def of_lot_refined(e: Any) -> Iterator[SimpleNamespace]:
    losses = e.losses or []
    yield from (loss_line(e.lot, each) for each in losses if each.reason == "moisture")
    for stated in (True, False):
        for out in e.outputs:
            if (composition(out) is not None) is not stated:
                continue
            dry = dry_mass(out.mass, out.basis, out.moisture)
            begins = {"mass": out.mass, "basis": out.basis, "dry": dry, "pieces": out.pieces}
            yield opened(out.lot, out.material, e.by, recast=True, **begins)
            yield flow(e.lot, out.lot, out.mass - out.added, contents=composition(out))
            if out.added:
                yield gain(out.lot, out.added, "unknown", [])
        for each in losses:
            if each.reason != "moisture" and (each.contents is not None) is stated:
                yield loss_line(e.lot, each)
    yield effect("Close", lot=e.lot)
    yield claim(f"lot:{e.lot}", "process", "done", site=e.facility)


def of_lot_split(e: Any) -> Iterator[SimpleNamespace]:
    for part in e.parts:
        yield opened(part.lot, e.material, e.by)
        yield flow(e.lot, part.lot, part.mass, part.pieces)
    yield from (loss_line(e.lot, each) for each in e.losses or [])
    yield effect("Close", lot=e.lot)


def of_lots_blended(e: Any) -> Iterator[SimpleNamespace]:
    yield opened(e.lot, e.material, e.by, mass=e.mass)
    yield from (flow(draw.lot, e.lot, draw.mass, draw.pieces) for draw in e.inputs)
    yield from (loss_line(e.lot, each) for each in e.losses or [])


def of_lots_packed(e: Any) -> Iterator[SimpleNamespace]:
    yield opened(e.lot, e.material, e.by, identity_kept=True)
    yield from (flow(each, e.lot) for each in e.inputs)
    if e.seals:
        yield claim(f"lot:{e.lot}", "tags", "applied")


def of_product_made(e: Any) -> Iterator[SimpleNamespace]:
    yield opened(e.product, e.model, e.by, pieces=e.units)
    for part in e.components:
        pieces = None if part.per_unit is None else part.per_unit * e.units
        yield flow(part.lot, e.product, part.mass, pieces)
    yield claim(f"lot:{e.product}", "product", "made", site=e.facility)


def of_lot_adjusted(e: Any) -> Iterator[SimpleNamespace]:
    if e.lost is not None:
        yield lost(e.lot, e.reason, e.lost, None, [] if e.reason == "moisture" else None)
    else:
        yield measure(e.lot, "stock-count", e.counted, e.basis, e.moisture)
    if e.evidence is not None:
        yield claim(f"lot:{e.lot}", "document", "attached")


def of_lot_assayed(e: Any) -> Iterator[SimpleNamespace]:
    yield measure(e.lot, "assay", moisture=e.moisture, grades=e.grades)
    yield claim(f"lot:{e.lot}", "assay", "reported", certificate=e.certificate)


def of_custody_dispatched(e: Any) -> Iterator[SimpleNamespace]:
    for sent in e.lots:
        yield effect("Depart", lot=sent.lot, giver=e.by, taker=e.to, mass=sent.mass)
        if any((e.carrier, e.mode, e.route, e.seals, e.waybill)):
            yield claim(f"lot:{sent.lot}", "transport", "dispatched")


def of_custody_received(e: Any) -> Iterator[SimpleNamespace]:
    for got in e.lots:
        leg = e.instrument or "reception"
        found = measure(got.lot, leg, got.mass, got.basis, got.moisture, got.grades)
        ends = {"dispatch": e.dispatch, "giver": e.giver, "taker": e.by}
        yield effect("Arrive", lot=got.lot, measure=found, **ends)
        if e.seals is not None:
            yield claim(f"lot:{got.lot}", "seals", e.seals)
        if e.route:
            yield claim(f"lot:{got.lot}", "transport", "received")


def of_return(side: str) -> Callable[[Any], Iterator[SimpleNamespace]]:
    """Lots in transit go back, on the word of one side."""

    def found(e: Any) -> Iterator[SimpleNamespace]:
        for lot in e.lots:
            yield effect("Return", lot=lot, dispatch=e.dispatch, by=e.by, side=side)

    return found


def of_event_voided(e: Any) -> Iterator[SimpleNamespace]:
    yield from (effect("Void", lot=lot, event=e.event, lots=len(e.lots)) for lot in e.lots)
    yield claim(f"event:{e.event}", "amendment", "voided")


def of_ledger_created(e: Any) -> Iterator[SimpleNamespace]:
    yield govern(e, 0)
    if e.tolerances:
        yield effect("Adopt", tolerances=[(t.name, t.tolerance) for t in e.tolerances])


def govern(e: Any, version: int) -> SimpleNamespace:
    """Governance is set."""
    return effect(
        "Govern",
        keys=e.governance,
        threshold=e.threshold,
        log_key=e.log_key,
        origin=e.origin,
        demo=bool(e.demo),
        version=version,
    )


def of_party_admitted(e: Any) -> Iterator[SimpleNamespace]:
    rest = {"next": e.next or "", "recovery": e.recovery or ""}
    yield effect("Admit", party=e.party, roles=e.roles, **rest)
    yield effect("Authorize", party=e.party, key=e.key, types=[], until=None, max_mass=None)


def of_rotate(e: Any) -> Iterator[SimpleNamespace]:
    recovered = e.type == "key.recovered"
    yield effect("Rotate", party=e.party, key=e.key, next=e.next or "", recovered=recovered)


def of_payment(e: Any) -> Iterator[SimpleNamespace]:
    yield claim(e.subject, "payment", e.kind)
    yield from (claim(f"lot:{lot}", "payment", e.kind) for lot in e.lots or [])


FOLLOWS = {
    "acknowledged": ("opened", "appealed"),
    "assessed": ("acknowledged",),
    "remedied": ("assessed",),
    "confirmed": ("remedied",),
    "appealed": ("assessed", "remedied", "closed"),
}


def incident(e: Any, status: str, follows: tuple[str, ...]) -> SimpleNamespace:
    """An incident moves on."""
    return claim(f"incident:{e.incident}", "incident", status, follows=follows)


EFFECTS: dict[str, Callable[[Any], Iterable[SimpleNamespace]]] = {
    "audit.reported": lambda e: (
        claim(f"audit:{e.audit}", "audit", e.outcome, first=True),
        claim(e.subject, "audit", e.outcome),
    ),
    "balance.credited": lambda e: (
        effect("Credit", account=e.account, mass=e.mass, lot=e.lot, carried=e.carried),
    ),
    "balance.opened": lambda e: (
        effect(
            "Account",
            account=e.account,
            holder=e.by,
            element=e.element,
            model=e.model,
            begins=e.begins,
            ends=e.ends,
        ),
    ),
    "certificate.issued": lambda e: (
        claim(f"certificate:{e.certificate}", "certificate", "issued", first=True),
        claim(e.subject, "certificate", "issued", certificate=e.certificate),
    ),
    "certificate.revoked": lambda e: (
        claim(
            f"certificate:{e.certificate}", "certificate", "revoked", own=True, follows=("issued",)
        ),
    ),
    "claim.allocated": lambda e: (effect("Debit", account=e.account, mass=e.mass, lot=e.lot),),
    "custody.cancelled": of_return("giver"),
    "custody.dispatched": of_custody_dispatched,
    "custody.received": of_custody_received,
    "custody.rejected": of_return("taker"),
    "document.attached": lambda e: (claim(e.subject, "document", "attached"),),
    "event.disputed": lambda e: (claim(f"event:{e.event}", "dispute", "disputed"),),
    "event.reaffirmed": lambda e: (
        claim(f"event:{each}", "dispute", "reaffirmed") for each in e.events
    ),
    "event.voided": of_event_voided,
    "governance.rotated": lambda e: (govern(e, e.version),),
    "incident.closed": lambda e: (
        incident(
            e,
            "closed",
            ("confirmed", "remedied") if e.outcome == "remedied" else ("assessed",),
        ),
    ),
    "incident.opened": lambda e: (
        claim(f"incident:{e.incident}", "incident", "opened", first=True),
        *(claim(each, "incident-about", "opened", incident=e.incident) for each in e.subjects),
    ),
    "incident.updated": lambda e: (incident(e, e.status, FOLLOWS[e.status]),),
    "key.authorized": lambda e: (
        effect(
            "Authorize",
            party=e.party,
            key=e.key,
            types=e.types or [],
            until=e.until,
            max_mass=e.max_mass,
        ),
    ),
    "key.recovered": of_rotate,
    "key.revoked": lambda e: (effect("Revoke", party=e.party, key=e.key),),
    "key.rotated": of_rotate,
    "ledger.created": of_ledger_created,
    "lot.adjusted": of_lot_adjusted,
    "lot.assayed": of_lot_assayed,
    "lot.declared": of_lot_declared,
    "lot.extracted": of_lot_extracted,
    "lot.held": lambda e: (effect("Hold", lot=lot, by=e.by) for lot in e.lots),
    "lot.recovered": of_lot_recovered,
    "lot.refined": of_lot_refined,
    "lot.released": lambda e: (effect("Release", lot=lot, by=e.by) for lot in e.lots),
    "lot.retired": lambda e: (lost(e.lot, e.reason, e.mass, e.pieces),),
    "lot.split": of_lot_split,
    "lot.tagged": lambda e: (claim(f"lot:{e.lot}", "tags", "applied" if e.applied else "removed"),),
    "lot.weighed": lambda e: (measure(e.lot, e.instrument, e.mass, e.basis, e.moisture),),
    "lots.blended": of_lots_blended,
    "lots.packed": of_lots_packed,
    "party.admitted": of_party_admitted,
    "party.reinstated": lambda e: (effect("Suspend", party=e.party, lifted=True),),
    "party.suspended": lambda e: (effect("Suspend", party=e.party, lifted=False),),
    "payment.declared": of_payment,
    "policy.adopted": lambda e: (
        effect("Adopt", tolerances=[(t.name, t.tolerance) for t in e.tolerances]),
    ),
    "process.declared": lambda e: (claim(f"site:{e.site}", "process", "declared"),),
    "product.made": of_product_made,
    "product.returned": of_product_returned,
    "risk.assessed": lambda e: (claim(e.subject, "risk", e.response, incident=e.incident),),
    "site.assessed": lambda e: (claim(f"site:{e.site}", "assessment", e.status),),
    "site.registered": lambda e: (claim(f"site:{e.site}", "site", "registered", first=True),),
    "tags.issued": lambda e: (claim(f"tags:{e.series}", "tags", "issued", first=True),),
    "tags.voided": lambda e: (claim(f"tags:{e.series}", "tags", "voided"),),
    "title.transferred": lambda e: (claim(f"lot:{lot}", "title", "transferred") for lot in e.lots),
}


# ---------------------------------------------------------------- accounting.md: amounts

UNKNOWN = "unknown||"
TOLERANCES = {
    "assay": 30_000_000,
    "bullion": 500_000,
    "default": 5_000_000,
    "hand-scale": 20_000_000,
    "process": 2_000_000,
    "reception": 5_000_000,
    "stock-count": 10_000_000,
    "weighbridge": 5_000_000,
}
MODELS = (
    "identity preserved",
    "segregated",
    "controlled blending",
    "mass balance",
    "book and claim",
)
SEGREGATED, BLENDED = 1, 2
Vector = dict[str, int]


def portion(figure: int, part: int, whole: int) -> int:
    """To the nearest integer, halves up; nought of nothing."""
    return (2 * figure * part + whole) // (2 * whole) if whole else 0


def take(vector: Vector, total: int, part: int) -> Vector:
    """`part` of a vector that sums to `total`, by largest remainder."""
    if part == total:
        return dict(vector)
    if not total:
        return {}
    shares = {origin: divmod(mass * part, total) for origin, mass in vector.items()}
    short = part - sum(floor for floor, _ in shares.values())
    more = sorted(shares, key=lambda origin: (-shares[origin][1], origin))[:short]
    found = {origin: floor + (origin in more) for origin, (floor, _) in sorted(shares.items())}
    return {origin: mass for origin, mass in found.items() if mass}


def plus(a: Vector, b: Vector) -> Vector:
    """Origin by origin."""
    found = {origin: a.get(origin, 0) + b.get(origin, 0) for origin in sorted({*a, *b})}
    return {origin: mass for origin, mass in found.items() if mass}


def minus(a: Vector, b: Vector) -> Vector:
    """What remains."""
    return {
        origin: mass - b.get(origin, 0) for origin, mass in a.items() if mass - b.get(origin, 0)
    }


@dataclass
class Element:
    """So much of a substance in a lot."""

    mass: int
    anchor: int
    origins: Vector
    basis: str = "element"


@dataclass
class Amount:
    """What a lot holds."""

    mass: int = 0
    dry: int | None = 0
    pieces: int | None = None
    anchor: int = 0
    origins: Vector = field(default_factory=dict)
    contents: dict[str, Element] | None = None

    def tracked(self) -> int:
        """Mass of all that it contains."""
        return sum(each.mass for each in (self.contents or {}).values())


def of_net_mass(amount: Amount, figure: int) -> Element:
    """An element that nobody followed: the origins of the net mass stand in."""
    basis = "element" if len(amount.origins) == 1 else "mass"
    return Element(figure, figure, take(amount.origins, amount.mass, figure), basis)


def drawn(amount: Amount, mass: int | None, pieces: int | None) -> tuple[int, int | None]:
    """Mass and pieces of a draw."""
    if mass is None and pieces is None:
        return amount.mass, amount.pieces
    if pieces is not None:
        return portion(amount.mass, pieces, amount.pieces or 0), pieces
    if amount.pieces is None:
        return mass or 0, None
    return mass or 0, portion(amount.pieces, mass or 0, amount.mass)


def split(
    whole: Amount, mass: int, pieces: int | None, stated: Contents | None
) -> tuple[Amount, Amount]:
    """A part, and what remains."""
    all_of_it = not whole.mass
    part = Amount(
        mass,
        None if whole.dry is None else portion(whole.dry, mass, whole.mass),
        pieces,
        portion(whole.anchor, mass, whole.mass),
        take(whole.origins, whole.mass, mass),
    )
    rest = Amount(
        whole.mass - mass,
        None if whole.dry is None or part.dry is None else whole.dry - part.dry,
        None if whole.pieces is None or pieces is None else whole.pieces - pieces,
        whole.anchor - part.anchor,
        minus(whole.origins, part.origins),
    )
    if whole.contents is None:
        if stated is not None:
            part.contents = {name: of_net_mass(whole, figure) for name, figure in stated}
        return part, rest
    rest.contents = {}
    taken = {}
    if stated is None:
        for name, each in whole.contents.items():
            taken[name] = each.mass if all_of_it else portion(each.mass, mass, whole.mass)
    else:
        taken = {n: min(f, whole.contents[n].mass) for n, f in stated if n in whole.contents}
    parts = {}
    for name, each in whole.contents.items():
        figure = taken.get(name, 0)
        anchor = portion(each.anchor, figure, each.mass)
        origins = take(each.origins, each.mass, figure) if figure else {}
        parts[name] = Element(figure, anchor, origins, each.basis)
        left = each.mass - figure
        rest.contents[name] = Element(
            left, each.anchor - anchor, minus(each.origins, origins), each.basis
        )
    if stated is None:
        part.contents = parts
        return part, rest
    part.contents = {}
    for name, figure in stated:
        had = parts.get(name) or Element(0, 0, {})
        if figure > had.mass:
            anchor = min(figure, portion(had.anchor, figure, had.mass)) if had.mass else figure
            origins = plus(had.origins, {UNKNOWN: figure - had.mass})
            had = Element(figure, anchor, origins, had.basis)
        part.contents[name] = had
    return part, rest


def joined(a: Amount, b: Amount) -> Amount:
    """The sum of two amounts."""
    contents = None
    if a.contents is not None and b.contents is not None:
        contents = {}
        for name in sorted({*a.contents, *b.contents}):
            x, y = a.contents.get(name), b.contents.get(name)
            if x is None or y is None:
                contents[name] = copy.deepcopy(x or y or Element(0, 0, {}))
                continue
            contents[name] = Element(
                x.mass + y.mass,
                min(x.anchor + y.anchor, LARGEST),
                plus(x.origins, y.origins),
                "mass" if "mass" in (x.basis, y.basis) else "element",
            )
    return Amount(
        a.mass + b.mass,
        None if a.dry is None or b.dry is None else a.dry + b.dry,
        None if a.pieces is None or b.pieces is None else a.pieces + b.pieces,
        min(a.anchor + b.anchor, LARGEST),
        plus(a.origins, b.origins),
        contents,
    )


# ---------------------------------------------------------------- accounting.md: the books


@dataclass
class Lot:
    """A lot: held, in transit or closed."""

    material: str
    holder: str
    basis: str = "dry"
    state: str = "held"
    taker: str = ""
    dispatch: str = ""
    amount: Amount = field(default_factory=Amount)
    model: int = 0
    head: str = ""
    opened: str = ""
    holds: list[str] = field(default_factory=list)


@dataclass
class PartyKey:
    """A key that signs for a party."""

    key: Key
    party: str
    types: list[str]
    until: str | None
    max_mass: int | None
    revoked: bool = False

    @property
    def controls(self) -> bool:
        """Named exactly like the party, and with an empty scope."""
        bounded = self.types or self.until is not None or self.max_mass is not None
        return self.key.name == self.party and not bounded and not self.revoked


@dataclass
class Party:
    """A party that was admitted."""

    roles: list[str]
    next: str
    recovery: str
    suspended: bool = False


@dataclass
class Governance:
    """Who governs."""

    keys: list[str]
    threshold: int
    log_key: str
    origin: str
    demo: bool
    version: int


@dataclass
class Account:
    """Claims on mass that is not followed."""

    holder: str
    element: str
    model: str
    begins: str
    ends: str
    balance: int = 0
    closed: bool = False


@dataclass
class Past:
    """What an event touched, for whoever voids it."""

    before: dict[str, Lot | None]
    voidable: bool


NOT_VOIDABLE = {"Depart", "Arrive", "Return", "Void", "Credit", "Debit"}
Signed = set[str] | None


@lru_cache(maxsize=1)
def demo_keys() -> frozenset[bytes]:
    """The raw public keys that everybody can compute."""
    found = []
    for number in range(256):
        seed = sha256(b"oretrail/demo-key/v1\n%d" % number)
        scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little")
        found.append(encode_point(times_base((scalar & (2**254 - 8)) | 2**254)))
    return frozenset(found)


class Books:
    """What the events so far have made: keys, parties, lots, accounts, and what is registered."""

    def __init__(self) -> None:
        self.ledger = ""
        self.governance: Governance | None = None
        self.log_keys: set[Key] = set()
        self.raw_keys: dict[str, tuple[str, str]] = {}
        self.parties: dict[str, Party] = {}
        self.keys: dict[str, PartyKey] = {}
        self.lots: dict[str, Lot] = {}
        self.past: dict[str, Past] = {}
        self.accounts: dict[str, Account] = {}
        self.credited: set[str] = set()
        self.registered: dict[str, tuple[str, str, str]] = {}
        self.operators: dict[str, str] = {}
        self.tolerances: dict[str, int] = {}

    def tolerance(self, leg: str) -> int:
        """In parts per billion."""
        for table, name in (
            (self.tolerances, leg),
            (TOLERANCES, leg) if leg != "default" else (self.tolerances, leg),
            (self.tolerances, "default"),
        ):
            if name in table:
                return table[name]
        return TOLERANCES["default"]

    def known_keys(self) -> Iterator[str]:
        """All whose signatures must verify, as vkeys."""
        yield from self.governance.keys if self.governance else ()
        yield from self.keys
        yield from (party.recovery for party in self.parties.values() if party.recovery)


MOVES_A_HEAD = {"Gain", "Loss", "Close", "Measure", "Void", "Depart", "Arrive", "Return"}
MOVES_A_HEAD |= {"Credit", "Debit"}


def changed_lots(effects: Iterable[SimpleNamespace]) -> list[str]:
    """Lots whose head an event moves, but for those that it opens."""
    found: dict[str, None] = {}
    begun_here = set()
    for e in effects:
        if e.effect == "Open":
            begun_here.add(e.lot)
        elif e.effect == "Flow":
            found |= {e.source: None, e.target: None}
        elif e.effect in MOVES_A_HEAD and e.lot:
            found[e.lot] = None
    return [lot for lot in found if lot not in begun_here]


def figure_of(e: SimpleNamespace, books: Books) -> int:
    """The mass of an effect, which a key's scope may bound."""
    if e.effect not in ("Gain", "Flow", "Loss", "Measure", "Depart", "Arrive"):
        return 0
    mass = e.measure.mass if e.effect == "Arrive" else e.mass
    if mass is not None:
        return int(mass)
    lot = books.lots.get(e.source if e.effect == "Flow" else e.lot)
    return lot.amount.mass if lot else 0


class Judge:
    """One event against the books: what it breaks, and what it leaves."""

    def __init__(self, books: Books, event: Any, event_id: str, signed: Signed, clock: str) -> None:
        self.books = books
        self.event = event
        self.id = event_id
        self.opened = signed is not None
        self.signed = signed or set()
        self.clock = clock
        self.by = [event.by, *event.cosigners]
        self.effects = effects_of(event)
        self.codes: list[str] = []
        self.wrong = False
        self.open: dict[str, SimpleNamespace] = {}
        self.wet: set[str] = set()
        self.models: dict[str, list[int]] = {}
        self.started: dict[str, Amount] = {}
        self.created: dict[tuple[str, str], int] = {}
        self.filled: set[str] = set()
        self.refused: set[str] = set()

    def say(self, code: str) -> bool:
        """An error of the effect at hand."""
        self.codes.append(code)
        self.wrong = True
        return False

    def judge(self) -> list[str]:
        """Everything; the codes found."""
        books, event = self.books, self.event
        late = seconds(event.occurred_at) > (seconds(self.clock) if self.clock else -(10**9)) + 300
        if late:
            self.codes.append("time.in-future")
        for name in self.by:
            self.judge_signer(name)
        changed = changed_lots(self.effects)
        sources = {e.source for e in self.effects if e.effect == "Flow"}
        targets = {e.target for e in self.effects if e.effect == "Flow"}
        if len(sources) > 1 and len(targets) > 1:
            self.codes.append("event.many-to-many")
        heads = {books.lots[lot].head for lot in changed if lot in books.lots}
        if heads - set(event.after):
            self.codes.append("lot.head-spent")
        elif set(event.after) - heads:
            self.codes.append("lot.head-unknown")
        before = {lot: copy.deepcopy(books.lots[lot]) for lot in changed if lot in books.lots}
        past: dict[str, Lot | None] = dict(before)
        self.started = {lot: each.amount for lot, each in before.items()}
        for e in self.effects:
            self.wrong = False
            getattr(self, f"do_{e.effect.lower()}")(e)
        for lot in self.open:
            past[lot] = None
            self.finish(lot)
        for lot in changed:
            if lot in books.lots:
                self.leave(books.lots[lot])
        for lot in (*changed, *self.open):
            if lot in books.lots:
                books.lots[lot].head = self.id
        voidable = not any(e.effect in NOT_VOIDABLE for e in self.effects)
        books.past[self.id] = Past(past, voidable)
        return self.codes

    def leave(self, lot: Lot) -> None:
        """A lot that was changed is closed when nothing is left."""
        if not lot.amount.mass and not lot.amount.pieces:
            lot.state = "closed"

    # -- who signs (verification.md, 5)

    def judge_signer(self, name: str) -> None:  # noqa: C901, PLR0912
        """`by` or a cosigner has signed, with a fit key."""
        books, signed = self.books, self.signed
        if name == "governance":
            new = next((e for e in self.effects if e.effect == "Govern"), None)
            if books.governance is None and new is None:
                self.codes.append("genesis.missing")
                return
            met = books.governance is None or enough(
                books.governance.keys, books.governance.threshold, signed
            )
            if not met or (new is not None and not enough(new.keys, new.threshold, signed)):
                self.codes.append("governance.threshold-not-met")
            return
        party = books.parties.get(name)
        if party is None:
            self.codes.append("party.unknown")
            return
        if party.suspended:
            self.codes.append("party.suspended")
            return
        for e in self.effects:
            if e.effect == "Rotate" and e.party == name and e.key in signed:
                return
        keys = [k for v, k in sorted(books.keys.items()) if k.party == name and v in signed]
        if not keys:
            self.codes += ["statement.signer-missing"] if self.opened else []
            return
        fit, faults = [], []
        for key in keys:
            fault = self.unfit(key)
            if fault:
                faults.append(fault)
            else:
                fit.append(key)
        if not fit:
            self.codes.append(faults[-1])
        elif all(key.max_mass is not None for key in fit):
            most = max(figure_of(e, books) for e in self.effects)
            if most > max(key.max_mass or 0 for key in fit):
                self.codes.append("key.out-of-scope")

    def unfit(self, key: PartyKey) -> str:
        """Why a key does not do for this event; empty: it does."""
        if key.revoked:
            return "key.revoked"
        if key.until is not None and self.clock > key.until:
            return "key.expired"
        if key.types and self.event.type not in key.types:
            return "key.out-of-scope"
        return ""

    # -- governance and keys

    def governs(self) -> bool:
        """Whether governance says this."""
        return bool(self.event.by == "governance")

    def controls(self, party: str) -> bool:
        """Whether governance, or the party with its controlling key, says this."""
        if self.governs() or self.event.by != party:
            return self.governs() and party != "governance"
        return any(
            k.controls and k.party == party and v in self.signed for v, k in self.books.keys.items()
        )

    def sound(self, vkey: str, role: str, demo: bool) -> Key | None:
        """A key that may serve in this role, else None and the reason said."""
        key = None
        try:
            key = parse_vkey(vkey)
        except Refused:
            self.say("key.weak")
        if key is not None and key.kind != ED25519:
            self.say("key.weak")
        if key is not None and not demo and key.public in demo_keys():
            self.say("key.demo")
        served = self.books.raw_keys.get(raw_of(vkey))
        stays = role in ("governance", "log") and served == (vkey, role)
        if served is not None and not stays:
            self.say("key.exists" if served[0] == vkey else "key.two-roles")
        return key

    def possessed(self, vkey: str) -> None:
        """A new key signs the statement that brings it in."""
        if vkey not in self.signed:
            self.wrong = True
            self.codes += ["key.no-possession"] if self.opened else []

    def demo(self) -> bool:
        """Whether demo keys are good here."""
        return self.books.governance is not None and self.books.governance.demo

    def do_govern(self, e: SimpleNamespace) -> None:  # noqa: C901, PLR0912
        books, now = self.books, self.books.governance
        if e.version == 0 and now is not None:
            self.say("genesis.repeated")
        elif e.version and now is None:
            self.say("genesis.missing")
        elif now is not None:
            if e.version != now.version + 1:
                self.say("governance.version-wrong")
            if (e.origin, e.demo) != (now.origin, now.demo):
                self.say("governance.origin-changed")
        if not 1 <= e.threshold <= len(e.keys):
            self.say("governance.threshold-wrong")
        for vkey in e.keys:
            self.sound(vkey, "governance", e.demo)
        log = self.sound(e.log_key, "log", e.demo)
        for vkey in e.keys:
            if not vkey.startswith("governance/"):
                self.say("key.name-mismatch")
        if name_of(e.log_key) != e.origin:
            self.say("key.name-mismatch")
        raws = [raw_of(vkey) for vkey in (*e.keys, e.log_key)]
        if len(raws) != len(set(raws)):
            self.say("key.two-roles")
        for vkey in e.keys:
            self.possessed(vkey)
        if self.wrong or log is None:
            return
        if now is None:
            books.ledger = self.id
        books.governance = Governance(e.keys, e.threshold, e.log_key, e.origin, e.demo, e.version)
        books.log_keys.add(log)
        for vkey in e.keys:
            books.raw_keys[raw_of(vkey)] = (vkey, "governance")
        books.raw_keys[raw_of(e.log_key)] = (e.log_key, "log")

    def do_adopt(self, e: SimpleNamespace) -> None:
        if not self.governs():
            self.say("governance.required")
            return
        self.books.tolerances = dict(e.tolerances)

    def do_admit(self, e: SimpleNamespace) -> None:
        books = self.books
        if not self.governs():
            self.say("governance.required")
        if e.party in books.parties or e.party == "governance":
            self.say("party.exists")
        recovery = self.sound(e.recovery, "recovery", self.demo()) if e.recovery else None
        if e.recovery and name_of(e.recovery) != f"{e.party}/recovery":
            self.say("key.name-mismatch")
        if self.wrong:
            return
        books.parties[e.party] = Party(e.roles, e.next, e.recovery)
        if recovery is not None:
            books.raw_keys[raw_of(e.recovery)] = (e.recovery, "recovery")

    def do_suspend(self, e: SimpleNamespace) -> None:
        party = self.books.parties.get(e.party)
        if not self.governs():
            self.say("governance.required")
        if party is None:
            self.say("party.unknown")
        elif e.lifted and not party.suspended:
            self.say("party.not-suspended")
        if party is not None and not self.wrong:
            party.suspended = not e.lifted

    def do_authorize(self, e: SimpleNamespace) -> None:
        books = self.books
        if e.party not in books.parties:
            self.say("party.unknown")
        key = self.sound(e.key, "party", self.demo())
        if name_of(e.key) != e.party and not e.key.startswith(e.party + "/"):
            self.say("key.name-mismatch")
        if not self.controls(e.party):
            self.say("key.not-controller")
        self.possessed(e.key)
        if key is not None and not self.wrong:
            books.keys[e.key] = PartyKey(key, e.party, e.types, e.until, e.max_mass)
            books.raw_keys[raw_of(e.key)] = (e.key, "party")

    def do_rotate(self, e: SimpleNamespace) -> None:
        books = self.books
        party = books.parties.get(e.party)
        if party is None:
            self.say("party.unknown")
            return
        key = self.sound(e.key, "party", self.demo())
        if name_of(e.key) != e.party:
            self.say("key.name-mismatch")
        self.possessed(e.key)
        if e.recovered:
            if not (self.governs() and party.recovery in self.signed):
                self.say("key.not-recovered")
        elif sha256(b"oretrail/next-key/v1\n" + e.key.encode() + b"\n").hex() != party.next:
            self.say("key.not-committed")
        if key is None or self.wrong:
            return
        for each in books.keys.values():
            if each.party == e.party and each.controls:
                each.revoked = True
        books.keys[e.key] = PartyKey(key, e.party, [], None, None)
        books.raw_keys[raw_of(e.key)] = (e.key, "party")
        party.next = e.next

    def do_revoke(self, e: SimpleNamespace) -> None:
        key = self.books.keys.get(e.key)
        if key is None or key.party != e.party:
            self.say("key.unknown")
        elif key.revoked:
            self.say("key.revoked")
        if not self.controls(e.party):
            self.say("key.not-controller")
        if key is not None and not self.wrong:
            key.revoked = True

    # -- lots

    def held(self, name: str) -> Lot | None:
        """A lot at hand, whose holder signs; else None and the reason said."""
        lot = self.books.lots.get(name)
        if lot is None:
            self.say("lot.unknown")
        elif lot.state == "in-transit":
            self.say("lot.in-transit")
        elif lot.state == "closed":
            self.say("lot.closed")
        if lot is not None and lot.state != "in-transit" and lot.holder not in self.by:
            self.say("custody.not-holder")
        return lot

    def do_open(self, e: SimpleNamespace) -> None:
        if e.lot in self.books.lots:
            self.say("lot.exists")
        if e.holder not in self.by:
            self.say("custody.not-holder")
        if self.wrong:
            self.refused.add(e.lot)
            return
        self.open[e.lot] = e
        lot = Lot(e.material, e.holder, opened=self.id)
        lot.amount = Amount(contents={})
        self.books.lots[e.lot] = lot

    def stated_well(self, contents: Contents | None, mass: int) -> None:
        """Each element once, and all together no more than the mass."""
        names = [name for name, _ in contents or []]
        if len(names) != len(set(names)):
            self.say("mass.content-twice")
        if sum(figure for _, figure in contents or []) > mass:
            self.say("mass.content-exceeds-mass")

    def do_gain(self, e: SimpleNamespace) -> None:
        books = self.books
        if e.lot in self.refused:
            return
        lot = self.held(e.lot)
        if lot is None:
            return
        if e.lot not in self.open:
            self.say("lot.not-opened-here")
        if e.site:
            if f"site:{e.site}" not in books.registered:
                self.say("site.unknown")
            elif books.operators.get(e.site, self.event.by) not in self.by:
                self.say("site.not-operator")
        self.stated_well(e.contents, e.mass)
        if lot.amount.mass + e.mass > LARGEST:
            self.say("mass.too-large")
        if self.wrong:
            return
        origin = {e.origin: e.mass}
        contents = None
        if e.contents is not None:
            contents = {n: Element(f, f, take(origin, e.mass, f)) for n, f in e.contents}
            contents = dict(sorted(contents.items()))
        dry = self.open[e.lot].dry if not lot.amount.mass else None
        self.fill(e.lot, Amount(e.mass, dry, None, e.mass, origin, contents))

    def fill(self, name: str, part: Amount) -> None:
        """A part comes into a lot that is being opened."""
        lot = self.books.lots[name]
        if name not in self.filled:
            self.filled.add(name)
            lot.amount = part
        else:
            lot.amount = joined(lot.amount, part)

    def draw(self, e: SimpleNamespace, name: str) -> tuple[Lot, int, int | None] | None:
        """Mass and pieces that a flow or a loss takes, if the lot holds them."""
        lot = self.held(name)
        if lot is None:
            return None
        amount = lot.amount
        if e.pieces is not None and amount.pieces is None:
            self.say("pieces.not-counted")
            return None
        if e.pieces is not None and e.pieces > (amount.pieces or 0):
            self.say("pieces.overdrawn")
            return None
        mass, pieces = drawn(amount, e.mass, e.pieces)
        if mass > amount.mass:
            self.say("mass.overdrawn")
        return lot, mass, pieces

    def created_here(self, name: str, amount: Amount, stated: Contents | None, mass: int) -> None:
        """Nothing is created: the rules of stated, and of unstated, contents."""
        allowed = self.books.tolerance("process")
        before = self.started.get(name, amount)
        if stated is not None:
            self.stated_well(stated, mass)
            if amount.contents is None:
                return
            for element, figure in stated:
                there = amount.contents.get(element)
                beyond = max(0, figure - (there.mass if there else 0))
                had = (before.contents or {}).get(element)
                total = self.created.get((name, element), 0) + beyond
                if total * BILLION > (had.mass if had else 0) * allowed and total:
                    self.say("mass.element-created")
            if not self.wrong:
                for element, figure in stated:
                    there = amount.contents.get(element)
                    beyond = max(0, figure - (there.mass if there else 0))
                    key = (name, element)
                    self.created[key] = self.created.get(key, 0) + beyond
        elif amount.contents is not None:
            room = amount.mass + before.mass * allowed // BILLION + 8 * len(amount.contents)
            if amount.tracked() > room:
                self.say("mass.content-exceeds-mass")

    def do_flow(self, e: SimpleNamespace) -> None:
        books = self.books
        source = books.lots.get(e.source)
        if e.target in self.refused:
            return
        if e.source in self.open:
            self.say("lot.opened-here")
            return
        if e.target not in self.open:
            self.say("lot.not-opened-here" if e.target in books.lots else "lot.unknown")
        if source is not None and source.holds:
            self.say("lot.on-hold")
        found = self.draw(e, e.source)
        if found is None or e.target not in books.lots:
            return
        lot, mass, pieces = found
        target = books.lots[e.target]
        self.created_here(e.source, lot.amount, e.contents, mass)
        if target.amount.mass + mass > LARGEST:
            self.say("mass.too-large")
        if (pieces or 0) + (target.amount.pieces or 0) > LARGEST:
            self.say("pieces.too-many")
        if self.wrong:
            return
        part, lot.amount = split(lot.amount, mass, pieces, e.contents)
        if self.open[e.target].recast:
            part.pieces = None
        self.fill(e.target, part)
        if lot.basis == "wet":
            self.wet.add(e.target)
        self.models.setdefault(e.target, []).append(lot.model)

    def do_loss(self, e: SimpleNamespace) -> None:
        found = self.draw(e, e.lot)
        if found is None:
            return
        lot, mass, pieces = found
        amount = lot.amount
        if e.reason != "moisture":
            self.created_here(e.lot, amount, e.contents, mass)
            if not self.wrong:
                _, lot.amount = split(amount, mass, pieces, e.contents)
            return
        allowed = amount.mass * self.books.tolerance("process") // BILLION
        solid = amount.dry if amount.dry is not None else amount.tracked()
        left = amount.mass - mass
        if mass > amount.mass - solid + allowed or left < amount.tracked():
            self.say("mass.not-water")
        if self.wrong:
            return
        lot.amount = Amount(
            left,
            None if amount.dry is None else min(amount.dry, left),
            amount.pieces if left or amount.pieces is None else 0,
            max(0, amount.anchor - mass),
            take(amount.origins, amount.mass, left),
            amount.contents,
        )

    def do_close(self, e: SimpleNamespace) -> None:
        lot = self.books.lots.get(e.lot)
        if lot is None:
            self.say("lot.unknown")
            return
        if lot.state == "in-transit":
            self.say("lot.in-transit")
            return
        if lot.holder not in self.by:
            self.say("custody.not-holder")
        if lot.amount.mass:
            self.say("mass.not-conserved")
        elif lot.amount.pieces:
            self.say("pieces.not-conserved")
        if self.wrong:
            return
        allowed = self.books.tolerance("process")
        before = self.started.get(e.lot, lot.amount).contents or {}
        for name, each in (lot.amount.contents or {}).items():
            had = before[name].mass if name in before else 0
            if each.mass * BILLION > had * allowed:
                self.codes.append("mass.element-unaccounted")
        lot.amount = Amount(contents={})

    def finish(self, name: str) -> None:
        """A lot that this event opened has all that flowed in."""
        lot, e = self.books.lots[name], self.open[name]
        amount = lot.amount
        lot.basis = e.basis or ("wet" if name in self.wet else "dry")
        if e.dry is not None:
            amount.dry = e.dry
        elif lot.basis == "dry":
            amount.dry = amount.mass
        if e.pieces is not None:
            amount.pieces = e.pieces
        if not amount.mass:
            self.codes.append("mass.empty")
        elif e.mass is not None and amount.mass != e.mass:
            self.codes.append("mass.not-conserved")
        lot.model = max(self.models.get(name, [0]))
        if mixed(counting(amount)):
            lot.model = max(lot.model, BLENDED)
        elif len(counting(amount)) > 1 and not e.identity_kept:
            lot.model = max(lot.model, SEGREGATED)

    # -- measuring

    def do_measure(self, e: SimpleNamespace) -> None:
        lot = self.held(e.lot)
        if lot is not None:
            self.weigh(lot, e)

    def weigh(self, lot: Lot, e: SimpleNamespace) -> None:
        """A new mass, and then a new composition; nothing of it is booked after an error."""
        amount = copy.deepcopy(lot.amount)
        mass, basis = e.mass, e.basis or lot.basis
        if mass is None and e.moisture is not None and lot.basis == "wet":
            mass = amount.mass
        codes: list[str] = []
        if mass is not None:
            amount = weighed(amount, lot.basis, mass, basis, e.moisture, self.books, e.leg, codes)
        if e.grades:
            amount = self.assayed(amount, e.grades, codes)
        if self.wrong:
            return
        self.codes += codes
        lot.amount = amount
        lot.basis = basis if mass is not None else lot.basis
        if {"mass.excess", "assay.higher"} & set(codes):
            if mixed(counting(amount) | set(amount.origins)):
                lot.model = max(lot.model, BLENDED)

    def assayed(self, amount: Amount, grades: list[Any], codes: list[str]) -> Amount:
        """Contents as a laboratory found them."""
        if amount.dry is None:
            self.say("assay.moisture-missing")
            return amount
        names = [grade.analyte for grade in grades]
        if len(names) != len(set(names)):
            self.say("mass.content-twice")
        if sum(grade.grade for grade in grades) > BILLION:
            self.say("mass.content-exceeds-mass")
        if self.wrong:
            return amount
        allowed = self.books.tolerance("assay")
        contents = dict(amount.contents or {})
        for name, new in contained(amount.dry, grades):
            old = contents.get(name)
            if old is None:
                contents[name] = of_net_mass(amount, new)
            elif new > old.mass and new * BILLION > old.anchor * (BILLION + allowed):
                codes.append("assay.higher")
                anchor = min(new, portion(old.anchor, new, old.mass)) if old.mass else new
                origins = plus(old.origins, {UNKNOWN: new - old.mass})
                contents[name] = Element(new, anchor, origins, old.basis)
            else:
                lower = new * BILLION < old.mass * (BILLION - allowed)
                codes += ["assay.lower"] if lower else []
                origins = take(old.origins, old.mass, new)
                contents[name] = Element(new, new if lower else old.anchor, origins, old.basis)
        amount.contents = dict(sorted(contents.items()))
        if amount.tracked() > amount.dry + len(contents):
            self.say("mass.content-exceeds-mass")
        return amount

    # -- custody

    def do_depart(self, e: SimpleNamespace) -> None:
        books = self.books
        lot = self.held(e.lot)
        if lot is not None and lot.holder != e.giver:
            self.say("custody.not-giver")
        taker = books.parties.get(e.taker)
        if taker is None:
            self.say("party.unknown")
        elif taker.suspended:
            self.say("party.suspended")
        if e.taker == e.giver:
            self.say("custody.to-self")
        if lot is not None and lot.holds:
            self.say("lot.on-hold")
        if lot is None or self.wrong:
            return
        if e.mass is not None:
            self.weigh(lot, measure(e.lot, "dispatch", e.mass, lot.basis))
        lot.state, lot.taker, lot.dispatch = "in-transit", e.taker, self.id

    def on_the_way(self, e: SimpleNamespace) -> Lot | None:
        """A lot in transit under the dispatch that is named."""
        lot = self.books.lots.get(e.lot)
        if lot is None:
            self.say("lot.unknown")
        elif lot.state != "in-transit":
            self.say("custody.not-in-transit")
        elif lot.dispatch != e.dispatch:
            self.say("custody.dispatch-mismatch")
        return None if self.wrong else lot

    def do_arrive(self, e: SimpleNamespace) -> None:
        lot = self.on_the_way(e)
        if lot is None:
            return
        if lot.taker != e.taker or e.taker not in self.by:
            self.say("custody.not-taker")
        if lot.holder != e.giver:
            self.say("custody.not-giver")
        if self.wrong:
            return
        self.weigh(lot, e.measure)
        if not self.wrong:
            lot.holder, lot.state, lot.taker, lot.dispatch = e.taker, "held", "", ""

    def do_return(self, e: SimpleNamespace) -> None:
        lot = self.on_the_way(e)
        if lot is None:
            return
        side = lot.taker if e.side == "taker" else lot.holder
        if side != e.by or e.by not in self.by:
            self.say(f"custody.not-{e.side}")
            return
        lot.state, lot.taker, lot.dispatch = "held", "", ""

    def do_hold(self, e: SimpleNamespace) -> None:
        lot = self.books.lots.get(e.lot)
        if lot is None:
            self.say("lot.unknown")
            return
        party = self.books.parties.get(e.by)
        may = {"authority", "auditor", "issuer", "scheme", "state-agent"}
        if lot.holder != e.by and not (party and may & set(party.roles)):
            self.say("custody.not-holder")
            return
        lot.holds.append(e.by)

    def do_release(self, e: SimpleNamespace) -> None:
        lot = self.books.lots.get(e.lot)
        if lot is None:
            self.say("lot.unknown")
        elif e.by not in lot.holds:
            self.say("lot.not-on-hold")
        else:
            lot.holds = [each for each in lot.holds if each != e.by]

    def do_void(self, e: SimpleNamespace) -> None:
        lot = self.books.lots.get(e.lot)
        if lot is None:
            self.say("lot.unknown")
            return
        past = self.books.past.get(e.event)
        if lot.head != e.event or past is None:
            self.say("event.built-upon")
            return
        if not past.voidable:
            self.say("event.not-voidable")
        if e.lots != len(past.before):
            self.say("event.voided-in-part")
        if lot.holder not in self.by:
            self.say("custody.not-holder")
        if self.wrong:
            return
        was = past.before.get(e.lot)
        if was is None:
            lot.state, lot.amount = "closed", Amount(contents={})
            return
        back = copy.deepcopy(was)
        back.holds = lot.holds
        self.books.lots[e.lot] = back

    # -- claims and accounts

    def do_claim(self, e: SimpleNamespace) -> None:
        books = self.books
        kind, _, name = e.subject.partition(":")
        if e.first:
            if e.subject in books.registered:
                self.say(f"{kind}.exists")
                return
            books.registered[e.subject] = (self.event.by, e.kind, e.status)
            operator = getattr(self.event, "operator", None)
            if kind == "site" and operator is not None:
                books.operators[name] = operator
            return
        if kind == "event":
            return
        known = {
            "lot": name in books.lots,
            "party": name in books.parties,
            "ledger": name == books.ledger,
            "account": name in books.accounts,
        }.get(kind, e.subject in books.registered)
        if not known:
            self.say(f"{kind}.unknown")
            return
        by, as_kind, status = books.registered.get(e.subject, ("", "", ""))
        if e.own and by not in self.by:
            self.say(f"{kind}.not-issuer")
        if e.follows and status not in e.follows:
            self.say(f"{kind}.wrong-status")
        if not self.wrong and e.kind == as_kind:
            books.registered[e.subject] = (by, as_kind, e.status)

    def do_account(self, e: SimpleNamespace) -> None:
        if e.account in self.books.accounts:
            self.say("account.exists")
        if not self.wrong:
            self.books.accounts[e.account] = Account(e.holder, e.element, e.model, e.begins, e.ends)

    def account(self, name: str) -> Account | None:
        """An account whose holder signs, and which is open."""
        account = self.books.accounts.get(name)
        if account is None:
            self.say("account.unknown")
        elif account.holder not in self.by:
            self.say("account.not-holder")
        elif account.closed:
            self.say("balance.closed")
        return account

    def do_credit(self, e: SimpleNamespace) -> None:
        books = self.books
        account = self.account(e.account)
        if account and not account.begins <= self.event.occurred_at[:10] <= account.ends:
            self.say("balance.expired")
        lot, before = None, None
        if e.carried:
            before = self.account(e.carried)
            if before is not None and e.mass > before.balance:
                self.say("balance.overdrawn")
            if before is not None and account is not None:
                same = (before.element, before.model) == (account.element, account.model)
                if not same or before.ends >= account.begins:
                    self.say("balance.not-next")
        else:
            lot = self.held(e.lot)
            there = lot and account and (lot.amount.contents or {}).get(account.element)
            if lot and account and e.mass > (there.mass if there else 0):
                self.say("balance.more-than-content")
            if e.lot in books.credited:
                self.say("balance.double-credit")
        if account is None or self.wrong:
            return
        account.balance += e.mass
        if before is not None:
            before.balance -= e.mass
            before.closed = True
        if lot is not None:
            books.credited.add(e.lot)
            lot.model = max(lot.model, MODELS.index(account.model.replace("-", " ")))

    def do_debit(self, e: SimpleNamespace) -> None:
        account = self.account(e.account)
        if account is not None and e.mass > account.balance:
            self.say("balance.overdrawn")
        if account is not None and self.event.occurred_at[:10] > account.ends:
            self.say("balance.expired")
        lot = self.held(e.lot) if e.lot else None
        if account is None or self.wrong:
            return
        account.balance -= e.mass
        if lot is not None:
            lot.model = max(lot.model, MODELS.index(account.model.replace("-", " ")))


def raw_of(vkey: str) -> str:
    """The kind and the public key in a vkey, as text, sound or not."""
    return vkey.split("+", 2)[2]


def name_of(vkey: str) -> str:
    """The name in a vkey, sound or not."""
    return vkey.partition("+")[0]


def enough(keys: Iterable[str], threshold: int, signed: set[str]) -> bool:
    """Whether as many distinct raw keys as the threshold have signed."""
    return len({raw_of(vkey) for vkey in keys if vkey in signed}) >= threshold


def counting(amount: Amount) -> set[str]:
    """The origins that count for the model."""
    found = {o for each in (amount.contents or {}).values() for o, m in each.origins.items() if m}
    return found or set(amount.origins)


def mixed(origins: set[str]) -> bool:
    """Whether unknown and known origins stand side by side."""
    classes = {each.split("|")[0] for each in origins}
    return "unknown" in classes and len(classes) > 1


def weighed(
    old: Amount,
    was: str,
    mass: int,
    basis: str,
    moisture: int | None,
    books: Books,
    leg: str,
    codes: list[str],
) -> Amount:
    """An amount with a new mass."""
    if basis == "dry" or moisture is not None:
        dry = dry_mass(mass, basis, moisture)
    elif was == basis == "wet" and old.dry is not None and old.mass:
        dry = portion(old.dry, mass, old.mass)
    else:
        dry = None
    by_dry = dry is not None and old.dry is not None
    found, booked = (dry or 0, old.dry or 0) if by_dry else (mass, old.mass)
    anchor = portion(old.anchor, booked, old.mass) if by_dry else old.anchor
    allowed = books.tolerance(leg)
    contents = old.contents
    if found > booked and found * BILLION > anchor * (BILLION + allowed):
        codes.append("mass.excess")
        kept = portion(mass, booked, found)
        origins = plus(take(old.origins, old.mass, kept), {UNKNOWN: mass - kept})
        anchor = min(mass, portion(anchor, mass, booked)) if booked else mass
        return Amount(mass, dry, old.pieces, anchor, origins, contents)
    short = found * BILLION < booked * (BILLION - allowed)
    codes += ["mass.shortfall"] if short else []
    if contents is not None:
        scaled = {}
        for name, each in contents.items():
            figure = portion(each.mass, found, booked)
            origins = take(each.origins, each.mass, figure)
            scaled[name] = Element(figure, figure if short else each.anchor, origins, each.basis)
        contents = scaled
    anchor = mass if short else portion(anchor, mass, found)
    return Amount(mass, dry, old.pieces, anchor, take(old.origins, old.mass, mass), contents)


# ---------------------------------------------------------------- statement.md

HEADER = re.compile(
    rb"oretrail/statement/v1\nledger ([0-9a-f]{64})\nevents ([1-9][0-9]{0,3}) ([0-9a-f]{64})\n"
    rb"(?:seen ([1-9][0-9]{0,15}) ([0-9a-f]{64})\n)?"
)
SEVERITY = {
    "assay.higher": "major",
    "assay.lower": "minor",
    "evidence.empty": "major",
    "mass.element-unaccounted": "major",
    "mass.excess": "major",
    "mass.shortfall": "major",
}


INTEGRITY = re.findall(
    r"\S+",
    """
checkpoint.malformed checkpoint.no-log-signature checkpoint.origin-mismatch
checkpoint.root-mismatch entry.chain-broken entry.leaf-mismatch entry.missing event.duplicate
event.malformed event.unsupported evidence.empty genesis.missing genesis.repeated
governance.origin-changed governance.required governance.threshold-not-met
governance.threshold-wrong governance.version-wrong key.demo key.exists key.expired
key.name-mismatch key.no-possession key.not-committed key.not-controller key.not-recovered
key.out-of-scope key.revoked key.two-roles key.unknown key.weak ledger.wrong log.truncated
lot.head-spent lot.head-unknown note.ambiguous-key note.malformed note.no-known-signature
party.exists party.not-suspended party.suspended party.unknown registration.malformed
statement.count-mismatch statement.malformed statement.missing statement.root-mismatch
statement.seen-ahead statement.seen-inconsistent statement.signature-wrong
statement.signer-missing statement.too-large statement.wrong-ledger time.in-future
time.went-back
""",
)
"""On these, and on every `canonical.*` and `signature.*`, two verifiers agree for any bytes."""


def is_integrity(code: str) -> bool:
    """Whether a code is one of integrity, and not of matter or of what is registered."""
    return code in INTEGRITY or code.startswith(("canonical.", "signature.", "bundle."))


@dataclass
class Registration:
    """An entry that holds a statement's signatures."""

    index: int
    note: bytes
    recorded_at: str


def read_registration(index: int, data: bytes) -> Registration:
    """The registration of an entry's bytes, or the code that refuses it."""
    value = canonical(data)
    lines = value.get("note")
    if value.keys() != {"note", "recorded_at", "type"} or not isinstance(lines, list):
        raise Refused("registration.malformed")
    if not all(isinstance(line, str) for line in lines) or not is_time(value["recorded_at"]):
        raise Refused("registration.malformed")
    return Registration(
        index, "".join(f"{line}\n" for line in lines).encode(), value["recorded_at"]
    )


@dataclass(frozen=True)
class Line:
    """An entry as a source gives it; hashes that it states, or None."""

    index: int
    data: bytes
    leaf: bytes | None = None
    chain: bytes | None = None


class Audit:
    """Everything that verification.md asks of the entries of a log, in order."""

    def __init__(self, ledger: str = "", checkpoints: Iterable[bytes] = ()) -> None:
        self.asked = ledger
        self.kept = tuple(checkpoints)
        self.books = Books()
        self.tree = Tree()
        self.chain = bytes(32)
        self.expected = 0
        self.ends: dict[int, bytes] = {}
        self.seen_ids: set[bytes] = set()
        self.clock = ""
        self.findings: list[dict[str, Any]] = []
        self.counts = {"entries": 0, "statements": 0, "signatures": 0}
        self.registration: Registration | None = None
        self.under: list[tuple[int, bytes, bytes]] = []

    def say(self, code: str, *entries: int, message: str = "") -> None:
        """A finding."""
        self.findings.append(
            {
                "code": code,
                "severity": SEVERITY.get(code, "error"),
                "message": message or code,
                "entries": list(entries),
            }
        )

    def feed(self, lines: Iterable[Line]) -> None:
        """The entries, or the next of them."""
        for line in lines:
            self.entry(line)

    def entry(self, line: Line) -> None:
        """One entry: its number, its hashes, and where it belongs."""
        if line.index != self.expected:
            self.say("entry.missing", line.index)
        self.expected = line.index + 1
        leaf = leaf_hash(line.data)
        if line.leaf is not None and line.leaf != leaf:
            self.say("entry.leaf-mismatch", line.index)
        self.chain = sha256(b"\x02" + self.chain + leaf)
        if line.chain is not None and line.chain != self.chain:
            self.say("entry.chain-broken", line.index)
            self.chain = line.chain
        self.counts["entries"] += 1
        if line.data.endswith(b'"type":"registered"}'):
            try:
                registration = read_registration(line.index, line.data)
            except Refused as refused:
                self.say(refused.code, line.index, message=refused.message)
            else:
                self.close()
                self.registration = registration
                self.tree.add(leaf)
                return
        self.tree.add(leaf)
        self.under.append((line.index, line.data, leaf))

    def close(self) -> None:  # noqa: C901
        """The statement so far is whole: judge it."""
        registration, under = self.registration, self.under
        self.registration, self.under = None, []
        if registration is None:
            if under:
                self.say("statement.missing", under[0][0])
                self.events(under, None, [])
                self.ends[self.tree.size] = self.tree.root()
            return
        self.counts["statements"] += 1
        if registration.recorded_at < self.clock:
            self.say("time.went-back", registration.index)
        self.clock = max(self.clock, registration.recorded_at)
        events = self.read(under)
        at = registration.index
        header = None
        signed: Signed = None
        try:
            note = parse_note(registration.note)
            header = HEADER.fullmatch(note.text)
            if header is None:
                raise Refused("statement.malformed")
            if int(header[2]) > 4_096:
                raise Refused("statement.too-large")
            if int(header[2]) != len(under):
                self.say("statement.count-mismatch", at)
            if Tree(leaf for _, _, leaf in under).root().hex() != header[3].decode():
                self.say("statement.root-mismatch", at)
            if header[4] is not None:
                root = self.ends.get(int(header[4]))
                if root is None:
                    self.say("statement.seen-ahead", at)
                elif root.hex() != header[5].decode():
                    self.say("statement.seen-inconsistent", at)
            signed = self.signers(note, at, events)
        except Refused as refused:
            header = None
            self.say(refused.code, at, message=refused.message)
        self.events(under, signed, events)
        if header is not None and header[1].decode() != self.books.ledger:
            self.say("statement.wrong-ledger", at)
        self.ends[self.tree.size] = self.tree.root()

    def read(self, under: list[tuple[int, bytes, bytes]]) -> list[Any]:
        """The events under a statement; None for what is none."""
        found: list[Any] = []
        for index, data, _ in under:
            try:
                found.append(read_event(data))
            except Refused as refused:
                self.say(refused.code, index, message=refused.message)
                found.append(None)
        return found

    def signers(self, note: Note, at: int, events: list[Any]) -> set[str]:
        """The known keys whose signatures verify."""
        known: dict[tuple[str, str], str] = {}
        for vkey in (*self.books.known_keys(), *brought_in(events)):
            named, stated, _ = vkey.split("+", 2)
            known.setdefault((named, stated), vkey)
        signed: set[str] = set()
        for name, key_id, blob in note.lines:
            known_key = known.get((name, key_id.hex()))
            if known_key is None:
                continue
            data = from_base64(raw_of(known_key)) or b"\x00"
            if data[0] != ED25519 or signature_fault(data[1:], note.text, blob):
                self.say("statement.signature-wrong", at)
            else:
                signed.add(known_key)
        self.counts["signatures"] += len(signed)
        return signed

    def events(
        self, under: list[tuple[int, bytes, bytes]], signed: Signed, events: list[Any]
    ) -> None:
        """Judge and book the events of a statement, one after the other."""
        events = events or self.read(under)
        for (index, _, leaf), event in zip(under, events, strict=True):
            if leaf in self.seen_ids:
                self.say("event.duplicate", index)
            self.seen_ids.add(leaf)
            if event is None:
                continue
            for code in Judge(self.books, event, leaf.hex(), signed, self.clock).judge():
                self.say(code, index)

    def finish(self) -> dict[str, Any]:
        """The last statement, what was asked for, and the verdict."""
        self.close()
        books, size = self.books, self.tree.size
        if not size:
            self.say("evidence.empty", message="there is nothing to verify")
        elif self.asked and self.asked != books.ledger:
            self.say("ledger.wrong", message=f"this is {books.ledger}, expected is {self.asked}")
        for kept in self.kept if books.governance else ():
            self.checkpoint(kept)
        bad = any(each["severity"] == "error" for each in self.findings)
        return {
            "version": 1,
            "verdict": "contradicted" if bad else "supported" if size else "not shown",
            "ledger": books.ledger,
            "size": size,
            "root": self.tree.root().hex(),
            "chain": self.chain.hex(),
            "counts": self.counts,
            "findings": sorted(self.findings, key=lambda f: (f["entries"], f["code"])),
        }

    def checkpoint(self, kept: bytes) -> None:
        """A checkpoint that was kept is one of this log's past."""
        books = self.books
        origin = books.governance.origin if books.governance else ""
        try:
            claimed, _ = open_checkpoint(kept, origin, books.log_keys)
        except Refused as refused:
            self.say(refused.code, message=refused.message)
            return
        if claimed.size > self.tree.size:
            self.say("log.truncated", message=f"{claimed.size} entries once, {self.tree.size} now")
        elif claimed.size and self.ends.get(claimed.size) != claimed.root:
            self.say("checkpoint.root-mismatch")


def brought_in(events: Iterable[Any]) -> Iterator[str]:
    """Keys that events bring in, sound or not: known by the name and id that they state."""
    for event in events:
        for e in effects_of(event) if event is not None else ():
            if e.effect == "Govern":
                yield from e.keys
            elif e.effect in ("Authorize", "Rotate"):
                yield e.key


# ---------------------------------------------------------------- statement.md: the entry list


def entry_list(data: bytes) -> Iterator[Line]:
    """The lines of an entry list; the one way to spell it, or `entries.malformed`."""
    lines = data.split(b"\n")
    for number, line in enumerate(lines[:-1], start=1):
        yield list_line(number, line)
    if lines[-1]:
        raise Refused("entries.malformed", f"line {len(lines)} does not end")


def list_line(number: int, line: bytes) -> Line:
    """One line."""
    wrong = Refused("entries.malformed", f"line {number} is not spelled the one way")
    try:
        value = json.loads(line.decode("utf-8", "strict"))
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(value, dict) or list(value) != ["index", "leaf", "chain", "entry"]:
        raise wrong
    index, leaf, link, entry = value.values()
    if type(index) is not int or not 0 <= index <= LARGEST or not isinstance(entry, str):
        raise wrong
    if not all(isinstance(h, str) and re.fullmatch(r"[0-9a-f]{64}", h) for h in (leaf, link)):
        raise wrong
    try:
        again = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
        data = entry.encode()
    except UnicodeEncodeError:
        raise wrong from None
    if again != line:
        raise wrong
    return Line(index, data, bytes.fromhex(leaf), bytes.fromhex(link))


def verify_entries(
    data: bytes, ledger: str = "", checkpoints: Iterable[bytes] = ()
) -> dict[str, Any]:
    """The report on an entry list."""
    audit = Audit(ledger, checkpoints)
    audit.feed(list(entry_list(data)))
    return audit.finish()


# ---------------------------------------------------------------- policy.md


@dataclass
class Policy:
    """Whom somebody believes: a ledger, logs, and how many of which witnesses."""

    ledger: str = ""
    logs: set[Key] = field(default_factory=set)
    witnesses: dict[str, Key] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    def met(self, name: str, signed: set[Key]) -> bool:
        """Whether a witness, or enough of a group, is among those who signed."""
        if name == "none" or name in self.witnesses:
            return name == "none" or self.witnesses[name] in signed
        least, members = self.groups[name]
        return sum(self.met(each, signed) for each in members) >= least

    def weak(self, name: str) -> bool:
        """Whether two sets without a common member both meet it."""
        if name not in self.groups:
            return name == "none"
        least, members = self.groups[name]
        weak = sum(map(self.weak, members))
        return 2 * (least - weak) <= len(members) - weak


POLICY_WORDS = ("ledger", "log", "witness", "group", "quorum")


def is_trust_policy(data: bytes) -> bool:
    """Whether the first word is one of a trust policy; else it is thresholds of checks."""
    for line in data.split(b"\n"):
        words = line.replace(b"\t", b" ").split(b" ")
        words = [word for word in words if word]
        if words and not words[0].startswith(b"#"):
            return words[0].decode("latin-1") in POLICY_WORDS and words[1:2] != [b"="]
    return False


def parse_policy(data: bytes) -> Policy:
    """A trust policy, or the code that refuses it."""
    if len(data) > 65_536 or re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", data):
        raise Refused("policy.malformed")
    try:
        text = data.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise Refused("policy.malformed") from None
    if re.search("[\x80-\x9f]", text) or (text and not text.endswith("\n")):
        raise Refused("policy.malformed")
    policy, raw, members, counts = Policy(), set[bytes](), set[str](), dict[str, int]()
    for line in text.split("\n"):
        words = [word for word in re.split(r"[ \t]+", line) if word]
        if not words or words[0].startswith("#"):
            continue
        counts[words[0]] = counts.get(words[0], 0) + 1
        if words[0] not in POLICY_WORDS or counts[words[0]] > 64:
            raise Refused("policy.malformed", line[:80])
        policy_line(policy, words[0], words[1:], raw, members)
    if not policy.quorum:
        raise Refused("policy.no-quorum")
    if policy.weak(policy.quorum):
        raise Refused("policy.weak-quorum")
    return policy


def policy_line(  # noqa: C901, PLR0912
    policy: Policy, kind: str, words: list[str], raw: set[bytes], members: set[str]
) -> None:
    """One line of a policy."""
    if kind == "ledger":
        if len(words) != 1 or not re.fullmatch(r"[0-9a-f]{64}", words[0]):
            raise Refused("policy.malformed")
        if policy.ledger:
            raise Refused("policy.duplicate-ledger")
        policy.ledger = words[0]
    elif kind in ("log", "witness"):
        name = words.pop(0) if kind == "witness" and words else ""
        if len(words) not in (1, 2):
            raise Refused("policy.malformed")
        if kind == "witness":
            define(policy, name)
        key = parse_vkey(words[0])
        if key.kind != (ED25519 if kind == "log" else COSIGNATURE):
            raise Refused("policy.key-kind")
        if words[1:] and not re.fullmatch(r"https?://[!-~]{1,500}", words[1]):
            raise Refused("policy.url")
        if key.public in raw:
            raise Refused("policy.duplicate-key")
        raw.add(key.public)
        if kind == "log":
            policy.logs.add(key)
        else:
            policy.witnesses[name] = key
    elif kind == "group":
        policy_group(policy, words, members)
    else:
        if len(words) != 1:
            raise Refused("policy.malformed")
        if policy.quorum:
            raise Refused("policy.duplicate-quorum")
        if words[0] not in {*policy.witnesses, *policy.groups, "none"}:
            raise Refused("policy.undefined-name")
        policy.quorum = words[0]


def policy_group(policy: Policy, words: list[str], members: set[str]) -> None:
    """A line `group`."""
    if len(words) < 3:
        raise Refused("policy.malformed")
    name, least, *inside = words
    define(policy, name)
    for each in inside:
        if each not in policy.witnesses and each not in policy.groups:
            raise Refused("policy.undefined-name", each)
        if each in members:
            raise Refused("policy.duplicate-member", each)
        members.add(each)
    number = {"any": "1", "all": str(len(inside))}.get(least, least)
    if not re.fullmatch(r"[1-9][0-9]{0,2}", number) or int(number) > len(inside):
        raise Refused("policy.threshold-wrong")
    policy.groups[name] = (int(number), inside)


def define(policy: Policy, name: str) -> None:
    """A name is defined once, and is none of the reserved ones."""
    if name in ("any", "all", "none"):
        raise Refused("policy.reserved-name")
    if name in policy.witnesses or name in policy.groups:
        raise Refused("policy.duplicate-name")


def judge_policy(report: dict[str, Any], policy: Policy, notes: Iterable[bytes]) -> None:
    """What a policy says of evidence whose report is at hand, over all checkpoints at hand."""
    found: list[tuple[str, str]] = []
    if policy.ledger and report["ledger"] != policy.ledger:
        found.append(("ledger.wrong", "error"))
    met = []
    for data in notes:
        try:
            origin = parse_checkpoint(parse_note(data).text).origin
            logs = {key for key in policy.logs if key.name == origin}
            if not logs:
                raise Refused("checkpoint.origin-mismatch")
            claimed, signed = open_checkpoint(data, origin, logs, policy.witnesses.values())
        except Refused as refused:
            found.append((refused.code, "error"))
            continue
        if policy.met(policy.quorum, set(signed)):
            met.append((claimed.size, claimed.root.hex()))
    if (report["size"], report["root"]) not in met:
        smaller = any(size < report["size"] for size, _ in met)
        found.append(("witness.not-covered" if smaller else "witness.quorum-not-met", "major"))
        if report["verdict"] == "supported":
            report["verdict"] = "not shown"
    had = {(each["code"], each["severity"]) for each in report["findings"]}
    for code, severity in found:
        if severity == "error":
            report["verdict"] = "contradicted"
        if (code, severity) not in had:
            finding = {"code": code, "severity": severity, "message": code, "entries": []}
            report["findings"].append(finding)


# ---------------------------------------------------------------- bundle.md

BUNDLE_MOST = 67_108_864
BUNDLE_LINES = (
    ("format", rb"oretrail/trail/v1", 1, 1),
    ("ledger", rb"ledger ([0-9a-f]{64})", 1, 1),
    ("subject", rb"subject ([A-Za-z0-9][A-Za-z0-9._:-]{0,127})", 1, 1),
    ("size", rb"size ([1-9][0-9]{0,15})", 1, 1),
    ("entries", rb"(0|[1-9][0-9]{0,15}) ([^\n]{1,65535})", 1, None),
    ("tree", rb"tree ([0-9a-f]{64})", 0, None),
    ("statement", rb"statement (0|[1-9][0-9]{0,15}) ([0-9a-f]{64})", 0, None),
    ("checkpoint", rb"checkpoint ([^\n]*)", 5, None),
)
BUNDLE_END = re.compile(
    rb"end (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15}) (0|[1-9][0-9]{0,15}) "
    rb"([0-9a-f]{64})"
)


def needed(size: int, given: list[int]) -> int:
    """How many hashes many leaves of one tree need besides."""

    def count(begin: int, end: int, inside: list[int]) -> int:
        if not inside:
            return 1
        if end - begin == 1:
            return 0
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        left = [each for each in inside if each < middle]
        right = [each for each in inside if each >= middle]
        return count(begin, middle, left) + count(middle, end, right)

    return count(0, size, sorted(given))


def folded(size: int, given: dict[int, bytes], hashes: list[bytes]) -> bytes:
    """The root over the given leaves and the hashes that they need."""
    rest = iter(hashes)

    def fold(begin: int, end: int, inside: list[int]) -> bytes:
        if not inside:
            return next(rest)
        if end - begin == 1:
            return given[begin]
        middle = begin + (1 << (end - begin - 1).bit_length() - 1)
        left = fold(begin, middle, [each for each in inside if each < middle])
        return node(left, fold(middle, end, [each for each in inside if each >= middle]))

    return fold(0, size, sorted(given))


@dataclass
class Part:
    """A statement of which some events are here."""

    registration: Registration
    note: Note
    ledger: str
    count: int
    root: bytes
    seen: tuple[int, str] | None
    events: list[int] = field(default_factory=list)


class Bundle:
    """A `.trail`: its lines, and what each step of the page finds."""

    def __init__(self, data: bytes, asked: str, kept: Iterable[bytes]) -> None:
        self.data, self.asked, self.kept = data, asked, tuple(kept)
        self.audit = Audit()
        self.say = self.audit.say
        self.lines: dict[str, list[re.Match[bytes]]] = {}
        self.ledger = self.subject = ""
        self.size = 0
        self.root = b""
        self.entries: dict[int, bytes] = {}
        self.read: dict[int, Any] = {}
        self.parts: dict[int, Part] = {}
        self.note = b""

    def report(self) -> dict[str, Any]:
        """All steps in order; one of the first seven that finds something is the last."""
        steps = (
            self.frame,
            self.sections,
            self.read_entries,
            self.read_statements,
            self.statement_hashes,
            self.read_checkpoint,
            self.tree,
        )
        for step in steps:
            try:
                step()
            except Refused as refused:
                self.say(refused.code, message=refused.message)
            if self.audit.findings:
                break
        else:
            self.judge()
            self.signature()
            self.closed()
            self.trust()
        findings = self.audit.findings
        bad = any(each["severity"] == "error" for each in findings)
        return {
            "version": 1,
            "verdict": "contradicted" if bad else "supported",
            "ledger": self.ledger,
            "subject": self.subject,
            "size": self.size,
            "root": self.root.hex(),
            "findings": sorted(findings, key=lambda f: (f["entries"], f["code"])),
        }

    def frame(self) -> None:
        """Step 1."""
        if len(self.data) > BUNDLE_MOST:
            raise Refused("bundle.too-large", f"{len(self.data)} bytes")
        at = self.data.rfind(b"\n", 0, -1) + 1
        end = BUNDLE_END.fullmatch(self.data[at:-1])
        if self.data[-1:] != b"\n" or end is None or not at:
            raise Refused("bundle.malformed", "no line `end` at the end")
        if sha256(self.data[:at]).hex().encode() != end[4]:
            raise Refused("bundle.digest-mismatch")
        self.lines["end"] = [end]
        self.data = self.data[:at]

    def sections(self) -> None:
        """Step 2."""
        lines = self.data.split(b"\n")[:-1]
        if lines and re.fullmatch(rb"oretrail/trail/v(?!1\Z)[1-9][0-9]*", lines[0]):
            raise Refused("bundle.unsupported", lines[0].decode()[:80])
        at = 0
        for name, grammar, least, most in BUNDLE_LINES:
            pattern = re.compile(grammar)
            found: list[re.Match[bytes]] = []
            while at < len(lines) and (most is None or len(found) < most):
                match = pattern.fullmatch(lines[at])
                if match is None:
                    break
                found.append(match)
                at += 1
            if len(found) < least:
                raise Refused("bundle.malformed", f"line {at + 1} is no {name}")
            self.lines[name] = found
        if at < len(lines):
            raise Refused("bundle.malformed", f"line {at + 1} is out of place")
        counts = [len(self.lines[name]) for name in ("entries", "tree", "statement")]
        if counts != [int(self.lines["end"][0][place]) for place in (1, 2, 3)]:
            raise Refused("bundle.count-mismatch")
        self.ledger = self.lines["ledger"][0][1].decode()
        self.subject = self.lines["subject"][0][1].decode()
        self.size = int(self.lines["size"][0][1])
        self.note = b"".join(match[1] + b"\n" for match in self.lines["checkpoint"])

    def read_entries(self) -> None:
        """Step 3."""
        before, leaves = -1, set()
        for match in self.lines["entries"]:
            index, data = int(match[1]), match[2]
            if index <= before:
                self.say("bundle.out-of-order", index)
            if index >= self.size:
                self.say("bundle.beyond-size", index)
            before = max(before, index)
            if leaf_hash(data) in leaves:
                self.say("event.duplicate", index)
            leaves.add(leaf_hash(data))
            self.entries[index] = data
            try:
                if data.endswith(b'"type":"registered"}'):
                    self.parts[index] = part(read_registration(index, data))
                else:
                    self.read[index] = read_event(data)
            except Refused as refused:
                self.say(refused.code, index, message=refused.message)

    def read_statements(self) -> None:
        """Step 4."""
        first = list(self.entries)[:2]
        if first != [0, 1] or 0 not in self.parts or 1 not in self.read:
            self.say("genesis.missing")
        elif leaf_hash(self.entries[1]).hex() != self.ledger:
            self.say("bundle.ledger-mismatch", 1)
        now: Part | None = None
        for index in self.entries:
            if index in self.parts:
                if now is not None and index <= now.registration.index + now.count:
                    self.say("statement.count-mismatch", now.registration.index)
                now = self.parts[index]
                if index + now.count >= self.size:
                    self.say("statement.count-mismatch", index)
            elif now is None or index > now.registration.index + now.count:
                self.say("statement.missing", index)
            else:
                now.events.append(index)

    def statement_hashes(self) -> None:
        """Step 5."""
        hashes: dict[int, list[bytes]] = {}
        order = [int(match[1]) for match in self.lines["statement"]]
        for match in self.lines["statement"]:
            hashes.setdefault(int(match[1]), []).append(bytes.fromhex(match[2].decode()))
        right = order == sorted(order) and hashes.keys() <= self.parts.keys()
        for index, each in self.parts.items():
            given = {at - index - 1: leaf_hash(self.entries[at]) for at in each.events}
            here = hashes.get(index, [])
            if len(here) != (needed(each.count, list(given)) if given else 0):
                right = False
            elif given and folded(each.count, given, here) != each.root:
                self.say("statement.root-mismatch", index)
        if not right:
            self.say("bundle.hash-count")

    def read_checkpoint(self) -> None:
        """Step 6."""
        note = parse_note(self.note)
        claimed = parse_checkpoint(note.text)
        self.root = claimed.root
        if len(set(note.lines)) != len(note.lines):
            raise Refused("note.duplicate-signature")
        if claimed.size != self.size:
            raise Refused("bundle.size-mismatch", f"{claimed.size}, not {self.size}")

    def tree(self) -> None:
        """Step 7."""
        hashes = [bytes.fromhex(match[1].decode()) for match in self.lines["tree"]]
        given = {index: leaf_hash(data) for index, data in self.entries.items()}
        if len(hashes) != needed(self.size, list(given)):
            raise Refused("bundle.hash-count", f"{len(hashes)} hashes of the tree")
        if folded(self.size, given, hashes) != self.root:
            raise Refused("bundle.root-mismatch")

    def judge(self) -> None:
        """Step 8."""
        audit, seen = self.audit, dict[int, str]()
        begun_here = self.begun_here()
        reach = [(r + 1, r + each.count) for r, each in self.parts.items()]
        for index, each in self.parts.items():
            if each.registration.recorded_at < audit.clock:
                self.say("time.went-back", index)
            audit.clock = max(audit.clock, each.registration.recorded_at)
            if each.seen is not None:
                size, root = each.seen
                if size > index or any(low <= size <= high for low, high in reach):
                    self.say("statement.seen-ahead", index)
                elif seen.setdefault(size, root) != root:
                    self.say("statement.seen-inconsistent", index)
            signed = audit.signers(each.note, index, [self.read[at] for at in each.events])
            for at in each.events:
                event_id = leaf_hash(self.entries[at]).hex()
                judge = Judge(audit.books, self.read[at], event_id, signed, audit.clock)
                judge.effects = [e for e in judge.effects if begins_here(e, begun_here)]
                for code in judge.judge():
                    self.say(code, at)
            if each.ledger != self.ledger:
                self.say("statement.wrong-ledger", index)

    def begun_here(self) -> set[str]:
        """Lots, parties and whatever is registered, as `kind:id`, that some event here begins."""
        found = set()
        for event in self.read.values():
            for e in effects_of(event):
                if e.effect == "Open":
                    found.add(f"lot:{e.lot}")
                elif e.effect == "Admit":
                    found.add(f"party:{e.party}")
                elif e.effect == "Claim" and e.first:
                    found.add(e.subject)
        return found

    def signature(self) -> None:
        """Step 9."""
        now = self.audit.books.governance
        if now is None:
            return
        try:
            open_checkpoint(self.note, now.origin, {parse_vkey(now.log_key)})
        except Refused as refused:
            self.say(refused.code, message=refused.message)

    def closed(self) -> None:
        """Step 10."""
        at = {leaf_hash(self.entries[index]).hex(): index for index in self.read}
        told = {index: Told(index, event) for index, event in self.read.items()}
        for index, event in self.read.items():
            if any(at.get(each, self.size) >= index for each in event.after):
                self.say("bundle.incomplete", index)
        whole = any(self.subject in each.opens for each in told.values())
        if not whole:
            self.say("bundle.no-subject")
        found = closure(self.subject, told, at) if whole else self.read.keys()
        for index in sorted(self.read.keys() - found):
            self.say("bundle.surplus", index)
        for index, each in self.parts.items():
            if not each.events:
                self.say("bundle.surplus", index)

    def trust(self) -> None:
        """Step 11, but for a policy."""
        books = self.audit.books
        origin = books.governance.origin if books.governance else ""
        if self.asked and self.asked != self.ledger:
            self.say("ledger.wrong", message=f"this is {self.ledger}, expected is {self.asked}")
        for kept in self.kept if books.governance else ():
            try:
                claimed, _ = open_checkpoint(kept, origin, books.log_keys)
            except Refused as refused:
                self.say(refused.code, message=refused.message)
                continue
            if claimed.size != self.size:
                self.say("bundle.not-compared")
            elif claimed.root != self.root:
                self.say("checkpoint.root-mismatch")


def part(registration: Registration) -> Part:
    """What a registration's note says."""
    note = parse_note(registration.note)
    header = HEADER.fullmatch(note.text)
    if header is None:
        raise Refused("statement.malformed")
    if int(header[2]) > 4_096:
        raise Refused("statement.too-large")
    seen = None if header[4] is None else (int(header[4]), header[5].decode())
    root = bytes.fromhex(header[3].decode())
    return Part(registration, note, header[1].decode(), int(header[2]), root, seen)


def begins_here(e: SimpleNamespace, begun_here: set[str]) -> bool:
    """Whether an effect is judged: not a claim or a hold on what begins elsewhere."""
    if e.effect in ("Hold", "Release"):
        return f"lot:{e.lot}" in begun_here
    if e.effect != "Claim" or e.subject.startswith(("event:", "ledger:")):
        return True
    return e.subject in begun_here


class Told:
    """What an event is about, for the closure."""

    def __init__(self, index: int, event: Any) -> None:
        self.index, self.after = index, list(event.after)
        effects = effects_of(event)
        self.opens = {e.lot for e in effects if e.effect == "Open"}
        self.lots = self.opens | set(changed_lots(effects))
        self.about = {f"lot:{lot}" for lot in self.lots}
        self.mentions = {f"lot:{lot}" for lot in self.opens}
        self.accounts: set[str] = set()
        for name in (event.by, *event.cosigners):
            self.mentions |= {f"party:{name}"} if name != "governance" else set()
        for e in effects:
            self.effect(e)

    def effect(self, e: SimpleNamespace) -> None:
        """What one effect adds."""
        kind = e.effect
        if kind in ("Hold", "Release"):
            self.about.add(f"lot:{e.lot}")
        elif kind == "Claim":
            self.about.add(e.subject)
            self.mentions |= {e.subject} if e.first else set()
            self.mentions |= set(e.mentions)
        elif kind in ("Admit", "Suspend", "Authorize", "Rotate", "Revoke"):
            self.about.add(f"party:{e.party}")
            self.mentions.add(f"party:{e.party}")
        elif kind == "Depart":
            self.mentions.add(f"party:{e.taker}")
        elif kind == "Gain" and e.site:
            self.about.add(f"site:{e.site}")
            self.mentions.add(f"site:{e.site}")
        elif kind in ("Govern", "Adopt"):
            self.about.add("ledger")
        elif kind in ("Account", "Credit", "Debit"):
            self.about.add(f"account:{e.account}")
            self.accounts.add(f"account:{e.account}")
            if getattr(e, "carried", None):
                self.accounts.add(f"account:{e.carried}")


def closure(subject: str, told: dict[int, Told], at: dict[str, int]) -> set[int]:
    """The least set of the five rules, among the events that are here."""
    ids = {index: event_id for event_id, index in at.items()}
    says: dict[str, list[int]] = {}
    for index, each in told.items():
        for about in each.about if not each.lots else ():
            says.setdefault(about, []).append(index)
    found: set[int] = set()
    new = [i for i, each in told.items() if "ledger" in each.about or subject in each.lots]
    while new:
        index = new.pop()
        if index in found:
            continue
        found.add(index)
        each = told[index]
        new += [at[event_id] for event_id in each.after if event_id in at]
        for mention in (*each.mentions, f"event:{ids[index]}"):
            new += says.get(mention, [])
        new += [i for i in told if i < index and told[i].about & each.accounts]
    return found


def verify_bundle(
    data: bytes, ledger: str = "", checkpoints: Iterable[bytes] = (), policy: Policy | None = None
) -> dict[str, Any]:
    """The report on a `.trail`."""
    kept = tuple(checkpoints)
    bundle = Bundle(data, ledger, kept)
    report = bundle.report()
    if policy is not None and bundle.root and bundle.audit.books.ledger:
        judge_policy(report, policy, (bundle.note, *kept))
    return report


# ---------------------------------------------------------------- tiles.md: a log as files


def tile_path(kind: str, number: int, width: int) -> str:
    """`tile/KIND/x001/x234/067`, with `.p/WIDTH` unless it is full."""
    digits = f"{number:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{each}" for each in parts[:-1]), parts[-1]])
    return f"tile/{kind}/{name}" + (f".p/{width}" if width < 256 else "")


def tile_widths(size: int) -> Iterator[tuple[int, int]]:
    """Number and width of the tiles of one level that has `size` hashes."""
    yield from ((number, 256) for number in range(size // 256))
    if size % 256:
        yield size // 256, size % 256


Files = Callable[[str], "bytes | None"]


def tile_bytes(files: Files, kind: str, number: int, width: int) -> tuple[bytes, int]:
    """A tile and its width; a full one stands in for a partial one that is not there."""
    for each in sorted({width, 256}):
        data = files(tile_path(kind, number, each))
        if data is not None:
            return data, each
    raise Refused("tile.missing", f"{tile_path(kind, number, width)} is not there")


def tiled_hashes(files: Files, size: int, root: bytes) -> list[bytes]:
    """The leaf hashes of a log, each proven against the root."""
    leaves: list[bytes] = []
    hashes: list[bytes] = []
    level, left = 0, size
    while left:
        found: list[bytes] = []
        for number, width in tile_widths(left):
            data, there = tile_bytes(files, str(level), number, width)
            if len(data) != 32 * there:
                raise Refused("tile.malformed", tile_path(str(level), number, there))
            found += [data[at : at + 32] for at in range(0, 32 * width, 32)]
        if level and found != hashes:
            raise Refused("tile.wrong", f"level {level} is not that of the level below it")
        leaves = leaves or found
        hashes = [Tree(found[at : at + 256]).root() for at in range(0, left - 255, 256)]
        level, left = level + 1, left // 256
    if Tree(leaves).root() != root:
        raise Refused("tile.wrong", "the tiles lead to another root than the checkpoint's")
    return leaves


def tiled_entries(files: Files, leaves: list[bytes]) -> Iterator[bytes]:
    """The entries of a log, each proven against its leaf hash."""
    for number, width in tile_widths(len(leaves)):
        data, there = tile_bytes(files, "entries", number, width)
        entries, at = [], 0
        for _ in range(there):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if at + 2 > len(data) or end > len(data):
                raise Refused("bundle.malformed", f"bundle {number} ends too early")
            entries.append(data[at + 2 : end])
            at = end
        if at != len(data):
            raise Refused("bundle.malformed", f"bundle {number} is longer than its entries")
        for place, entry in enumerate(entries[:width]):
            if leaf_hash(entry) != leaves[256 * number + place]:
                raise Refused("bundle.wrong", f"entry {256 * number + place}")
        yield from entries[:width]


def verify_tiles(
    files: Files, ledger: str = "", checkpoints: Iterable[bytes] = (), policy: Policy | None = None
) -> dict[str, Any]:
    """The report on a log as files; nothing is used before it is proven."""
    newest = files("checkpoint")
    if newest is None:
        raise Refused("checkpoint.none", "checkpoint is not there")
    claimed = parse_checkpoint(parse_note(newest).text)
    leaves = tiled_hashes(files, claimed.size, claimed.root)
    audit = Audit(ledger, (newest, *checkpoints))
    audit.feed(Line(at, data) for at, data in enumerate(tiled_entries(files, leaves)))
    report = audit.finish()
    if policy is not None:
        judge_policy(report, policy, (newest, *checkpoints))
    return report


def files_in(folder: Path) -> Files:
    """What stands in a folder."""

    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    return read


# ---------------------------------------------------------------- proof.md: one entry


def verify_proof(
    data: bytes, entry: bytes, origin: str, logs: set[Key], policy: Policy | None = None
) -> dict[str, Any]:
    """The report on a `.tlog-proof`: that this entry is in a log that these keys sign for.

    Without an origin it is that of the checkpoint, if a key of the policy is named so.
    """
    head, blank, note = data.partition(b"\n\n")
    lines = head.decode("latin-1").split("\n")
    index = re.fullmatch(r"index (0|[1-9][0-9]{0,18})", lines[1], re.ASCII) if lines[1:] else None
    proof = [from_base64(line) for line in lines[2:]]
    hashes = [each for each in proof if each is not None and len(each) == 32]
    if (
        len(data) > 68_441
        or not blank
        or lines[0] != "c2sp.org/tlog-proof@v1"
        or index is None
        or int(index[1]) >= 2**63
        or not len(hashes) == len(proof) <= 63
    ):
        raise Refused("proof.malformed")
    stated = parse_checkpoint(parse_note(note).text).origin
    if not origin and not any(key.name == stated for key in logs):
        raise Refused("checkpoint.origin-mismatch", f"no key of {stated}")
    origin = origin or stated
    others = policy.witnesses.values() if policy else ()
    keys = {key for key in logs if key.name == origin}
    claimed, signed = open_checkpoint(note, origin, keys, others)
    check_inclusion(leaf_hash(entry), int(index[1]), claimed.size, hashes, claimed.root)
    met = policy is None or policy.met(policy.quorum, set(signed))
    findings = [] if met else [{"code": "witness.quorum-not-met", "severity": "major"}]
    return {
        "version": 1,
        "verdict": "supported" if met else "not shown",
        "index": int(index[1]),
        "leaf": leaf_hash(entry).hex(),
        "origin": origin,
        "size": claimed.size,
        "root": claimed.root.hex(),
        "findings": [{**each, "entries": []} for each in findings],
    }


# ---------------------------------------------------------------- the command


def main(arguments: list[str]) -> int:
    """Read, verify, print; the exit code."""
    parser = argparse.ArgumentParser(description="verify what a ledger has handed out")
    parser.add_argument("path", metavar="FILE|DIR", type=Path)
    parser.add_argument("--ledger-id", metavar="HEX", default="")
    parser.add_argument("--checkpoint", metavar="FILE", action="append", default=[])
    parser.add_argument("--policy", metavar="FILE", type=Path, help="a trust policy")
    parser.add_argument("--entry", metavar="FILE", type=Path, help="the entry of a .tlog-proof")
    parser.add_argument("--log-key", metavar="VKEY", help="the log's key, for a .tlog-proof")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    try:
        report = verify(options)
    except Refused as refused:
        report = {"version": 1, "error": {"code": refused.code, "message": refused.message}}
        print(json.dumps(report) if options.json else f"error: {refused}")
        return 4 if refused.code.endswith(".malformed") else 1
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 5
    print(json.dumps(report) if options.json else as_text(report))
    return 0 if report["verdict"] == "supported" else 1


def verify(options: argparse.Namespace) -> dict[str, Any]:
    """The report on whatever the path leads to, told by its first bytes."""
    kept = [Path(each).read_bytes() for each in options.checkpoint]
    policy = None
    if options.policy and is_trust_policy(options.policy.read_bytes()):
        policy = parse_policy(options.policy.read_bytes())
    ledger = options.ledger_id or (policy.ledger if policy else "")
    if options.path.is_dir():
        return verify_tiles(files_in(options.path), ledger, kept, policy)
    data = options.path.read_bytes()
    if data.startswith(b"c2sp.org/tlog-proof"):
        key = parse_vkey(options.log_key.strip()) if options.log_key else None
        keys = {key} if key else (policy.logs if policy else set())
        if options.entry is None or not keys:
            raise Refused("proof.incomplete", "a proof needs --entry, and --log-key or --policy")
        origin = key.name if key else ""
        return verify_proof(data, options.entry.read_bytes(), origin, keys, policy)
    if data.startswith(b"oretrail/trail/") or options.path.suffix == ".trail":
        return verify_bundle(data, ledger, kept, policy)
    report = verify_entries(data, ledger, kept)
    if policy is not None:
        judge_policy(report, policy, kept)
    return report


def as_text(report: dict[str, Any]) -> str:
    """The report for people."""
    names = ("ledger", "subject", "index", "origin", "size", "root", "chain")
    lines = [report["verdict"], *(f"{name} {report[name]}" for name in names if name in report)]
    for each in report["findings"]:
        where = ", ".join(map(str, each["entries"]))
        lines.append(f"{each['severity']} {each['code']}" + (f" at {where}" if where else ""))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
