"""What events are made of: ids, masses, shares, times, places, origins.

    written in an event                      meaning
    "GIH-0001"                               an identifier: ASCII, 1..128 characters
    1080000000                               a mass, in whole milligrams (never a float)
    240000000                                a share, grade or moisture, in parts per billion
    "2026-02-11T08:00:00Z"                   a moment, UTC, to the second, years 2000..2199
    "RW"                                     a country, ISO 3166-1 alpha-2
    "Ta", "Ta2O5", "mica"                    a substance: element, oxide, or a tracked material

The same grammars serve the bytes (through msgspec) and the words people type
(`ledger.words`). They are complete: a calendar date is checked by its pattern,
so that validity never depends on a library's idea of a date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

__all__ = [
    "BILLION",
    "MAX_INTEGER",
    "ORIGIN_CLASSES",
    "STOICHIOMETRY",
    "Basis",
    "Content",
    "Count",
    "Country",
    "Day",
    "Digest",
    "EventId",
    "Grade",
    "Id",
    "Index",
    "KeyName",
    "Latitude",
    "Longitude",
    "Mass",
    "Origin",
    "OriginClass",
    "Positive",
    "Share",
    "Subject",
    "Substance",
    "Text",
    "Time",
    "UNKNOWN",
    "Vkey",
    "Word",
    "contained",
    "dry_mass",
]

BILLION = 1_000_000_000
"""One whole, in parts per billion."""

_SQUARE = BILLION * BILLION

MAX_INTEGER = 2**53 - 1
"""The largest integer of the canonical form; as a mass, nine million tonnes."""

_ID = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
_DAY = (
    r"(?:(?:20|21)[0-9]{2}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    # 29 February: every fourth year, but not 2100.
    r"|(?:20(?:[02468][048]|[13579][26])|21(?:0[48]|[2468][048]|[13579][26]))-02-29)"
)
_CLOCK = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"


def _whole(pattern: str) -> str:
    """Anchor a pattern at both ends; `$` would let a final newline pass."""
    return rf"\A(?:{pattern})\Z"


Id = Annotated[str, msgspec.Meta(pattern=_whole(_ID), description="identifier")]
KeyName = Annotated[
    str, msgspec.Meta(pattern=_whole(rf"{_ID}(?:/{_ID})?"), description="party, or party/device")
]
EventId = Annotated[
    str,
    msgspec.Meta(
        pattern=_whole(r"[0-9a-f]{64}"),
        description="event id, 64 hex digits",
        extra={"words": "event"},
    ),
]
Digest = Annotated[
    str,
    msgspec.Meta(
        pattern=_whole(r"[0-9a-f]{64}"),
        description="SHA-256, 64 hex digits",
        extra={"words": "digest"},
    ),
]
Vkey = Annotated[
    str,
    msgspec.Meta(
        pattern=_whole(rf"{_ID}(?:/{_ID}){{0,4}}\+[0-9a-f]{{8}}\+[A-Za-z0-9+/]{{44}}"),
        description="public key, NAME+ID+BASE64",
        extra={"words": "vkey"},
    ),
]
Subject = Annotated[
    str,
    msgspec.Meta(
        pattern=_whole(
            rf"(?:account|audit|certificate|event|incident|ledger|lot|party|risk|site|tags):{_ID}"
        ),
        description="kind:id, such as lot:GIH-1",
    ),
]
Word = Annotated[
    str, msgspec.Meta(pattern=_whole(r"[a-z0-9][a-z0-9-]{0,63}"), description="lower-case word")
]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=1000, description="text")]
Substance = Annotated[
    str, msgspec.Meta(pattern=_whole(r"[A-Za-z][A-Za-z0-9]{0,31}"), description="substance")
]
Country = Annotated[
    str, msgspec.Meta(pattern=_whole(r"[A-Z]{2}"), description="country, ISO 3166-1 alpha-2")
]

# `extra["words"]` names the grammar that people type a value in: one of `ledger.words`, or
# for event ids, digests and keys one that the command knows (a short id, a file, a name).
Time = Annotated[
    str,
    msgspec.Meta(
        pattern=_whole(_DAY + _CLOCK),
        description="time, YYYY-MM-DDThh:mm:ssZ",
        extra={"words": "time"},
    ),
]
Day = Annotated[
    str,
    msgspec.Meta(pattern=_whole(_DAY), description="day, YYYY-MM-DD", extra={"words": "day"}),
]
Mass = Annotated[
    int,
    msgspec.Meta(ge=0, le=MAX_INTEGER, description="mass, milligrams", extra={"words": "mass"}),
]
Positive = Annotated[
    int,
    msgspec.Meta(ge=1, le=MAX_INTEGER, description="mass, milligrams", extra={"words": "mass"}),
]
Share = Annotated[
    int,
    msgspec.Meta(
        ge=0, le=BILLION, description="share, parts per billion", extra={"words": "share"}
    ),
]
Count = Annotated[
    int, msgspec.Meta(ge=1, le=MAX_INTEGER, description="count", extra={"words": "count"})
]
Index = Annotated[
    int,
    msgspec.Meta(ge=0, le=MAX_INTEGER, description="index in the log", extra={"words": "count"}),
]
Latitude = Annotated[
    int,
    msgspec.Meta(
        ge=-900_000_000, le=900_000_000, description="1e-7 degrees", extra={"words": "degrees"}
    ),
]
Longitude = Annotated[
    int,
    msgspec.Meta(
        ge=-1_800_000_000,
        le=1_800_000_000,
        description="1e-7 degrees",
        extra={"words": "degrees"},
    ),
]

Basis = Literal["wet", "dry"]
"""Whether a net mass includes the water in the material."""

OriginClass = Literal[
    "mined-asm",
    "mined-lsm",
    "byproduct",
    "recycled-post-consumer",
    "recycled-pre-consumer",
    "legacy",
    "foreign",
    "unknown",
]
"""Where matter entered the trade; it never changes on the way (domain.md, accounting)."""

ORIGIN_CLASSES: tuple[OriginClass, ...] = (
    "mined-asm",
    "mined-lsm",
    "byproduct",
    "recycled-post-consumer",
    "recycled-pre-consumer",
    "legacy",
    "foreign",
    "unknown",
)

# Mass of element in one mass of compound, parts per billion. Part of the format:
# a stored ledger must give the same contained mass for ever, so values are only added.
STOICHIOMETRY: dict[str, tuple[str, int]] = {
    "Co3O4": ("Co", 734_200_000),
    "CoSO4": ("Co", 380_200_000),
    "Li2CO3": ("Li", 187_900_000),
    "Li2O": ("Li", 464_500_000),
    "Nb2O5": ("Nb", 699_000_000),
    "SnO2": ("Sn", 787_700_000),
    "Ta2O5": ("Ta", 818_970_000),
    "WO3": ("W", 793_000_000),
}
"""Compound -> (element, parts per billion). A substance not listed is counted as itself."""


class Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So much of a substance is in a lot: `mass` milligrams of `element`."""

    element: Substance
    mass: Mass


