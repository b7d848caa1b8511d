"""May this statement enter the log? What to look up, who signed it, what the rules say.

    prepare   exact bytes -> events, ids, effects                       (once)
    needs     -> the lots, parties, keys and subjects to look up        (then one read)
    signed_by -> the keys whose signatures are good
    check     -> findings; books as they are afterwards

The writer calls these for one statement, the auditor for each of them in turn: the
writer is the auditor of one entry. Key validity is decided by the place in the log and
the log's own time, never by a claimed time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import msgspec

from ..effects import (
    Account,
    Admit,
    Arrive,
    Authorize,
    Claim,
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
    Return,
    Revoke,
    Rotate,
    Suspend,
    Void,
    lots_changed,
    lots_named,
)
from ..errors import LedgerError, MalformedError, SignatureError
from ..events import GOVERNANCE, Event, decode, decode_checked, effects_of, event_id
from ..findings import Finding
from ..log import note
from ..words import mass as in_words
from .books import Books, Key, key_ref, public_part
from .measurement import Difference
from .rules import RULES, Case
from .statement import Header

__all__ = [
    "CLOCK_SKEW",
    "Needs",
    "Prepared",
    "check",
    "needs",
    "prepare",
    "signature_good",
    "signed_by",
]

CLOCK_SKEW = 300
"""Seconds by which a claimed time may be ahead of the log's clock."""


class Prepared(msgspec.Struct, frozen=True):
    """An event ready to be judged: decoded once, its id and effects computed once."""

    data: bytes
    event: Event
    event_id: str
    effects: tuple[Effect, ...]
    changed: frozenset[str]


class Needs(msgspec.Struct, frozen=True):
    """What must be looked up before a statement can be judged; one read each.

    `keys_of` are parties of which every key is needed: a rotation ends the one before.
    """

    lots: frozenset[str]
    parties: frozenset[str]
    keys: frozenset[str]
    publics: frozenset[str]
    subjects: frozenset[str]
    keys_of: frozenset[str] = frozenset()


def prepare(data: bytes, leaf: bytes | None = None, *, checked: bool = False) -> Prepared:
    """Decode an event and compile it; MalformedError if it is none.

    `leaf` is its leaf hash, if the caller has it. `checked` says that these exact bytes were
    found to be an event before, in another process.
    """
    event = decode_checked(data) if checked else decode(data)
    effects = effects_of(event)
    named = event_id(data) if leaf is None else leaf.hex()
    return Prepared(data, event, named, effects, lots_changed(effects))


def needs(prepared: Sequence[Prepared], signatures: Iterable[note.Signature]) -> Needs:
    """Everything that `signed_by` and `check` will look at."""
    wanted: dict[str, set[str]] = {name: set() for name in Needs.__struct_fields__}
    wanted["keys"].update(_ref(signature) for signature in signatures)
    for one in prepared:
        wanted["lots"] |= lots_named(one.effects)
        wanted["parties"].update((one.event.by, *one.event.cosigners))
        for effect in one.effects:
            for kind, name in _needed(effect):
                wanted[kind].add(name)
    return Needs(**{name: frozenset(members) for name, members in wanted.items()})


def _needed(effect: Effect) -> Iterator[tuple[str, str]]:  # noqa: C901, PLR0912 - a table
    """(which of `Needs`, what) for one effect, besides lots."""
    match effect:
        case Govern():
            for vkey in (*effect.keys, effect.log_key):
                yield "publics", public_part(vkey)
        case Admit() | Suspend():
            yield "parties", effect.party
            if isinstance(effect, Admit) and effect.recovery:
                yield "keys", key_ref(effect.recovery)
                yield "publics", public_part(effect.recovery)
        case Authorize() | Rotate() | Revoke():
            yield "parties", effect.party
            yield "keys", key_ref(effect.key)
            yield "publics", public_part(effect.key)
            if isinstance(effect, Rotate):
                yield "keys_of", effect.party
        case Depart():
            yield "parties", effect.taker
        case Hold():
            yield "parties", effect.by
        case Gain() if effect.origin.site is not None:
            yield "subjects", f"site:{effect.origin.site}"
        case Account() | Debit():
            yield "subjects", f"account:{effect.account}"
        case Credit():
            yield "subjects", f"account:{effect.account}"
            yield "subjects", f"account:{effect.carried}"
            yield "subjects", f"credit:{effect.lot}"
        case Claim():
            kind, _, name = effect.subject.partition(":")
            yield ("parties", name) if kind == "party" else ("subjects", effect.subject)
        case _:
            pass


