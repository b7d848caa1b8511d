"""The log in the database: append in one transaction, read in order, hashes for proofs.

Indexes are gapless because they come from the head row inside the writer's transaction,
never from a sequence. Entry bytes are stored as received and never spelled anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from ..errors import ConflictError, StorageError, UnknownError
from ..log import chain, merkle
from .database import Connection, blob

__all__ = [
    "Head",
    "add_checkpoint",
    "append",
    "checkpoint_at",
    "entries",
    "entry",
    "events_known",
    "find",
    "is_event",
    "head",
    "hashes",
    "latest_checkpoint",
    "registration_of",
]

_CHUNK = 500


class Head(msgspec.Struct, frozen=True):
    """Where the log stands: number of entries, last chain hash, last recorded time."""

    size: int
    chain: bytes
    recorded_at: str


class Row(msgspec.Struct, frozen=True):
    """One stored entry."""

    index: int
    data: bytes
    leaf: bytes
    chain: bytes


def head(connection: Connection) -> Head:
    """The head row; what it says is checked by `db check`, never trusted by a verifier."""
    row = connection.exec_driver_sql("SELECT size, chain, recorded_at FROM head").first()
    if row is None:
        raise StorageError("the head row is missing", code="storage.corrupt")
    size, link, recorded_at = row
    if not isinstance(size, int) or not isinstance(recorded_at, str):
        raise StorageError("the head row cannot be read", code="storage.corrupt")
    return Head(size, blob(link), recorded_at)


def _row(index: int, data: object, leaf: object, link: object) -> Row:
    return Row(index, blob(data), blob(leaf), blob(link))


def events_known(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of these event ids, those in the log: id -> (index, index of the registration)."""
    known: dict[str, tuple[int, int]] = {}
    for start in range(0, len(ids), _CHUNK):
        part = tuple(bytes.fromhex(i) for i in ids[start : start + _CHUNK])
        marks = ",".join("?" * len(part))
        rows = connection.exec_driver_sql(
            f"SELECT id, idx, registration FROM event WHERE id IN ({marks})", part
        )
        known |= {blob(i).hex(): (index, registration) for i, index, registration in rows}
    return known


def append(
    connection: Connection,
    at: Head,
    data: Sequence[bytes],
    spent: Sequence[tuple[str, str, str]],
    recorded_at: str,
) -> Head:
    """Write a registration and its events after `at`; `spent` is (lot, head, successor)."""
    first = at.size
    leaves = [merkle.leaf_hash(one) for one in data]
    link = at.chain
    rows = []
    for place, (one, leaf) in enumerate(zip(data, leaves, strict=True)):
        link = chain.link(link, leaf)
        rows.append((first + place, one, leaf, link))
    nodes = frontier(connection, first).extend(leaves)
    execute = connection.exec_driver_sql
    execute("INSERT INTO entry VALUES (?, ?, ?, ?)", rows)
    above = [(level, index, value) for level, index, value in nodes if level]
    if above:
        execute("INSERT INTO node VALUES (?, ?, ?)", above)
    execute(
        "INSERT INTO event VALUES (?, ?, ?)",
        [(leaf, first + 1 + n, first) for n, leaf in enumerate(leaves[1:])],
    )
    if spent:
        execute(
            "INSERT INTO spent VALUES (?, ?, ?)",
            [(lot, bytes.fromhex(old), bytes.fromhex(new)) for lot, old, new in spent],
        )
    execute(
        "UPDATE head SET size = ?, chain = ?, recorded_at = ?",
        (first + len(rows), link, recorded_at),
    )
    return Head(first + len(rows), link, recorded_at)


def frontier(connection: Connection, size: int) -> merkle.Frontier:
    """The incremental tree at `size`, from O(log size) stored hashes."""
    return merkle.Frontier(size, hashes(connection, merkle.frontier_nodes(size)))


