"""The closed list of things an event can do to the books.

      events/      many kinds: extracted, split, blended, refined, dispatched ...  one file each
                        \\        |        |        |        /
      effects.py    the list below; this is the narrow waist
                        /        |        |        |        \\
      readers      rules   books   projections   provenance   audit   exports

What people sign is an event, in the trade's words. Everything after it reads these
effects only, so a new event type cannot forget a rule and no reader changes when one
is added. Four laws keep the books simple:

1. A lot is filled only by the event that opens it, so the lot graph has no cycles.
2. An event is many-to-one or one-to-many, never many-to-many: every flow is stated by
   a party, and none is computed.
3. `Flow` is the only effect that makes an edge between lots.
4. Mass is an integer number of milligrams.

Who must have signed is written beside each effect; `custody.rules` holds them to it.
Reasons for the list: specs/decisions/0003-effects.md.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from .values import Content, Grade, Origin

__all__ = [
    "Account",
    "Adopt",
    "Admit",
    "Arrive",
    "Authorize",
    "Claim",
    "Close",
    "Credit",
    "Debit",
    "Depart",
    "Effect",
    "Flow",
    "Gain",
    "Govern",
    "Hold",
    "Loss",
    "Measure",
    "Open",
    "Release",
    "Return",
    "Revoke",
    "Rotate",
    "Scope",
    "Suspend",
    "Void",
    "lots_changed",
    "lots_named",
    "lots_opened",
]


class Scope(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a key may sign; an empty scope bounds nothing, and a controlling key has no other.

    `types` are event types, `until` is compared with the log's own clock at registration
    (never with a claimed time), `max_mass` bounds every mass of an event, in milligrams.
    """

    types: tuple[str, ...] = ()
    until: str | None = None
    max_mass: int | None = None


# --- who may act -----------------------------------------------------------------------


class Govern(msgspec.Struct, frozen=True):
    """A ledger begins, or its governance changes. Signed by: the threshold of these keys,
    and of the ones before them. `keys` and `log_key` are vkeys; `version` counts the changes.
    """

    keys: tuple[str, ...]
    threshold: int
    log_key: str
    origin: str
    demo: bool = False
    version: int = 0


class Adopt(msgspec.Struct, frozen=True):
    """The ledger adopts tolerances, (leg or instrument, ppb). Signed by: governance."""

    tolerances: tuple[tuple[str, int], ...]


class Admit(msgspec.Struct, frozen=True):
    """A party may act in these roles. Signed by: governance.

    `next` commits to the key that may follow the controlling one, `recovery` is the vkey
    that may replace it together with governance.
    """

    party: str
    roles: tuple[str, ...]
    facts: dict[str, Any] = {}
    next: str = ""
    recovery: str = ""


class Suspend(msgspec.Struct, frozen=True):
    """A party may act no longer, or (`lifted`) may act again. Signed by: governance."""

    party: str
    reason: str
    lifted: bool = False


class Authorize(msgspec.Struct, frozen=True):
    """A key (vkey) may sign for a party. Signed by: the party's controller or governance,
    and by the key itself, which proves that somebody holds it.
    """

    party: str
    key: str
    scope: Scope = Scope()


class Rotate(msgspec.Struct, frozen=True):
    """A new controlling key takes the place of the old one. Signed by: the new key, which the
    party committed to beforehand; or governance and the recovery key (`recovered`).

    The old key alone cannot do it, so whoever stole it cannot rotate the owner out.
    """

    party: str
    key: str
    next: str = ""
    recovered: bool = False


class Revoke(msgspec.Struct, frozen=True):
    """A key signs no longer, from this entry on. Signed by: the party or governance.

    `disputed_from` marks what the party signed from that index on; it removes nothing.
    """

    party: str
    key: str
    reason: str = ""
    disputed_from: int | None = None


# --- mass ------------------------------------------------------------------------------


class Open(msgspec.Struct, frozen=True):
    """A lot begins, empty. Signed by: holder.

    `mass`, if given, is what the event says the lot will hold when the event is done:
    the sum is checked against it. `basis` None: dry if everything that flows in is dry.
    `dry` is its dry matter if the event states it, `pieces` its count.
    `identity_kept`: what flows in stays apart inside (bags in a container). `recast`: a
    process made it, so it does not inherit a count of pieces.
    """

    lot: str
    material: str
    holder: str
    mass: int | None = None
    basis: str | None = None
    dry: int | None = None
    pieces: int | None = None
    identity_kept: bool = False
    recast: bool = False


class Gain(msgspec.Struct, frozen=True):
    """Mass enters the books: mined, recovered, declared, added. Signed by: holder.

    `contents` None: what it contains is unknown; (): none of any tracked substance.
    """

    lot: str
    mass: int
    origin: Origin
    contents: tuple[Content, ...] | None = None


class Flow(msgspec.Struct, frozen=True):
    """Mass moves between lots. Signed by: holder of the source.

    `mass` or `pieces`, or neither for all there is; the other follows in proportion.
    `contents` None: in proportion too; else what the target contains, as the process
    made it (a concentrate takes most of the metal and little of the mass).
    """

    source: str
    target: str
    mass: int | None = None
    pieces: int | None = None
    contents: tuple[Content, ...] | None = None


class Loss(msgspec.Struct, frozen=True):
    """Mass leaves the books: tailings, slag, moisture, theft, retirement. Signed by: holder.

    Neither `mass` nor `pieces`: all there is. Water (reason ``moisture``) takes no dry
    matter and no contents with it; anything else takes its part, or `contents` if stated.
    """

    lot: str
    reason: str
    mass: int | None = None
    pieces: int | None = None
    contents: tuple[Content, ...] | None = None


