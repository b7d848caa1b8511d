"""A party joins the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Admit, Authorize, Effect
from ..values import Country, Digest, Id, Text, Vkey, Word
from .base import Event


class PartyAdmitted(Event, frozen=True, kw_only=True, tag="party.admitted"):
    """A mine, trader, refiner, laboratory, state agent ... may act under its own key.

    Signed by governance, and by the party's new key, which proves that it holds it.
    No names of persons: the log is for ever.
    """

    command: ClassVar[str] = "party admit"

    party: Annotated[Id, msgspec.Meta(description="the party's id, such as gihanga.example")]
    name: Annotated[Text, msgspec.Meta(description="registered name of the organisation")]
    roles: Annotated[
        tuple[Word, ...],
        msgspec.Meta(
            min_length=1, max_length=16, description="miner, trader, refiner, laboratory ..."
        ),
    ]
    key: Annotated[Vkey, msgspec.Meta(description="the party's controlling key")]
    country: Country | None = None
    address: Annotated[Text | None, msgspec.Meta(description="registered address")] = None
    licence: Annotated[Text | None, msgspec.Meta(description="licence or register number")] = None

    group: Annotated[Id | None, msgspec.Meta(description="corporate group it belongs to")] = None
    next: Annotated[
        Digest | None, msgspec.Meta(description="commitment to the key that may follow")
    ] = None
    recovery: Annotated[Vkey | None, msgspec.Meta(description="key that may recover it")] = None

    def effects(self) -> Iterator[Effect]:
        """The party may act, and its key may sign for it."""
        facts = {
            "name": self.name,
            "country": self.country,
            "address": self.address,
            "licence": self.licence,
            "group": self.group,
        }
        facts = {k: v for k, v in facts.items() if v is not None}
        yield Admit(self.party, self.roles, facts, self.next or "", self.recovery or "")
        yield Authorize(self.party, self.key)
