"""A party stands by what its key signed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import EventId, Text
from .base import Event


class EventReaffirmed(Event, frozen=True, kw_only=True, tag="event.reaffirmed"):
    """After a key was revoked with a doubtful past: these events were ours all the same."""

    command: ClassVar[str] = "record reaffirmation"

    events: Annotated[
        tuple[EventId, ...],
        msgspec.Meta(min_length=1, max_length=512, description="the events"),
    ]
    grounds: Annotated[Text | None, msgspec.Meta(description="how that is known")] = None

    def effects(self) -> Iterator[Effect]:
        """A claim about each event."""
        for event in self.events:
            yield Claim(f"event:{event}", "dispute", "reaffirmed", {"by": self.by})
