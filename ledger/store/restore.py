"""A backup put in the place of a database, whatever has become of that.

    1. the old one is copied to a new name beside it; if SQLite cannot read it, its files
       are renamed
    2. the backup is written over it in one transaction: all of it, or nothing

Whoever has the old one open goes on with the restored one, not with a file that is gone.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from ..errors import StorageError
from .database import Database
from .places import Place, is_url, postgres
from .reading import driver_errors

__all__ = ["restore"]

_ENDINGS = ("", "-journal", "-wal", "-shm")


def restore(source: Path, target: Place) -> Place | None:
    """Write the database at `source` over `target`; returns where the old one is kept.

    `source` has been opened and verified by the caller. None if there was no old one.
    """
    if is_url(target):
        postgres()
        from .postgres_restore import restore_into

        return restore_into(source, str(target))
    return _over(source, Path(target))


def _over(source: Path, target: Path) -> Path | None:
    kept = _aside(target) if target.exists() else None
    with (
        driver_errors(target),
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as backup,
        closing(sqlite3.connect(target)) as database,
    ):
        backup.backup(database)
    return kept


def _aside(target: Path) -> Path:
    """Keep the old database under a name that is free."""
    names = (target.with_name(f"{target.name}.replaced-{number}") for number in range(1, 10_000))
    kept = next(name for name in names if not name.exists())
    try:
        old = Database(target, read_only=True)
        try:
            old.backup(kept)
        finally:
            old.close()
    except StorageError:
        try:
            for ending in _ENDINGS:
                path = target.with_name(target.name + ending)
                if path.exists():
                    path.replace(kept.with_name(kept.name + ending))
        except OSError as error:
            raise StorageError(
                f"cannot keep {target}: {error.strerror}", code="storage.failed"
            ) from None
    return kept
