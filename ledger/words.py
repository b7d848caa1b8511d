"""Masses, shares and times as people write them, read exactly or refused.

    "1080.0 kg"  "12 t"  "45 mg"  "3.2 g"  "100 ozt"     -> whole milligrams
    "24.0 %"  "350 ppm"  "12 g/t"  "5 ppb"               -> parts per billion
    "2026-02-11T08:00:00Z"  "2026-02-11T10:00+02:00"  "2026-02-11"  -> UTC, to the second

Nothing is rounded: a figure that is no whole number of milligrams or parts per billion
is refused, and so is one that can be read two ways (``1,250``). The way back
(`mass`, `share`) prints with a unit and is exact for masses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from .errors import MalformedError
from .values import BILLION, MAX_INTEGER

__all__ = ["READERS", "mass", "read_mass", "read_share", "read_time", "share"]

_FIGURE = r"(?P<whole>0|[1-9][0-9]{0,15})(?:\.(?P<part>[0-9]{1,12}))?"
_QUANTITY = re.compile(rf"{_FIGURE} ?(?P<unit>[a-zA-Z%/]{{1,4}})", re.ASCII)
_INTEGER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_DEGREES = re.compile(r"(?P<sign>-?)(?P<whole>0|[1-9][0-9]{0,2})(?:\.(?P<part>[0-9]{1,7}))?")
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MOMENT = re.compile(
    rf"(?P<day>{_DAY})(?:[T ](?P<clock>[0-9]{{2}}:[0-9]{{2}})(?P<seconds>:[0-9]{{2}})?"
    r"(?P<zone>Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9]))?",
    re.ASCII,
)

# Unit -> how many tenths of a microgram (for mass) or parts per billion; the troy ounce
# is 31.1034768 g exactly (international yard and pound agreement, 1959).
_MASS_UNITS = {
    "mg": 10_000,
    "g": 10_000_000,
    "kg": 10_000_000_000,
    "t": 10_000_000_000_000,
    "ozt": 311_034_768,
}
_SHARE_UNITS = {"%": 10_000_000, "ppm": 1_000, "g/t": 1_000, "ppb": 1}


def _scaled(text: str, units: dict[str, int], what: str, example: str) -> int:
    match = _QUANTITY.fullmatch(text)
    if match is None or match["unit"] not in units:
        comma = " (a comma can be read two ways)" if "," in text else ""
        raise MalformedError(
            f"{text!r} is not a {what} such as {example}{comma}", code=f"{what}.malformed"
        )
    part = match["part"] or ""
    scale: int = 10 ** (12 - len(part))
    return int(match["whole"] + part) * units[match["unit"]] * scale


def read_mass(text: str) -> int:
    """Whole milligrams from words such as ``45.2 kg``; MalformedError ``mass.*``."""
    scaled = _scaled(text, _MASS_UNITS, "mass", '"45.2 kg"')
    milligrams, rest = divmod(scaled, 10_000 * 10**12)
    if rest:
        raise MalformedError(f"{text!r} is no whole number of milligrams", code="mass.inexact")
    if milligrams > MAX_INTEGER:
        raise MalformedError(
            f"{text!r} is more than {MAX_INTEGER} mg, the largest mass", code="mass.too-large"
        )
    return milligrams


def read_share(text: str) -> int:
    """Whole parts per billion from words such as ``24.0 %``; MalformedError ``share.*``."""
    scaled = _scaled(text, _SHARE_UNITS, "share", '"24.0 %"')
    ppb, rest = divmod(scaled, 10**12)
    if rest:
        raise MalformedError(
            f"{text!r} is no whole number of parts per billion", code="share.inexact"
        )
    if ppb > BILLION:
        raise MalformedError(f"{text!r} is more than 100 %", code="share.too-large")
    return ppb


def read_time(text: str) -> str:
    """A moment in UTC from ISO words with a zone, or the first second of a UTC day."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise MalformedError(
            f"{text!r} is not a time such as 2026-02-11T08:00:00Z", code="time.malformed"
        )
    clock = (match["clock"] or "00:00") + (match["seconds"] or ":00")
    try:
        moment = datetime.strptime(f"{match['day']}T{clock}", "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007
        zone = match["zone"] or "Z"
        if zone != "Z":
            away = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6]))
            moment = moment - away if zone[0] == "+" else moment + away
    except (ValueError, OverflowError):
        raise MalformedError(
            f"{text!r} is not a time of the calendar", code="time.malformed"
        ) from None
    if not 2000 <= moment.year <= 2199:
        raise MalformedError(f"{text!r} is not in the years 2000 to 2199", code="time.malformed")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _read_day(text: str) -> str:
    if re.fullmatch(_DAY, text, re.ASCII) is None:
        raise MalformedError(f"{text!r} is not a day such as 2026-02-11", code="time.malformed")
    return read_time(text)[:10]


def _read_count(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise MalformedError(f"{text!r} is not a count such as 24", code="count.malformed")
    return int(text)


def _read_degrees(text: str) -> int:
    match = _DEGREES.fullmatch(text)
    if match is None:
        raise MalformedError(
            f"{text!r} is not degrees such as -1.9641, at most 7 decimals", code="place.malformed"
        )
    size = int(match["whole"] + (match["part"] or "").ljust(7, "0"))
    return -size if match["sign"] else size


READERS: dict[str, Callable[[str], int | str]] = {
    "mass": read_mass,
    "share": read_share,
    "time": read_time,
    "day": _read_day,
    "count": _read_count,
    "degrees": _read_degrees,
}
"""Grammar name (`Meta.extra["words"]` of a value type) -> its reader."""


def mass(milligrams: int) -> str:
    """A mass with its unit, exact: ``1080.000 kg``, ``3.200 g``, ``45 mg``."""
    size = abs(milligrams)
    for unit, scale, places in (("kg", 1_000_000, 6), ("g", 1_000, 3)):
        if size >= scale:
            whole, part = divmod(size, scale)
            decimals = f"{part:0{places}d}"
            keep = max(3, len(decimals.rstrip("0")))
            sign = "-" if milligrams < 0 else ""
            return f"{sign}{whole}.{decimals[:keep]} {unit}"
    return f"{milligrams} mg"


def share(ppb: int, places: int = 3) -> str:
    """Parts per billion as a percentage, rounded for reading: ``53.118 %``; 0 to 7 places."""
    if not 0 <= places <= 7:
        raise ValueError(f"a share has 0 to 7 places, not {places}")
    step = 10 ** (7 - places)
    rounded = (2 * ppb + step) // (2 * step)
    whole, part = divmod(rounded, 10**places)
    return f"{whole}.{part:0{places}d} %" if places else f"{whole} %"
