"""Claims come into an account."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Credit, Effect
from ..values import Id, Positive
from .base import Event


class BalanceCredited(Event, frozen=True, kw_only=True, tag="balance.credited"):
    """A lot's content becomes claims, once; or the account before carries over."""

    command: ClassVar[str] = "balance credit"

    account: Annotated[Id, msgspec.Meta(description="the account")]
    mass: Annotated[Positive, msgspec.Meta(description="mass of the element")]
    lot: Annotated[Id | None, msgspec.Meta(description="lot whose content is claimed")] = None
    carried: Annotated[Id | None, msgspec.Meta(description="account that carries over")] = None

    def __post_init__(self) -> None:
        """From one place."""
        super().__post_init__()
        if (self.lot is None) == (self.carried is None):
            raise ValueError("a credit comes from a lot or from another account")

    def effects(self) -> Iterator[Effect]:
        """The account holds more."""
        yield Credit(self.account, self.mass, self.lot or "", self.carried or "")
