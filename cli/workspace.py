"""`init`, `status`, `doctor`: the folder a ledger lives in, and what to do in it next."""

from __future__ import annotations

import importlib.util
import os
import platform
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from ledger import events
from ledger import keys as key_files
from ledger.errors import ConfigError, LedgerError, MalformedError
from ledger.events import GOVERNANCE
from ledger.log import checkpoint as checkpoints
from ledger.log import note
from ledger.workspace import SETTINGS_FILE, Workspace

from . import output
from .fill import parties_here
from .keys import insecure, make_key
from .main import Command
from .session import Session, new_passphrase
from .words import shapes

if TYPE_CHECKING:
    from ledger.ledger import Ledger

__all__ = ["doctor", "init", "status"]


@click.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@click.option(
    "--origin",
    required=True,
    help="Names the log: a URL without https://, such as kivu.example/trail.",
)
@click.option("--name", help="What people call this ledger.  [default: the origin]")
@click.option(
    "--governance-keys",
    type=click.IntRange(1, 16),
    default=1,
    show_default=True,
    metavar="N",
    help="How many keys govern: they admit parties and set tolerances.",
)
@click.option(
    "--threshold",
    type=click.IntRange(1, 16),
    metavar="K",
    help="How many of them must sign.  [default: more than half]",
)
@click.option(
    "--database",
    metavar="URL",
    help="Keep it in PostgreSQL: postgresql://clerk@db.example/trade?schema=kivu.",
)
@insecure
@click.pass_obj
def init(
    session: Session,
    folder: Path | None,
    origin: str,
    name: str | None,
    governance_keys: int,
    threshold: int | None,
    database: str | None,
    insecure: bool,
) -> int:
    """Begin a ledger in FOLDER, or here: its keys, its database, its first entry.

    Makes the governance keys governance/1 ... and the log's own key, named like the origin.
    Move governance keys to their owners' computers afterwards.
    """
    needed = threshold or governance_keys // 2 + 1
    if needed > governance_keys:
        raise click.UsageError(f"--threshold {needed} of {governance_keys} governance keys")
    root = folder or session.folder or Path()
    if (root / SETTINGS_FILE).exists():
        raise ConfigError(f"{root} is a workspace already", code="workspace.exists")
    if database is not None:
        from ledger.store.places import check_url

        check_url(database)
    session.folder = root
    names = [f"{GOVERNANCE}/{number}" for number in range(1, governance_keys + 1)]
    _check_origin(origin)
    secret = None if insecure else new_passphrase("the keys of governance and log")
    root.mkdir(parents=True, exist_ok=True)
    folder_of_keys = root / "keys"
    signers = [
        key_files.read(folder_of_keys, one, lambda _: secret)
        if one in key_files.names(folder_of_keys)
        else make_key(folder_of_keys, one, secret)
        for one in [*names, origin]
    ]
    workspace = Workspace.create(
        root,
        origin=origin,
        name=name or origin,
        governance=signers[:-1],
        threshold=needed,
        log_key=signers[-1].verifier.vkey,
        database=database or "ledger.db",
    )
    if session.json:
        output.say_json(
            {
                "ledger": workspace.settings.id,
                "origin": origin,
                "folder": str(workspace.root),
                "governance": [signer.verifier.vkey for signer in signers[:-1]],
                "threshold": needed,
                "log_key": signers[-1].verifier.vkey,
            }
        )
    else:
        output.say(f"ledger {workspace.settings.id}")
        output.say(f"origin {origin}, governed by {needed} of {governance_keys} keys")
        output.note(f"keys are in {output.clean(root / 'keys')}; keep copies of them elsewhere")
        away = workspace.root.resolve() != Path.cwd()
        there = f"cd {shlex.quote(str(root))} && " if away else ""
        output.note(f"next: {output.clean(there)}oretrail status")
    return 0


