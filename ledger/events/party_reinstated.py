"""A suspended party may act again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Suspend
from ..values import Id, Text
from .base import Event


class PartyReinstated(Event, frozen=True, kw_only=True, tag="party.reinstated"):
    """From this entry on what the party signs is registered again."""

    command: ClassVar[str] = "party reinstate"

    party: Annotated[Id, msgspec.Meta(description="the party's id")]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """The suspension ends."""
        yield Suspend(self.party, self.reason, lifted=True)
