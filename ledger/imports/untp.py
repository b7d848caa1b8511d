"""UNTP digital product passports 0.7.0 (UN/CEFACT), as JSON or as a vc+jwt.

The product becomes one lot. Its origins are the issuer's statement: they are kept in
words, and the country only where all of them name the same. The signature of a vc+jwt is
not checked here, since whose key it is only its did can say; the file stays the evidence.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from ..errors import MalformedError
from . import Offer, lot_id, milligrams, tree

__all__ = ["names", "read"]


def names(data: bytes) -> bool:
    """Whether the data look like a passport, or like a token that may hold one."""
    return b"DigitalProductPassport" in data[:65_536] or data[:3] == b"eyJ"


def read(data: bytes) -> Iterator[Offer]:
    """The product of the passport."""
    passport = tree(_payload(data))
    if "DigitalProductPassport" not in passport["type"]:
        raise MalformedError("the credential is no product passport", code="import.malformed")
    product = passport["credentialSubject"]
    weight = product.get("dimensions", {}).get("weight") or product.get("weight")
    origins = product.get("materialProvenance", [])
    countries = {_country(one) for one in origins}
    shares = "; ".join(f"{one.get('massFraction', '?')} {_country(one)}" for one in origins)
    issuer = passport.get("issuer", {})
    yield Offer(
        lot_id(str(product.get("batchNumber") or product["id"])),
        str(product["name"]),
        milligrams(weight["value"], weight["unit"]) if weight else None,
        countries.pop() if len(countries) == 1 else "",
        str(issuer.get("name", "")),
        f"origins as its issuer says: {shares}" if shares else "",
    )


def _country(origin: dict[str, Any]) -> str:
    code = str(origin.get("originCountry", {}).get("countryCode", ""))
    return code if len(code) == 2 and code.isalpha() and code.isupper() else ""


def _payload(data: bytes) -> bytes:
    """The JSON of a passport; of a token (RFC 7515, compact) its middle part."""
    if data[:3] != b"eyJ":
        return data
    parts = data.strip().split(b".")
    if len(parts) != 3:
        raise MalformedError(
            f"a token of {len(parts)} parts, 3 are expected", code="import.malformed"
        )
    try:
        return base64.urlsafe_b64decode(parts[1] + b"=" * (-len(parts[1]) % 4))
    except binascii.Error as error:
        raise MalformedError(f"no token: {error}", code="import.malformed") from None