class Close(msgspec.Struct, frozen=True):
    """Nothing may be left in the lot now. Signed by: holder."""

    lot: str


class Measure(msgspec.Struct, frozen=True):
    """A new figure replaces the booked one. Signed by: holder.

    `mass` None: only the composition is measured. `grades` are of the dry matter; an
    element they do not name keeps its booked figure. `leg` names the tolerance that the
    ledger's policy sets for this instrument or leg of the way.
    """

    lot: str
    leg: str
    mass: int | None = None
    basis: str | None = None
    moisture: int | None = None
    grades: tuple[Grade, ...] = ()


class Void(msgspec.Struct, frozen=True):
    """The lot is as it was before `event`, its last one. Signed by: holder.

    `lots` is how many lots the event touched: all of them are voided, or none.
    """

    lot: str
    event: str
    lots: int


# --- claims on mass that is not followed -----------------------------------------------


class Account(msgspec.Struct, frozen=True):
    """A balance account begins: mass balance, or book and claim. Signed by: holder.

    It counts claims on `element`, in milligrams, for one period; what is left over at its
    end expires, unless it is carried over into the next period's account.
    """

    account: str
    holder: str
    element: str
    model: str
    begins: str
    ends: str


class Credit(msgspec.Struct, frozen=True):
    """Claims come in: a lot's content, once, or what the account before it carries over.
    Signed by: holder of the account, who holds the lot; the lot's own model degrades.
    """

    account: str
    mass: int
    lot: str = ""
    carried: str = ""


class Debit(msgspec.Struct, frozen=True):
    """Claims go out: to a lot, whose model degrades, or sold (`lot` empty).
    Signed by: holder of the account, who holds the lot.
    """

    account: str
    mass: int
    lot: str = ""


# --- custody ---------------------------------------------------------------------------


class Depart(msgspec.Struct, frozen=True):
    """A lot leaves the giver, addressed to the taker. Signed by: giver."""

    lot: str
    giver: str
    taker: str
    mass: int | None = None


class Arrive(msgspec.Struct, frozen=True):
    """The taker has the lot and says what it weighs there. Signed by: taker."""

    lot: str
    dispatch: str
    giver: str
    taker: str
    measure: Measure


class Return(msgspec.Struct, frozen=True):
    """The lot is back with the giver: rejected by the taker, or cancelled by the giver.
    Signed by: `by`, who is the one that `side` says.
    """

    lot: str
    dispatch: str
    by: str
    reason: str
    side: Literal["giver", "taker"]


class Hold(msgspec.Struct, frozen=True):
    """The lot is not sent, and flows into no other, until the hold is released.
    Signed by: holder, or a party in a role that may hold back what is not its own.
    """

    lot: str
    by: str
    reason: str


class Release(msgspec.Struct, frozen=True):
    """A hold ends. Signed by: whoever put it on."""

    lot: str
    by: str
    reason: str


# --- everything else that is said ------------------------------------------------------


class Claim(msgspec.Struct, frozen=True):
    """A statement about a lot, site, party, tag or event; moves no mass. Signed by: claimant.

    `subject` is ``kind:id``. `first`: nobody may have claimed this kind of it before
    (a site is registered once). A lot, site or party that is spoken of must be known.
    `own`: only whoever registered the subject may say this. `follows`: the statuses of the
    subject that this one may come after.
    """

    subject: str
    kind: str
    status: str
    facts: dict[str, Any] = {}
    first: bool = False
    own: bool = False
    follows: tuple[str, ...] = ()


Effect: TypeAlias = (
    Govern | Adopt | Admit | Suspend | Authorize | Rotate | Revoke
    | Open | Gain | Flow | Loss | Close | Measure | Void
    | Account | Credit | Debit
    | Depart | Arrive | Return | Hold | Release
    | Claim
)  # fmt: skip


_OF_ONE_LOT = frozenset({Gain, Loss, Close, Measure, Void, Depart, Arrive, Return})
_OF_A_LOT_OR_NONE = frozenset({Credit, Debit})


def lots_changed(effects: tuple[Effect, ...]) -> frozenset[str]:
    """Lots, existing before, whose custody or mass these effects of one event change.

    These are the lots whose heads the event must name in `after`.
    """
    touched = _touched(effects)
    if not touched:
        return _NONE
    return frozenset(touched).difference([e.lot for e in effects if type(e) is Open])


_NONE: frozenset[str] = frozenset()


def lots_opened(effects: tuple[Effect, ...]) -> frozenset[str]:
    """Lots that these effects of one event begin."""
    return frozenset([e.lot for e in effects if type(e) is Open])


def lots_named(effects: tuple[Effect, ...]) -> frozenset[str]:
    """Every lot that the effects speak of: changed, opened, held, or the subject of a claim."""
    named = set(_touched(effects)) | lots_opened(effects)
    for effect in effects:
        if isinstance(effect, Hold | Release):
            named.add(effect.lot)
        elif isinstance(effect, Claim) and effect.subject.startswith("lot:"):
            named.add(effect.subject[4:])
    return frozenset(named)


def _touched(effects: tuple[Effect, ...]) -> list[str]:
    # Asked of every event, so by a table of types: each `A | B` in an isinstance is made anew.
    touched: list[str] = []
    for effect in effects:
        kind = type(effect)
        if kind is Flow:
            touched += (effect.source, effect.target)  # type: ignore[union-attr]
        elif kind in _OF_ONE_LOT or (kind in _OF_A_LOT_OR_NONE and effect.lot):  # type: ignore[union-attr]
            touched.append(effect.lot)  # type: ignore[union-attr]
    return touched
