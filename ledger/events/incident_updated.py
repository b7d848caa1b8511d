"""An incident moves on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Day, Digest, Id, Text
from .base import Event

_AFTER = {
    "acknowledged": ("opened", "appealed"),
    "assessed": ("acknowledged",),
    "remedied": ("assessed",),
    "confirmed": ("remedied",),
    "appealed": ("assessed", "remedied", "closed"),
}


class IncidentUpdated(Event, frozen=True, kw_only=True, tag="incident.updated"):
    """Acknowledged, assessed, remedied; then confirmed by the complainant, or appealed."""

    command: ClassVar[str] = "record progress"

    incident: Annotated[Id, msgspec.Meta(description="number of the incident")]
    status: Literal["acknowledged", "assessed", "remedied", "confirmed", "appealed"]
    remedy: Annotated[Text | None, msgspec.Meta(description="what was done, for whom")] = None
    due: Annotated[Day | None, msgspec.Meta(description="next step until")] = None
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of the file")] = None

    def effects(self) -> Iterator[Effect]:
        """The incident has its new status."""
        facts = {"remedy": self.remedy, "due": self.due, "evidence": self.evidence}
        yield Claim(
            f"incident:{self.incident}",
            "incident",
            self.status,
            {k: v for k, v in facts.items() if v is not None} | {"by": self.by},
            follows=_AFTER[self.status],
        )
