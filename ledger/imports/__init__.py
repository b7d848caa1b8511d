"""What other systems wrote down, read as evidence: nothing counts until a party signs it.

    file ──read──> Offer(lot, material, mass, ...)  ──draft──> events for a party to sign

One file per format, found by the package itself: a module with `read(data) -> offers` and
`names(data) -> bool`, which says whether the data look like its format. A lot from
elsewhere enters as a declaration whose beginning this ledger does not hold, and the
digest of the file that it was read from is attached to it: the file stays the evidence.

Masses are read as decimals, never as floats; what is finer than a milligram is refused.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import pkgutil
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from types import ModuleType
from typing import Any

import msgspec

from ..errors import MalformedError

__all__ = [
    "MAX_BYTES",
    "Offer",
    "digest",
    "draft",
    "formats",
    "lot_id",
    "milligrams",
    "read",
    "tree",
]

MAX_BYTES = 64 << 20
"""Bytes in one file."""

_MG = {
    "KGM": 10**6,
    "kg": 10**6,
    "unit:kilogram": 10**6,
    "GRM": 10**3,
    "g": 10**3,
    "unit:gram": 10**3,
    "TNE": 10**9,
    "t": 10**9,
    "unit:tonneMetricTon": 10**9,
    "MGM": 1,
    "mg": 1,
    "DTN": 10**8,
    "KTN": 10**12,
}
"""UN/ECE Recommendation 20 and SAMM units of mass, in milligrams."""


class Offer(msgspec.Struct, frozen=True):
    """A lot as a file describes it. `mass` in milligrams, or None if the file has none;
    `country` ISO 3166-1 alpha-2; `note` what else is worth keeping in words.
    """

    lot: str
    material: str
    mass: int | None = None
    country: str = ""
    supplier: str = ""
    note: str = ""


def formats() -> dict[str, ModuleType]:
    """Every format there is, by its name."""
    return {
        info.name.replace("_", "-"): importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    }


def read(data: bytes, form: str = "") -> tuple[str, tuple[Offer, ...]]:
    """(format, lots) of a file; MalformedError ``import.*`` for anything that is none of them."""
    if len(data) > MAX_BYTES:
        raise MalformedError(
            f"{len(data)} bytes, at most {MAX_BYTES} are read", code="import.too-large"
        )
    known = formats()
    name = form or next((name for name, one in known.items() if one.names(data)), "")
    if name not in known:
        raise MalformedError(
            f"the file is in none of the formats {', '.join(known)}",
            code="import.unknown",
            hint="oretrail record declaration --from FILE.csv",
        )
    try:
        offers = tuple(known[name].read(data))
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as error:
        if isinstance(error, MalformedError):
            raise
        raise MalformedError(
            f"the file is no {name} of the shape that is read: {type(error).__name__} {error}",
            code="import.malformed",
        ) from None
    names = [one.lot for one in offers]
    twice = next((lot for lot in names if names.count(lot) > 1), None)
    if twice is not None:
        raise MalformedError(f"the file offers two lots {twice}", code="import.lot-twice")
    if not offers:
        raise MalformedError(f"the {name} file offers no lot", code="import.empty")
    return name, offers


def draft(
    offers: Iterable[Offer],
    *,
    form: str,
    source: str,
    masses: Mapping[str, int] = {},
    data: bytes,
) -> list[dict[str, Any]]:
    """Events that declare the lots and attach the file, without who signs them and when.

    `masses` are for lots without one. MalformedError ``import.no-mass`` names the others.
    """
    found = digest(data)
    events: list[dict[str, Any]] = []
    bare = [one.lot for one in offers if one.mass is None and one.lot not in masses]
    if bare:
        raise MalformedError(
            f"the file gives no mass of {', '.join(bare[:5])}",
            code="import.no-mass",
            hint=f"weigh it and say so: --mass '{bare[0]}=12.5 kg'",
        )
    for one in offers:
        reason = f"from {form} file {source}"
        said = {
            "type": "lot.declared",
            "lot": one.lot,
            "material": one.material,
            "mass": masses.get(one.lot, one.mass),
            "basis": "dry",
            "origin": "unknown",
            "reason": f"{reason}; {one.note}" if one.note else reason,
            "country": one.country,
            "supplier": one.supplier,
        }
        events.append({name: value for name, value in said.items() if value != ""})
        paper = {"type": "document.attached", "subject": f"lot:{one.lot}", "digest": found}
        events.append({**paper, "kind": form, "title": source})
    return events


def digest(data: bytes) -> str:
    """SHA-256 of a file, as documents are named by."""
    return hashlib.sha256(data).hexdigest()


def tree(data: bytes) -> Any:
    """JSON with its decimals exact; ValueError if it is none."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_none)
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def _none(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def milligrams(value: Any, unit: str) -> int:
    """A mass in milligrams, exactly; MalformedError for another unit or a finer figure."""
    if unit not in _MG or isinstance(value, bool):
        raise MalformedError(f"{value} {unit} is no mass that is read", code="import.unit")
    try:
        exact = Decimal(value) * _MG[unit]
    except (InvalidOperation, TypeError, ValueError):
        raise MalformedError(f"{value!r} is no number", code="import.malformed") from None
    if exact != exact.to_integral_value() or not 0 < exact < 2**53:
        raise MalformedError(
            f"{value} {unit} is no whole number of milligrams from 1 to 2^53", code="import.mass"
        )
    return int(exact)


def lot_id(text: str) -> str:
    """The part of a foreign identifier that names the lot, in this ledger's grammar."""
    bare = re.sub(r"^.*(/10/|/lot/|[/#])", "", text) if "/" in text else text
    named = re.sub(r"[^A-Za-z0-9._:-]+", "-", bare.rpartition("urn:uuid:")[2]).strip("-._:")
    if not named or len(named) > 128:
        raise MalformedError(f"{text!r} names no lot", code="import.malformed")
    return named
