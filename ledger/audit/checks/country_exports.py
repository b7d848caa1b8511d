"""A country that exports more than was recorded there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...custody.amount import Vector
from ...custody.books import Books, Lot
from ...effects import Depart
from ...findings import Finding
from ...values import BILLION, Origin
from ...words import mass
from ..facts import country_of, site_facts
from .base import Check, Seen

__all__ = ["CountryExports"]


class CountryExports(Check):
    """Exports certified as of a country exceed what was recorded as produced there.

    Formula: per element and countries of origin on the certificates, summed over lots that
    a party of such a country sends abroad: all of the element / the part of it whose origin
    in the books is one of these countries, above `ratio` (ppb; 1.2, 2026-11). Silent where
    nothing was recorded, and without countries of parties. Source: pattern F15; the OECD
    guidance names claimed origin out of keeping with known production as a red flag (check
    before relying on it).
    """

    name = "country.exports-above-production"
    watches = (Depart, "certificate")
    thresholds = {"ratio": 1_200_000_000}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._certified: dict[str, tuple[str, ...]] = {}
        self._sums: dict[tuple[tuple[str, ...], str], tuple[int, int]] = {}
        self._reported: set[tuple[tuple[str, ...], str]] = set()

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note origins on certificates; add up what leaves under them."""
        for claim in seen.claims("certificate"):
            if claim.subject.startswith("lot:") and claim.facts.get("origins"):
                self._certified[claim.subject[4:]] = tuple(claim.facts["origins"])
        if not self._certified:
            return
        for effect in seen.one.effects:
            if not isinstance(effect, Depart) or effect.lot not in self._certified:
                continue
            origins = self._certified[effect.lot]
            there = country_of(seen.books, effect.taker)
            lot = seen.books.lots.get(effect.lot)
            if country_of(seen.books, effect.giver) not in origins or there in ("", *origins):
                continue
            del self._certified[effect.lot]
            if lot is not None:
                yield from self._exported(seen, lot, origins)

    def _exported(self, seen: Seen, lot: Lot, origins: tuple[str, ...]) -> Iterable[Finding]:
        vectors = {one.element: one.origins for one in lot.amount.contents or ()}
        for element, vector in (vectors or {lot.material: lot.amount.origins}).items():
            key = (origins, element)
            total, recorded = self._sums.get(key, (0, 0))
            total += sum(part for _, part in vector)
            recorded += _from(seen.books, vector, origins)
            self._sums[key] = (total, recorded)
            above = recorded and total * BILLION > recorded * self.limit["ratio"]
            if above and key not in self._reported:
                self._reported.add(key)
                where = ", ".join(origins)
                yield self.finding(
                    "major",
                    f"{mass(total)} {element} left {where} under certificates of that origin, "
                    f"{mass(recorded)} of it was recorded there",
                    entries=(seen.index,),
                    subject=f"lot:{lot.lot}",
                )


def _from(books: Books, vector: Vector, countries: tuple[str, ...]) -> int:
    """Milligrams of the vector whose origin is in one of these countries."""
    found = 0
    for key, part in vector:
        origin = Origin.of_key(key)
        country = origin.country or site_facts(books, origin.site or "").get("country")
        if country in countries:
            found += part
    return found
