r"""Tiles: a log's tree and entries as files that never change (C2SP tlog-tiles).

    checkpoint                            the newest signed checkpoint; alone in that it changes
    tile/<level>/<index>                  256 hashes of 32 bytes, one after the other
    tile/<level>/<index>.p/<width>        the first <width> of them, 1 to 255: the right edge
    tile/entries/<index>[.p/<width>]      as many entries: (length, 2 bytes big-endian || entry)*

    index     three digits to a folder, "x" before all but the last: 1234067 is x001/x234/067
    level     tile n of level l holds the hashes of the subtrees over 256^l leaves each, number
              256 n to 256 n + 255; hash i is the node (8 l, 256 n + i) of `merkle`
    size s    has floor(s / 256^l) hashes at level l; a partial tile is not hashed upwards

                         level 1     [h0 h1 ]                   size 700: two full tiles
                                      |  |                      and one of width 188 at
                  .-------------------'  '-----.                level 0, one of width 2
    level 0     [256 leaf hashes] [256 leaf hashes] [188]       at level 1
    entries     [256 entries    ] [256 entries    ] [188]

What a `Reader` hands out is proven. The partial tiles, folded together, are the root; each
full tile has one hash in the tile above it; each entry's hash stands in a tile of level 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import MalformedError, ProofError
from . import merkle

__all__ = [
    "MAX_BUNDLE",
    "MAX_ENTRY",
    "WIDTH",
    "Fetch",
    "Reader",
    "Tile",
    "bundle",
    "bundles_of",
    "entries_in",
    "entries_path",
    "hashes_in",
    "nodes_of",
    "path",
    "tiles_of",
]

WIDTH = 256
"""Hashes in a full tile, entries in a full bundle."""
MAX_ENTRY = 65_535
"""Bytes in one entry: what the length before it can say."""
MAX_BUNDLE = WIDTH * (2 + MAX_ENTRY)
"""Bytes in one bundle; a tile has fewer."""

Fetch = Callable[[str], bytes]
"""Gives the bytes at a path; raises a LookupError if nothing is there."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile, or with level -1 a bundle of entries: which, and how much of it there is."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Where it stands."""
        return _path("entries" if self.level < 0 else str(self.level), self.index, self.width)


def path(level: int, index: int, width: int = WIDTH) -> str:
    """Where a tile of the tree stands: ``tile/0/x001/x234/067.p/8``."""
    if type(level) is not int or not 0 <= level < 64:
        raise ProofError("a level that is no integer from 0 to 63", code="tile.place")
    return _path(str(level), index, width)


def entries_path(index: int, width: int = WIDTH) -> str:
    """Where a bundle of entries stands: ``tile/entries/x001/x234/067``."""
    return _path("entries", index, width)


def _path(level: str, index: int, width: int) -> str:
    if type(index) is not int or not 0 <= index <= merkle.MAX_SIZE:
        raise ProofError(
            f"a number that is no integer from 0 to {merkle.MAX_SIZE}", code="tile.place"
        )
    if type(width) is not int or not 1 <= width <= WIDTH:
        raise ProofError(f"a width that is no integer from 1 to {WIDTH}", code="tile.place")
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.append(f"x{index % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(parts))}{partial}"


def tiles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Every tile of a tree of that size, without those that the tree of size `since` has.

    By level, and from left to right; partial tiles among them.
    """
    level = 0
    while size >> 8 * level:
        yield from _row(level, size >> 8 * level, since >> 8 * level)
        level += 1


def bundles_of(size: int, since: int = 0) -> Iterator[Tile]:
    """Every bundle of entries of a log of that size, without those of the size `since`."""
    yield from _row(-1, size, since)


def _row(level: int, count: int, since: int) -> Iterator[Tile]:
    for index in range(since >> 8, count >> 8):
        yield Tile(level, index)
    if count & 255 and count != since:
        yield Tile(level, count >> 8, count & 255)


