"""The books: what every lot, party and key is now, as a fold over effects.

`Books` holds frozen values in plain mappings. `apply` carries out one effect and trusts
that `rules` has found nothing wrong with it; it never reads an event, so a new event type
changes nothing here.

    state of a lot        by                          to
    held                  Depart                      in-transit
    in-transit            Arrive / Return             held
    held                  Flow, Loss of all there is  closed
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal

import msgspec

from ..effects import (
    Account,
    Admit,
    Adopt,
    Arrive,
    Authorize,
    Claim,
    Close,
    Credit,
    Debit,
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
    Rotate,
    Scope,
    Suspend,
    Void,
)
from .amount import Amount
from .measurement import Difference, measured

__all__ = [
    "MODELS",
    "Books",
    "Governance",
    "Key",
    "Lot",
    "Party",
    "Registered",
    "key_ref",
    "public_part",
]

MODELS = (
    "identity preserved",
    "segregated",
    "controlled blending",
    "mass balance",
    "book and claim",
)
"""Chain-of-custody models of ISO 22095, strictest first; a lot's only ever degrades."""


def key_ref(vkey: str) -> str:
    """``NAME+ID``: what a signature line says of the key that made it."""
    name, key_id, _ = vkey.split("+", 2)  # base64 may hold a plus sign as well
    return f"{name}+{key_id}"


def public_part(vkey: str) -> str:
    """The raw public key of a vkey, as it is spelled there."""
    return vkey.split("+", 2)[2]


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """An identified quantity of one material, as the books have it.

    `head` is the id of the last event that changed it, `opened` of the first. In transit,
    `taker`, `dispatch` and `sent` say to whom, by which event, at what weight. `model` is
    an index into `MODELS`; `holds` are (party, reason). `undo` is the lot as it was before
    its head, packed (empty: the head opened it; None: the head cannot be voided), and
    `peers` how many lots the head touched.
    """

    lot: str
    material: str
    holder: str
    basis: str
    amount: Amount
    head: str
    opened: str
    state: Literal["held", "in-transit", "closed"] = "held"
    taker: str = ""
    dispatch: str = ""
    sent: int = 0
    model: int = 0
    holds: tuple[tuple[str, str], ...] = ()
    undo: bytes | None = None
    peers: int = 0


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Lot).decode


class Party(msgspec.Struct, frozen=True, array_like=True):
    """A party, its roles and facts, why it is suspended, if it is, and which key may come
    next (a commitment) or recover it (a vkey).
    """

    party: str
    roles: tuple[str, ...]
    facts: dict[str, Any]
    suspended: str = ""
    next: str = ""
    recovery: str = ""


class Key(msgspec.Struct, frozen=True, array_like=True):
    """A public key (vkey) and what it may sign; revoked keys stay known.

    `disputed_from`: what it signed from that index on is marked as disputed.
    """

    vkey: str
    party: str
    scope: Scope = Scope()
    revoked: bool = False
    disputed_from: int | None = None
    recovery: bool = False

    @property
    def controls(self) -> bool:
        """Whether this is the party's own key rather than a device's or for recovery.

        A key that is bound to some types, to a time or to a mass is a device's, whatever its name.
        """
        return self.vkey.split("+", 1)[0] == self.party and self.scope == Scope()


class Governance(msgspec.Struct, frozen=True, array_like=True):
    """Who governs: vkeys and how many must sign, the log's key and origin.

    `log_keys` are all that ever signed checkpoints, the present one last; `all_keys` all
    that ever governed.
    """

    keys: tuple[str, ...]
    threshold: int
    log_key: str
    origin: str
    demo: bool
    version: int = 0
    log_keys: tuple[str, ...] = ()
    all_keys: tuple[str, ...] = ()


class Registered(msgspec.Struct, frozen=True, array_like=True):
    """Something that is registered once: a site, a certificate, an incident, an account.

    `status` is the last that was said of it in the same kind of claim.
    """

    subject: str
    kind: str
    by: str
    facts: dict[str, Any]
    status: str = ""


class _Opening(msgspec.Struct):
    """A lot that the event at hand is opening."""

    effect: Open
    basis: set[str]
    model: int = 0


