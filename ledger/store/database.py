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
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import StorageError
from .reading import Connection, Reader, connect, driver_errors

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["FORMAT", "Connection", "Database", "blob", "make_file"]

FORMAT = 2
"""Version of the tables, in `PRAGMA user_version`."""

_BUSY_SECONDS = 120
_PAGE = 8192
"""Bytes in a page of a new database."""
_CACHE = 262_144
"""KiB of pages that a connection may keep in memory."""
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
        "cache_size": (str(-_CACHE), -_CACHE),
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
        self._reader = Reader(path, self._connected) if read_only else None
        self._copy: tempfile.TemporaryDirectory[str] | None = None

    @cached_property
    def engine(self) -> sqlalchemy.Engine:
        """SQLAlchemy's engine, for what is opened for writing."""
        from . import engine

        return engine.open_file(self.path, self._connected)

    @classmethod
    def create(cls, path: Path) -> Database:
        """A new database with its tables; refuses to touch an existing file."""
        from .schema import metadata

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
        from . import engine
        from .schema import metadata

        database = cls.__new__(cls)
        database.path, database.read_only = Path(":memory:"), False
        database._reader = database._copy = None
        database.engine = engine.in_memory()
        with database.writing() as connection:
            metadata.create_all(connection)
        return database

    def backup(self, target: Path) -> None:
        """A copy of the database as it stands, in a new file."""
        if target.exists():
            raise StorageError(f"{target} exists already", code="storage.exists")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        with driver_errors(self.path):
            source = connect(self.path, "ro" if self.read_only else "rw", self._connected)
        try:
            with driver_errors(target), closing(sqlite3.connect(part)) as copy:
                source.backup(copy)
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
        if self._reader is not None:
            self._reader.close()
        elif "engine" in self.__dict__:
            self.engine.dispose()
        if self._copy is not None:
            self._copy.cleanup()

    def remove(self) -> None:
        """Close every connection and leave nothing behind: a beginning that failed."""
        self.close()
        for ending in ("", "-journal", "-wal", "-shm"):
            self.path.with_name(self.path.name + ending).unlink(missing_ok=True)

    def check_format(self, known: int = FORMAT) -> None:
        """Refuse a file that is no ledger (or what else is `known`), or of a later format.

        A ledger of an earlier format is brought up to the present one; opened for reading, a
        copy of it is.
        """
        with self.reading() as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version == known:
            return
        if known != FORMAT or not 1 <= version < FORMAT:
            raise StorageError(
                f"{self.path} has table format {version}, this program knows {known}",
                code="storage.format",
            )
        if self._reader is not None:
            self._read_copy()
        else:
            self._migrate()

    def _migrate(self) -> None:
        from .migrations import migrate

        with self.writing() as connection:
            # Another process may have been faster: it is asked again, now that nobody writes.
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            migrate(connection, version, FORMAT)

    def _read_copy(self) -> None:
        """From now on, read from a copy in the present format, which goes when this is closed."""
        folder = tempfile.TemporaryDirectory(prefix="oretrail-", ignore_cleanup_errors=True)
        try:
            path = Path(folder.name) / self.path.name
            self.backup(path)
            copy = Database(path)
            try:
                copy._migrate()
            finally:
                copy.close()
        except BaseException:
            folder.cleanup()
            raise
        if self._reader is not None:
            self._reader.close()
        self._reader, self._copy = Reader(path, self._connected), folder

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view; writers go on meanwhile."""
        if self._reader is not None:
            with self._reader.reading() as plain:
                yield plain
            return
        from .engine import wrapped

        with wrapped(self.path), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlalchemy.Connection]:
        """One writer at a time, durable when the block ends, undone when it raises."""
        if self.read_only:
            raise StorageError(f"{self.path} was opened for reading", code="storage.read-only")
        from .engine import wrapped

        with wrapped(self.path), self.engine.connect() as connection:
            writer = connection.execution_options(oretrail_writes=True)
            with writer.begin():
                yield writer

    def _connected(self, dbapi: Any) -> None:
        if not self.read_only:
            # Only a file that is empty yet takes it.
            dbapi.execute(f"PRAGMA page_size={_PAGE}")
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


def blob(value: object) -> bytes:
    """Bytes as they must be; a file that was written to by others may hold anything."""
    if not isinstance(value, bytes):
        raise StorageError(
            f"a value of type {type(value).__name__} stands where bytes belong",
            code="storage.corrupt",
        )
    return value
