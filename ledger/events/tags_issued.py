"""A series of tags is handed to a site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import MAX_INTEGER, Id, Word
from .base import Event


class TagsIssued(Event, frozen=True, kw_only=True, tag="tags.issued"):
    """Numbered tags, from `first` to `last`, for use at one site by one agent."""

    command: ClassVar[str] = "tags issue"

    series: Annotated[Id, msgspec.Meta(description="the series' id")]
    kind: Annotated[Word, msgspec.Meta(description="mine, negociant, seal")]
    prefix: Annotated[Id, msgspec.Meta(description="text before the number, such as MT-")]
    first: Annotated[
        int,
        msgspec.Meta(ge=0, le=MAX_INTEGER, description="first number", extra={"words": "count"}),
    ]
    last: Annotated[
        int, msgspec.Meta(ge=0, le=MAX_INTEGER, description="last number", extra={"words": "count"})
    ]
    site: Annotated[Id, msgspec.Meta(description="site they are for")]
    agent: Annotated[Id | None, msgspec.Meta(description="party that applies them")] = None

    def __post_init__(self) -> None:
        """A series runs upwards."""
        super().__post_init__()
        if self.last < self.first:
            raise ValueError(f"the series ends at {self.last}, before it begins at {self.first}")

    def effects(self) -> Iterator[Effect]:
        """The series is issued, once."""
        facts = {
            "kind": self.kind,
            "prefix": self.prefix,
            "first": self.first,
            "last": self.last,
            "site": self.site,
            "agent": self.agent,
        }
        yield Claim(
            f"tags:{self.series}",
            "tags",
            "issued",
            {k: v for k, v in facts.items() if v is not None},
            first=True,
        )
