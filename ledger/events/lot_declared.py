"""Material whose beginning is not in this ledger: a gap with a name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import (
    Basis,
    Content,
    Count,
    Country,
    Day,
    Digest,
    EventId,
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


class Foreign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lot of another ledger: which one, its last event, and the bundle that proves it.

    `size` and `root` are the checkpoint of the other ledger under which the bundle stands.
    """

    ledger: Annotated[EventId, msgspec.Meta(description="id of the other ledger")]
    lot: Annotated[Id, msgspec.Meta(description="the lot there")]
    event: Annotated[EventId, msgspec.Meta(description="its last event there")]
    size: Annotated[Count, msgspec.Meta(description="entries under the checkpoint")]
    root: Annotated[Digest, msgspec.Meta(description="root of the checkpoint")]
    bundle: Annotated[Digest, msgspec.Meta(description="digest of the bundle")]


class LotDeclared(Event, frozen=True, kw_only=True, tag="lot.declared"):
    """Legacy stock, or material bought from outside: its origin is what is declared, or unknown.

    It enters every trail as the gap it is, with the reason given here. Of origin foreign is
    what began in another ledger; a trail goes on there where the bundle is at hand.
    """

    command: ClassVar[str] = "record declaration"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    material: Annotated[Text, msgspec.Meta(description="trade name")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass")]
    basis: Basis
    origin: Literal["legacy", "unknown", "foreign"]
    reason: Annotated[Text, msgspec.Meta(description="why its beginning is not recorded")]
    country: Annotated[Country | None, msgspec.Meta(description="country, if that is known")] = None
    held_since: Annotated[Day | None, msgspec.Meta(description="in stock since")] = None
    supplier: Annotated[Text | None, msgspec.Meta(description="who sold it")] = None
    moisture: Share | None = None
    grades: Annotated[
        tuple[Grade, ...], msgspec.Meta(max_length=32, description="analyte,grade of dry mass")
    ] = ()
    pieces: Annotated[Count | None, msgspec.Meta(description="pieces, if counted")] = None
    contents: Annotated[
        Annotated[tuple[Content, ...], msgspec.Meta(min_length=1, max_length=32)] | None,
        msgspec.Meta(description="what a foreign lot contains, by mass"),
    ] = None
    foreign: Annotated[
        Foreign | None, msgspec.Meta(description="where a lot of origin foreign comes from")
    ] = None

    def __post_init__(self) -> None:
        """Grades are of dry matter, so wet material needs its moisture; a foreign lot has none."""
        super().__post_init__()
        if (self.origin == "foreign") != (self.foreign is not None):
            raise ValueError("a lot of origin foreign names its ledger, and no other does")
        if self.contents is not None and (self.foreign is None or self.grades):
            raise ValueError("only a foreign lot has contents by mass, and then no grades")
        if self.grades and self.basis == "wet" and self.moisture is None:
            raise ValueError("a grade of wet material needs its moisture too")

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what is declared."""
        dry = dry_mass(self.mass, self.basis, self.moisture)
        contents = self.contents
        if self.grades and dry is not None:
            contents = contained(dry, self.grades)
        yield Open(self.lot, self.material, self.by, basis=self.basis, dry=dry, pieces=self.pieces)
        lot = self.lot if self.foreign else None
        yield Gain(
            self.lot, self.mass, Origin(self.origin, country=self.country, lot=lot), contents
        )
        facts = {"reason": self.reason, "held_since": self.held_since, "supplier": self.supplier}
        yield Claim(
            f"lot:{self.lot}",
            "declaration",
            self.origin,
            {k: v for k, v in facts.items() if v is not None},
        )
        if self.foreign is not None:
            subject = f"foreign:{self.foreign.ledger}/{self.foreign.lot}"
            said = {**msgspec.structs.asdict(self.foreign), "here": self.lot}
            yield Claim(subject, "foreign", "declared", said, first=True)
