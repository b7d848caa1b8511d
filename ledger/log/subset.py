r"""Many leaves of one tree proven together, each hash that is needed exactly once.

    size 7, given leaves 1 and 4        needed, from left to right: 0  (1,1)  5  6

                    .
               ____/ \___
              /          \
             .            .          The roots of the maximal subtrees that hold no given
            / \          / \         leaf: their number and their order follow from the size
           .  (1,1)     .   6*       and the indexes, so nothing about such a proof is free.
          / \          / \
         0*  1        4   5*

For one leaf these are the hashes of its inclusion proof (RFC 6962, 2.1.1) from left to right.
specs/bundle.md says the same in words.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from ..errors import ProofError
from . import merkle
from .merkle import Reader, node_hash

__all__ = ["needed", "prove", "prove_from", "root_of"]


def needed(indexes: Sequence[int], size: int) -> list[tuple[int, int]]:
    """The leaves (begin, end) under each hash that proves the leaves at `indexes`, in order.

    Raises `ProofError` unless the indexes ascend, are below `size` and at least one.
    """
    _require_indexes(indexes, size)
    return list(_beside(indexes, 0, len(indexes), 0, size))


def prove_from(read: Reader, indexes: Sequence[int], size: int) -> list[bytes]:
    """The hashes that prove these leaves of the tree of that size; reads once."""
    return merkle.roots_from(read, needed(indexes, size))


def prove(leaf_hashes: Sequence[bytes], indexes: Sequence[int]) -> list[bytes]:
    """The hashes that prove these leaves of the tree over all of `leaf_hashes`."""
    return [merkle.root(leaf_hashes[begin:end]) for begin, end in needed(indexes, len(leaf_hashes))]


def root_of(
    indexes: Sequence[int], leaf_hashes: Sequence[bytes], size: int, hashes: Sequence[bytes]
) -> bytes:
    """The root to which the leaves at `indexes` and the other hashes lead.

    Raises `ProofError`: ``proof.size``, ``proof.index`` for no such leaves, ``proof.hash``
    for what is not 32 bytes, ``proof.length`` for any other number of hashes than needed.
    """
    wanted = len(needed(indexes, size))
    if len(leaf_hashes) != len(indexes):
        raise ProofError(
            f"{len(leaf_hashes)} leaf hashes for {len(indexes)} indexes", code="proof.index"
        )
    if len(hashes) != wanted:
        raise ProofError(f"{len(hashes)} hashes in the proof, not {wanted}", code="proof.length")
    for each in (*leaf_hashes, *hashes):
        if type(each) is not bytes or len(each) != 32:
            raise ProofError("a hash that is not 32 bytes", code="proof.hash")
    return _fold(indexes, 0, len(indexes), 0, size, iter(leaf_hashes), iter(hashes))


def _beside(
    indexes: Sequence[int], first: int, last: int, begin: int, end: int
) -> Iterator[tuple[int, int]]:
    """The maximal ranges of leaves from begin to end without any of indexes[first:last]."""
    if first == last:
        yield begin, end
    elif end - begin > 1:
        middle = _middle(begin, end)
        cut = bisect_left(indexes, middle, first, last)
        yield from _beside(indexes, first, cut, begin, middle)
        yield from _beside(indexes, cut, last, middle, end)


def _fold(
    indexes: Sequence[int],
    first: int,
    last: int,
    begin: int,
    end: int,
    leaves: Iterator[bytes],
    others: Iterator[bytes],
) -> bytes:
    """The root over leaves from begin to end, of which indexes[first:last] are given."""
    if first == last:
        return next(others)
    if end - begin == 1:
        return next(leaves)
    middle = _middle(begin, end)
    cut = bisect_left(indexes, middle, first, last)
    left = _fold(indexes, first, cut, begin, middle, leaves, others)
    return node_hash(left, _fold(indexes, cut, last, middle, end, leaves, others))


def _middle(begin: int, end: int) -> int:
    """Where the tree over these leaves (two at least) divides."""
    return begin + (1 << (end - begin - 1).bit_length() - 1)


def _require_indexes(indexes: Sequence[int], size: int) -> None:
    if type(size) is not int or not 0 < size <= merkle.MAX_SIZE:
        raise ProofError("no tree of that size has leaves", code="proof.size")
    if not indexes:
        raise ProofError("no leaf to prove", code="proof.index")
    before = -1
    for index in indexes:
        if type(index) is not int or not before < index < size:
            raise ProofError(
                f"indexes that do not ascend from 0 to below {size}", code="proof.index"
            )
        before = index
