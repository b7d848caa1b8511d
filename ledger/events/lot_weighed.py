"""A lot is put on a scale again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Measure
from ..values import Basis, Id, Positive, Share, Word
from .base import Event


class LotWeighed(Event, frozen=True, kw_only=True, tag="lot.weighed"):
    """The new weight replaces the booked one.

    Within the tolerance that the ledger's policy sets for the instrument, the lot is
    re-scaled; less is a loss; more than that enters with origin unknown.
    """

    command: ClassVar[str] = "record weighing"

    lot: Annotated[Id, msgspec.Meta(description="the lot")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    basis: Basis
    instrument: Annotated[Word, msgspec.Meta(description="hand-scale, platform, weighbridge ...")]
    moisture: Share | None = None

    def effects(self) -> Iterator[Effect]:
        """The mass is measured."""
        yield Measure(self.lot, self.instrument, self.mass, self.basis, self.moisture)
