"""The books are brought in line with the pile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Loss, Measure
from ..values import Basis, Digest, Id, Positive, Share, Word
from .base import Event


class LotAdjusted(Event, frozen=True, kw_only=True, tag="lot.adjusted"):
    """Moisture, spill, theft, sampling, seizure: mass lost; or a stock count: mass found.

    Give `lost`, or `counted` with its basis.
    """

    command: ClassVar[str] = "record adjustment"

    lot: Annotated[Id, msgspec.Meta(description="the lot")]
    reason: Annotated[Word, msgspec.Meta(description="moisture, spill, theft, sampling ...")]
    lost: Annotated[Positive | None, msgspec.Meta(description="mass that is gone")] = None
    counted: Annotated[Positive | None, msgspec.Meta(description="mass that is there")] = None
    basis: Basis | None = None
    moisture: Share | None = None
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of a report")] = None

    def __post_init__(self) -> None:
        """One of the two, and a count says whether it is wet or dry."""
        super().__post_init__()
        if (self.lost is None) == (self.counted is None):
            raise ValueError("an adjustment gives either lost or counted")
        if (self.counted is None) != (self.basis is None):
            raise ValueError("counted mass needs its basis, and only that does")

    def effects(self) -> Iterator[Effect]:
        """A loss, or a measurement."""
        if self.lost is not None:
            contents = () if self.reason == "moisture" else None
            yield Loss(self.lot, self.reason, mass=self.lost, contents=contents)
        else:
            yield Measure(self.lot, "stock-count", self.counted, self.basis, self.moisture)
        if self.evidence is not None:
            yield Claim(f"lot:{self.lot}", "document", "attached", {"digest": self.evidence})
