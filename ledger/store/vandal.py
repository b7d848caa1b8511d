"""What a dishonest administrator can do to a ledger's database. For demonstrations and tests.

Whoever can write the file can drop its triggers, change rows, and compute every hash anew:
append-only tables stop accidents, not owners. What catches an owner is what he does not
have: the parties' keys, and the checkpoints that others have kept.

    overwrite   an entry's bytes, nothing else            the hashes do not fit
    rewrite     entries, then every hash over them        the signatures do not fit
    cut         the last entries, and all that names them the checkpoints do not fit

The ledger must be closed meanwhile. Nothing in the library calls these; projections are
left as they are, for `Ledger.rebuild`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..custody.statement import decode_registration
from ..errors import MalformedError, UnknownError
from ..log import chain, merkle
from . import entries
from .database import Connection, Database

__all__ = ["cut", "overwrite", "rewrite"]


def overwrite(path: Path, index: int, data: bytes) -> None:
    """Put other bytes in the place of an entry's; its hashes stay. UnknownError if none is."""
    with _unguarded(path) as connection:
        _put(connection, index, data)


def rewrite(path: Path, changes: Mapping[int, bytes]) -> None:
    """Put other bytes in these entries' places, and make everything fit: leaf hashes,
    tree, chain, event ids, head. Checkpoints, which no longer fit, are thrown away.
    """
    with _unguarded(path) as connection:
        for index, data in changes.items():
            _put(connection, index, data)
        _rehash(connection)


def cut(path: Path, size: int) -> None:
    """Keep the first `size` entries; remove the rest and every row that speaks of them."""
    with _unguarded(path) as connection:
        if not 0 < size < entries.head(connection).size:
            raise UnknownError(f"no entry {size} here to cut at", code="entry.unknown")
        execute = connection.exec_driver_sql
        execute(
            "DELETE FROM spent WHERE successor IN (SELECT id FROM event WHERE idx >= ?)", (size,)
        )
        execute("DELETE FROM event WHERE idx >= ?", (size,))
        execute("DELETE FROM entry WHERE idx >= ?", (size,))
        execute("DELETE FROM checkpoint WHERE size > ?", (size,))
        _rehash(connection, keep_checkpoints=True)


@contextmanager
def _unguarded(path: Path) -> Iterator[Connection]:
    """A writing transaction in which the triggers are gone; afterwards they are back."""
    database = Database(path)
    try:
        with database.writing() as connection:
            triggers = connection.exec_driver_sql(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).all()
            for name, _ in triggers:
                connection.exec_driver_sql(f'DROP TRIGGER "{name}"')
            yield connection
            for _, sql in triggers:
                connection.exec_driver_sql(sql)
    finally:
        database.close()


def _put(connection: Connection, index: int, data: bytes) -> None:
    if entries.entry(connection, index) is None:
        raise UnknownError(f"no entry {index} here", code="entry.unknown")
    connection.exec_driver_sql("UPDATE entry SET data = ? WHERE idx = ?", (data, index))


def _rehash(connection: Connection, keep_checkpoints: bool = False) -> None:
    """Compute all that follows from the entries' bytes."""
    execute = connection.exec_driver_sql
    recorded_at = entries.head(connection).recorded_at
    execute("DELETE FROM node")
    if not keep_checkpoints:
        execute("DELETE FROM checkpoint")
    frontier = merkle.Frontier()
    link = chain.START
    for row in list(entries.entries(connection)):
        leaf = merkle.leaf_hash(row.data)
        link = chain.link(link, leaf)
        execute("UPDATE entry SET leaf = ?, chain = ? WHERE idx = ?", (leaf, link, row.index))
        execute("UPDATE spent SET head = ? WHERE head = ?", (leaf, row.leaf))
        execute("UPDATE spent SET successor = ? WHERE successor = ?", (leaf, row.leaf))
        execute("UPDATE event SET id = ? WHERE idx = ?", (leaf, row.index))
        nodes = [(level, at, value) for level, at, value in frontier.append(leaf) if level]
        if nodes:
            execute("INSERT INTO node VALUES (?, ?, ?)", nodes)
        recorded_at = _recorded_at(row.data) or recorded_at
    execute(
        "UPDATE head SET size = ?, chain = ?, recorded_at = ?",
        (frontier.size, link, recorded_at),
    )


def _recorded_at(data: bytes) -> str:
    """The log's time in a registration, or nothing."""
    if not data.endswith(b'"type":"registered"}'):
        return ""
    try:
        return decode_registration(data).recorded_at
    except MalformedError:
        return ""
