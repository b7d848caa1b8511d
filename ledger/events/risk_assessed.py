"""A risk is weighed and answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Day, Digest, Id, Subject, Text, Word
from .base import Event


class RiskAssessed(Event, frozen=True, kw_only=True, tag="risk.assessed"):
    """A risk of the OECD's Annex II or another list, how grave, and what is done about it."""

    command: ClassVar[str] = "record risk"

    subject: Annotated[Subject, msgspec.Meta(description="site:ID, party:ID, lot:ID")]
    category: Annotated[Word, msgspec.Meta(description="code of the risk, such as a2-1c")]
    severity: Literal["low", "medium", "high"]
    likelihood: Literal["low", "medium", "high"]
    response: Literal["continue", "suspend", "disengage"]
    incident: Annotated[Id | None, msgspec.Meta(description="incident it answers")] = None
    measures: Annotated[Text | None, msgspec.Meta(description="what is done")] = None
    due: Annotated[Day | None, msgspec.Meta(description="until when")] = None
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of the file")] = None

    def effects(self) -> Iterator[Effect]:
        """A claim about the subject."""
        facts = {
            name: getattr(self, name)
            for name in (
                "category",
                "severity",
                "likelihood",
                "incident",
                "measures",
                "due",
                "evidence",
            )
        }
        facts = {k: v for k, v in facts.items() if v is not None} | {"issuer": self.by}
        yield Claim(self.subject, "risk", self.response, facts)
