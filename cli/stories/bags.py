"""Bags that weigh what bags weigh: spread around a mean, to a given sum, the same every time."""

from __future__ import annotations

from hashlib import sha256

__all__ = ["rounded", "weights"]

_DRAWS = 8
_MEAN, _SPREAD = 1_020, 209  # of the sum of eight bytes, each alike likely


def weights(seed: str, count: int, total: int, spread: int) -> tuple[int, ...]:
    """`count` whole numbers that add up to `total`, in a bell of standard deviation `spread`.

    The unit is the caller's, such as tenths of a kilogram. The dice are SHA-256 of the
    seed and the number of the bag.
    """
    mean = total // count
    drawn = [mean + (_throw(seed, n) - _MEAN) * spread // _SPREAD for n in range(count)]
    away = total - sum(drawn)
    every, rest = divmod(abs(away), count)
    sign = 1 if away > 0 else -1
    return tuple(
        one + sign * (every + (1 if place < rest else 0)) for place, one in enumerate(drawn)
    )


def rounded(figures: tuple[int, ...], unit: int) -> tuple[int, ...]:
    """Each figure to about `unit`, as a coarser scale shows it; their sum to `unit` exactly."""
    shown: list[int] = []
    total = before = 0
    for figure in figures:
        total += figure
        now = (2 * total + unit) // (2 * unit) * unit
        shown.append(now - before)
        before = now
    return tuple(shown)


def _throw(seed: str, number: int) -> int:
    return sum(sha256(f"{seed}/{number}".encode()).digest()[:_DRAWS])
