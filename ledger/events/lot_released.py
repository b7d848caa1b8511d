"""A hold ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Release
from ..values import Id, Text
from .base import Event


class LotReleased(Event, frozen=True, kw_only=True, tag="lot.released"):
    """Released by whoever held it back."""

    command: ClassVar[str] = "record release"

    lots: Annotated[
        tuple[Id, ...], msgspec.Meta(min_length=1, max_length=512, description="the lots")
    ]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """Each lot is free of this party's holds."""
        for lot in self.lots:
            yield Release(lot, self.by, self.reason)
