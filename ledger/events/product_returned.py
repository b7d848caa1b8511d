"""Products come back at the end of their life."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Gain, Open
from ..values import Content, Count, Country, Id, Origin, Positive, Text
from .base import Event


class ProductReturned(Event, frozen=True, kw_only=True, tag="product.returned"):
    """Taken back from users: a new lot begins, of post-consumer origin.

    `product` names the production lot they were made in; that life's trail stays there.
    """

    command: ClassVar[str] = "record return"

    lot: Annotated[Id, msgspec.Meta(description="id of the new lot")]
    product: Annotated[Id, msgspec.Meta(description="production lot they came from")]
    units: Annotated[Count, msgspec.Meta(description="how many came back")]
    mass: Annotated[Positive, msgspec.Meta(description="net mass of tracked material")]
    material: Annotated[Text, msgspec.Meta(description="trade name, such as spent phones")]
    country: Annotated[Country | None, msgspec.Meta(description="where they were collected")] = None
    contents: Annotated[
        tuple[Content, ...], msgspec.Meta(max_length=32, description="element,mass")
    ] = ()

    def effects(self) -> Iterator[Effect]:
        """The lot begins with what came back."""
        origin = Origin("recycled-post-consumer", country=self.country)
        yield Open(self.lot, self.material, self.by, basis="dry", pieces=self.units)
        yield Gain(self.lot, self.mass, origin, self.contents or None)
        facts = {"units": self.units, "lot": self.lot, "mass": self.mass}
        yield Claim(f"lot:{self.product}", "product", "returned", facts)
        yield Claim(
            f"lot:{self.lot}",
            "recovery",
            "recycled-post-consumer",
            {"source": f"product {self.product}", "collector": self.by},
        )
