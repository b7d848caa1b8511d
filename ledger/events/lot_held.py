"""A lot stays where it is, and what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Hold
from ..values import Id, Text
from .base import Event


class LotHeld(Event, frozen=True, kw_only=True, tag="lot.held"):
    """Held back by its holder, an authority or an issuer, until they release it."""

    command: ClassVar[str] = "record hold"

    lots: Annotated[
        tuple[Id, ...], msgspec.Meta(min_length=1, max_length=512, description="the lots")
    ]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """Each lot is on hold."""
        for lot in self.lots:
            yield Hold(lot, self.by, self.reason)
