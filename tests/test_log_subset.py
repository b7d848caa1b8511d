"""Many leaves proven together: the same root as ever, each hash once, none to spare."""

from __future__ import annotations

from itertools import combinations

import pytest

from ledger.errors import ProofError
from ledger.log import merkle, subset

LEAVES = [merkle.leaf_hash(b"%d" % n) for n in range(70)]


def test_every_choice_of_leaves_up_to_nine_leads_to_the_root() -> None:
    for size in range(1, 10):
        leaves = LEAVES[:size]
        for count in range(1, size + 1):
            for indexes in combinations(range(size), count):
                proof = subset.prove(leaves, indexes)
                given = [leaves[i] for i in indexes]
                assert subset.root_of(indexes, given, size, proof) == merkle.root(leaves)


def test_one_leaf_is_proven_by_the_hashes_of_its_inclusion_proof() -> None:
    for size in (1, 2, 7, 64, 70):
        for index in range(size):
            proof = subset.prove(LEAVES[:size], [index])
            assert sorted(proof) == sorted(merkle.prove_inclusion(LEAVES[:size], index))


def test_all_leaves_need_no_hash_and_a_drawn_example_needs_four() -> None:
    assert subset.needed(range(7), 7) == []
    assert subset.needed([1, 4], 7) == [(0, 1), (2, 4), (5, 6), (6, 7)]


def test_hashes_from_stored_nodes_are_those_from_the_leaves() -> None:
    frontier = merkle.Frontier()
    stored = {
        (level, index): node for leaf in LEAVES for level, index, node in frontier.append(leaf)
    }
    for size in (1, 5, 33, 70):
        for indexes in ([0], [size - 1], [0, size // 2] if size > 1 else [0]):
            read = subset.prove_from(lambda nodes: [stored[n] for n in nodes], indexes, size)
            assert read == subset.prove(LEAVES[:size], indexes)


def test_another_leaf_place_or_hash_leads_elsewhere() -> None:
    indexes, size = [3, 9, 10], 23
    given = [LEAVES[i] for i in indexes]
    proof = subset.prove(LEAVES[:size], indexes)
    root = merkle.root(LEAVES[:size])
    assert subset.root_of(indexes, given, size, proof) == root
    assert subset.root_of(indexes, given[::-1], size, proof) != root
    assert subset.root_of(indexes, given, size, proof[::-1]) != root
    for place in range(len(proof)):
        other = [*proof[:place], bytes(32), *proof[place + 1 :]]
        assert subset.root_of(indexes, given, size, other) != root


@pytest.mark.parametrize(
    ("indexes", "size"),
    [([2, 1], 5), ([1, 1], 5), ([5], 5), ([-1], 5), ([10**5000], 5), ([True], 5), (["1"], 5)],
)
def test_indexes_that_are_none_are_refused(indexes: list[int], size: int) -> None:
    with pytest.raises(ProofError) as caught:
        subset.needed(indexes, size)
    assert caught.value.code == "proof.index"


@pytest.mark.parametrize("size", [0, -1, 2**63, True, "7"])
def test_a_size_without_leaves_is_refused(size: int) -> None:
    with pytest.raises(ProofError) as caught:
        subset.needed([0], size)
    assert caught.value.code == "proof.size"


def test_no_leaf_at_all_proves_nothing() -> None:
    with pytest.raises(ProofError) as caught:
        subset.root_of([], [], 4, [bytes(32)])
    assert caught.value.code == "proof.index"


def test_any_other_number_of_hashes_is_refused() -> None:
    proof = subset.prove(LEAVES[:9], [4])
    for wrong in (proof[:-1], [*proof, proof[0]]):
        with pytest.raises(ProofError) as caught:
            subset.root_of([4], [LEAVES[4]], 9, wrong)
        assert caught.value.code == "proof.length"
    with pytest.raises(ProofError) as caught:
        subset.root_of([4], [], 9, proof)
    assert caught.value.code == "proof.index"


@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), "a" * 32])
def test_what_is_no_hash_is_refused_wherever_it_stands(bad: bytes) -> None:
    proof = subset.prove(LEAVES[:9], [4])
    for leaf, hashes in ((bad, proof), (LEAVES[4], [*proof[:-1], bad])):
        with pytest.raises(ProofError) as caught:
            subset.root_of([4], [leaf], 9, hashes)
        assert caught.value.code == "proof.hash"
