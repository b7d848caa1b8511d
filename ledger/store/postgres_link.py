"""One connection to PostgreSQL, asked as every other connection of this storey is.

    connect     the schema is set, and the settings that durability needs are read back
    read        at once, or row by row from a cursor in the server
    write       kept back until something is read or the transaction ends, then sent together:
                a round trip for a statement, not one for every table
    many rows   COPY, into the table, or where a row may be there already into one beside it

Numbers go as eight bytes and bytes as bytes, so that a statement is planned once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import RawCursor, RawServerCursor
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper

from ..errors import LedgerError, StorageError, UnknownError
from .postgres_url import Url
from .postgres_words import Insert, Spelled, spell
from .reading import Connection, Rows

__all__ = ["Link", "connect", "foreign_errors"]

NEEDED = {
    "server_encoding": ("UTF8",),
    "synchronous_commit": ("on", "remote_apply"),
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "data_sync_retry": ("off",),
}
"""Settings of the server without which what was acknowledged may be lost (security notes, D6)."""

OLDEST = 140000
"""The oldest server, as `server_version_num` says it: 14."""

_SESSION = {
    "lock_timeout": "120s",
    "client_min_messages": "warning",
    "standard_conforming_strings": "on",
    # Every question finds its rows by an index, however large the tables become; a planner that
    # has not counted them yet would read them whole.
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "random_page_cost": "1.1",
    "jit": "off",
}
"""Settings of each of our sessions."""

_CONNECT_SECONDS = 10
_COPIED = 8
"""Rows from which on they are copied."""
_STREAMED = 2000
"""Rows that a cursor in the server hands out at a time."""

_READ = ("SELECT", "WITH")
_WRITE = ("INSERT", "UPDATE", "DELETE")

_CODES = {
    "23001": "storage.append-only",
    "25006": "storage.read-only",
    "3F000": "storage.missing",
    "40001": "storage.collision",
    "40P01": "storage.collision",
    "42501": "storage.not-allowed",
    "42P01": "storage.missing",
    "42703": "storage.corrupt",
    "53100": "storage.full",
    "55P03": "storage.busy",
    "XX001": "storage.corrupt",
    "XX002": "storage.corrupt",
}


def connect(url: Url, *, read_only: bool = False) -> Link:
    """A new connection; StorageError ``storage.unreachable``, or ``storage.settings``."""
    with foreign_errors(url):
        connection = psycopg.connect(
            url.conninfo,
            autocommit=True,
            cursor_factory=RawCursor,
            connect_timeout=_CONNECT_SECONDS,
            client_encoding="UTF8",
            application_name="oretrail",
        )
        try:
            connection.server_cursor_factory = RawServerCursor
            connection.adapters.register_dumper(int, Int8BinaryDumper)
            connection.adapters.register_dumper(str, StrBinaryDumper)
            may_stage = _settle(connection, url, read_only=read_only)
        except BaseException:
            connection.close()
            raise
    return Link(connection, url, may_stage=may_stage)


def _settle(connection: psycopg.Connection[Any], url: Url, *, read_only: bool) -> bool:
    """Set and read back what is needed; whether it may have tables of its own."""
    wanted = {"search_path": f'"{url.schema}", pg_temp', **_SESSION}
    ours = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in wanted.items())
    asked = ", ".join(f"current_setting('{name}')" for name in ("server_version_num", *NEEDED))
    row = connection.execute(
        f"SELECT {asked}, has_database_privilege(current_database(), 'TEMPORARY'), {ours}".encode()
    ).fetchone()
    version, *settings = ("0",) if row is None else row[: 1 + len(NEEDED)]
    may_stage = row is not None and bool(row[1 + len(NEEDED)])
    if int(version) < OLDEST:
        raise StorageError(
            f"PostgreSQL is of version {int(version) // 10000}, 14 or newer is needed",
            code="storage.settings",
        )
    for (name, right), got in zip(NEEDED.items(), settings, strict=True):
        if got not in right and (name == "server_encoding" or not read_only):
            raise StorageError(
                f"PostgreSQL setting {name} is {got!r}, {' or '.join(map(repr, right))} is needed",
                code="storage.settings",
            )
    return may_stage


@contextmanager
def foreign_errors(url: Url) -> Iterator[None]:
    """Turn the driver's errors into ours, where they enter."""
    try:
        yield
    except psycopg.Error as error:
        raise _ours(url, error) from error
    except UnicodeEncodeError as error:
        raise UnknownError(f"{error.object!a} names nothing here") from None


