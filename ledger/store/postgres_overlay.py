"""The same in PostgreSQL as `overlay`: one transaction that holds the head row, and its parts.

BEGIN, head row FOR UPDATE     when it is opened: nobody else writes meanwhile
  writing()                    SAVEPOINT ... RELEASE, or ROLLBACK TO when it raises
COMMIT                         keep()
ROLLBACK                       close() without it, or the end of the process
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..errors import StorageError
from .postgres import WRITE, PostgresDatabase
from .postgres_link import foreign_errors
from .reading import Connection

__all__ = ["PostgresOverlay"]


class PostgresOverlay(PostgresDatabase):
    """One open transaction over the ledger in a schema; StorageError like any other."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self._link = self.begun(WRITE)

    def keep(self) -> None:
        """Make everything that was written durable; nothing can be written afterwards."""
        self._link.commit()

    def close(self) -> None:
        """Undo what was not kept, and close the database."""
        self._link.close()
        super().close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The books as they would be."""
        with foreign_errors(self.url):
            yield self._link

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A part of the whole that is undone alone when the block raises."""
        with foreign_errors(self.url):
            self._link.run("SAVEPOINT part")
            try:
                yield self._link
                self._link.run("RELEASE SAVEPOINT part")
            except BaseException:
                # A connection that is lost has no part left to undo.
                with suppress(StorageError):
                    self._link.forget()
                    self._link.run("ROLLBACK TO SAVEPOINT part")
                raise
