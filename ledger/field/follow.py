"""A copy of a ledger: entries that others recorded, judged here once more, one by one.

Each statement is registered again, at the time at which it was recorded there, by the code
that registered it there: a copy holds nothing that the rules refuse. Every entry must come
out byte for byte, and the root must be the one that the log has signed. All is taken in,
or nothing.
"""

from __future__ import annotations

import calendar
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from ..audit.auditor import Source
from ..audit.copy_file import CopyFile
from ..custody.statement import MAX_EVENTS, Statement, decode_registration
from ..errors import ConfigError, ConflictError, MalformedError, RefusedError, StorageError
from ..events import decode
from ..events.ledger_created import LedgerCreated
from ..exports import entries
from ..ledger import Ledger, system_clock
from ..log import checkpoint, merkle, note
from ..store import entries as log
from ..store import projections
from ..store.database import Database
from ..store.places import Place, Supposal, supposed
from ..store.registrar import register
from ..store.sheaves import Sheaves
from ..workspace import SETTINGS_FILE, Settings, Workspace

__all__ = ["News", "clone", "follow", "update", "write"]

Progress = Callable[[int, int], None]

DATABASE = "copy.db"


class News(msgspec.Struct, frozen=True):
    """What a copy has brought: sizes before and after, and its checkpoint with its size."""

    before: int
    after: int
    signed: int
    checkpoint: bytes


def write(sources: Iterable[Source], signed: bytes) -> Iterator[bytes]:
    """The lines of a copy: entries as the store has them, and the checkpoint over them."""
    yield from entries.render(sources)
    yield b"\n"
    yield signed


def clone(
    root: Path,
    lines: Iterable[bytes],
    *,
    pinned: str = "",
    clock: Callable[[], int] = system_clock,
    progress: Progress | None = None,
) -> Workspace:
    """Make `root` a workspace with a copy of the ledger that these lines spell.

    `pinned` is the ledger id to insist on. Nothing but keys may be in the folder yet; what
    a clone that was broken off has left behind is replaced.
    """
    if (root / SETTINGS_FILE).exists():
        raise ConfigError(
            f"{root} is a workspace already",
            code="workspace.exists",
            hint="what is new comes in with: oretrail update FILE",
        )
    try:
        root.mkdir(parents=True, exist_ok=True)
        for ending in ("", "-journal", "-wal", "-shm"):
            (root / f"{DATABASE}{ending}").unlink(missing_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {root}: {error.strerror}", code="workspace.not-written"
        ) from None
    database = Database.create(root / DATABASE)
    try:
        database.close()
        news = follow(database.path, lines, progress)
        with Ledger.open(database.path, clock=clock, pinned=pinned, read_only=True) as ledger:
            began = decode(ledger.find("1")[1])
            name = began.name if isinstance(began, LedgerCreated) else ledger.origin
            settings = Settings(ledger.id, ledger.origin, name, DATABASE, ledger.demo, copy=True)
    except BaseException:
        database.remove()
        raise
    workspace = Workspace.adopt(root, settings)
    workspace.keep_checkpoint(news.checkpoint)
    return workspace


def update(workspace: Workspace, lines: Iterable[bytes], progress: Progress | None = None) -> News:
    """Take what is new into a copy, and keep the checkpoint that came with it."""
    if not workspace.settings.copy:
        raise ConfigError(
            f"{workspace.root} holds the ledger itself; only a copy is brought up to date",
            code="workspace.no-copy",
        )
    news = follow(workspace.database, lines, progress)
    if news.after == news.signed:
        workspace.keep_checkpoint(news.checkpoint)
    return news


def follow(path: Place, lines: Iterable[bytes], progress: Progress | None = None) -> News:
    """Take in what a copy has more than the database at `path`.

    Raises `ConflictError` where the two tell different pasts, or the copy holds what the
    rules refuse, and `MalformedError` where it is none.
    """
    copy = CopyFile(lines)
    overlay = supposed(path)
    try:
        overlay.check_format()
        with overlay.reading() as connection:
            before = log.head(connection).size
        for sources in _statements(_news(overlay, copy.sources(), before)):
            _register(overlay, sources)
            if progress is not None:
                progress(sources[-1].index, sources[-1].index)
        after, signed = _signed(overlay, copy.checkpoint)
        overlay.keep()
    finally:
        overlay.close()
    return News(before, after, signed, copy.checkpoint)


