"""Several lots become one of the same material."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Flow, Open
from ..values import Id, Positive, Text
from .base import Draw, Event, LossLine


class LotsBlended(Event, frozen=True, kw_only=True, tag="lots.blended"):
    """Bags are tipped together, piles are joined; origins travel in proportion.

    `mass` states what the blend holds: inputs less losses, to the milligram.
    """

    command: ClassVar[str] = "record blend"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    material: Annotated[Text, msgspec.Meta(description="trade name")]
    inputs: Annotated[
        tuple[Draw, ...],
        msgspec.Meta(min_length=1, max_length=512, description="lot or lot,mass=..."),
    ]
    mass: Annotated[Positive | None, msgspec.Meta(description="net mass of the blend")] = None
    losses: Annotated[
        tuple[LossLine, ...], msgspec.Meta(max_length=64, description="reason,mass")
    ] = ()

    def effects(self) -> Iterator[Effect]:
        """The blend begins with its inputs, less what was lost on the way."""
        yield Open(self.lot, self.material, self.by, mass=self.mass)
        for draw in self.inputs:
            yield Flow(draw.lot, self.lot, draw.mass, draw.pieces)
        for loss in self.losses:
            yield loss.effect(self.lot)
