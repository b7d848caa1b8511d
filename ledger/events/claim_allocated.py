"""Claims leave an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Debit, Effect
from ..values import Id, Positive, Text
from .base import Event


class ClaimAllocated(Event, frozen=True, kw_only=True, tag="claim.allocated"):
    """Allocated to a lot, whose chain-of-custody model degrades; or retired, or sold."""

    command: ClassVar[str] = "balance allocate"

    account: Annotated[Id, msgspec.Meta(description="the account")]
    mass: Annotated[Positive, msgspec.Meta(description="mass of the element")]
    lot: Annotated[Id | None, msgspec.Meta(description="lot that is sold with the claim")] = None
    buyer: Annotated[Text | None, msgspec.Meta(description="who the claim went to")] = None

    def effects(self) -> Iterator[Effect]:
        """The account holds less."""
        yield Debit(self.account, self.mass, self.lot or "")
