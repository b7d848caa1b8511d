"""Shares in words and as JSON: of origins in an element, of lots in a lot.

Ta   45.000 kg   contained
  53.118 %   23.903 kg   RW-GIH   RW   mined-asm

made up of 2 lots, by net mass as it flowed
  75.000 %   60.000 kg   BAG-1
  25.000 %   20.000 kg   BAG-2
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ledger.custody.shares import of_whole, told
from ledger.values import BILLION
from ledger.words import mass, share

from . import output
from .output import clean
from .query import plain_lot
from .session import Session

if TYPE_CHECKING:
    from ledger.custody.books import Lot
    from ledger.custody.shares import Inside, Shares
    from ledger.custody.trail import ElementTrail

__all__ = [
    "per_piece",
    "plain_origins",
    "plain_shares",
    "say_element",
    "say_inside",
    "say_shares",
]

_MOST = 20
"""So many lots are told to people, those with the largest shares; JSON has them all."""


# --- of origins in an element ----------------------------------------------------------


def plain_origins(one: ElementTrail) -> list[dict[str, Any]]:
    """The origins of an element as JSON."""
    return [
        {
            "origin": line.origin,
            "site": line.site,
            "country": line.country,
            "class": line.kind,
            "mass_mg": line.mass_mg,
            "share_ppb": line.share_ppb,
            **({"lot": line.lot} if line.lot else {}),
            **({"ledger": line.ledger} if line.ledger else {}),
        }
        for line in one.origins
    ]


def say_element(name: str, one: ElementTrail, pieces: int | None) -> None:
    """An element for people: how much, from where, and how well that is known."""
    what = "net mass, since nobody has assayed it" if name == "mass" else "contained"
    if name != "mass" and one.basis == "mass":
        what = "contained; on the way followed by net mass, where nothing else was known"
    each = f"   {per_piece(one.mass_mg, pieces)} a piece" if pieces else ""
    output.say(f"{clean(name)}   {mass(one.mass_mg)}{each}   {what}")
    rows = [
        (
            share(line.share_ppb),
            mass(line.mass_mg),
            f"{per_piece(line.mass_mg, pieces)} a piece" if pieces else "",
            clean(line.site or line.origin),
            clean(line.country),
            line.kind + (f", ledger {line.ledger[:12]}" if line.ledger else ""),
        )
        for line in one.origins
    ]
    output.table(rows, indent="  ", right=[0, 1, 2])
    covered = one.coverage
    output.say(
        f"  site known {share(covered['site_ppb'])}, only the country "
        f"{share(covered['country_ppb'])}, unknown {share(covered['unknown_ppb'])}"
    )


def per_piece(milligrams: int, pieces: int | None) -> str:
    """The mass of one piece: to four digits that count below a gram, else to the milligram."""
    if not pieces:
        return ""
    if milligrams >= 1_000 * pieces:
        return mass((2 * milligrams + pieces) // (2 * pieces))
    places = 0
    while milligrams and milligrams * 10**places < 1_000 * pieces and places < 12:
        places += 1
    step = (2 * milligrams * 10**places + pieces) // (2 * pieces)
    whole, part = divmod(step, 10**places)
    return f"{whole}.{part:0{places}d} mg" if places else f"{whole} mg"


# --- of lots in a lot ------------------------------------------------------------------


def plain_shares(found: Shares) -> dict[str, Any]:
    """What a lot is made up of, as JSON: the largest shares first."""
    return {
        "subject": found.subject,
        "proven": False,
        "elements": {
            name: {**msgspec.to_builtins(one), "origins": plain_origins(one)}
            for name, one in found.elements.items()
        },
        "mass_mg": found.behind.mass,
        "lots": [
            {"lot": lot, "share_ppb": ppb, "mass_mg": part, "began": began}
            for lot, ppb, part, began in _shared(found)
        ],
    }


def say_shares(found: Shares, lot: Lot) -> None:
    """The same for people, and that it is not proven."""
    output.say(
        f"{clean(lot.lot)}   {clean(lot.material, 60)}   {mass(lot.amount.mass)} {lot.basis}   "
        f"{clean(lot.holder)}   {lot.state}"
    )
    for name, one in sorted(found.elements.items()):
        output.say()
        say_element(name, one, lot.amount.pieces)
    if not found.elements:
        output.say("nothing of it is left, so that the tables have no origins of it")
    began = [row for row in _shared(found) if row[3]]
    if found.behind.mass:
        between = len(found.behind.parts) - 1 - len(began)
        by = f", by way of {output.counted(between, 'lot')}" if between else ""
        output.say()
        output.say(f"made up of {output.counted(len(began), 'lot')}{by}, by net mass as it flowed")
        rows = [(share(ppb), mass(part), clean(name)) for name, ppb, part, _ in began[:_MOST]]
        output.table(rows, indent="  ", right=[0, 1])
        if len(began) > _MOST:
            output.say(f"  and {len(began) - _MOST} more, none of them larger")
    output.say()
    output.say(f"by the tables, not proven; oretrail trace {clean(found.subject)} proves it")


def _shared(found: Shares) -> list[tuple[str, int, int, bool]]:
    """(lot, parts per billion, milligrams, whether it began there), the largest first."""
    behind = found.behind
    ppb, masses, began = told(behind, BILLION), told(behind, behind.mass), set(behind.began)
    rows = [
        (lot, ppb[lot], masses[lot], lot in began) for lot in behind.parts if lot != found.subject
    ]
    return sorted(rows, key=lambda row: (-behind.parts[row[0]], row[0]))


def say_inside(
    session: Session, subject: str, reached: Sequence[Lot], found: Sequence[Inside]
) -> None:
    """What a lot flowed into, and how much of it is in each, as JSON or for people."""
    if session.json:
        inside = [
            {"lot": one.lot, "share_ppb": of_whole(one.parts, BILLION), "mass_mg": one.mass}
            for one in found
        ]
        output.say_json(
            {"subject": subject, "lots": [plain_lot(lot) for lot in reached], "inside": inside}
        )
        return
    output.say(f"{clean(subject)} flowed into")
    part = {one.lot: one for one in found}
    rows = [("lot", "material", "holder", "state", "mass", f"of {clean(subject)}", "its share")]
    rows += [
        (
            clean(lot.lot),
            clean(lot.material, 40),
            clean(lot.holder),
            lot.state,
            f"{mass(lot.amount.mass)} {lot.basis}",
            mass(part[lot.lot].mass),
            share(of_whole(part[lot.lot].parts, BILLION)),
        )
        for lot in reached
        if lot.lot in part
    ]
    if len(rows) > 1:
        output.table(rows, indent="  ", right=[4, 5, 6])
    else:
        output.say("  nothing else yet")
