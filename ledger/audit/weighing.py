"""What a lot weighed before and after somebody put it on a scale, as far as they compare.

    compared(before, measure, after)      Weights(booked, found, dry), or None

Dry matter is compared if both sides say how much of it there is; else masses of the same
basis; else nothing, because water is no gain and drying no loss.
"""

from __future__ import annotations

import msgspec

from ..custody.books import Lot
from ..effects import Measure

__all__ = ["Weights", "compared"]


class Weights(msgspec.Struct, frozen=True):
    """Milligrams booked and found; `dry` if of dry matter."""

    booked: int
    found: int
    dry: bool

    @property
    def gained(self) -> int:
        """What is more than before; less than nought if it is less."""
        return self.found - self.booked


def compared(before: Lot, measure: Measure, after: Lot) -> Weights | None:
    """The two weights of a lot around a measurement of its mass; None if they do not compare."""
    if measure.mass is None:
        return None
    basis = measure.basis or before.basis
    stated = basis == "dry" or measure.moisture is not None
    booked, found = before.amount.dry, after.amount.dry
    if stated and booked is not None and found is not None:
        return Weights(booked, found, True)
    if basis == before.basis:
        return Weights(before.amount.mass, measure.mass, basis == "dry")
    return None