def _ref(signature: note.Signature) -> str:
    return f"{signature.name}+{signature.key_id.hex()}"


def signature_good(vkey: str, text: bytes, blob: bytes) -> bool:
    """Whether this signature over a statement's text is by that key."""
    try:
        _verifier(vkey).verify(text, blob)
    except (SignatureError, MalformedError):
        return False
    return True


def signed_by(
    books: Books,
    header: Header,
    signatures: Sequence[note.Signature],
    prepared: Sequence[Prepared],
    good_by: Callable[[str, bytes, bytes], bool] = signature_good,
) -> tuple[frozenset[str], list[Finding]]:
    """The vkeys whose signatures under the statement are good, and what is wrong with it.

    Known are the keys in the books and those that the statement itself brings in. A
    signature by a stranger is ignored, as signed notes demand; a bad one by a known key
    condemns the statement. `good_by` is asked for each: whoever has verified signatures
    beforehand, on another core, answers from that.
    """
    brought: dict[str, str] | None = None
    text = header.text().encode()
    good = set()
    findings = []
    for signature in signatures:
        ref = _ref(signature)
        known = books.keys.get(ref)
        if known is None and brought is None:
            brought = _brought(books, prepared)
        vkey = known.vkey if known else (brought or {}).get(ref)
        if vkey is None:
            continue
        if good_by(vkey, text, signature.blob):
            good.add(vkey)
        else:
            findings.append(
                Finding(
                    code="statement.signature-wrong",
                    message=f"the signature of {signature.name} under the statement does not "
                    f"match its key {key_ref(vkey)}",
                )
            )
    return frozenset(good), findings


def _brought(books: Books, prepared: Sequence[Prepared]) -> dict[str, str]:
    """Governance's keys, and those that the events bring in, by `key_ref`."""
    brought: dict[str, str] = {}
    for one in prepared:
        for effect in one.effects:
            kind = type(effect)
            if kind is Authorize or kind is Rotate:
                brought[key_ref(effect.key)] = effect.key  # type: ignore[union-attr]
            elif kind is Govern:
                brought |= {key_ref(vkey): vkey for vkey in effect.keys}  # type: ignore[union-attr]
    if books.governance is not None:
        brought |= {key_ref(vkey): vkey for vkey in books.governance.keys}
    return brought


@lru_cache(maxsize=1024)
def _verifier(vkey: str) -> note.Verifier:
    """The key a vkey spells: the same few sign again and again."""
    return note.Verifier.parse(vkey)


def check(
    books: Books,
    prepared: Sequence[Prepared],
    signed: frozenset[str],
    recorded_at: str,
    indexes: Sequence[int],
    observe: Callable[[int, Prepared, Case], None] | None = None,
) -> list[Finding]:
    """Judge the events of one statement in order and book what can be booked.

    `indexes` are where the events stand, or would stand, in the log. `observe` is called
    after each event, when the books are as it left them. Findings of
    severity error mean that the writer must throw these books away.
    """
    findings: list[Finding] = []
    standings: dict[tuple[str, str], _Standing] = {}
    for one, index in zip(prepared, indexes, strict=True):
        before = len(findings)
        event = one.event
        named = (event.by, *event.cosigners) if event.cosigners else (event.by,)
        case = Case(event, one.event_id, signed, named)
        findings += _signers(books, case, one, recorded_at, standings)
        if event.occurred_at > recorded_at and event.occurred_at > _later(recorded_at):
            findings.append(
                Finding(
                    code="time.in-future",
                    message=f"it is said to have happened at {event.occurred_at}, "
                    f"recorded at {recorded_at}",
                )
            )
        if len(one.effects) > 1:
            findings += _shape(one)
        if one.changed or event.after:
            findings += _builds_on(books, one)
        findings += _effects(books, case, one, standings)
        if observe is not None:
            observe(index, one, case)
        if len(findings) > before:
            findings[before:] = [
                msgspec.structs.replace(f, entries=(index,)) if not f.entries else f
                for f in findings[before:]
            ]
    return findings


