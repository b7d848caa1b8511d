"""What an event did to every figure in the books, so that others can follow along exactly.

A flow takes some of the mass and some of each tracked substance, a loss takes others, an
assay says how much there is. Whoever repeats these rows in their order, with the one rule
of proportion of specs/accounting.md and nothing else, has every lot's origins to the
milligram; `specs/exports.md` draws how.

    begin   `mg` of `element` enter lot from `origin`
    move    `mg` of `element` go from `source` into lot, in proportion to its origins
    lose    `mg` of `element` leave lot, in proportion to its origins
    scale   lot's `element` is `mg` now, in the same proportions
    assume  lot gets `mg` of `element` in the proportions of the net mass of `source`

`element` is ``mass`` for the net mass, else a tracked substance. An event that is voided
did nothing: its rows are to be left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import msgspec

from ..custody.amount import Amount, Element, portion
from ..custody.books import Books, Lot
from ..custody.measurement import Difference
from ..effects import Arrive, Close, Depart, Effect, Flow, Gain, Loss, Measure, Open
from ..values import UNKNOWN

__all__ = ["Booked", "booked"]

_NOTHING = Amount()


class Booked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure changed; see the top of the file."""

    act: Literal["begin", "move", "lose", "scale", "assume"]
    lot: str
    element: str
    mg: int
    source: str = ""
    origin: str = ""


def booked(effects: Iterable[Effect], before: Mapping[str, Lot], after: Books) -> Iterator[Booked]:
    """The rows of one event: `before` holds the lots it changed as they were, and `after`
    are the books when it was done, which say which lots are followed at all.
    """
    scratch = Books(dict(before), after.register)
    scratch.tolerances = after.tolerances
    for effect in effects:
        if isinstance(effect, Open):
            known = effect.lot in after.lots
        elif isinstance(effect, Flow):
            known = effect.source in scratch.lots
        elif isinstance(effect, Gain | Loss | Close | Measure | Depart | Arrive):
            known = effect.lot in scratch.lots
        else:
            known = False
        if known:
            yield from _one(effect, scratch)


def _one(effect: Effect, scratch: Books) -> Iterator[Booked]:
    was = {name: lot.amount for name, lot in scratch.lots.items()}
    differences = scratch.apply("", "", effect)
    now = {name: lot.amount for name, lot in scratch.lots.items()}
    if isinstance(effect, Flow):
        target = effect.target if effect.target in now else ""
        yield from _flow(effect.source, target, was, now)
    elif isinstance(effect, Gain):
        lot = effect.lot
        key = effect.origin.key
        yield Booked("begin", lot, "mass", effect.mass, origin=key)
        yield from _kept(lot, was[lot], now[lot])
        for content in effect.contents or ():
            if content.mass and now[lot].contents is not None:
                yield Booked("begin", lot, content.element, content.mass, origin=key)
    elif isinstance(effect, Loss | Close):
        yield from _loss(effect, was[effect.lot], now[effect.lot])
    elif isinstance(effect, Measure | Depart | Arrive):
        yield from _measured(effect.lot, was[effect.lot], now[effect.lot], differences)


def _flow(
    source: str, target: str, was: Mapping[str, Amount], now: Mapping[str, Amount]
) -> Iterator[Booked]:
    """Some of a lot into another one, or (no target) to where it is not followed."""
    have, left = was[source], now[source]
    held, filled = was.get(target, _NOTHING), now.get(target, _NOTHING)
    kept = bool(target) and filled.contents is not None
    for element in filled.contents or () if have.contents is None else ():
        more = element.mass - _mass(held, element.element)
        if more and have.mass:
            yield Booked("assume", target, element.element, more, source)
        elif more:
            yield Booked("begin", target, element.element, more, origin=UNKNOWN.key)
    drawn = {e.element: e.mass - _mass(left, e.element) for e in have.contents or ()}
    drawn["mass"] = have.mass - left.mass
    for name, mass in sorted(drawn.items()):
        if mass and target and (kept or name == "mass"):
            yield Booked("move", target, name, mass, source)
        elif mass:
            yield Booked("lose", source, name, mass)
    yield from _kept(target, held, filled)
    for element in filled.contents or () if have.contents is not None else ():
        beyond = element.mass - _mass(held, element.element) - drawn.get(element.element, 0)
        if beyond:
            yield Booked("begin", target, element.element, beyond, origin=UNKNOWN.key)


def _kept(lot: str, was: Amount, now: Amount) -> Iterator[Booked]:
    """Something of unknown contents came in: what the whole contains is unknown with it."""
    if now.contents is None:
        for element in was.contents or ():
            if element.mass:
                yield Booked("lose", lot, element.element, element.mass)


def _loss(effect: Loss | Close, was: Amount, now: Amount) -> Iterator[Booked]:
    if was.mass != now.mass:
        if isinstance(effect, Loss) and effect.reason == "moisture":
            yield Booked("scale", effect.lot, "mass", now.mass)
        else:
            yield Booked("lose", effect.lot, "mass", was.mass - now.mass)
    for element in was.contents or ():
        gone = element.mass - _mass(now, element.element)
        if gone:
            yield Booked("lose", effect.lot, element.element, gone)


def _measured(
    lot: str, was: Amount, now: Amount, differences: Iterable[Difference]
) -> Iterator[Booked]:
    beyond = {found.code: found for found in differences if found.code == "mass.excess"}
    higher = {found.what for found in differences if found.code == "assay.higher"}
    known = now.mass
    if "mass.excess" in beyond:
        known = portion(now.mass, beyond["mass.excess"].booked, beyond["mass.excess"].found)
    known = known if was.mass else 0
    if known != was.mass:
        yield Booked("scale", lot, "mass", known)
    if now.mass != known:
        yield Booked("begin", lot, "mass", now.mass - known, origin=UNKNOWN.key)
    before = {element.element: element for element in was.contents or ()}
    for element in now.contents or ():
        yield from _element(lot, before.get(element.element), element, element.element in higher)


def _element(lot: str, was: Element | None, now: Element, higher: bool) -> Iterator[Booked]:
    """An element weighed along, or assayed: both may have happened at once."""
    if was is None:
        if now.mass:
            yield Booked("assume", lot, now.element, now.mass, lot)
        return
    if higher or not was.mass:
        if now.mass != was.mass:
            extra = now.mass - was.mass
            yield Booked("begin", lot, now.element, extra, origin=UNKNOWN.key)
    elif now.mass != was.mass:
        yield Booked("scale", lot, now.element, now.mass)


def _mass(amount: Amount, element: str) -> int:
    found = amount.element(element)
    return found.mass if found else 0
