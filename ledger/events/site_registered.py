"""A place where material is dug, traded, processed or made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Country, Id, Latitude, Longitude, Positive, Substance, Text, Word
from .base import Event


class SiteRegistered(Event, frozen=True, kw_only=True, tag="site.registered"):
    """A mine, depot, smelter, refinery or factory; origins name mines by this id.

    Coordinates are for sites of companies; never place an artisanal miner's home.
    """

    command: ClassVar[str] = "site add"

    site: Annotated[Id, msgspec.Meta(description="the site's id in this ledger")]
    name: Annotated[Text, msgspec.Meta(description="what people call it")]
    kind: Annotated[Word, msgspec.Meta(description="mine-asm, mine-lsm, depot, smelter ...")]
    country: Country
    operator: Annotated[Id | None, msgspec.Meta(description="party that runs it")] = None
    minerals: Annotated[
        tuple[Text, ...], msgspec.Meta(max_length=32, description="what is dug or processed")
    ] = ()
    substances: Annotated[
        tuple[Substance, ...], msgspec.Meta(max_length=32, description="tracked substances")
    ] = ()
    lat: Annotated[Latitude | None, msgspec.Meta(description="latitude")] = None
    lon: Annotated[Longitude | None, msgspec.Meta(description="longitude")] = None
    icglr: Annotated[Text | None, msgspec.Meta(description="ICGLR mine site id")] = None
    licence: Annotated[Text | None, msgspec.Meta(description="licence number")] = None
    capacity: Annotated[
        Positive | None, msgspec.Meta(description="largest plausible output in a month")
    ] = None

    def effects(self) -> Iterator[Effect]:
        """The site is registered, once."""
        facts = {
            name: getattr(self, name)
            for name in (
                "name",
                "kind",
                "country",
                "operator",
                "minerals",
                "substances",
                "lat",
                "lon",
                "icglr",
                "licence",
                "capacity",
            )
            if getattr(self, name) not in (None, ())
        }
        yield Claim(f"site:{self.site}", "site", "registered", facts, first=True)
