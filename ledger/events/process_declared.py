"""What a plant can do, said beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Id, Positive, Share, Substance, Word
from .base import Event


class ProcessDeclared(Event, frozen=True, kw_only=True, tag="process.declared"):
    """Capacity and recovery of a process at a site: what its books are checked against."""

    command: ClassVar[str] = "site process"

    site: Annotated[Id, msgspec.Meta(description="the registered site")]
    process: Annotated[Word, msgspec.Meta(description="washing, leaching, smelting ...")]
    capacity: Annotated[Positive | None, msgspec.Meta(description="input in a month")] = None
    substance: Annotated[Substance | None, msgspec.Meta(description="what is recovered")] = None
    recovery_min: Share | None = None
    recovery_max: Share | None = None

    def effects(self) -> Iterator[Effect]:
        """A claim about the site."""
        facts = {
            name: getattr(self, name)
            for name in ("process", "capacity", "substance", "recovery_min", "recovery_max")
        }
        facts = {k: v for k, v in facts.items() if v is not None}
        yield Claim(f"site:{self.site}", "process", "declared", facts)
