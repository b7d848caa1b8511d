"""Opening the database: settings are asserted after they are set, errors are wrapped.

SQLite keeps what it acknowledged only under the right settings (security notes, D1 to D4;
measured there by power-cut simulation): WAL with synchronous=FULL where the library is
3.51.3 or newer, else journal_mode=TRUNCATE with synchronous=EXTRA, because the WAL-reset
race lived until then. Writers begin with BEGIN IMMEDIATE, so that they queue instead of
failing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from ..errors import StorageError, UnknownError
from .schema import FORMAT, metadata

__all__ = ["Connection", "Database", "blob", "make_file"]

_BUSY_SECONDS = 120
_WAL_IS_SAFE = (3, 51, 3)
_SYNCHRONOUS = {"FULL": 2, "EXTRA": 3}


def _settings() -> dict[str, tuple[str, object]]:
    """PRAGMA -> (value to set, value that must be read back)."""
    wal = sqlite3.sqlite_version_info >= _WAL_IS_SAFE
    journal, sync = ("wal", "FULL") if wal else ("truncate", "EXTRA")
    return {
        "journal_mode": (journal, journal),
        "synchronous": (sync, _SYNCHRONOUS[sync]),
        "foreign_keys": ("ON", 1),
        "trusted_schema": ("OFF", 0),
        "cell_size_check": ("ON", 1),
        "secure_delete": ("ON", 1),
        "mmap_size": ("0", 0),
        "busy_timeout": (str(_BUSY_SECONDS * 1000), _BUSY_SECONDS * 1000),
        "wal_autocheckpoint": ("16000", 16000),
    }


class Database:
    """A connection pool to one ledger's database, and its two kinds of transaction."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        if not path.is_file():
            raise StorageError(f"no database at {path}", code="storage.missing")
        if read_only:
            _undo_half(path)
        mode = "ro" if read_only else "rw"
        url = sqlalchemy.URL.create(
            "sqlite", database=f"file:{_quoted(path)}", query={"mode": mode, "uri": "true"}
        )
        self.engine: Engine = sqlalchemy.create_engine(url, connect_args={"isolation_level": None})
        event.listen(self.engine, "connect", self._connected)
        event.listen(self.engine, "begin", _begun)

    @classmethod
    def create(cls, path: Path) -> Database:
        """A new database with its tables; refuses to touch an existing file."""
        make_file(path)
        database = cls(path)
        with database.writing() as connection:
            metadata.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={FORMAT}")
            connection.exec_driver_sql("INSERT INTO head VALUES (1, 0, ?, '')", (bytes(32),))
        return database

    @classmethod
    def in_memory(cls) -> Database:
        """Tables without a file, for comparing; gone when it is closed."""
        database = cls.__new__(cls)
        database.path, database.read_only = Path(":memory:"), False
        database.engine = sqlalchemy.create_engine(
            "sqlite://", connect_args={"isolation_level": None}
        )
        event.listen(database.engine, "begin", _begun)
        with database.writing() as connection:
            metadata.create_all(connection)
        return database

    def backup(self, target: Path) -> None:
        """A copy of the database as it stands, in a new file."""
        if target.exists():
            raise StorageError(f"{target} exists already", code="storage.exists")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        with wrapped(self.path):
            source = self.engine.raw_connection()
        try:
            with wrapped(target), closing(sqlite3.connect(part)) as copy:
                source.driver_connection.backup(copy)  # type: ignore[union-attr]
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.replace(target)
        except OSError as error:
            raise StorageError(
                f"cannot write {target}: {error.strerror}", code="storage.failed"
            ) from None
        finally:
            part.unlink(missing_ok=True)
            source.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def remove(self) -> None:
        """Close every connection and leave nothing behind: a beginning that failed."""
        self.close()
        for ending in ("", "-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def check_format(self, known: int = FORMAT) -> None:
        """Refuse a file that is no ledger (or what else is `known`), or of a later format."""
        with self.reading() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version != known:
            raise StorageError(
                f"{self.path} has table format {version}, this program knows {known}",
                code="storage.format",
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view; writers go on meanwhile."""
        with wrapped(self.path), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writer at a time, durable when the block ends, undone when it raises."""
        if self.read_only:
            raise StorageError(f"{self.path} was opened for reading", code="storage.read-only")
        with wrapped(self.path), self.engine.connect() as connection:
            writer = connection.execution_options(oretrail_writes=True)
            with writer.begin():
                yield writer

    def _connected(self, dbapi: Any, record: object) -> None:
        for name, (wanted, expected) in _settings().items():
            if self.read_only and name in ("journal_mode", "wal_autocheckpoint"):
                continue
            dbapi.execute(f"PRAGMA {name}={wanted}")
            (got,) = dbapi.execute(f"PRAGMA {name}").fetchone() or (None,)
            if got != expected:
                raise StorageError(
                    f"SQLite setting {name} is {got!r}, {expected!r} is needed",
                    code="storage.settings",
                )


def make_file(path: Path) -> None:
    """An empty file for a new database; refuses to touch an existing one."""
    try:
        with path.open("xb"):
            pass
    except FileExistsError:
        raise StorageError(f"{path} exists already", code="storage.exists") from None
    except OSError as error:
        raise StorageError(f"cannot make {path}: {error.strerror}", code="storage.failed") from None


def _undo_half(path: Path) -> None:
    """Undo what a writer that was killed left half done; a reader alone may not.

    A journal that is in use, or a folder that cannot be written, is left as it is.
    """
    journal = path.with_name(f"{path.name}-journal")
    with contextlib.suppress(OSError, sqlite3.Error):
        if journal.stat().st_size:
            with closing(sqlite3.connect(path, timeout=0)) as connection:
                connection.execute("SELECT 1 FROM sqlite_master").fetchone()


def _quoted(path: Path) -> str:
    text = str(path.resolve())
    for mark in "%?#":
        text = text.replace(mark, f"%{ord(mark):02x}")
    return text


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("oretrail_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


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


def blob(value: object) -> bytes:
    """Bytes as they must be; a file that was written to by others may hold anything."""
    if not isinstance(value, bytes):
        raise StorageError(
            f"a value of type {type(value).__name__} stands where bytes belong",
            code="storage.corrupt",
        )
    return value


@contextmanager
def wrapped(path: Path) -> Iterator[None]:
    """Turn the driver's errors into ours, where they enter."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise UnknownError(f"{error.object!a} names nothing here") from None
    except UnicodeDecodeError as error:
        raise StorageError(
            f"database {path.name}: text that is none: {error.reason}", code="storage.corrupt"
        ) from None
    except SQLAlchemyError as error:
        cause = error.orig if isinstance(error, DatabaseError) else error
        text = str(cause)
        code = next((code for part, code in _CODES if part in text), "storage.failed")
        raise StorageError(f"database {path.name}: {text}", code=code) from error
    except sqlite3.Error as error:
        text = str(error)
        code = next((code for part, code in _CODES if part in text), "storage.failed")
        raise StorageError(f"database {path.name}: {text}", code=code) from error
