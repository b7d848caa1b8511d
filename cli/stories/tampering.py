"""Three ways to tamper with a copy of a story's ledger, and what must be found each time.

    1  a byte in the database            by somebody who knows SQL
    2  a weight, signed and hashed anew  by whoever runs the log, with the log's own key
    3  the last entries gone             by the same, with every table in order

The second is caught although everything adds up, because the operator has no key of the
parties; the third because the workspace kept a checkpoint outside of the database.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

import msgspec

from ledger.audit.report import Report
from ledger.custody.demo_keys import demo_seed
from ledger.custody.statement import (
    Statement,
    decode_registration,
    registration_entry,
)
from ledger.effects import Gain
from ledger.errors import UnknownError
from ledger.events import decode, effects_of
from ledger.ledger import Ledger
from ledger.log import canonical, note
from ledger.store import vandal
from ledger.words import mass
from ledger.workspace import SETTINGS_FILE, Workspace

from .telling import Cast, Story

__all__ = ["WAYS", "Tampered", "tamper"]

_STRANGER = 255
"""The demo key that nobody in a story has."""

_TEN_KG = 10_000_000


class Tampered(msgspec.Struct, frozen=True):
    """A copy, what was done to it, and what the auditor says. `expected` is the code that
    must be among its findings.
    """

    workspace: Workspace
    what: str
    expected: str
    report: Report

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that were found, each once, the one to look at first."""
        found = dict.fromkeys(finding.code for finding in self.report.findings)
        first = [self.expected] if self.expected in found else []
        return tuple(dict.fromkeys([*first, *found]))

    @property
    def caught(self) -> bool:
        """Whether the tampering was noticed for what it is."""
        return self.report.verdict == "contradicted" and self.expected in self.codes


def tamper(story: Story, workspace: Workspace, number: int) -> Tampered:
    """Copy the workspace to ``tampered-NUMBER`` in it, do the damage there, and verify."""
    root = workspace.root / f"tampered-{number}"
    root.mkdir()
    for name in (SETTINGS_FILE, workspace.settings.database, "checkpoint"):
        shutil.copyfile(workspace.root / name, root / name)
    copy = Workspace(root, workspace.settings)
    way, expected = WAYS[number]
    what = way(story, copy)
    with copy.ledger(read_only=True) as ledger:
        return Tampered(copy, what, expected, ledger.verify(copy.trust()))


def _byte(story: Story, copy: Workspace) -> str:
    """The first digit of a weight, in the event as it is stored."""
    lot = story.dug[0]
    index, data = _dug(copy, lot)
    place = data.index(b'"mass":') + len(b'"mass":')
    digit = b"9" if data[place : place + 1] != b"9" else b"1"
    vandal.overwrite(copy.database, index, data[:place] + digit + data[place + 1 :])
    return f"one byte of entry {index} changed in the database, in the weight of {lot}"


def _weight(story: Story, copy: Workspace) -> str:
    """Another weight, a forged statement over it, hashes and the checkpoint made anew."""
    lot = story.dug[1]
    index, data = _dug(copy, lot)
    event = canonical.decode(data)
    event["mass"] += _TEN_KG
    with copy.ledger(read_only=True) as ledger:
        entries = [source.data for source in ledger.sources(0)]
    at = next(n for n in range(index, -1, -1) if _registers(entries[n]))
    registration = decode_registration(entries[at])
    parsed = note.parse(registration.signed_note)
    end = next((n for n in range(at + 1, len(entries)) if _registers(entries[n])), len(entries))
    events = entries[at + 1 : end]
    original = Statement.of(events, registration.signed_note)
    events[index - at - 1] = canonical.encode(event)
    forgers = [_Forger(signature) for signature in parsed.signatures]
    forged = Statement.draft(original.header.ledger, events, original.header.seen).signed(*forgers)
    entry = registration_entry(forged.note, registration.recorded_at)
    vandal.rewrite(copy.database, {at: entry, index: canonical.encode(event)})
    # Past the guard that a workspace has: nobody stops a dishonest operator from signing.
    with Ledger.open(copy.database) as ledger:
        ledger.rebuild()
        copy.keep_checkpoint(ledger.checkpoint(Cast.of(story).log))
    return (
        f"{lot} made {mass(_TEN_KG)} heavier in entry {index}, signed with the wrong key, "
        "all hashes and the checkpoint made anew"
    )


def _end(story: Story, copy: Workspace) -> str:
    """The last two statements."""
    with copy.ledger(read_only=True) as ledger:
        starts = [source.index for source in ledger.sources() if _registers(source.data)]
        size = ledger.head().size
    vandal.cut(copy.database, starts[-2])
    with copy.ledger() as ledger:
        ledger.rebuild()
    return f"the last {size - starts[-2]} of {size} entries cut off, tables and head put in order"


WAYS: dict[int, tuple[Callable[[Story, Workspace], str], str]] = {
    1: (_byte, "statement.root-mismatch"),
    2: (_weight, "statement.signature-wrong"),
    3: (_end, "log.truncated"),
}
"""Number of a copy -> what is done to it, and the code that must be found."""


class _Forger:
    """Signs with a stranger's key, and says that it is somebody else's."""

    def __init__(self, victim: note.Signature) -> None:
        self.name = victim.name
        self.key_id = victim.key_id
        self.sign = note.Signer(victim.name, demo_seed(_STRANGER)).sign


def _registers(data: bytes) -> bool:
    return data.endswith(b'"type":"registered"}')


def _dug(copy: Workspace, lot: str) -> tuple[int, bytes]:
    """The entry in which this lot's mass enters the books."""
    with copy.ledger(read_only=True) as ledger:
        for source in ledger.sources():
            if not _registers(source.data):
                for effect in effects_of(decode(source.data)):
                    if isinstance(effect, Gain) and effect.lot == lot:
                        return source.index, source.data
    raise UnknownError(f"no lot {lot} was dug here", code="lot.unknown")
