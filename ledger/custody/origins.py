"""Origins for readers: an amount's vectors as lines of sites, countries and shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..values import BILLION, Origin
from .amount import Amount, Vector, take_vector
from .books import Registered
from .trail import ElementTrail, OriginLine

__all__ = ["country_of", "elements", "sites_of"]


def elements(
    amount: Amount, country: Callable[[str], str], coverage: Mapping[str, int]
) -> dict[str, ElementTrail]:
    """Each element of an amount and where it is from; the net mass where no element is known.

    `country` tells where a site is; `coverage` is what else is known, the same for each.
    """
    if not amount.contents:
        return {"mass": _element(amount.mass, "mass", amount.origins, country, coverage)}
    return {
        e.element: _element(e.mass, e.basis, e.origins, country, coverage)
        for e in amount.contents
        if e.mass
    }


def sites_of(amount: Amount) -> set[str]:
    """The sites that an amount is from."""
    vectors = [amount.origins, *(e.origins for e in amount.contents or ())]
    return {Origin.of_key(key).site or "" for vector in vectors for key, _ in vector} - {""}


def country_of(register: Mapping[str, Registered], site: str) -> str:
    """The country of a registered site; empty if that is not known."""
    known = register.get(f"site:{site}")
    return str(known.facts.get("country", "")) if known else ""


def _element(
    mass: int,
    basis: str,
    vector: Vector,
    country: Callable[[str], str],
    further: Mapping[str, int],
) -> ElementTrail:
    shares = dict(take_vector(vector, mass, BILLION)) if mass else {}
    lines = []
    coverage = {"site_ppb": 0, "country_ppb": 0, "unknown_ppb": 0}
    for key, part in vector:
        origin = Origin.of_key(key)
        where = origin.country or (country(origin.site) if origin.site else "")
        share = shares.get(key, 0)
        lines.append(
            OriginLine(
                origin.site or origin.lot or origin.country or origin.kind,
                origin.kind,
                part,
                share,
                origin.site or "",
                where,
                origin.lot or "",
            )
        )
        known = "site_ppb" if origin.site else "country_ppb" if where else "unknown_ppb"
        coverage[known] += share
    lines.sort(key=lambda line: (-line.mass_mg, line.origin))
    return ElementTrail(mass, basis, tuple(lines), {**coverage, **further})
