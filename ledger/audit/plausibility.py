"""Arithmetic that several checks share; integers only, so that every machine finds the same.

    distance     metres between two places given in 1e-7 degrees
    median       the middle of some figures
    chi_square   how far counts are from being all alike, in thousandths

A distance is that of the chord, straight through the Earth: never longer than any way that
a lorry, ship or plane can take, and 0.1 % short of the great circle at 1000 km.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import isqrt

__all__ = ["chi_square", "distance", "median"]

_RADIUS = 6_371_000
_ONE = 10**15
_SIN_1, _COS_1 = 17_452_406_437_284, 999_847_695_156_391  # of one degree
_DEGREE = 10_000_000


def _sines() -> tuple[int, ...]:
    """Sines of 0 to 91 degrees, each turned on from the one before by one degree."""
    sine, cosine = 0, _ONE
    found = []
    for _ in range(92):
        found.append(sine)
        sine, cosine = (
            (sine * _COS_1 + cosine * _SIN_1) // _ONE,
            (cosine * _COS_1 - sine * _SIN_1) // _ONE,
        )
    return tuple(found)


_SINES = _sines()


def _sine(angle: int) -> int:
    """Sine of an angle in 1e-7 degrees, times `_ONE`; straight lines between whole degrees."""
    angle %= 360 * _DEGREE
    if angle >= 180 * _DEGREE:
        return -_sine(angle - 180 * _DEGREE)
    if angle > 90 * _DEGREE:
        angle = 180 * _DEGREE - angle
    whole, part = divmod(angle, _DEGREE)
    return _SINES[whole] + (_SINES[whole + 1] - _SINES[whole]) * part // _DEGREE


def _point(lat: int, lon: int) -> tuple[int, int, int]:
    across = _sine(90 * _DEGREE - lat)
    return (
        across * _sine(90 * _DEGREE - lon) // _ONE,
        across * _sine(lon) // _ONE,
        _sine(lat),
    )


@lru_cache(maxsize=4096)  # goods go the same ways again and again
def distance(lat: int, lon: int, other_lat: int, other_lon: int) -> int:
    """Metres between two places; within 1 % of the chord, a metre at least when they differ."""
    here, there = _point(lat, lon), _point(other_lat, other_lon)
    chord = isqrt(sum((a - b) ** 2 for a, b in zip(here, there, strict=True)))
    return chord * _RADIUS // _ONE


def median(figures: Iterable[int]) -> int:
    """The middle figure, or between the two in the middle, rounded down; nought of none."""
    ordered = sorted(figures)
    if not ordered:
        return 0
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) // 2


def chi_square(counts: Sequence[int]) -> int:
    """Pearson's statistic of counts that should all be alike, times 1000, rounded down.

    Ten of them have nine degrees of freedom: 21,666 is passed by chance once in a hundred
    times, 33,720 once in ten thousand.
    """
    total = sum(counts)
    if not total:
        return 0
    cells = len(counts)
    # sum((n - total/cells)^2) / (total/cells), kept whole by multiplying out.
    return sum((cells * n - total) ** 2 for n in counts) * 1000 // (cells * total)
