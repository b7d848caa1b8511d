"""Something happened, or somebody complains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Day, Digest, Id, Subject, Text, Word
from .base import Event


class IncidentOpened(Event, frozen=True, kw_only=True, tag="incident.opened"):
    """An incident, a grievance or a corrective action about sites, parties or lots.

    It travels with everything that comes from them until it is closed. A complainant may
    be a pseudonym; never a name.
    """

    command: ClassVar[str] = "record incident"

    incident: Annotated[Id, msgspec.Meta(description="number of the incident")]
    kind: Literal["incident", "grievance", "corrective-action"]
    category: Annotated[Word, msgspec.Meta(description="code, such as a2-1c or spill")]
    severity: Literal["low", "medium", "high"]
    subjects: Annotated[
        tuple[Subject, ...],
        msgspec.Meta(min_length=1, max_length=64, description="site:ID, party:ID, lot:ID"),
    ]
    summary: Annotated[Text | None, msgspec.Meta(description="what happened, without names")] = None
    happened: Annotated[Day | None, msgspec.Meta(description="day it happened")] = None
    complainant: Annotated[Id | None, msgspec.Meta(description="party or pseudonym")] = None
    evidence: Annotated[Digest | None, msgspec.Meta(description="digest of the file")] = None

    def effects(self) -> Iterator[Effect]:
        """The incident is registered, and pinned to its subjects."""
        facts = {
            name: getattr(self, name)
            for name in (
                "kind",
                "category",
                "severity",
                "summary",
                "happened",
                "complainant",
                "evidence",
            )
        }
        facts = {k: v for k, v in facts.items() if v is not None} | {"subjects": self.subjects}
        yield Claim(f"incident:{self.incident}", "incident", "opened", facts, first=True)
        pinned = {
            "incident": self.incident,
            "category": self.category,
            "severity": self.severity,
            "nature": self.kind,
        }
        for subject in self.subjects:
            yield Claim(subject, "incident-about", "opened", pinned)
