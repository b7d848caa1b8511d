"""Trace-X import files (Catena-X): the batches that went into no other.

``Batch`` gives the id, the material and the country (ISO 3166-1 alpha-3). Masses stand at
the edges between batches only, so that of a batch which is left is for you to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import Offer, lot_id, tree

__all__ = ["names", "read"]

_ALPHA2 = {
    "AGO": "AO", "ARG": "AR", "AUS": "AU", "AUT": "AT", "BDI": "BI", "BEL": "BE", "BOL": "BO",
    "BRA": "BR", "CAF": "CF", "CAN": "CA", "CHE": "CH", "CHL": "CL", "CHN": "CN", "COD": "CD",
    "COG": "CG", "COL": "CO", "DEU": "DE", "ESP": "ES", "FIN": "FI", "FRA": "FR", "GBR": "GB",
    "GHA": "GH", "GIN": "GN", "IDN": "ID", "IND": "IN", "ITA": "IT", "JPN": "JP", "KAZ": "KZ",
    "KEN": "KE", "KOR": "KR", "MAR": "MA", "MDG": "MG", "MEX": "MX", "MLI": "ML", "MNG": "MN",
    "MOZ": "MZ", "MYS": "MY", "NAM": "NA", "NGA": "NG", "NLD": "NL", "NOR": "NO", "PER": "PE",
    "PHL": "PH", "POL": "PL", "PRT": "PT", "RUS": "RU", "RWA": "RW", "SLE": "SL", "SSD": "SS",
    "SWE": "SE", "THA": "TH", "TUR": "TR", "TZA": "TZ", "UGA": "UG", "UKR": "UA", "USA": "US",
    "UZB": "UZ", "VNM": "VN", "ZAF": "ZA", "ZMB": "ZM", "ZWE": "ZW",
}  # fmt: skip
"""Countries of the minerals trade, alpha-3 to alpha-2; others stay words of the note."""


def names(data: bytes) -> bool:
    """Whether the data look like a Trace-X import file."""
    return b"urn:samm:io.catenax" in data[:65_536]


def read(data: bytes) -> Iterator[Offer]:
    """Every batch that is no part of another."""
    for asset in tree(data)["assets"]:
        parts = {one["aspectType"].rpartition("#")[2]: one["payload"] for one in asset["submodels"]}
        used = parts.get("SingleLevelUsageAsBuilt", {})
        if "Batch" in parts and not used.get("parentItems"):
            yield _offer(parts["Batch"])


def _offer(batch: dict[str, Any]) -> Offer:
    ids = {one["key"]: one["value"] for one in batch["localIdentifiers"]}
    made = batch.get("manufacturingInformation", {})
    country = str(made.get("country", ""))
    note = f"asset {batch['catenaXId']}" + (f", country {country}" if country else "")
    return Offer(
        lot_id(ids["batchId"]),
        batch["partTypeInformation"]["nameAtManufacturer"],
        None,
        _ALPHA2.get(country, ""),
        ids.get("manufacturerId", ""),
        note,
    )
