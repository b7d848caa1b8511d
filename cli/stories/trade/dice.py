"""Dice for the generator: whole numbers out of a seed, the same on every machine.

    normal      the sum of twelve 16-bit numbers has mean 393,210 and deviation 65,536
    lognormal   a delay: median x exp(spread x normal), in whole seconds

Every process of the trade throws dice of its own, seeded by its name, so that one more
process (a fraud, say) changes nothing in the others.
"""

from __future__ import annotations

import math
import struct
from random import Random

__all__ = ["DAY", "HOUR", "Dice"]

HOUR = 3_600
DAY = 86_400

_MEAN = 393_210
_SHORTS = struct.Struct(">12H")


class Dice(Random):
    """A seeded source of numbers."""

    @classmethod
    def of(cls, seed: int, name: str) -> Dice:
        """The dice of one process."""
        return cls(f"oretrail/trade/{seed}/{name}")

    def normal(self, mean: int, deviation: int) -> int:
        """A whole number, normally distributed (to about four deviations)."""
        drawn: int = sum(_SHORTS.unpack(self.randbytes(24))) - _MEAN
        return mean + (deviation * drawn + 32_768) // 65_536

    def between(self, mean: int, deviation: int, least: int, most: int) -> int:
        """A normal one, kept between two bounds."""
        return min(max(self.normal(mean, deviation), least), most)

    def lognormal(self, median: int, spread: int) -> int:
        """`median` times e to the power of `spread` thousandths, times a normal number."""
        return int(median * math.exp(spread * self.normal(0, 1_000) / 1_000_000))

    def happens(self, in_million: int) -> bool:
        """Whether something of this probability happens."""
        return self.randrange(1_000_000) < in_million

    def noisy(self, figure: int, deviation: int) -> int:
        """A reading of `figure` with a relative `deviation` in parts per million."""
        return self.normal(figure, figure * deviation // 1_000_000)
