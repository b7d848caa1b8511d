"""One lot becomes several of the same material."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Close, Effect, Flow, Open
from ..values import Id, Text
from .base import Draw, Event, LossLine


class LotSplit(Event, frozen=True, kw_only=True, tag="lot.split"):
    """The whole lot is divided: parts and losses add up to what it held, to the milligram."""

    command: ClassVar[str] = "record split"

    lot: Annotated[Id, msgspec.Meta(description="the lot that is divided")]
    parts: Annotated[
        tuple[Draw, ...],
        msgspec.Meta(min_length=1, max_length=1024, description="lot,mass=... of each new lot"),
    ]
    material: Annotated[Text, msgspec.Meta(description="trade name, as before")]
    losses: Annotated[
        tuple[LossLine, ...], msgspec.Meta(max_length=64, description="reason,mass")
    ] = ()

    def effects(self) -> Iterator[Effect]:
        """Each part begins with its share; nothing is left."""
        for part in self.parts:
            yield Open(part.lot, self.material, self.by)
            yield Flow(self.lot, part.lot, part.mass, part.pieces)
        for loss in self.losses:
            yield loss.effect(self.lot)
        yield Close(self.lot)
