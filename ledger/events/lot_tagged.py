"""Old tags come off, new ones go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Id
from .base import Event


class LotTagged(Event, frozen=True, kw_only=True, tag="lot.tagged"):
    """Bags are re-tagged or sealed: mine tags cut, negociant tags or seals applied."""

    command: ClassVar[str] = "record tagging"

    lot: Annotated[Id, msgspec.Meta(description="the lot")]
    applied: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=1024, description="tags put on")
    ] = ()
    removed: Annotated[
        tuple[Id, ...], msgspec.Meta(max_length=1024, description="tags taken off")
    ] = ()

    def __post_init__(self) -> None:
        """Something must have happened."""
        super().__post_init__()
        if not self.applied and not self.removed:
            raise ValueError("no tag was applied and none removed")

    def effects(self) -> Iterator[Effect]:
        """A claim about the lot; no mass moves."""
        yield Claim(
            f"lot:{self.lot}",
            "tags",
            "applied" if self.applied else "removed",
            {"applied": self.applied, "removed": self.removed},
        )
