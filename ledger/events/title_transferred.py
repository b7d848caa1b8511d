"""Ownership passes; the material may stay where it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Id, Text
from .base import Event


class TitleTransferred(Event, frozen=True, kw_only=True, tag="title.transferred"):
    """Seller and buyer agree who owns the lots; custody is another matter.

    Signed by both: the seller says it, the buyer is a cosigner.
    """

    command: ClassVar[str] = "transfer title"

    to: Annotated[Id, msgspec.Meta(description="party that buys, and cosigns")]
    lots: Annotated[
        tuple[Id, ...], msgspec.Meta(min_length=1, max_length=512, description="the lots")
    ]
    contract: Annotated[Text | None, msgspec.Meta(description="contract or invoice")] = None
    incoterm: Annotated[Text | None, msgspec.Meta(description="Incoterm, with its place")] = None

    def __post_init__(self) -> None:
        """It takes two."""
        super().__post_init__()
        if self.to not in self.cosigners:
            raise ValueError(f"the buyer {self.to} must be a cosigner")

    def effects(self) -> Iterator[Effect]:
        """A claim about each lot."""
        facts = {
            "from": self.by,
            "to": self.to,
            "contract": self.contract,
            "incoterm": self.incoterm,
        }
        facts = {k: v for k, v in facts.items() if v is not None}
        for lot in self.lots:
            yield Claim(f"lot:{lot}", "title", "transferred", facts)