def _news(overlay: Supposal, sources: Iterable[Source], size: int) -> Iterator[Source]:
    """The entries from `size` on; those before must be the ones that are here."""
    first = True
    with overlay.reading() as connection:
        sheaves = Sheaves(connection)
    for source in sources:
        if first and source.index > size:
            raise ConflictError(
                f"the copy begins at entry {source.index}, here are {size} entries",
                code="copy.gap",
                hint=f"where the ledger is: oretrail copy FILE --since {size}",
            )
        first = False
        if source.index >= size:
            yield source
            continue
        with overlay.reading() as connection:
            row = log.entry(connection, source.index, sheaves)
        leaf = merkle.leaf_hash(source.data)
        if row is None or row.leaf != leaf or source.leaf != leaf or source.chain != row.chain:
            here = "missing" if row is None else row.leaf.hex()[:16]
            raise ConflictError(
                f"entry {source.index} is {here} here and {leaf.hex()[:16]} in the copy",
                code="copy.other-past",
            )


def _statements(sources: Iterable[Source]) -> Iterator[list[Source]]:
    """A registration and its events, again and again."""
    group: list[Source] = []
    for source in sources:
        if source.data.endswith(b'"type":"registered"}') and group:
            yield group
            group = []
        group.append(source)
        if len(group) > MAX_EVENTS + 1:
            raise MalformedError(
                f"more than {MAX_EVENTS} events after entry {group[0].index}",
                code="statement.too-large",
            )
    if group:
        yield group


def _register(overlay: Supposal, group: list[Source]) -> None:
    at = group[0].index
    registration = decode_registration(group[0].data)
    statement = Statement.of([one.data for one in group[1:]], registration.signed_note)
    moment = calendar.timegm(time.strptime(registration.recorded_at, "%Y-%m-%dT%H:%M:%SZ"))
    try:
        receipt = register(overlay, statement, lambda: moment)
    except RefusedError as error:
        raise ConflictError(
            f"the statement at entry {at} of the copy is refused: {error}", code=error.code
        ) from None
    if receipt.index != at:
        raise ConflictError(
            f"the events at entry {at} of the copy are in the log at {receipt.index} already",
            code="event.duplicate",
        )
    with overlay.reading() as connection:
        sheaves = Sheaves(connection)
        rows = [log.entry(connection, one.index, sheaves) for one in group]
    for one, row in zip(group, rows, strict=True):
        if row is None:
            raise StorageError(f"entry {one.index} is missing", code="storage.corrupt")
        if row.data != one.data:
            raise ConflictError(
                f"entry {one.index} of the copy was recorded at {registration.recorded_at}, "
                "before the one that precedes it",
                code="time.went-back",
            )
        if (row.leaf, row.chain) != (one.leaf, one.chain):
            stated = (one.leaf or b"").hex()[:16]
            raise ConflictError(
                f"entry {one.index} hashes to {row.leaf.hex()[:16]} after "
                f"{row.chain.hex()[:16]}, the copy states {stated}",
                code="entry.leaf-mismatch" if row.leaf != one.leaf else "entry.chain-broken",
            )


def _signed(overlay: Supposal, signed: bytes) -> tuple[int, int]:
    """Size of the log, and of the checkpoint: the log's own, over the root computed here."""
    with overlay.reading() as connection:
        governance = projections.load_all(connection).governance
        if governance is None:
            raise MalformedError("the copy does not begin with a ledger", code="copy.malformed")
        verifier = note.Verifier.parse(governance.log_key)
        said = checkpoint.open(signed, governance.origin, [verifier])
        size = log.head(connection).size
        root = log.tree(connection, said.size)[1]
    if root != said.root.hex():
        raise ConflictError(
            f"the first {said.size} entries have root {root[:16]}, the log has signed "
            f"{said.root.hex()[:16]}",
            code="checkpoint.root-mismatch",
        )
    # The same checkpoint may have come before, with fewer cosignatures.
    with contextlib.suppress(ConflictError), overlay.writing() as connection:
        log.add_checkpoint(connection, said.size, signed)
    return size, said.size
