"""What a statement must satisfy: the rules, written once, for the writer and the auditor.

1. A rule is a function (books, effect, case) that yields findings; the table `RULES` at
   the end says which rules bind which effect. It never changes the books.
2. A finding of severity `error` means that the effect cannot be booked. The writer then
   refuses the whole statement; the auditor reports it and skips the effect.
3. Rules read effects, never event types, so a new event type cannot forget one.
4. Messages hold the two values that disagree.

`specs/accounting.md` and `specs/verification.md` state each rule in words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import msgspec

from ..effects import (
    Admit,
    Adopt,
    Arrive,
    Authorize,
    Claim,
    Close,
    Depart,
    Effect,
    Flow,
    Gain,
    Govern,
    Hold,
    Loss,
    Measure,
    Open,
    Release,
    Return,
    Revoke,
    Suspend,
)
from ..errors import LedgerError
from ..events import GOVERNANCE, Event
from ..findings import Finding
from ..log import note
from ..values import BILLION, Content
from ..words import mass as in_words
from .books import Books, Lot, key_ref, public_part
from .demo_keys import is_demo_key
from .measurement import dry_after, tolerance

__all__ = ["HOLD_ROLES", "RULES", "Case"]

HOLD_ROLES = frozenset({"authority", "auditor", "issuer", "scheme", "state-agent"})
"""Roles that may hold a lot that is not theirs."""


class Case(msgspec.Struct):
    """The event at hand, while its effects are judged one after the other.

    `signed` are the vkeys whose signatures under the statement are good; `opened` the
    lots it has opened so far; `before` the lots as they were; `beyond` the milligrams of
    an element that came out of a lot beyond what was in it.
    """

    event: Event
    event_id: str
    signed: frozenset[str]
    opened: dict[str, Open] = {}
    before: dict[str, Lot] = {}
    beyond: dict[tuple[str, str], int] = {}

    @property
    def named(self) -> tuple[str, ...]:
        """The parties whose signatures the event says it has."""
        return (self.event.by, *self.event.cosigners)


Rule: TypeAlias = Callable[[Books, Any, Case], Iterator[Finding]]


def _lot(code: str, lot: str, message: str, hint: str | None = None) -> Finding:
    return Finding(code=code, message=message, subject=f"lot:{lot}", hint=hint)


# --- who may act -----------------------------------------------------------------------


def by_governance(books: Books, effect: Effect, case: Case) -> Iterator[Finding]:
    """Only governance admits, suspends and adopts."""
    if case.event.by != GOVERNANCE:
        yield Finding(
            code="governance.required",
            message=f"{case.event.type} must be signed by {GOVERNANCE}, not by {case.event.by}",
        )


def govern(books: Books, effect: Govern, case: Case) -> Iterator[Finding]:
    """Governance keys are distinct, sound, named so, and all of them sign the beginning."""
    publics = [public_part(vkey) for vkey in (*effect.keys, effect.log_key)]
    if len(set(publics)) < len(publics):
        yield Finding(
            code="key.two-roles",
            message="two of the governance and log keys are the same raw key",
        )
    if not 1 <= effect.threshold <= len(effect.keys):
        yield Finding(
            code="governance.threshold-wrong",
            message=f"{effect.threshold} of {len(effect.keys)} governance keys cannot be met",
        )
    for vkey in (*effect.keys, effect.log_key):
        yield from _sound(books, vkey, effect.demo)
        name = vkey.split("+", 1)[0]
        if vkey != effect.log_key and not name.startswith(f"{GOVERNANCE}/"):
            yield Finding(
                code="key.name-mismatch",
                message=f"a governance key is named {GOVERNANCE}/..., not {name}",
            )
        if vkey == effect.log_key and name != effect.origin:
            yield Finding(
                code="key.name-mismatch",
                message=f"the log's key is named {name}, its origin is {effect.origin}",
            )
    for vkey in effect.keys:
        if vkey not in case.signed:
            yield Finding(
                code="key.no-possession",
                message=f"governance key {key_ref(vkey)} has not signed the ledger's beginning",
            )
    if books.governance is not None:
        yield Finding(
            code="genesis.repeated", message=f"ledger {books.ledger[:12]} has begun already"
        )


def _sound(books: Books, vkey: str, demo: bool) -> Iterator[Finding]:
    """A key parses, is not weak, and is no demo key outside a demo ledger."""
    try:
        verifier = note.Verifier.parse(vkey)
    except LedgerError as error:
        yield Finding(code="key.weak", message=f"key {key_ref(vkey)} is not usable: {error}")
        return
    if verifier.kind != note.ED25519:
        yield Finding(
            code="key.weak", message=f"key {key_ref(vkey)} is of kind {verifier.kind}, not 1"
        )
    if not demo and is_demo_key(verifier.public_key):
        yield Finding(
            code="key.demo",
            message=f"key {key_ref(vkey)} is a public demo key, and this ledger is real",
            hint="make a key of your own: oretrail key new NAME",
        )


def admit(books: Books, effect: Admit, case: Case) -> Iterator[Finding]:
    """A party is admitted once, and not under the reserved name."""
    if effect.party in books.parties or effect.party == GOVERNANCE:
        yield Finding(
            code="party.exists",
            message=f"party {effect.party} is in the ledger already",
            subject=f"party:{effect.party}",
        )


def authorize(books: Books, effect: Authorize, case: Case) -> Iterator[Finding]:
    """A new key is the party's, is sound, has one role, and proves that somebody holds it."""
    subject = f"party:{effect.party}"
    if effect.party not in books.parties:
        yield Finding(
            code="party.unknown", message=f"no party {effect.party} here", subject=subject
        )
    if case.event.by not in (GOVERNANCE, effect.party):
        yield Finding(
            code="key.not-controller",
            message=f"keys of {effect.party} are not for {case.event.by} to authorize",
            subject=subject,
        )
    elif case.event.by == effect.party:
        yield from _controlled(books, effect.party, case)
    name = effect.key.split("+", 1)[0]
    if name.split("/", 1)[0] != effect.party:
        yield Finding(
            code="key.name-mismatch",
            message=f"a key of {effect.party} cannot be named {name}",
            subject=subject,
        )
    demo = books.governance is not None and books.governance.demo
    yield from _sound(books, effect.key, demo)
    known = books.publics.get(public_part(effect.key))
    if known is not None or key_ref(effect.key) in books.keys:
        known = known or effect.key
        yield Finding(
            code="key.exists" if known == effect.key else "key.two-roles",
            message=f"the raw key of {key_ref(effect.key)} is in use as {key_ref(known)}",
            subject=subject,
        )
    if effect.key not in case.signed:
        yield Finding(
            code="key.no-possession",
            message=f"key {key_ref(effect.key)} has not signed, so nobody showed to hold it",
            subject=subject,
            hint=f"sign the statement with that key too: --key {name}",
        )


