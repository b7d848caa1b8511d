r"""The Merkle tree of RFC 6962: roots, proofs, and a tree that grows.

    leaf  = SHA-256(0x00 || data)
    node  = SHA-256(0x01 || left || right)
    empty = SHA-256("")

    size 7, split at the largest power of two below it:      root
                                                       ______/  \___
                                                      /             \
                                                    (2,0)           .
                                                   /     \         / \
                                                (1,0)   (1,1)  (1,2)  \
                                                 / \     / \     / \     \
                                                0   1   2   3   4   5     6

`(level, index)` names the *complete* subtree over leaves ``index << level`` up
to ``(index + 1) << level``; once complete it never changes, so these are the only
nodes worth storing. Every other hash, on the ragged right edge, is folded from
them. The functions that end in `_from` say first which nodes they need, read
them in one call, and only then compute.

Hashes are 32 raw bytes, sizes and indexes are plain integers below 2^63. The
`verify` functions follow RFC 9162, 2.1.3.2 and 2.1.4.2, and raise `ProofError`
for anything that is not a proof, whatever its type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import repeat

from ..errors import ProofError

__all__ = [
    "EMPTY_ROOT",
    "MAX_SIZE",
    "Frontier",
    "Node",
    "Reader",
    "frontier_nodes",
    "leaf_hash",
    "node_hash",
    "prove_consistency",
    "prove_consistency_from",
    "prove_inclusion",
    "prove_inclusion_from",
    "root",
    "root_from",
    "roots_from",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT = sha256(b"").digest()
"""The root of the tree without leaves."""
MAX_SIZE = 2**63 - 1
"""The largest tree that a checkpoint can speak of."""

Node = tuple[int, int]
"""`(level, index)`: the complete subtree over leaves [index << level, (index + 1) << level)."""
Reader = Callable[[Sequence[Node]], Sequence[bytes]]
"""Gives the hashes of the nodes asked for, in the order asked."""
_Range = tuple[int, int]


def leaf_hash(data: bytes) -> bytes:
    """Hash the bytes of one entry (RFC 6962, 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into the one above them (RFC 6962, 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over all the leaf hashes, in order."""
    row = list(leaf_hashes)
    if not row:
        return EMPTY_ROOT
    while len(row) > 1:
        above = _pair_up(row)
        # A last node without a partner rises unchanged; it is never hashed with itself.
        row = above + row[-1:] if len(row) % 2 else above
    return row[0]


def _pair_up(row: Sequence[bytes]) -> list[bytes]:
    pairs = iter(row)
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs)]  # noqa: B905


class Frontier:
    """A tree that grows to the right, held as the roots of its complete subtrees.

    `peaks` are those roots from left to right, one for each bit set in `size`: all
    that has to be remembered to go on appending.
    """

    __slots__ = ("_peaks", "_size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self._peaks = list(peaks)
        self._size = size
        if not _is_count(size) or len(self._peaks) != size.bit_count():
            raise ProofError(
                f"{len(self._peaks)} peaks for a tree of size {_say(size)}", code="proof.peaks"
            )
        if not all(map(_is_hash, self._peaks)):
            raise ProofError("a peak that is not 32 bytes", code="proof.peaks")

    @property
    def size(self) -> int:
        """The number of leaves."""
        return self._size

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the complete subtrees, from left to right."""
        return tuple(self._peaks)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return _fold(self._peaks)

    def append(self, leaf_hash: bytes) -> list[tuple[int, int, bytes]]:
        """Add one leaf; return `(level, index, hash)` of every subtree it completed.

        The first is the leaf itself, at level 0; the others follow upwards.
        """
        index, level, node = self._size, 0, leaf_hash
        completed = [(0, index, node)]
        while index & 1:
            node = node_hash(self._peaks.pop(), node)
            index >>= 1
            level += 1
            completed.append((level, index, node))
        self._peaks.append(node)
        self._size += 1
        return completed

    def extend(self, leaf_hashes: Iterable[bytes]) -> list[tuple[int, int, bytes]]:
        """Add many leaves, a whole level at a time; return the nodes they completed.

        The same nodes as from `append`, in the order of their levels.
        """
        row = list(leaf_hashes)
        start, level, size = self._size, 0, self._size + len(row)
        completed: list[tuple[int, int, bytes]] = []
        low: list[bytes] = []
        while row:
            completed += zip(repeat(level), range(start, start + len(row)), row, strict=False)
            if start & 1:
                row.insert(0, self._peaks.pop())
            if len(row) & 1:
                low.append(row[-1])
            row = _pair_up(row)
            start >>= 1
            level += 1
        self._peaks += reversed(low)
        self._size = size
        return completed


# Which nodes, then their hashes, then the answer.


def frontier_nodes(size: int) -> list[Node]:
    """The nodes whose hashes are the peaks of a tree of that size, from left to right."""
    _require_size(size)
    return _cover((0, size))


def root_from(read: Reader, size: int) -> bytes:
    """The root of the tree of that size, from stored nodes; reads once."""
    _require_size(size)
    return roots_from(read, [(0, size)])[0]


def prove_inclusion_from(read: Reader, index: int, size: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree of that size; reads once (RFC 6962, 2.1.1)."""
    _require_size(size)
    if not _is_count(index) or index >= size:
        raise ProofError(f"no leaf {_say(index)} in a tree of size {size}", code="proof.index")
    return roots_from(read, _path(index, size))


def prove_consistency_from(read: Reader, size1: int, size2: int) -> list[bytes]:
    """The proof that the smaller tree is a beginning of the larger; reads once (RFC 6962, 2.1.2).

    Size 0 is refused: every tree begins with nothing, so it would prove nothing.
    """
    _require_size(size2)
    if not _is_count(size1) or not 0 < size1 <= size2:
        raise ProofError(
            f"no tree of size {_say(size1)} begins one of size {size2}", code="proof.size"
        )
    return roots_from(read, _growth(size1, size2))


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """The proof that leaf `index` is in the tree over all these leaf hashes."""
    return prove_inclusion_from(_reader_over(leaf_hashes), index, len(leaf_hashes))


def prove_consistency(leaf_hashes: Sequence[bytes], size1: int, size2: int) -> list[bytes]:
    """The proof that the first `size1` leaves begin the first `size2` of these."""
    if _is_count(size2) and size2 > len(leaf_hashes):
        raise ProofError(f"{len(leaf_hashes)} leaves, fewer than {size2}", code="proof.size")
    return prove_consistency_from(_reader_over(leaf_hashes), size1, size2)


def _reader_over(leaf_hashes: Sequence[bytes]) -> Reader:
    def read(nodes: Sequence[Node]) -> list[bytes]:
        return [root(leaf_hashes[index << level : (index + 1) << level]) for level, index in nodes]

    return read


def _path(index: int, size: int) -> list[_Range]:
    """The leaves under each hash of an inclusion proof, the leaf's sibling first."""
    begin, end = 0, size
    ranges: list[_Range] = []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    return ranges[::-1]


def _growth(size1: int, size2: int) -> list[_Range]:
    """The leaves under each hash of a consistency proof, the lowest first."""
    begin, end = 0, size2
    ranges: list[_Range] = []
    while end != size1:
        middle = _split(begin, end)
        if size1 <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:
        ranges.append((begin, end))
    return ranges[::-1]


def _split(begin: int, end: int) -> int:
    """Where the tree over these leaves (two at least) splits."""
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def _cover(leaves: _Range) -> list[Node]:
    """The fewest complete subtrees over leaves that begin where a subtree may begin."""
    begin, end = leaves
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return nodes


def roots_from(read: Reader, ranges: Sequence[_Range]) -> list[bytes]:
    """The root over each range of leaves, from one read of all the nodes under them.

    Each range (begin, end) begins where a subtree of its size may begin.
    """
    covers = [_cover(leaves) for leaves in ranges]
    wanted = [node for cover in covers for node in cover]
    hashes = read(wanted)
    if len(hashes) != len(wanted):
        raise ProofError(f"{len(hashes)} nodes read, {len(wanted)} asked for", code="proof.nodes")
    found = iter(hashes)
    return [_fold([next(found) for _ in cover]) for cover in covers]


def _fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that shrink from left to right."""
    if not peaks:
        return EMPTY_ROOT
    node = peaks[-1]
    for left in peaks[-2::-1]:
        node = node_hash(left, node)
    return node


# What a stranger says, checked.


def verify_inclusion(
    leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Refuse a proof that does not lead from the leaf to the root (RFC 9162, 2.1.3.2)."""
    _require_size(size)
    if not _is_count(index) or index >= size:
        raise ProofError(f"no leaf {_say(index)} in a tree of size {size}", code="proof.index")
    _require_hash(leaf_hash, "leaf hash")
    _require_hash(root, "root")
    _require_proof(proof, len(_path(index, size)))
    node, last = leaf_hash, size - 1
    for sibling in proof:
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while (
                index and not index & 1
            ):  # the right edge rises to where it next has a left neighbour
                index >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        index >>= 1
        last >>= 1
    _require_same(node, root, "root")


def verify_consistency(
    size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]
) -> None:
    """Refuse a proof that does not show the first tree to begin the second (RFC 9162, 2.1.4.2).

    Size 0 is refused, for such a proof would be empty and say nothing; equal
    sizes need equal roots and an empty proof.
    """
    _require_size(size1)
    _require_size(size2)
    if not 0 < size1 <= size2:
        raise ProofError(f"no tree of size {size1} begins one of size {size2}", code="proof.size")
    _require_hash(root1, "first root")
    _require_hash(root2, "second root")
    _require_proof(proof, len(_growth(size1, size2)))
    if size1 == size2:
        _require_same(root1, root2, "second root")
        return
    # A first tree that is one complete subtree is not repeated in the proof: it is root1.
    path = [root1, *proof] if size1.bit_count() == 1 else list(proof)
    first, last = size1 - 1, size2 - 1
    while first & 1:
        first >>= 1
        last >>= 1
    node1 = node2 = path[0]
    for sibling in path[1:]:
        if first & 1 or first == last:
            node1 = node_hash(sibling, node1)
            node2 = node_hash(sibling, node2)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            node2 = node_hash(node2, sibling)
        first >>= 1
        last >>= 1
    _require_same(node1, root1, "first root")
    _require_same(node2, root2, "second root")


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE


def _say(value: object) -> str:
    """A count for an error message; one too long to print, or none at all, by its type."""
    return str(value) if _is_count(value) else f"({type(value).__name__})"


def _is_hash(value: object) -> bool:
    return type(value) is bytes and len(value) == 32


def _require_size(size: int) -> None:
    if not _is_count(size):
        raise ProofError(f"{_say(size)} is not the size of a tree", code="proof.size")


def _require_hash(value: bytes, what: str) -> None:
    if not _is_hash(value):
        raise ProofError(f"the {what} is not 32 bytes", code="proof.hash")


def _require_proof(proof: Sequence[bytes], length: int) -> None:
    if not isinstance(proof, list | tuple):
        raise ProofError(f"a {type(proof).__name__} is not a proof", code="proof.length")
    if len(proof) != length:
        raise ProofError(f"{len(proof)} hashes in the proof, not {length}", code="proof.length")
    for sibling in proof:
        _require_hash(sibling, "proof's hash")


def _require_same(found: bytes, claimed: bytes, what: str) -> None:
    if found != claimed:
        raise ProofError(
            f"the proof leads to {found.hex()}, the {what} is {claimed.hex()}", code="proof.wrong"
        )
