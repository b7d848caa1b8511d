"""`outbox`: what was recorded in a copy and no ledger has yet.

field$    oretrail transfer dispatch --lot GIH-C1 --to kigali.example
field$    oretrail outbox pack -o stick/week.outbox
office$   oretrail inbox take stick/week.outbox --copy stick/back.copy
field$    oretrail update stick/back.copy
field$    oretrail outbox rebase          after a conflict: draft anew, look, sign again
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ledger.custody.outbox import MAX_BYTES, Outbox
from ledger.custody.statement import Statement
from ledger.errors import ConflictError, MalformedError
from ledger.field import rebase as rebasing
from ledger.field.inbox import take
from ledger.field.supposed import Supposed
from ledger.workspace import replace_file

from . import output, waiting
from .exchange import read_statement
from .main import Group
from .output import clean
from .session import Session
from .signing import plain_waiting, say_waiting, still_to_sign

__all__ = ["outbox"]


@click.group(cls=Group, name="outbox")
def outbox() -> None:
    """What was signed in the field and no ledger has yet: list, pack, rebase.

    In a copy of a ledger (`oretrail clone`) everything that is recorded waits in the folder
    outbox/, in order, and what is recorded next builds on it.
    """


@outbox.command("list")
@click.pass_obj
def list_(session: Session) -> int:
    """What waits, who has signed it, and whether it still fits the ledger."""
    with waiting.of_a_copy(session.workspace()) as ledger:
        pairs = ledger.waiting
    if session.json:
        output.say_json(
            {
                "waiting": [
                    {
                        **plain_waiting(one),
                        "fits": answer.entered,
                        "findings": [output.finding(found) for found in answer.findings],
                    }
                    for one, answer in pairs
                ]
            }
        )
        return 0
    output.table(
        [
            (
                str(one.number),
                waiting.about(one.statement),
                _state(one.statement, fits=answer.entered),
            )
            for one, answer in pairs
        ],
        right=[0],
    )
    if not pairs:
        output.note("nothing waits in the outbox")
    return 0


def _state(statement: Statement, *, fits: bool) -> str:
    if not fits:
        return "no longer fits"
    missing = clean(", ".join(still_to_sign(statement)))
    return f"to be signed by {missing}" if missing else "signed"


@outbox.command("pack")
@click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    required=True,
    help="Where to write it, such as week.outbox.",
)
@click.pass_obj
def pack(session: Session, target: Path) -> int:
    """Write all that waits into one file, for `oretrail inbox take` where the ledger is.

    It goes on waiting here until `oretrail update` shows that the ledger has it.
    """
    with waiting.of_a_copy(session.workspace()) as ledger:
        ledger.check_fit()
        pending = [one for one, _ in ledger.waiting]
        for one in pending:
            if not one.statement.signatures:
                raise MalformedError(
                    f"nobody has signed statement {one.number} yet",
                    code="outbox.unsigned",
                    hint=f"oretrail sign {waiting.shown(one.path)}",
                )
        packed = Outbox.of(ledger.id, ledger.base, [one.statement for one in pending])
        data = packed.encode()
        if len(data) > MAX_BYTES:
            raise MalformedError(
                f"an outbox of {len(data)} bytes, at most {MAX_BYTES} are allowed",
                code="outbox.too-large",
            )
        replace_file(target, data)
    events = sum(len(one.statement.events) for one in pending)
    if session.json:
        output.say_json({"file": str(target), "statements": len(pending), "events": events})
        return 0
    output.say(f"wrote {clean(target)}   {len(pending)} statements, {events} events")
    for one in pending:
        missing = still_to_sign(one.statement)
        if missing:
            output.note(f"statement {one.number} is to be signed by {clean(', '.join(missing))}")
    return 0


@outbox.command("add")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def add(session: Session, file: Path) -> int:
    """Put a statement that somebody else has drafted or signed behind those that wait."""
    statement = read_statement(file)
    with waiting.of_a_copy(session.workspace()) as ledger:
        say_waiting(session, ledger.send(statement))
    return 0


@outbox.command("drop")
@click.argument("number", type=click.IntRange(1))
@click.pass_obj
def drop(session: Session, number: int) -> int:
    """Take a statement back before it is sent: it goes to outbox/refused."""
    workspace = session.workspace()
    with waiting.of_a_copy(workspace) as ledger:
        gone = ledger.folder.one(number)
        rest = [one for one, answer in ledger.waiting if answer.entered and one.number != number]
    with Supposed.open(workspace.database, pinned=workspace.settings.id) as fresh:
        for one, answer in zip(
            rest, take(fresh, [one.statement for one in rest], fresh.suppose), strict=True
        ):
            if not answer.entered:
                raise ConflictError(
                    f"statement {one.number} of the outbox builds on {number}",
                    code="outbox.built-on",
                    hint=f"oretrail outbox drop {one.number}",
                )
        path = ledger.folder.set_apart(gone, "taken back before it was sent")
    if session.json:
        output.say_json({"number": number, "file": str(path)})
    else:
        output.say(f"took back {number}   {waiting.about(gone.statement)}")
    return 0


@outbox.command("clear")
@click.pass_obj
def clear(session: Session) -> int:
    """Delete what is done with: outbox/registered and outbox/refused. What waits stays."""
    with waiting.of_a_copy(session.workspace()) as ledger:
        gone = ledger.folder.clear()
    if session.json:
        output.say_json({"deleted": gone})
    else:
        output.say(f"deleted {gone} statements that are done with")
    return 0


@outbox.command("rebase")
@click.option("--dry-run", "-n", is_flag=True, help="Show what would become of each.")
@click.pass_obj
def rebase(session: Session, dry_run: bool) -> int:
    """After `oretrail update`: draft anew what was signed on a head that is spent.

    What still stands is kept as it was signed. What is drafted anew has lost every signature:
    read it, and sign it again. What makes no sense any more is kept in outbox/refused, with
    the reason.
    """
    workspace = session.workspace()
    with waiting.of_a_copy(workspace) as ledger:
        pending = [one for one, _ in ledger.waiting]
    with Supposed.open(workspace.database, pinned=workspace.settings.id) as fresh:
        steps = rebasing.plan(fresh, pending)
        if not dry_run:
            rebasing.rebase(ledger.folder, pending, steps)
    if session.json:
        output.say_json({"dry_run": dry_run, "statements": [_plain_step(one) for one in steps]})
        return 0
    for step in steps:
        _say_step(step)
    drafted = [one for one, step in zip(pending, steps, strict=True) if step.became == "drafted"]
    if dry_run:
        output.say("nothing was changed: this is a dry run")
    elif drafted:
        output.note(f"read and sign again: oretrail sign {waiting.shown(drafted[0].path)}")
    return 0


def _plain_step(step: rebasing.Step) -> dict[str, Any]:
    return {
        "number": step.number,
        "became": step.became,
        "event": list(step.statement.ids),
        "reason": step.reason,
        "builds_on": list(step.builds_on),
        "conflicts": [waiting.plain_conflict(one) for one in step.conflicts],
        "findings": [output.finding(one) for one in step.findings],
    }


_BECAME = {"kept": "kept", "drafted": "drafted anew", "apart": "set apart"}


def _say_step(step: rebasing.Step) -> None:
    output.say(f"{step.number:>4}  {_BECAME[step.became]:<12}  {waiting.about(step.statement)}")
    for one in step.conflicts:
        waiting.say_conflict(one)
    if step.builds_on:
        output.say(f"     {step.reason}")
    elif step.became == "apart" or (step.findings and not step.conflicts):
        output.say(f"     {clean(step.reason, 400)}")
