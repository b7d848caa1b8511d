"""A certificate for another mineral."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...custody.books import Lot
from ...findings import Finding
from .base import Check, Seen

__all__ = ["CertificateScope"]

# What people call it -> what is tracked in it.
_MINERALS = {
    "black mass": "Co",
    "cassiterite": "Sn",
    "cobalt": "Co",
    "coltan": "Ta",
    "columbite": "Ta",
    "gold": "Au",
    "dore": "Au",
    "graphite": "graphite",
    "heterogenite": "Co",
    "lithium": "Li",
    "mica": "mica",
    "nickel": "Ni",
    "scheelite": "W",
    "spodumene": "Li",
    "tantalite": "Ta",
    "tantalum": "Ta",
    "tin": "Sn",
    "tungsten": "W",
    "wolframite": "W",
}
_WORDS = re.compile(rf"\b(?:{'|'.join(sorted(_MINERALS, reverse=True))})\b", re.ASCII)


class CertificateScope(Check):
    """The scope of a lot's certificate names minerals, and none of them is in the lot.

    Formula: substances that the scope's words stand for, and substances that the lot's
    trade name stands for or that it contains, have nothing in common. Silent if either is
    empty. No threshold. Source: pattern F25, certificate of another scope.
    """

    name = "certificate.other-scope"
    watches = ("certificate",)

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Compare the words of the scope with the lot."""
        for claim in seen.claims("certificate"):
            scope = str(claim.facts.get("scope", ""))
            if not scope or not claim.subject.startswith("lot:"):
                continue
            covered = _substances(scope)
            lot = seen.books.lots.get(claim.subject[4:])
            if not covered or lot is None:
                continue
            inside = _inside(lot)
            if inside and not covered & inside:
                yield self.finding(
                    "major",
                    f"certificate {claim.facts.get('certificate', '')} covers {scope!r}, "
                    f"lot {lot.lot} is {lot.material}",
                    entries=(seen.index,),
                    subject=claim.subject,
                )


def _substances(text: str) -> set[str]:
    return {_MINERALS[word] for word in _WORDS.findall(text.lower())}


def _inside(lot: Lot) -> set[str]:
    contents = {one.element for one in lot.amount.contents or () if one.mass}
    return _substances(lot.material) | (contents & set(_MINERALS.values()))
