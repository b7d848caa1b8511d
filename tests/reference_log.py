"""The slow, obvious twin of `ledger.log`: written from the RFCs, sharing no code with it.

Recursion where the RFC recurses, plain numbers where it has numbers, the standard
library's json where a value is to be spelled. Nothing here is fast, or meant to be.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256, sha512
from typing import Any

# ---------------------------------------------------------------- RFC 6962, 2.1


def leaf(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data).digest()


def split(n: int) -> int:
    """The largest power of two below n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(leaves: list[bytes]) -> bytes:
    """Merkle Tree Hash over leaf hashes (2.1)."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Merkle audit path of leaf m (2.1.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: list[bytes]) -> list[bytes]:
    """Merkle consistency proof between the first m leaves and all of them (2.1.2)."""
    return subproof(m, leaves, known=True)


def subproof(m: int, leaves: list[bytes], *, known: bool) -> list[bytes]:
    if m == len(leaves):
        return [] if known else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], known=known), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], known=False), mth(leaves[:k])]


def root_of_path(leaf_hash: bytes, m: int, n: int, hashes: list[bytes]) -> bytes | None:
    """The root that an audit path leads to, or None if it is of the wrong length."""
    if n == 1:
        return None if hashes else leaf_hash
    if not hashes:
        return None
    k = split(n)
    if m < k:
        left = root_of_path(leaf_hash, m, k, hashes[:-1])
        return None if left is None else sha256(b"\x01" + left + hashes[-1]).digest()
    right = root_of_path(leaf_hash, m - k, n - k, hashes[:-1])
    return None if right is None else sha256(b"\x01" + hashes[-1] + right).digest()


def roots_of_proof(
    m: int, n: int, root1: bytes, hashes: list[bytes], *, known: bool = True
) -> tuple[bytes, bytes] | None:
    """Both roots that a consistency proof leads to, or None if it is of the wrong length."""
    if m == n:
        if known:
            return None if hashes else (root1, root1)
        return (hashes[0], hashes[0]) if len(hashes) == 1 else None
    if not hashes:
        return None
    k = split(n)
    if m <= k:
        below = roots_of_proof(m, k, root1, hashes[:-1], known=known)
        if below is None:
            return None
        return below[0], sha256(b"\x01" + below[1] + hashes[-1]).digest()
    below = roots_of_proof(m - k, n - k, root1, hashes[:-1], known=False)
    if below is None:
        return None
    both = [sha256(b"\x01" + hashes[-1] + node).digest() for node in below]
    return both[0], both[1]


# ---------------------------------------------------------------- RFC 8032, 5.1

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def plus(a: Point, b: Point) -> Point:
    """Affine addition on -x^2 + y^2 = 1 + d x^2 y^2; complete, so it needs no cases."""
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return x, y


def times(n: int, a: Point) -> Point:
    total = IDENTITY
    while n:
        if n & 1:
            total = plus(total, a)
        a = plus(a, a)
        n >>= 1
    return total


def point(data: bytes) -> Point | None:
    """Decode a point (5.1.3); None if it is no point or not the usual spelling of one."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    y, sign = number % 2**255, number >> 255
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if x * x % P != x2:
        x = x * SQRT_OF_MINUS_1 % P
    if x * x % P != x2 or (x == 0 and sign):
        return None
    return (P - x if x % 2 != sign else x), y


def spell(a: Point) -> bytes:
    return (a[1] | (a[0] % 2) << 255).to_bytes(32, "little")


_base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
assert _base is not None
BASE: Point = _base


def secret(seed: bytes) -> int:
    number = int.from_bytes(sha512(seed).digest()[:32], "little")
    return (number & (2**254 - 8)) | 2**254


def public_key(seed: bytes) -> bytes:
    return spell(times(secret(seed), BASE))


def challenge(*parts: bytes) -> int:
    return int.from_bytes(sha512(b"".join(parts)).digest(), "little") % L


def sign(seed: bytes, message: bytes) -> bytes:
    key = public_key(seed)
    r = challenge(sha512(seed).digest()[32:], message)
    big_r = spell(times(r, BASE))
    s = (r + challenge(big_r, key, message) * secret(seed)) % L
    return big_r + s.to_bytes(32, "little")


def signature_is_good(key: bytes, message: bytes, signature: bytes) -> bool:
    """The strict profile of specs/notes.md, said once more from the ground up."""
    a, r = point(key), point(signature[:32])
    if len(signature) != 64 or a is None or r is None:
        return False
    if IDENTITY in (times(8, a), times(8, r)):
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    k = challenge(signature[:32], key, message)
    return times(s, BASE) == plus(r, times(k, a))


# ---------------------------------------------------------------- canonical JSON

FORBIDDEN = {
    *range(0x20),
    *range(0x7F, 0xA0),
    0x061C,
    0x200E,
    0x200F,
    0x2028,
    0x2029,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0xFEFF,
    *range(0xD800, 0xE000),
    *range(0xFDD0, 0xFDF0),
    *(plane * 0x10000 + last for plane in range(17) for last in (0xFFFE, 0xFFFF)),
}


class RefusedError(Exception):
    """Not canonical."""


def _refuse(*_: object) -> Any:
    raise RefusedError


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise RefusedError
    return value


def _content_is_good(value: object, depth: int) -> bool:
    if isinstance(value, str):
        return not FORBIDDEN & set(map(ord, value)) and len(value.encode()) <= 4096
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return abs(value) <= 2**53 - 1
    if isinstance(value, list):
        return (
            depth < 16 and len(value) <= 1024 and all(_content_is_good(v, depth + 1) for v in value)
        )
    if isinstance(value, dict):
        return (
            depth < 16
            and len(value) <= 512
            and all(re.fullmatch("[a-z][a-z0-9_]{0,63}", key) for key in value)
            and all(_content_is_good(v, depth + 1) for v in value.values())
        )
    return False


def is_canonical(data: bytes) -> bool:
    """Whether bytes are canonical JSON, by the standard library's reader and writer."""
    if len(data) > 65_535:
        return False
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_refuse,
            parse_constant=_refuse,
        )
    except (ValueError, RecursionError, RefusedError):
        return False
    if not isinstance(value, dict) or not _content_is_good(value, 0):
        return False
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() == data
