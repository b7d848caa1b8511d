"""A party that lost its keys gets a new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Rotate
from ..values import Digest, Id, Text, Vkey
from .base import GOVERNANCE, Event


class KeyRecovered(Event, frozen=True, kw_only=True, tag="key.recovered"):
    """Governance and the party's recovery key together replace the controlling key."""

    command: ClassVar[str] = "key recover"

    party: Annotated[Id, msgspec.Meta(description="the party")]
    key: Annotated[Vkey, msgspec.Meta(description="the new controlling key")]
    reason: Annotated[Text, msgspec.Meta(description="what happened")]
    next: Annotated[
        Digest | None, msgspec.Meta(description="commitment to the key after this one")
    ] = None

    def __post_init__(self) -> None:
        """The party cannot speak, so governance does."""
        super().__post_init__()
        if self.by != GOVERNANCE:
            raise ValueError(f"a key is recovered by {GOVERNANCE}, not by {self.by}")

    def effects(self) -> Iterator[Effect]:
        """The new key controls, the old one is revoked."""
        yield Rotate(self.party, self.key, self.next or "", recovered=True)
