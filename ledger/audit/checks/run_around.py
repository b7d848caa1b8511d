"""Scrap of one's own process that comes back as recycled material."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Claim, Gain, Loss
from ...findings import Finding
from ...values import BILLION
from ...words import mass
from ..facts import day_number
from .base import Check, Seen

__all__ = ["RunAround"]

_SCRAP = frozenset(
    {
        "offcuts",
        "offspec",
        "out-of-scope",
        "production-scrap",
        "rejects",
        "run-around",
        "scrap",
        "swarf",
        "trimmings",
    }
)


class RunAround(Check):
    """A party's own scrap leaves its books and enters them again as recycled.

    Formula: a recovery of class recycled-pre-consumer by a party, collected by nobody else,
    whose `source` names a lot that the same party holds (critical: that lot has an origin,
    and it is not this); or whose mass is within `mass` (0.5 %) of what the same party
    booked as lost or retired for scrap in the last `days` (90) (major). 2026-11, our
    judgement. Source: pattern F19; run-around scrap is no recycled content (Batteries
    Regulation, Article 8; check before relying on it).
    """

    name = "recycled.run-around"
    watches = (Gain, Loss)
    thresholds = {"days": 90, "mass": 5_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._scrap: dict[str, list[tuple[int, int, int]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note what goes as scrap, and look for it in what comes."""
        by = seen.one.event.by
        for effect in seen.one.effects:
            if isinstance(effect, Loss) and effect.reason in _SCRAP:
                day = day_number(seen.one.event.occurred_at)
                gone = _gone(seen, effect)
                kept = [one for one in self._scrap.get(by, ()) if day - one[0] <= 2 * self._days]
                self._scrap[by] = [*kept, (day, gone, seen.index)]
            elif isinstance(effect, Gain) and effect.origin.kind == "recycled-pre-consumer":
                for claim in seen.claims("recovery"):
                    if claim.facts.get("collector", by) == by:
                        yield from self._recovered(seen, effect, claim)

    @property
    def _days(self) -> int:
        return self.limit["days"]

    def _recovered(self, seen: Seen, effect: Gain, claim: Claim) -> Iterable[Finding]:
        by = seen.one.event.by
        words = str(claim.facts.get("source", "")).replace(",", " ").replace(";", " ").split()
        for word in words:
            named = seen.books.lots.get(word)
            if named is not None and named.lot != effect.lot and named.holder == by:
                yield self.finding(
                    "critical",
                    f"lot {effect.lot} is recycled, says {by}, and comes from its own lot "
                    f"{named.lot}, which has another origin",
                    entries=(seen.index,),
                    subject=f"lot:{effect.lot}",
                )
                return
        day = day_number(seen.one.event.occurred_at)
        for then, gone, index in self._scrap.get(by, ()):
            near = abs(gone - effect.mass) * BILLION <= gone * self.limit["mass"]
            if near and 0 <= day - then <= self._days:
                yield self.finding(
                    "major",
                    f"{by} recovered {mass(effect.mass)} as recycled in lot {effect.lot}, "
                    f"{day - then} days after {mass(gone)} of its own scrap left its books",
                    entries=(index, seen.index),
                    subject=f"lot:{effect.lot}",
                )
                return


def _gone(seen: Seen, effect: Loss) -> int:
    """Milligrams that the loss took; all there was if it does not say."""
    if effect.mass is not None:
        return effect.mass
    before = seen.case.before.get(effect.lot)
    return before.amount.taken(None, effect.pieces)[0] if before is not None else 0
