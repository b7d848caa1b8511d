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

from collections.abc import Callable, MutableMapping
from typing import Any, Literal

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
    Scope,
    Suspend,
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
    an index into `MODELS`; `holds` are (party, reason).
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


class Party(msgspec.Struct, frozen=True, array_like=True):
    """A party, its roles and facts, and why it is suspended, if it is."""

    party: str
    roles: tuple[str, ...]
    facts: dict[str, Any]
    suspended: str = ""


class Key(msgspec.Struct, frozen=True, array_like=True):
    """A public key (vkey) and what it may sign; revoked keys stay known."""

    vkey: str
    party: str
    scope: Scope = Scope()
    revoked: bool = False

    @property
    def controls(self) -> bool:
        """Whether this is the party's own key rather than a device's."""
        return self.vkey.split("+", 1)[0] == self.party


class Governance(msgspec.Struct, frozen=True, array_like=True):
    """Who governs: vkeys and how many must sign, the log's key and origin."""

    keys: tuple[str, ...]
    threshold: int
    log_key: str
    origin: str
    demo: bool


class Registered(msgspec.Struct, frozen=True, array_like=True):
    """Something that is registered once: a site, a series of tags, a certificate."""

    subject: str
    kind: str
    by: str
    facts: dict[str, Any]


class _Opening(msgspec.Struct):
    """A lot that the event at hand is opening."""

    effect: Open
    basis: set[str]
    model: int = 0


class Books:
    """All that the rules need to know. Mappings may be partial: see `rules.needs`.

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

    def finish(self, event_id: str, changed: frozenset[str]) -> None:
        """An event is done: its lots have it as their head, new ones get their model."""
        for lot_id, opening in self._openings.items():
            lot = self.lots[lot_id]
            basis = opening.effect.basis or ("wet" if "wet" in opening.basis else "dry")
            amount = lot.amount
            if opening.effect.dry is not None:
                amount = msgspec.structs.replace(amount, dry=opening.effect.dry)
            elif basis == "dry":
                amount = msgspec.structs.replace(amount, dry=amount.mass)
            if opening.effect.pieces is not None:
                amount = msgspec.structs.replace(amount, pieces=opening.effect.pieces)
            model = _model(amount, opening.model, opening.effect.identity_kept)
            self.lots[lot_id] = msgspec.structs.replace(
                lot, basis=basis, amount=amount, model=model
            )
        self._openings.clear()
        for lot_id in changed:
            found = self.lots.get(lot_id)
            if found is not None:
                state = "closed" if found.amount.empty else found.state
                self.lots[lot_id] = msgspec.structs.replace(found, head=event_id, state=state)

    # --- who may act -------------------------------------------------------------------

    def _govern(self, event_id: str, by: str, effect: Govern) -> None:
        self.ledger = self.ledger or event_id
        self.governance = Governance(
            effect.keys, effect.threshold, effect.log_key, effect.origin, effect.demo
        )
        for vkey in (*effect.keys, effect.log_key):
            self.publics[public_part(vkey)] = vkey

    def _adopt(self, event_id: str, by: str, effect: Adopt) -> None:
        self.tolerances = dict(effect.tolerances)

    def _admit(self, event_id: str, by: str, effect: Admit) -> None:
        self.parties[effect.party] = Party(effect.party, effect.roles, effect.facts)

    def _suspend(self, event_id: str, by: str, effect: Suspend) -> None:
        party = self.parties[effect.party]
        self.parties[effect.party] = msgspec.structs.replace(party, suspended=effect.reason)

    def _authorize(self, event_id: str, by: str, effect: Authorize) -> None:
        self.keys[key_ref(effect.key)] = Key(effect.key, effect.party, effect.scope)
        self.publics[public_part(effect.key)] = effect.key

    def _revoke(self, event_id: str, by: str, effect: Revoke) -> None:
        ref = key_ref(effect.key)
        self.keys[ref] = msgspec.structs.replace(self.keys[ref], revoked=True)

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
        opening.basis.add(basis)
        opening.model = max(opening.model, model)
        amount = part if not lot.amount.mass else lot.amount + part
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
        model = _model(amount, lot.model, True) if differences else lot.model
        self.lots[effect.lot] = msgspec.structs.replace(
            lot, amount=amount, basis=basis, model=model
        )
        return differences

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
        if effect.first:
            self.register[effect.subject] = Registered(
                effect.subject, effect.kind, by, effect.facts
            )


def _model(amount: Amount, inherited: int, identity_kept: bool) -> int:
    """The strictest model that is still true of a lot that was just filled.

    Several origins together are no longer identity preserved; known ones together with
    unknown ones are controlled blending at best.
    """
    kinds = {key.split("|", 1)[0] for key, _ in amount.origins}
    if "unknown" in kinds and len(kinds) > 1:
        return max(inherited, MODELS.index("controlled blending"))
    if len(amount.origins) > 1 and not identity_kept:
        return max(inherited, MODELS.index("segregated"))
    return inherited


_APPLY: dict[type[Effect], Callable[..., list[Difference] | None]] = {
    Govern: Books._govern,
    Adopt: Books._adopt,
    Admit: Books._admit,
    Suspend: Books._suspend,
    Authorize: Books._authorize,
    Revoke: Books._revoke,
    Open: Books._open,
    Gain: Books._gain,
    Flow: Books._flow,
    Loss: Books._loss,
    Close: Books._close,
    Measure: Books._measure,
    Depart: Books._depart,
    Arrive: Books._arrive,
    Return: Books._return,
    Hold: Books._hold,
    Release: Books._release,
    Claim: Books._claim,
}
