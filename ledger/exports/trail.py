"""One lot or product with all that proves it, for people who have nothing else: a bundle.

    oretrail/trail/v1
    ledger <64 hex>
    subject PHONE-26W18
    size 194
    0 {"note":[...],"recorded_at":"...","type":"registered"}
    ...

One text file: the signed entries that made the lot, the hashes that tie them to the log, the
newest checkpoint. `oretrail verify FILE.trail` needs no ledger; specs/bundle.md has the format.
A bundle shows what is in it; only a full copy of the ledger shows that nothing else concerns it.
"""

from __future__ import annotations

from ..audit.bundle import Bundle, encode

__all__ = ["render"]


def render(bundle: Bundle) -> bytes:
    """The bundle as a file."""
    return encode(bundle)
