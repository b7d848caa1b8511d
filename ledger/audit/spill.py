"""A dictionary that may be longer than memory.

    near    the items that were put in last, as they are            at most `room` of them
    far     older items, packed, in a temporary file of SQLite      as many as the disk holds

An auditor looks at every entry and must remember something of each: what a lot was, which tag
it bore. Of that, what was put in lately is asked for most. The file has no name, and is gone
when the auditor is, however it ends. A log of an ordinary size never has one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec

from ..errors import StorageError

__all__ = ["Spill"]

_T = TypeVar("_T")

ROOM = 32_768
"""Items near, unless told."""
_CACHE_KIB = 8_192
"""Of the file, in memory."""

_pack = msgspec.msgpack.Encoder().encode
_MISSING: Any = object()


class Spill(MutableMapping[str, _T], Generic[_T]):
    """Name -> value of type `kind`, which msgspec can pack.

    A value that was changed in place must be put in again: what is far is a copy. Names come
    out in no order that says anything.
    StorageError ``storage.full`` where the temporary file cannot grow.
    """

    def __init__(self, kind: Any, room: int | None = None) -> None:
        self._read = msgspec.msgpack.Decoder(kind).decode
        self._near: dict[str, _T] = {}
        self._room = ROOM if room is None else room
        self._file: sqlite3.Connection | None = None

    def __getitem__(self, name: str) -> _T:
        found: _T = self.get(name, _MISSING)
        if found is _MISSING:
            raise KeyError(name)
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """The value, or `default`."""
        found = self._near.get(name, _MISSING)
        if found is not _MISSING:
            return found
        if self._file is None:
            return default
        data = _asked(self._file, "SELECT value FROM item WHERE name = ?", name)
        return default if data is None else self._read(data[0])

    def __contains__(self, name: object) -> bool:
        if name in self._near:
            return True
        if self._file is None:
            return False
        return _asked(self._file, "SELECT 1 FROM item WHERE name = ?", name) is not None

    def __setitem__(self, name: str, value: _T) -> None:
        self._near.pop(name, None)  # what is put in again is among the last
        self._near[name] = value
        if len(self._near) > self._room:
            self._move()

    def __delitem__(self, name: str) -> None:
        near = self._near.pop(name, _MISSING) is not _MISSING
        far = False
        if self._file is not None:
            with _ours():
                far = self._file.execute("DELETE FROM item WHERE name = ?", (name,)).rowcount > 0
        if not near and not far:
            raise KeyError(name)

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Take the value out; `default`, if one is given, where there is none."""
        found = self.get(name, _MISSING)
        if found is not _MISSING:
            del self[name]
            return found
        if default is _MISSING:
            raise KeyError(name)
        return default

    def __iter__(self) -> Iterator[str]:
        yield from self._near
        if self._file is not None:
            with _ours():
                for (name,) in self._file.execute("SELECT name FROM item"):
                    if name not in self._near:
                        yield name

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _move(self) -> None:
        """Take the older half of what is near into the file."""
        with _ours():
            if self._file is None:
                self._file = _temporary()
            older = list(islice(self._near, len(self._near) // 2 + 1))
            # By name, as the tree of the file is: a page is then written once and not often.
            older.sort()
            self._file.execute("BEGIN")
            self._file.executemany(
                "INSERT INTO item VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                ((name, _pack(self._near[name])) for name in older),
            )
            self._file.execute("COMMIT")
        for name in older:
            del self._near[name]


def _temporary() -> sqlite3.Connection:
    """A database without a name; SQLite removes it with the connection."""
    file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    for setting in (f"cache_size = -{_CACHE_KIB}", "journal_mode = OFF", "synchronous = OFF"):
        file.execute(f"PRAGMA {setting}").close()
    file.execute("CREATE TABLE item (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
    return file


def _asked(file: sqlite3.Connection, question: str, name: object) -> tuple[Any, ...] | None:
    with _ours():
        found: tuple[Any, ...] | None = file.execute(question, (name,)).fetchone()
        return found


@contextmanager
def _ours() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StorageError(
            f"what an audit has to remember found no room in a temporary file: {error}",
            code="storage.full",
            hint="TMPDIR names the folder of temporary files; it needs some kilobytes per event",
        ) from error
