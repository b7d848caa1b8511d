"""Books that were loaded from the tables, and remember what has changed since.

load       what is needed
judge      rules and effects work on it
post       a statement stands: what it changed is taken down
withdraw   it was refused: the books are as they were after the one before
save       what was posted is written to the tables, once for many statements
"""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from typing import Any, TypeAlias, TypeVar

import msgspec

from ..custody.books import Books, Governance, Key, Lot, Party, Registered
from ..custody.packed import PackedLots
from ..custody.registration import Prepared

__all__ = ["LoadedBooks", "Posting"]

_T = TypeVar("_T")
_Settings: TypeAlias = tuple[Governance | None, dict[str, int], str]


class _Noted(dict[str, _T]):
    """A dictionary that remembers what was put into it, and what was there before."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, _T | None] = {}

    def __setitem__(self, name: str, value: _T) -> None:
        if name not in self.changed:
            self.changed[name] = self.get(name)
        super().__setitem__(name, value)

    def undo(self) -> None:
        """Put back what was there when `changed` was empty."""
        for name, before in self.changed.items():
            if before is None:
                self.pop(name, None)
            else:
                super().__setitem__(name, before)
        self.changed.clear()


class _NotedLots(PackedLots):
    """The same of lots, packed: for as many as a whole log has."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: dict[str, Lot | None] = {}

    def __setitem__(self, name: str, lot: Lot) -> None:
        if name not in self.changed:
            self.changed[name] = self.get(name)
        super().__setitem__(name, lot)

    def undo(self) -> None:
        """Put back what was there when `changed` was empty."""
        for name, before in self.changed.items():
            if before is None:
                del self[name]
            else:
                super().__setitem__(name, before)
        self.changed.clear()


class Posting(msgspec.Struct, frozen=True):
    """What one statement has changed: its events, the first of which stands at `first`, the
    lots as it left them, and (source, target, milligrams) of each flow.
    """

    prepared: Sequence[Prepared]
    first: int
    lots: Sequence[tuple[str, Lot]]
    moved: Sequence[tuple[str, str, int]]


class LoadedBooks(Books):
    """Books that remember what has changed since they were loaded, to write back only that.

    `heads` says of each lot where its head stands in the log, `numbers` which subject has
    which number; those in `unnumbered` are known to have none yet. `whole`: they begin empty
    with the log, so that what is not in them is nowhere.
    """

    def __init__(self, *, whole: bool = False) -> None:
        lots: _Noted[Lot] | _NotedLots = _NotedLots() if whole else _Noted()
        register: _Noted[Registered] = _Noted()
        super().__init__(lots, register)
        parties: _Noted[Party] = _Noted()
        keys: _Noted[Key] = _Noted()
        publics: _Noted[str] = _Noted()
        self.parties, self.keys, self.publics = parties, keys, publics
        self._noted = {
            "lot": lots,
            "party": parties,
            "key": keys,
            "register": register,
            "public": publics,
        }
        self._posted: dict[str, set[str]] = {table: set() for table in self._noted}
        self.whole = whole
        self.heads: dict[str, int] = {}
        self.numbers: dict[str, int] = {}
        self.unnumbered: set[str] = set()
        self.loaded_settings: _Settings = (None, {}, "")
        self._settings: _Settings = self.loaded_settings

    def changed(self, table: str) -> list[tuple[str, Any]]:
        """What was posted into one of the mappings since `remember`, as it is now."""
        noted: MutableMapping[str, Any] = self._noted[table]
        return [(name, noted[name]) for name in sorted(self._posted[table])]

    def post(self, prepared: Sequence[Prepared], first: int) -> Posting:
        """These events have been booked and stand; the first of them at `first` in the log."""
        lots = [(name, self.lots[name]) for name in sorted(self._noted["lot"].changed)]
        posting = Posting(prepared, first, lots, tuple(self.moved))
        for table, noted in self._noted.items():
            self._posted[table].update(noted.changed)
            noted.changed.clear()
        self.moved.clear()
        self._settings = (self.governance, self.tolerances, self.ledger)
        return posting

    def withdraw(self) -> None:
        """Forget what was booked since the last posting."""
        for noted in self._noted.values():
            noted.undo()
        self.moved.clear()
        self.governance, self.tolerances, self.ledger = self._settings

    def remember(self) -> None:
        """Take the present state as what the tables hold."""
        for table, noted in self._noted.items():
            noted.changed.clear()
            self._posted[table].clear()
        self.loaded_settings = (self.governance, dict(self.tolerances), self.ledger)
        self._settings = (self.governance, self.tolerances, self.ledger)
