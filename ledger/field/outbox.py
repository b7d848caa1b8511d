"""The outbox of a copy: what was signed in the field and no ledger has yet.

    outbox/0001.statement            in the order in which they were made
    outbox/0002.statement
    outbox/registered/0001...        in the ledger, as the copy shows; may be cleared
    outbox/refused/0002.statement    kept apart, with the reason in 0002.txt; may be cleared

A file appears whole or not at all and is moved by renaming, so whoever pulls the plug finds
every statement in one of the three places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..custody.statement import Statement
from ..errors import ConfigError, MalformedError, UnknownError
from ..workspace import replace_file

__all__ = ["Folder", "Pending"]

_NAME = re.compile(r"([0-9]{4,6})\.statement", re.ASCII)
_LARGEST = 512 << 20


class Pending(msgspec.Struct, frozen=True):
    """A statement that waits, its number, and its file."""

    number: int
    path: Path
    statement: Statement


class Folder:
    """The folder `outbox` of a workspace."""

    def __init__(self, root: Path) -> None:
        self.root = root / "outbox"
        self.registered = self.root / "registered"
        self.refused = self.root / "refused"

    def pending(self) -> list[Pending]:
        """What waits, in order."""
        return [
            Pending(number, path, self._read(path)) for number, path in sorted(_files(self.root))
        ]

    def one(self, number: int) -> Pending:
        """The statement of this number; UnknownError ``outbox.unknown``."""
        for found in self.pending():
            if found.number == number:
                return found
        raise UnknownError(
            f"no statement {number} waits in the outbox",
            code="outbox.unknown",
            hint="oretrail outbox list",
        )

    def add(self, statement: Statement) -> Pending:
        """Put a statement behind those that are there."""
        places = (self.root, self.registered, self.refused)
        number = 1 + max((number for place in places for number, _ in _files(place)), default=0)
        self._make(self.root)
        path = self.root / f"{number:04}.statement"
        replace_file(path, statement.encode())
        return Pending(number, path, statement)

    def replace(self, old: Pending, statement: Statement) -> Pending:
        """Put another statement in the place of one."""
        replace_file(old.path, statement.encode())
        return Pending(old.number, old.path, statement)

    def file_away(self, one: Pending) -> Path:
        """It is in the ledger."""
        return self._move(one, self.registered)

    def set_apart(self, one: Pending, reason: str) -> Path:
        """It will not come into the ledger as it is; the reason is kept beside it."""
        self._make(self.refused)
        replace_file(self.refused / f"{one.number:04}.txt", f"{reason}\n".encode())
        return self._move(one, self.refused)

    def clear(self) -> int:
        """Delete what is done with, never what waits; returns how many statements."""
        gone = 0
        try:
            for place in (self.registered, self.refused):
                for _, path in list(_files(place)):
                    path.unlink()
                    path.with_suffix(".txt").unlink(missing_ok=True)
                    gone += 1
        except OSError as error:
            raise ConfigError(
                f"cannot clear {self.root}: {error.strerror}", code="file.not-written"
            ) from None
        return gone

    def _move(self, one: Pending, place: Path) -> Path:
        self._make(place)
        target = place / one.path.name
        try:
            one.path.replace(target)
        except OSError as error:
            raise ConfigError(
                f"cannot move {one.path}: {error.strerror}", code="file.not-written"
            ) from None
        return target

    def _make(self, place: Path) -> None:
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make {place}: {error.strerror}", code="file.not-written"
            ) from None

    def _read(self, path: Path) -> Statement:
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise ConfigError(
                f"cannot read {path}: {error.strerror}", code="file.not-read"
            ) from None
        try:
            if len(data) > _LARGEST:
                raise MalformedError(f"larger than {_LARGEST} bytes", code="statement.too-large")
            return Statement.decode(data)
        except MalformedError as error:
            raise MalformedError(f"{path}: {error}", code=error.code, hint=error.hint) from None


def _files(place: Path) -> Iterator[tuple[int, Path]]:
    """The statements in a folder, by number."""
    try:
        paths = list(place.iterdir())
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigError(f"cannot read {place}: {error.strerror}", code="file.not-read") from None
    for path in paths:
        match = _NAME.fullmatch(path.name)
        if match is not None and path.name == f"{int(match[1]):04}.statement":
            yield int(match[1]), path
