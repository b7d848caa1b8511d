"""A paper is pinned to a lot, site, party or event by its digest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Digest, Subject, Text, Word
from .base import Event


class DocumentAttached(Event, frozen=True, kw_only=True, tag="document.attached"):
    """The paper stays with its owner; the log keeps its SHA-256, kind and title."""

    command: ClassVar[str] = "record document"

    subject: Annotated[Subject, msgspec.Meta(description="lot:ID, site:ID, party:ID, event:ID")]
    digest: Annotated[Digest, msgspec.Meta(description="SHA-256 of the file")]
    kind: Annotated[Word, msgspec.Meta(description="invoice, waybill, assay-report, photo ...")]
    title: Annotated[Text | None, msgspec.Meta(description="what it is called")] = None
    media_type: Annotated[Text | None, msgspec.Meta(description="such as application/pdf")] = None

    def effects(self) -> Iterator[Effect]:
        """A claim about the subject."""
        facts = {
            "digest": self.digest,
            "kind": self.kind,
            "title": self.title,
            "media_type": self.media_type,
            "issuer": self.by,
        }
        yield Claim(
            self.subject, "document", "attached", {k: v for k, v in facts.items() if v is not None}
        )
