"""Who may act: governance, parties, and the keys that sign for them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from ...effects import Admit, Authorize, Effect, Govern, Revoke, Rotate, Suspend
from ...errors import LedgerError
from ...events import GOVERNANCE
from ...findings import Finding
from ...log import note
from ..books import Books, key_ref, public_part
from ..demo_keys import is_demo_key
from .case import Case

__all__ = [
    "admit",
    "authorize",
    "by_governance",
    "govern",
    "key_commitment",
    "revoke",
    "rotate",
    "suspend",
]


def by_governance(books: Books, effect: Effect, case: Case) -> Iterator[Finding]:
    """Only governance admits, suspends and adopts."""
    if case.event.by != GOVERNANCE:
        yield Finding(
            code="governance.required",
            message=f"{case.event.type} must be signed by {GOVERNANCE}, not by {case.event.by}",
        )


def govern(books: Books, effect: Govern, case: Case) -> Iterator[Finding]:
    """Governance keys are distinct, sound, named so, have one role, and all of them sign."""
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
                message=f"governance key {key_ref(vkey)} has not signed",
            )
    yield from _follows(books, effect)


def _follows(books: Books, effect: Govern) -> Iterator[Finding]:
    """Governance begins once; each change of it counts on by one and stays with its ledger."""
    now = books.governance
    if effect.version == 0 and now is not None:
        yield Finding(
            code="genesis.repeated", message=f"ledger {books.ledger[:12]} has begun already"
        )
        return
    if now is None:
        if effect.version:
            yield Finding(
                code="genesis.missing",
                message=f"governance at version {effect.version} in a ledger that has not begun",
            )
        return
    if effect.version != now.version + 1:
        yield Finding(
            code="governance.version-wrong",
            message=f"governance is at version {now.version}, this is version {effect.version}",
        )
    if (effect.origin, effect.demo) != (now.origin, now.demo):
        yield Finding(
            code="governance.origin-changed",
            message=f"the ledger's origin is {now.origin}, not {effect.origin}",
        )
    for vkey in (*effect.keys, effect.log_key):
        known = books.publics.get(public_part(vkey))
        same_role = now.log_keys if vkey == effect.log_key else now.all_keys
        if known is not None and (known != vkey or vkey not in same_role):
            yield Finding(
                code="key.two-roles",
                message=f"the raw key of {key_ref(vkey)} is in use as {key_ref(known)}",
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
    if effect.recovery:
        if effect.recovery.split("+", 1)[0] != f"{effect.party}/recovery":
            yield Finding(
                code="key.name-mismatch",
                message=f"a recovery key is named {effect.party}/recovery, "
                f"not {effect.recovery.split('+', 1)[0]}",
            )
        yield from _sound(books, effect.recovery, _is_demo(books))
        yield from _one_role(books, effect.recovery, effect.party)


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
    yield from _sound(books, effect.key, _is_demo(books))
    yield from _one_role(books, effect.key, effect.party)
    yield from _possessed(effect.key, effect.party, case)


def _is_demo(books: Books) -> bool:
    return books.governance is not None and books.governance.demo


def _one_role(books: Books, vkey: str, party: str) -> Iterator[Finding]:
    """No raw key serves twice, under whatever name."""
    known = books.publics.get(public_part(vkey))
    same_ref = books.keys.get(key_ref(vkey))
    if known is None and same_ref is not None:
        known = same_ref.vkey
    if known is not None:
        yield Finding(
            code="key.exists" if known == vkey else "key.two-roles",
            message=f"the raw key of {key_ref(vkey)} is in use as {key_ref(known)}",
            subject=f"party:{party}",
        )


def _possessed(vkey: str, party: str, case: Case) -> Iterator[Finding]:
    """A new key signs the statement that brings it in."""
    if vkey not in case.signed:
        yield Finding(
            code="key.no-possession",
            message=f"key {key_ref(vkey)} has not signed, so nobody showed to hold it",
            subject=f"party:{party}",
            hint=f"sign the statement with that key too: --key {vkey.split('+', 1)[0]}",
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


def rotate(books: Books, effect: Rotate, case: Case) -> Iterator[Finding]:
    """The next key is the one that was committed to, or recovered with governance's word."""
    party = books.parties.get(effect.party)
    subject = f"party:{effect.party}"
    if party is None:
        yield Finding(
            code="party.unknown", message=f"no party {effect.party} here", subject=subject
        )
        return
    if effect.key.split("+", 1)[0] != effect.party:
        yield Finding(
            code="key.name-mismatch",
            message=f"the controlling key of {effect.party} cannot be named "
            f"{effect.key.split('+', 1)[0]}",
            subject=subject,
        )
    yield from _sound(books, effect.key, _is_demo(books))
    yield from _one_role(books, effect.key, effect.party)
    yield from _possessed(effect.key, effect.party, case)
    if effect.recovered:
        if case.event.by != GOVERNANCE or party.recovery not in case.signed:
            yield Finding(
                code="key.not-recovered",
                message=f"{effect.party} is recovered by governance and its recovery key "
                f"together; {case.event.by} signed"
                + ("" if party.recovery in case.signed else ", the recovery key did not"),
                subject=subject,
            )
    elif key_commitment(effect.key) != party.next:
        yield Finding(
            code="key.not-committed",
            message=f"{effect.party} committed to {party.next[:16] or 'no next key'}, this key "
            f"is {key_commitment(effect.key)[:16]}",
            subject=subject,
        )


def key_commitment(vkey: str) -> str:
    """What a party says of its next key before it shows it; 64 hex digits."""
    return sha256(f"oretrail/next-key/v1\n{vkey}\n".encode()).hexdigest()


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
    """Only a known party can be suspended, and only a suspended one comes back."""
    party = books.parties.get(effect.party)
    if party is None:
        yield Finding(code="party.unknown", message=f"no party {effect.party} here")
    elif effect.lifted and not party.suspended:
        yield Finding(
            code="party.not-suspended",
            message=f"{effect.party} is not suspended, so it cannot be reinstated",
            subject=f"party:{effect.party}",
        )
