"""Steps: what each event did to the books, in figures, for whoever renders it.

An event says "all there is goes into the blend"; a step says how many milligrams that
was. It is made from effects and from the books before and after, never from a type, so a
new event type passes through every export without a line written for it.

    event ──effects──> books ──> Step(filled, moved, began, lost, weighed, hands, claims)

Masses are milligrams, contents milligrams of the substance, grades parts per billion of
the dry matter, times and ids as in the events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

import msgspec

from ..custody.books import MODELS, Books, Lot
from ..custody.registration import Prepared
from ..effects import (
    Arrive,
    Claim,
    Depart,
    Effect,
    Gain,
    Loss,
    Measure,
    Open,
    Return,
    Void,
)
from ..findings import Finding
from .booked import Booked, booked
from .checks.base import Check, Seen

__all__ = [
    "Began",
    "Claimed",
    "Filled",
    "Hand",
    "Lost",
    "Moved",
    "Recorder",
    "Step",
    "Weighed",
    "step",
]


class Filled(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lot that this event began, as it was when the event was done.

    `contents` None: nobody has said what it contains.
    """

    lot: str
    material: str
    holder: str
    mass_mg: int
    basis: str
    model: str
    pieces: int | None = None
    contents: dict[str, int] | None = None


class Moved(msgspec.Struct, frozen=True):
    """So much of one lot went into another."""

    source: str
    target: str
    mass_mg: int


class Began(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "class"}):
    """Mass that entered the books: mined, recovered, declared, or added as reagent.

    `country` is what the event says; where it names a site, the site says its own.
    """

    lot: str
    mass_mg: int
    kind: str
    site: str = ""
    country: str = ""
    contents: dict[str, int] | None = None


class Lost(msgspec.Struct, frozen=True):
    """Mass that left the books, and why."""

    lot: str
    reason: str
    mass_mg: int


class Weighed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lot that was weighed or assayed: booked before and after, and on what instrument."""

    lot: str
    leg: str
    before_mg: int
    after_mg: int
    grades: tuple[tuple[str, int], ...] = ()


class Hand(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hand-over or a part of one. `dispatch` is the id of the event that began it."""

    act: Literal["departed", "arrived", "returned"]
    lot: str
    giver: str
    taker: str
    mass_mg: int
    dispatch: str
    reason: str = ""


class Claimed(msgspec.Struct, frozen=True, omit_defaults=True):
    """Anything else that the event says, about a ``kind:id``."""

    subject: str
    kind: str
    status: str
    facts: dict[str, Any] = {}


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event, who said it, when the log recorded it, and what it did.

    `signers` are the names under its statement; `text` is the event's exact text; `booked` are
    its rows in the books, where whoever made the step has asked for them.
    """

    index: int
    event: str
    type: str
    by: str
    occurred_at: str
    recorded_at: str = ""
    cosigners: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()
    filled: tuple[Filled, ...] = ()
    moved: tuple[Moved, ...] = ()
    began: tuple[Began, ...] = ()
    lost: tuple[Lost, ...] = ()
    weighed: tuple[Weighed, ...] = ()
    hands: tuple[Hand, ...] = ()
    claims: tuple[Claimed, ...] = ()
    voids: tuple[str, ...] = ()
    text: str = ""
    booked: tuple[Booked, ...] = ()

    @property
    def lots(self) -> tuple[str, ...]:
        """Every lot that it filled, drew from, weighed or handed over, sorted."""
        named = {one.lot for part in (self.filled, self.began, self.lost) for one in part}
        named |= {one.lot for one in self.weighed} | {one.lot for one in self.hands}
        for flow in self.moved:
            named |= {flow.source, flow.target}
        return tuple(sorted(named))


def step(
    index: int,
    one: Prepared,
    before: Mapping[str, Lot],
    books: Books,
    moved: Sequence[tuple[str, str, int]],
    recorded_at: str = "",
    *,
    rows: bool = False,
) -> Step:
    """The step that an event was: `before` holds the lots it changed, `books` are after it,
    `moved` the (source, target, milligrams) that its flows came to. With `rows`, it says to
    the milligram what went where (`audit.booked`), which costs as much as booking it again.
    """
    effects, at = one.effects, one.event_id
    return Step(
        index=index,
        event=at,
        type=one.event.type,
        by=one.event.by,
        occurred_at=one.event.occurred_at,
        recorded_at=recorded_at,
        cosigners=one.event.cosigners,
        filled=tuple(
            _filled(effect, books.lots[effect.lot])
            for effect in effects
            if isinstance(effect, Open) and effect.lot in books.lots
        ),
        moved=tuple(Moved(*flow) for flow in moved),
        began=tuple(_began(effect) for effect in effects if isinstance(effect, Gain)),
        lost=tuple(_lost(effects, before, books, moved)),
        weighed=tuple(_weighed(effects, before, books)),
        hands=tuple(_hands(effects, before, at)),
        claims=tuple(
            Claimed(e.subject, e.kind, e.status, dict(e.facts))
            for e in effects
            if isinstance(e, Claim)
        ),
        voids=tuple(dict.fromkeys(e.event for e in effects if isinstance(e, Void))),
        text=one.data.decode(),
        booked=tuple(booked(effects, before, books)) if rows else (),
    )


class Recorder(Check):
    """A check that finds nothing and hands every event on as a step, for the auditor."""

    name = "steps"
    watches = get_args(Effect)

    def __init__(self, keep: Callable[[Step], None], *, rows: bool = False) -> None:
        super().__init__()
        self._keep = keep
        self._rows = rows

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Hand it on."""
        case = seen.case
        self._keep(
            step(
                seen.index,
                seen.one,
                case.before,
                seen.books,
                case.moved,
                seen.recorded_at,
                rows=self._rows,
            )
        )
        return ()


