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
from .postgres_url import Place
from .sheaves import Sheaves, pack

__all__ = ["cut", "overwrite", "rewrite"]


def overwrite(path: Place, index: int, data: bytes) -> None:
    """Put other bytes in the place of an entry's; its hashes stay. UnknownError if none is."""
    with _unguarded(path) as connection:
        _put(connection, index, data)


def rewrite(path: Place, changes: Mapping[int, bytes]) -> None:
    """Put other bytes in these entries' places, and make everything fit: leaf hashes,
    tree, chain, event ids, head. Checkpoints, which no longer fit, are thrown away.
    """
    with _unguarded(path) as connection:
        for index, data in changes.items():
            _put(connection, index, data)
        _rehash(connection)


def cut(path: Place, size: int) -> None:
    """Keep the first `size` entries; remove the rest and every row that speaks of them."""
    with _unguarded(path) as connection:
        if not 0 < size < entries.head(connection).size:
            raise UnknownError(f"no entry {size} here to cut at", code="entry.unknown")
        execute = connection.exec_driver_sql
        sheaf = Sheaves(connection).at(size)
        if sheaf is not None and sheaf.first < size:
            execute(
                "UPDATE sheaf SET size = ?, data = ? WHERE first = ?",
                (size - sheaf.first, pack(sheaf.entries[: size - sheaf.first]), sheaf.first),
            )
        for table, column in _PLACES:
            execute(f"DELETE FROM {table} WHERE {column} >= ?", (size,))
        execute("DELETE FROM checkpoint WHERE size > ?", (size,))
        _rehash(connection, keep_checkpoints=True)


_PLACES = (
    ("spent", "successor"),
    ("event", "idx"),
    ("statement", "first"),
    ("entry", "idx"),
    ("sheaf", "first"),
)


@contextmanager
def _unguarded(path: Place) -> Iterator[Connection]:
    """A writing transaction in which the triggers are gone; afterwards they are back."""
    database = Database(Path(path))
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
    sheaf = Sheaves(connection).at(index)
    if sheaf is not None:
        place = index - sheaf.first
        changed = (*sheaf.entries[:place], data, *sheaf.entries[place + 1 :])
        connection.exec_driver_sql(
            "UPDATE sheaf SET data = ? WHERE first = ?", (pack(changed), sheaf.first)
        )


def _rehash(connection: Connection, keep_checkpoints: bool = False) -> None:
    """Compute all that follows from the entries' bytes."""
    execute = connection.exec_driver_sql
    recorded_at = entries.head(connection).recorded_at
    begins = {first for (first,) in execute("SELECT first FROM statement")}
    execute("DELETE FROM node")
    execute("DELETE FROM event")
    if not keep_checkpoints:
        execute("DELETE FROM checkpoint")
    frontier = merkle.Frontier()
    link = chain.START
    for row in list(entries.entries(connection)):
        leaf, before = merkle.leaf_hash(row.data), link
        link = chain.link(link, leaf)
        execute("UPDATE entry SET leaf = ?, chain = ? WHERE idx = ?", (leaf, link, row.index))
        execute("UPDATE sheaf SET before = ? WHERE first = ?", (before, row.index))
        execute("UPDATE sheaf SET chain = ? WHERE first + size = ?", (link, row.index + 1))
        if row.index not in begins:
            key = entries.event_key(leaf)
            execute("INSERT INTO event (key, idx) VALUES (?, ?)", (key, row.index))
        # All of them: more than the store keeps, and never another hash than it would have.
        execute("INSERT INTO node (level, idx, hash) VALUES (?, ?, ?)", frontier.append(leaf))
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
