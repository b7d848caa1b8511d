"""The receiver does not take the lots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Return
from ..values import EventId, Id, Text
from .base import Event


class CustodyRejected(Event, frozen=True, kw_only=True, tag="custody.rejected"):
    """Lots in transit go back to the sender: rejected by the receiver."""

    command: ClassVar[str] = "transfer reject"

    dispatch: Annotated[EventId, msgspec.Meta(description="event id of the dispatch")]
    lots: Annotated[
        tuple[Id, ...], msgspec.Meta(min_length=1, max_length=512, description="the lots")
    ]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """Each lot is back with its sender."""
        for lot in self.lots:
            yield Return(lot, self.dispatch, self.by, self.reason, "taker")
