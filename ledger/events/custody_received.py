"""The receiver has the lots, and says what they weigh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Arrive, Claim, Effect, Measure
from ..values import Basis, Country, EventId, Grade, Id, Positive, Share, Word
from .base import Event


class Received(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lot that arrived, on the receiver's own scale and in its own laboratory."""

    lot: Id
    mass: Positive
    basis: Basis
    moisture: Share | None = None
    grades: tuple[Grade, ...] = ()


class CustodyReceived(Event, frozen=True, kw_only=True, tag="custody.received"):
    """The second signature of a hand-over: custody passes, with the receiver's own weight.

    Lots of the dispatch that are not named here are still on the way.
    """

    command: ClassVar[str] = "transfer receive"

    dispatch: Annotated[EventId, msgspec.Meta(description="event id of the dispatch")]
    giver: Annotated[Id, msgspec.Meta(description="party that sent it")]
    lots: Annotated[
        tuple[Received, ...],
        msgspec.Meta(min_length=1, max_length=512, description="lot,mass=...,basis=..."),
    ]
    instrument: Annotated[
        Word | None, msgspec.Meta(description="leg or instrument of the policy, if not reception")
    ] = None
    seals: Literal["intact", "broken", "none"] | None = None
    route: Annotated[
        tuple[Country, ...],
        msgspec.Meta(max_length=32, description="countries that the papers show on arrival"),
    ] = ()

    def effects(self) -> Iterator[Effect]:
        """Each lot arrives and is measured."""
        for got in self.lots:
            leg = self.instrument or "reception"
            measure = Measure(got.lot, leg, got.mass, got.basis, got.moisture, got.grades)
            yield Arrive(got.lot, self.dispatch, self.giver, self.by, measure)
            if self.seals is not None:
                yield Claim(f"lot:{got.lot}", "seals", self.seals, {"dispatch": self.dispatch})
            if self.route:
                facts = {"dispatch": self.dispatch, "route": self.route}
                yield Claim(f"lot:{got.lot}", "transport", "received", facts)
