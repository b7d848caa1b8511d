"""A workspace: the folder in which people keep a ledger, its keys and what they know of it.

oretrail.toml     which ledger this is (id, origin, name); found by walking up
ledger.db         the ledger                                  losing it: everything
keys/             private keys of whoever works here          losing it: revoke, begin anew
checkpoint        the newest checkpoint seen                  losing it: a cut tail goes unseen
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from .audit.auditor import Trust
from .errors import ConfigError, LedgerError
from .events.base import Named
from .ledger import Ledger, system_clock
from .log import note

__all__ = ["SETTINGS_FILE", "Settings", "Workspace", "replace_file"]

SETTINGS_FILE = "oretrail.toml"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `oretrail.toml` says under ``[ledger]``. `id` pins the ledger.

    A `copy` is of a ledger that is kept elsewhere: it is followed, never written to.
    """

    id: str
    origin: str
    name: str
    database: str = "ledger.db"
    demo: bool = False
    copy: bool = False


class Workspace:
    """A folder with a ledger in it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        origin: str,
        name: str,
        governance: Sequence[note.Signer],
        threshold: int,
        log_key: str,
        tolerances: Sequence[Named] = (),
        demo: bool = False,
        clock: Callable[[], int] = system_clock,
    ) -> Workspace:
        """Begin a ledger in `root`, which may hold keys but no ledger yet."""
        if (root / SETTINGS_FILE).exists():
            raise ConfigError(f"{root} is a workspace already", code="workspace.exists")
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make {root}: {error.strerror}", code="workspace.not-written"
            ) from None
        ledger = Ledger.create(
            root / "ledger.db",
            origin=origin,
            name=name,
            governance=governance,
            threshold=threshold,
            log_key=log_key,
            tolerances=tolerances,
            demo=demo,
            clock=clock,
        )
        with ledger:
            settings = Settings(ledger.id, ledger.origin, name, demo=demo)
        return cls.adopt(root, settings)

    @classmethod
    def adopt(cls, root: Path, settings: Settings) -> Workspace:
        """Make the folder a workspace by writing its settings; the database is there."""
        replace_file(root / SETTINGS_FILE, _toml(settings))
        return cls(root, settings)

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """The workspace that `start` is in, looking upwards."""
        place = start.resolve()
        for folder in (place, *place.parents):
            if (folder / SETTINGS_FILE).is_file():
                return cls(folder, _read(folder / SETTINGS_FILE))
        raise ConfigError(
            f"no {SETTINGS_FILE} in {place} or above it",
            code="workspace.missing",
            hint="begin a ledger: oretrail init my-trail --origin my.example/trail",
        )

    @property
    def database(self) -> Path:
        """The ledger's database file."""
        return self.root / self.settings.database

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.root / "keys"

    def ledger(self, *, clock: Callable[[], int] = system_clock, read_only: bool = False) -> Ledger:
        """Open the ledger; refuse another one than the settings pin."""
        only = read_only or self.settings.copy
        return Ledger.open(self.database, clock=clock, pinned=self.settings.id, read_only=only)

    def keep_checkpoint(self, data: bytes) -> None:
        """Remember a signed checkpoint outside the database."""
        replace_file(self.root / "checkpoint", data)

    def kept_checkpoint(self) -> bytes | None:
        """The checkpoint kept in the folder, or None."""
        try:
            return (self.root / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                f"cannot read the kept checkpoint: {error.strerror}", code="checkpoint.unreadable"
            ) from None

    def trust(self) -> Trust:
        """What this folder knows of its ledger: the id and the kept checkpoint."""
        kept = self.kept_checkpoint()
        return Trust(self.settings.id, () if kept is None else (kept,))


def replace_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: temporary name, fsync, rename, fsync the folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", code="file.not-written"
        ) from None


def _toml(settings: Settings) -> bytes:
    lines = ["# An OreTrail workspace; `id` pins the ledger.", "[ledger]"]
    for field, value in msgspec.structs.asdict(settings).items():
        # A JSON string of printable text is a TOML basic string as well.
        lines.append(f"{field} = {json.dumps(value, ensure_ascii=True)}")
    return ("\n".join(lines) + "\n").encode()


def _read(path: Path) -> Settings:
    try:
        with path.open("rb") as file:
            return msgspec.convert(tomllib.load(file).get("ledger", {}), type=Settings)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", code="config.wrong") from None
    except (ValueError, LedgerError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}", code="config.wrong") from None
