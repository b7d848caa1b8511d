"""The hash chain over a log's leaves, kept beside the tree and never instead of it.

    chain[-1] = 32 zero bytes
    chain[i]  = SHA-256(0x02 || chain[i-1] || leaf_hash[i])

The prefix 0x02 keeps a link apart from the tree's leaves (0x00) and nodes (0x01).
The chain lets anyone re-check an export in a dozen lines of any language; no
trust decision rests on it, and it is never accepted in place of a Merkle proof.
"""

from __future__ import annotations

from hashlib import sha256

__all__ = ["START", "link"]

START = bytes(32)
"""What the first link is chained to."""


def link(previous: bytes, leaf_hash: bytes) -> bytes:
    """Chain one leaf hash to the link before it; all three are 32 raw bytes."""
    return sha256(b"\x02" + previous + leaf_hash).digest()
