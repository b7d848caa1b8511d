"""A lot of another ledger, taken over by its bundle: what is declared here, and what proves it.

    bundle of CAP-0412          ->  lot.declared of origin foreign: ledger, lot, last event,
    (their ledger, their keys)      checkpoint, SHA-256 of the bundle, mass and contents

The declaration names the very bytes, so whoever has them can go on where this ledger ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ...custody.books import Lot
from ...custody.provenance import Trail
from ...errors import EvidenceError, RefusedError
from ...events.lot_declared import Foreign, LotDeclared
from ...findings import Finding
from ...values import BILLION, Content
from ..auditor import Trust
from . import Verified, verify

__all__ = ["declaration", "proven"]


def declaration(data: bytes, found: Verified, lot: str, by: str, occurred_at: str) -> LotDeclared:
    """The event that takes the subject of a verified bundle over as `lot`.

    EvidenceError if the bundle does not hold; RefusedError ``lot.closed`` if nothing is left
    of the lot there.
    """
    there = found.lot
    if there is None or found.report.verdict != "supported":
        raise EvidenceError(
            f"the bundle of {found.subject or 'nothing'} is {found.report.verdict}",
            found.report,
            code=found.report.findings[0].code if found.report.findings else "bundle.malformed",
        )
    if not there.amount.mass:
        raise RefusedError(
            [
                Finding(
                    code="lot.closed",
                    message=f"lot {there.lot} is used up in ledger {found.report.ledger[:12]}",
                    subject=f"lot:{there.lot}",
                )
            ]
        )
    return LotDeclared(
        by=by,
        occurred_at=occurred_at,
        lot=lot,
        material=there.material,
        mass=there.amount.mass,
        basis=_basis(there),
        origin="foreign",
        reason=f"began as {there.lot} in ledger {found.report.ledger[:12]}",
        moisture=_moisture(there),
        pieces=there.amount.pieces or None,
        contents=_contents(there),
        foreign=Foreign(
            ledger=found.report.ledger,
            lot=there.lot,
            event=there.head,
            size=found.report.size,
            root=found.report.root,
            bundle=sha256(data).hexdigest(),
        ),
    )


def _basis(lot: Lot) -> Any:
    return lot.basis


def _moisture(lot: Lot) -> int | None:
    """Parts per billion of water, where the dry mass of wet material is known."""
    if lot.basis == "dry" or lot.amount.dry is None:
        return None
    mass = lot.amount.mass
    return (2 * (mass - lot.amount.dry) * BILLION + mass) // (2 * mass)


def _contents(lot: Lot) -> tuple[Content, ...] | None:
    return (
        tuple(Content(one.element, one.mass) for one in lot.amount.contents or () if one.mass)
        or None
    )


def proven(data: bytes, said: Mapping[str, Any]) -> Trail | None:
    """The trail of a foreign lot, if these bytes are the bundle that its declaration names.

    `said` are the members of `Foreign`. None for any other bytes, and for a bundle that does
    not hold: then the lot is not followed, and stays the gap that it is.
    """
    if sha256(data).hexdigest() != said.get("bundle"):
        return None
    found = verify(data, Trust(str(said.get("ledger", ""))))
    if found.report.verdict != "supported" or found.lot is None:
        return None
    here = (found.lot.lot, found.lot.head, found.report.size, found.report.root)
    if here != (said.get("lot"), said.get("event"), said.get("size"), said.get("root")):
        return None
    return found.trail
