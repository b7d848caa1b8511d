"""What was paid: taxes, fees, royalties, and payments to those with guns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Effect
from ..values import Count, Day, Id, Subject, Text
from .base import Event


class PaymentDeclared(Event, frozen=True, kw_only=True, tag="payment.declared"):
    """A payment in whole minor units of a currency, declared by whoever paid."""

    command: ClassVar[str] = "record payment"

    subject: Annotated[Subject, msgspec.Meta(description="lot:ID, site:ID or party:ID")]
    kind: Literal["tax", "fee", "royalty", "premium", "security-forces", "other-official"]
    amount: Annotated[Count, msgspec.Meta(description="minor units, such as cents")]
    currency: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}\Z", description="ISO 4217 code")]
    payee: Annotated[Text, msgspec.Meta(description="office or body that was paid")]
    paid_on: Annotated[Day | None, msgspec.Meta(description="day of the payment")] = None
    receipt: Annotated[Text | None, msgspec.Meta(description="receipt number")] = None
    lots: Annotated[tuple[Id, ...], msgspec.Meta(max_length=512, description="lots it is for")] = ()

    def effects(self) -> Iterator[Effect]:
        """A claim about the subject and about each lot."""
        facts = {
            name: getattr(self, name)
            for name in ("amount", "currency", "payee", "paid_on", "receipt")
        }
        facts = {k: v for k, v in facts.items() if v is not None} | {"payer": self.by}
        yield Claim(self.subject, "payment", self.kind, facts)
        for lot in self.lots:
            yield Claim(f"lot:{lot}", "payment", self.kind, facts)
