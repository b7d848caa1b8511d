"""Material or products leave the ledger for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Effect, Loss
from ..values import Count, Id, Positive
from .base import Event


class LotRetired(Event, frozen=True, kw_only=True, tag="lot.retired"):
    """Placed on the market, consumed, landfilled, or sold out of the ledger's sight."""

    command: ClassVar[str] = "record retirement"

    lot: Annotated[Id, msgspec.Meta(description="the lot or product")]
    reason: Literal["placed-on-market", "consumed", "landfilled", "out-of-scope"]
    mass: Annotated[Positive | None, msgspec.Meta(description="how much; all if absent")] = None
    pieces: Annotated[Count | None, msgspec.Meta(description="how many; all if absent")] = None

    def __post_init__(self) -> None:
        """By one measure; the other follows in proportion."""
        super().__post_init__()
        if self.mass is not None and self.pieces is not None:
            raise ValueError(f"lot {self.lot} is retired by mass or by pieces, not both")

    def effects(self) -> Iterator[Effect]:
        """The mass leaves the books."""
        yield Loss(self.lot, self.reason, self.mass, self.pieces)
