"""Custody: a hand-over takes two, and a lot on hold stays where it is."""

from __future__ import annotations

from collections.abc import Iterator

from ...effects import Arrive, Depart, Flow, Hold, Release, Return
from ...findings import Finding
from ..books import Books
from .case import Case, at_lot
from .mass import measurable

__all__ = ["HOLD_ROLES", "in_transit", "known_party", "may_hold", "not_on_hold"]

HOLD_ROLES = frozenset({"authority", "auditor", "issuer", "scheme", "state-agent"})
"""Roles that may hold a lot that is not theirs."""


def known_party(books: Books, effect: Depart, case: Case) -> Iterator[Finding]:
    """A lot is sent by its holder to somebody else, who is in the ledger and may act."""
    lot = books.lots.get(effect.lot)
    if lot is not None and effect.giver != lot.holder:
        yield at_lot(
            "custody.not-giver",
            effect.lot,
            f"lot {effect.lot} is held by {lot.holder}, it would be sent by {effect.giver}",
        )
    party = books.parties.get(effect.taker)
    if party is None:
        yield Finding(
            code="party.unknown",
            message=f"no party {effect.taker} here, so lot {effect.lot} cannot go there",
            subject=f"party:{effect.taker}",
        )
    elif party.suspended:
        yield Finding(
            code="party.suspended",
            message=f"{effect.taker} is suspended: {party.suspended}",
            subject=f"party:{effect.taker}",
        )
    if effect.taker == effect.giver:
        yield at_lot(
            "custody.to-self",
            effect.lot,
            f"lot {effect.lot} would go from {effect.giver} to {effect.taker}",
        )


def not_on_hold(books: Books, effect: Depart | Flow, case: Case) -> Iterator[Finding]:
    """A lot on hold stays where it is, and goes into no other."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is not None and lot.holds:
        by, reason = lot.holds[0]
        yield at_lot("lot.on-hold", lot_id, f"lot {lot_id} is held back by {by}: {reason}")


def in_transit(books: Books, effect: Arrive | Return, case: Case) -> Iterator[Finding]:
    """A hand-over ends what the named dispatch began, between the same two parties."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        yield at_lot("lot.unknown", effect.lot, f"no lot {effect.lot} here")
        return
    if lot.state != "in-transit":
        yield at_lot(
            "custody.not-in-transit",
            effect.lot,
            f"lot {effect.lot} is not in transit; {lot.holder} holds it",
        )
        return
    if effect.dispatch != lot.dispatch:
        yield at_lot(
            "custody.dispatch-mismatch",
            effect.lot,
            f"lot {effect.lot} travels under dispatch {lot.dispatch[:12]}, "
            f"not {effect.dispatch[:12]}",
        )
    if isinstance(effect, Arrive):
        if effect.taker != lot.taker or effect.taker not in case.named:
            yield at_lot(
                "custody.not-taker",
                effect.lot,
                f"lot {effect.lot} is addressed to {lot.taker}, not to {effect.taker}",
            )
        if effect.giver != lot.holder:
            yield at_lot(
                "custody.not-giver",
                effect.lot,
                f"lot {effect.lot} comes from {lot.holder}, not from {effect.giver}",
            )
        yield from measurable(books, effect.measure, case)
    else:
        expected = lot.taker if effect.side == "taker" else lot.holder
        if effect.by != expected or effect.by not in case.named:
            yield at_lot(
                f"custody.not-{effect.side}",
                effect.lot,
                f"lot {effect.lot} travels from {lot.holder} to {lot.taker}; "
                f"{effect.by} cannot send it back",
            )


def may_hold(books: Books, effect: Hold | Release, case: Case) -> Iterator[Finding]:
    """The holder or an authority holds a lot back; whoever did so releases it."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        yield at_lot("lot.unknown", effect.lot, f"no lot {effect.lot} here")
        return
    if isinstance(effect, Release):
        if effect.by not in {by for by, _ in lot.holds} or effect.by not in case.named:
            yield at_lot(
                "lot.not-on-hold",
                effect.lot,
                f"lot {effect.lot} is not held back by {effect.by}",
            )
        return
    party = books.parties.get(effect.by)
    may = lot.holder == effect.by or (party and HOLD_ROLES.intersection(party.roles))
    if not may or effect.by not in case.named:
        yield at_lot(
            "custody.not-holder",
            effect.lot,
            f"lot {effect.lot} is held by {lot.holder}; {effect.by} cannot hold it back",
        )
