"""Trace-X import JSON (Catena-X): lots as batches, with what went into what.

Aspects Batch, SingleLevelBomAsBuilt and SingleLevelUsageAsBuilt, all 3.0.0, masses in
kilograms. Trace-X knows parties by their BPNL; give a table of yours with --partners, a
JSON object such as {"gihanga.example": "BPNL00000000MINA"}, or {} if you have none. An
edge whose party has no BPNL there is left out of the aspects and stands in missing; under
`oretrail` in each asset are the rows from which origins can be computed all the same.
Hand-overs have no counterpart in Trace-X.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ..audit.dossier import Dossier, Missing, unfilled
from ..audit.naming import Names, decimal_json, kilograms, row, uuid
from ..audit.steps import Filled, Moved, Step
from ..errors import MalformedError

__all__ = ["AUDIENCES", "FILES", "missing", "render"]

AUDIENCES = ("authority", "customer")
FILES = {"partners": "Your table of BPNL numbers, JSON: {party: BPNL...}."}

_BPNL = re.compile(r"BPNL[A-Za-z0-9]{12}", re.ASCII)
_ASPECT = "urn:samm:io.catenax"
_ALPHA_3 = {
    "AE": "ARE", "AO": "AGO", "AR": "ARG", "AT": "AUT", "AU": "AUS", "BE": "BEL",
    "BF": "BFA", "BI": "BDI", "BO": "BOL", "BR": "BRA", "CA": "CAN", "CD": "COD",
    "CF": "CAF", "CG": "COG", "CH": "CHE", "CI": "CIV", "CL": "CHL", "CN": "CHN",
    "CO": "COL", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "EE": "EST", "ES": "ESP",
    "ET": "ETH", "FI": "FIN", "FR": "FRA", "GB": "GBR", "GH": "GHA", "GN": "GIN",
    "HK": "HKG", "ID": "IDN", "IN": "IND", "IT": "ITA", "JP": "JPN", "KE": "KEN",
    "KR": "KOR", "KZ": "KAZ", "LA": "LAO", "LU": "LUX", "MA": "MAR", "MG": "MDG",
    "ML": "MLI", "MM": "MMR", "MN": "MNG", "MX": "MEX", "MY": "MYS", "MZ": "MOZ",
    "NA": "NAM", "NE": "NER", "NG": "NGA", "NL": "NLD", "NO": "NOR", "PE": "PER",
    "PH": "PHL", "PL": "POL", "PT": "PRT", "RU": "RUS", "RW": "RWA", "SE": "SWE",
    "SG": "SGP", "SI": "SVN", "SK": "SVK", "SL": "SLE", "SS": "SSD", "TH": "THA",
    "TR": "TUR", "TW": "TWN", "TZ": "TZA", "UG": "UGA", "US": "USA", "VN": "VNM",
    "ZA": "ZAF", "ZM": "ZMB", "ZW": "ZWE",
}  # fmt: skip
"""ISO 3166-1: the countries of these chains; others are left out and stand in missing."""


def missing(dossier: Dossier, partners: bytes = b"{}") -> Iterable[Missing]:
    """The gaps of the trails; parties without a BPNL and countries without three letters."""
    found = unfilled(dossier)
    numbers = _read(partners)
    where = "Catena-X Batch and SingleLevel*AsBuilt 3.0.0"
    for step in dossier.steps():
        for one in step.filled:
            if step.by not in numbers:
                found.append(
                    Missing("businessPartner (BPNL)", where, "--partners", f"party:{step.by}")
                )
            if not _country(dossier, step, one):
                found.append(
                    Missing("manufacturingInformation.country", where, step.type, f"lot:{one.lot}")
                )
    return found


def render(dossier: Dossier, partners: bytes = b"{}") -> bytes:
    """The file; MalformedError ``partners.malformed`` for a table that is none."""
    numbers = _read(partners)
    names = Names(dossier.origin)
    steps = list(dossier.steps())
    voided = {event for step in steps for event in step.voids}
    kept = [step for step in steps if step.event not in voided]
    made: dict[str, tuple[Step, Filled]] = {}
    flows: dict[tuple[str, str], int] = {}
    for step in kept:
        made |= {one.lot: (step, one) for one in step.filled}
        for flow in step.moved:
            flows[flow.source, flow.target] = (
                flows.get((flow.source, flow.target), 0) + flow.mass_mg
            )
    edges = [Moved(*ends, mass) for ends, mass in flows.items()]
    rows: dict[str, list[dict[str, Any]]] = {}
    for step in kept:
        for place, one in enumerate(step.booked):
            said = {"entry": step.index, "place": place, **row(one, names, "")}
            rows.setdefault(one.lot, []).append(said)
    assets = []
    for lot, (step, filled) in made.items():
        into = [edge for edge in edges if edge.target == lot and edge.source in made]
        out = [edge for edge in edges if edge.source == lot and edge.target in made]
        asset = _asset(dossier, names, step, filled, numbers.get(step.by, ""))
        asset["submodels"] += _bom(names, made, lot, into, numbers)
        asset["submodels"] += _usage(names, made, lot, out, numbers)
        asset["oretrail"] = {
            "lot": names.of("lot", lot),
            "event": names.of("event", step.event),
            "rows": rows.get(lot, []),
        }
        assets.append(asset)
    about = dossier.about("tracex", 1, missing(dossier, partners))
    return decimal_json({"assets": assets, "oretrail": about})


def _read(partners: bytes) -> dict[str, str]:
    try:
        numbers = msgspec.json.decode(partners, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(
            f"the table of partners is no JSON object of texts: {error}", code="partners.malformed"
        ) from None
    for party, number in numbers.items():
        if _BPNL.fullmatch(number) is None:
            raise MalformedError(
                f"partner {party}: {number} is no BPNL such as BPNL00000000MINA",
                code="partners.malformed",
            )
    return numbers


def _country(dossier: Dossier, step: Step, filled: Filled) -> str:
    """Three letters of the country where it was made, or of whoever made it."""
    sites = [one.site for one in step.began if one.lot == filled.lot and one.site]
    sites += [str(claim.facts["facility"]) for claim in step.claims if "facility" in claim.facts]
    for site in sites:
        country = str(dossier.sites.get(site, {}).get("country", ""))
        if country:
            return _ALPHA_3.get(country, "")
    return _ALPHA_3.get(str(dossier.parties.get(step.by, {}).get("country", "")), "")


def _asset(
    dossier: Dossier, names: Names, step: Step, filled: Filled, number: str
) -> dict[str, Any]:
    """A lot as a batch."""
    called = uuid(names.of("lot", filled.lot))
    made: dict[str, str] = {"date": step.occurred_at}
    country = _country(dossier, step, filled)
    if country:
        made["country"] = country
    keys = [{"key": "manufacturerId", "value": number}] if number else []
    batch = {
        "localIdentifiers": [*keys, {"key": "batchId", "value": filled.lot}],
        "manufacturingInformation": made,
        "catenaXId": called,
        "partTypeInformation": {
            "manufacturerPartId": filled.material,
            "nameAtManufacturer": filled.material,
        },
    }
    return {
        "assetMetaInfo": {"catenaXId": called},
        "submodels": [{"aspectType": f"{_ASPECT}.batch:3.0.0#Batch", "payload": batch}],
    }


def _item(
    names: Names, other: str, mass_mg: int, made_at: str, when: str, number: str
) -> dict[str, Any]:
    return {
        "catenaXId": uuid(names.of("lot", other)),
        "quantity": {"value": kilograms(mass_mg), "unit": "unit:kilogram"},
        "createdOn": made_at,
        "lastModifiedOn": when,
        "businessPartner": number,
    }


def _bom(
    names: Names,
    made: Mapping[str, tuple[Step, Filled]],
    lot: str,
    into: Iterable[Moved],
    numbers: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What went into it; of makers without a BPNL nothing can be said."""
    when = made[lot][0].occurred_at
    items = []
    for edge in into:
        number = numbers.get(made[edge.source][0].by)
        if number:
            item = _item(names, edge.source, edge.mass_mg, when, when, number)
            items.append(item | {"hasAlternatives": False})
    payload = {"catenaXId": uuid(names.of("lot", lot)), "childItems": items}
    name = "single_level_bom_as_built:3.0.0#SingleLevelBomAsBuilt"
    return [{"aspectType": f"{_ASPECT}.{name}", "payload": payload}] if items else []


def _usage(
    names: Names,
    made: Mapping[str, tuple[Step, Filled]],
    lot: str,
    out: Iterable[Moved],
    numbers: Mapping[str, str],
) -> list[dict[str, Any]]:
    """What it went into."""
    items = []
    for edge in out:
        step = made[edge.target][0]
        number = numbers.get(step.by)
        if number:
            when = step.occurred_at
            item = _item(names, edge.target, edge.mass_mg, when, when, number)
            items.append(item | {"isOnlyPotentialParent": False})
    payload = {
        "catenaXId": uuid(names.of("lot", lot)),
        "customers": sorted({item["businessPartner"] for item in items}),
        "parentItems": items,
    }
    name = "single_level_usage_as_built:3.0.0#SingleLevelUsageAsBuilt"
    return [{"aspectType": f"{_ASPECT}.{name}", "payload": payload}] if items else []