class Books:
    """All that the rules need to know. Mappings may be partial: see `registration.needs`.

    `lots` and `parties` by id, `keys` by `key_ref`, `publics` from the raw public key
    (as spelled in the vkey) to the vkey it is known by, `register` by subject. `moved`
    collects (source, target, milligrams) of each flow until somebody takes them.
    """

    def __init__(
        self,
        lots: MutableMapping[str, Lot] | None = None,
        register: MutableMapping[str, Registered] | None = None,
    ) -> None:
        self.lots: MutableMapping[str, Lot] = {} if lots is None else lots
        self.register: MutableMapping[str, Registered] = {} if register is None else register
        self.parties: dict[str, Party] = {}
        self.keys: dict[str, Key] = {}
        self.publics: dict[str, str] = {}
        self.governance: Governance | None = None
        self.tolerances: dict[str, int] = {}
        self.ledger = ""
        self.moved: list[tuple[str, str, int]] = []
        self._openings: dict[str, _Opening] = {}

    def apply(self, event_id: str, by: str, effect: Effect) -> list[Difference]:
        """Carry out one effect; what was measured beyond tolerance is returned."""
        return _APPLY[type(effect)](self, event_id, by, effect) or []

    def finish(
        self,
        event_id: str,
        changed: frozenset[str],
        before: Mapping[str, Lot] | None = None,
    ) -> None:
        """An event is done: its lots have it as their head, new ones get their model.

        `before` are the lots as they were, if the event is one that can be voided.
        """
        peers = len(self._openings) + len(changed)
        for lot_id, opening in self._openings.items():
            lot = self.lots[lot_id]
            effect = opening.effect
            basis = effect.basis or ("wet" if "wet" in opening.basis else "dry")
            amount = lot.amount
            dry = amount.mass if effect.dry is None and basis == "dry" else effect.dry
            if dry is not None and dry != amount.dry:
                amount = msgspec.structs.replace(amount, dry=dry)
            if (effect.pieces is not None or effect.recast) and effect.pieces != amount.pieces:
                amount = msgspec.structs.replace(amount, pieces=effect.pieces)
            model = _model(_tracked(amount), opening.model, effect.identity_kept)
            self.lots[lot_id] = msgspec.structs.replace(
                lot,
                basis=basis,
                amount=amount,
                model=model,
                undo=None if before is None else b"",
                peers=peers,
            )
        self._openings.clear()
        for lot_id in changed:
            found = self.lots.get(lot_id)
            if found is None:
                continue
            was = None if before is None else before.get(lot_id)
            if was is not None and was.undo is not None:
                was = msgspec.structs.replace(was, undo=None)
            self.lots[lot_id] = msgspec.structs.replace(
                found,
                head=event_id,
                state="closed" if found.amount.empty else found.state,
                undo=None if was is None else _pack(was),
                peers=peers,
            )

    # --- who may act -------------------------------------------------------------------

    def _govern(self, event_id: str, by: str, effect: Govern) -> None:
        self.ledger = self.ledger or event_id
        before = self.governance.log_keys if self.governance else ()
        log_keys = (*(key for key in before if key != effect.log_key), effect.log_key)
        ever = {*effect.keys, *(self.governance.all_keys if self.governance else ())}
        self.governance = Governance(
            effect.keys,
            effect.threshold,
            effect.log_key,
            effect.origin,
            effect.demo,
            effect.version,
            log_keys,
            tuple(sorted(ever)),
        )
        for vkey in (*effect.keys, effect.log_key):
            self.publics[public_part(vkey)] = vkey

    def _adopt(self, event_id: str, by: str, effect: Adopt) -> None:
        self.tolerances = dict(effect.tolerances)

    def _admit(self, event_id: str, by: str, effect: Admit) -> None:
        self.parties[effect.party] = Party(
            effect.party, effect.roles, effect.facts, "", effect.next, effect.recovery
        )
        if effect.recovery:
            self.keys[key_ref(effect.recovery)] = Key(effect.recovery, effect.party, recovery=True)
            self.publics[public_part(effect.recovery)] = effect.recovery

    def _suspend(self, event_id: str, by: str, effect: Suspend) -> None:
        party = self.parties[effect.party]
        self.parties[effect.party] = msgspec.structs.replace(
            party, suspended="" if effect.lifted else effect.reason
        )

    def _authorize(self, event_id: str, by: str, effect: Authorize) -> None:
        self.keys[key_ref(effect.key)] = Key(effect.key, effect.party, effect.scope)
        self.publics[public_part(effect.key)] = effect.key

    def _revoke(self, event_id: str, by: str, effect: Revoke) -> None:
        ref = key_ref(effect.key)
        self.keys[ref] = msgspec.structs.replace(
            self.keys[ref], revoked=True, disputed_from=effect.disputed_from
        )

    def _rotate(self, event_id: str, by: str, effect: Rotate) -> None:
        for ref, key in list(self.keys.items()):
            if key.party == effect.party and key.controls and not key.revoked:
                self.keys[ref] = msgspec.structs.replace(key, revoked=True)
        self.keys[key_ref(effect.key)] = Key(effect.key, effect.party)
        self.publics[public_part(effect.key)] = effect.key
        self.parties[effect.party] = msgspec.structs.replace(
            self.parties[effect.party], next=effect.next
        )

    # --- mass --------------------------------------------------------------------------

    def _open(self, event_id: str, by: str, effect: Open) -> None:
        self._openings[effect.lot] = _Opening(effect, set())
        self.lots[effect.lot] = Lot(
            effect.lot,
            effect.material,
            effect.holder,
            effect.basis or "dry",
            Amount(),
            event_id,
            event_id,
        )

    def _gain(self, event_id: str, by: str, effect: Gain) -> None:
        opening = self._openings[effect.lot].effect
        dry = opening.dry if effect.mass and not self.lots[effect.lot].amount.mass else None
        self._fill(
            effect.lot,
            Amount.fresh(effect.mass, dry, None, effect.origin.key, effect.contents),
            opening.basis or "dry",
            0,
        )

    def _flow(self, event_id: str, by: str, effect: Flow) -> None:
        source = self.lots[effect.source]
        mass, pieces = source.amount.taken(effect.mass, effect.pieces)
        part, rest = source.amount.split(mass, pieces, effect.contents)
        self.moved.append((effect.source, effect.target, part.mass))
        self.lots[effect.source] = msgspec.structs.replace(source, amount=rest)
        if effect.target in self._openings:
            self._fill(effect.target, part, source.basis, source.model)

    def _fill(self, lot_id: str, part: Amount, basis: str, model: int) -> None:
        lot = self.lots[lot_id]
        opening = self._openings[lot_id]
        amount = lot.amount + part if opening.basis else part
        opening.basis.add(basis)
        opening.model = max(opening.model, model)
        self.lots[lot_id] = msgspec.structs.replace(lot, amount=amount)

    def _loss(self, event_id: str, by: str, effect: Loss) -> None:
        lot = self.lots[effect.lot]
        mass, pieces = lot.amount.taken(effect.mass, effect.pieces)
        if effect.reason == "moisture":
            rest = lot.amount.without_water(mass)
        else:
            _, rest = lot.amount.split(mass, pieces, effect.contents)
        self.lots[effect.lot] = msgspec.structs.replace(lot, amount=rest)

    def _close(self, event_id: str, by: str, effect: Close) -> None:
        lot = self.lots[effect.lot]
        self.lots[effect.lot] = msgspec.structs.replace(lot, amount=Amount())

    def _measure(self, event_id: str, by: str, effect: Measure) -> list[Difference]:
        lot = self.lots[effect.lot]
        amount, basis, differences = measured(lot.amount, lot.basis, effect, self.tolerances)
        model = lot.model
        if any(found.code in _MORE for found in differences):
            model = _model(_tracked(amount) | _net(amount), model, True)
        self.lots[effect.lot] = msgspec.structs.replace(
            lot, amount=amount, basis=basis, model=model
        )
        return differences

    def _void(self, event_id: str, by: str, effect: Void) -> None:
        lot = self.lots[effect.lot]
        before = _unpack(lot.undo) if lot.undo else None
        if before is None:
            amount = Amount(pieces=None)
            self.lots[effect.lot] = msgspec.structs.replace(lot, amount=amount, state="closed")
        else:
            self.lots[effect.lot] = msgspec.structs.replace(before, head=lot.head, holds=lot.holds)

    # --- claims on mass that is not followed -------------------------------------------

    def _account(self, event_id: str, by: str, effect: Account) -> None:
        facts = {
            "element": effect.element,
            "model": effect.model,
            "begins": effect.begins,
            "ends": effect.ends,
            "balance": 0,
        }
        subject = f"account:{effect.account}"
        self.register[subject] = Registered(subject, "account", by, facts, "open")

    def _credit(self, event_id: str, by: str, effect: Credit) -> None:
        account = self._booked(effect.account, effect.mass)
        if effect.lot:
            once = f"credit:{effect.lot}"
            self.register[once] = Registered(once, "credit", by, {"account": effect.account})
            self.degrade(effect.lot, account.facts["model"])
        else:
            before = self._booked(effect.carried, -effect.mass)
            self.register[before.subject] = msgspec.structs.replace(before, status="closed")

    def _debit(self, event_id: str, by: str, effect: Debit) -> None:
        account = self._booked(effect.account, -effect.mass)
        if effect.lot:
            self.degrade(effect.lot, account.facts["model"])

    def _booked(self, account: str, change: int) -> Registered:
        found = self.register[f"account:{account}"]
        facts = {**found.facts, "balance": found.facts["balance"] + change}
        changed = msgspec.structs.replace(found, facts=facts)
        self.register[found.subject] = changed
        return changed

    def degrade(self, lot_id: str, model: str) -> None:
        """A lot's chain-of-custody model is no better than this from here on."""
        lot = self.lots[lot_id]
        worse = max(lot.model, MODELS.index(model.replace("-", " ")))
        self.lots[lot_id] = msgspec.structs.replace(lot, model=worse)

    # --- custody -----------------------------------------------------------------------

    def _depart(self, event_id: str, by: str, effect: Depart) -> list[Difference]:
        differences: list[Difference] = []
        if effect.mass is not None:
            weight = Measure(effect.lot, "dispatch", effect.mass, self.lots[effect.lot].basis)
            differences = self._measure(event_id, by, weight)
        lot = self.lots[effect.lot]
        self.lots[effect.lot] = msgspec.structs.replace(
            lot,
            state="in-transit",
            taker=effect.taker,
            dispatch=event_id,
            sent=lot.amount.mass,
        )
        return differences

    def _arrive(self, event_id: str, by: str, effect: Arrive) -> list[Difference]:
        self._here(effect.lot, effect.taker)
        return self._measure(event_id, by, effect.measure)

    def _return(self, event_id: str, by: str, effect: Return) -> None:
        self._here(effect.lot, self.lots[effect.lot].holder)

    def _here(self, lot_id: str, holder: str) -> None:
        self.lots[lot_id] = msgspec.structs.replace(
            self.lots[lot_id], holder=holder, state="held", taker="", dispatch="", sent=0
        )

    def _hold(self, event_id: str, by: str, effect: Hold) -> None:
        lot = self.lots[effect.lot]
        holds = tuple(sorted({*lot.holds, (effect.by, effect.reason)}))
        self.lots[effect.lot] = msgspec.structs.replace(lot, holds=holds)

    def _release(self, event_id: str, by: str, effect: Release) -> None:
        lot = self.lots[effect.lot]
        holds = tuple(hold for hold in lot.holds if hold[0] != effect.by)
        self.lots[effect.lot] = msgspec.structs.replace(lot, holds=holds)

    def _claim(self, event_id: str, by: str, effect: Claim) -> None:
        known = self.register.get(effect.subject)
        if effect.first:
            self.register[effect.subject] = Registered(
                effect.subject, effect.kind, by, effect.facts, effect.status
            )
        elif known is not None and known.kind == effect.kind:
            self.register[effect.subject] = msgspec.structs.replace(known, status=effect.status)


