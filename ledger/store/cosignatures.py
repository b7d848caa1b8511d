"""Cosignatures of the ledger's own checkpoints, beside them: the signed note is never changed.

A table that only grows; the lines of one checkpoint stand in the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ConflictError, StorageError
from ..log import note, witness
from .database import Connection, blob

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
    for one in lines:
        connection.exec_driver_sql(
            "INSERT INTO cosignature (size, name, key_id, blob) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (size, one.name, one.key_id, one.blob),
        )


def merged(connection: Connection, size: int, data: bytes) -> bytes:
    """The checkpoint's note with the newest line of every witness that has cosigned it."""
    rows = connection.exec_driver_sql(
        "SELECT name, key_id, blob FROM cosignature WHERE size = ? ORDER BY rowid", (size,)
    ).all()
    if not all(isinstance(name, str) for name, _, _ in rows):
        raise StorageError("a witness's name cannot be read", code="storage.corrupt")
    return witness.merge(data, [note.Signature(name, blob(i), blob(b)) for name, i, b in rows])


def cosigned_size(connection: Connection, key: note.VerifiesNotes) -> int:
    """The largest size that this witness is known to have cosigned; 0 if none is."""
    row = connection.exec_driver_sql(
        "SELECT max(size) FROM cosignature WHERE name = ? AND key_id = ?", (key.name, key.key_id)
    ).first()
    return row[0] if row is not None and isinstance(row[0], int) else 0
