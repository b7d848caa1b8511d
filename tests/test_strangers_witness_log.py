"""A stranger's program as our witness: PyPI's `witness-log`, which shares no code with us.

Skipped unless it is installed: ``pip install -e '.[strangers]'``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("witness_log", reason="needs the extra `strangers` (witness-log)")

import witness_log

from actors import LOG, ORIGIN, World, extracted, weighed
from ledger.log import checkpoint, merkle, note, witness
from ledger.log.policy import Policy
from ledger.remote import Answer
from ledger.witnessing import collect
from quorums import NOW

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors" / "add-checkpoint"
SEED = bytes(range(32))


class Stranger:
    """Their witness, asked as `remote.post` would ask it."""

    def __init__(self, log_key: str = LOG.verifier.vkey, origin: str = ORIGIN) -> None:
        self.service = witness_log.WitnessService.new("stranger.example/w", SEED)
        if log_key:
            self.service.add_log(origin, log_key)
        self.key = witness.cosigner(self.service.vkey())

    def add(self, body: bytes) -> Answer:
        status, kind, said = self.service.handle_add_checkpoint_http(body.decode(), NOW)
        return Answer(status, kind, said.encode())

    def __call__(self, url: str, body: bytes, content_type: str, **_: object) -> Answer:
        return self.add(body)


def test_their_key_is_ours_byte_for_byte() -> None:
    assert Stranger().key == witness.CosignatureSigner("stranger.example/w", SEED).verifier


def test_a_stranger_witnesses_a_ledger_as_it_grows(world: World) -> None:
    """First contact, growth, the same again; each cosignature verified by us."""
    stranger = Stranger()
    policy = Policy.parse(
        (
            f"ledger {world.ledger.id}\nlog {LOG.verifier.vkey}\n"
            f"witness s {stranger.key.vkey} https://stranger.example\nquorum s\n"
        ).encode()
    )
    for number in range(6):
        if number not in (0, 3):
            world.record(extracted(f"B-{number}"))
            world.record(weighed(f"B-{number}", 45_000_000))
        data = world.ledger.checkpoint(LOG)
        found = collect(world.ledger, data, policy, send=stranger)
        assert [one.code for one in found.outcomes] == ["witness.cosigned"]
        assert (found.witnessed.met, found.witnessed.cosigned) == (True, {"s": NOW})


def test_their_cosignature_is_ours_byte_for_byte(world: World) -> None:
    data = world.ledger.checkpoint(LOG)
    answer = Stranger().add(witness.request(0, [], data))
    ours = witness.CosignatureSigner("stranger.example/w", SEED, NOW)
    assert answer.status == 200
    assert data + answer.body == note.add(data, ours)


# What another answer means is said here; everywhere else the two must agree.
OTHERWISE = {
    # What is no checkpoint: theirs looks at the signature first.
    "no-checkpoint": 403,
    "checkpoint-size-with-a-nought": 403,
    # C2SP allows further lines, we refuse them; theirs goes on to the proof, which is missing.
    "checkpoint-with-a-fourth-line": 422,
    # Theirs knows one key of each log.
    "good-by-the-other-of-two-keys": 403,
}


@pytest.mark.parametrize("path", sorted(VECTORS.glob("*.json")), ids=lambda path: path.stem)
def test_a_stranger_answers_every_vector_with_our_status(path: Path) -> None:
    case = json.loads(path.read_bytes())
    if "hex" in case:
        pytest.skip("theirs takes text, and this request is none")
    keys = case["log_keys"]
    stranger = Stranger("")
    for vkey in keys:
        stranger.service.add_log(note.Verifier.parse(vkey).name, vkey)
    size = case["stored"]["size"]
    if keys and size:
        bring_to(stranger, size, case["stored"]["root"])
    answer = stranger.add(case["text"].encode())
    assert answer.status == OTHERWISE.get(path.stem, case["status"])
    if case["status"] == 409:
        assert (answer.content_type, answer.body.decode()) == (witness.SIZE_TYPE, case["answer"])
    if answer.status == 200:
        asked = witness.parse_request(case["text"].encode())
        (line,) = witness.accept(asked.note, answer.body, stranger.key)
        assert witness.cosigned_at(line) == NOW


def bring_to(stranger: Stranger, size: int, root: str) -> None:
    """Let it see this checkpoint first, signed by the log of the vectors."""
    from quorums import LOG as VECTORS_LOG

    said = checkpoint.Checkpoint(ORIGIN, size, bytes.fromhex(root))
    data = checkpoint.sign(said, VECTORS_LOG)
    assert stranger.add(witness.request(0, [], data)).status in (200, 403)


def test_a_stranger_finds_every_entry_in_the_tree_and_no_other(world: World) -> None:
    for number in range(3):
        world.record(extracted(f"B-{number}"))
    leaves = [merkle.leaf_hash(one.data) for one in world.ledger.sources()]
    size, root = len(leaves), merkle.root(leaves)

    def agrees(leaf: bytes, index: int, proof: list[bytes], root: bytes = root) -> bool:
        path = [each.hex() for each in proof]
        return bool(witness_log.verify_inclusion(leaf.hex(), index, size, path, root.hex()))

    for index, leaf in enumerate(leaves):
        proof = merkle.prove_inclusion(leaves, index)
        assert agrees(leaf, index, proof)
        assert not agrees(leaves[index - 1], index, proof)
        assert not agrees(leaf, (index + 1) % size, proof)
        assert not agrees(leaf, index, proof[:-1])
        assert not agrees(leaf, index, [*proof, bytes(32)])
        assert not agrees(leaf, index, proof, bytes(32))
        for place, each in enumerate(proof):
            changed = bytes([each[0] ^ 1, *each[1:]])
            assert not agrees(leaf, index, [*proof[:place], changed, *proof[place + 1 :]])
