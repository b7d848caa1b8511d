"""A workspace: the folder in which people keep a ledger, its keys and what they know of it.

oretrail.toml     which ledger this is (id, origin, name); found by walking up
ledger.db         the ledger, unless it is in PostgreSQL      losing it: everything
keys/             private keys of whoever works here          losing it: revoke, begin anew
checkpoint        the newest checkpoint published             losing it: a cut tail goes unseen
receipts.jsonl    what the ledger has promised                losing it: a broken promise, too
bundles/          what proves lots of other ledgers           losing it: trails end at the border
"""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from .audit.auditor import Trust
from .audit.bundle.foreign import proven
from .audit.receipts import Kept, spell
from .custody.foreign import Look, continued
from .custody.trail import Trail
from .errors import ConfigError, LedgerError, MalformedError, StorageError
from .events.base import Named
from .ledger import Ledger, Receipt, system_clock
from .log import checkpoint, note
from .store.places import Place, check_url, is_url
from .store.restore import restore

__all__ = [
    "SETTINGS_FILE",
    "Restored",
    "Settings",
    "Workspace",
    "bundles_in",
    "replace_file",
    "settle",
]

Progress = Callable[[int, int], None]
SETTINGS_FILE = "oretrail.toml"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `oretrail.toml` says under ``[ledger]``. `id` pins the ledger.

    `database` is a file in the folder, or the URL of a PostgreSQL schema, without a password.

    A `copy` is of a ledger that is kept elsewhere: it is followed, never written to.
    """

    id: str
    origin: str
    name: str
    database: str = "ledger.db"
    demo: bool = False
    copy: bool = False


class Restored(msgspec.Struct, frozen=True):
    """A backup was restored: its entries, where the old database is kept, why it is frozen."""

    size: int
    kept: Place | None
    frozen: StorageError | None


class Workspace:
    """A folder with a ledger in it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings
        self.beyond: Path | None = None
        """A folder elsewhere in which what is published is kept, too: a workspace that is put
        back from a backup, all of it, brings its old file `checkpoint` along."""

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
        database: str = "ledger.db",
        clock: Callable[[], int] = system_clock,
    ) -> Workspace:
        """Begin a ledger in `root`, which may hold keys but no ledger yet."""
        if is_url(database):
            check_url(database)
        place = _place(root, database)
        if (root / SETTINGS_FILE).exists():
            raise ConfigError(f"{root} is a workspace already", code="workspace.exists")
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make {root}: {error.strerror}", code="workspace.not-written"
            ) from None
        ledger = Ledger.create(
            place,
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
            settings = Settings(ledger.id, ledger.origin, name, database, demo)
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
    def database(self) -> Place:
        """The ledger's database file, or its URL."""
        return _place(self.root, self.settings.database)

    @property
    def keys(self) -> Path:
        """The folder of key files."""
        return self.root / "keys"

    def ledger(self, *, clock: Callable[[], int] = system_clock, read_only: bool = False) -> Ledger:
        """Open the ledger; refuse another one than the settings pin."""
        only = read_only or self.settings.copy
        ledger = Ledger.open(self.database, clock=clock, pinned=self.settings.id, read_only=only)
        if not only:
            ledger.keep_receipts = self.keep_receipts
            try:
                ledger.frozen = self.departure(ledger)
            except BaseException:
                ledger.close()
                raise
        return ledger

    @property
    def bundles(self) -> Path:
        """The folder of bundles by which lots were taken over from other ledgers."""
        return self.root / "bundles"

    def keep_bundle(self, data: bytes) -> Path:
        """Keep a bundle under its digest."""
        place = self.bundles / f"{sha256(data).hexdigest()}.trail"
        try:
            self.bundles.mkdir(exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"cannot make {self.bundles}: {error.strerror}", code="workspace.not-written"
            ) from None
        replace_file(place, data)
        return place

    def trace(self, ledger: Ledger, subject: str) -> Trail:
        """The trail of a lot, going on in the bundles kept here where it leaves this ledger."""
        return continued(ledger.trace(subject), bundles_in(self.bundles))

    @property
    def receipts(self) -> Path:
        """The file of receipts, one a line, the newest last (`audit.receipts`)."""
        return self.root / "receipts.jsonl"

    def keep_receipts(self, receipts: Sequence[Receipt]) -> None:
        """Append receipts to those that are kept here; durable together."""
        if not receipts:
            return
        data = b"".join(
            spell(Kept(one.index, one.event, one.size, one.recorded_at, self.settings.id))
            for one in receipts
        )
        try:
            with self.receipts.open("a+b") as file:
                # After a power cut the last line may be torn; it must not swallow the next.
                if file.tell() and _last_byte(file) != b"\n":
                    data = b"\n" + data
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            first = ", ".join(str(one.index + 1) for one in receipts[:3])
            more = f" and {len(receipts) - 3} more" if len(receipts) > 3 else ""
            said = (
                f"entry {first} is in the ledger, but its receipt was"
                if len(receipts) == 1
                else f"entries {first}{more} are in the ledger, but their receipts were"
            )
            raise ConfigError(
                f"{said} not kept in {self.receipts}: {error.strerror}", code="receipt.not-kept"
            ) from None

    def departure(self, ledger: Ledger) -> StorageError | None:
        """How the store departs from what was published of it, if it does.

        Then nothing may be registered or signed: it would be a second history. Whoever can
        write to the folder can take the file away; it guards against mistakes, and witnesses
        against its owner.
        """
        kept = (self.kept_checkpoint(), self._kept_beyond())
        found = (self._departs(ledger, data) for data in dict.fromkeys(kept) if data is not None)
        return next((one for one in found if one is not None), None)

    def _departs(self, ledger: Ledger, data: bytes) -> StorageError | None:
        try:
            said = checkpoint.parse(note.parse(data).text)
        except MalformedError as error:
            return _departs(f"the published checkpoint cannot be read: {error}", error.code)
        size = ledger.head().size
        if said.origin != ledger.origin:
            return _departs(
                f"{said.origin} was published from here, the store is of {ledger.origin}",
                "checkpoint.origin-mismatch",
            )
        if said.size > size:
            return _departs(
                f"{said.size} entries were published, root {said.root.hex()[:16]}; the store has "
                f"{size}, root {ledger.root().hex()[:16]}",
                "log.rolled-back",
            )
        root = ledger.root(said.size)
        if root != said.root:
            return _departs(
                f"published at size {said.size} was root {said.root.hex()[:16]}, in the store it "
                f"is {root.hex()[:16]}",
                "log.forked",
            )
        return None

    def publish(self, ledger: Ledger) -> bytes:
        """Write the newest checkpoint of the store outside it, one process at a time.

        The last step of making one: what was stored by a process that was killed before it
        came here is published by the next.
        """
        with ledger.writing():
            departs = self.departure(ledger)
            if departs is not None:
                raise departs
            data = ledger.latest_checkpoint()
            if data is None:
                raise StorageError("no checkpoint was signed yet", code="checkpoint.none")
            self.keep_checkpoint(data)
            self._keep_beyond(data)
        return data

    def _kept_beyond(self) -> bytes | None:
        if self.beyond is None:
            return None
        try:
            return (self.beyond / self.settings.id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(
                f"cannot read what was published: {error.strerror}", code="checkpoint.unreadable"
            ) from None

    def _keep_beyond(self, data: bytes) -> None:
        if self.beyond is None:
            return
        # A second guard where there is room for one; the checkpoint is published without it.
        with suppress(ConfigError, OSError):
            self.beyond.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self.beyond / self.settings.id, data)

    def restore(
        self, backup: Path, *, older: bool = False, progress: Progress | None = None
    ) -> Restored:
        """Put a backup in the place of the database, after replaying it from its bytes.

        Refuses one that lacks what was published or what is in the store, unless `older`;
        and always one that contradicts what was published, or that the rules contradict.
        After a restore of less than was published nothing can be registered or signed.
        """
        with Ledger.open(backup, pinned=self.settings.id, read_only=True) as ledger:
            wrong = [f for f in ledger.verify(progress=progress).findings if f.severity == "error"]
            if wrong:
                raise StorageError(f"the backup is damaged: {wrong[0].message}", code=wrong[0].code)
            departs = self.departure(ledger)
            size = ledger.head().size
        if departs is not None and not (older and departs.code == "log.rolled-back"):
            raise StorageError(f"not restored: {departs}", code=departs.code, hint=departs.hint)
        here = self._size_here()
        if here > size and not older:
            raise StorageError(
                f"not restored: the backup has {size} entries, the store has {here}",
                code="backup.older",
                hint=f"oretrail db restore {backup} --older",
            )
        return Restored(size, restore(backup, self.database), departs)

    def _size_here(self) -> int:
        """Entries in the store, 0 if it cannot be read."""
        try:
            with self.ledger(read_only=True) as ledger:
                return ledger.head().size
        except StorageError:
            return 0

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


def bundles_in(folder: Path) -> Look:
    """Finds the trails of foreign lots in the bundles of a folder, each named by its digest."""

    def look(said: Mapping[str, Any]) -> Trail | None:
        try:
            data = (folder / f"{said['bundle']}.trail").read_bytes()
        except OSError:
            return None
        return proven(data, said)

    return look


def _last_byte(file: BinaryIO) -> bytes:
    file.seek(-1, os.SEEK_END)
    return file.read(1)


def replace_file(path: Path, data: bytes | Iterable[bytes]) -> int:
    """Write a file whole or not at all: temporary name, fsync, rename, fsync the folder.

    Returns how many bytes it holds. Whatever goes wrong on the way, also in making the
    pieces, what was there before stays and nothing else is left.
    """
    pieces = (data,) if isinstance(data, bytes) else data
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    size = 0
    try:
        with temporary.open("wb") as file:
            for piece in pieces:
                size += file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        settle(path.parent)
    except OSError as error:
        raise ConfigError(
            f"cannot write {path}: {error.strerror}", code="file.not-written"
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return size


def settle(folder: Path) -> None:
    """Make what was renamed in a folder last, power cut or not (security notes: Z5)."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _place(root: Path, database: str) -> Place:
    """Where the database is that is called so in the folder's settings."""
    return database if is_url(database) else root / database


def _departs(message: str, code: str) -> StorageError:
    return StorageError(
        f"{message}; nothing is registered or signed here", code=code, hint="oretrail doctor"
    )


def _toml(settings: Settings) -> bytes:
    lines = ["# An OreTrail workspace; `id` pins the ledger.", "[ledger]"]
    for field, value in msgspec.structs.asdict(settings).items():
        # A JSON string of printable text is a TOML basic string as well.
        lines.append(f"{field} = {json.dumps(value, ensure_ascii=True)}")
    return ("\n".join(lines) + "\n").encode()


def _read(path: Path) -> Settings:
    try:
        with path.open("rb") as file:
            settings = msgspec.convert(tomllib.load(file).get("ledger", {}), type=Settings)
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", code="config.wrong") from None
    except (ValueError, LedgerError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}", code="config.wrong") from None
    if is_url(settings.database):
        check_url(settings.database)
    return settings
