"""Proofs that travel: one spelling, nothing in them that nothing proves, small enough to print."""

from __future__ import annotations

import base64
import random
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, ProofError, SignatureError
from ledger.log import checkpoint, merkle, note, proof, witness
from ledger.log.proof import Proof

ORIGIN = "kivu.example/trail"
LOG = note.Signer(ORIGIN, bytes([5]) * 32)
ENTRIES = [b"entry %d" % index for index in range(11)]
LEAVES = [merkle.leaf_hash(one) for one in ENTRIES]
HEAD = checkpoint.Checkpoint(ORIGIN, 11, merkle.root(LEAVES))
SIGNED = checkpoint.sign(HEAD, LOG)


def proof_of(index: int) -> Proof:
    return Proof(index, tuple(merkle.prove_inclusion(LEAVES, index)), SIGNED)


GOOD = proof.encode(proof_of(5))


def opened(data: Any, entry: bytes = ENTRIES[5]) -> checkpoint.Checkpoint:
    return proof.verify(entry, proof.decode(data), ORIGIN, [LOG.verifier])


def refused(call: Any, kind: type[LedgerError], code: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.code == code


def test_a_proof_is_an_index_hashes_and_the_checkpoint_as_it_is() -> None:
    hashes = "".join(base64.b64encode(one).decode() + "\n" for one in proof_of(5).hashes)
    assert f"c2sp.org/tlog-proof@v1\nindex 5\n{hashes}\n".encode() + SIGNED == GOOD
    assert proof.decode(GOOD) == proof_of(5)
    assert opened(GOOD) == HEAD


@pytest.mark.parametrize("index", range(11))
def test_every_entry_has_a_proof(index: int) -> None:
    assert opened(proof.encode(proof_of(index)), ENTRIES[index]) == HEAD


def test_the_only_entry_of_a_log_needs_no_hashes() -> None:
    alone = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 1, LEAVES[0]), LOG)
    data = proof.encode(Proof(0, (), alone))
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + ORIGIN.encode())
    assert opened(data, ENTRIES[0]).size == 1


