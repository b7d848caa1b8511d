"""Where a ledger is kept: a file of SQLite's, or a schema in a PostgreSQL database.

    Path("trade/ledger.db")                          store.database     nothing to install
    "postgresql://clerk@db.example/trade?schema=a"   store.postgres     extra `postgres`

Both are asked in the same words and with the same SQL, and hold the same rows.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..errors import ConfigError
from .database import FORMAT, Database
from .postgres_url import Place, Url, is_url
from .reading import Connection

if TYPE_CHECKING:
    from .postgres import PostgresDatabase

__all__ = [
    "Place",
    "Store",
    "Supposal",
    "check_url",
    "created",
    "is_url",
    "opened",
    "rights",
    "supposed",
]


class Store(Protocol):
    """What a ledger asks of the database that it is kept in."""

    @property
    def path(self) -> Place:
        """Where it is, to open it once more, and for messages."""

    def check_format(self, known: int = FORMAT) -> None:
        """Refuse what is no ledger, or of a later format."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A consistent view; writers go on meanwhile."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One writer at a time, durable when the block ends, undone when it raises."""

    def backup(self, target: Path) -> None:
        """The ledger as it stands, in a new file."""

    def close(self) -> None:
        """Close every connection."""

    def remove(self) -> None:
        """Leave nothing behind: a beginning that failed."""


def opened(place: Place, *, read_only: bool = False) -> Store:
    """The store at a path or URL; StorageError, or ConfigError for a URL that is none."""
    if is_url(place):
        return postgres()(str(place), read_only=read_only)
    return Database(Path(place), read_only=read_only)


def created(place: Place) -> Store:
    """A new store with empty tables; StorageError ``storage.exists`` where there is one."""
    if is_url(place):
        return postgres().create(str(place))
    return Database.create(Path(place))


class Supposal(Store, Protocol):
    """A store within one transaction: what is written there is undone, or kept."""

    def keep(self) -> None:
        """Make everything that was written durable; nothing can be written afterwards."""


def supposed(place: Place) -> Supposal:
    """A transaction over the store at a path or URL; nobody else writes meanwhile."""
    if is_url(place):
        postgres()
        from .postgres_overlay import PostgresOverlay

        return PostgresOverlay(str(place))
    from .overlay import Overlay

    return Overlay(Path(place))


def check_url(place: str) -> None:
    """Refuse a URL that is none or holds a password, and one without the driver for it."""
    Url.parse(place)
    postgres()


def rights(place: Place, role: str, *, read_only: bool = False) -> list[str]:
    """The SQL by which the owner of a schema lets a role serve the ledger in it, or read it.

    ConfigError ``database.no-server`` for a file, which has the rights of its folder.
    """
    if not is_url(place):
        raise ConfigError(
            f"{place} is a file, and whoever can write it can change it",
            code="database.no-server",
        )
    from .postgres_tables import rights as allowed

    return allowed(Url.parse(str(place)).schema, role, read_only=read_only)


def postgres() -> type[PostgresDatabase]:
    """The room that speaks to PostgreSQL; ConfigError ``extra.missing`` without its driver."""
    try:
        from .postgres import PostgresDatabase
    except ImportError:
        raise ConfigError(
            "a ledger in PostgreSQL needs the extra postgres",
            code="extra.missing",
            hint="pip install 'oretrail[postgres]'",
        ) from None
    return PostgresDatabase
