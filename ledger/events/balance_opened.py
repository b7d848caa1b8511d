"""An account for claims on mass that is not followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Account, Effect
from ..values import Day, Id, Substance
from .base import Event


class BalanceOpened(Event, frozen=True, kw_only=True, tag="balance.opened"):
    """Mass balance, or book and claim (ISO 22095), on one element for one period."""

    command: ClassVar[str] = "balance open"

    account: Annotated[Id, msgspec.Meta(description="id of the account")]
    element: Annotated[Substance, msgspec.Meta(description="what is counted")]
    model: Literal["mass-balance", "book-and-claim"]
    begins: Annotated[Day, msgspec.Meta(description="first day")]
    ends: Annotated[Day, msgspec.Meta(description="last day")]

    def __post_init__(self) -> None:
        """A period runs forwards."""
        super().__post_init__()
        if self.ends < self.begins:
            raise ValueError(f"the period ends on {self.ends}, before {self.begins}")

    def effects(self) -> Iterator[Effect]:
        """The account begins, empty."""
        yield Account(self.account, self.by, self.element, self.model, self.begins, self.ends)
