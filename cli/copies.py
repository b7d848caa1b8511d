"""`copy`, `clone`, `update`: a ledger carried to where there is no network, and kept up to date.

office$   oretrail copy stick/kivu.copy
field$    oretrail clone stick/kivu.copy field
field$    oretrail update stick/week-2.copy
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ledger.errors import ConfigError, UnknownError
from ledger.log import checkpoint as checkpoints
from ledger.log import note

from . import output, waiting
from .main import Command
from .output import clean
from .session import Session
from .signing import plain_waiting

if TYPE_CHECKING:
    from ledger.ledger import Ledger

__all__ = ["clone", "copy", "update", "write_copy"]

_LONGEST = 1 << 21

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@contextlib.contextmanager
def _lines(file: Path) -> Iterator[Iterator[bytes]]:
    """The lines of a file, none longer than what is refused for its length."""
    try:
        opened = file.open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", code="file.not-read") from None
    with opened:
        yield iter(lambda: opened.readline(_LONGEST), b"")


@click.command(cls=Command)
@_file
@click.option(
    "--since",
    type=click.IntRange(0),
    default=0,
    metavar="SIZE",
    help="Leave out the first SIZE entries, which the other side has.",
)
@click.pass_obj
def copy(session: Session, file: Path, since: int) -> int:
    """Write the ledger to FILE, with the newest checkpoint over it, for `clone` or `update`.

    Entries that no checkpoint covers yet are left out: `oretrail checkpoint make` first.
    """
    with session.ledger(read_only=True) as ledger:
        size = write_copy(ledger, file, since)
        left = ledger.head().size - size
    if session.json:
        output.say_json({"file": str(file), "from": since, "size": size})
    else:
        output.say(f"wrote {clean(file)}   entries {since} to {size - 1}")
        if left:
            output.note(f"{left} entries after the checkpoint are not in it")
    return 0


def write_copy(ledger: Ledger, file: Path, since: int) -> int:
    """Write a copy up to the newest checkpoint, whole or not at all; returns its size."""
    from ledger.field.follow import write
    from ledger.workspace import replace_file

    signed = ledger.latest_checkpoint()
    if signed is None:
        raise UnknownError(
            "no checkpoint was signed yet", code="checkpoint.none", hint="oretrail checkpoint make"
        )
    size = checkpoints.parse(note.parse(signed).text).size
    if since >= size:
        raise UnknownError(
            f"the newest checkpoint covers {size} entries, asked is for those after {since}",
            code="copy.nothing-new",
        )
    replace_file(file, write(ledger.sources(since, size), signed))
    return size


@click.command(cls=Command)
@_file
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option("--ledger-id", metavar="HEX", default="", help="Insist on this ledger.")
@click.pass_obj
def clone(session: Session, file: Path, folder: Path | None, ledger_id: str) -> int:
    """Make FOLDER, or this one, a copy of the ledger in FILE, to work with in the field.

    Every entry is judged again, and the root must be the one that the log has signed. What
    is recorded in a copy waits in its outbox. Compare the ledger's id with one that you
    have from somewhere else.
    """
    from ledger.field import follow

    root = folder or session.folder or Path()
    with _lines(file) as lines, output.Progress("taking in entry") as progress:
        workspace = follow.clone(root, lines, pinned=ledger_id, progress=progress)
    with workspace.ledger() as ledger:
        size = ledger.head().size
    if session.json:
        output.say_json(
            {"ledger": workspace.settings.id, "folder": str(workspace.root), "size": size}
        )
    else:
        output.say(f"copy of ledger {workspace.settings.id}")
        output.say(f"{clean(workspace.settings.name)}, {size} entries")
    return 0


@click.command(cls=Command)
@_file
@click.pass_obj
def update(session: Session, file: Path) -> int:
    """Bring a copy up to date with FILE, and say what it means for the outbox.

    What the ledger has by now is filed away in outbox/registered.
    """
    from ledger.field import follow
    from ledger.field.standing import Standing

    workspace = session.workspace()
    with _lines(file) as lines, output.Progress("taking in entry") as progress:
        news = follow.update(workspace, lines, progress)
    with Standing.open_in(workspace) as ledger:
        filed = ledger.sweep(workspace.keep_receipts)
        unfit = ledger.unfit
        left = [pending for pending, _ in ledger.waiting]
    if session.json:
        output.say_json(
            {
                "before": news.before,
                "size": news.after,
                "registered": [plain_waiting(one) for one, _ in filed],
                "waiting": [plain_waiting(one) for one in left],
                "unfit": waiting.plain_answers(unfit),
            }
        )
        return 0
    output.say(f"{news.after - news.before} new entries, {news.after} in all")
    for one, answer in filed:
        if answer.receipt is not None:
            entry = f"entry {answer.receipt.index + 1}"
            output.say(f"{one.number:>4}  {entry:<12} {waiting.about(one.statement)}")
    if unfit:
        output.note(f"{len(unfit)} in the outbox no longer fit the ledger: oretrail outbox rebase")
    return 0
