"""More products come back than were made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Void
from ...findings import Finding
from ...values import BILLION
from ...words import mass
from .base import Check, Seen

__all__ = ["ProductReturns"]


class ProductReturns(Check):
    """Taken back: more units than were made, or more mass than those units had.

    Formula: units returned > units made; or tracked mass returned > units returned x mass
    of a unit x (1 + `mass`), where a unit has the mass that was booked when it was made.
    Default 5 % (2026-11). Source: patterns F18 and F19, recycled content out of nothing.
    """

    name = "product.more-returned-than-made"
    watches = (Void, "product")
    thresholds = {"mass": 50_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._made: dict[str, tuple[int, int, int]] = {}
        self._back: dict[str, dict[str, tuple[int, int]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Count what was made and what comes back; what was voided does not count."""
        for effect in seen.one.effects:
            if isinstance(effect, Void):
                for lots in self._back.values():
                    lots.pop(effect.lot, None)
        for claim in seen.claims("product"):
            product = claim.subject[4:]
            lot = seen.books.lots.get(product)
            if claim.status == "made" and lot is not None:
                self._made[product] = (seen.index, int(claim.facts["units"]), lot.amount.mass)
            elif claim.status == "returned" and product in self._made:
                back = self._back.setdefault(product, {})
                back[str(claim.facts["lot"])] = (
                    int(claim.facts["units"]),
                    int(claim.facts["mass"]),
                )
                yield from self._compare(seen, product, back)

    def _compare(
        self, seen: Seen, product: str, back: dict[str, tuple[int, int]]
    ) -> Iterable[Finding]:
        index, made, whole = self._made[product]
        units = sum(one for one, _ in back.values())
        weight = sum(one for _, one in back.values())
        if units > made:
            yield self.finding(
                "critical",
                f"{units} units of {product} came back, {made} were made",
                entries=(index, seen.index),
                subject=f"lot:{product}",
            )
        elif weight * made * BILLION > whole * units * (BILLION + self.limit["mass"]):
            yield self.finding(
                "major",
                f"{units} units of {product} came back with {mass(weight)}, when made they "
                f"weighed {mass(whole * units // made)}",
                entries=(index, seen.index),
                subject=f"lot:{product}",
            )
