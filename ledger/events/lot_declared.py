"""Material whose beginning is not in this ledger: a gap with a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import (
    Basis,
    Count,
    Country,
    Day,
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


class LotDeclared(Event, frozen=True, kw_only=True, tag="lot.declared"):
    """Legacy stock, or material bought from outside: its origin is what is declared, or unknown.

    It enters every trail as the gap it is, with the reason given here.
    """

    command: ClassVar[str] = "record declaration"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    material: Annotated[Text, msgspec.Meta(description="trade name")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    basis: Basis
    origin: Literal["legacy", "unknown"]
    reason: Annotated[Text, msgspec.Meta(description="why its beginning is not recorded")]
    country: Annotated[Country | None, msgspec.Meta(description="country, if that is known")] = None
    held_since: Annotated[Day | None, msgspec.Meta(description="in stock since")] = None
    supplier: Annotated[Text | None, msgspec.Meta(description="who sold it")] = None
    moisture: Share | None = None
    grades: Annotated[
        tuple[Grade, ...], msgspec.Meta(max_length=32, description="analyte,grade of dry mass")
    ] = ()
    pieces: Annotated[Count | None, msgspec.Meta(description="pieces, if counted")] = None

    def __post_init__(self) -> None:
        """Grades are of dry matter, so wet material needs its moisture."""
        super().__post_init__()
        if self.grades and self.basis == "wet" and self.moisture is None:
            raise ValueError("a grade of wet material needs its moisture too")

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what is declared."""
        dry = dry_mass(self.mass, self.basis, self.moisture)
        contents = contained(dry, self.grades) if self.grades and dry is not None else None
        yield Open(self.lot, self.material, self.by, basis=self.basis, dry=dry, pieces=self.pieces)
        yield Gain(self.lot, self.mass, Origin(self.origin, country=self.country), contents)
        facts = {"reason": self.reason, "held_since": self.held_since, "supplier": self.supplier}
        yield Claim(
            f"lot:{self.lot}",
            "declaration",
            self.origin,
            {k: v for k, v in facts.items() if v is not None},
        )