def hashes(connection: Connection, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
    """Stored subtree hashes; (level, index) covers leaves [index << level, (index+1) << level)."""
    found = []
    for level, index in wanted:
        table, where = ("entry", "idx = ?") if level == 0 else ("node", "level = ? AND idx = ?")
        column = "leaf" if level == 0 else "hash"
        row = connection.exec_driver_sql(
            f"SELECT {column} FROM {table} WHERE {where}",
            (index,) if level == 0 else (level, index),
        ).first()
        if row is None:
            raise StorageError(
                f"tree hash {level}/{index} is missing from the database",
                code="storage.corrupt",
            )
        found.append(blob(row[0]))
    return found


def tree(connection: Connection, size: int | None = None) -> tuple[int, str]:
    """(size, root) of the log, or of its first entries, from the stored hashes."""
    count = head(connection).size if size is None else size
    return count, merkle.root_from(lambda nodes: hashes(connection, nodes), count).hex()


def entry(connection: Connection, index: int) -> Row | None:
    """The entry at `index`, or None."""
    row = connection.exec_driver_sql(
        "SELECT idx, data, leaf, chain FROM entry WHERE idx = ?", (index,)
    ).first()
    return None if row is None else _row(*row)


def entries(connection: Connection, start: int = 0, end: int | None = None) -> Iterator[Row]:
    """Entries in log order, streamed; memory does not grow with the log."""
    last = (1 << 62) if end is None else end
    result = connection.execution_options(stream_results=True).exec_driver_sql(
        "SELECT idx, data, leaf, chain FROM entry WHERE idx >= ? AND idx < ? ORDER BY idx",
        (start, last),
    )
    for rows in result.partitions(1000):
        for index, data, leaf, link in rows:
            yield _row(index, data, leaf, link)


def successor(connection: Connection, lot: str, head: str) -> bytes | None:
    """The id of the event that built on this head of a lot, or None."""
    row = connection.exec_driver_sql(
        "SELECT successor FROM spent WHERE lot = ? AND head = ?", (lot, bytes.fromhex(head))
    ).first()
    return None if row is None else blob(row[0])


def is_event(connection: Connection, index: int) -> bool:
    """Whether an event stands at `index`, so that no statement begins there."""
    row = connection.exec_driver_sql("SELECT 1 FROM event WHERE idx = ?", (index,)).first()
    return row is not None


def registration_of(connection: Connection, index: int) -> int | None:
    """Where the registration of the event at `index` stands, or None."""
    row = connection.exec_driver_sql(
        "SELECT registration FROM event WHERE idx = ?", (index,)
    ).first()
    return None if row is None else int(row[0])


def find(connection: Connection, start: str) -> int:
    """The index that `start` spells, or of the one event whose id begins so.

    An id may begin with digits alone: what is too large for an index here is read as one.
    """
    number = int(start) if start.isascii() and start.isdigit() and len(start) < 19 else None
    if number is not None and (number < head(connection).size or len(start) < 4):
        return number
    if not 4 <= len(start) <= 64 or not set(start) <= set("0123456789abcdef"):
        raise UnknownError(f"{start!r} is no index and no event id", code="entry.unknown")
    low = bytes.fromhex(start.ljust(64, "0"))
    high = bytes.fromhex(start.ljust(64, "f"))
    rows = connection.exec_driver_sql(
        "SELECT idx FROM event WHERE id BETWEEN ? AND ? LIMIT 2", (low, high)
    ).all()
    if not rows and number is not None:
        return number
    if len(rows) != 1:
        what = "more than one event has" if rows else "no event has"
        raise UnknownError(f"{what} an id that begins {start}", code="entry.unknown")
    return int(rows[0][0])


def add_checkpoint(connection: Connection, size: int, note: bytes) -> None:
    """Keep a signed checkpoint; a second one for the same size must be the same."""
    before = checkpoint_at(connection, size)
    if before is None:
        connection.exec_driver_sql("INSERT INTO checkpoint VALUES (?, ?)", (size, note))
    elif before != note:
        raise ConflictError(
            f"another checkpoint of size {size} was signed before", code="checkpoint.exists"
        )


def checkpoint_at(connection: Connection, size: int) -> bytes | None:
    """The checkpoint that was signed for exactly this size, or None."""
    row = connection.exec_driver_sql("SELECT note FROM checkpoint WHERE size = ?", (size,)).first()
    return None if row is None else blob(row[0])


def latest_checkpoint(connection: Connection) -> bytes | None:
    """The newest signed checkpoint, or None."""
    row = connection.exec_driver_sql(
        "SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1"
    ).first()
    return None if row is None else blob(row[0])
