"""Lots go into one drum or container and stay what they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Flow, Open
from ..values import Id, Text, Word
from .base import Event


class LotsPacked(Event, frozen=True, kw_only=True, tag="lots.packed"):
    """Whole lots travel as one package from here on; each keeps its identity inside."""

    command: ClassVar[str] = "record packing"

    lot: Annotated[Id, msgspec.Meta(description="id of the package")]
    material: Annotated[Text, msgspec.Meta(description="trade name of what is inside")]
    inputs: Annotated[
        tuple[Id, ...],
        msgspec.Meta(min_length=1, max_length=512, description="lots that go in, whole"),
    ]
    package: Annotated[Word | None, msgspec.Meta(description="drum, bag, box, container")] = None
    seals: Annotated[tuple[Id, ...], msgspec.Meta(max_length=64, description="seal numbers")] = ()

    def effects(self) -> Iterator[Effect]:
        """The package holds all of its lots, kept apart."""
        yield Open(self.lot, self.material, self.by, identity_kept=True)
        for lot in self.inputs:
            yield Flow(lot, self.lot)
        if self.seals:
            yield Claim(f"lot:{self.lot}", "tags", "applied", {"applied": self.seals})