def _contents(lot: Lot) -> dict[str, int] | None:
    contents = lot.amount.contents
    return None if contents is None else {one.element: one.mass for one in contents}


def _filled(effect: Open, lot: Lot) -> Filled:
    return Filled(
        effect.lot,
        effect.material,
        effect.holder,
        lot.amount.mass,
        lot.basis,
        MODELS[lot.model],
        lot.amount.pieces,
        _contents(lot),
    )


def _began(effect: Gain) -> Began:
    origin = effect.origin
    contents = effect.contents
    return Began(
        effect.lot,
        effect.mass,
        origin.kind,
        origin.site or "",
        origin.country or "",
        None if contents is None else {one.element: one.mass for one in contents},
    )


def _lost(
    effects: Sequence[Effect],
    before: Mapping[str, Lot],
    books: Books,
    moved: Sequence[tuple[str, str, int]],
) -> Iterable[Lost]:
    """Losses in milligrams. Where the event says none, it was whatever is not elsewhere."""
    losses = [effect for effect in effects if isinstance(effect, Loss)]
    for effect in losses:
        was, now = before.get(effect.lot), books.lots.get(effect.lot)
        mass = effect.mass
        if mass is None and was is not None and now is not None:
            gone = sum(flow for source, _, flow in moved if source == effect.lot)
            gone += sum(other.mass or 0 for other in losses if other.lot == effect.lot)
            mass = was.amount.mass - now.amount.mass - gone
        yield Lost(effect.lot, effect.reason, mass or 0)


def _weighed(
    effects: Sequence[Effect], before: Mapping[str, Lot], books: Books
) -> Iterable[Weighed]:
    for effect in effects:
        if isinstance(effect, Measure | Arrive):
            one = effect.measure if isinstance(effect, Arrive) else effect
            was, now = before.get(one.lot), books.lots.get(one.lot)
            yield Weighed(
                one.lot,
                one.leg,
                was.amount.mass if was else 0,
                now.amount.mass if now else 0,
                tuple((grade.analyte, grade.grade) for grade in one.grades),
            )


def _hands(effects: Sequence[Effect], before: Mapping[str, Lot], at: str) -> Iterable[Hand]:
    for effect in effects:
        lot = before.get(effect.lot) if isinstance(effect, Depart | Arrive | Return) else None
        if isinstance(effect, Depart):
            mass = effect.mass or (lot.amount.mass if lot else 0)
            yield Hand("departed", effect.lot, effect.giver, effect.taker, mass, at)
        elif isinstance(effect, Arrive):
            yield Hand(
                "arrived",
                effect.lot,
                effect.giver,
                effect.taker,
                effect.measure.mass or 0,
                effect.dispatch,
            )
        elif isinstance(effect, Return) and lot is not None:
            yield Hand(
                "returned",
                effect.lot,
                lot.holder,
                lot.taker,
                lot.sent,
                effect.dispatch,
                f"{effect.side}: {effect.reason}",
            )
