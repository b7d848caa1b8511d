"""Older formats of the tables, brought up to the present one: forwards only, one by one.

    1 -> 2    entries, checkpoints and cosignatures stay as they are, hashes of subtrees are
              taken over, and all else is made anew from the log

A step runs in the transaction of whoever calls it: all of it, or nothing. What can follow from
the log is never carried over, so a step knows the old tables by what it drops and keeps.

Only writing changes a file. Who opens an old one for reading reads a copy of it that was
brought up to date, in a folder that goes away with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..log import merkle
from . import entries as log

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["OLDEST", "migrate"]

OLDEST = 1
"""The first format there was."""

_REGISTRATION = b'"type":"registered"}'
_TOGETHER = 1000


def migrate(connection: sqlalchemy.Connection, version: int, wanted: int) -> None:
    """Bring the tables from one format to a later one."""
    for step in range(version + 1, wanted + 1):
        _STEPS[step](connection)
    connection.exec_driver_sql(f"PRAGMA user_version={wanted}")


def _to_2(connection: sqlalchemy.Connection) -> None:
    """Numbers in the place of names and hashes; see `schema`."""
    from . import projections
    from .replay import replay
    from .schema import metadata

    execute = connection.exec_driver_sql
    for table in ("event", "spent", "lot", "edge", "touch"):
        execute(f"DROP TABLE {table}")
    for act in ("update", "delete"):
        execute(f"DROP TRIGGER IF EXISTS node_no_{act}")
    execute("ALTER TABLE node RENAME TO node_before")
    metadata.create_all(connection)
    execute("INSERT INTO node (level, idx, hash) SELECT level, idx, hash FROM node_before")
    execute("DROP TABLE node_before")
    projections.clear(connection)
    _index(connection)
    replay(connection, connection, spend=True)


def _index(connection: sqlalchemy.Connection) -> None:
    """Where statements begin, and where the event with an id stands."""
    firsts: list[tuple[int]] = []
    keys: list[tuple[int, int]] = []

    def write() -> None:
        if firsts:
            connection.exec_driver_sql("INSERT INTO statement (first) VALUES (?)", firsts)
        if keys:
            connection.exec_driver_sql("INSERT INTO event (key, idx) VALUES (?, ?)", sorted(keys))
        firsts.clear()
        keys.clear()

    for index, data, _, _ in log.stated(connection):
        if data.endswith(_REGISTRATION):
            firsts.append((index,))
        else:
            keys.append((log.event_key(merkle.leaf_hash(data)), index))
        if len(firsts) + len(keys) >= _TOGETHER:
            write()
    write()


_STEPS: dict[int, Callable[[sqlalchemy.Connection], None]] = {2: _to_2}
