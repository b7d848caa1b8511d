"""An inspector says what a site is like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Count, Day, Digest, Id, Text, Word
from .base import Event


class SiteAssessed(Event, frozen=True, kw_only=True, tag="site.assessed"):
    """Status of a site: blue not inspected, green fit, yellow to be mended, red shut out.

    Signed by whoever inspected it. (Colours as in the ICGLR regional certification.)
    """

    command: ClassVar[str] = "site assess"

    site: Annotated[Id, msgspec.Meta(description="the registered site")]
    status: Literal["blue", "green", "yellow", "red"]
    inspected: Annotated[Day, msgspec.Meta(description="day of the inspection")]
    valid_to: Annotated[Day | None, msgspec.Meta(description="last day it is good for")] = None
    standard: Annotated[Text | None, msgspec.Meta(description="scheme or standard")] = None
    miners: Annotated[Count | None, msgspec.Meta(description="people at work there")] = None
    risk: Annotated[Word | None, msgspec.Meta(description="low, medium, high")] = None
    findings: Annotated[Text | None, msgspec.Meta(description="what was found")] = None
    report: Annotated[Digest | None, msgspec.Meta(description="digest of the report")] = None

    def effects(self) -> Iterator[Effect]:
        """A claim about the site."""
        facts = {
            name: getattr(self, name)
            for name in (
                "inspected",
                "valid_to",
                "standard",
                "miners",
                "risk",
                "findings",
                "report",
            )
        }
        facts = {k: v for k, v in facts.items() if v is not None} | {"issuer": self.by}
        yield Claim(f"site:{self.site}", "assessment", self.status, facts)
