"""`trace`: the trail of a lot or product as words or as JSON, and what became of it.

PHONE-26W18   phone, model X   1000000 pieces   45.000 kg dry
`- CAP-0412   capacitors   ...
   |- GIH-C1 ...
   `- MWA-C1 ...

Ta   45.000 kg
  53.118 %   23.903 kg   23.90 mg a piece   RW-GIH   RW   mined-asm
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from ledger.errors import UnknownError
from ledger.findings import CONTRADICTS
from ledger.words import mass, share

from . import output
from .main import Command
from .output import clean
from .session import Session
from .shares import plain_origins, plain_shares, say_element, say_inside, say_shares

if TYPE_CHECKING:
    from ledger.custody.books import Lot
    from ledger.custody.trail import Continued, ElementTrail, LotLine, Trail, Transfer

__all__ = ["plain_trail", "say_trail", "trace"]

_DEEPEST = 60
"""Columns of indentation; beyond, a long chain of lots goes straight down."""

_ALIKE = 4
"""More lots than this that began alike, at one site, are told in one line."""


@click.command(cls=Command)
@click.argument("subject", metavar="LOT|PRODUCT")
@click.option("--up", is_flag=True, help="Where it came from.  [default]")
@click.option("--down", is_flag=True, help="Where it went.")
@click.option("--element", metavar="SYMBOL", help="Only this element, such as Ta.")
@click.option("--quick", is_flag=True, help="By the tables: at once, with lots, not proven.")
@click.pass_obj
def trace(
    session: Session, subject: str, up: bool, down: bool, element: str | None, quick: bool
) -> int:
    """Where a lot or product came from, gram by gram, or where it went.

    Rebuilt from the signed entries, with the shares of each origin, both weights of every
    hand-over, and the gaps by name. Exit code 1 if the trail contradicts itself.

    --down and --quick ask the tables, which only find: what each lot is of another, by net
    mass as it flowed.
    """
    if down and (up or quick or element is not None):
        other = "--up" if up else "--quick" if quick else "--element"
        raise click.UsageError(f"--down goes without {other}")
    with session.books() as ledger:
        if down:
            say_inside(session, subject, ledger.downstream(subject), ledger.inside(subject))
            return 0
        lot = ledger.lot(subject)
        if quick:
            shares = ledger.shares(subject)
        else:
            trail = session.workspace().trace(ledger, subject)
    if quick:
        shares = msgspec.structs.replace(shares, elements=_only(shares.elements, subject, element))
        if session.json:
            output.say_json(plain_shares(shares))
        else:
            say_shares(shares, lot)
        return 0
    trail = msgspec.structs.replace(trail, elements=_only(trail.elements, subject, element))
    if session.json:
        output.say_json(plain_trail(trail))
    else:
        say_trail(trail, lot)
    return 1 if any(one.severity in CONTRADICTS for one in trail.findings) else 0


def plain_trail(trail: Trail) -> dict[str, Any]:
    """The trail as JSON: every member of an origin is there, empty ones too."""
    document: dict[str, Any] = msgspec.to_builtins(trail)
    for name, one in trail.elements.items():
        document["elements"][name]["origins"] = plain_origins(one)
    document["continues"] = [
        {
            "lot": one.lot,
            "foreign": one.foreign,
            "trail": None if one.trail is None else plain_trail(one.trail),
        }
        for one in trail.continues
    ]
    document["findings"] = [output.finding(one) for one in trail.findings]
    return document


def _only(
    elements: dict[str, ElementTrail], subject: str, element: str | None
) -> dict[str, ElementTrail]:
    """All elements, or the one that is asked for."""
    if element is None:
        return elements
    if element not in elements:
        known = ", ".join(sorted(elements)) or "nothing"
        raise UnknownError(
            f"lot {subject} is not known to contain {element}; known is {known}",
            code="element.unknown",
        )
    return {element: elements[element]}


# --- words -----------------------------------------------------------------------------


def say_trail(trail: Trail, lot: Lot | None = None) -> None:
    """The trail for people: the tree, origins per element, hand-overs, gaps, findings."""
    _Tree(trail).say()
    pieces = (lot.amount.pieces if lot else None) or next(
        (line.pieces for line in trail.lots if line.lot == trail.subject), None
    )
    for name, one in sorted(trail.elements.items()):
        output.say()
        say_element(name, one, pieces)
    if trail.transfers:
        output.say()
        _say_transfers(trail.transfers)
    _say_attested(trail)
    for further in trail.continues:
        _say_further(further)
    output.say()
    for gap in trail.gaps:
        output.say(f"gap      {gap.code}: {clean(gap.message)}; closed by {gap.closed_by}")
    for finding in trail.findings:
        output.say_finding(finding)
    _say_summary(trail)


def _say_further(one: Continued) -> None:
    """A lot that began in another ledger, and its lots there if the bundle is at hand."""
    output.say()
    there = f"{clean(one.foreign['lot'])} in ledger {one.foreign['ledger'][:12]}"
    if one.trail is None:
        output.say(f"{clean(one.lot)} began as {there}; its bundle is not here")
        return
    output.say(f"{clean(one.lot)} began as {there}")
    _Tree(one.trail).say()
    for further in one.trail.continues:
        _say_further(further)


def _say_attested(trail: Trail) -> None:
    """Certificates, audits and assessments, and what was wrong upstream."""
    rows = [
        (
            clean(one.kind),
            clean(one.id),
            clean(one.subject),
            clean(one.standard or one.status, 60),
            f"{one.valid_from} to {one.valid_to}" if one.valid_from or one.valid_to else "",
            f"covers {output.counted(len(one.covers), 'lot')}"
            + (f", not {len(one.misses)}" if one.misses else ""),
        )
        for one in trail.attestations
    ]
    if rows:
        output.say()
        output.say("certificates, audits, assessments")
        output.table(rows, indent="  ")
    if trail.incidents:
        output.say()
        output.say("incidents")
        output.table(
            [
                (
                    clean(one.incident),
                    clean(one.category),
                    clean(one.severity),
                    clean(one.status),
                    f"opened {one.opened_at}",
                    clean(" ".join(one.subjects)),
                )
                for one in trail.incidents
            ],
            indent="  ",
        )


def _say_summary(trail: Trail) -> None:
    done = [one for one in trail.transfers if not one.returned]
    both = sum(one.received is not None for one in done)
    bad = any(one.severity in CONTRADICTS for one in trail.findings)
    verdict = (
        output.paint("contradicted", "red")
        if bad
        else "the signed entries give this trail; oretrail verify recomputes them"
    )
    output.say(
        f"{trail.model}, {len(trail.lots)} lots   hand-overs signed by both sides "
        f"{both}/{len(done)}   gaps {len(trail.gaps)}   findings {len(trail.findings)}"
    )
    output.say(verdict)


def _say_transfers(transfers: tuple[Transfer, ...]) -> None:
    """Both weights of every hand-over; many lots on one dispatch are added up."""
    together: dict[tuple[str, str | None, str | None], list[Transfer]] = {}
    for one in transfers:
        together.setdefault((one.dispatched, one.received, one.returned), []).append(one)
    output.say("hand-overs")
    rows: list[tuple[str, ...]] = [("lot", "from -> to", "sent", "received", "difference", "")]
    for group in together.values():
        if len(group) > _ALIKE:
            rows.append(_transfer_row(f"{len(group)} lots {group[0].lot} ...", group))
        else:
            rows += [_transfer_row(one.lot, [one]) for one in group]
    output.table(rows, indent="  ", right=[2, 3, 4])


def _transfer_row(name: str, group: list[Transfer]) -> tuple[str, ...]:
    first = group[0]
    sent = sum(one.sent_mg for one in group)
    got = None
    if first.received is not None:
        got = sum(one.received_mg or 0 for one in group)
    state = "returned" if first.returned else "" if first.received else "on the way"
    return (
        clean(name),
        f"{clean(first.giver)} -> {clean(first.taker)}",
        mass(sent),
        "" if got is None else mass(got),
        "" if got is None else _difference(sent, got),
        state,
    )


def _difference(sent: int, got: int) -> str:
    """What the two scales disagree on, in the unit of the first, and as a share of it."""
    away = got - sent
    if not away:
        return "none"
    words = mass(away)
    if sent >= 1_000_000 > abs(away):
        words = f"{'-' if away < 0 else ''}0.{abs(away):06d}".rstrip("0") + " kg"
    part = f" ({share(abs(away) * 1_000_000_000 // sent)})" if sent else ""
    return f"{'+' if away > 0 else ''}{words}{part}"


class _Tree:
    """The lots of a trail, from the subject up to where they began.

    Walked with a stack of its own: a stockpile may be a chain of a thousand lots.
    """

    def __init__(self, trail: Trail) -> None:
        self.subject = trail.subject
        self.lines = {line.lot: line for line in trail.lots}
        self.shown: set[str] = set()

    def say(self) -> None:
        """Print the tree."""
        todo: list[tuple[str, str, str]] = [(self.subject, "", "")]
        while todo:
            name, lead, indent = todo.pop()
            line = self.lines.get(name)
            if line is None:
                output.say(f"{lead}{name}")
                continue
            if name in self.shown:
                output.say(f"{lead}{clean(name)}   (above)")
                continue
            self.shown.add(name)
            output.say(f"{lead}{self._words(line)}")
            branches = self._branches(line)
            for at in range(len(branches) - 1, -1, -1):
                last = at == len(branches) - 1
                deeper = "   " if last else "\u2502  "
                if len(indent) >= _DEEPEST:
                    deeper = ""
                mark = "\u2514\u2500 " if last else "\u251c\u2500 "
                todo.append((branches[at], indent + mark, indent + deeper))

    def _branches(self, line: LotLine) -> list[str]:
        """Its inputs; many that began alike at one site become one line."""
        alike: dict[tuple[str, str], list[str]] = {}
        found: list[str] = []
        for name, _ in line.inputs:
            one = self.lines.get(name)
            if one is None or one.inputs or name in self.shown:
                found.append(name)
            else:
                alike.setdefault((one.site, one.material), []).append(name)
        for names in alike.values():
            if len(names) <= _ALIKE:
                found += names
                continue
            self.shown.update(names)
            found.append(self._together([self.lines[name] for name in names]))
        return found

    def _words(self, line: LotLine) -> str:
        pieces = f"   {line.pieces} pieces" if line.pieces else ""
        site = f"   from {clean(line.site)}" if line.site else ""
        return (
            f"{clean(line.lot)}   {clean(line.material, 60)}{pieces}   "
            f"{mass(line.mass_mg)} {line.basis}{site}   {clean(line.opened_by)}   "
            f"entry {line.entry}"
        )

    def _together(self, lines: list[LotLine]) -> str:
        first, last = lines[0], lines[-1]
        total = sum(line.mass_mg for line in lines)
        basis = " and ".join(sorted({line.basis for line in lines}))
        site = f"   from {clean(first.site)}" if first.site else ""
        return (
            f"{len(lines)} lots {clean(first.lot)} ... {clean(last.lot)}   "
            f"{clean(first.material, 60)}   {mass(total)} {basis}{site}   "
            f"entries {min(line.entry for line in lines)} to {max(line.entry for line in lines)}"
        )
