"""Receipts and credentials in other formats: signed, tied to the log, checked by strangers."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from actors import KEYS, LOG, SMELTER, World
from hostile import chain
from ledger.audit.proven import Proven
from ledger.errors import ConfigError, SignatureError, UnknownError
from ledger.exports import cose_receipt, dsse, sd_jwt
from ledger.gather import gather, proven
from ledger.log import ed25519, merkle, proof

SIGNER = KEYS[SMELTER]
PUBLIC = base64.b64decode(SIGNER.verifier.vkey.split("+", 2)[2])[1:]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """With a checkpoint; nobody may change it."""
    world = chain(tmp_path_factory.mktemp("signed") / "ledger.db")
    world.ledger.checkpoint(LOG)
    return world


@pytest.fixture(scope="module", params=[0, 17, -1])
def entry(request: pytest.FixtureRequest, world: World) -> Proven:
    return proven(world.ledger, str(request.param % world.ledger.head().size))


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# ---------------------------------------------------------------- the entry itself


def test_an_entry_is_proven_to_the_newest_checkpoint(entry: Proven, world: World) -> None:
    assert entry.root == world.ledger.root()
    assert (entry.ledger, entry.size) == (world.ledger.id, world.ledger.head().size)
    leaf = merkle.leaf_hash(entry.data)
    merkle.verify_inclusion(leaf, entry.index, entry.size, list(entry.hashes), entry.root)
    assert proof.decode(entry.proof).index == entry.index


def test_what_no_checkpoint_covers_is_not_proven(tmp_path: Path) -> None:
    world = World(tmp_path / "l.db").settle()
    with pytest.raises(UnknownError, match="no checkpoint"):
        proven(world.ledger, "3")
    world.ledger.checkpoint(LOG)
    covered = world.ledger.head().size
    from actors import extracted

    world.record(extracted("BAG-1"))
    with pytest.raises(UnknownError) as refused:
        proven(world.ledger, str(covered + 1))
    assert refused.value.code == "checkpoint.not-covered"


# ---------------------------------------------------------------- DSSE


def test_the_envelope_holds_the_entry_under_a_signature(entry: Proven) -> None:
    envelope = json.loads(dsse.render(entry, SIGNER))
    payload = base64.b64decode(envelope["payload"])
    (signature,) = envelope["signatures"]
    signed = dsse.encoded(envelope["payloadType"], payload)
    ed25519.verify(PUBLIC, signed, base64.b64decode(signature["sig"]))
    statement = json.loads(payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    digest = statement["subject"][0]["digest"]["sha256"]
    assert digest == hashlib.sha256(entry.data).hexdigest()
    assert statement["predicate"]["entry"].encode() == entry.data
    assert statement["predicate"]["proof"].encode() == entry.proof
    with pytest.raises(SignatureError):
        ed25519.verify(PUBLIC, signed + b" ", base64.b64decode(signature["sig"]))


def test_the_encoding_is_that_of_the_example_in_the_dsse_protocol() -> None:
    made = dsse.encoded("http://example.com/HelloWorld", b"hello world")
    assert made == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_securesystemslib_accepts_the_envelope(entry: Proven) -> None:
    stranger = pytest.importorskip("securesystemslib.dsse")
    keys = pytest.importorskip("securesystemslib.signer")
    envelope = stranger.Envelope.from_dict(json.loads(dsse.render(entry, SIGNER)))
    (keyid,) = envelope.signatures
    public = {"keyval": {"public": PUBLIC.hex()}}
    key = keys.SSlibKey(keyid, "ed25519", "ed25519", public["keyval"])
    assert keyid in envelope.verify([key], 1)
    envelope.payload += b" "
    with pytest.raises(Exception, match=r"ignature"):
        envelope.verify([key], 1)


# ---------------------------------------------------------------- COSE


def test_the_receipt_leads_from_the_entry_to_a_signed_root(entry: Proven) -> None:
    data = cose_receipt.render(entry, SIGNER)
    value, rest = read_cbor(data[1:])
    assert (data[:1], rest) == (b"\xd2", b"")
    protected, unprotected, payload, signature = value
    assert payload is None
    head, _ = read_cbor(protected)
    assert (head[1], head[395]) == (-8, 1)
    (inner,) = unprotected[396][-1]
    (size, index, hashes), _ = read_cbor(inner)
    leaf = merkle.leaf_hash(entry.data)
    merkle.verify_inclusion(leaf, index, size, hashes, entry.root)
    ed25519.verify(PUBLIC, cose_receipt.signed_bytes(protected, entry.root), signature)


def read_cbor(data: bytes) -> tuple[Any, bytes]:
    """One item and what follows it: the inverse, written apart from it."""
    major, size, rest = data[0] >> 5, data[0] & 31, data[1:]
    if data[0] == 0xF6:
        return None, rest
    if size >= 24:
        width = 1 << (size - 24)
        size, rest = int.from_bytes(rest[:width], "big"), rest[width:]
    if major == 0:
        return size, rest
    if major == 1:
        return -1 - size, rest
    if major in (2, 3):
        part, rest = rest[:size], rest[size:]
        return (part if major == 2 else part.decode()), rest
    items = []
    for _ in range(size * (2 if major == 5 else 1)):
        item, rest = read_cbor(rest)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if major == 5 else items), rest


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (0, "00"),
        (23, "17"),
        (24, "1818"),
        (1000, "1903e8"),
        (2**32, "1b0000000100000000"),
        (-1, "20"),
        (-500, "3901f3"),
        (b"\x01\x02", "420102"),
        ("IETF", "6449455446"),
        ([1, [2]], "82018102"),
        ({3: 4, 1: 2}, "a201020304"),
        ({24: 0, -1: 1}, "a21818002001"),
        (None, "f6"),
    ],
)
def test_cbor_is_spelled_as_in_rfc_8949(value: Any, spelled: str) -> None:
    assert cose_receipt.encode(value).hex() == spelled
    assert read_cbor(bytes.fromhex(spelled)) == (value, b"")


def test_the_key_of_the_log_signs_no_receipt(entry: Proven) -> None:
    with pytest.raises(ConfigError) as refused:
        cose_receipt.render(entry, LOG)
    assert refused.value.code == "key.two-roles"


def test_pycose_verifies_the_receipt(entry: Proven) -> None:
    messages = pytest.importorskip("pycose.messages")
    keys = pytest.importorskip("pycose.keys")
    # Its own decoder wants an older cbor2 than it asks for.
    parts, _ = read_cbor(cose_receipt.render(entry, SIGNER)[1:])
    message = messages.Sign1Message.from_cose_obj(parts, True)
    curve = pytest.importorskip("pycose.keys.curves").Ed25519
    message.key = keys.OKPKey(crv=curve, x=PUBLIC)
    message.payload = entry.root
    assert message.verify_signature()
    message.payload = bytes(32)
    assert not message.verify_signature()


# ---------------------------------------------------------------- SD-JWT


def test_a_credential_shows_only_what_is_disclosed(world: World) -> None:
    dossier = gather(world.ledger, ["PHONE-1"])
    data = sd_jwt.render(dossier, SIGNER)
    assert data == sd_jwt.render(dossier, SIGNER)
    token, *disclosures, last = data.decode().split("~")
    assert last == ""
    head, body, signature = token.split(".")
    ed25519.verify(PUBLIC, f"{head}.{body}".encode(), decoded(signature))
    claims = json.loads(decoded(body))
    digests = [one["..."] for one in claims["origins"]]
    made = [base64.urlsafe_b64encode(hashlib.sha256(one.encode()).digest()).rstrip(b"=").decode()
            for one in disclosures]  # fmt: skip
    assert made == digests
    shown = [json.loads(decoded(one)) for one in disclosures]
    assert sum(one["share_ppb"] for _, one in shown) == 1_000_000_000
    assert len({salt for salt, _ in shown}) == len(shown)
    assert "RW-GIH" not in decoded(body).decode()


def test_sd_jwt_verifies_one_share_of_two(world: World) -> None:
    verifier = pytest.importorskip("sd_jwt.verifier")
    jwk = pytest.importorskip("jwcrypto.jwk")
    data = sd_jwt.render(gather(world.ledger, ["PHONE-1"]), SIGNER).decode()
    token, first, _, end = data.split("~")
    x = base64.urlsafe_b64encode(PUBLIC).rstrip(b"=").decode()
    key = jwk.JWK(kty="OKP", crv="Ed25519", x=x)
    shown = f"{token}~{first}~{end}"
    payload = verifier.SDJWTVerifier(shown, lambda *_: key).get_verified_payload()
    (one,) = payload["origins"]
    assert one["subject"] == "PHONE-1"
    with pytest.raises(Exception, match=r"."):
        verifier.SDJWTVerifier(shown.replace(".e", ".f", 1), lambda *_: key)


@pytest.mark.parametrize("render", [dsse.render, cose_receipt.render])
def test_nothing_is_made_without_a_key(render: Any, entry: Proven, world: World) -> None:
    with pytest.raises(ConfigError) as refused:
        render(entry)
    assert refused.value.code == "key.missing"
    with pytest.raises(ConfigError) as refused:
        sd_jwt.render(gather(world.ledger, ["PHONE-1"]))
    assert refused.value.code == "key.missing"
