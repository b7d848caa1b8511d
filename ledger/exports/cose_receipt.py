r"""A receipt of an entry for COSE and SCITT users: COSE_Sign1 over the root, proof inside.

    18([ h'...',                          protected: {1: -8 (EdDSA), 4: key id, 395: 1}
         {396: {-1: [h'...']}},           unprotected: inclusion proofs, each
         nil,                                bstr .cbor [size, index, [*hash]]
         signature ])                     detached payload: the root of the log

After COSE Receipts (RFC 9942) with the verifiable data structure RFC9162_SHA256: whoever
has the entry computes its leaf hash and, by the proof, the root, and verifies --key's
signature over that. The numbers of the labels are from memory: check before relying on
them. The log's own key signs checkpoints and nothing else, so it signs no receipt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from ..audit.proven import Proven
from ..errors import ConfigError
from ..log import note

__all__ = ["encode", "render", "signed_bytes"]

_ALG, _KID, _VDS, _VDP = 1, 4, 395, 396
_EDDSA, _RFC9162_SHA256, _INCLUSION = -8, 1, -1

Value: TypeAlias = "int | bytes | str | Sequence[Value] | Mapping[int, Value] | None"


def render(entry: Proven, signer: note.SignsNotes | None = None) -> bytes:
    """The receipt; ConfigError ``key.missing`` without a key, ``key.two-roles`` for the log's."""
    if signer is None:
        raise ConfigError(
            "a receipt is signed, and no key is named",
            code="key.missing",
            hint=f"oretrail export cose-receipt {entry.index} --key NAME -o {entry.index}.cose",
        )
    if signer.name == entry.origin:
        raise ConfigError(
            f"{signer.name} is the log's key, which signs checkpoints and nothing else",
            code="key.two-roles",
        )
    kid = f"{signer.name}+{signer.key_id.hex()}".encode()
    protected = encode({_ALG: _EDDSA, _KID: kid, _VDS: _RFC9162_SHA256})
    proof = encode([entry.size, entry.index, list(entry.hashes)])
    signature = signer.sign(signed_bytes(protected, entry.root))
    return b"\xd2" + encode([protected, {_VDP: {_INCLUSION: [proof]}}, None, signature])


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """The Sig_structure of COSE_Sign1 (RFC 9052, 4.4)."""
    return encode(["Signature1", protected, b"", payload])


def encode(value: Value) -> bytes:
    """Deterministic CBOR (RFC 8949, 4.2) of the few types a receipt needs."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return _head(0, value) if value >= 0 else _head(1, -1 - value)
    if isinstance(value, bytes):
        return _head(2, len(value)) + value
    if isinstance(value, str):
        return _head(3, len(value.encode())) + value.encode()
    if isinstance(value, Mapping):
        pairs = sorted((encode(key), encode(one)) for key, one in value.items())
        return _head(5, len(pairs)) + b"".join(key + one for key, one in pairs)
    return _head(4, len(value)) + b"".join(map(encode, value))


def _head(major: int, size: int) -> bytes:
    """The first bytes of an item: its major type and a number, as short as it can be."""
    if size < 24:
        return bytes([major << 5 | size])
    for extra, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if size < 1 << (8 * width):
            return bytes([major << 5 | extra]) + size.to_bytes(width, "big")
    raise ValueError(f"{size} is too large for CBOR")