def _controlled(books: Books, party: str, case: Case) -> Iterator[Finding]:
    """A party's own key signed, not only a device."""
    keys = (books.keys.get(key_ref(vkey)) for vkey in case.signed)
    if not any(k and k.party == party and k.controls and not k.revoked for k in keys):
        yield Finding(
            code="key.not-controller",
            message=f"a device key cannot dispose of keys of {party}; its own key must sign",
            subject=f"party:{party}",
        )


def revoke(books: Books, effect: Revoke, case: Case) -> Iterator[Finding]:
    """A known key is revoked once, by its party or by governance."""
    key = books.keys.get(key_ref(effect.key))
    if key is None or key.party != effect.party or key.vkey != effect.key:
        yield Finding(
            code="key.unknown",
            message=f"{effect.party} has no key {key_ref(effect.key)}",
            subject=f"party:{effect.party}",
        )
    elif key.revoked:
        yield Finding(code="key.revoked", message=f"key {key_ref(effect.key)} is revoked already")
    if case.event.by not in (GOVERNANCE, effect.party):
        yield Finding(
            code="key.not-controller",
            message=f"keys of {effect.party} are not for {case.event.by} to revoke",
        )
    elif case.event.by == effect.party:
        yield from _controlled(books, effect.party, case)


def suspend(books: Books, effect: Suspend, case: Case) -> Iterator[Finding]:
    """Only a known party can be suspended."""
    if effect.party not in books.parties:
        yield Finding(code="party.unknown", message=f"no party {effect.party} here")