_MORE = frozenset({"mass.excess", "assay.higher"})
"""Differences that bring in matter of unknown origin."""


def _net(amount: Amount) -> set[str]:
    return {key for key, _ in amount.origins}


def _tracked(amount: Amount) -> set[str]:
    """Origins of the tracked substances, or of the net mass where none is known to be here.

    Alloy and reagents are in the net mass only: the gold of a ring is no less of one mine
    for the copper in it.
    """
    return {key for e in amount.contents or () for key, _ in e.origins} or _net(amount)


def _model(origins: set[str], inherited: int, identity_kept: bool) -> int:
    """The strictest model that is still true of a lot with matter of these origins.

    Several origins together are no longer identity preserved; known ones together with
    unknown ones are controlled blending at best.
    """
    if len(origins) < 2:
        return inherited
    kinds = {key.split("|", 1)[0] for key in origins}
    if "unknown" in kinds and len(kinds) > 1:
        return max(inherited, MODELS.index("controlled blending"))
    if len(origins) > 1 and not identity_kept:
        return max(inherited, MODELS.index("segregated"))
    return inherited


_APPLY: dict[type[Effect], Callable[..., list[Difference] | None]] = {
    Govern: Books._govern,
    Adopt: Books._adopt,
    Admit: Books._admit,
    Suspend: Books._suspend,
    Authorize: Books._authorize,
    Rotate: Books._rotate,
    Revoke: Books._revoke,
    Open: Books._open,
    Gain: Books._gain,
    Flow: Books._flow,
    Loss: Books._loss,
    Close: Books._close,
    Measure: Books._measure,
    Void: Books._void,
    Account: Books._account,
    Credit: Books._credit,
    Debit: Books._debit,
    Depart: Books._depart,
    Arrive: Books._arrive,
    Return: Books._return,
    Hold: Books._hold,
    Release: Books._release,
    Claim: Books._claim,
}
