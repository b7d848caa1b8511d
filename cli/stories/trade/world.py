"""The world that the processes share: cast, diary, dice, and the calendar."""

from __future__ import annotations

import msgspec

from ledger.custody.books import Lot

from .cast import MONTH, MONTHS, Cast, Plan
from .diary import Diary
from .dice import DAY, Dice

__all__ = ["BEGINS", "World"]

BEGINS = 1_736_150_400
"""Monday 6 January 2025, 08:00 UTC."""


class World(msgspec.Struct):
    """What every process is told."""

    seed: int
    plan: Plan
    cast: Cast
    diary: Diary

    def dice(self, name: str) -> Dice:
        """Dice of its own for a process."""
        return Dice.of(self.seed, name)

    def lot(self, name: str) -> Lot:
        """A lot as it is booked now."""
        return self.diary.ledger.lot(name)

    @staticmethod
    def month(number: int) -> int:
        """When a month of thirty days begins."""
        return BEGINS + 7 * DAY + number * MONTH

    @property
    def digging_ends(self) -> int:
        """When the last month of digging is over."""
        return self.month(MONTHS)
