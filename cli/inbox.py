"""`inbox`: what others have signed far from here, taken into the ledger at one go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.custody.outbox import MAX_BYTES, Outbox
from ledger.errors import ConfigError, ConflictError
from ledger.field.inbox import Answer, opened, take
from ledger.field.supposed import Supposed
from ledger.workspace import Workspace, replace_file

from . import output, waiting
from .copies import write_copy
from .main import Group
from .output import clean
from .session import Session

if TYPE_CHECKING:
    from ledger.custody.statement import Statement

__all__ = ["inbox"]

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group(cls=Group, name="inbox")
def inbox() -> None:
    """Take in what `oretrail outbox pack` has packed: take, unpack."""


def _read(file: Path) -> Outbox:
    return Outbox.decode(waiting.read_file(file, MAX_BYTES, "outbox.too-large"))


@inbox.command("take")
@_file
@click.option(
    "--all-or-nothing", is_flag=True, help="Register nothing if a single statement is refused."
)
@click.option(
    "--receipts",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Where to write what became of each statement.  [default: FILE.receipts]",
)
@click.option(
    "--copy",
    "back",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Sign a checkpoint, and write what is new since the clerk's copy, for "
    "`oretrail update` there.",
)
@click.option("--dry-run", "-n", is_flag=True, help="Show what would happen; register nothing.")
@click.pass_obj
def take_(
    session: Session,
    file: Path,
    all_or_nothing: bool,
    receipts: Path | None,
    back: Path | None,
    dry_run: bool,
) -> int:
    """Register all statements of FILE that can be, in order, in one transaction.

    One that is refused keeps out those that build on it, and no others. The same file again
    is no error: the first receipts are given once more. Exit code 3 if one was refused.
    """
    packed = _read(file)
    workspace = session.workspace()
    if workspace.settings.copy:
        raise ConfigError(
            "this is a copy of a ledger, nothing can be registered in it",
            code="workspace.is-copy",
            hint=f"take {file} to where the ledger is",
        )
    signer = None
    if back is not None and not dry_run:
        signer = session.signer(workspace.settings.origin)
    with opened(workspace) as ledger:
        _check_past(ledger, packed)
        with output.Progress("taking in statement") as progress:
            answers = take(ledger, packed.statements, progress=progress)
        good = all(one.entered for one in answers)
        kept = not dry_run and (good or not all_or_nothing)
        if kept:
            ledger.keep()
            workspace.keep_receipts([one.receipt for one in answers if one.receipt is not None])
    _say(session, packed.statements, answers, kept=kept, dry_run=dry_run)
    if kept:
        lines = (
            json.dumps(one, sort_keys=True, separators=(",", ":"))
            for one in waiting.plain_answers(answers)
        )
        target = receipts or file.with_name(f"{file.name}.receipts")
        replace_file(target, "".join(f"{line}\n" for line in lines).encode())
        if back is not None and signer is not None:
            _write_back(session, workspace, signer, back, packed.seen[0])
    if not good and not session.json:
        _say_what_to_do(file, answers, back)
    return 0 if good else 3


def _check_past(ledger: Supposed, packed: Outbox) -> None:
    """The outbox is for this ledger, and was drafted on this ledger's past."""
    if packed.ledger != ledger.id:
        raise ConflictError(
            f"the outbox is for ledger {packed.ledger[:12]}, this is {ledger.id[:12]}",
            code="statement.wrong-ledger",
        )
    size, seen = packed.seen
    root = ledger.root_at(size)
    if root is None:
        raise ConflictError(
            f"the outbox was drafted on {size} entries, where no statement of this ledger ends; "
            f"it has {ledger.head().size}",
            code="statement.seen-ahead",
        )
    if root != seen:
        raise ConflictError(
            f"the outbox was drafted on root {seen[:16]} at size {size}, here it is {root[:16]}",
            code="statement.seen-inconsistent",
        )


def _write_back(
    session: Session, workspace: Workspace, signer: Any, back: Path, since: int
) -> None:
    with workspace.ledger() as ledger:
        ledger.checkpoint(signer)
        workspace.publish(ledger)
        size = write_copy(ledger, back, since) if ledger.head().size > since else since
    if not session.json:
        output.note(f"wrote {clean(back)}: entries {since} to {size - 1} for the clerk's copy")


_BECAME = {
    "registered": "registered",
    "known": "registered before",
    "refused": "refused",
    "held-back": "held back",
}


def _say(
    session: Session,
    statements: tuple[Statement, ...],
    answers: list[Answer],
    *,
    kept: bool,
    dry_run: bool,
) -> None:
    if session.json:
        output.say_json(
            {
                "dry_run": dry_run,
                "registered": kept,
                "statements": waiting.plain_answers(answers),
            }
        )
        return
    for one, statement in zip(answers, statements, strict=True):
        place = ""
        if one.receipt is not None and (kept or one.became == "known"):
            place = f"entry {one.receipt.index + 1}"
        became = _BECAME[one.became] if kept or one.became != "registered" else "would register"
        output.say(f"{one.number:>4}  {became:<17}  {place:<10}  {waiting.about(statement)}")
        if one.became == "refused":
            waiting.say_findings(one)
        if one.builds_on is not None:
            output.say(f"     builds on {one.builds_on}, which is not in the ledger")
    if dry_run:
        output.say("nothing was registered: this is a dry run")
    elif not kept:
        output.say("nothing was registered: all or nothing was asked for")


def _say_what_to_do(file: Path, answers: list[Answer], back: Path | None) -> None:
    """One step that helps, as a command."""
    if any(one.conflicts for one in answers):
        name = back.name if back is not None else "BACK.copy"
        if back is None:
            output.hint(
                f"oretrail inbox take {clean(file)} --copy {name}, and give it to the clerk"
            )
        else:
            output.hint(f"the clerk runs: oretrail update {clean(name)} && oretrail outbox rebase")
    elif any(found.code == "statement.signer-missing" for one in answers for found in one.findings):
        output.hint(f"let the others sign: oretrail inbox unpack {clean(file)} -o FOLDER")


@inbox.command("unpack")
@_file
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="FOLDER",
    help="Where to put the statements; made if it is not there.",
)
@click.pass_obj
def unpack(session: Session, file: Path, folder: Path) -> int:
    """Write the statements of FILE as files of their own, to look at or countersign."""
    packed = _read(file)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make {folder}: {error.strerror}", code="file.not-written"
        ) from None
    names = [f"{number:04}.statement" for number in range(1, len(packed.statements) + 1)]
    for name in names:
        if (folder / name).exists():
            raise ConfigError(f"{folder / name} exists already", code="file.exists")
    for name, one in zip(names, packed.statements, strict=True):
        replace_file(folder / name, one.encode())
    if session.json:
        output.say_json({"files": [str(folder / name) for name in names]})
        return 0
    for name, one in zip(names, packed.statements, strict=True):
        output.say(f"{clean(folder / name)}   {waiting.about(one)}")
    return 0
