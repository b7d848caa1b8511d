"""What things of a ledger are called outside of it: URIs, and figures as others spell them.

    https://<origin>/lot/GIH-0001          https://<origin>/event/51242368...
    https://<origin>/party/gihanga.example https://<origin>/site/RW-GIHANGA
    urn:uuid:...                           of the URI, as RFC 9562 section 5.5 makes it

The names are the ledger's own: they say who said it, and nothing promises that anything
answers there. No GTIN, GLN or other bought number is ever made up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from .booked import Booked

__all__ = ["NAMESPACE", "Names", "decimal_json", "kilograms", "percent", "quoted", "row", "uuid"]

NAMESPACE = "https://oretrail.example/ns/v1/"
"""Where the words of our own live that the formats have none for."""

_URL_NAMESPACE = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ENCODE = msgspec.json.Encoder(decimal_format="number").encode


class Names:
    """The URIs of one ledger, by its origin."""

    def __init__(self, origin: str) -> None:
        self.base = f"https://{quoted(origin, b'/:')}"

    def of(self, kind: str, name: str) -> str:
        """The URI of the `kind` (lot, party, site, event, certificate ...) with that name."""
        return f"{self.base}/{kind}/{quoted(name)}"

    def subject(self, subject: str) -> str:
        """The URI of a ``kind:id``."""
        kind, _, name = subject.partition(":")
        return self.of(kind, name)


def quoted(text: str, also: bytes = b"") -> str:
    """Percent-encoded (RFC 3986, 2.1), but for unreserved characters and `also`."""
    kept = _PLAIN.union(also)
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode())


def uuid(uri: str) -> str:
    """The name-based UUID of a URI (version 5, RFC 9562 section 5.5), as a URN."""
    made = bytearray(hashlib.sha1(_URL_NAMESPACE + uri.encode(), usedforsecurity=False).digest())
    made[6] = made[6] & 0x0F | 0x50
    made[8] = made[8] & 0x3F | 0x80
    text = made[:16].hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def kilograms(milligrams: int) -> Decimal:
    """Exact, in as few digits as it takes."""
    return _short(Decimal(milligrams).scaleb(-6))


def percent(ppb: int) -> Decimal:
    """Exact, in as few digits as it takes."""
    return _short(Decimal(ppb).scaleb(-7))


def _short(number: Decimal) -> Decimal:
    if number == number.to_integral_value():
        return number.quantize(Decimal(1))
    return number.normalize()


def decimal_json(value: object) -> bytes:
    """JSON for reading, members in their order, decimals as numbers with all their digits."""
    return msgspec.json.format(_ENCODE(value), indent=1) + b"\n"


def row(one: Booked, names: Names, prefix: str) -> dict[str, Any]:
    """A row of the books with members under a prefix, such as ``oretrail:``."""
    members: Mapping[str, object] = {
        "act": one.act,
        "lot": names.of("lot", one.lot),
        "element": one.element,
        "mg": one.mg,
        "source": names.of("lot", one.source) if one.source else None,
        "origin": one.origin or None,
    }
    return {f"{prefix}{key}": value for key, value in members.items() if value is not None}
