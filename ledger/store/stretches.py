"""A stored log in stretches: where one may begin, and reading one in another process."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from ..audit.report import Before
from ..audit.stretch import Place, Row
from ..custody.books import key_ref
from ..custody.registration import Needs
from ..log import merkle
from . import entries, projections
from .places import opened
from .reading import Connection

__all__ = ["LARGEST", "Stored", "begins", "cuts", "open_log", "vkeys"]

LARGEST = 4_096
"""Entries in a stretch."""
_FIRST = 256
"""Entries in the first one, so that there is soon something to replay."""


def cuts(connection: Connection, size: int, most: int = LARGEST, start: int = 0) -> Iterator[int]:
    """`start`, and then where further stretches begin, up to `size`; statements are kept whole.

    What the table says of that is a help: whoever looks at a stretch sees whether it is so.
    """
    at, wanted = start, min(_FIRST, most)
    yield at
    while at < size:
        (after,) = connection.exec_driver_sql(
            "SELECT min(first) FROM statement WHERE first >= ?", (at + wanted,)
        ).first() or (None,)
        at = after if isinstance(after, int) and at < after < size else size
        yield at
        wanted = min(2 * wanted, most)


def begins(connection: Connection, before: Before) -> bool:
    """Whether the log's first entries are those that were verified before: their very bytes.

    The root over them is recomputed. This is what a consistency proof shows, and more: where
    the two trees agree, nothing in between has to be believed.
    """
    tree = merkle.Frontier()
    for rows in _portions(entries.stated(connection, 0, before.size)):
        tree.extend(merkle.leaf_hash(row[1]) for row in rows)
    return tree.size > 0 and (tree.size, tree.root().hex()) == (before.size, before.root)


def _portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while portion := list(islice(rows, LARGEST)):
        yield portion


def vkeys(connection: Connection, refs: Iterable[str]) -> Mapping[str, str]:
    """The keys that the tables know by these references."""
    nothing: frozenset[str] = frozenset()
    needs = Needs(nothing, nothing, frozenset(refs), nothing, nothing)
    books = projections.load(connection, needs)
    found = {ref: key.vkey for ref, key in books.keys.items()}
    if books.governance is not None:
        found |= {key_ref(vkey): vkey for vkey in books.governance.keys}
    return found


class Stored:
    """The log in a store, as it stands when each question is asked; it only grows."""

    def __init__(self, place: Place) -> None:
        self._store = opened(place, read_only=True)

    def entries(self, start: int, end: int) -> Iterator[Row]:
        """The entries from `start` up to `end`, in order."""
        with self._store.reading() as connection:
            yield from entries.stated(connection, start, end)

    def vkeys(self, refs: frozenset[str]) -> Mapping[str, str]:
        """The keys that the tables know by these references."""
        with self._store.reading() as connection:
            return vkeys(connection, refs)

    def close(self) -> None:
        """Close the store."""
        self._store.close()


def open_log(place: Place) -> Stored:
    """The log at a path or URL."""
    return Stored(place)
