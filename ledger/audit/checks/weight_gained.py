"""A lot that became heavier while nobody sent it."""

from __future__ import annotations

from collections.abc import Iterable

from ...effects import Measure
from ...findings import Finding
from ...values import BILLION
from ...words import mass as in_words
from ..weighing import compared
from .base import Check, Seen

__all__ = ["WeightGained"]


class WeightGained(Check):
    """Weighed again in its holder's store, a lot is heavier than what went into it.

    Formula: found - booked > booked x `gain` + the error of hand scales (`scale`, no more
    than booked x `gain`); of dry matter where both sides know it, else on the same basis.
    Whatever tolerance the ledger adopted, which is for readings and not for shovels.
    Defaults 1 % and 0.6 kg (2026-11, our judgement). Source: pattern F4, untagged ore mixed
    in at the depot, where bags are filled anew.
    """

    name = "weight.gained"
    watches = (Measure,)
    thresholds = {"gain": 10_000_000, "scale": 600_000}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare each weight with the one before."""
        for effect in seen.one.effects:
            if not isinstance(effect, Measure):
                continue
            before, after = seen.case.before.get(effect.lot), seen.books.lots.get(effect.lot)
            if before is None or after is None:
                continue
            weights = compared(before, effect, after)
            if weights is None or weights.gained <= 0:
                continue
            share = weights.booked * self.limit["gain"] // BILLION
            if weights.gained > share + min(self.limit["scale"], share):
                yield self.finding(
                    "major",
                    f"lot {effect.lot} held {in_words(weights.booked)} and weighs "
                    f"{in_words(weights.found)}{' dry' if weights.dry else ''} in the store of "
                    f"{before.holder}",
                    entries=(seen.index,),
                    subject=f"lot:{effect.lot}",
                )
