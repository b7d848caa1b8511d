"""Components become products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Flow, Open
from ..values import Count, Id, Positive, Text
from .base import Event


class Component(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What goes into a production run: pieces per unit, or a mass, or the whole lot."""

    lot: Id
    per_unit: Count | None = None
    mass: Positive | None = None

    def __post_init__(self) -> None:
        """Drawn by one measure."""
        if self.per_unit is not None and self.mass is not None:
            raise ValueError(f"component {self.lot} is drawn by pieces or by mass, not both")


class ProductMade(Event, frozen=True, kw_only=True, tag="product.made"):
    """A batch of products, counted, with the lots that went into each unit."""

    command: ClassVar[str] = "record manufacture"

    product: Annotated[Id, msgspec.Meta(description="id of the production lot")]
    model: Annotated[Text, msgspec.Meta(description="what it is, such as phone, model X")]
    units: Annotated[Count, msgspec.Meta(description="how many were made")]
    components: Annotated[
        tuple[Component, ...],
        msgspec.Meta(min_length=1, max_length=512, description="lot,per_unit=2 or lot,mass=..."),
    ]
    serials: Annotated[Text | None, msgspec.Meta(description="serial range or batch")] = None
    facility: Annotated[Id | None, msgspec.Meta(description="registered site")] = None

    def effects(self) -> Iterator[Effect]:
        """The product begins with its components."""
        yield Open(self.product, self.model, self.by, pieces=self.units)
        for part in self.components:
            pieces = None if part.per_unit is None else part.per_unit * self.units
            yield Flow(part.lot, self.product, part.mass, pieces)
        facts = {"units": self.units, "serials": self.serials, "facility": self.facility}
        yield Claim(
            f"lot:{self.product}",
            "product",
            "made",
            {k: v for k, v in facts.items() if v is not None},
        )
