"""Every row of a ledger, from one kind of database into the other.

    into_file      PostgreSQL -> a new file of SQLite's, which opens like any other
    into_tables    a file of SQLite's -> empty tables

What is copied is one consistent view, table by table, rows as they are.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import Table

from ..errors import StorageError
from .database import Connection, Database
from .schema import metadata

__all__ = ["copy_rows", "into_file"]

_TOGETHER = 1000


def into_file(source: Connection, target: Path) -> None:
    """Write a ledger into a new file, whole or not at all; StorageError ``storage.exists``."""
    if target.exists():
        raise StorageError(f"{target} exists already", code="storage.exists")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    file = Database.create(part)
    try:
        with file.writing() as connection:
            connection.exec_driver_sql("DELETE FROM head")
            copy_rows(source, connection)
        file.close()
        part.replace(target)
    except OSError as error:
        raise StorageError(
            f"cannot write {target}: {error.strerror}", code="storage.failed"
        ) from None
    finally:
        file.remove()


def copy_rows(source: Connection, target: Connection) -> None:
    """Every row of every table into tables that are empty."""
    for table in metadata.sorted_tables:
        names = [column.name for column in table.columns]
        listed = ", ".join(names)
        marks = ", ".join("?" * len(names))
        rows = source.execution_options(stream_results=True).exec_driver_sql(
            f"SELECT {listed} FROM {table.name} ORDER BY {_order(table)}"
        )
        for part in rows.partitions(_TOGETHER):
            target.exec_driver_sql(
                f"INSERT INTO {table.name} ({listed}) VALUES ({marks})",
                [tuple(row) for row in part],
            )


def _order(table: Table) -> str:
    """By the key; where there is none, as they came."""
    return ", ".join(column.name for column in table.primary_key) or "rowid"
