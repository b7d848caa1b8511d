"""A party shows the key it had committed to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Rotate
from ..values import Digest, Id, Vkey
from .base import Event


class KeyRotated(Event, frozen=True, kw_only=True, tag="key.rotated"):
    """The next controlling key, whose digest the party gave beforehand, takes over.

    Signed by the new key alone: whoever stole the old one cannot rotate the owner out.
    """

    command: ClassVar[str] = "key rotate"

    party: Annotated[Id, msgspec.Meta(description="the party")]
    key: Annotated[Vkey, msgspec.Meta(description="the new controlling key")]
    next: Annotated[
        Digest | None, msgspec.Meta(description="commitment to the key after this one")
    ] = None

    def effects(self) -> Iterator[Effect]:
        """The new key controls, the old one is revoked."""
        yield Rotate(self.party, self.key, self.next or "")
