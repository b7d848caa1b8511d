"""Scrap gold with the chemistry of mined gold."""

from __future__ import annotations

from collections.abc import Iterable

from ...custody.books import Lot
from ...effects import Effect, Gain, Measure
from ...findings import Finding
from ...values import BILLION
from ...words import share
from .base import Check, Seen

__all__ = ["RecycledDore"]

_SOLDER = ("Cu", "Zn", "Sn", "In", "Cd", "Ni", "Pd")


class RecycledDore(Check):
    """Gold declared as recycled that holds mercury, or silver without the metals of jewellery.

    Formula, of the dry mass, for lots with gold whose origin is recycled: mercury above
    `mercury` (10 ppm); or gold from `gold` (60 %), silver between `silver_low` and
    `silver_high` (3 % and 15 %), and copper and zinc both measured, all of the alloying
    metals (Cu, Zn, Sn, In, Cd, Ni, Pd) together below `solder` (0.5 %). Silent about what
    was not measured. 2026-11, our judgement. Source: pattern F18, the recycled-gold
    loophole.
    """

    name = "recycled.like-dore"
    watches = (Gain, Measure)
    thresholds = {
        "gold": 600_000_000,
        "mercury": 10_000,
        "silver_high": 150_000_000,
        "silver_low": 30_000_000,
        "solder": 5_000_000,
    }

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Look at what was measured of recycled gold."""
        for effect in seen.one.effects:
            shares = _measured(seen, effect)
            if shares is None:
                continue
            lot, found = shares
            words = self._suspicious(found)
            if words:
                yield self.finding(
                    "major",
                    f"lot {lot} is declared as recycled and looks like mined dore: {words}",
                    entries=(seen.index,),
                    subject=f"lot:{lot}",
                )

    def _suspicious(self, found: dict[str, int]) -> str:
        limit = self.limit
        if found.get("Hg", 0) > limit["mercury"]:
            return f"{share(found['Hg'])} mercury, above {share(limit['mercury'])}"
        silver = found.get("Ag", 0)
        if not limit["silver_low"] <= silver <= limit["silver_high"]:
            return ""
        if found.get("Au", 0) < limit["gold"] or not {"Cu", "Zn"} <= found.keys():
            return ""
        solder = sum(found.get(metal, 0) for metal in _SOLDER)
        if solder >= limit["solder"]:
            return ""
        return f"{share(silver)} silver, and {share(solder)} of all metals that jewellery has"


def _measured(seen: Seen, effect: Effect) -> tuple[str, dict[str, int]] | None:
    """(lot, substance -> ppb of dry mass) if it is recycled gold and something was measured."""
    if isinstance(effect, Gain):
        if not effect.origin.kind.startswith("recycled-") or not effect.contents:
            return None
        lot = seen.books.lots.get(effect.lot)
        dry = lot.amount.dry if lot is not None else None
        found = {c.element: c.mass * BILLION // (dry or effect.mass) for c in effect.contents}
        return (effect.lot, found) if "Au" in found else None
    if isinstance(effect, Measure) and effect.grades:
        found = {grade.analyte: grade.grade for grade in effect.grades}
        if not {"Ag", "Hg"} & found.keys():
            return None
        lot = seen.books.lots.get(effect.lot)
        if lot is None or not _recycled(lot):
            return None
        gold = lot.amount.element("Au")
        if gold is not None and lot.amount.dry:
            found.setdefault("Au", gold.mass * BILLION // lot.amount.dry)
        return (effect.lot, found) if "Au" in found else None
    return None


def _recycled(lot: Lot) -> bool:
    """Whether every origin of the lot is recycled."""
    return all(key.startswith("recycled-") for key, _ in lot.amount.origins)
