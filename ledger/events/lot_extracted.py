"""Mineral leaves the ground."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import (
    Basis,
    Count,
    Day,
    Grade,
    Id,
    Origin,
    OriginClass,
    Positive,
    Share,
    Text,
    contained,
    dry_mass,
)
from .base import Event


class LotExtracted(Event, frozen=True, kw_only=True, tag="lot.extracted"):
    """A lot of mineral, mined at a registered site: by hand (asm) or by machine (lsm).

    Weighed where it was dug. With a grade, and on wet ore its moisture, the contained
    metal is booked too; without, only the mass is known until somebody assays it.
    """

    command: ClassVar[str] = "record extraction"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    material: Annotated[Text, msgspec.Meta(description="trade name, such as coltan ore")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    basis: Basis
    site: Annotated[Id, msgspec.Meta(description="registered site it was dug at")]
    method: Literal["asm", "lsm"]
    moisture: Share | None = None
    grades: Annotated[
        tuple[Grade, ...], msgspec.Meta(max_length=32, description="analyte,grade of dry mass")
    ] = ()
    tags: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=256, description="tags on the bags")
    ] = ()
    pieces: Annotated[Count | None, msgspec.Meta(description="bags, if counted")] = None
    dug_from: Annotated[Day | None, msgspec.Meta(description="first day of digging")] = None
    dug_to: Annotated[Day | None, msgspec.Meta(description="last day of digging")] = None

    def __post_init__(self) -> None:
        """Grades are of dry matter, so wet ore needs its moisture."""
        super().__post_init__()
        if self.grades and self.basis == "wet" and self.moisture is None:
            raise ValueError("a grade of wet ore needs its moisture too")

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what was dug."""
        dry = dry_mass(self.mass, self.basis, self.moisture)
        contents = contained(dry, self.grades) if self.grades and dry is not None else None
        kind: OriginClass = "mined-asm" if self.method == "asm" else "mined-lsm"
        yield Open(self.lot, self.material, self.by, basis=self.basis, dry=dry, pieces=self.pieces)
        yield Gain(self.lot, self.mass, Origin(kind, site=self.site), contents)
        if self.tags:
            yield Claim(
                f"lot:{self.lot}",
                "tags",
                "applied",
                {"applied": self.tags, "mass": self.mass, "site": self.site},
            )
