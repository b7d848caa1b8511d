"""A laboratory says what a lot contains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect, Measure
from ..values import Digest, Grade, Id, Share, Text, Word
from .base import Event


class LotAssayed(Event, frozen=True, kw_only=True, tag="lot.assayed"):
    """Grades of the dry matter, signed by the laboratory and by the holder of the lot."""

    command: ClassVar[str] = "record assay"

    lot: Annotated[Id, msgspec.Meta(description="the lot")]
    grades: Annotated[
        tuple[Grade, ...],
        msgspec.Meta(min_length=1, max_length=32, description="analyte,grade of dry mass"),
    ]
    moisture: Share | None = None
    method: Annotated[Word | None, msgspec.Meta(description="xrf, icp, fire ...")] = None
    sample: Annotated[Text | None, msgspec.Meta(description="sample number")] = None
    side: Literal["seller", "buyer", "umpire", "state"] | None = None
    certificate: Annotated[Digest | None, msgspec.Meta(description="digest of the report")] = None

    def effects(self) -> Iterator[Effect]:
        """The composition is measured."""
        yield Measure(self.lot, "assay", moisture=self.moisture, grades=self.grades)
        facts = {
            "method": self.method,
            "sample": self.sample,
            "side": self.side,
            "certificate": self.certificate,
            "grades": [{"analyte": g.analyte, "grade": g.grade} for g in self.grades],
        }
        yield Claim(
            f"lot:{self.lot}",
            "assay",
            "reported",
            {k: v for k, v in facts.items() if v is not None},
        )