def _ours(url: Url, error: psycopg.Error) -> LedgerError:
    text = " ".join(str(error).split()) or type(error).__name__
    state = error.sqlstate
    if state == "22021" or (isinstance(error, psycopg.DataError) and "NUL" in text):
        return UnknownError("a text with a NUL in it names nothing here")
    lost = state is None or state[:2] == "08" or state[:3] == "57P"
    if isinstance(error, psycopg.OperationalError) and lost:
        return StorageError(f"database {url.schema}: {text}", code="storage.unreachable")
    return StorageError(
        f"database {url.schema}: {text}", code=_CODES.get(state or "", "storage.failed")
    )


class Link:
    """A connection, in a transaction of whoever has it; see `reading.Connection`."""

    has_every_table = True
    """The tables of a schema are made in one transaction, and only its owner can drop one."""

    def __init__(
        self, connection: psycopg.Connection[Any], url: Url, *, may_stage: bool = True
    ) -> None:
        self._connection = connection
        self._may_stage = may_stage
        self._url = url
        self._streams = 0
        self._waiting: list[tuple[bytes, Sequence[Any]]] = []
        self._types: dict[tuple[str, str], list[str]] = {}

    # --- as every connection is asked ----------------------------------------------------

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Rows:
        """Run a statement; a list of parameters has many rows, and what is written may wait."""
        with foreign_errors(self._url):
            spelled = spell(statement)
            if isinstance(parameters, list):
                self._many(spelled, parameters)
                return _NONE
            values = spelled.values(parameters or ())
            if spelled.verb in _WRITE:
                self._waiting.append((spelled.text, values))
                return _NONE
            self.settle()
            return _Rows(self._connection.execute(spelled.text, values, binary=True), self._url)

    def execution_options(self, *, stream_results: bool = True) -> Connection:
        """The same connection; with `stream_results` rows stay in the server until asked for."""
        return _Streamed(self) if stream_results else self

    def stream(self, statement: str, parameters: Sequence[Any]) -> Rows:
        """Run a query whose rows stay in the server until they are asked for."""
        spelled = spell(statement)
        if spelled.verb not in _READ:
            return self.exec_driver_sql(statement, parameters)
        with foreign_errors(self._url):
            self.settle()
            self._streams += 1
            cursor = RawServerCursor(self._connection, f"rows_{self._streams}")
            cursor.itersize = _STREAMED
            cursor.execute(spelled.text, spelled.values(parameters), binary=True)
        return _Rows(cursor, self._url)

    # --- transactions --------------------------------------------------------------------

    def run(self, statement: str) -> None:
        """Run statements that ask for nothing, as they are spelled."""
        with foreign_errors(self._url):
            self.settle()
            self._connection.execute(statement.encode())

    def settle(self) -> None:
        """Send what was written."""
        waiting, self._waiting = self._waiting, []
        if len(waiting) == 1:
            self._connection.execute(*waiting[0])
        elif waiting:
            with self._connection.pipeline():
                for text, values in waiting:
                    self._connection.execute(text, values)

    def commit(self) -> None:
        """End the transaction; StorageError ``storage.outcome-unknown`` if no answer came."""
        with foreign_errors(self._url):
            self.settle()
        try:
            done = self._connection.execute("COMMIT").statusmessage
        except psycopg.OperationalError as error:
            if not self.broken:
                raise _ours(self._url, error) from error
            raise StorageError(
                f"database {self._url.schema}: the connection was lost while it was asked to "
                "make what was written durable",
                code="storage.outcome-unknown",
                hint="do the same again: what is registered already is not registered twice",
            ) from error
        except psycopg.Error as error:
            raise _ours(self._url, error) from error
        if done != "COMMIT":
            raise StorageError(
                f"database {self._url.schema}: asked to commit, it answered {done}",
                code="storage.failed",
            )

    def forget(self) -> None:
        """Let go of what was written and has not been sent."""
        self._waiting.clear()

    def undo(self) -> None:
        """End the transaction without it; a connection that cannot do so is closed."""
        self.forget()
        try:
            self._connection.execute("ROLLBACK")
        except psycopg.Error:
            self._connection.close()

    @property
    def broken(self) -> bool:
        """Whether nothing can be asked of it any more."""
        return self._connection.closed

    def close(self) -> None:
        """Hang up; what was not committed is undone."""
        self._connection.close()

    # --- many rows -----------------------------------------------------------------------

    def _many(self, spelled: Spelled, rows: list[Any]) -> None:
        insert = spelled.insert
        if (
            insert is None
            or len(rows) < _COPIED
            or (insert.conflict and not self._may_stage)
            or not insert.at_once(rows)
        ):
            self._waiting += [(spelled.text, spelled.values(row)) for row in rows]
            return
        self.settle()
        if insert.conflict:
            self._stage(insert, rows)
        else:
            self._copy(insert.table, insert, rows)

    def _stage(self, insert: Insert, rows: list[Any]) -> None:
        """Copy the rows into a table of this connection's own, and insert them from there."""
        beside = f"pg_temp.staged_{insert.table}"
        self._connection.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS staged_{insert.table} ON COMMIT DELETE ROWS "
            f"AS SELECT {insert.columns} FROM {insert.table} WITH NO DATA".encode()
        )
        self._copy(beside, insert, rows)
        self._waiting += [
            (
                f"INSERT INTO {insert.table} ({insert.columns}) SELECT {insert.columns} "
                f"FROM {beside}{insert.conflict}".encode(),
                (),
            ),
            # There may be more for the same table before the end of the transaction.
            (f"DELETE FROM {beside}".encode(), ()),
        ]

    def _copy(self, into: str, insert: Insert, rows: list[Any]) -> None:
        columns = f" ({insert.columns})" if insert.columns else ""
        types = self._column_types(insert)
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY {into}{columns} FROM STDIN (FORMAT BINARY)".encode()) as copy,
        ):
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)

    def _column_types(self, insert: Insert) -> list[str]:
        """Types of the columns that are written, in their order."""
        known = self._types.get((insert.table, insert.columns))
        if known is None:
            rows = self._connection.execute(
                "SELECT attname, typname FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid "
                "WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                (insert.table,),
            ).fetchall()
            types: dict[str, str] = dict(rows)
            names = insert.columns.split(", ") if insert.columns else list(types)
            known = self._types[insert.table, insert.columns] = [types[name] for name in names]
        return known