def refused(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that keep a statement out of the log."""
    return [finding for finding in findings if finding.severity == "error"]


@lru_cache(maxsize=1024)
def _later(recorded_at: str) -> str:
    # The text was held to the grammar of `Time` before, so that what sorts later is later.
    moment = datetime.fromisoformat(recorded_at.removesuffix("Z"))
    return f"{(moment + timedelta(seconds=CLOCK_SKEW)).isoformat()}Z"


# --- who signed ------------------------------------------------------------------------


class _Standing(msgspec.Struct, frozen=True):
    """How a party stands under one statement, for one type of event.

    `problem` is why no good signature stands for it, or nothing; `cap` the largest mass that
    its keys may move, None if any.
    """

    problem: str
    cap: int | None


def _signers(
    books: Books,
    case: Case,
    one: Prepared,
    recorded_at: str,
    standings: dict[tuple[str, str], _Standing],
) -> Iterable[Finding]:
    """Every party that the event names has signed, with a key that may sign this."""
    findings = []
    for party in case.named:
        place = (party, one.event.type)
        standing = standings.get(place)
        if standing is None:
            standing = standings[place] = _standing(books, case, one, party, recorded_at)
        if standing.problem:
            code, _, message = standing.problem.partition(" ")
            findings.append(
                Finding(
                    code=code,
                    message=message,
                    subject=f"party:{party}",
                    hint=f"sign with a key of {party}: --key {party}"
                    if code == "statement.signer-missing"
                    else None,
                )
            )
        if standing.cap is not None:
            findings += _within_mass(books, one, party, standing.cap)
    return findings


def _standing(books: Books, case: Case, one: Prepared, party: str, recorded_at: str) -> _Standing:
    if party == GOVERNANCE:
        return _Standing(_governed(books, case, one), None)
    return _Standing(
        _party_signed(books, case, one, party, recorded_at), _cap(books, case, party, recorded_at)
    )


def _governed(books: Books, case: Case, one: Prepared) -> str:
    """What keeps governance from having spoken, or nothing."""
    begins = [effect for effect in one.effects if isinstance(effect, Govern)]
    for change in begins:
        publics = {public_part(vkey) for vkey in change.keys if vkey in case.signed}
        if len(publics) < change.threshold:
            return (
                f"governance.threshold-not-met {len(publics)} of the {change.threshold} "
                "signatures of the new governance that are needed"
            )
    if books.governance is None:
        return "" if begins else "genesis.missing the ledger does not begin with ledger.created"
    publics = {public_part(v) for v in books.governance.keys if v in case.signed}
    if len(publics) < books.governance.threshold:
        return (
            f"governance.threshold-not-met {len(publics)} of the "
            f"{books.governance.threshold} governance signatures that are needed"
        )
    return ""


def _party_signed(books: Books, case: Case, one: Prepared, party: str, recorded_at: str) -> str:
    """Why no good signature stands for `party` here, or nothing if one does."""
    known = books.parties.get(party)
    if known is None:
        return f"party.unknown no party {party} here"
    if known.suspended:
        return f"party.suspended {party} is suspended: {known.suspended}"
    problem = f"statement.signer-missing {party} has not signed this statement"
    if any(
        isinstance(effect, Rotate) and effect.party == party and effect.key in case.signed
        for effect in one.effects
    ):
        return ""  # whether that key may come is for the rule on Rotate to say
    for key in _keys_of(books, case, party):
        trouble = _unfit(key, case.event.type, recorded_at)
        if not trouble:
            return ""
        problem = trouble
    return problem


def _keys_of(books: Books, case: Case, party: str) -> list[Key]:
    keys = (books.keys.get(key_ref(vkey)) for vkey in sorted(case.signed))
    return [k for k in keys if k is not None and k.party == party and not k.recovery]


def _unfit(key: Key, event_type: str, recorded_at: str) -> str:
    """Why this key may not sign this type now, or nothing."""
    if key.revoked:
        return f"key.revoked key {key_ref(key.vkey)} is revoked"
    if key.scope.until is not None and recorded_at > key.scope.until:
        return (
            f"key.expired key {key_ref(key.vkey)} was good until {key.scope.until}, "
            f"it is {recorded_at}"
        )
    if key.scope.types and event_type not in key.scope.types:
        return (
            f"key.out-of-scope key {key_ref(key.vkey)} may sign "
            f"{', '.join(key.scope.types)}, not {event_type}"
        )
    return ""


def _cap(books: Books, case: Case, party: str, recorded_at: str) -> int | None:
    """The largest mass that the party's keys which may sign this type now may move."""
    caps = [
        key.scope.max_mass
        for key in _keys_of(books, case, party)
        if not _unfit(key, case.event.type, recorded_at)
    ]
    known = [cap for cap in caps if cap is not None]
    return max(known) if known and len(known) == len(caps) else None


def _within_mass(books: Books, one: Prepared, party: str, cap: int) -> Iterable[Finding]:
    """At least one key of the party that may sign this type now may move masses this large."""
    largest = max(_masses(books, one), default=0)
    if largest > cap:
        yield Finding(
            code="key.out-of-scope",
            message=f"the key of {party} may move {in_words(cap)}, this is {in_words(largest)}",
            subject=f"party:{party}",
        )


def _masses(books: Books, one: Prepared) -> Iterable[int]:
    for effect in one.effects:
        if isinstance(effect, Gain | Flow | Loss | Measure | Depart):
            lot = books.lots.get(effect.source if isinstance(effect, Flow) else effect.lot)
            yield effect.mass or (lot.amount.mass if lot else 0)
        elif isinstance(effect, Arrive):
            yield effect.measure.mass or 0


# --- what it builds on -----------------------------------------------------------------


def _shape(one: Prepared) -> Iterable[Finding]:
    """An event is many-to-one or one-to-many."""
    flows = [effect for effect in one.effects if type(effect) is Flow]
    if len(flows) < 2:
        return
    sources = {flow.source for flow in flows}
    targets = {flow.target for flow in flows}
    if len(sources) > 1 and len(targets) > 1:
        yield Finding(
            code="event.many-to-many",
            message=f"mass flows from {len(sources)} lots into {len(targets)}; "
            "blend first, then divide",
        )


def _builds_on(books: Books, one: Prepared) -> Iterable[Finding]:
    """`after` names the head of every lot that the event changes, and nothing else."""
    heads = {}
    for lot_id in sorted(one.changed):
        lot = books.lots.get(lot_id)
        if lot is not None:
            heads[lot_id] = lot.head
    stale = [lot_id for lot_id, head in heads.items() if head not in one.event.after]
    for lot_id in stale:
        yield Finding(
            code="lot.head-spent",
            message=f"lot {lot_id} stands at event {heads[lot_id][:12]}, this event builds on "
            f"{_some(one.event.after)}",
            subject=f"lot:{lot_id}",
            hint=f"see what happened to it: oretrail show {heads[lot_id][:12]}",
        )
    extra = set(one.event.after) - set(heads.values())
    if extra and not stale:
        yield Finding(
            code="lot.head-unknown",
            message=f"it builds on {min(extra)[:12]}, which is the head of no lot that it changes",
        )


def _some(ids: Sequence[str]) -> str:
    """Up to three ids, shortened, and how many more."""
    shown = ", ".join(one[:12] for one in ids[:3])
    return f"{shown} and {len(ids) - 3} more" if len(ids) > 3 else shown or "nothing"


def _effects(
    books: Books, case: Case, one: Prepared, standings: dict[tuple[str, str], _Standing]
) -> Iterable[Finding]:
    """Judge each effect, then book it; at the end the lots it opened must add up."""
    for lot_id in one.changed:
        lot = books.lots.get(lot_id)
        if lot is not None:
            case.before[lot_id] = lot
    already = len(books.moved)
    by = one.event.by
    findings: list[Finding] = []
    lasting = False
    for effect in one.effects:
        kind = type(effect)
        lasting = lasting or kind in _LASTING
        found = len(findings)
        for rule in RULES[kind]:
            findings += rule(books, effect, case)
        if kind is Open:
            case.opened[effect.lot] = effect  # type: ignore[union-attr, assignment]
        if len(findings) > found and refused(findings[found:]):
            continue
        try:
            differences = books.apply(one.event_id, by, effect)
        except (KeyError, ZeroDivisionError, LedgerError) as error:
            # After an error that was reported above, when the books lack a lot. What no rule
            # has refused and is not in the books all the same must not pass in silence.
            if not refused(findings):
                findings.append(_not_booked(effect, error))
            continue
        if differences:
            findings += [_difference(effect, difference) for difference in differences]
        if kind in _ABOUT_KEYS:
            standings.clear()
    if case.opened:
        findings += _sums(books, case)
    case.moved = tuple(books.moved[already:])
    books.finish(one.event_id, one.changed, None if lasting else case.before)
    return findings


def _not_booked(effect: Effect, error: Exception) -> Finding:
    return Finding(
        code="event.not-booked",
        message=f"no rule refuses it, and it cannot be booked: {type(effect).__name__}, "
        f"{type(error).__name__} {error}",
        hint="this is a mistake in the program; please report it with this line",
    )


# What two parties have done together, or what undid something, is not undone by one.
_LASTING = frozenset({Depart, Arrive, Return, Void, Credit, Debit})

# After these a party may stand otherwise than before in the same statement.
_ABOUT_KEYS = frozenset({Suspend, Authorize, Rotate, Revoke, Admit, Govern})


def _sums(books: Books, case: Case) -> Iterable[Finding]:
    """What an event opens holds something, and exactly what the event says."""
    for lot_id, opened in case.opened.items():
        lot = books.lots.get(lot_id)
        if lot is None or lot.opened != case.event_id:
            continue
        if lot.amount.mass == 0:
            yield Finding(
                code="mass.empty",
                message=f"lot {lot_id} would begin with 0 mg",
                subject=f"lot:{lot_id}",
            )
        elif opened.mass is not None and opened.mass != lot.amount.mass:
            yield Finding(
                code="mass.not-conserved",
                message=f"lot {lot_id} is said to hold {in_words(opened.mass)}, what flows in "
                f"less losses is {in_words(lot.amount.mass)}",
                subject=f"lot:{lot_id}",
            )


_MEANINGS = {
    "mass.shortfall": ("major", "weighs less than booked; the difference is booked as lost"),
    "mass.excess": ("major", "weighs more than booked; the difference has origin unknown"),
    "assay.lower": ("minor", "contains less than booked"),
    "assay.higher": ("major", "contains more than booked; the difference has origin unknown"),
}


def _difference(effect: Effect, difference: Difference) -> Finding:
    severity, words = _MEANINGS[difference.code]
    lot = effect.lot if isinstance(effect, Measure | Depart | Arrive) else ""
    return msgspec.convert(
        {
            "code": difference.code,
            "severity": severity,
            "message": f"lot {lot} {words}: {difference.what} booked "
            f"{in_words(difference.booked)}, measured {in_words(difference.found)}",
            "subject": f"lot:{lot}",
        },
        type=Finding,
    )