def _check_origin(origin: str) -> None:
    """Refuse, before any key is made, what the first event would be refused for."""
    pattern = getattr(shapes(events.TYPES["ledger.created"])["origin"].kind, "pattern", "")
    if re.search(pattern, origin, re.ASCII) is None:
        raise MalformedError(
            f"{origin!r} is no origin such as kivu.example/trail", code="origin.malformed"
        )


@click.command(cls=Command)
@click.pass_obj
def status(session: Session) -> int:
    """What is in the ledger, which keys are here, and what to do next."""
    workspace = session.workspace()
    with _standing(workspace) as ledger:
        head = ledger.head()
        outbox = _outbox(ledger) if workspace.settings.copy else None
        size = outbox.size if outbox else head.size
        lots = ledger.counts()
        held, travelling = lots.get("held", 0), lots.get("in-transit", 0)
        covered = _covered(ledger)
        following = outbox.following if outbox else ""
        following = following or _next(session, ledger, (sum(lots.values()), travelling), covered)
    settings = workspace.settings
    if session.json:
        output.say_json(
            {
                "ledger": settings.id,
                "origin": settings.origin,
                "name": settings.name,
                "demo": settings.demo,
                "folder": str(workspace.root),
                "size": size,
                "recorded_at": head.recorded_at,
                "lots": {"held": held, "in_transit": travelling},
                "checkpoint": covered,
                "keys": session.key_names(),
                "copy": settings.copy,
                "outbox": {"waiting": outbox.count, "unfit": outbox.unfit} if outbox else None,
                "next": following,
            }
        )
        return 0
    output.table(
        [
            ("ledger", f"{output.clean(settings.name)}   {settings.id[:12]}"),
            ("origin", settings.origin + ("   (a demonstration)" if settings.demo else "")),
            ("folder", output.clean(workspace.root)),
            (
                "entries",
                f"{size}, a copy of the ledger"
                if outbox
                else f"{size}, the last recorded at {head.recorded_at}",
            ),
            ("lots", f"{held} held, {travelling} on the way"),
            ("checkpoint", f"covers {covered} of {size} entries" if covered else "none yet"),
            *([("outbox", outbox.said)] if outbox else []),
            ("keys", output.clean(", ".join(session.key_names()) or "none")),
            ("next", following),
        ]
    )
    return 0


def _standing(workspace: Workspace) -> Ledger:
    """The ledger; in a copy the books with what waits in the outbox."""
    if not workspace.settings.copy:
        return workspace.ledger(read_only=True)
    from . import waiting

    return waiting.of_a_copy(workspace)


class _Outbox(msgspec.Struct, frozen=True):
    """The outbox of a copy: how much waits, how much no longer fits, and what to do about it.

    `size` is that of the copy alone.
    """

    size: int
    count: int
    unfit: int
    following: str

    @property
    def said(self) -> str:
        plural = "statement waits" if self.count == 1 else "statements wait"
        unfit = f", {self.unfit} of them no longer fit the ledger" if self.unfit else ""
        return f"{self.count} {plural}{unfit}"


def _outbox(ledger: Ledger) -> _Outbox | None:
    from ledger.field.standing import Standing

    from . import waiting

    if not isinstance(ledger, Standing):
        return None
    unsigned = [one for one, _ in ledger.waiting if not one.statement.signatures]
    following = ""
    if ledger.unfit:
        following = "oretrail outbox rebase"
    elif unsigned:
        following = f"oretrail sign {waiting.shown(unsigned[0].path)}"
    elif ledger.waiting:
        following = "oretrail outbox pack -o WEEK.outbox"
    return _Outbox(ledger.base[0], len(ledger.waiting), len(ledger.unfit), following)


def _covered(ledger: Ledger) -> int:
    """How many entries the newest checkpoint covers."""
    data = ledger.latest_checkpoint()
    return checkpoints.parse(note.parse(data).text).size if data else 0


