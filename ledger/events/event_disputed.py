"""Somebody says that an event is not true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Digest, EventId, Text
from .base import Event


class EventDisputed(Event, frozen=True, kw_only=True, tag="event.disputed"):
    """Marks, and never removes: the dispute is shown wherever the event counts."""

    command: ClassVar[str] = "record dispute"

    event: Annotated[EventId, msgspec.Meta(description="the event")]
    grounds: Annotated[Text, msgspec.Meta(description="what is wrong with it")]
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of the file")] = None

    def effects(self) -> Iterator[Effect]:
        """A claim about the event."""
        facts = {"grounds": self.grounds, "evidence": self.evidence, "by": self.by}
        yield Claim(
            f"event:{self.event}",
            "dispute",
            "disputed",
            {k: v for k, v in facts.items() if v is not None},
        )
