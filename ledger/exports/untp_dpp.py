"""UNTP 0.7.0 digital product passport: the product, and where its materials are from.

A folder: the credential as JSON, with --key also signed as vc+jwt, and about.json.
`materialProvenance` has one line for each origin of each tracked substance; `massFraction`
is of the contained mass of all of them, in six places that add up to exactly 1. Give
--key PARTY/NAME, a key made for credentials: the log's is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from ..audit.dossier import Dossier, Folder, Missing, unfilled
from ..audit.naming import Names, kilograms
from ..custody.amount import take_vector
from ..custody.trail import Trail
from ..log import note
from .untp import (
    NOWHERE,
    classified,
    country,
    credential,
    delivered,
    facility,
    issuer_of,
    party,
)

__all__ = ["missing", "render"]

_WHERE = "UNTP 0.7.0 DigitalProductPassport"
_MILLION = 1_000_000


def missing(dossier: Dossier) -> Iterable[Missing]:
    """The gaps of the trails, and what the schema asks for that nobody recorded."""
    found = unfilled(dossier)
    for trail in dossier.trails:
        about = f"lot:{trail.subject}"
        found.append(Missing("productCategory (UN CPC)", _WHERE, "lot.declared", about))
        site, maker = _made(dossier, trail)
        if not site:
            found.append(Missing("producedAtFacility", _WHERE, "product.made", about))
        if country(dossier, site, maker) == NOWHERE:
            found.append(Missing("countryOfProduction", _WHERE, "site.registered", about))
        for element, one in trail.elements.items():
            if any(not line.country for line in one.origins):
                field = f"materialProvenance.originCountry ({element})"
                found.append(Missing(field, _WHERE, "site.registered", about))
    return found


def render(dossier: Dossier, signer: note.SignsNotes | None = None) -> Folder:
    """The folder: a passport for each subject."""
    made = {}
    for trail in dossier.trails:
        _, maker = _made(dossier, trail)
        made[trail.subject] = credential(
            dossier,
            "DigitalProductPassport",
            trail.subject,
            f"Product passport of {trail.subject}",
            issuer_of(signer, maker or dossier.party or dossier.origin),
            _product(dossier, trail),
        )
    return delivered(dossier, "untp-dpp", made, missing(dossier), signer)


def _made(dossier: Dossier, trail: Trail) -> tuple[str, str]:
    """(site, maker) of the subject; the site may be nobody's to know."""
    site = maker = ""
    for line in trail.lots:
        if line.lot == trail.subject:
            site, maker = line.site, line.opened_by
    for step in dossier.steps():
        if any(one.lot == trail.subject for one in step.filled):
            places = (claim.facts.get("facility") for claim in step.claims)
            site = site or next((place for place in places if isinstance(place, str)), "")
    if not maker:
        makers = [
            name
            for name, facts in sorted(dossier.parties.items())
            if "manufacturer" in facts.get("roles", ()) and "name" in facts
        ]
        maker = makers[0] if len(makers) == 1 else ""
    return site, maker


def _product(dossier: Dossier, trail: Trail) -> dict[str, Any]:
    names = Names(dossier.origin)
    site, maker = _made(dossier, trail)
    lines = [line for line in trail.lots if line.lot == trail.subject]
    material = lines[0].material if lines else trail.subject
    product: dict[str, Any] = {
        "type": ["Product"],
        "id": names.of("lot", trail.subject),
        "name": material,
        "idScheme": {
            "type": ["IdentifierScheme"],
            "id": f"{names.base}/lot/",
            "name": f"lots of the ledger {dossier.origin}",
        },
        "batchNumber": trail.subject,
        "idGranularity": "batch",
        "productCategory": [classified("material", material)],
        "producedAtFacility": facility(dossier, site, maker or dossier.origin, registered=True),
        "countryOfProduction": {"countryCode": country(dossier, site, maker)},
    }
    if maker:
        product["relatedParty"] = [{"role": "manufacturer", "party": party(dossier, maker)}]
    if lines:
        product["productionDate"] = lines[0].opened_at[:10]
        product["dimensions"] = {
            "weight": {"value": kilograms(lines[0].mass_mg), "unit": "KGM"},
        }
    product["materialProvenance"] = _materials(trail)
    return product


def _materials(trail: Trail) -> list[dict[str, Any]]:
    """One line for each origin of each substance."""
    lines = [
        (element, line)
        for element, found in sorted(trail.elements.items())
        for line in found.origins
    ]
    masses = tuple((f"{place:08d}", line.mass_mg) for place, (_, line) in enumerate(lines))
    total = sum(mass for _, mass in masses)
    parts = dict(take_vector(masses, total, _MILLION)) if total else {}
    materials = []
    for (key, _), (element, line) in zip(masses, lines, strict=True):
        recycled = line.kind.startswith("recycled")
        materials.append(
            {
                "name": f"{element}, {line.kind}, from {line.origin}; share of contained mass",
                "originCountry": {"countryCode": line.country or NOWHERE},
                "materialType": classified("substance", element),
                "massFraction": Decimal(parts.get(key, 0)) / _MILLION,
                "mass": {"value": kilograms(line.mass_mg), "unit": "KGM"},
                "recycledMassFraction": int(recycled),
            }
        )
    return materials
