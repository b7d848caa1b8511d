"""Numbers of subjects: what has been spoken of first has the smallest.

Whoever writes the same log into empty tables gives the same numbers, so that tables can be
compared, and made anew, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from .database import Connection
from .entries import select
from .loaded import LoadedBooks

__all__ = ["number"]


def number(connection: Connection, books: LoadedBooks, names: Iterable[str]) -> None:
    """See to it that each of these is in `books.numbers`; those that are new are written."""
    new = dict.fromkeys(name for name in names if name not in books.numbers)
    asked = () if books.whole else [name for name in new if name not in books.unnumbered]
    for name, known in select(
        connection, "SELECT name, number FROM subject WHERE name", sorted(asked)
    ):
        books.numbers[name] = known
        del new[name]
    if not new:
        return
    last = connection.exec_driver_sql("SELECT max(number) FROM subject").scalar_one() or 0
    given = dict(zip(new, count(last + 1), strict=False))
    connection.exec_driver_sql(
        "INSERT INTO subject (number, name) VALUES (?, ?)",
        [(value, name) for name, value in given.items()],
    )
    books.numbers |= given
