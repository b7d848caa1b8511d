"""An auditor reports on a party or a site."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Day, Digest, Id, Subject, Text, Word
from .base import Event


class AuditReported(Event, frozen=True, kw_only=True, tag="audit.reported"):
    """Signed by the auditor itself: standard, scope, outcome, and how long it is good."""

    command: ClassVar[str] = "record audit"

    audit: Annotated[Id, msgspec.Meta(description="number of the audit")]
    subject: Annotated[Subject, msgspec.Meta(description="party:ID or site:ID")]
    standard: Annotated[Text, msgspec.Meta(description="standard, with its version")]
    outcome: Annotated[Word, msgspec.Meta(description="conformant, not-conformant, in-progress")]
    valid_from: Day
    valid_to: Day
    scope: Annotated[Text | None, msgspec.Meta(description="what was looked at")] = None
    report: Annotated[Digest | None, msgspec.Meta(description="digest of the report")] = None

    def __post_init__(self) -> None:
        """Validity runs forwards."""
        super().__post_init__()
        if self.valid_to < self.valid_from:
            raise ValueError(f"valid to {self.valid_to}, before valid from {self.valid_from}")

    def effects(self) -> Iterator[Effect]:
        """A claim about the subject, under the audit's own number."""
        facts = {
            name: getattr(self, name)
            for name in ("audit", "standard", "valid_from", "valid_to", "scope", "report")
        }
        facts = {k: v for k, v in facts.items() if v is not None} | {"issuer": self.by}
        yield Claim(
            f"audit:{self.audit}", "audit", self.outcome, {"subject": self.subject}, first=True
        )
        yield Claim(self.subject, "audit", self.outcome, facts)
