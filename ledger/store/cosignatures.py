"""Cosignatures of the ledger's own checkpoints, beside them: the signed note is never changed.

A table that only grows; the lines of one checkpoint stand in the order in which they came. A
file that has lost it, or never had it, gets it with its next cosignature.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from ..errors import ConflictError, StorageError
from ..log import note, witness
from .database import Connection, blob

if TYPE_CHECKING:
    import sqlalchemy

__all__ = ["add", "cosigned_size", "merged"]


def add(connection: Connection, size: int, lines: Iterable[note.Signature]) -> None:
    """Keep these lines, which have been verified, for the checkpoint of that size.

    ConflictError ``checkpoint.unknown`` if no checkpoint of that size was signed here.
    """
    row = connection.exec_driver_sql("SELECT 1 FROM checkpoint WHERE size = ?", (size,)).first()
    if row is None:
        raise ConflictError(
            f"no checkpoint of {size} entries was signed here", code="checkpoint.unknown"
        )
    if not _is_there(connection):
        from .schema import cosignature

        cosignature.create(cast("sqlalchemy.Connection", connection))
    for one in lines:
        connection.exec_driver_sql(
            "INSERT INTO cosignature (size, name, key_id, blob) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (size, one.name, one.key_id, one.blob),
        )


def merged(connection: Connection, size: int, data: bytes) -> bytes:
    """The checkpoint's note with the newest line of every witness that has cosigned it."""
    if not _is_there(connection):
        return data
    rows = connection.exec_driver_sql(
        "SELECT name, key_id, blob FROM cosignature WHERE size = ? ORDER BY rowid", (size,)
    ).all()
    if not all(isinstance(name, str) for name, _, _ in rows):
        raise StorageError("a witness's name cannot be read", code="storage.corrupt")
    return witness.merge(data, [note.Signature(name, blob(i), blob(b)) for name, i, b in rows])


def cosigned_size(connection: Connection, key: note.VerifiesNotes) -> int:
    """The largest size that this witness is known to have cosigned; 0 if none is."""
    if not _is_there(connection):
        return 0
    row = connection.exec_driver_sql(
        "SELECT max(size) FROM cosignature WHERE name = ? AND key_id = ?", (key.name, key.key_id)
    ).first()
    return row[0] if row is not None and isinstance(row[0], int) else 0


def _is_there(connection: Connection) -> bool:
    """Whether a file has the table; a schema of PostgreSQL's has all of them or is none."""
    if getattr(connection, "has_every_table", False):
        return True
    row = connection.exec_driver_sql(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cosignature'"
    ).first()
    return row is not None
