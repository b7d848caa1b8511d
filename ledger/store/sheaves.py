"""Sheaves: the entries of a large statement, bound together and compressed.

    statement of 700 entries, from index 500 on
    sheaf        500 .. 511 | 512 .. 767 | 768 .. 1023 | 1024 .. 1199     none crosses a
                                                                           multiple of 256
    row          first, size     which entries these are
                 before, chain   the chain hashes before the first and after the last
                 data            0x01 || zlib(tile/entries as in specs/tiles.md)

    0x01         how it is compressed; others may follow, and are refused until they are known

Leaf hashes, and the chain hashes between, are not kept: they follow from the bytes. The last
chain hash is over all of them, so whoever verifies compares that one, and the one before;
whoever wants one entry has at most 256 to unpack, of at most 16 MiB, whatever a damaged row
may claim.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, islice

from ..errors import MalformedError, StorageError
from ..log import chain, merkle, tiles
from .database import Connection, blob

__all__ = ["LEVEL", "SMALLEST", "Sheaf", "Sheaves", "bind", "cuts", "pack", "unpack"]

SMALLEST = 16
"""Events of a statement from which on its entries are bound; with fewer, each is a row."""

LEVEL = 8
"""The highest level of a complete subtree that can be within one sheaf."""

_ZLIB = b"\x01"
_EFFORT = 1
_COLUMNS = "first, size, before, chain, data"


@dataclass(frozen=True)
class Sheaf:
    """Consecutive entries from `first` on, and the chain hashes before and after them."""

    first: int
    before: bytes
    chain: bytes
    entries: tuple[bytes, ...]

    @property
    def end(self) -> int:
        """The index after the last."""
        return self.first + len(self.entries)

    @cached_property
    def leaves(self) -> list[bytes]:
        """The leaf hashes, from the bytes."""
        return [merkle.leaf_hash(data) for data in self.entries]

    @cached_property
    def links(self) -> list[bytes]:
        """The chain hashes from the leaf hashes, but the last as it is stored."""
        links = accumulate(self.leaves[:-1], chain.link, initial=self.before)
        return [*islice(links, 1, None), self.chain]


def cuts(first: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the sheaves of these entries begin and end."""
    while first < end:
        cut = min(end, (first // tiles.WIDTH + 1) * tiles.WIDTH)
        yield first, cut
        first = cut


def pack(entries: Sequence[bytes]) -> bytes:
    """The entries as `data` of a row."""
    return _ZLIB + zlib.compress(tiles.bundle(entries), _EFFORT)


def unpack(first: int, size: int, data: bytes) -> tuple[bytes, ...]:
    """The entries in `data`; StorageError ``storage.corrupt`` unless they are exactly that many."""
    if not 1 <= size <= tiles.WIDTH:
        raise _corrupt(first, f"it is said to hold {size} entries")
    if data[:1] != _ZLIB:
        raise _corrupt(first, f"compressed in a way {data[:1].hex() or 'unsaid'} that is unknown")
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data[1:], tiles.MAX_BUNDLE + 1)
    except zlib.error as error:
        raise _corrupt(first, str(error)) from None
    if not inflate.eof or inflate.unused_data:
        raise _corrupt(first, "it ends too early, too late or never")
    try:
        return tuple(tiles.entries_in(plain, size))
    except MalformedError as error:
        raise _corrupt(first, str(error)) from None


def bind(connection: Connection, sheaves: Sequence[Sheaf]) -> None:
    """Write sheaves."""
    connection.exec_driver_sql(
        f"INSERT INTO sheaf ({_COLUMNS}) VALUES (?, ?, ?, ?, ?)",
        [
            (one.first, len(one.entries), one.before, one.chain, pack(one.entries))
            for one in sheaves
        ],
    )


class Sheaves:
    """The sheaves of a database; the one that was read last is kept at hand."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last: Sheaf | None = None

    def at(self, index: int) -> Sheaf | None:
        """The sheaf that this entry is in, or None."""
        if self._last is None or not self._last.first <= index < self._last.end:
            row = self._connection.exec_driver_sql(
                f"SELECT {_COLUMNS} FROM sheaf WHERE first <= ? ORDER BY first DESC LIMIT 1",
                (index,),
            ).first()
            if row is None or index >= row[0] + row[1]:
                return None
            self._last = _sheaf(row)
        return self._last

    def hash(self, level: int, index: int) -> bytes | None:
        """The hash of a subtree if one sheaf has all its leaves, or None."""
        begin, end = index << level, (index + 1) << level
        sheaf = self.at(begin) if level <= LEVEL else None
        if sheaf is None or end > sheaf.end:
            return None
        return merkle.root(sheaf.leaves[begin - sheaf.first : end - sheaf.first])

    def between(self, start: int, end: int) -> Iterator[Sheaf]:
        """Sheaves that have any of these entries, in order."""
        first = self.at(start)
        if first is not None and first.first < start < end:
            yield first
        while True:
            row = self._connection.exec_driver_sql(
                f"SELECT {_COLUMNS} FROM sheaf WHERE first >= ? AND first < ? "
                "ORDER BY first LIMIT 1",
                (start, end),
            ).first()
            if row is None:
                return
            yield _sheaf(row)
            start = row[0] + 1


def _sheaf(row: Sequence[object]) -> Sheaf:
    first, size, before, link, data = row
    if not isinstance(first, int) or not isinstance(size, int):
        raise StorageError("a sheaf's place cannot be read", code="storage.corrupt")
    return Sheaf(first, blob(before), blob(link), unpack(first, size, blob(data)))


def _corrupt(first: int, what: str) -> StorageError:
    return StorageError(
        f"the entries from {first} on cannot be read: {what}",
        code="storage.corrupt",
        hint="put a backup in its place: oretrail db restore FILE",
    )
