"""Our SQL as PostgreSQL takes it: numbered marks, one array for a list, bulk for many rows.

    WHERE idx >= ? AND idx < ?       WHERE idx >= $1 AND idx < $2
    WHERE name IN (?,?,?)            WHERE name = ANY($1)
    INSERT INTO t (a, b) VALUES      COPY t (a, b) FROM STDIN (FORMAT BINARY), for many rows

The statements are this storey's own closed set: a ``?`` stands for a value, but inside a
literal. Each text is translated once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

__all__ = ["Insert", "Spelled", "spell"]

_PIECES = re.compile(r"'(?:[^']|'')*'|IN \(\?(?:, ?\?)*\)|\?")
_INSERT = re.compile(
    r"INSERT INTO ([a-z_]+)(?: \(([a-z_, ]+)\))? VALUES \(\?(?:, \?)*\)( ON CONFLICT .*)?",
    re.DOTALL,
)
_CONFLICT = re.compile(r" ON CONFLICT \(([a-z_, ]+)\) DO UPDATE .*", re.DOTALL)


class Insert(msgspec.Struct, frozen=True):
    """A statement that inserts rows of values: the table, its columns if they are named, what
    follows, and the places of the values that must differ from row to row to be written at once.
    """

    table: str
    columns: str
    conflict: str
    distinct: tuple[int, ...]

    def at_once(self, rows: Sequence[Sequence[Any]]) -> bool:
        """Whether these rows may be written by one statement: none changes what another wrote."""
        if not self.distinct:
            return bool(self.columns) or not self.conflict
        return len({tuple(row[at] for at in self.distinct) for row in rows}) == len(rows)


class Spelled(msgspec.Struct, frozen=True):
    """A statement in PostgreSQL's spelling; `sizes` says how many values each mark takes."""

    text: bytes
    sizes: tuple[int, ...]
    lists: bool
    verb: str
    insert: Insert | None

    def values(self, parameters: Sequence[Any]) -> Sequence[Any]:
        """The parameters, those of a list together."""
        if not self.lists:
            return parameters
        given: list[Any] = []
        at = 0
        for size in self.sizes:
            given.append(list(parameters[at : at + size]) if size else parameters[at])
            at += size or 1
        return given


@lru_cache(maxsize=2048)
def spell(statement: str) -> Spelled:
    """The statement in PostgreSQL's spelling."""
    sizes: list[int] = []

    def mark(found: re.Match[str]) -> str:
        piece = found[0]
        if piece.startswith("'"):
            return piece
        sizes.append(piece.count("?") if piece.startswith("IN") else 0)
        return f"= ANY(${len(sizes)})" if sizes[-1] else f"${len(sizes)}"

    text = _PIECES.sub(mark, statement)
    verb = statement.split(maxsplit=1)[0]
    return Spelled(text.encode(), tuple(sizes), any(sizes), verb, _insert(statement))


def _insert(statement: str) -> Insert | None:
    found = _INSERT.fullmatch(statement)
    if found is None:
        return None
    table, columns, conflict = found[1], found[2] or "", found[3] or ""
    key = _CONFLICT.fullmatch(conflict)
    names = columns.split(", ")
    distinct = tuple(map(names.index, key[1].split(", "))) if key else ()
    return Insert(table, columns, conflict, distinct)
