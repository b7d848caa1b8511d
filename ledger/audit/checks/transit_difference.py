"""A difference between two scales that only a generous tolerance hides."""

from __future__ import annotations

from collections.abc import Iterable

from ...custody.measurement import measured
from ...effects import Arrive
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..weighing import compared
from .base import Check, Seen

__all__ = ["TransitDifference"]


class TransitDifference(Check):
    """On arrival a lot weighs more, or less, than can be error, yet within the adopted tolerance.

    Beyond the tolerance of the ledger's policy the rules report it (``mass.excess``,
    ``mass.shortfall``); this looks at what a wide tolerance lets pass. Formula: |received -
    sent| / sent > `share`, of dry matter if both sides know it, else on the same basis.
    ``transit.gain`` major; ``transit.loss`` minor, on a wet basis only from `drying` on.
    Defaults 2 % (two hand scales), 10 % (drying; 2026-11, our judgement). Source: pattern F5.
    """

    name = "transit.difference"
    watches = (Arrive,)
    thresholds = {"drying": 100_000_000, "share": 20_000_000}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare the two weights of each lot that arrives."""
        for effect in seen.effects(Arrive):
            before, after = seen.case.before.get(effect.lot), seen.books.lots.get(effect.lot)
            weights = compared(before, effect.measure, after) if before and after else None
            if weights is None or before is None:
                continue
            gain = weights.gained > 0
            limit = self.limit["share" if gain or weights.dry else "drying"]
            if abs(weights.gained) * BILLION <= weights.booked * limit:
                continue
            tolerances = seen.books.tolerances
            _, _, known = measured(before.amount, before.basis, effect.measure, tolerances)
            if any(one.code.startswith("mass.") for one in known):
                continue
            yield self.finding(
                "major" if gain else "minor",
                f"lot {effect.lot} left {effect.giver} with {in_words(weights.booked)} and "
                f"{effect.taker} received {in_words(weights.found)}"
                f"{' dry' if weights.dry else ''}, within the adopted tolerance",
                entries=(seen.index,),
                subject=f"lot:{effect.lot}",
                code="transit.gain" if gain else "transit.loss",
            )