def _next(session: Session, ledger: Ledger, counts: tuple[int, int], covered: int) -> str:
    """The command that brings somebody new, or something unfinished, a step further."""
    lots, travelling = counts
    books = ledger.books()
    if not parties_here(session) and not books.parties:
        return "oretrail key new PARTY"
    if not books.parties:
        party = parties_here(session)[0]
        return f'oretrail party admit --party {party} --name "..." --role miner'
    if not any(subject.startswith("site:") for subject in books.register):
        return 'oretrail site add --site ID --name "..." --kind mine-asm --country RW'
    if not lots:
        return "oretrail record extraction --help"
    if travelling:
        return "oretrail transfer list"
    if covered < ledger.head().size and not session.workspace().settings.copy:
        return "oretrail checkpoint make"
    return "oretrail verify"


@click.command(cls=Command)
@click.pass_obj
def doctor(session: Session) -> int:
    """Whether this computer and this folder are fit: settings, database, keys, extras."""
    checks = [("python", True, platform.python_version())]
    for extra, module in (("server", "starlette"), ("exports", "typst"), ("postgres", "psycopg")):
        found = importlib.util.find_spec(module) is not None
        checks.append(
            (
                f"extra {extra}",
                True,
                "installed" if found else f"not installed: pip install 'oretrail[{extra}]'",
            )
        )
    try:
        workspace = session.workspace()
        checks.append(("workspace", True, str(workspace.root)))
        checks += _folder_checks(workspace)
    except LedgerError as error:
        checks.append(("workspace", False, f"{error} [{error.code}]"))
    fit = all(good for _, good, _ in checks)
    frozen = any(what == "published" and not good for what, good, _ in checks)
    if session.json:
        output.say_json(
            {
                "fit": fit,
                "checks": [{"check": what, "good": good, "about": a} for what, good, a in checks],
            }
        )
    else:
        output.table(
            [("ok" if good else "WRONG", what, output.clean(a)) for what, good, a in checks]
        )
        for line in _RUNBOOK if frozen else ():
            output.say(line)
    return 0 if fit else 5


_RUNBOOK = (
    "",
    "The store is not what was published of it. Reading, verify and export work; nothing is",
    "registered or signed, because that would be a second history under one name. What to do:",
    "1. restore a backup that has what was published:   oretrail db restore FILE",
    "2. or find the entries elsewhere: exports, copies, tiles, statements that parties kept",
    "3. or end this ledger: keep it for reading, and begin a successor under a new origin",
    "   whose name holds the size and root of the last checkpoint that witnesses cosigned",
    "Never delete the file `checkpoint` to get on: whoever has seen it will find the fork.",
)
"""What to do about a store that is behind its past; specs/checkpoints.md says more."""


def _folder_checks(workspace: Workspace) -> list[tuple[str, bool, str]]:
    checks = []
    writable = os.access(workspace.root, os.W_OK)
    checks.append(("folder", writable, "can be written" if writable else "cannot be written"))
    try:
        with workspace.ledger(read_only=True) as ledger:
            checks.append(("database", True, f"{ledger.head().size} entries"))
            departs = workspace.departure(ledger)
            if departs is not None:
                checks.append(("published", False, f"{departs} [{departs.code}]"))
    except LedgerError as error:
        checks.append(("database", False, f"{error} [{error.code}]"))
    for name in key_files.names(workspace.keys):
        try:
            key_files.vkey(workspace.keys, name)
            # Without a passphrase this goes as far as the file's permissions and form.
            key_files.read(workspace.keys, name, lambda _: None)
            checks.append((f"key {name}", True, "not encrypted"))
        except ConfigError as error:
            good = error.code == "key.passphrase-needed"
            about = "encrypted" if good else f"{error} [{error.code}]"
            checks.append((f"key {name}", good, about))
    kept = workspace.kept_checkpoint()
    checks.append(("checkpoint", True, "kept in the folder" if kept else "none kept yet"))
    return checks
