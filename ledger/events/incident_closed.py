"""An incident is done with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Id, Text
from .base import Event


class IncidentClosed(Event, frozen=True, kw_only=True, tag="incident.closed"):
    """Closed by whoever opened it or looks after it; from here on it no longer travels."""

    command: ClassVar[str] = "record closure"

    incident: Annotated[Id, msgspec.Meta(description="number of the incident")]
    outcome: Literal["remedied", "unfounded", "transferred"]
    remark_public: Annotated[Text | None, msgspec.Meta(description="what came of it")] = None

    def effects(self) -> Iterator[Effect]:
        """The incident is closed; unfounded ones may be closed once they were assessed."""
        follows = ("confirmed", "remedied") if self.outcome == "remedied" else ("assessed",)
        yield Claim(
            f"incident:{self.incident}",
            "incident",
            "closed",
            {"outcome": self.outcome, "by": self.by},
            follows=follows,
        )
