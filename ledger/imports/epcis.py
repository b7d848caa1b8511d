"""EPCIS 2.0 documents (GS1): the lots that are left when all its events have happened.

Quantities that are commissioned, or come out of a transformation, less those that go into
one or are destroyed. Masses are ``quantity`` with ``uom`` KGM, GRM, TNE ...; material and
country of origin are read from ``ilmd`` under any namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import MalformedError
from . import Offer, lot_id, milligrams, tree

__all__ = ["names", "read"]


def names(data: bytes) -> bool:
    """Whether the data look like an EPCIS document."""
    return b"EPCISDocument" in data[:65_536]


def read(data: bytes) -> Iterator[Offer]:
    """The lots that the document leaves."""
    document = tree(data)
    if document["type"] != "EPCISDocument":
        raise MalformedError(
            f"type {document['type']!r} is no EPCISDocument", code="import.malformed"
        )
    left: dict[str, Offer] = {}
    for event in document["epcisBody"]["eventList"]:
        ilmd = event.get("ilmd", {})
        for one in event.get("inputQuantityList", ()):
            left.pop(one["epcClass"], None)
        begun = event.get("outputQuantityList", ())
        if event["type"] == "ObjectEvent" and event.get("action") == "ADD":
            begun = event.get("quantityList", ())
        if event.get("action") == "DELETE":
            for one in event.get("quantityList", ()):
                left.pop(one["epcClass"], None)
        for one in begun:
            left[one["epcClass"]] = _offer(one, ilmd)
    yield from left.values()


def _offer(quantity: dict[str, Any], ilmd: dict[str, Any]) -> Offer:
    mass = milligrams(quantity["quantity"], quantity["uom"]) if "uom" in quantity else None
    country = str(_said(ilmd, "countryOfOrigin") or "")
    return Offer(
        lot_id(quantity["epcClass"]),
        str(_said(ilmd, "material") or "material of an EPCIS document"),
        mass,
        country if len(country) == 2 and country.isalpha() and country.isupper() else "",
        note=quantity["epcClass"],
    )


def _said(ilmd: dict[str, Any], name: str) -> Any:
    return next((v for key, v in ilmd.items() if key.rpartition(":")[2] == name), None)
