"""A database within one transaction of another: what is written there is undone, or kept.

    BEGIN IMMEDIATE        when it is opened: nobody else writes meanwhile
      reading()            the one connection, with all that was written so far
      writing()            SAVEPOINT ... RELEASE, or ROLLBACK TO when it raises
    COMMIT                 keep()
    ROLLBACK               close() without it, or the end of the process

So a week of statements is tried out, or taken in at one go, by the code that registers one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from .database import Database
from .engine import wrapped

__all__ = ["Overlay"]


class Overlay(Database):
    """One open transaction over the database at `path`; StorageError like any other."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with wrapped(path):
            opened = self.engine.connect()
            try:
                self._connection = opened.execution_options(oretrail_writes=True)
                self._transaction = self._connection.begin()
            except BaseException:
                opened.close()
                raise

    def keep(self) -> None:
        """Make everything that was written durable; nothing can be written afterwards."""
        with wrapped(self.path):
            self._transaction.commit()

    def close(self) -> None:
        """Undo what was not kept, and close the database."""
        try:
            with wrapped(self.path):
                self._connection.close()
        finally:
            super().close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """The books as they would be."""
        with wrapped(self.path):
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A part of the whole that is undone alone when the block raises."""
        with wrapped(self.path):
            part = self._connection.begin_nested()
            try:
                yield self._connection
                part.commit()
            except BaseException:
                # A full disk ends the whole transaction, and there is no part left to undo.
                with contextlib.suppress(SQLAlchemyError):
                    part.rollback()
                raise