# --- mass ------------------------------------------------------------------------------


def holder_signs(books: Books, effect: Any, case: Case) -> Iterator[Finding]:
    """Whoever holds the lot signs, and the lot is at hand."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is None:
        yield _lot("lot.unknown", lot_id, f"no lot {lot_id} here")
        return
    if lot.state == "in-transit":
        yield _lot(
            "lot.in-transit",
            lot_id,
            f"lot {lot_id} is in transit to {lot.taker}, so {lot.holder} cannot dispose of it",
            hint=f"{lot.taker} runs: oretrail transfer receive --dispatch {lot.dispatch}",
        )
    elif lot.holder not in case.named:
        yield _lot(
            "custody.not-holder",
            lot_id,
            f"lot {lot_id} is held by {lot.holder}, not by {', '.join(case.named)}",
        )
    if lot.state == "closed":
        yield _lot(
            "lot.closed",
            lot_id,
            f"lot {lot_id} is used up, nothing is left of it",
            hint=f"oretrail trace {lot_id} --down shows where it went",
        )


def open_lot(books: Books, effect: Open, case: Case) -> Iterator[Finding]:
    """A lot begins once, with whoever signs."""
    if effect.lot in books.lots:
        yield _lot("lot.exists", effect.lot, f"lot {effect.lot} exists already")
    if effect.holder not in case.named:
        yield _lot(
            "custody.not-holder",
            effect.lot,
            f"lot {effect.lot} would begin with {effect.holder}, who has not signed",
        )


def filled_here(books: Books, effect: Gain | Flow, case: Case) -> Iterator[Finding]:
    """A lot is filled only by the event that opens it."""
    lot = effect.target if isinstance(effect, Flow) else effect.lot
    if lot not in case.opened:
        yield _lot(
            "lot.not-opened-here",
            lot,
            f"lot {lot} was not opened by this event, so nothing can flow into it",
        )


def gain(books: Books, effect: Gain, case: Case) -> Iterator[Finding]:
    """Mass comes from a registered site, and contains no more than it weighs."""
    site = effect.origin.site
    if site is not None:
        known = books.register.get(f"site:{site}")
        if known is None or known.kind != "site":
            yield Finding(
                code="site.unknown",
                message=f"no site {site} here, so lot {effect.lot} cannot come from it",
                subject=f"site:{site}",
                hint=f"register it first: oretrail site add --site {site} ...",
            )
    yield from _contents_fit(effect.lot, effect.mass, effect.contents)


def _contents_fit(lot: str, mass: int, contents: tuple[Content, ...] | None) -> Iterator[Finding]:
    elements = [content.element for content in contents or ()]
    if len(set(elements)) < len(elements):
        yield _lot("mass.content-twice", lot, f"lot {lot} names one substance twice")
    inside = sum(content.mass for content in contents or ())
    if inside > mass:
        yield _lot(
            "mass.content-exceeds-mass",
            lot,
            f"lot {lot} of {in_words(mass)} cannot contain {in_words(inside)}",
        )


def enough(books: Books, effect: Flow | Loss, case: Case) -> Iterator[Finding]:
    """Nobody takes more than there is."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is None:
        return
    amount = lot.amount
    if effect.mass is not None and effect.mass > amount.mass:
        yield _lot(
            "mass.overdrawn",
            lot_id,
            f"lot {lot_id} holds {in_words(amount.mass)} {lot.basis}, "
            f"{in_words(effect.mass)} asked",
            hint=f"oretrail trace {lot_id} --down shows where the rest went",
        )
    if effect.pieces is not None and amount.pieces is None:
        yield _lot(
            "pieces.not-counted", lot_id, f"lot {lot_id} is not counted, {effect.pieces} asked"
        )
    elif effect.pieces is not None and effect.pieces > (amount.pieces or 0):
        yield _lot(
            "pieces.overdrawn",
            lot_id,
            f"lot {lot_id} holds {amount.pieces} pieces, {effect.pieces} asked",
        )


