"""Witnesses: what is cosigned, what is asked, what is answered."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, SignatureError
from ledger.log import checkpoint, merkle, note, witness
from ledger.log.witness import CosignatureSigner
from quorums import LOG, NOW, ORIGIN, cosigner, growth, leaves, signed

W1 = cosigner("w1")
KEYS = [LOG.verifier]


def refused(code: str) -> pytest.RaisesExc[LedgerError]:
    return pytest.RaisesExc(LedgerError, check=lambda error: error.code == code)


def stored(size: int, branch: str = "") -> tuple[int, bytes]:
    return size, merkle.root(leaves(size, branch))


# --- cosignatures ----------------------------------------------------------------------


def test_a_cosignature_is_over_a_time_and_the_whole_checkpoint() -> None:
    """Spelled out by hand, as tlog-cosignature words it."""
    text = note.parse(signed()).text
    blob = W1.sign(text.encode())
    assert blob[:8] == NOW.to_bytes(8, "big")
    plain = note.Signer("w1.example", W1.seed)
    assert blob[8:] == plain.sign(f"cosignature/v1\ntime {NOW}\n{text}".encode())
    assert W1.key_id == note.key_id("w1.example", plain.verifier.public_key, 4)
    assert W1.key_id != plain.key_id


def test_a_cosigned_note_opens_with_the_witness_s_key() -> None:
    data = note.add(signed(), W1)
    (line,) = note.open(data, [witness.cosigner(W1.verifier.vkey)]).signatures
    assert witness.cosigned_at(line) == NOW
    later = note.add(signed(), W1.at(NOW + 60))
    (line,) = note.open(later, [W1.verifier]).signatures
    assert witness.cosigned_at(line) == NOW + 60


def test_a_cosignature_does_not_verify_at_another_time_nor_on_another_checkpoint() -> None:
    blob = W1.sign(note.parse(signed()).text.encode())
    moved = (NOW + 1).to_bytes(8, "big") + blob[8:]
    other = note.parse(signed(4)).text
    for text, said in ((note.parse(signed()).text, moved), (other, blob)):
        data = note.assemble(text, [note.Signature(W1.name, W1.key_id, said)])
        with refused("signature.wrong"):
            note.open(data, [W1.verifier])


@pytest.mark.parametrize("time", [-1, 2**63, 1.5, True])
def test_a_time_that_no_cosignature_can_state_is_refused(time: int) -> None:
    with refused("signature.time"):
        W1.at(time)


def test_the_first_and_the_last_second_can_be_stated() -> None:
    for time in (0, 2**63 - 1):
        (line,) = note.open(note.add(signed(), W1.at(time)), [W1.verifier]).signatures
        assert witness.cosigned_at(line) == time


def test_what_is_no_cosignature_states_no_time() -> None:
    (line,) = note.open(signed(), KEYS).signatures
    with refused("signature.length"):
        witness.cosigned_at(line)


def test_a_log_s_key_is_no_witness_s() -> None:
    with refused("key.kind"):
        witness.cosigner(LOG.verifier.vkey)


def test_the_seed_stays_out_of_repr() -> None:
    assert W1.seed.hex() not in repr(W1)
    assert repr(W1) == f"CosignatureSigner('{W1.verifier.vkey}', time={NOW})"
    assert repr(W1.seed) not in repr(W1)


# --- the request -----------------------------------------------------------------------


def test_a_request_is_read_back_as_it_was_asked() -> None:
    body = witness.request(3, growth(3, 5), signed())
    asked = witness.parse_request(body)
    assert (asked.old, list(asked.proof), asked.note) == (3, growth(3, 5), signed())
    assert asked.checkpoint.size == 5
    assert body.startswith(b"old 3\n")
    assert witness.parse_request(witness.request(0, [], signed())).proof == ()


def test_63_hashes_may_be_asked_and_no_more() -> None:
    assert len(witness.parse_request(witness.request(3, [bytes(32)] * 63, signed())).proof) == 63
    with refused("request.malformed"):
        witness.request(3, [bytes(32)] * 64, signed())


HASH = base64.b64encode(bytes(32))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 3\n",
        b"old 3\n" + signed(),
        b"old 03\n\n" + signed(),
        b"old +3\n\n" + signed(),
        b"old -3\n\n" + signed(),
        b"old 3 \n\n" + signed(),
        b"old  3\n\n" + signed(),
        b"Old 3\n\n" + signed(),
        b"3\n\n" + signed(),
        b"\n\n" + signed(),
        b"old 3\r\n\r\n" + signed(),
        "old \u0663\n\n".encode() + signed(),
        b"old 9223372036854775808\n\n" + signed(),
        b"old 18446744073709551617\n\n" + signed(),
        b"old 3\n" + HASH[:-1] + b"\n\n" + signed(),
        b"old 3\n" + HASH + b" \n\n" + signed(),
        b"old 3\n" + HASH[:-2] + b"B=\n\n" + signed(),
        b"old 3\n" + base64.b64encode(bytes(31)) + b"\n\n" + signed(),
        b"old 3\n" + base64.b64encode(bytes(33)) + b"\n\n" + signed(),
        b"old 3\nhash\n\n" + signed(),
        b"old 3\n\n" + b"x" * witness.MAX_REQUEST,
        "old 3\n\n",
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with refused("request.malformed"):
        witness.parse_request(body)


def test_a_request_without_a_note_or_a_checkpoint_is_refused() -> None:
    with refused("note.malformed"):
        witness.parse_request(b"old 3\n\nnothing\n")
    with refused("note.malformed"):
        witness.parse_request(b"old 3\n\n\n" + signed().replace(b"\n\n", b"\n"))
    with refused("checkpoint.malformed"):
        witness.parse_request(b"old 3\n\n" + note.sign("a\nb\n", LOG))


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_our_error(data: bytes) -> None:
    for body in (data, b"old 3\n" + data + b"\n\n" + signed(), b"old 0\n\n" + data):
        try:
            witness.parse_request(body)
        except MalformedError:
            continue


# --- the answer ------------------------------------------------------------------------


def judged(
    old: int,
    now: tuple[int, bytes],
    *,
    proof: list[bytes] | None = None,
    data: bytes | None = None,
    keys: list[note.Verifier] | None = None,
) -> witness.Answer:
    said = signed() if data is None else data
    sent = growth(old, 5) if proof is None else proof
    asked = witness.parse_request(witness.request(old, sent, said))
    return witness.judge(asked, *now, KEYS if keys is None else keys)


NOTHING = (0, merkle.EMPTY_ROOT)


def test_a_first_checkpoint_is_cosigned_and_stored() -> None:
    answer = judged(0, NOTHING)
    assert (answer.status, answer.code) == (200, "cosigned")
    assert answer.store == checkpoint.open(signed(), ORIGIN, KEYS)


@pytest.mark.parametrize("old", range(1, 6))
def test_a_checkpoint_that_continues_what_is_stored_is_cosigned(old: int) -> None:
    assert judged(old, stored(old)).status == 200


def test_an_unknown_log_is_404() -> None:
    answer = judged(0, NOTHING, keys=[])
    assert (answer.status, answer.code, answer.store) == (404, "request.unknown-log", None)
    other = note.Signer("other.example", bytes(range(32)))
    assert judged(0, NOTHING, keys=[other.verifier]).status == 404


def test_a_stranger_s_signature_is_403() -> None:
    stranger = note.Signer(ORIGIN, bytes(range(32)))
    answer = judged(0, NOTHING, keys=[stranger.verifier])
    assert (answer.status, answer.code) == (403, "note.no-known-signature")


def test_a_wrong_signature_is_403() -> None:
    head, _, line = signed().rpartition(b" ")
    blob = bytearray(base64.b64decode(line))
    blob[-1] ^= 1
    answer = judged(0, NOTHING, data=head + b" " + base64.b64encode(blob) + b"\n")
    assert answer.status == 403
    assert answer.code.startswith("signature.")


def test_an_old_size_above_the_size_is_400_whatever_is_stored() -> None:
    answer = judged(6, stored(6), proof=[])
    assert (answer.status, answer.code) == (400, "request.old-above-size")


@pytest.mark.parametrize(("old", "now"), [(0, 3), (2, 3), (4, 3), (3, 0), (5, 6)])
def test_another_old_size_than_the_stored_one_is_409_with_that(old: int, now: int) -> None:
    answer = judged(old, stored(now) if now else NOTHING)
    assert (answer.status, answer.code, answer.size) == (409, "request.old-size", now)
    assert answer.store is None


def test_another_past_is_422() -> None:
    answer = judged(4, stored(4, "x"))
    assert (answer.status, answer.code) == (422, "proof.wrong")
    answer = judged(3, stored(3), proof=growth(3, 5)[:-1])
    assert (answer.status, answer.code) == (422, "proof.length")


def test_another_root_at_the_same_size_is_422() -> None:
    answer = judged(5, stored(5, "x"))
    assert (answer.status, answer.code) == (422, "request.other-root")
    assert judged(5, stored(5), proof=[bytes(32)]).code == "proof.length"


def test_a_proof_from_nothing_is_422() -> None:
    answer = judged(0, NOTHING, proof=[bytes(32)])
    assert (answer.status, answer.code) == (422, "proof.length")


def test_an_empty_log_can_be_cosigned_and_then_grow() -> None:
    empty = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT), LOG)
    assert judged(0, NOTHING, data=empty).status == 200
    assert judged(0, NOTHING).status == 200


# --- the client's side -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body", "size"),
    [
        (witness.SIZE_TYPE, b"0\n", 0),
        (witness.SIZE_TYPE, b"23\n", 23),
        (witness.SIZE_TYPE, b"9223372036854775807\n", 2**63 - 1),
        (witness.SIZE_TYPE, b"9223372036854775808\n", None),
        (witness.SIZE_TYPE, b"023\n", None),
        (witness.SIZE_TYPE, b"23", None),
        (witness.SIZE_TYPE, b"-1\n", None),
        ("text/plain", b"23\n", None),
    ],
)
def test_the_size_in_an_answer_409(kind: str, body: bytes, size: int | None) -> None:
    assert witness.read_size(kind, body) == size


def line_of(signer: note.SignsNotes, data: bytes) -> bytes:
    return note.add(data, signer)[len(data) :]


def test_a_witness_s_lines_are_accepted_and_a_stranger_s_ignored() -> None:
    body = line_of(cosigner("w2"), signed()) + line_of(W1, signed())
    (line,) = witness.accept(signed(), body, W1.verifier)
    assert line.name == "w1.example"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "note.malformed"),
        (b"thank you\n", "note.malformed"),
        (line_of(cosigner("w2"), signed()), "note.no-known-signature"),
        (line_of(W1, signed(4)), "signature.wrong"),
    ],
)
def test_an_answer_without_a_good_line_is_refused(body: bytes, code: str) -> None:
    with refused(code):
        witness.accept(signed(), body, W1.verifier)


def test_lines_are_merged_into_one_note_with_the_log_s_first() -> None:
    lines = [*note.parse(note.add(note.add(signed(), W1), cosigner("w2"))).signatures[1:]]
    data = witness.merge(signed(), [lines[1], lines[0], lines[1]])
    assert [each.name for each in note.parse(data).signatures] == [
        ORIGIN,
        "w2.example",
        "w1.example",
    ]
    assert witness.merge(data, lines) == data
    assert note.open(data, [W1.verifier, cosigner("w2").verifier, *KEYS]) == note.parse(data)


def test_of_one_witness_s_cosignatures_the_newest_stays() -> None:
    def times(data: bytes) -> list[int]:
        return [witness.cosigned_at(each) for each in note.parse(data).signatures[1:]]

    def at(time: int) -> note.Signature:
        return note.parse(note.add(signed(), W1.at(time))).signatures[1]

    assert times(witness.merge(signed(), [at(7), at(9), at(8)])) == [9]
    first = note.add(signed(), W1.at(8))
    assert times(witness.merge(first, [at(7)])) == [8]
    assert times(witness.merge(first, [at(9)])) == [9]


def test_lines_of_others_are_not_touched_by_a_merge() -> None:
    unknown = note.Signature("x.example", b"1234", bytes(72))
    another = note.Signature("x.example", b"1234", b"\x01" * 72)
    text = note.parse(signed()).text
    data = note.assemble(text, [*note.parse(signed()).signatures, unknown, another])
    merged = note.parse(witness.merge(data, note.parse(note.add(signed(), W1)).signatures))
    assert merged.signatures[1:3] == (unknown, another)
    assert merged.signatures[3].name == "w1.example"


def test_a_name_that_names_no_key_makes_no_signer() -> None:
    with refused("key.name"):
        CosignatureSigner("a b", bytes(range(32)))
    with pytest.raises(SignatureError):
        note.open(note.add(signed(), W1), [])
