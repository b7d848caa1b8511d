"""An event was a mistake, and nothing builds on it yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect, Void
from ..values import EventId, Id, Text
from .base import Event


class EventVoided(Event, frozen=True, kw_only=True, tag="event.voided"):
    """Undoes the last event of all the lots it touched; both stay in the log for all to see."""

    command: ClassVar[str] = "record correction"

    event: Annotated[EventId, msgspec.Meta(description="the event that was a mistake")]
    lots: Annotated[
        tuple[Id, ...],
        msgspec.Meta(min_length=1, max_length=512, description="every lot it touched, sorted"),
    ]
    reason: Annotated[Text, msgspec.Meta(description="what was wrong")]

    def __post_init__(self) -> None:
        """The lots are spelled one way."""
        super().__post_init__()
        if list(self.lots) != sorted(set(self.lots)):
            raise ValueError("lots must be sorted, each once")

    def effects(self) -> Iterator[Effect]:
        """Each lot is as it was before."""
        for lot in self.lots:
            yield Void(lot, self.event, len(self.lots))
        yield Claim(f"event:{self.event}", "amendment", "voided", {"reason": self.reason})
