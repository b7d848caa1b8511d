"""Checkpoints: three lines, one spelling, the log's own signature."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import MalformedError, SignatureError
from ledger.log import checkpoint, merkle, note

ORIGIN = "kivu.example/trail"
LOG = note.Signer(ORIGIN, bytes([5]) * 32)
WITNESS = note.Signer("witness.example", bytes([6]) * 32)
ROOT = merkle.leaf_hash(b"an entry")
HEAD = checkpoint.Checkpoint(ORIGIN, 70_000, ROOT)
ROOT64 = base64.b64encode(ROOT).decode()


def opened(data: bytes, *verifiers: note.VerifiesNotes) -> checkpoint.Checkpoint:
    return checkpoint.open(data, ORIGIN, verifiers or [LOG.verifier])


def refused(data: Any, code: str, *verifiers: note.VerifiesNotes) -> None:
    kind = (
        SignatureError
        if code.startswith(("signature", "note.no", "checkpoint.no"))
        else MalformedError
    )
    with pytest.raises(kind) as caught:
        opened(data, *verifiers)
    assert caught.value.code == code


def test_a_checkpoint_is_three_lines_signed_by_the_log() -> None:
    data = checkpoint.sign(HEAD, LOG)
    assert data == note.sign(f"{ORIGIN}\n70000\n{ROOT64}\n", LOG)
    assert opened(data) == HEAD
    assert checkpoint.parse(HEAD.text()) == HEAD


def test_the_empty_log_has_the_root_of_nothing() -> None:
    empty = checkpoint.Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT)
    assert opened(checkpoint.sign(empty, LOG)) == empty
    refused(note.sign(f"{ORIGIN}\n0\n{ROOT64}\n", LOG), "checkpoint.malformed")


@pytest.mark.parametrize("size", [1, 9, 10, 2**63 - 1])
def test_a_size_is_read_exactly(size: int) -> None:
    head = checkpoint.Checkpoint(ORIGIN, size, ROOT)
    assert opened(checkpoint.sign(head, LOG)).size == size


SIGNED = checkpoint.sign(HEAD, LOG)
OTHER_NAME = SIGNED.replace("— kivu".encode(), "— kiwu".encode())
LAST_BITS = ROOT64[:-2] + chr(ord(ROOT64[-2]) + 1) + "="
# Signed by the right key, all of them: accepting one would be leniency, not forgery.
MALFORMED: dict[str, tuple[str, str]] = {
    "a size with leading noughts": (f"{ORIGIN}\n0070000\n{ROOT64}\n", "checkpoint.malformed"),
    "a size with a plus sign": (f"{ORIGIN}\n+5\n{ROOT64}\n", "checkpoint.malformed"),
    "a size with an underscore": (f"{ORIGIN}\n7_0\n{ROOT64}\n", "checkpoint.malformed"),
    "a negative size": (f"{ORIGIN}\n-5\n{ROOT64}\n", "checkpoint.malformed"),
    "a root of 31 bytes": (
        f"{ORIGIN}\n5\n{base64.b64encode(ROOT[:31]).decode()}\n", "checkpoint.malformed"),
    "a root without padding": (f"{ORIGIN}\n5\n{ROOT64[:-1]}\n", "checkpoint.malformed"),
    "a root with other last bits": (f"{ORIGIN}\n5\n{LAST_BITS}\n", "checkpoint.malformed"),
    "an empty line in the text": (f"{ORIGIN}\n\n5\n{ROOT64}\n", "checkpoint.malformed"),
    "another origin": (f"kivu.example/other\n5\n{ROOT64}\n", "checkpoint.origin-mismatch"),
    "an extension line": (f"{ORIGIN}\n5\n{ROOT64}\nextension\n", "checkpoint.malformed"),
    "an empty fourth line": (f"{ORIGIN}\n5\n{ROOT64}\n\n", "checkpoint.malformed"),
    "no root": (f"{ORIGIN}\n5\n", "checkpoint.malformed"),
    "no origin": (f"\n5\n{ROOT64}\n", "checkpoint.malformed"),
    "an origin with a space": (f"kivu example\n5\n{ROOT64}\n", "checkpoint.malformed"),
    "an origin with a plus sign": (f"kivu+example\n5\n{ROOT64}\n", "checkpoint.malformed"),
    "a size with a space": (f"{ORIGIN}\n 5\n{ROOT64}\n", "checkpoint.malformed"),
    "a size in other digits": (f"{ORIGIN}\n\u0665\n{ROOT64}\n", "checkpoint.malformed"),
    "a size of 2^63": (f"{ORIGIN}\n{2**63}\n{ROOT64}\n", "checkpoint.malformed"),
    "a size of twenty digits": (f"{ORIGIN}\n{10**19}\n{ROOT64}\n", "checkpoint.malformed"),
    "a size that is a fraction": (f"{ORIGIN}\n5.0\n{ROOT64}\n", "checkpoint.malformed"),
    "a root of 33 bytes": (
        f"{ORIGIN}\n5\n{base64.b64encode(ROOT + b'x').decode()}\n", "checkpoint.malformed"),
    "a root in hex": (f"{ORIGIN}\n5\n{ROOT.hex()}\n", "checkpoint.malformed"),
    "a statement": (
        f"oretrail/statement/v1\nledger {ROOT.hex()}\nevents 1 {ROOT.hex()}\n",
        "checkpoint.malformed"),
}  # fmt: skip
BROKEN: dict[str, tuple[bytes, str]] = {
    "a control character": (
        SIGNED.replace(b"\n\n", b"\nextension \x01\n\n", 1), "note.malformed"),
    "carriage returns": (SIGNED.replace(b"\n", b"\r\n"), "note.malformed"),
    "the right id under another name": (OTHER_NAME, "note.no-known-signature"),
    "junk among the signatures": (SIGNED + b"junk\n", "note.malformed"),
    "no final newline": (SIGNED[:-1], "note.malformed"),
    "no signature": (HEAD.text().encode(), "note.malformed"),
    "nothing": (b"", "note.malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_nearly_a_checkpoint_is_none_though_the_log_signed_it(text: str, code: str) -> None:
    refused(note.sign(text, LOG), code)


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_what_is_nearly_a_signed_checkpoint_is_none(data: bytes, code: str) -> None:
    refused(data, code)


# What C2SP's text refuses, and verifiers in the field were seen to accept, up to eleven of them.
SEEN_ACCEPTED = (
    "a size with leading noughts", "a size with a plus sign", "a size with an underscore",
    "a negative size", "a root of 31 bytes", "a root without padding",
    "a root with other last bits", "a control character", "carriage returns",
    "the right id under another name", "junk among the signatures", "an empty line in the text",
    "no final newline", "another origin",
)  # fmt: skip


def test_none_of_the_fourteen_that_others_accept_is_accepted() -> None:
    data = {name: note.sign(text, LOG) for name, (text, _) in MALFORMED.items()}
    data |= {name: broken for name, (broken, _) in BROKEN.items()}
    accepted = []
    for name in SEEN_ACCEPTED:
        try:
            opened(data[name])
        except (MalformedError, SignatureError):
            continue
        accepted.append(name)
    assert len(set(SEEN_ACCEPTED)) == 14
    assert accepted == []


def test_17_signatures_pass() -> None:
    others = (f"— w-{i} {base64.b64encode(bytes([i]) * 68).decode()}\n" for i in range(16))
    assert opened(SIGNED + "".join(others).encode()) == HEAD


def test_the_same_signature_twice_passes() -> None:
    assert opened(SIGNED + SIGNED.partition(b"\n\n")[2]) == HEAD


@pytest.mark.parametrize("data", [None, "text", 0, bytearray(SIGNED)])
def test_a_checkpoint_is_bytes(data: Any) -> None:
    refused(data, "note.malformed")


def test_a_checkpoint_without_the_logs_own_signature_is_refused() -> None:
    by_witness = note.sign(HEAD.text(), WITNESS)
    refused(by_witness, "note.no-known-signature")
    refused(by_witness, "checkpoint.no-log-signature", LOG.verifier, WITNESS.verifier)
    both = note.add(by_witness, LOG)
    assert opened(both, LOG.verifier, WITNESS.verifier) == HEAD
    assert opened(both) == HEAD
    refused(both, "checkpoint.no-log-signature", WITNESS.verifier)


def test_a_cosignature_under_the_logs_name_is_not_the_logs_signature() -> None:
    seed = bytes([7]) * 32
    cosigner = note.Verifier.of(
        ORIGIN, note.Signer("x", seed).verifier.public_key, note.COSIGNATURE
    )

    class Cosigner:
        name, key_id = cosigner.name, cosigner.key_id

        def sign(self, message: bytes) -> bytes:
            key = note.Signer("x", seed)
            return bytes(7) + b"\x09" + key.sign(b"cosignature/v1\ntime 9\n" + message)

    data = note.sign(HEAD.text(), Cosigner())
    assert note.open(data, [cosigner]).text == HEAD.text()
    refused(data, "checkpoint.no-log-signature", cosigner, LOG.verifier)


def test_a_wrong_signature_by_any_known_key_refuses_the_checkpoint() -> None:
    bad = note.Signature(WITNESS.name, WITNESS.key_id, LOG.sign(b"something else"))
    data = SIGNED + (bad.line + "\n").encode()
    assert opened(data) == HEAD
    refused(data, "signature.wrong", LOG.verifier, WITNESS.verifier)


def test_no_flipped_bit_of_a_checkpoint_goes_unnoticed() -> None:
    for bit in range(len(SIGNED) * 8):
        changed = bytearray(SIGNED)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((MalformedError, SignatureError)):
            opened(bytes(changed))


def test_verifiers_may_come_one_by_one() -> None:
    assert checkpoint.open(SIGNED, ORIGIN, (v for v in [LOG.verifier])) == HEAD


def test_a_log_signs_under_its_own_name_only() -> None:
    with pytest.raises(MalformedError) as caught:
        checkpoint.sign(HEAD, WITNESS)
    assert caught.value.code == "checkpoint.origin-mismatch"


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [
        ("", 1, ROOT), ("a b", 1, ROOT), ("a\nb", 1, ROOT), (None, 1, ROOT),
        (ORIGIN, -1, ROOT), (ORIGIN, 2**63, ROOT), (ORIGIN, 10**5000, ROOT), (ORIGIN, True, ROOT),
        (ORIGIN, "1", ROOT), (ORIGIN, 1.0, ROOT),
        (ORIGIN, 1, ROOT[:31]), (ORIGIN, 1, ROOT64), (ORIGIN, 1, bytearray(ROOT)),
        (ORIGIN, 0, ROOT),
    ],
    ids=range(14),
)  # fmt: skip
def test_a_claim_that_no_checkpoint_can_make_is_refused(origin: Any, size: Any, root: Any) -> None:
    with pytest.raises(MalformedError) as caught:
        checkpoint.Checkpoint(origin, size, root)
    assert caught.value.code == "checkpoint.malformed"


@given(st.text(max_size=100))
def test_any_text_is_a_checkpoint_or_is_refused(text: str) -> None:
    for whole in (text, f"{ORIGIN}\n{text}", f"{ORIGIN}\n5\n{text}", f"{text}\n5\n{ROOT64}\n"):
        try:
            found = checkpoint.parse(whole)
        except MalformedError:
            continue
        assert found.text() == whole


@given(st.binary(max_size=100))
def test_any_bytes_are_refused(data: bytes) -> None:
    for whole in (data, SIGNED + data, data + SIGNED):
        try:
            assert opened(whole) == HEAD
        except (MalformedError, SignatureError):
            continue
        assert whole == SIGNED


def test_a_size_is_read_without_believing_it() -> None:
    stranger = note.Signer(ORIGIN, bytes(range(32)))
    data = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 7, bytes(32)), stranger)
    assert checkpoint.size_of(data) == 7
    with pytest.raises(MalformedError):
        checkpoint.size_of(b"7")