def nothing_created(books: Books, effect: Flow | Loss, case: Case) -> Iterator[Finding]:
    """No more of a substance comes out of a lot than went in, beyond the tolerance."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is None or effect.contents is None:
        return
    taken = lot.amount.mass if effect.mass is None else effect.mass
    yield from _contents_fit(
        effect.target if isinstance(effect, Flow) else lot_id, taken, effect.contents
    )
    if lot.amount.contents is None:
        return
    before = case.before.get(lot_id, lot)
    limit = tolerance(books.tolerances, "process")
    for content in effect.contents:
        here = lot.amount.element(content.element)
        whole = before.amount.element(content.element)
        start = whole.mass if whole else 0
        over = content.mass - (here.mass if here else 0)
        if over <= 0:
            continue
        place = (lot_id, content.element)
        case.beyond[place] = case.beyond.get(place, 0) + over
        if case.beyond[place] * BILLION > start * limit:
            yield _lot(
                "mass.element-created",
                lot_id,
                f"lot {lot_id} held {in_words(start)} {content.element}, "
                f"{in_words(start + case.beyond[place])} come out of it",
            )


def nothing_left(books: Books, effect: Close, case: Case) -> Iterator[Finding]:
    """A lot that is closed is used up to the milligram."""
    lot = books.lots.get(effect.lot)
    if lot is not None and lot.amount.mass:
        before = case.before.get(effect.lot, lot).amount.mass
        yield _lot(
            "mass.not-conserved",
            effect.lot,
            f"lot {effect.lot} holds {in_words(before)}, its parts and losses add up to "
            f"{in_words(before - lot.amount.mass)}",
        )


def water_is_there(books: Books, effect: Loss, case: Case) -> Iterator[Finding]:
    """Only water can dry off, within the tolerance of a process."""
    lot = books.lots.get(effect.lot)
    if lot is None or effect.reason != "moisture":
        return
    inside = sum(element.mass for element in lot.amount.contents or ())
    water = lot.amount.mass - (inside if lot.amount.dry is None else lot.amount.dry)
    lost = lot.amount.mass if effect.mass is None else effect.mass
    limit = lot.amount.mass * tolerance(books.tolerances, "process") // BILLION
    if lost > water + limit:
        yield _lot(
            "mass.not-water",
            effect.lot,
            f"lot {effect.lot} holds at most {in_words(water)} of water, "
            f"{in_words(lost)} would dry off",
        )


def measurable(books: Books, effect: Measure, case: Case) -> Iterator[Finding]:
    """Grades are of dry matter, so the dry mass must be known; and they fit into it."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        return
    analytes = [grade.analyte for grade in effect.grades]
    if len(set(analytes)) < len(analytes):
        yield _lot("mass.content-twice", effect.lot, f"lot {effect.lot} names one analyte twice")
    if effect.grades and dry_after(lot.amount, lot.basis, effect) is None:
        yield _lot(
            "assay.moisture-missing",
            effect.lot,
            f"lot {effect.lot} is wet and its moisture unknown, so a grade says nothing",
            hint="give --moisture as well",
        )
    total = sum(grade.grade for grade in effect.grades)
    if total > BILLION:
        yield _lot(
            "mass.content-exceeds-mass",
            effect.lot,
            f"grades of lot {effect.lot} add up to {total} parts per billion",
        )


# --- custody ---------------------------------------------------------------------------