class _Rows:
    """What a query found, all of it here."""

    def __init__(self, cursor: psycopg.Cursor[Any], url: Url) -> None:
        self._cursor = cursor
        self._url = url

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return iter(self._cursor)

    def first(self) -> Sequence[Any] | None:
        row: Sequence[Any] | None = self._cursor.fetchone()
        return row

    def all(self) -> Sequence[Sequence[Any]]:
        return self._cursor.fetchall()

    def scalar_one(self) -> Any:
        rows = self._cursor.fetchmany(2)
        if len(rows) != 1:
            raise StorageError(
                f"database {self._url.schema}: {len(rows) or 'no'} rows where one is expected",
                code="storage.corrupt",
            )
        return rows[0][0]

    def partitions(self, size: int | None = None) -> Iterator[Sequence[Sequence[Any]]]:
        while rows := self._cursor.fetchmany(size or 1000):
            yield rows


class _NoRows:
    """What a statement that only writes has found."""

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return iter(())

    def first(self) -> Sequence[Any] | None:
        return None

    def all(self) -> Sequence[Sequence[Any]]:
        return ()

    def scalar_one(self) -> Any:
        raise StorageError("no rows where one is expected", code="storage.failed")

    def partitions(self, size: int | None = None) -> Iterator[Sequence[Sequence[Any]]]:
        return iter(())


_NONE = _NoRows()


class _Streamed:
    """The same connection; rows are iterated from a cursor in the server."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Rows:
        return self._link.stream(statement, parameters or ())

    def execution_options(self, *, stream_results: bool = True) -> Connection:
        return self if stream_results else self._link
