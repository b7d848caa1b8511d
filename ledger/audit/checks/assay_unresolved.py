"""Seller and buyer disagree about the grade, and nobody decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ...custody.books import Books, Lot
from ...effects import Arrive, Measure
from ...findings import Finding
from ...values import BILLION, STOICHIOMETRY, Grade
from ...words import share
from ..facts import day_number
from .base import Check, Seen

__all__ = ["AssayUnresolved"]


class _Split(msgspec.Struct, frozen=True):
    index: int
    day: int
    analyte: str
    seller: int
    buyer: int


class AssayUnresolved(Check):
    """The buyer's grade is beyond the splitting limit of the seller's, without an umpire.

    The seller's grade is what was booked when the lot arrived. Formula: |buyer - seller| >
    max(`relative` x seller, `points`), for gold of half the mass or more > `fineness`; no
    assay of side umpire or state within `days`. Defaults 3 %, 0.5 points, 0.1 points, 30
    days (2026-11, trade practice; check before relying on it). Code
    ``assay.always-higher`` (major): between one seller and one buyer the buyer's grade is
    above by more than half of that limit `times` (5) times, and never below. Source: pattern
    F26, assay shopping.
    """

    name = "assay.unresolved"
    watches = (Arrive, "assay")
    thresholds = {
        "days": 30,
        "fineness": 1_000_000,
        "points": 5_000_000,
        "relative": 30_000_000,
        "times": 5,
    }

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._open: dict[str, _Split] = {}
        # Pair of parties -> how often the buyer's grade was well above, and well below.
        self._sides: dict[tuple[str, str], tuple[int, int, int]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare at the reception and at a buyer's assay; an umpire ends it."""
        for claim in seen.claims("assay"):
            side = claim.facts.get("side")
            if side in ("umpire", "state"):
                self._open.pop(claim.subject[4:], None)
            elif side == "buyer":
                for measure in seen.effects(Measure):
                    self._compare(seen, measure)
        for arrive in seen.effects(Arrive):
            if arrive.measure.grades:
                higher = self._compare(seen, arrive.measure)
                yield from self._one_sided(seen, arrive, higher)

    def _compare(self, seen: Seen, measure: Measure) -> int:
        """Note a split; 1, -1 or 0 as the buyer is well above, well below, or about equal."""
        before = seen.case.before.get(measure.lot)
        way = 0
        for grade in measure.grades:
            seller = None if before is None else _booked(before, grade)
            if seller is None:
                continue
            limit = self._limit(grade.analyte, seller)
            difference = grade.grade - seller
            if 2 * abs(difference) > limit:
                way = 1 if difference > 0 else -1
            if abs(difference) > limit and measure.lot not in self._open:
                day = day_number(seen.one.event.occurred_at)
                self._open[measure.lot] = _Split(
                    seen.index, day, grade.analyte, seller, grade.grade
                )
        return way

    def _limit(self, analyte: str, seller: int) -> int:
        if analyte == "Au" and 2 * seller >= BILLION:
            return self.limit["fineness"]
        return max(seller * self.limit["relative"] // BILLION, self.limit["points"])

    def _one_sided(self, seen: Seen, effect: Arrive, way: int) -> Iterable[Finding]:
        pair = (effect.giver, effect.taker)
        index, higher, lower = self._sides.get(pair, (seen.index, 0, 0))
        higher, lower = higher + (way > 0), lower + (way < 0)
        self._sides[pair] = (index, higher, lower)
        if way > 0 and higher == self.limit["times"] and not lower:
            yield self.finding(
                "major",
                f"{effect.taker} found a higher grade than {effect.giver} in {higher} lots, and "
                "never a lower one",
                entries=(index, seen.index),
                subject=f"party:{effect.taker}",
                code="assay.always-higher",
            )

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Whatever no umpire has decided for too long."""
        for lot, split in sorted(self._open.items()):
            days = day_number(as_of) - split.day
            if days > self.limit["days"]:
                yield self.finding(
                    "minor",
                    f"lot {lot} has {share(split.seller)} {split.analyte} by its seller and "
                    f"{share(split.buyer)} by its buyer, {days} days without an umpire",
                    entries=(split.index,),
                    subject=f"lot:{lot}",
                )


def _booked(lot: Lot, grade: Grade) -> int | None:
    """The booked grade in the same analyte, ppb of dry mass; None if nobody knew."""
    element, factor = STOICHIOMETRY.get(grade.analyte, (grade.analyte, BILLION))
    content = lot.amount.element(element)
    if content is None or not lot.amount.dry:
        return None
    return content.mass * BILLION * BILLION // (lot.amount.dry * factor)
