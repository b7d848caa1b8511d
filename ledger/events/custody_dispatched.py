"""A holder sends lots to somebody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Depart, Effect
from ..values import Country, Id, Positive, Text
from .base import Event


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A whole lot that leaves, and what the sender's scale said, if it was weighed again."""

    lot: Id
    mass: Positive | None = None


class CustodyDispatched(Event, frozen=True, kw_only=True, tag="custody.dispatched"):
    """The first of two signatures of a hand-over; until the second the sender answers for it.

    Whole lots travel; to send a part, split it off first.
    """

    command: ClassVar[str] = "transfer dispatch"

    to: Annotated[Id, msgspec.Meta(description="party that shall receive it")]
    lots: Annotated[
        tuple[Sent, ...],
        msgspec.Meta(min_length=1, max_length=512, description="lot or lot,mass=..."),
    ]
    carrier: Annotated[Text | None, msgspec.Meta(description="who transports it")] = None
    mode: Annotated[
        Literal["road", "rail", "sea", "air"] | None, msgspec.Meta(description="means of transport")
    ] = None
    route: Annotated[
        tuple[Country, ...], msgspec.Meta(max_length=32, description="countries on the way")
    ] = ()
    seals: Annotated[tuple[Id, ...], msgspec.Meta(max_length=64, description="seal numbers")] = ()
    waybill: Annotated[Text | None, msgspec.Meta(description="waybill number")] = None

    def effects(self) -> Iterator[Effect]:
        """Each lot departs."""
        facts = {
            "carrier": self.carrier,
            "mode": self.mode,
            "route": self.route,
            "seals": self.seals,
            "waybill": self.waybill,
        }
        facts = {k: v for k, v in facts.items() if v not in (None, ())}
        for sent in self.lots:
            yield Depart(sent.lot, self.by, self.to, sent.mass)
            if facts:
                yield Claim(f"lot:{sent.lot}", "transport", "dispatched", facts)
