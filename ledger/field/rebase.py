"""After the ledger has moved on: what in the outbox still stands, and what must be said anew.

    kept       the rules have nothing against it as it was signed
    drafted    the same events on the heads of today; every signature is gone, for it was
               given to something else, and whoever signed must look and sign again
    apart      it makes no sense any more: kept in `outbox/refused`, with the reason

In order, so that what builds on a statement that is drafted anew is drafted anew with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from ..custody.statement import Statement
from ..errors import ConflictError, LedgerError, MalformedError, RefusedError
from ..events import Event, decode, encode
from ..findings import Finding
from .inbox import Conflict, conflicts_of
from .outbox import Folder, Pending
from .supposed import Supposed

__all__ = ["Step", "plan", "rebase"]

_ID = re.compile(rb'"([0-9a-f]{64})"')


class Step(msgspec.Struct, frozen=True):
    """What becomes of one statement; `statement` is the one that waits afterwards."""

    number: int
    became: Literal["kept", "drafted", "apart"]
    statement: Statement
    findings: tuple[Finding, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    builds_on: tuple[int, ...] = ()

    @property
    def reason(self) -> str:
        """Why it does not stand as it was, in a line."""
        if self.builds_on:
            return f"builds on statement {', '.join(map(str, self.builds_on))}"
        return "; ".join(f"{one.message} [{one.code}]" for one in self.findings)


class _Plan:
    """Statements gone through so far: which event is called what now, and which are gone."""

    def __init__(self, ledger: Supposed) -> None:
        self.ledger = ledger
        self.renamed: dict[str, str] = {}
        self.maker: dict[str, int] = {}
        self.gone: set[str] = set()

    def step(self, one: Pending) -> Step:
        said = one.statement
        named = {found.decode() for data in said.events for found in _ID.findall(data)}
        builds_on = tuple(sorted({self.maker[name] for name in named & self.maker.keys()}))
        findings: tuple[Finding, ...] = ()
        conflicts: tuple[Conflict, ...] = ()
        if not builds_on:
            try:
                self.ledger.suppose(said)
            except RefusedError as error:
                findings = error.findings
                conflicts = conflicts_of(self.ledger, said, findings)
            except (ConflictError, MalformedError) as error:
                return self._apart(one, error)
            else:
                return Step(one.number, "kept", said)
        try:
            drafted = redrafted(self.ledger, said, self.renamed)
            lost = {
                found.decode() for data in drafted.events for found in _ID.findall(data)
            } & self.gone
            if lost:
                number = self.maker[min(lost)]
                raise ConflictError(
                    f"it speaks of event {min(lost)[:12]} of statement {number}, which is set "
                    "apart",
                    code="outbox.builds-on-refused",
                )
            if findings and drafted.ids == said.ids:
                raise RefusedError(findings)
            self.ledger.suppose(drafted)
        except (RefusedError, ConflictError, MalformedError) as error:
            return self._apart(one, error, conflicts)
        self.renamed.update(zip(said.ids, drafted.ids, strict=True))
        self.maker.update(dict.fromkeys(said.ids, one.number))
        return Step(one.number, "drafted", drafted, findings, conflicts, builds_on)

    def _apart(
        self, one: Pending, error: LedgerError, conflicts: tuple[Conflict, ...] = ()
    ) -> Step:
        self.gone.update(one.statement.ids)
        self.maker.update(dict.fromkeys(one.statement.ids, one.number))
        found = (
            error.findings
            if isinstance(error, RefusedError)
            else (Finding(code=error.code, message=str(error)),)
        )
        return Step(one.number, "apart", one.statement, found, conflicts)


def redrafted(ledger: Supposed, said: Statement, renamed: Mapping[str, str]) -> Statement:
    """The same events on the heads of today, in words that name today's events.

    Events of the statement may name each other, and each gets another id: the drafting is
    repeated until the names agree.
    """
    names = dict(renamed)
    drafted = said
    for _ in range(len(said.events) + 1):
        events = [_renamed(data, names) for data in said.events]
        before, drafted = drafted.ids, ledger.draft(events)
        if drafted.ids == before:
            break
        names.update(zip(said.ids, drafted.ids, strict=True))
    return drafted


def _renamed(data: bytes, names: Mapping[str, str]) -> Event:
    def today(found: re.Match[bytes]) -> bytes:
        return b'"%s"' % names.get(found[1].decode(), found[1].decode()).encode()

    # What it builds on is looked up anew, so a list that is in no order is no matter.
    event = decode(data)
    event = msgspec.structs.replace(event, after=())
    return decode(_ID.sub(today, encode(event)))


def plan(ledger: Supposed, pending: Sequence[Pending]) -> list[Step]:
    """What would become of each; `ledger` is the copy without its outbox."""
    steps = _Plan(ledger)
    return [steps.step(one) for one in pending]


def rebase(folder: Folder, pending: Sequence[Pending], steps: Sequence[Step]) -> None:
    """Do what was planned.

    From the last to the first: whoever is interrupted and begins again drafts the first
    ones again, to the same bytes, and finds that the later ones fit.
    """
    for one, step in reversed(list(zip(pending, steps, strict=True))):
        if step.became == "drafted":
            folder.replace(one, step.statement)
        elif step.became == "apart":
            folder.set_apart(one, step.reason)
