"""The tree of RFC 6962, against its slow twin and against every flipped proof."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_log as reference
from ledger.errors import ProofError
from ledger.log import chain, merkle

MOST = 64
LEAVES = [merkle.leaf_hash(b"entry %d" % i) for i in range(MOST)]
ROOTS = [reference.mth(LEAVES[:n]) for n in range(MOST + 1)]

# The eight inputs that RFC 6962 implementations have long tested with, and their roots.
KNOWN_LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def flipped(data: bytes, bit: int = 0) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


@cache
def stored() -> dict[merkle.Node, bytes]:
    """Every complete subtree over LEAVES, as a store would hold them."""
    nodes = merkle.Frontier().extend(LEAVES)
    return {(level, index): node for level, index, node in nodes}


class Shelf:
    """Stored nodes that count how often they are read."""

    def __init__(self) -> None:
        self.reads: list[list[merkle.Node]] = []

    def __call__(self, nodes: Sequence[merkle.Node]) -> list[bytes]:
        self.reads.append(list(nodes))
        return [stored()[node] for node in nodes]


def test_the_roots_of_the_known_tree_are_the_known_roots() -> None:
    hashes = [merkle.leaf_hash(data) for data in KNOWN_LEAVES]
    assert [merkle.root(hashes[:n]).hex() for n in range(9)] == KNOWN_ROOTS
    assert sha256(b"").digest() == merkle.EMPTY_ROOT


def test_leaves_nodes_and_links_hash_under_different_prefixes() -> None:
    a, b = LEAVES[:2]
    assert merkle.leaf_hash(a + b) == sha256(b"\x00" + a + b).digest()
    assert merkle.node_hash(a, b) == sha256(b"\x01" + a + b).digest()
    assert chain.link(a, b) == sha256(b"\x02" + a + b).digest()
    assert bytes(32) == chain.START


def test_every_root_is_that_of_the_slow_twin() -> None:
    assert [merkle.root(LEAVES[:n]) for n in range(MOST + 1)] == ROOTS


def test_every_inclusion_proof_is_that_of_the_slow_twin_and_verifies() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = merkle.prove_inclusion(LEAVES[:size], index)
            assert proof == reference.path(index, LEAVES[:size])
            merkle.verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_every_consistency_proof_is_that_of_the_slow_twin_and_verifies() -> None:
    for size2 in range(1, MOST + 1):
        for size1 in range(1, size2 + 1):
            proof = merkle.prove_consistency(LEAVES, size1, size2)
            assert proof == reference.proof(size1, LEAVES[:size2])
            merkle.verify_consistency(size1, ROOTS[size1], size2, ROOTS[size2], proof)


def test_no_inclusion_proof_survives_a_flipped_bit() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            proof = merkle.prove_inclusion(LEAVES[:size], index)
            leaf, root = LEAVES[index], ROOTS[size]
            bit = (size * 37 + index * 11) % 256
            for at in range(len(proof)):
                bad = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
                refuse_inclusion(leaf, index, size, bad, root)
            refuse_inclusion(flipped(leaf, bit), index, size, proof, root)
            refuse_inclusion(leaf, index, size, proof, flipped(root, bit))


def test_no_consistency_proof_survives_a_flipped_bit() -> None:
    for size2 in range(1, MOST + 1):
        for size1 in range(1, size2 + 1):
            proof = merkle.prove_consistency(LEAVES, size1, size2)
            root1, root2 = ROOTS[size1], ROOTS[size2]
            bit = (size1 * 37 + size2 * 11) % 256
            for at in range(len(proof)):
                bad = [*proof[:at], flipped(proof[at], bit), *proof[at + 1 :]]
                refuse_consistency(size1, root1, size2, root2, bad)
            refuse_consistency(size1, flipped(root1, bit), size2, root2, proof)
            refuse_consistency(size1, root1, size2, flipped(root2, bit), proof)


def test_a_proof_is_for_one_index_and_one_size() -> None:
    for size in range(1, 20):
        for index in range(size):
            proof = merkle.prove_inclusion(LEAVES[:size], index)
            for other in range(size):
                if other != index:
                    refuse_inclusion(LEAVES[index], other, size, proof, ROOTS[size])
            for other in range(1, 40):
                if reference.root_of_path(LEAVES[index], index, other, proof) != ROOTS[size]:
                    refuse_inclusion(LEAVES[index], index, other, proof, ROOTS[size])


def test_a_proof_has_exactly_the_hashes_it_needs() -> None:
    for size in range(1, 20):
        for index in range(size):
            proof = merkle.prove_inclusion(LEAVES[:size], index)
            for bad in too_long_or_short(proof):
                refuse_inclusion(LEAVES[index], index, size, bad, ROOTS[size], "proof.length")
            proof = merkle.prove_consistency(LEAVES, index + 1, size)
            for bad in too_long_or_short(proof):
                refuse_consistency(
                    index + 1, ROOTS[index + 1], size, ROOTS[size], bad, "proof.length"
                )


def too_long_or_short(proof: list[bytes]) -> list[list[bytes]]:
    longer = [[*proof, LEAVES[0]], [LEAVES[0], *proof]]
    return longer + ([proof[1:], proof[:-1]] if proof else [])


def test_a_node_is_not_accepted_as_a_leaf() -> None:
    pair = merkle.node_hash(LEAVES[0], LEAVES[1])
    proof = merkle.prove_inclusion(LEAVES[:4], 0)
    refuse_inclusion(pair, 0, 4, proof[1:], ROOTS[4], "proof.length")


def test_nothing_is_consistent_with_the_empty_tree() -> None:
    refuse_consistency(0, merkle.EMPTY_ROOT, 8, ROOTS[8], [], "proof.size")
    refuse_consistency(0, merkle.EMPTY_ROOT, 0, merkle.EMPTY_ROOT, [], "proof.size")
    with pytest.raises(ProofError) as caught:
        merkle.prove_consistency(LEAVES, 0, 8)
    assert caught.value.code == "proof.size"


def test_equal_sizes_need_equal_roots_and_an_empty_proof() -> None:
    merkle.verify_consistency(7, ROOTS[7], 7, ROOTS[7], [])
    refuse_consistency(7, ROOTS[7], 7, ROOTS[8], [], "proof.wrong")
    refuse_consistency(7, ROOTS[7], 7, ROOTS[7], [ROOTS[7]], "proof.length")


def test_a_log_does_not_shrink() -> None:
    proof = merkle.prove_consistency(LEAVES, 3, 7)
    refuse_consistency(7, ROOTS[7], 3, ROOTS[3], proof, "proof.size")


class Surprise(int):
    """An int that is not quite one."""


NO_COUNTS: list[Any] = [-1, True, False, 1.0, "1", None, 2**63, Surprise(1), b"1", [1]]
NO_HASHES: list[Any] = [b"", bytes(31), bytes(33), "0" * 32, None, bytearray(32), 0, [0] * 32]
NO_PROOFS: list[Any] = [None, 3, b"", bytes(96), "abc", iter([]), {}, set(), [None] * 3, ["a"] * 3]


@pytest.mark.parametrize("bad", NO_COUNTS, ids=repr)
def test_what_is_no_count_is_no_index_and_no_size(bad: Any) -> None:
    proof = merkle.prove_inclusion(LEAVES[:7], 1)
    refuse_inclusion(LEAVES[1], bad, 7, proof, ROOTS[7], "proof.index")
    refuse_inclusion(LEAVES[1], 1, bad, proof, ROOTS[7], "proof.size")
    proof = merkle.prove_consistency(LEAVES, 1, 7)
    refuse_consistency(bad, ROOTS[1], 7, ROOTS[7], proof, "proof.size")
    refuse_consistency(1, ROOTS[1], bad, ROOTS[7], proof, "proof.size")
    for prove in (
        lambda: merkle.prove_inclusion(LEAVES, bad),
        lambda: merkle.prove_inclusion_from(Shelf(), 0, bad),
        lambda: merkle.prove_consistency(LEAVES, bad, 7),
        lambda: merkle.prove_consistency(LEAVES, 7, bad),
        lambda: merkle.frontier_nodes(bad),
        lambda: merkle.root_from(Shelf(), bad),
        lambda: merkle.Frontier(bad),
    ):
        with pytest.raises(ProofError):
            prove()


@pytest.mark.parametrize("bad", NO_HASHES, ids=repr)
def test_what_is_not_32_bytes_is_no_hash(bad: Any) -> None:
    proof = merkle.prove_inclusion(LEAVES[:7], 1)
    refuse_inclusion(bad, 1, 7, proof, ROOTS[7], "proof.hash")
    refuse_inclusion(LEAVES[1], 1, 7, proof, bad, "proof.hash")
    refuse_inclusion(LEAVES[1], 1, 7, [*proof[:2], bad], ROOTS[7], "proof.hash")
    proof = merkle.prove_consistency(LEAVES, 2, 7)
    refuse_consistency(2, bad, 7, ROOTS[7], proof, "proof.hash")
    refuse_consistency(2, ROOTS[2], 7, bad, proof, "proof.hash")
    refuse_consistency(2, ROOTS[2], 7, ROOTS[7], [bad, *proof[1:]], "proof.hash")
    with pytest.raises(ProofError):
        merkle.Frontier(1, [bad])


@pytest.mark.parametrize("bad", NO_PROOFS, ids=lambda bad: type(bad).__name__)
def test_what_is_no_list_of_hashes_is_no_proof(bad: Any) -> None:
    refuse_inclusion(LEAVES[1], 1, 7, bad, ROOTS[7])
    refuse_consistency(3, ROOTS[3], 7, ROOTS[7], bad)


def test_the_index_is_below_the_size() -> None:
    refuse_inclusion(LEAVES[0], 0, 0, [], merkle.EMPTY_ROOT, "proof.index")
    refuse_inclusion(LEAVES[7], 7, 7, [], ROOTS[7], "proof.index")
    with pytest.raises(ProofError) as caught:
        merkle.prove_inclusion(LEAVES[:7], 7)
    assert caught.value.code == "proof.index"


def test_proofs_reach_no_further_than_the_leaves() -> None:
    with pytest.raises(ProofError) as caught:
        merkle.prove_consistency(LEAVES[:7], 3, 8)
    assert caught.value.code == "proof.size"


def test_a_tree_of_any_size_can_be_spoken_of() -> None:
    size = 2**63 - 1
    proof = [bytes(32)] * 63
    refuse_inclusion(bytes(32), 0, size, proof, bytes(32), "proof.wrong")
    refuse_inclusion(bytes(32), size - 1, size, [bytes(32)] * 62, bytes(32), "proof.wrong")


# ---------------------------------------------------------------- growing


def test_a_tree_grown_leaf_by_leaf_has_every_root_and_every_complete_subtree() -> None:
    tree = merkle.Frontier()
    completed = []
    for size in range(MOST):
        assert tree.size == size
        assert tree.root() == ROOTS[size]
        fresh = tree.append(LEAVES[size])
        assert fresh[0] == (0, size, LEAVES[size])
        completed += fresh
    assert len({node[:2] for node in completed}) == len(completed) == 2 * MOST - 1
    for level, index, node in completed:
        assert node == reference.mth(LEAVES[index << level : (index + 1) << level])


def test_a_tree_grown_at_once_is_the_tree_grown_leaf_by_leaf() -> None:
    for before in range(20):
        for after in range(before, 40):
            slow, fast = merkle.Frontier(), merkle.Frontier()
            for leaf in LEAVES[:before]:
                slow.append(leaf)
            fast.extend(LEAVES[:before])
            expected = [node for leaf in LEAVES[before:after] for node in slow.append(leaf)]
            found = fast.extend(leaf for leaf in LEAVES[before:after])
            assert sorted(found) == sorted(expected)
            assert [node[:2] for node in found] == sorted(node[:2] for node in found)
            assert (fast.size, fast.peaks, fast.root()) == (slow.size, slow.peaks, ROOTS[after])


def test_a_tree_goes_on_from_its_stored_peaks() -> None:
    for size in range(MOST):
        peaks = [stored()[node] for node in merkle.frontier_nodes(size)]
        tree = merkle.Frontier(size, peaks)
        assert tree.root() == ROOTS[size]
        tree.append(LEAVES[size])
        assert tree.root() == ROOTS[size + 1]


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (3, 1), (4, 2)])
def test_a_tree_has_one_peak_for_each_bit_of_its_size(size: int, count: int) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.Frontier(size, [bytes(32)] * count)
    assert caught.value.code == "proof.peaks"


# ---------------------------------------------------------------- stored nodes


def test_from_stored_nodes_come_the_same_roots_and_proofs_in_one_read() -> None:
    for size in range(MOST + 1):
        shelf = Shelf()
        assert merkle.root_from(shelf, size) == ROOTS[size]
        assert shelf.reads == [merkle.frontier_nodes(size)]
        for other in range(size):
            shelf = Shelf()
            proof = merkle.prove_inclusion_from(shelf, other, size)
            assert proof == reference.path(other, LEAVES[:size])
            assert len(shelf.reads) == 1
            shelf = Shelf()
            proof = merkle.prove_consistency_from(shelf, other + 1, size)
            assert proof == reference.proof(other + 1, LEAVES[:size])
            assert len(shelf.reads) == 1


def test_a_store_that_gives_too_little_is_noticed() -> None:
    with pytest.raises(ProofError) as caught:
        merkle.root_from(lambda nodes: [bytes(32) for _ in nodes[1:]], 7)
    assert caught.value.code == "proof.nodes"


# ---------------------------------------------------------------- anything at all

anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.lists(st.binary()),
)
hashes = st.one_of(st.binary(min_size=32, max_size=32), anything)
counts = st.one_of(st.integers(0, 70), anything)
proofs = st.one_of(
    st.lists(st.binary(min_size=32, max_size=32), max_size=8), st.lists(anything), anything
)


@given(hashes, counts, counts, proofs, hashes)
def test_any_inclusion_proof_passes_or_is_refused(
    leaf: Any, index: Any, size: Any, proof: Any, root: Any
) -> None:
    try:
        merkle.verify_inclusion(leaf, index, size, proof, root)
    except ProofError:
        return
    assert reference.root_of_path(leaf, index, size, list(proof)) == root


@given(counts, hashes, counts, hashes, proofs)
def test_any_consistency_proof_passes_or_is_refused(
    size1: Any, root1: Any, size2: Any, root2: Any, proof: Any
) -> None:
    try:
        merkle.verify_consistency(size1, root1, size2, root2, proof)
    except ProofError:
        return
    assert reference.roots_of_proof(size1, size2, root1, list(proof)) == (root1, root2)


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_random_hashes_are_judged_as_by_the_slow_twin(size1: int, size2: int, data: Any) -> None:
    """Roots taken from the twin's reading of random hashes pass; the twin's refusals are ours."""
    length = len(reference.proof(min(size1, size2), [bytes(32)] * max(size1, size2)))
    proof = [data.draw(st.binary(min_size=32, max_size=32)) for _ in range(length)]
    size1, size2 = sorted((size1, size2))
    root1 = data.draw(st.binary(min_size=32, max_size=32))
    roots = reference.roots_of_proof(size1, size2, root1, proof)
    assert roots is not None
    merkle.verify_consistency(size1, roots[0], size2, roots[1], proof)


def refuse_inclusion(
    leaf: Any, index: Any, size: Any, proof: Any, root: Any, code: str | None = None
) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.verify_inclusion(leaf, index, size, proof, root)
    assert code in (None, caught.value.code)


def refuse_consistency(
    size1: Any, root1: Any, size2: Any, root2: Any, proof: Any, code: str | None = None
) -> None:
    with pytest.raises(ProofError) as caught:
        merkle.verify_consistency(size1, root1, size2, root2, proof)
    assert code in (None, caught.value.code)
