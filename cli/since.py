"""`verify --since`: what was verified before need not be verified again, if it is the same.

    remembered   the entries under the checkpoint in the verifier's memory, if they were replayed
    FILE         those under a checkpoint of which whoever calls says that he has verified it

The log must begin with those very bytes, or else everything is verified (`Ledger.verify`).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ledger.audit.report import Before
from ledger.log import checkpoint, note
from ledger.workspace import SETTINGS_FILE

from . import output

if TYPE_CHECKING:
    from ledger.audit.report import Report

    from .recall import Recall

__all__ = ["check", "option", "plain", "read", "rows", "said"]

REMEMBERED = "remembered"

option = click.option(
    "--since",
    "begin",
    metavar="remembered|FILE",
    help="Do not verify again what was verified before: as it is remembered here, or under a "
    "signed checkpoint of which you know it.",
)


def check(what: str | None, begin: str | None, *, integrity: bool, policy: bool) -> None:
    """Refuse what does not go together: both are about a ledger, here or in a folder."""
    if (begin is not None or integrity) and what is not None:
        if not (Path(what) / SETTINGS_FILE).is_file():
            raise click.UsageError("--since and --integrity are about a ledger in a folder")
    if integrity and (begin is not None or policy):
        raise click.UsageError("--integrity goes with no --since and no policy")


def read(begin: str | None, recall: Recall, ledger: str) -> tuple[Before | None, tuple[bytes, ...]]:
    """What was verified before, and the checkpoint in a file to be held against the log."""
    if begin is None:
        return None, ()
    if begin == REMEMBERED:
        return recall.verified(ledger), ()
    path = Path(begin)
    if not path.is_file():
        raise click.UsageError(f"--since takes the word remembered, or a file; {begin!r} is none")
    data = path.read_bytes()
    kept = checkpoint.parse(note.parse(data).text)
    return Before(kept.size, kept.root.hex()), (data,)


def said(begin: str | None, report: Report) -> None:
    """Say where everything had to be verified after all."""
    if begin is not None and report.before is None:
        output.note("nothing that was verified before begins this ledger: all of it is verified")


def plain(report: Report) -> dict[str, Any]:
    """What was not verified again, for JSON; no member if all was verified now."""
    before = report.before
    if before is None:
        return {}
    return {"before": {"size": before.size, "root": before.root, "at": before.at}}


def rows(report: Report) -> list[tuple[str, str]]:
    """The same in words."""
    before = report.before
    if before is None:
        return []
    when = f"on {before.at}" if before.at else "elsewhere"
    counted = output.counted(report.size - before.size, "entry").replace("entrys", "entries")
    return [
        ("verified", f"{counted} now; {before.size} before, {when}, root {before.root[:16]}"),
    ]
