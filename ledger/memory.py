"""A verifier's memory: what was seen of each ledger, one file a ledger, in a folder of state.

    $ORETRAIL_STATE, else $XDG_STATE_HOME/oretrail, else ~/.local/state/oretrail
        <ledger id>.seen        JSON, one line, one spelling; replaced whole or not at all
        lock                    held while one is read, compared and replaced
        conflict-<id>-<n>.txt   two signed checkpoints that cannot both be true

The name is the id that was insisted on or found, so nothing that a ledger says renames or
replaces a file, and no size in it ever becomes smaller. What cannot be read is an error and
never "nothing was seen": whoever can damage a file could otherwise make a verifier forget.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from .audit.memory import Sighting
from .errors import ConfigError, LedgerError, StorageError
from .log import note
from .workspace import replace_file

__all__ = ["Memory", "state_folder"]

_NAME = re.compile(r"([0-9a-f]{64})\.seen")
_LARGEST = 2 * note.MAX_NOTE


class _Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file of one ledger; `checkpoint` is the note's lines."""

    checkpoint: tuple[str, ...]
    full: bool
    keys: tuple[str, ...]
    ledger: str
    places: tuple[str, ...]
    seen_at: str
    type: Literal["oretrail/seen/v1"] = "oretrail/seen/v1"


def state_folder(environment: Mapping[str, str]) -> Path:
    """Where state is kept, by these environment variables."""
    if environment.get("ORETRAIL_STATE"):
        return Path(environment["ORETRAIL_STATE"])
    if environment.get("XDG_STATE_HOME"):
        return Path(environment["XDG_STATE_HOME"]) / "oretrail"
    try:
        return Path.home() / ".local" / "state" / "oretrail"
    except RuntimeError:
        raise ConfigError(
            "there is no home folder to remember anything in",
            code="memory.no-folder",
            hint="name a folder in ORETRAIL_STATE, or verify with --no-memory",
        ) from None


class Memory:
    """What was seen, in a folder; it need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def sightings(self) -> tuple[Sighting, ...]:
        """Everything that was seen, by ledger; StorageError ``memory.damaged``."""
        try:
            names = sorted(entry.name for entry in self.folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unreadable(self.folder, error) from None
        found = (_NAME.fullmatch(name) for name in names)
        return tuple(self._read(match[1]) for match in found if match)

    def known(self, ledger: str) -> Sighting | None:
        """What was seen of this ledger, or None."""
        return self._read(ledger) if self._path(ledger).exists() else None

    def remember(self, new: Sighting, before: Sighting | None) -> bool:
        """Keep a sighting that was judged to continue `before`, which was known then.

        False, and nothing is changed, if something else has been remembered since.
        """
        with self._locked():
            known = self.known(new.ledger)
            if known != before or (known is not None and known.said.size > new.said.size):
                return False
            replace_file(self._path(new.ledger), _spell(new))
            return True

    def accuse(self, ledger: str, size: int, text: bytes, folder: Path | None = None) -> Path:
        """Write the text about two checkpoints that conflict; the file's path."""
        where = self.folder if folder is None else folder
        try:
            where.mkdir(parents=True, exist_ok=True)
            for number in range(1, 1000):
                ending = "" if number == 1 else f"-{number}"
                path = where / f"conflict-{ledger[:8]}-{size}{ending}.txt"
                if not path.exists():
                    replace_file(path, text)
                    return path
                if path.read_bytes() == text:
                    return path
        except OSError as error:
            raise _not_written(where, error) from None
        raise StorageError(f"{where} is full of conflicts", code="memory.not-written")

    def _path(self, ledger: str) -> Path:
        return self.folder / f"{ledger}.seen"

    def _read(self, ledger: str) -> Sighting:
        path = self._path(ledger)
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as error:
            raise _unreadable(path, error) from None
        try:
            found = _parse(data)
            if found.ledger != ledger:
                raise ValueError(f"it is about ledger {found.ledger[:12]}")
            found.said  # noqa: B018 - the log must have signed it
        except (ValueError, LedgerError) as error:
            raise StorageError(
                f"{path}: what was seen of ledger {ledger[:12]} cannot be read: {error}",
                code="memory.damaged",
                hint=f"restore the file from a backup, or begin anew: mv {path} {path}.damaged",
            ) from None
        return found

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One at a time; the lock is gone with the process that held it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            held = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _not_written(self.folder, error) from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)


def _spell(one: Sighting) -> bytes:
    lines = one.checkpoint.decode("utf-8").split("\n")[:-1]
    page = _Page(
        checkpoint=tuple(lines),
        full=one.full,
        keys=one.keys,
        ledger=one.ledger,
        places=one.places,
        seen_at=one.seen_at,
    )
    return msgspec.json.encode(page, order="sorted") + b"\n"


def _parse(data: bytes) -> Sighting:
    """The sighting that these bytes spell, the one way; ValueError."""
    if len(data) > _LARGEST:
        raise ValueError(f"more than {_LARGEST} bytes")
    try:
        page = msgspec.json.decode(data, type=_Page)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(str(error)) from None
    text = "".join(f"{line}\n" for line in page.checkpoint)
    found = Sighting(page.ledger, text.encode(), page.keys, page.seen_at, page.full, page.places)
    if _spell(found) != data:
        raise ValueError("it is not spelled the one way")
    return found


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot read {path}: {error.strerror}", code="memory.not-read")


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"cannot write to {folder}: {error.strerror}",
        code="memory.not-written",
        hint="name a folder in ORETRAIL_STATE, or verify with --no-memory",
    )
