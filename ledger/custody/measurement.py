"""A new figure replaces the booked one; what that does to the origins.

    measured against booked              what happens                       finding
    within the policy's tolerance        the lot is re-scaled               none
    less than that                       the difference is lost             mass.shortfall
    more than that                       the difference is `unknown`        mass.excess

Upwards, the tolerance counts from the *anchor* (what the lot weighed when it was filled),
not from the last figure: a chain of small gains, each within tolerance, can never add up
to an origin for matter that was slipped in. Dry matter is compared with dry matter
whenever both are known, so drying is no loss and watering no gain. An assay is treated
the same way, element by element (`assay.lower`, `assay.higher`).
"""

from __future__ import annotations

import msgspec

from ..effects import Measure
from ..values import BILLION, MAX_INTEGER, UNKNOWN, contained, dry_mass
from .amount import Amount, Element, merged, portion, take_vector

__all__ = ["DEFAULT_TOLERANCES", "Difference", "measured", "tolerance"]

# Relative, parts per billion; adopted 2026-11. A ledger's own policy replaces them.
DEFAULT_TOLERANCES: dict[str, int] = {
    "assay": 30_000_000,
    "bullion": 500_000,
    "default": 5_000_000,
    "hand-scale": 20_000_000,
    "process": 2_000_000,
    "reception": 5_000_000,
    "stock-count": 10_000_000,
    "weighbridge": 5_000_000,
}
"""Leg or instrument -> tolerance in ppb, until the ledger adopts others."""


_NOT_A_SCALE = frozenset({"assay", "process"})


class Difference(msgspec.Struct, frozen=True):
    """A measurement beyond tolerance: what was booked, what was measured, in milligrams."""

    code: str
    what: str
    booked: int
    found: int


def tolerance(adopted: dict[str, int], leg: str) -> int:
    """The tolerance in ppb for a leg or instrument."""
    found = adopted.get(leg)
    if found is None:
        found = DEFAULT_TOLERANCES.get(leg)
    if found is None:
        found = adopted.get("default", DEFAULT_TOLERANCES["default"])
    return found


def measured(
    amount: Amount, basis: str, measure: Measure, adopted: dict[str, int]
) -> tuple[Amount, str, list[Difference]]:
    """(the amount as measured, its basis, differences beyond tolerance).

    The caller has checked that grades come with a known dry mass (`dry_after`).
    """
    differences: list[Difference] = []
    result, new_basis = amount, basis
    if measure.mass is None and measure.moisture is not None and basis == "wet":
        # Another moisture at the same weight is another dry mass: compared like any weighing.
        measure = msgspec.structs.replace(measure, mass=amount.mass, basis=basis)
    if measure.mass is not None:
        new_basis = measure.basis or basis
        result = _weighed(amount, basis, measure, new_basis, adopted, differences)
    if measure.grades and result.dry is not None:
        result = _assayed(result, measure, tolerance(adopted, "assay"), differences)
    return result, new_basis, differences


def dry_after(amount: Amount, basis: str, measure: Measure) -> int | None:
    """Dry matter once the measurement is booked, or None if it stays unknown."""
    mass = amount.mass if measure.mass is None else measure.mass
    new_basis = measure.basis or basis
    if new_basis == "dry" or measure.moisture is not None:
        return dry_mass(mass, new_basis, measure.moisture)
    if amount.dry is None or not amount.mass:
        return None
    if measure.mass is not None and basis == "dry":
        return None  # it was dry and is wet now: how wet, nobody said
    return portion(amount.dry, mass, amount.mass)


def _weighed(
    amount: Amount,
    basis: str,
    measure: Measure,
    new_basis: str,
    adopted: dict[str, int],
    differences: list[Difference],
) -> Amount:
    mass = measure.mass or 0
    dry = dry_after(amount, basis, measure)
    on_dry = amount.dry is not None and dry is not None
    booked, found, anchor = amount.mass, mass, amount.anchor
    if on_dry:
        booked, found = amount.dry or 0, dry or 0
        anchor = portion(amount.anchor, booked, amount.mass) if amount.mass else 0
    # The measured party names its instrument, so it must not reach for a laxer table.
    leg = "default" if measure.leg in _NOT_A_SCALE else measure.leg
    limit = tolerance(adopted, leg)
    what = "dry mass" if on_dry and (basis, new_basis) != ("dry", "dry") else "mass"
    known = mass
    contents = amount.contents
    if found > booked and found * BILLION > anchor * (BILLION + limit):
        differences.append(Difference("mass.excess", what, booked, found))
        known = portion(mass, booked, found)
        # What was above its anchor stays so: else small gains would add up after all.
        anchor_mass = min(mass, portion(anchor, mass, booked)) if booked else mass
    else:
        short = found * BILLION < booked * (BILLION - limit)
        if short:
            differences.append(Difference("mass.shortfall", what, booked, found))
        anchor_mass = mass if short or not found else portion(anchor, mass, found)
        anchor_mass = min(anchor_mass, MAX_INTEGER)  # watered much, it could not be written
        contents = _scaled(contents, found, booked, short)
    origins = take_vector(amount.origins, amount.mass, known) if amount.mass else ()
    unknown = mass - sum(m for _, m in origins)
    if unknown:
        origins = merged((origins, ((UNKNOWN.key, unknown),)))
    return Amount(mass, dry, amount.pieces, anchor_mass, origins, contents)


def _scaled(
    contents: tuple[Element, ...] | None, found: int, booked: int, short: bool
) -> tuple[Element, ...] | None:
    if contents is None or not booked:
        return contents
    scaled = []
    for element in contents:
        mass = portion(element.mass, found, booked)
        scaled.append(element.rescaled(mass, mass if short else element.anchor))
    return tuple(scaled)


def _assayed(amount: Amount, measure: Measure, limit: int, differences: list[Difference]) -> Amount:
    elements = {element.element: element for element in amount.contents or ()}
    for content in contained(amount.dry or 0, measure.grades):
        have = elements.get(content.element)
        if have is None:
            elements[content.element] = amount.by_mass(content.element, content.mass)
        elif content.mass > have.mass and (
            content.mass * BILLION > have.anchor * (BILLION + limit)
        ):
            differences.append(Difference("assay.higher", content.element, have.mass, content.mass))
            elements[content.element] = have.with_unknown(content.mass - have.mass)
        else:
            short = content.mass * BILLION < have.mass * (BILLION - limit)
            if short:
                differences.append(
                    Difference("assay.lower", content.element, have.mass, content.mass)
                )
            elements[content.element] = have.rescaled(
                content.mass, content.mass if short else have.anchor
            )
    return msgspec.structs.replace(amount, contents=tuple(elements[k] for k in sorted(elements)))
