"""Books with what waits for a ledger, and how such statements are shown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ledger.custody.statement import Statement
from ledger.effects import lots_changed, lots_opened
from ledger.errors import ConfigError, MalformedError
from ledger.events import decode, effects_of
from ledger.field.inbox import Answer, Conflict
from ledger.field.standing import Standing
from ledger.field.supposed import Supposed

from . import output
from .output import clean

if TYPE_CHECKING:
    from ledger.workspace import Workspace

__all__ = [
    "about",
    "books",
    "of_a_copy",
    "plain_answers",
    "plain_conflict",
    "read_file",
    "say_conflict",
    "say_findings",
    "shown",
]

_LOTS = 3


def books(workspace: Workspace, on: Sequence[Path], *, reading: bool) -> Supposed:
    """The books with the outbox and the statements in these files; the caller closes them."""
    from .exchange import read_statement

    opened: Supposed
    if workspace.settings.copy:
        opened = Standing.open_in(workspace)
        if reading:
            _say_waiting(opened)
    else:
        opened = Supposed.open(workspace.database, pinned=workspace.settings.id)
    try:
        for file in on:
            opened.suppose(read_statement(file))
    except BaseException:
        opened.close()
        raise
    return opened


def of_a_copy(workspace: Workspace) -> Standing:
    """The books of a copy, after filing away what the ledger has by now."""
    opened = Standing.open_in(workspace)
    try:
        opened.sweep(workspace.keep_receipts)
    except BaseException:
        opened.close()
        raise
    return opened


def _say_waiting(opened: Standing) -> None:
    unfit = len(opened.unfit)
    fit = sum(answer.became == "registered" for _, answer in opened.waiting)
    if fit:
        plural = "s" if fit > 1 else ""
        output.note(f"with {fit} statement{plural} of the outbox that no ledger has yet")
    if unfit:
        output.note(f"{unfit} in the outbox no longer fit the ledger: oretrail outbox rebase")


def shown(path: Path) -> str:
    """A path as it can be pasted from here."""
    return os.path.relpath(path)


def read_file(file: Path, most: int, code: str) -> bytes:
    """A whole file, not larger than `most` bytes."""
    try:
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}", code="file.not-read") from None
    if len(data) > most:
        raise MalformedError(f"{file} is larger than {most} bytes", code=code)
    return data


def about(statement: Statement) -> str:
    """A statement in a few words: its types of events, and the first lots they are about."""
    events = [decode(data) for data in statement.events]
    counts: dict[str, int] = {}
    lots: dict[str, None] = {}
    for event in events:
        counts[event.type] = counts.get(event.type, 0) + 1
        effects = effects_of(event)
        opened = lots_opened(effects)
        lots |= dict.fromkeys(sorted(opened or lots_changed(effects)))
    said = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.items())
    names = list(lots)
    more = " ..." if len(names) > _LOTS else ""
    return clean(f"{said} {' '.join(names[:_LOTS])}{more}".rstrip(" "))


def say_findings(answer: Answer) -> None:
    """Why a statement was not taken: the conflict if there is one, else what the rules said."""
    for one in answer.conflicts:
        say_conflict(one)
    if not answer.conflicts:
        for found in answer.findings[: output.MOST]:
            output.say(f"     {clean(found.message, 400)} [{found.code}]")


def say_conflict(one: Conflict) -> None:
    """Which lot, which head the signer had seen, and which event spent it, by whom, when."""
    built = one.built
    output.say(
        f"     lot {clean(one.lot)}: signed on event {one.seen[:12]}; entry {built.index} was "
        f"first: {built.type} {built.event[:12]}"
    )
    output.say(f"     by {clean(built.by)}, recorded at {built.recorded_at} [lot.head-spent]")


def plain_conflict(one: Conflict) -> dict[str, Any]:
    """A conflict as JSON."""
    return {
        "lot": one.lot,
        "seen": one.seen,
        "stands": one.stands,
        "spent_by": {
            "event": one.built.event,
            "index": one.built.index,
            "type": one.built.type,
            "by": one.built.by,
            "recorded_at": one.built.recorded_at,
        },
    }


def plain_answers(answers: Iterable[Answer]) -> list[dict[str, Any]]:
    """What became of statements, as JSON: the receipt, or why there is none."""
    return [_plain_answer(one) for one in answers]


def _plain_answer(one: Answer) -> dict[str, Any]:
    said: dict[str, Any] = {
        "number": one.number,
        "became": one.became,
        "event": list(one.ids),
        "findings": [output.finding(found) for found in one.findings],
    }
    if one.receipt is not None:
        said["receipt"] = {
            "index": one.receipt.index,
            "event": list(one.receipt.event),
            "size": one.receipt.size,
            "recorded_at": one.receipt.recorded_at,
        }
    if one.conflicts:
        said["conflicts"] = [plain_conflict(conflict) for conflict in one.conflicts]
    if one.builds_on is not None:
        said["builds_on"] = one.builds_on
    return said
