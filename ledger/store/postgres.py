"""A ledger's database in PostgreSQL: one schema, one head row that every writer waits for.

    writing()    BEGIN, then the head row FOR UPDATE: whoever holds it appends, the rest queue;
                 indexes come from it, never from a sequence, which leaves gaps
    reading()    one snapshot for all that is read, while writers go on
    commit       answered: durable. No answer: the outcome is unknown, and whoever asks again
                 waits for the head row, so that what was committed is seen by then

The server's settings are read back when it is connected to. A connection that was lost while
nothing was asked of it is replaced without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from ..errors import StorageError
from .database import FORMAT
from .postgres_link import Link, connect, foreign_errors
from .postgres_url import Url
from .reading import Connection

__all__ = ["MAKE", "WRITE", "PostgresDatabase", "make_tables"]

_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT FROM head FOR UPDATE"
MAKE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class PostgresDatabase:
    """Connections to one ledger's schema, and its two kinds of transaction."""

    def __init__(self, place: str, *, read_only: bool = False) -> None:
        self.url = Url.parse(place)
        self.path = place
        self.read_only = read_only
        self._idle: list[Link] = []
        self._closed = False
        self._made_schema = False

    @classmethod
    def create(cls, place: str) -> PostgresDatabase:
        """New tables in the schema; StorageError ``storage.exists`` if there are any already."""
        database = cls(place)
        with database.transaction(MAKE) as link:
            try:
                database._made_schema = _make_schema(link, database.url.schema)
                make_tables(link)
                link.exec_driver_sql("INSERT INTO head VALUES (1, 0, ?, '')", (bytes(32),))
                link.settle()
            except StorageError as error:
                if isinstance(error.__cause__, _THERE):
                    raise database._exists() from None
                raise
        return database

    def check_format(self, known: int = FORMAT) -> None:
        """Refuse tables of another format, and a schema that has none."""
        with self.reading() as connection:
            row = connection.exec_driver_sql("SELECT version FROM format").first()
        version = 0 if row is None else row[0]
        if version != known:
            raise StorageError(
                f"{self.path} has table format {version}, this program knows {known}",
                code="storage.format",
            )

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A consistent view; writers go on meanwhile."""
        link = self.begun(_READ)
        try:
            with foreign_errors(self.url):
                yield link
                link.settle()
        finally:
            link.undo()
            self.returned(link)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One writer at a time, durable when the block ends, undone when it raises."""
        if self.read_only:
            raise StorageError(f"{self.path} was opened for reading", code="storage.read-only")
        with self.transaction(WRITE) as link:
            yield link

    def backup(self, target: Path) -> None:
        """The ledger as it stands, in a new file that opens like any other."""
        from .copying import into_file

        with self.reading() as connection:
            into_file(connection, target)

    def close(self) -> None:
        """Close every connection."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    def remove(self) -> None:
        """Leave nothing behind: a beginning that failed."""
        from .postgres_tables import dropped

        self._closed = False
        with suppress(StorageError), self.transaction(MAKE) as link:
            for statement in dropped():
                link.run(statement)
            if self._made_schema:
                link.run(f'DROP SCHEMA "{self.url.schema}"')
        self.close()

    # --- connections ---------------------------------------------------------------------

    def begun(self, begin: str) -> Link:
        """A connection in a new transaction; whoever asks hands it back."""
        while True:
            link = self._idle.pop() if self._idle else None
            fresh = link is None
            if link is None:
                link = connect(self.url, read_only=self.read_only)
            try:
                link.run(begin)
            except StorageError as error:
                link.close()
                if fresh or error.code != "storage.unreachable":
                    raise
                continue
            except BaseException:
                link.close()
                raise
            return link

    def returned(self, link: Link) -> None:
        """Keep a connection for the next transaction, if it can have one."""
        if link.broken:
            return
        if self._closed:
            link.close()
        else:
            self._idle.append(link)

    @contextmanager
    def transaction(self, begin: str) -> Iterator[Link]:
        """A transaction that begins so, kept when the block ends, undone when it raises."""
        link = self.begun(begin)
        try:
            with foreign_errors(self.url):
                yield link
            link.commit()
        except BaseException:
            link.undo()
            raise
        finally:
            self.returned(link)

    def _exists(self) -> StorageError:
        return StorageError(f"{self.path} exists already", code="storage.exists")


_THERE = (
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateFunction,
    psycopg.errors.UniqueViolation,
)


def _make_schema(link: Link, schema: str) -> bool:
    """Whether the schema had to be made; one that an administrator has made will do."""
    row = link.exec_driver_sql("SELECT 1 FROM pg_namespace WHERE nspname = ?", (schema,)).first()
    if row is None:
        link.run(f'CREATE SCHEMA "{schema}"')
    return row is None


def make_tables(link: Link) -> None:
    """Make the tables in the schema that is set."""
    from .postgres_tables import tables

    for statement in tables():
        link.run(statement)
