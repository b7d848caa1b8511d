"""What a witness remembers: the logs it follows, and of each the largest checkpoint it saw.

    table      what it is                                   losing it costs
    log        vkeys of the logs that are followed          nothing: `oretrail witness add`
    seen       of each origin: size, root, cosigned note    everything: it may vouch for two pasts

`Seen.replace` compares and stores in one BEGIN IMMEDIATE transaction, durable when it
returns; the database is opened with the settings of a ledger's. A trigger refuses a smaller
size, and another root at the same size, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import BLOB, DDL, CheckConstraint, Column, Integer, MetaData, Table, Text, event

from ..errors import ConflictError, StorageError
from ..log import merkle, note
from ..log.witness import Answer
from .database import Connection, Database, blob, make_file

__all__ = ["WITNESS_FORMAT", "Memory"]

WITNESS_FORMAT = 1001
"""Version of these tables, in `PRAGMA user_version`; no ledger's is this high."""

_tables = MetaData()
_log = Table(
    "log",
    _tables,
    Column("vkey", Text, primary_key=True),
    Column("origin", Text, nullable=False),
    sqlite_strict=True,
)
_seen = Table(
    "seen",
    _tables,
    Column("origin", Text, primary_key=True),
    Column("size", Integer, nullable=False),
    Column("root", BLOB, nullable=False),
    Column("note", BLOB, nullable=False),
    CheckConstraint("size >= 0 AND length(root) = 32"),
    sqlite_strict=True,
)
for _name, _act in (
    (
        "rollback",
        (
            "BEFORE UPDATE ON seen WHEN NEW.origin <> OLD.origin OR NEW.size < OLD.size "
            "OR (NEW.size = OLD.size AND NEW.root <> OLD.root)"
        ),
    ),
    ("delete", "BEFORE DELETE ON seen"),
):
    event.listen(
        _seen,
        "after_create",
        DDL(  # type: ignore[no-untyped-call]
            f"CREATE TRIGGER seen_no_{_name} {_act} "
            "BEGIN SELECT RAISE(ABORT, 'what was seen is append-only'); END"
        ),
    )


class Memory:
    """One witness's database. Use it as a context manager, or call `close`."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._database = Database(path, read_only=read_only)
        try:
            self._database.check_format(WITNESS_FORMAT)
        except BaseException:
            self.close()
            raise

    @classmethod
    def create(cls, path: Path) -> Memory:
        """A new one; StorageError ``storage.exists`` where something is already."""
        make_file(path)
        database = Database(path)
        with database.writing() as connection:
            _tables.create_all(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={WITNESS_FORMAT}")
        database.close()
        return cls(path)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- logs --------------------------------------------------------------------------

    def follow(self, key: note.Verifier) -> None:
        """From now on cosign for the log whose key this is; its name is the origin.

        An origin may get another key besides. ConflictError if it is followed already.
        """
        with self._database.writing() as connection:
            before = connection.exec_driver_sql(
                "SELECT 1 FROM log WHERE vkey = ?", (key.vkey,)
            ).first()
            if before is not None:
                raise ConflictError(
                    f"the log {key.name} is followed already with this key",
                    code="witness.log-known",
                )
            connection.exec_driver_sql("INSERT INTO log VALUES (?, ?)", (key.vkey, key.name))

    def logs(self) -> dict[str, list[note.Verifier]]:
        """The keys of every log that is followed, by origin."""
        with self._database.reading() as connection:
            rows = connection.exec_driver_sql("SELECT vkey FROM log ORDER BY origin, vkey").all()
        found: dict[str, list[note.Verifier]] = {}
        for (vkey,) in rows:
            key = note.Verifier.parse(vkey)
            found.setdefault(key.name, []).append(key)
        return found

    def keys(self, origin: str) -> list[note.Verifier]:
        """The keys of the log with this origin; none if it is not followed."""
        with self._database.reading() as connection:
            return _keys(connection, origin)

    # --- checkpoints -------------------------------------------------------------------

    def seen(self, origin: str) -> tuple[int, bytes, bytes | None]:
        """(size, root, cosigned note) seen last; size 0 and no note before the first."""
        with self._database.reading() as connection:
            return _read(connection, origin)

    def replace(
        self,
        origin: str,
        judge: Callable[[int, bytes, list[note.Verifier]], Answer],
        cosign: Callable[[list[note.Verifier]], bytes],
    ) -> tuple[Answer, bytes]:
        """Judge what is asked against what is stored, and store it if the answer is 200.

        `judge(size, root, keys)` and `cosign(keys)`, which gives the cosigned note to store, are
        called inside the writing transaction. Returns the answer and that note, or b"".
        """
        with self._database.writing() as connection:
            size, root, before = _read(connection, origin)
            keys = _keys(connection, origin)
            answer = judge(size, root, keys)
            if answer.store is None:
                return answer, b""
            said, data = answer.store, cosign(keys)
            if before is None:
                connection.exec_driver_sql(
                    "INSERT INTO seen VALUES (?, ?, ?, ?)", (origin, said.size, said.root, data)
                )
            else:
                connection.exec_driver_sql(
                    "UPDATE seen SET size = ?, root = ?, note = ? WHERE origin = ?",
                    (said.size, said.root, data, origin),
                )
        return answer, data


def _keys(connection: Connection, origin: str) -> list[note.Verifier]:
    rows = connection.exec_driver_sql("SELECT vkey FROM log WHERE origin = ?", (origin,)).all()
    return [note.Verifier.parse(vkey) for (vkey,) in rows]


def _read(connection: Connection, origin: str) -> tuple[int, bytes, bytes | None]:
    row = connection.exec_driver_sql(
        "SELECT size, root, note FROM seen WHERE origin = ?", (origin,)
    ).first()
    if row is None:
        return 0, merkle.EMPTY_ROOT, None
    size, root, data = row
    if not isinstance(size, int):
        raise StorageError(f"the size seen of {origin} cannot be read", code="storage.corrupt")
    return size, blob(root), blob(data)
