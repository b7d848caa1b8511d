"""An entry and what ties it to a checkpoint: what receipts in other formats are made from."""

from __future__ import annotations

import msgspec

__all__ = ["Proven"]


class Proven(msgspec.Struct, frozen=True):
    """Entry `index` of a log, its exact bytes, and the way from it to a signed root.

    `hashes` are the inclusion proof (RFC 6962, 2.1.1), the leaf's sibling first; `proof` the
    same with the checkpoint as a ``.tlog-proof``.
    """

    ledger: str
    origin: str
    index: int
    data: bytes
    hashes: tuple[bytes, ...]
    size: int
    root: bytes
    checkpoint: bytes
    proof: bytes