MALFORMED = {
    "extra": GOOD.replace(b"\nindex", b"\nextra YWJj\nindex"),
    "empty extra": GOOD.replace(b"\nindex", b"\nextra \nindex"),
    "another version": GOOD.replace(b"@v1", b"@v2"),
    "another kind": GOOD.replace(b"tlog-proof", b"tlog-tiles"),
    "no index": GOOD.replace(b"index 5\n", b""),
    "leading nought": GOOD.replace(b"index 5", b"index 05"),
    "plus sign": GOOD.replace(b"index 5", b"index +5"),
    "minus sign": GOOD.replace(b"index 5", b"index -5"),
    "underscore": GOOD.replace(b"index 5", b"index 1_0"),
    "arabic digit": GOOD.replace(b"index 5", "index \u0665".encode()),
    "two spaces": GOOD.replace(b"index 5", b"index  5"),
    "space at the end": GOOD.replace(b"index 5", b"index 5 "),
    "2^63": GOOD.replace(b"index 5", b"index %d" % 2**63),
    "twenty digits": GOOD.replace(b"index 5", b"index 10000000000000000000"),
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "no empty line": GOOD.replace(b"\n\n" + ORIGIN.encode(), b"\n" + ORIGIN.encode()),
    "empty line after the index": GOOD.replace(b"index 5\n", b"index 5\n\n"),
    "unpadded hash": GOOD.replace(b"=\n", b"\n", 1),
    "last bits of a hash": GOOD.replace(
        b"index 5\n", b"index 5\n" + b"A" * 42 + b"B=\n"
    ),
    "64 hashes": GOOD.replace(b"index 5\n", b"index 5\n" + (b"A" * 43 + b"=\n") * 60),
    "line before": b"\n" + GOOD,
    "nothing": b"",
    "no checkpoint": GOOD[: GOOD.index(b"\n\n") + 2],
    "unsigned checkpoint": GOOD[: GOOD.rindex(b"\n\n")],
    "line after": GOOD + b"\n",
    "junk after": GOOD + b"junk\n",
    "no final newline": GOOD[:-1],
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "a statement in place of the checkpoint": GOOD.replace(b"\n11\n", b"\nledger 11\n"),
    "too long": GOOD + b"x" * proof.MAX_PROOF,
}  # fmt: skip
CODES = {"proof.malformed", "note.malformed", "checkpoint.malformed"}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_nearly_a_proof_is_none(data: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        proof.decode(data)
    assert caught.value.code in CODES


@pytest.mark.parametrize("data", [None, "text", bytearray(GOOD)])
def test_a_proof_is_bytes(data: Any) -> None:
    refused(lambda: proof.decode(data), MalformedError, "proof.malformed")


@pytest.mark.parametrize("made", [
    Proof(-1, (), SIGNED), Proof(2**63, (), SIGNED), Proof(True, (), SIGNED),
    Proof(10**5000, (), SIGNED), Proof(0, (bytes(31),), SIGNED), Proof(0, (bytes(33),), SIGNED),
    Proof(0, [bytes(32)], SIGNED), Proof(0, (bytes(32),) * 64, SIGNED),
], ids=range(8))  # fmt: skip
def test_what_could_not_be_read_is_not_written(made: Any) -> None:
    refused(lambda: proof.encode(made), MalformedError, "proof.malformed")


def test_a_proof_of_another_entry_is_refused() -> None:
    refused(lambda: opened(GOOD, ENTRIES[4]), ProofError, "proof.wrong")
    moved = GOOD.replace(b"index 5", b"index 4")
    refused(lambda: opened(moved), ProofError, "proof.wrong")
    refused(lambda: opened(GOOD.replace(b"index 5", b"index 11")), ProofError, "proof.index")


def test_a_proof_under_another_log_is_refused() -> None:
    other = note.Signer("kivu.example/other", bytes([6]) * 32)
    given = proof.decode(GOOD)
    refused(
        lambda: proof.verify(ENTRIES[5], given, ORIGIN, [other.verifier]),
        SignatureError,
        "note.no-known-signature",
    )
    refused(
        lambda: proof.verify(ENTRIES[5], given, other.name, [LOG.verifier]),
        MalformedError,
        "checkpoint.origin-mismatch",
    )


def test_every_flipped_bit_and_every_lost_or_doubled_byte_is_refused() -> None:
    mutants = [GOOD[:at] + GOOD[at + 1 :] for at in range(len(GOOD))]
    mutants += [GOOD[:at] + GOOD[at : at + 1] + GOOD[at:] for at in range(len(GOOD))]
    for bit in range(len(GOOD) * 8):
        changed = bytearray(GOOD)
        changed[bit // 8] ^= 1 << bit % 8
        mutants.append(bytes(changed))
    for mutant in mutants:
        if mutant != GOOD:
            with pytest.raises((MalformedError, ProofError, SignatureError)):
                opened(mutant)


def test_no_line_can_be_moved_lost_or_doubled() -> None:
    lines = GOOD.split(b"\n")
    dice = random.Random(3)
    for at in range(len(lines) - 1):
        for mutant in (lines[:at] + lines[at + 1 :], lines[:at] + lines[at : at + 1] + lines[at:]):
            if at < len(lines) - 2 or len(mutant) < len(lines):  # a signature may stand twice
                with pytest.raises((MalformedError, ProofError, SignatureError)):
                    opened(b"\n".join(mutant))
    for _ in range(100):
        one, other = dice.sample(range(len(lines)), 2)
        mixed = list(lines)
        mixed[one], mixed[other] = mixed[other], mixed[one]
        if mixed != lines:
            with pytest.raises((MalformedError, ProofError, SignatureError)):
                opened(b"\n".join(mixed))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_proof_or_are_refused(data: bytes) -> None:
    for whole in (data, b"c2sp.org/tlog-proof@v1\n" + data, GOOD[:100] + data, data + GOOD):
        try:
            assert proof.encode(proof.decode(whole)) == whole
        except MalformedError as error:
            assert error.code in CODES


# ---------------------------------------------------------------- a million entries


@cache
def alike(level: int) -> bytes:
    """The node over 2^level entries that are all the same."""
    if level == 0:
        return merkle.leaf_hash(ENTRIES[0])
    return merkle.node_hash(alike(level - 1), alike(level - 1))


def test_a_proof_in_a_log_of_a_million_with_three_witnesses_is_at_most_1600_bytes() -> None:
    def read(nodes: Sequence[merkle.Node]) -> list[bytes]:
        return [alike(level) for level, _ in nodes]

    hashes = merkle.prove_inclusion_from(read, 765_432, 1_000_000)
    root = merkle.root_from(read, 1_000_000)
    data = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 1_000_000, root), LOG)
    witnesses = [
        witness.CosignatureSigner(f"{name}.example/witness", bytes([at]) * 32, 1_770_796_800)
        for at, name in enumerate(("goma", "kigali", "brussels"), start=1)
    ]
    for one in witnesses:
        data = note.add(data, one)
    made = proof.encode(Proof(765_432, tuple(hashes), data))
    verifiers = [LOG.verifier, *(one.verifier for one in witnesses)]
    head = proof.verify(ENTRIES[0], proof.decode(made), ORIGIN, verifiers)
    assert head.size == 1_000_000
    assert len(note.open(proof.decode(made).checkpoint_note, verifiers).signatures) == 4
    assert len(made) <= 1_600, len(made)
