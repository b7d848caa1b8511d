"""`sign`, `countersign`, `register`: statements as files, for people without a network in common.

mine$    oretrail transfer dispatch --lot GIH-C1 --to kigali.example --draft d.statement
mine$    oretrail sign d.statement --key gihanga.example
trader$  oretrail register d.statement
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ledger.custody.statement import Statement
from ledger.errors import ConfigError, MalformedError
from ledger.events import decode

from . import output, signing, together
from .main import Command
from .output import clean
from .session import Session

__all__ = ["countersign", "register", "sign"]

_LARGEST = 512 << 20

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_keys = click.option(
    "--key",
    "--sign-with",
    "keys",
    multiple=True,
    metavar="NAME",
    help="Key to sign with: by default those here that are needed.  [repeatable]",
)
_out = click.option(
    "-o",
    "--output",
    "target",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where to write it.  [default: the same file]",
)


def read_statement(file: Path) -> Statement:
    """The statement in a file; MalformedError if there is none."""
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", code="file.not-read") from None
    if len(data) > _LARGEST:
        raise MalformedError(f"{file} is larger than {_LARGEST} bytes", code="statement.too-large")
    return Statement.decode(data)


@click.command(cls=Command)
@_file
@_keys
@_out
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be signed; sign nothing.")
@click.pass_obj
def sign(
    session: Session, file: Path, keys: tuple[str, ...], target: Path | None, dry_run: bool
) -> int:
    """Sign the statement in FILE, after showing what it says."""
    return _sign(session, read_statement(file), (file, target), keys, dry_run=dry_run)


@click.command(cls=Command)
@_file
@_keys
@_out
@click.option("--dry-run", "-n", is_flag=True, help="Show what would be signed; sign nothing.")
@click.pass_obj
def countersign(
    session: Session, file: Path, keys: tuple[str, ...], target: Path | None, dry_run: bool
) -> int:
    """Add a signature to the statement in FILE, which somebody has signed already."""
    statement = read_statement(file)
    if not statement.signatures:
        raise MalformedError(
            f"nobody has signed {file} yet",
            code="statement.unsigned",
            hint=f"oretrail sign {file}",
        )
    return _sign(session, statement, (file, target), keys, dry_run=dry_run)


def _sign(
    session: Session,
    statement: Statement,
    places: tuple[Path, Path | None],
    keys: tuple[str, ...],
    *,
    dry_run: bool,
) -> int:
    file, target = places
    events = [decode(data) for data in statement.events]
    signed = {signature.name for signature in statement.signatures}
    wanted = list(keys) or [
        name for name in signing.keys_for(session, events) if name not in signed
    ]
    if not session.json:
        for data in statement.events[: output.MOST]:
            click.echo(clean(data.decode(), 2_000), err=True)
        if len(statement.events) > output.MOST:
            click.echo(f"and {len(statement.events) - output.MOST} more events", err=True)
    if not wanted:
        raise ConfigError(
            "none of the keys that must sign this is here, or all of them have signed",
            code="key.missing",
            hint="name the key: --key NAME",
        )
    if dry_run:
        return _say_dry(session, statement, wanted)
    signers = [session.signer(name) for name in dict.fromkeys(wanted)]
    return signing.write_statement(session, target or file, statement.signed(*signers))


def _say_dry(session: Session, statement: Statement, wanted: list[str]) -> int:
    if session.json:
        output.say_json({"dry_run": True, "event": list(statement.ids), "signers": wanted})
    else:
        output.say(f"to be signed by   {clean(', '.join(wanted))}")
        output.say("nothing was signed: this is a dry run")
    return 0


@click.command(cls=Command)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
)
@click.option("--dry-run", "-n", is_flag=True, help="Show what the rules say; register nothing.")
@click.pass_obj
def register(session: Session, files: tuple[Path, ...], dry_run: bool) -> int:
    """Enter the signed statement in FILE into the ledger.

    The same file again is no error: the first receipt is given once more. Of several files,
    each is registered even when another is refused; then the exit code is 3.
    """
    if dry_run and len(files) > 1:
        raise click.UsageError("--dry-run is for one FILE")
    statements = [_signed_statement(file, files) for file in files]
    if session.workspace().settings.copy:
        raise ConfigError(
            "this is a copy of a ledger, nothing can be registered in it",
            code="workspace.is-copy",
            hint=f"oretrail outbox add {files[0]}",
        )
    statement = statements[0]
    with session.ledger() as ledger:
        if dry_run:
            return signing.say_judged(session, statement, ledger.judge(statement))
        if len(files) > 1:
            return together.enter_all(session, ledger, files, statements)
        receipt = ledger.register(statement)
    signing.say_receipt(session, receipt, statement)
    return 0


def _signed_statement(file: Path, files: Sequence[Path]) -> Statement:
    """The statement in one of the files; nothing is registered if one of them holds none."""
    try:
        statement = read_statement(file)
    except MalformedError as error:
        if len(files) == 1:
            raise
        raise MalformedError(f"{file}: {error}", code=error.code, hint=error.hint) from None
    if not statement.signatures:
        raise MalformedError(
            f"nobody has signed {file} yet",
            code="statement.unsigned",
            hint=f"oretrail sign {file}",
        )
    return statement
