"""A party may act no longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Suspend
from ..values import Id, Text
from .base import Event


class PartySuspended(Event, frozen=True, kw_only=True, tag="party.suspended"):
    """From this entry on nothing the party signs is registered; what it did stays."""

    command: ClassVar[str] = "party suspend"

    party: Annotated[Id, msgspec.Meta(description="the party's id")]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """The party is suspended."""
        yield Suspend(self.party, self.reason)
