"""A backup put in the place of a ledger in PostgreSQL: the old schema is kept under a new name.

    LOCK head                  nobody writes meanwhile, and whoever waits finds the new one
    schema kivu                -> kivu_replaced_1, as it is
    schema kivu, made anew     every row of the backup

In one transaction: all of it, or nothing. Whoever has the ledger open goes on with the
restored one.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import StorageError
from .copying import copy_rows
from .database import Database
from .postgres import MAKE, PostgresDatabase, make_tables
from .postgres_link import Link
from .postgres_url import Url

__all__ = ["restore_into"]

_THERE = "SELECT 1 FROM pg_namespace WHERE nspname = ?"


def restore_into(source: Path, place: str) -> str | None:
    """Write the database file `source` over the ledger at a URL; returns the old one's URL.

    None if there was no schema of that name.
    """
    backup = Database(source, read_only=True)
    target = PostgresDatabase(place)
    try:
        backup.check_format()
        with backup.reading() as rows, target.transaction(MAKE) as link:
            kept = _aside(link, target.url.schema)
            link.run(f'CREATE SCHEMA "{target.url.schema}"')
            make_tables(link)
            copy_rows(rows, link)
    finally:
        target.close()
        backup.close()
    return None if kept is None else Url.parse(place).in_schema(kept)


def _aside(link: Link, schema: str) -> str | None:
    """Give the schema a name that is free."""
    if link.exec_driver_sql(_THERE, (schema,)).first() is None:
        return None
    head = link.exec_driver_sql("SELECT to_regclass('head') IS NOT NULL").scalar_one()
    if head:
        link.run("LOCK TABLE head IN ACCESS EXCLUSIVE MODE")
    for number in range(1, 10_000):
        kept = f"{schema[:48]}_replaced_{number}"
        if link.exec_driver_sql(_THERE, (kept,)).first() is None:
            link.run(f'ALTER SCHEMA "{schema}" RENAME TO "{kept}"')
            return kept
    raise StorageError(f"no name is free to keep schema {schema} under", code="storage.exists")