def known_party(books: Books, effect: Depart, case: Case) -> Iterator[Finding]:
    """A lot is sent by its holder to somebody else, who is in the ledger and may act."""
    lot = books.lots.get(effect.lot)
    if lot is not None and effect.giver != lot.holder:
        yield _lot(
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
        yield _lot(
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
        yield _lot("lot.on-hold", lot_id, f"lot {lot_id} is held back by {by}: {reason}")


def in_transit(books: Books, effect: Arrive | Return, case: Case) -> Iterator[Finding]:
    """A hand-over ends what the named dispatch began, between the same two parties."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        yield _lot("lot.unknown", effect.lot, f"no lot {effect.lot} here")
        return
    if lot.state != "in-transit":
        yield _lot(
            "custody.not-in-transit",
            effect.lot,
            f"lot {effect.lot} is not in transit; {lot.holder} holds it",
        )
        return
    if effect.dispatch != lot.dispatch:
        yield _lot(
            "custody.dispatch-mismatch",
            effect.lot,
            f"lot {effect.lot} travels under dispatch {lot.dispatch[:12]}, "
            f"not {effect.dispatch[:12]}",
        )
    if isinstance(effect, Arrive):
        if effect.taker != lot.taker or effect.taker not in case.named:
            yield _lot(
                "custody.not-taker",
                effect.lot,
                f"lot {effect.lot} is addressed to {lot.taker}, not to {effect.taker}",
            )
        if effect.giver != lot.holder:
            yield _lot(
                "custody.not-giver",
                effect.lot,
                f"lot {effect.lot} comes from {lot.holder}, not from {effect.giver}",
            )
        yield from measurable(books, effect.measure, case)
    else:
        expected = lot.taker if effect.side == "taker" else lot.holder
        if effect.by != expected or effect.by not in case.named:
            yield _lot(
                f"custody.not-{effect.side}",
                effect.lot,
                f"lot {effect.lot} travels from {lot.holder} to {lot.taker}; "
                f"{effect.by} cannot send it back",
            )


def may_hold(books: Books, effect: Hold | Release, case: Case) -> Iterator[Finding]:
    """The holder or an authority holds a lot back; whoever did so releases it."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        yield _lot("lot.unknown", effect.lot, f"no lot {effect.lot} here")
        return
    if isinstance(effect, Release):
        if effect.by not in {by for by, _ in lot.holds} or effect.by not in case.named:
            yield _lot(
                "lot.not-on-hold",
                effect.lot,
                f"lot {effect.lot} is not held back by {effect.by}",
            )
        return
    party = books.parties.get(effect.by)
    may = lot.holder == effect.by or (party and HOLD_ROLES.intersection(party.roles))
    if not may or effect.by not in case.named:
        yield _lot(
            "custody.not-holder",
            effect.lot,
            f"lot {effect.lot} is held by {lot.holder}; {effect.by} cannot hold it back",
        )


# --- claims ----------------------------------------------------------------------------


def claim(books: Books, effect: Claim, case: Case) -> Iterator[Finding]:
    """What is registered once is new; what is spoken of is known."""
    kind, _, name = effect.subject.partition(":")
    if effect.first:
        known = books.register.get(effect.subject)
        if known is not None:
            yield Finding(
                code=f"{kind}.exists",
                message=f"{kind} {name} was registered already, by {known.by}",
                subject=effect.subject,
            )
        return
    if kind == "lot":
        there = name in books.lots
    elif kind == "party":
        there = name in books.parties
    elif kind == "ledger":
        there = name == books.ledger
    else:
        there = kind == "event" or effect.subject in books.register
    if not there:
        yield Finding(
            code=f"{kind}.unknown", message=f"no {kind} {name} here", subject=effect.subject
        )


RULES: dict[type[Effect], tuple[Rule, ...]] = {
    Govern: (govern,),
    Adopt: (by_governance,),
    Admit: (by_governance, admit),
    Suspend: (by_governance, suspend),
    Authorize: (authorize,),
    Revoke: (revoke,),
    Open: (open_lot,),
    Gain: (filled_here, gain),
    Flow: (holder_signs, not_on_hold, filled_here, enough, nothing_created),
    Loss: (holder_signs, enough, nothing_created, water_is_there),
    Close: (holder_signs, nothing_left),
    Measure: (holder_signs, measurable),
    Depart: (holder_signs, known_party, not_on_hold),
    Arrive: (in_transit,),
    Return: (in_transit,),
    Hold: (may_hold,),
    Release: (may_hold,),
    Claim: (claim,),
}
"""Effect -> the rules that bind it."""
