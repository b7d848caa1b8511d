"""An entry as an in-toto statement in a DSSE envelope, for software supply-chain tools.

    {"payloadType": "application/vnd.in-toto+json", "payload": base64(statement),
     "signatures": [{"keyid": NAME+ID, "sig": base64(Ed25519 over the PAE)}]}

The statement's subject is the entry by its SHA-256; its predicate holds the entry, the
``.tlog-proof`` that ties it to a checkpoint, and the ledger. --key signs the envelope:
whoever exported it says so; that the entry is in the log only the proof shows. (in-toto
Attestation Framework v1; DSSE v1.0, whose pre-authentication encoding no statement and no
checkpoint of this project can be read as.)
"""

from __future__ import annotations

import base64
import hashlib

import msgspec

from ..audit.proven import Proven
from ..errors import ConfigError
from ..log import merkle, note

__all__ = ["PREDICATE", "encoded", "render"]

_TYPE = "application/vnd.in-toto+json"
PREDICATE = "oretrail/entry/v1"


def encoded(kind: str, payload: bytes) -> bytes:
    """DSSE's pre-authentication encoding: what is signed."""
    body = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(body), body, len(payload), payload)


def render(entry: Proven, signer: note.SignsNotes | None = None) -> bytes:
    """The envelope; ConfigError ``key.missing`` without a key."""
    if signer is None:
        raise ConfigError(
            "an envelope is signed, and no key is named",
            code="key.missing",
            hint=f"oretrail export dsse {entry.index} --key NAME -o {entry.index}.dsse.json",
        )
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {
                "name": f"https://{entry.origin}/entry/{entry.index}",
                "digest": {"sha256": hashlib.sha256(entry.data).hexdigest()},
            }
        ],
        "predicateType": f"https://{entry.origin}/{PREDICATE}",
        "predicate": {
            "ledger": entry.ledger,
            "index": entry.index,
            "leaf": merkle.leaf_hash(entry.data).hex(),
            "entry": entry.data.decode(),
            "proof": entry.proof.decode(),
        },
    }
    payload = msgspec.json.encode(statement)
    signature = signer.sign(encoded(_TYPE, payload))
    envelope = {
        "payloadType": _TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": f"{signer.name}+{signer.key_id.hex()}",
                "sig": base64.b64encode(signature).decode(),
            }
        ],
    }
    return msgspec.json.encode(envelope) + b"\n"
