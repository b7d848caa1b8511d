"""Tags that will not be used: spoiled, lost, or returned."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Id
from .base import Event


class TagsVoided(Event, frozen=True, kw_only=True, tag="tags.voided"):
    """The named tags of a series are spoiled, lost or returned, and may not appear on a lot."""

    command: ClassVar[str] = "tags void"

    series: Annotated[Id, msgspec.Meta(description="the series they belong to")]
    tags: Annotated[
        tuple[Id, ...], msgspec.Meta(min_length=1, max_length=1024, description="the tags")
    ]
    reason: Literal["spoiled", "lost", "returned"]

    def effects(self) -> Iterator[Effect]:
        """The tags are out of use."""
        yield Claim(
            f"tags:{self.series}", "tags", "voided", {"tags": self.tags, "reason": self.reason}
        )
