"""Bags and scales: what something truly weighs, and what is read."""

from __future__ import annotations

import msgspec

from .dice import Dice

__all__ = ["KG", "PERCENT", "Bag", "grade_read", "scale", "weighed"]

KG = 1_000_000
PERCENT = 10_000_000
_TENTH = 100_000


class Bag(msgspec.Struct, frozen=True):
    """A bag at the pit: what it truly weighs, what the scale said, water and grade."""

    lot: str
    tag: str
    true: int
    mass: int
    moisture: int
    grade: int


def scale(dice: Dice, true: int) -> int:
    """What a hand scale says of `true` milligrams: to 0.1 kg, give or take as much."""
    return (dice.normal(true, _TENTH) + _TENTH // 2) // _TENTH * _TENTH


def weighed(dice: Dice, true: int) -> int:
    """What a plant's scale says: 0.03 % of error, to 10 g."""
    return max(dice.noisy(true, 300) // 10_000 * 10_000, 10_000)


def grade_read(dice: Dice, true: int) -> int:
    """A laboratory's grade: 0.4 % of error, to 0.01 %."""
    return dice.noisy(true, 4_000) // 100_000 * 100_000
