"""Keys for demonstrations: anybody can compute them, so a real ledger refuses them.

seed n = SHA-256("oretrail/demo-key/v1\\n" || n in decimal), n = 0 .. 255
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from ..log import ed25519

__all__ = ["DEMO_KEYS", "demo_seed", "is_demo_key"]

DEMO_KEYS = 256
"""How many demo keys there are."""


def demo_seed(number: int) -> bytes:
    """The 32-byte seed of demo key `number`."""
    if not 0 <= number < DEMO_KEYS:
        raise ValueError(f"demo keys are numbered 0 to {DEMO_KEYS - 1}, not {number}")
    return sha256(f"oretrail/demo-key/v1\n{number}".encode()).digest()


@cache
def _publics() -> frozenset[bytes]:
    return frozenset(ed25519.public_key(demo_seed(number)) for number in range(DEMO_KEYS))


def is_demo_key(public_key: bytes) -> bool:
    """Whether everybody knows the private half of this raw public key."""
    return public_key in _publics()
