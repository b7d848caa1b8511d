"""Material comes back from what was used, or falls off as a by-product."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import (
    Basis,
    Count,
    Country,
    Digest,
    Grade,
    Id,
    Origin,
    Positive,
    Share,
    Text,
    contained,
    dry_mass,
)
from .base import Event


class LotRecovered(Event, frozen=True, kw_only=True, tag="lot.recovered"):
    """Recycled after use or before it, or a by-product; its origin is where it became that.

    Mined material never becomes recycled here: what is in the ledger keeps its origin.
    Run-around scrap of one's own process is no recycled material.
    """

    command: ClassVar[str] = "record recovery"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    material: Annotated[Text, msgspec.Meta(description="trade name, such as black mass")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    basis: Basis
    origin: Literal["recycled-post-consumer", "recycled-pre-consumer", "byproduct"]
    source: Annotated[Text, msgspec.Meta(description="what it was before, and from whom")]
    collector: Annotated[Id | None, msgspec.Meta(description="party that collected it")] = None
    site: Annotated[Id | None, msgspec.Meta(description="registered site of recovery")] = None
    country: Annotated[Country | None, msgspec.Meta(description="country, if no site")] = None
    moisture: Share | None = None
    grades: Annotated[
        tuple[Grade, ...], msgspec.Meta(max_length=32, description="analyte,grade of dry mass")
    ] = ()
    pieces: Annotated[Count | None, msgspec.Meta(description="pieces, if counted")] = None
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of the evidence")] = None

    def __post_init__(self) -> None:
        """Grades are of dry matter; a site says its own country."""
        super().__post_init__()
        if self.grades and self.basis == "wet" and self.moisture is None:
            raise ValueError("a grade of wet material needs its moisture too")
        if self.site is not None and self.country is not None:
            raise ValueError("a site says its own country; give one of them")

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what was recovered."""
        dry = dry_mass(self.mass, self.basis, self.moisture)
        contents = contained(dry, self.grades) if self.grades and dry is not None else None
        yield Open(self.lot, self.material, self.by, basis=self.basis, dry=dry, pieces=self.pieces)
        yield Gain(self.lot, self.mass, Origin(self.origin, self.site, self.country), contents)
        facts = {"source": self.source, "collector": self.collector, "evidence": self.evidence}
        yield Claim(
            f"lot:{self.lot}",
            "recovery",
            self.origin,
            {k: v for k, v in facts.items() if v is not None},
        )