def nodes_of(tile: Tile) -> list[merkle.Node]:
    """The nodes of the tree whose hashes a tile holds, from left to right."""
    first = tile.index * WIDTH
    return [(8 * tile.level, at) for at in range(first, first + tile.width)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """The entries, each after its length."""
    pieces = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise MalformedError(
                f"an entry of {len(entry)} bytes, more than {MAX_ENTRY}", code="bundle.malformed"
            )
        pieces += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(pieces)


def entries_in(data: bytes, count: int) -> list[bytes]:
    """The entries of a bundle, of which there are `count`; MalformedError ``bundle.malformed``."""
    entries = []
    at = 0
    for number in range(count):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if len(data) < at + 2 or len(data) < end:
            raise MalformedError(
                f"a bundle of {count} entries ends inside number {number}", code="bundle.malformed"
            )
        entries.append(data[at + 2 : end])
        at = end
    if at != len(data):
        raise MalformedError(
            f"{len(data) - at} bytes after the {count} entries of a bundle",
            code="bundle.malformed",
        )
    return entries


def hashes_in(data: bytes, width: int) -> list[bytes]:
    """The hashes of a tile of this width; MalformedError ``tile.malformed``."""
    if len(data) != 32 * width:
        raise MalformedError(
            f"a tile of {len(data)} bytes, not {32 * width}", code="tile.malformed"
        )
    return [data[at : at + 32] for at in range(0, len(data), 32)]


class Reader:
    """A log's tree and entries behind `fetch`, each proven against `root` before use.

    `size` and `root` are a checkpoint's; that its signature is good is for the caller to
    see to. A partial tile that is gone is read from the full one, which replaced it.
    Errors: ProofError ``tile.wrong`` and ``bundle.wrong`` for what is not in this tree,
    ``tile.missing`` for what is not there; MalformedError ``tile.malformed`` and
    ``bundle.malformed``; and whatever `fetch` raises.
    """

    def __init__(self, fetch: Fetch, size: int, root: bytes) -> None:
        self._fetch, self._size, self._root = fetch, size, root
        # Of each level, the partial tile and the full one that was proven last.
        self._edge: dict[int, list[bytes]] | None = None
        self._kept: dict[int, tuple[int, list[bytes]]] = {}

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The entries from `start` up to `end`, or all that follow."""
        last = self._size if end is None else end
        if not 0 <= start <= last <= self._size:
            raise ProofError(
                f"no entries {start} to {last} in a tree of size {self._size}", code="proof.index"
            )
        at = start
        while at < last:
            index, place = divmod(at, WIDTH)
            stop = min(last - index * WIDTH, WIDTH)
            yield from self._bundle(index)[place:stop]
            at = index * WIDTH + stop

    def leaf(self, index: int) -> bytes:
        """The hash of one entry."""
        return self.nodes([(0, index)])[0]

    def nodes(self, wanted: Sequence[merkle.Node]) -> list[bytes]:
        """The hashes of complete subtrees: what `merkle` asks for to make a proof."""
        return [self._node(level, index) for level, index in wanted]

    def _node(self, level: int, index: int) -> bytes:
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise ProofError(
                f"no subtree {level}/{index} in a tree of size {self._size}", code="proof.index"
            )
        row, step = divmod(level, 8)
        tile, place = divmod(index << step, WIDTH)
        return merkle.root(self._tile(row, tile)[place : place + (1 << step)])

    def _bundle(self, index: int) -> list[bytes]:
        leaves = self._tile(0, index)
        entries = self._read(Tile(-1, index, len(leaves)), entries_in)
        for place, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
            found = merkle.leaf_hash(entry)
            if found != leaf:
                raise ProofError(
                    f"entry {index * WIDTH + place} hashes to {found.hex()[:16]}, its leaf in "
                    f"the tree is {leaf.hex()[:16]}",
                    code="bundle.wrong",
                )
        return entries

    def _tile(self, level: int, index: int) -> list[bytes]:
        """The hashes of a tile, proven: a partial one with the root, a full one by that above."""
        if self._edge is None:
            self._edge = self._read_edge()
        if index == self._size >> 8 * level >> 8:
            return self._edge[level]
        at, kept = self._kept.get(level, (-1, []))
        if at == index:
            return kept
        above = self._tile(level + 1, index // WIDTH)[index % WIDTH]
        hashes = self._read(Tile(level, index), hashes_in)
        found = merkle.root(hashes)
        if found != above:
            raise ProofError(
                f"{path(level, index)} hashes to {found.hex()[:16]}, the tree has "
                f"{above.hex()[:16]} there",
                code="tile.wrong",
            )
        self._kept[level] = index, hashes
        return hashes

    def _read_edge(self) -> dict[int, list[bytes]]:
        """The partial tiles, which together are the root."""
        edge: dict[int, list[bytes]] = {}
        peaks: list[bytes] = []
        level = self._size.bit_length() // 8
        for row in range(level, -1, -1):
            count = self._size >> 8 * row
            if not count & 255:
                continue
            hashes = self._read(Tile(row, count >> 8, count & 255), hashes_in)
            edge[row], at = hashes, 0
            for step in range(7, -1, -1):
                if count >> step & 1:
                    peaks.append(merkle.root(hashes[at : at + (1 << step)]))
                    at += 1 << step
        found = merkle.Frontier(self._size, peaks).root()
        if found != self._root:
            raise ProofError(
                f"the right edge of the tiles has root {found.hex()[:16]}, the checkpoint of "
                f"size {self._size} says {self._root.hex()[:16]}",
                code="tile.wrong",
            )
        return edge

    def _read(self, tile: Tile, parse: Callable[[bytes, int], list[bytes]]) -> list[bytes]:
        """What is in a tile, as yet unproven; a partial one may have been replaced."""
        tries = dict.fromkeys((tile, replace(tile, width=WIDTH)))
        for one in tries:
            try:
                data = self._fetch(one.path)
            except LookupError:
                continue
            try:
                return parse(data, one.width)[: tile.width]
            except MalformedError as error:
                raise MalformedError(f"{one.path}: {error}", code=error.code) from None
        raise ProofError(f"{tile.path} is not there", code="tile.missing")
