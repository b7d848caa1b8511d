"""A certificate names another country than the extraction did."""

from __future__ import annotations

from collections.abc import Iterable

from ...findings import Finding
from ...values import BILLION, Origin
from ...words import share
from ..facts import site_facts
from .base import Check, Seen

__all__ = ["CertificateOrigin"]


class CertificateOrigin(Check):
    """A certificate about a lot names countries of origin, and the books know of another.

    Formula: the part of the lot's mass whose origin in the books is a country that the
    certificate does not name, above `share`. Default 1 % (remnants in a mill; 2026-11, our
    judgement). Unknown origins do not count. Critical: two signed statements contradict
    each other. Source: patterns F15 and F25.
    """

    name = "certificate.other-origin"
    watches = ("certificate",)
    thresholds = {"share": 10_000_000}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare the origins with the booked ones, at the moment of issue."""
        for claim in seen.claims("certificate"):
            origins = tuple(claim.facts.get("origins", ()))
            if not origins or not claim.subject.startswith("lot:"):
                continue
            lot = seen.books.lots.get(claim.subject[4:])
            if lot is None or not lot.amount.mass:
                continue
            other: dict[str, int] = {}
            for key, part in lot.amount.origins:
                origin = Origin.of_key(key)
                country = origin.country or site_facts(seen.books, origin.site or "").get("country")
                if country and country not in origins and not origin.kind.startswith("recycled"):
                    other[country] = other.get(country, 0) + part
            found = sum(other.values()) * BILLION // lot.amount.mass
            if found > self.limit["share"]:
                yield self.finding(
                    "critical",
                    f"certificate {claim.facts.get('certificate', '')} says that lot {lot.lot} is "
                    f"from {', '.join(origins)}; {share(found)} of it was dug in "
                    f"{', '.join(sorted(other))}",
                    entries=(seen.index,),
                    subject=claim.subject,
                )
