"""Folders that grow with the ledger (`export tiles`), in an order that survives a power cut.

new files, each whole, synced and renamed          the folder's checkpoint is still the old one
the new part read back and proven                  as a stranger would, from the disk
the checkpoint, renamed over the old one           from here on the folder is the new one
partial tiles that were replaced, removed          if this is cut short the next run does it
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.audit.dossier import Growth
from ledger.errors import ConfigError
from ledger.log import checkpoint, note
from ledger.mirror import folder
from ledger.workspace import SETTINGS_FILE, replace_file

from . import output

if TYPE_CHECKING:
    from ledger.audit.dossier import Log
    from ledger.ledger import Ledger

__all__ = ["log_of", "present", "write"]

_OURS = frozenset({"checkpoint", "tile"})


def log_of(opened: Ledger) -> Log:
    """An open ledger as the export of tiles wants it."""
    from ledger.audit.dossier import Log

    governance = opened.books().governance
    newest = opened.latest_checkpoint()
    _say_uncovered(newest, opened.head().size)
    return Log(
        opened.origin,
        governance.log_keys if governance else (),
        newest,
        opened.nodes,
        lambda start, end: (one.data for one in opened.sources(start, end)),
    )


def _say_uncovered(newest: bytes | None, size: int) -> None:
    """Say on stderr what will be left out."""
    covered = size if newest is None else checkpoint.parse(note.parse(newest).text).size
    if covered < size:
        output.note(f"the newest checkpoint covers {covered} of {size} entries")
        output.hint("oretrail checkpoint make")


def present(target: Path) -> bytes | None:
    """The checkpoint of a folder; None if there is none yet, and room to begin."""
    try:
        names = {one.name for one in target.iterdir()} if target.exists() else set()
        # What a web server needs may stand beside the tiles, a workspace may not.
        if names >= _OURS and SETTINGS_FILE not in names:
            return (target / "checkpoint").read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {target}: {error.strerror}", code="file.not-read") from None
    # Tiles without a checkpoint are a first export that was cut short.
    foreign = sorted(names - {"tile"})
    if foreign:
        raise ConfigError(
            f"{target} holds {foreign[0]}, and no tiles of a ledger; name a folder of its own",
            code="file.exists",
        )
    return None


def write(target: Path, growth: Growth) -> tuple[int, int]:
    """Bring a folder up to date; how many files were written, and bytes in them."""
    count = size = 0
    for name, content in growth.files:
        _put(target / name, content)
        count, size = count + 1, size + len(content)
    growth.proven(folder(target))
    name, content = growth.last
    _put(target / name, content)
    _sweep(target, growth)
    return count + 1, size + len(content)


def _put(place: Path, content: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {place.parent}: {error.strerror}", code="file.not-written"
        ) from None
    replace_file(place, content)


def _sweep(target: Path, growth: Growth) -> None:
    """Remove what is stale, and folders that are empty after that."""
    for place in sorted((target / "tile").rglob("*.p")):
        try:
            for file in place.iterdir():
                if growth.stale(file.relative_to(target).as_posix()):
                    file.unlink()
            if not any(place.iterdir()):
                place.rmdir()
        except OSError as error:
            raise ConfigError(
                f"cannot tidy {place}: {error.strerror}", code="file.not-written"
            ) from None
