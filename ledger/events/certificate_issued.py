"""An issuer certifies a lot, a site or a party."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Country, Day, Digest, Id, Positive, Subject, Text
from .base import Event


class CertificateIssued(Event, frozen=True, kw_only=True, tag="certificate.issued"):
    """Signed by the issuer itself; the trail shows whether it was valid at each step."""

    command: ClassVar[str] = "record certificate"

    certificate: Annotated[Id, msgspec.Meta(description="number of the certificate")]
    subject: Annotated[Subject, msgspec.Meta(description="lot:ID, site:ID or party:ID")]
    standard: Annotated[Text, msgspec.Meta(description="scheme or standard, with its version")]
    valid_from: Day
    valid_to: Day
    scope: Annotated[Text | None, msgspec.Meta(description="what it covers")] = None
    mass: Annotated[Positive | None, msgspec.Meta(description="mass covered")] = None
    origins: Annotated[
        tuple[Country, ...], msgspec.Meta(max_length=32, description="countries of origin")
    ] = ()
    document: Annotated[Digest | None, msgspec.Meta(description="digest of the paper")] = None

    def __post_init__(self) -> None:
        """Validity runs forwards."""
        super().__post_init__()
        if self.valid_to < self.valid_from:
            raise ValueError(f"valid to {self.valid_to}, before valid from {self.valid_from}")

    def effects(self) -> Iterator[Effect]:
        """A claim about the subject, under the certificate's own number."""
        facts = {
            name: getattr(self, name)
            for name in (
                "standard",
                "valid_from",
                "valid_to",
                "scope",
                "mass",
                "origins",
                "document",
            )
            if getattr(self, name) not in (None, ())
        }
        facts |= {"certificate": self.certificate, "issuer": self.by}
        yield Claim(
            f"certificate:{self.certificate}",
            "certificate",
            "issued",
            {"subject": self.subject},
            first=True,
        )
        yield Claim(self.subject, "certificate", "issued", facts)
