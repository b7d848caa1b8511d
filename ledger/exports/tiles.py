"""The whole ledger as static files (C2SP tlog-tiles), for any web server or a USB stick.

    checkpoint                       the newest signed checkpoint
    tile/entries/000, 001, ...       entries as they were signed, 256 in a file
    tile/0/000, tile/1/000, ...      the hashes that tie them to the checkpoint

Needs no software of ours; `oretrail verify DIR` and `oretrail verify https://...` read it. Into
a folder that holds an earlier state only what is new is written, and the checkpoint last.
What the newest checkpoint does not cover is left out: oretrail checkpoint make.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..audit.dossier import Growth, Log
from ..errors import ConflictError, MalformedError, SignatureError, UnknownError
from ..log import checkpoint, merkle, note, tiles
from ..log.checkpoint import Checkpoint
from ..log.tiles import WIDTH, Tile

__all__ = ["render"]


def render(log: Log, present: bytes | None) -> Growth:
    """What makes a folder whose checkpoint is `present`, None if it has none, the newest state.

    Raises `UnknownError` if there is no signed checkpoint, and `ConflictError` if the folder
    holds another log, or what is not the past of this one.
    """
    if log.checkpoint is None:
        raise UnknownError(
            "no checkpoint was signed yet", code="checkpoint.none", hint="oretrail checkpoint make"
        )
    now = checkpoint.parse(note.parse(log.checkpoint).text)
    since = 0 if present is None else _continued(log, now, present)
    whole = since - since % WIDTH
    partial = {one.path for one in _all(now.size) if one.width < WIDTH}

    def proven(fetch: tiles.Fetch) -> None:
        for _ in tiles.Reader(fetch, now.size, now.root).entries(whole):
            pass

    def stale(path: str) -> bool:
        return ".p/" in path and path not in partial

    return Growth(_files(log, now.size, since), ("checkpoint", log.checkpoint), proven, stale)


def _continued(log: Log, now: Checkpoint, present: bytes) -> int:
    """The size of the log that is in the folder; refuses what is not the past of this one."""
    try:
        kept = checkpoint.open(present, log.origin, [note.Verifier.parse(key) for key in log.keys])
    except (MalformedError, SignatureError) as error:
        raise ConflictError(
            f"the folder's checkpoint is not of this log: {error}", code="tiles.other-log"
        ) from None
    if kept.size > now.size:
        raise ConflictError(
            f"the folder holds {kept.size} entries, the newest checkpoint here covers {now.size}",
            code="tiles.ahead",
        )
    here = merkle.root_from(log.nodes, kept.size)
    if here != kept.root:
        raise ConflictError(
            f"the folder's checkpoint of {kept.size} entries has root {kept.root.hex()[:16]}, "
            f"here it is {here.hex()[:16]}",
            code="tiles.not-a-prefix",
        )
    return kept.size


def _all(size: int) -> Iterator[Tile]:
    yield from tiles.bundles_of(size)
    yield from tiles.tiles_of(size)


def _files(log: Log, size: int, since: int) -> Iterator[tuple[str, bytes]]:
    """Entries before the hashes over them, and both from left to right."""
    for one in tiles.bundles_of(size, since):
        first = one.index * WIDTH
        entries = list(log.entries(first, first + one.width))
        yield one.path, tiles.bundle(entries)
        yield tiles.path(0, one.index, one.width), b"".join(map(merkle.leaf_hash, entries))
    for tile in tiles.tiles_of(size, since):
        if tile.level:
            yield tile.path, b"".join(log.nodes(tiles.nodes_of(tile)))
