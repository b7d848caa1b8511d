"""Arithmetic that several checks share; integers only, so that every machine finds the same.

    distance   metres between two places given in 1e-7 degrees

A distance is that of the chord, straight through the Earth: never longer than any way that
a lorry, ship or plane can take, and 0.1 % short of the great circle at 1000 km.
"""

from __future__ import annotations

from math import isqrt

__all__ = ["distance"]

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


def distance(lat: int, lon: int, other_lat: int, other_lon: int) -> int:
    """Metres between two places; within 1 % of the chord, a metre at least when they differ."""
    here, there = _point(lat, lon), _point(other_lat, other_lon)
    chord = isqrt(sum((a - b) ** 2 for a, b in zip(here, there, strict=True)))
    return chord * _RADIUS // _ONE
