"""A device key may sign for a party, within a scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Authorize, Effect, Scope
from ..values import Id, Positive, Time, Vkey
from .base import Event


class KeyAuthorized(Event, frozen=True, kw_only=True, tag="key.authorized"):
    """A phone, a tablet, a clerk: a key named party/device, for some event types, for a time.

    Signed by the party's controlling key (or governance), and by the new key itself.
    """

    command: ClassVar[str] = "key authorize"

    party: Annotated[Id, msgspec.Meta(description="party that the key signs for")]
    key: Annotated[Vkey, msgspec.Meta(description="public key, named party or party/device")]
    types: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=64, description="event types; none means all")
    ] = ()
    until: Annotated[Time | None, msgspec.Meta(description="last moment, by the log's clock")] = (
        None
    )
    max_mass: Annotated[Positive | None, msgspec.Meta(description="largest mass it may move")] = (
        None
    )

    def effects(self) -> Iterator[Effect]:
        """The key may sign, within its scope."""
        yield Authorize(self.party, self.key, Scope(self.types, self.until, self.max_mass))