class Grade(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An assay result: `grade` parts per billion of `analyte` in the dry mass."""

    analyte: Substance
    grade: Share


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Where matter entered the books: its class, and the site or the country if known.

    `key` is the one spelling used in the books: ``class|country|site``, the last two
    empty when unknown. A known site says its own country, so only one of them is given.
    What began in another ledger is told apart by the `lot` that it is here, in place of a site.
    """

    kind: OriginClass
    site: Id | None = None
    country: Country | None = None
    lot: Id | None = None

    @property
    def key(self) -> str:
        """The origin as one sortable string."""
        return f"{self.kind}|{self.country or ''}|{self.site or self.lot or ''}"

    @classmethod
    def of_key(cls, key: str) -> Origin:
        """The origin that `key` spells; keys are made by us, so this cannot fail on ours."""
        kind, country, place = key.split("|")
        named = "lot" if kind == "foreign" else "site"
        return msgspec.convert(
            {"kind": kind, "country": country or None, named: place or None}, type=cls
        )


UNKNOWN = Origin("unknown")
"""Matter of which nothing is known; an origin like any other, never dropped from a sum."""


def dry_mass(mass: int, basis: str, moisture: int | None) -> int | None:
    """Milligrams of dry matter in `mass`, or None when it is wet and the moisture unknown.

    Rounded to the nearest milligram, halves up; `moisture` is parts per billion.
    """
    if basis == "dry":
        return mass
    if moisture is None:
        return None
    return (2 * mass * (BILLION - moisture) + BILLION) // (2 * BILLION)


def contained(dry: int, grades: Sequence[Grade]) -> tuple[Content, ...]:
    """Contained mass of each element, sorted by element: dry mass x grade x stoichiometry.

    Two analytes of one element (Ta2O5 and K2TaF7, say) add up. Rounded once, halves up.
    """
    parts: dict[str, int] = {}
    for grade in grades:
        element, factor = STOICHIOMETRY.get(grade.analyte, (grade.analyte, BILLION))
        parts[element] = parts.get(element, 0) + grade.grade * factor
    return tuple(
        [
            Content(element, (2 * dry * part + _SQUARE) // (2 * _SQUARE))
            for element, part in sorted(parts.items())
        ]
    )
