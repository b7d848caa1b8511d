"""A key signs no longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Revoke
from ..values import Id, Index, Text, Vkey
from .base import Event


class KeyRevoked(Event, frozen=True, kw_only=True, tag="key.revoked"):
    """Effective at its own place in the log; what the key signed before stands.

    Signed by another key of the party, or by governance.
    """

    command: ClassVar[str] = "key revoke"

    party: Annotated[Id, msgspec.Meta(description="party that the key signed for")]
    key: Annotated[Vkey, msgspec.Meta(description="the public key")]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    disputed_from: Annotated[Index | None, msgspec.Meta(description="in doubt from there on")] = (
        None
    )

    def effects(self) -> Iterator[Effect]:
        """The key is revoked."""
        yield Revoke(self.party, self.key, self.reason, self.disputed_from)
