"""The part of the store that needs SQLAlchemy: to write, and to make tables.

Loaded when a database is opened for writing; reading does without (`store.reading`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from .reading import driver_error, driver_errors, quoted

__all__ = ["in_memory", "open_file", "wrapped"]


def open_file(path: Path, connected: Callable[[Any], None]) -> Engine:
    """An engine over a file that is there; `connected` is called with each new connection."""
    url = sqlalchemy.URL.create(
        "sqlite", database=f"file:{quoted(path)}", query={"mode": "rw", "uri": "true"}
    )
    engine = sqlalchemy.create_engine(url, connect_args={"isolation_level": None})

    def settle(dbapi: Any, record: object) -> None:
        connected(dbapi)

    event.listen(engine, "connect", settle)
    event.listen(engine, "begin", _begun)
    return engine


def in_memory() -> Engine:
    """An engine over tables without a file."""
    engine = sqlalchemy.create_engine("sqlite://", connect_args={"isolation_level": None})
    event.listen(engine, "begin", _begun)
    return engine


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("oretrail_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def wrapped(path: Path) -> Iterator[None]:
    """Turn SQLAlchemy's errors and the driver's into ours, where they enter."""
    with driver_errors(path):
        try:
            yield
        except SQLAlchemyError as error:
            cause = error.orig if isinstance(error, DatabaseError) else error
            raise driver_error(path, cause) from error
