"""Ed25519 signatures (RFC 8032) under a strict profile, so that all verifiers agree.

    public key   32 bytes   A, a point: y in little-endian, the sign of x in the top bit
    signature    64 bytes   R (a point, 32 bytes) || S (a number, 32 bytes, little-endian)

Libraries disagree about signatures that honest signers never make: a public key of
small order "verifies" messages that nobody signed, and a point or a number written
unusually gives one signature two spellings. So, before any library is asked:

    S < L                      the order of the group                 signature.s-too-large
    A and R with y < p         the usual spelling of a point          key., signature.not-canonical
    A and R not of small order eight points, of five different y      key., signature.small-order

The rest is the equation of RFC 8032, 5.1.7, without the cofactor. The same rules
hold where a key is admitted (`check_public_key`), which also refuses 32 bytes that
are no point of the curve. Randomness is an argument here: who makes a seed is not.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..errors import MalformedError, SignatureError

__all__ = ["SigningKey", "check_public_key", "public_key", "sign", "verify"]

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_Y = 2**255 - 1

# y of the eight points of order 1, 2, 4, 8 and 8, whatever the sign of x; the last two
# solve d y^4 + 2 y^2 = 1.
_Y8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset({1, _P - 1, 0, _Y8, _P - _Y8})


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Refuse a signature that is not by this key over this message."""
    if not _is_bytes(public_key, 32):
        _check_point(public_key, "key")
    key = _loaded(public_key)
    if not _is_bytes(signature, 64):
        raise SignatureError("a signature that is not 64 bytes", code="signature.length")
    if int.from_bytes(signature[32:], "little") >= _L:
        raise SignatureError(
            "the signature's S is not below the group's order", code="signature.s-too-large"
        )
    _check_point(signature[:32], "signature")
    if not _is_bytes(message):
        raise SignatureError("a message that is not bytes", code="signature.wrong")
    try:
        key.verify(signature, message)
    except InvalidSignature:
        raise SignatureError(
            f"not a signature by the key {public_key.hex()}", code="signature.wrong"
        ) from None


@lru_cache(maxsize=4096)
def _loaded(public_key: bytes) -> Ed25519PublicKey:
    """The key as the library holds it; the same few sign again and again."""
    _check_point(public_key, "key")
    return Ed25519PublicKey.from_public_bytes(public_key)


def check_public_key(public_key: bytes) -> None:
    """Refuse 32 bytes that may not become anyone's key."""
    _check_point(public_key, "key")
    if not _on_curve(public_key):
        raise SignatureError(f"{public_key.hex()} is no point of the curve", code="key.no-point")


def _is_bytes(value: object, size: int | None = None) -> bool:
    return isinstance(value, bytes) and size in (None, len(value))


def _check_point(point: bytes, what: str) -> None:
    """Refuse an unusual spelling, or a point of small order; `what` begins the error's code."""
    if not _is_bytes(point, 32):
        raise SignatureError(f"a {what} that is not 32 bytes", code=f"{what}.length")
    y = int.from_bytes(point, "little") & _Y
    if y in _SMALL_ORDER or y - _P in _SMALL_ORDER:
        raise SignatureError(
            f"the {what}'s point {point.hex()} is of small order", code=f"{what}.small-order"
        )
    if y >= _P:
        raise SignatureError(
            f"the {what}'s point {point.hex()} is not canonical", code=f"{what}.not-canonical"
        )


@lru_cache(maxsize=4096)
def _on_curve(point: bytes) -> bool:
    """Whether x exists for this y: x^2 = (y^2 - 1) / (d y^2 + 1) is a square (RFC 8032, 5.1.3)."""
    y2 = (int.from_bytes(point, "little") & _Y) ** 2 % _P
    # A quotient is a square when the product is; d y^2 + 1 is never zero.
    return pow((y2 - 1) * (_D * y2 + 1) % _P, (_P - 1) // 2, _P) == 1


class SigningKey:
    """A private key, loaded once; `public_key` is its 32 raw bytes."""

    __slots__ = ("_key", "public_key")

    def __init__(self, seed: bytes) -> None:
        if not _is_bytes(seed, 32):
            raise MalformedError("a seed that is not 32 bytes", code="key.seed")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """The 64 bytes of the signature over the message."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(public_key={self.public_key.hex()})"


def public_key(seed: bytes) -> bytes:
    """The public key of a 32-byte seed."""
    return SigningKey(seed).public_key


def sign(seed: bytes, message: bytes) -> bytes:
    """Sign once; keep a `SigningKey` to sign often."""
    return SigningKey(seed).sign(message)
