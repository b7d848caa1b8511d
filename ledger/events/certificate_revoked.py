"""An issuer takes a certificate back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Claim, Effect
from ..values import Id, Text
from .base import Event


class CertificateRevoked(Event, frozen=True, kw_only=True, tag="certificate.revoked"):
    """From here on the certificate shows nothing; what was done under it before stays so."""

    command: ClassVar[str] = "record revocation"

    certificate: Annotated[Id, msgspec.Meta(description="number of the certificate")]
    reason: Annotated[Text, msgspec.Meta(description="why")]

    def effects(self) -> Iterator[Effect]:
        """A claim about the certificate, by its issuer only, once."""
        yield Claim(
            f"certificate:{self.certificate}",
            "certificate",
            "revoked",
            {"reason": self.reason},
            own=True,
            follows=("issued",),
        )
