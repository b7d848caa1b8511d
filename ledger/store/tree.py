"""The tree made again from the entries' bytes, before anything is signed over it.

    signed before        0 ............ 70000                    the stored checkpoint
    stored hashes        [ peaks at 70000 ]  must give its root
    entries read again                  70000 .......... 70412   hashed onto those peaks
    stored tree          root at 70412       must be what comes out

So a checkpoint costs what is new, not the whole log, and is consistent with the one
before, which was consistent with the one before it. With `full` every entry is read, and
every checkpoint signed so far must lie on the way.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import StorageError
from ..log import checkpoint, merkle, note
from ..log.checkpoint import Checkpoint
from . import entries as log
from .database import Connection, blob

__all__ = ["recompute", "signed_before"]


def signed_before(
    connection: Connection, origin: str, keys: Iterable[note.VerifiesNotes], *, full: bool = False
) -> list[Checkpoint]:
    """The newest checkpoint in the store, if any, or all; each signed by one of the log's keys."""
    known = list(keys)
    rows = connection.exec_driver_sql(
        f"SELECT size, note FROM checkpoint ORDER BY size DESC{'' if full else ' LIMIT 1'}"
    ).all()
    found = []
    for size, data in rows:
        said = checkpoint.open(blob(data), origin, known)
        if said.size != size:
            raise _damaged(f"the checkpoint stored for size {size} is of size {said.size}")
        found.append(said)
    return found


def recompute(
    connection: Connection, origin: str, before: Iterable[Checkpoint], *, full: bool = False
) -> Checkpoint:
    """What a checkpoint of the log as it stands says; StorageError if the store disagrees.

    `before` are the checkpoints signed before. ``log.rolled-back`` if the log is
    shorter than one of them, ``log.damaged`` if its entries or its hashes are not theirs.
    """
    signed = {one.size: one.root for one in before}
    last = max(signed, default=0)
    size = log.head(connection).size
    if last > size:
        raise StorageError(
            f"a checkpoint of {last} entries was signed, {size} are here; nothing was signed",
            code="log.rolled-back",
            hint="oretrail doctor",
        )
    frontier = merkle.Frontier() if full else log.frontier(connection, last)
    _agrees(frontier, signed)
    for row in log.entries(connection, frontier.size, size):
        leaf = merkle.leaf_hash(row.data)
        if row.index != frontier.size or row.leaf != leaf:
            raise _damaged(
                f"entry {row.index} hashes to {leaf.hex()[:16]}, at {frontier.size} the store "
                f"has {row.leaf.hex()[:16]}"
            )
        frontier.append(leaf)
        _agrees(frontier, signed)
    root = frontier.root()
    stored = merkle.root_from(lambda nodes: log.hashes(connection, nodes), size)
    if frontier.size != size or root != stored:
        raise _damaged(
            f"{frontier.size} entries hash to {root.hex()[:16]}, the stored tree of {size} to "
            f"{stored.hex()[:16]}"
        )
    return Checkpoint(origin, size, root)


def _agrees(frontier: merkle.Frontier, signed: dict[int, bytes]) -> None:
    """Refuse a tree that is not the one that was signed at this size."""
    wanted = signed.get(frontier.size)
    if wanted is not None and frontier.root() != wanted:
        raise _damaged(
            f"the root at size {frontier.size} is {frontier.root().hex()[:16]}, "
            f"signed was {wanted.hex()[:16]}"
        )


def _damaged(message: str) -> StorageError:
    return StorageError(
        f"{message}; nothing was signed",
        code="log.damaged",
        hint="see what is wrong: oretrail verify",
    )
