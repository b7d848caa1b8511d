"""Reading a database with nothing but SQLite: what most commands need, and no more.

Loading SQLAlchemy costs more than all the rest of a short command. It is needed to write, to
make tables, and for another database than SQLite; the reads of this storey are plain SQL, and
ask for as much of a connection as `Connection` says, which SQLAlchemy's has as well.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Protocol

from ..errors import StorageError, UnknownError

__all__ = ["Connection", "Reader", "Rows", "connect", "driver_error", "driver_errors", "quoted"]


class Rows(Protocol):
    """What a query found."""

    def __iter__(self) -> Iterator[Sequence[Any]]:
        """One row after the other."""

    def first(self) -> Sequence[Any] | None:
        """The first row, or None; the rest is let go."""

    def all(self) -> Sequence[Sequence[Any]]:
        """Every row."""

    def scalar_one(self) -> Any:
        """The one value of the one row."""

    def partitions(self, size: int | None = None) -> Iterator[Sequence[Sequence[Any]]]:
        """The rows, so many at a time."""


class Connection(Protocol):
    """A transaction in which SQL can be asked: SQLAlchemy's, or one that only reads."""

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Rows:
        """Run a statement as the driver spells it."""

    def execution_options(self, *, stream_results: bool = ...) -> Connection:
        """The same connection, told how results are wanted."""


class Reader:
    """Connections that read one database file; each transaction is a consistent view.

    `connected` is called with each new connection of the driver.
    """

    def __init__(self, path: Path, connected: Callable[[Any], None]) -> None:
        self._path = path
        self._connected = connected
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction; several may be open at a time."""
        with driver_errors(self._path):
            connection = (
                self._idle.pop() if self._idle else connect(self._path, "ro", self._connected)
            )
            try:
                connection.execute("BEGIN")
                yield _Plain(connection)
            finally:
                connection.rollback()
                if self._closed:
                    connection.close()
                else:
                    self._idle.append(connection)

    def close(self) -> None:
        """Close what is idle now, and the rest when it is done with."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


class _Plain:
    """The driver's connection, asked as SQLAlchemy's is."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Rows:
        return _PlainRows(self._connection.execute(statement, parameters or ()))

    def execution_options(self, *, stream_results: bool = True) -> Connection:
        return self


class _PlainRows:
    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return self._cursor

    def first(self) -> Sequence[Any] | None:
        with closing(self._cursor):
            row: Sequence[Any] | None = self._cursor.fetchone()
            return row

    def all(self) -> Sequence[Sequence[Any]]:
        return self._cursor.fetchall()

    def scalar_one(self) -> Any:
        rows = self._cursor.fetchmany(2)
        if len(rows) != 1:
            raise sqlite3.DataError(f"{len(rows) or 'no'} rows where one is expected")
        return rows[0][0]

    def partitions(self, size: int | None = None) -> Iterator[Sequence[Sequence[Any]]]:
        while rows := self._cursor.fetchmany(size or 1000):
            yield rows


def connect(path: Path, mode: str, connected: Callable[[Any], None]) -> sqlite3.Connection:
    """A connection of the driver, mode ``ro`` or ``rw``; whoever asks closes it."""
    connection = sqlite3.connect(
        f"file:{quoted(path)}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connected(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def quoted(path: Path) -> str:
    """The path as SQLite reads it in a URI."""
    text = str(path.resolve())
    for mark in "%?#":
        text = text.replace(mark, f"%{ord(mark):02x}")
    return text


_CODES = (
    ("disk is full", "storage.full"),
    ("readonly database", "storage.read-only"),
    ("database is locked", "storage.busy"),
    ("append-only", "storage.append-only"),
    ("malformed", "storage.corrupt"),
    ("Could not decode", "storage.corrupt"),
    ("not a database", "storage.corrupt"),
    ("no such table", "storage.corrupt"),
    ("unable to open", "storage.missing"),
)


def driver_error(path: Path, error: object) -> StorageError:
    """What the driver said, in our words."""
    text = str(error)
    code = next((code for part, code in _CODES if part in text), "storage.failed")
    return StorageError(f"database {path.name}: {text}", code=code)


@contextmanager
def driver_errors(path: Path) -> Iterator[None]:
    """Turn the driver's errors into ours, where they enter."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise UnknownError(f"{error.object!a} names nothing here") from None
    except UnicodeDecodeError as error:
        raise StorageError(
            f"database {path.name}: text that is none: {error.reason}", code="storage.corrupt"
        ) from None
    except sqlite3.Error as error:
        raise driver_error(path, error) from error
