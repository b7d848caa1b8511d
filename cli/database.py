"""`db`: the database made anew, compared with the log, copied, put back, and who may use it."""

from __future__ import annotations

from pathlib import Path

import click

from . import output
from .audit import answer, verify_workspace
from .main import Group
from .output import clean
from .session import Session

__all__ = ["db"]


@click.group(cls=Group, name="db")
def db() -> None:
    """The database: make its tables anew, compare them with the log, copy it, put it back."""


@db.command("rebuild")
@click.pass_obj
def rebuild(session: Session) -> int:
    """Make every table anew from the entries of the log."""
    with session.ledger() as ledger:
        count = ledger.rebuild()
    if session.json:
        output.say_json({"entries": count})
    else:
        output.say(f"tables made anew from {count} entries")
    return 0


@db.command("check")
@click.pass_obj
def check(session: Session) -> int:
    """Whether the tables say what the log says."""
    workspace = session.workspace()
    with workspace.ledger(read_only=True) as ledger:
        report = verify_workspace(workspace, ledger, "", ())
    return answer(session, report, f"the tables against {report.size} entries")


@db.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(session: Session, file: Path) -> int:
    """Copy the database to FILE while others may go on writing; never over a file."""
    with session.ledger(read_only=True) as ledger:
        ledger.backup(file)
        size = ledger.head().size
    if session.json:
        output.say_json({"file": str(file), "entries": size})
    else:
        output.say(f"wrote {clean(file)}   {size} entries")
    return 0


@db.command("rights")
@click.argument("role")
@click.option("--read-only", is_flag=True, help="Rights to read, and no more.")
@click.pass_obj
def rights(session: Session, role: str, read_only: bool) -> int:
    """Print the SQL that lets a PostgreSQL ROLE serve this ledger, and take nothing away from it.

    For the owner of the schema to run: oretrail db rights clerk | psql ...
    """
    from ledger.store import places

    allowed = places.rights(session.workspace().database, role, read_only=read_only)
    if session.json:
        output.say_json({"sql": allowed})
    else:
        for statement in allowed:
            output.say(f"{statement};")
    return 0


@db.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--older", is_flag=True, help="Even if it has less than was published or is here.")
@click.pass_obj
def restore(session: Session, file: Path, older: bool) -> int:
    """Put the backup FILE in the place of the database; the old one is kept beside it.

    The backup is verified first. One that has less than was published would begin a second
    history: with --older it is restored for reading, and nothing can be registered or signed.
    """
    workspace = session.workspace()
    with output.Progress("verifying entry") as progress:
        done = workspace.restore(file, older=older, progress=progress)
    if session.json:
        output.say_json(
            {
                "entries": done.size,
                "kept": None if done.kept is None else str(done.kept),
                "frozen": None if done.frozen is None else done.frozen.code,
            }
        )
        return 0
    output.say(f"restored {clean(file)}   {done.size} entries")
    if done.kept is not None:
        output.note(f"the database that was here is kept as {clean(done.kept)}")
    if done.frozen is not None:
        output.note(f"for reading only: {clean(done.frozen)} [{done.frozen.code}]")
        output.hint("oretrail doctor")
    return 0
