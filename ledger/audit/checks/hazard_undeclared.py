"""Radioactive material on the road without its papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.books import Books, Lot
from ...effects import Depart
from ...findings import Finding
from .base import Check, Seen

__all__ = ["HazardUndeclared"]

# Activity of the head of the chain, Bq per gram of what is assayed; natural uranium as its
# U-238 (12,400 Bq/g), thorium as Th-232 (4,060 Bq/g). Oxides by their part of metal.
_ACTIVITY = {"Th": 4_060, "ThO2": 3_568, "U": 12_400, "U3O8": 10_515}

_PAPERS = frozenset({"class-7", "dangerous-goods", "dangerous-goods-declaration", "radiation"})


class HazardUndeclared(Check):
    """A lot with uranium and thorium above the limit is sent, and no class 7 paper is with it.

    Formula: sum over U and Th of booked content x activity / dry mass, above `activity`
    (10,000 mBq/g: 10 Bq/g, about 0.13 % ThO2 and 0.048 % U3O8 together), and no document of
    kind class-7, dangerous-goods, dangerous-goods-declaration or radiation stands with the
    lot until the end of the log. Silent if neither was assayed. 2026-11; transport
    exemption for natural ores, check before relying on it. Source: pattern F27.
    """

    name = "hazard.undeclared"
    watches = (Depart, "document")
    thresholds = {"activity": 10_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._declared: set[str] = set()
        self._sent: dict[str, tuple[int, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note papers, and what leaves above the limit."""
        for claim in seen.claims("document"):
            if claim.facts.get("kind") in _PAPERS:
                self._declared.add(claim.subject[4:])
        for effect in seen.effects(Depart):
            lot = seen.books.lots.get(effect.lot)
            activity = _activity(lot) if lot is not None else 0
            if activity > self.limit["activity"]:
                self._sent.setdefault(effect.lot, (seen.index, activity))
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """What left without."""
        for lot, (index, activity) in sorted(self._sent.items()):
            if lot not in self._declared:
                yield self.finding(
                    "major",
                    f"lot {lot} was sent with {activity // 1000}.{activity % 1000:03} Bq/g of "
                    f"uranium and thorium, above {self.limit['activity'] // 1000} Bq/g, "
                    "and without a class 7 paper",
                    entries=(index,),
                    subject=f"lot:{lot}",
                )


def _activity(lot: Lot) -> int:
    """Millibecquerel per gram of dry matter."""
    whole = lot.amount.dry or lot.amount.mass
    parts = ((one.mass, _ACTIVITY.get(one.element, 0)) for one in lot.amount.contents or ())
    return sum(part * activity for part, activity in parts) * 1000 // whole if whole else 0
