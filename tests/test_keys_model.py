"""Keys in the long run: random acts of governance, owners and thieves against a model.

Admission, device keys, rotation to a committed key, recovery, revocation, suspension and
changes of governance, each with any set of signatures. The model is a few dictionaries
and the sentences of the design; it must allow exactly what the rules allow.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from actors import AT
from ledger.custody.books import Books
from ledger.custody.registration import check, prepare, refused
from ledger.custody.rules import key_commitment
from ledger.events import TYPES, Event, encode
from ledger.log.note import Signer

GOVERNORS = ("governance/1", "governance/2", "governance/3", "governance/4")
PARTIES = ("a.example", "b.example")
NUMBERS = st.integers(0, 4)


def vkey(name: str, number: int) -> str:
    """Key `number` under a name; the same number under two names is the same raw key."""
    if name not in _KEYS:
        _KEYS[name] = {}
    if number not in _KEYS[name]:
        seed = sha256(f"keys model {number}".encode()).digest()
        _KEYS[name][number] = Signer(name, seed).verifier.vkey
    return _KEYS[name][number]


_KEYS: dict[str, dict[int, str]] = {}


@dataclass
class Party:
    """What the model knows of a party."""

    next: str
    recovery: str
    suspended: bool = False
    controls: dict[str, bool] = field(default_factory=dict)
    devices: dict[str, bool] = field(default_factory=dict)

    def signs(self, signed: frozenset[str]) -> bool:
        """Whether some good key of the party is among these."""
        good = {k for keys in (self.controls, self.devices) for k, live in keys.items() if live}
        return not self.suspended and bool(good & signed)

    def disposes(self, signed: frozenset[str]) -> bool:
        """Whether its own key is among these, rather than a device's."""
        return self.signs(signed) and bool(
            {k for k, live in self.controls.items() if live} & signed
        )


class Keys(RuleBasedStateMachine):
    """Random acts; after each, the rules and the model have said the same."""

    def __init__(self) -> None:
        super().__init__()
        self.books = Books()
        self.parties: dict[str, Party] = {}
        self.used: set[int] = set()
        self.governors: tuple[str, ...] = ()
        self.ever: dict[str, int] = {}
        self.version = 0
        self.step = 0

    def governed(self, signed: frozenset[str]) -> bool:
        """Two of the governors have signed."""
        return len(set(self.governors) & signed) >= 2

    def attempt(self, event: Event, signed: frozenset[str]) -> bool:
        """Whether the rules let it pass; what they refuse must change nothing."""
        self.step += 1
        one = prepare(encode(event))
        trial = Books(dict(self.books.lots), dict(self.books.register))
        trial.parties, trial.keys = dict(self.books.parties), dict(self.books.keys)
        trial.publics, trial.governance = dict(self.books.publics), self.books.governance
        trial.tolerances, trial.ledger = self.books.tolerances, self.books.ledger
        wrong = refused(check(trial, [one], signed, "2026-03-01T00:00:00Z", [self.step]))
        if not wrong:
            self.books = trial
        return not wrong

    def say(self, kind: str, by: str, /, **fields: object) -> Event:
        return TYPES[kind](by=by, occurred_at=AT, remark=f"step {self.step}", **fields)  # type: ignore[arg-type]

    @initialize()
    def begin(self) -> None:
        self.governors = tuple(sorted(vkey(name, 90 + n) for n, name in enumerate(GOVERNORS[:3])))
        self.ever = {vkey(name, 90 + n): 90 + n for n, name in enumerate(GOVERNORS[:3])}
        event = self.say(
            "ledger.created",
            "governance",
            origin="keys.example/trail",
            name="keys",
            governance=self.governors,
            threshold=2,
            log_key=vkey("keys.example/trail", 99),
        )
        assert self.attempt(event, frozenset(self.governors))

    def signatures(self, data: st.DataObject, *likely: str) -> frozenset[str]:
        """Any of the governors and the keys that matter here."""
        pool = sorted({*self.governors, *likely})
        return frozenset(data.draw(st.sets(st.sampled_from(pool), max_size=len(pool))))

    @rule(data=st.data(), party=st.sampled_from(PARTIES), key=NUMBERS, after=NUMBERS, back=NUMBERS)
    def admit(self, data: st.DataObject, party: str, key: int, after: int, back: int) -> None:
        back += 10
        new, recovery = vkey(party, key), vkey(f"{party}/recovery", back)
        signed = self.signatures(data, new)
        event = self.say(
            "party.admitted",
            "governance",
            party=party,
            name=party,
            roles=("trader",),
            key=new,
            next=key_commitment(vkey(party, after)),
            recovery=recovery,
        )
        right = (
            self.governed(signed)
            and party not in self.parties
            and key not in self.used
            and back not in self.used
            and new in signed
        )
        assert self.attempt(event, signed) == right
        if right:
            self.parties[party] = Party(vkey(party, after), recovery, controls={new: True})
            self.used |= {key, back}

    @precondition(lambda self: self.parties)
    @rule(data=st.data(), number=NUMBERS, by_party=st.booleans())
    def authorize(self, data: st.DataObject, number: int, by_party: bool) -> None:
        party = data.draw(st.sampled_from(sorted(self.parties)))
        known = self.parties[party]
        device = vkey(f"{party}/phone", number + 20)
        signed = self.signatures(data, device, *known.controls, *known.devices)
        by = party if by_party else "governance"
        event = self.say("key.authorized", by, party=party, key=device)
        spoken = known.disposes(signed) if by_party else self.governed(signed)
        right = spoken and number + 20 not in self.used and device in signed
        assert self.attempt(event, signed) == right
        if right:
            known.devices[device] = True
            self.used.add(number + 20)

    @precondition(lambda self: self.parties)
    @rule(data=st.data(), number=NUMBERS, after=NUMBERS)
    def rotate(self, data: st.DataObject, number: int, after: int) -> None:
        """Owner or thief: only the committed key can follow."""
        party = data.draw(st.sampled_from(sorted(self.parties)))
        known = self.parties[party]
        new = vkey(party, number)
        signed = self.signatures(data, new, *known.controls)
        event = self.say(
            "key.rotated", party, party=party, key=new, next=key_commitment(vkey(party, after))
        )
        right = (
            new == known.next and new in signed and number not in self.used and not known.suspended
        )
        assert self.attempt(event, signed) == right
        if right:
            self.follow(party, new, number, vkey(party, after))

    @precondition(lambda self: self.parties)
    @rule(data=st.data(), number=NUMBERS)
    def recover(self, data: st.DataObject, number: int) -> None:
        party = data.draw(st.sampled_from(sorted(self.parties)))
        known = self.parties[party]
        new = vkey(party, number)
        signed = self.signatures(data, new, known.recovery)
        event = self.say("key.recovered", "governance", party=party, key=new, reason="lost")
        right = (
            self.governed(signed)
            and known.recovery in signed
            and new in signed
            and number not in self.used
        )
        assert self.attempt(event, signed) == right
        if right:
            self.follow(party, new, number, "")

    def follow(self, party: str, new: str, number: int, after: str) -> None:
        known = self.parties[party]
        known.controls = {**dict.fromkeys(known.controls, False), new: True}
        known.next = after
        self.used.add(number)

    @precondition(lambda self: self.parties)
    @rule(data=st.data(), by_party=st.booleans())
    def revoke(self, data: st.DataObject, by_party: bool) -> None:
        party = data.draw(st.sampled_from(sorted(self.parties)))
        known = self.parties[party]
        key = data.draw(st.sampled_from(sorted({*known.controls, *known.devices})))
        signed = self.signatures(data, *known.controls, *known.devices)
        by = party if by_party else "governance"
        event = self.say("key.revoked", by, party=party, key=key, reason="stolen")
        spoken = known.disposes(signed) if by_party else self.governed(signed)
        live = known.controls.get(key, False) or known.devices.get(key, False)
        right = spoken and live
        assert self.attempt(event, signed) == right
        if right:
            (known.controls if key in known.controls else known.devices)[key] = False

    @precondition(lambda self: self.parties)
    @rule(data=st.data())
    def suspend(self, data: st.DataObject) -> None:
        party = data.draw(st.sampled_from(sorted(self.parties)))
        signed = self.signatures(data)
        event = self.say("party.suspended", "governance", party=party, reason="inquiry")
        right = self.governed(signed)
        assert self.attempt(event, signed) == right
        if right:
            self.parties[party].suspended = True

    @precondition(lambda self: self.parties)
    @rule(data=st.data())
    def speak(self, data: st.DataObject) -> None:
        """An ordinary claim, by whatever keys the party ever had."""
        party = data.draw(st.sampled_from(sorted(self.parties)))
        known = self.parties[party]
        signed = self.signatures(data, known.recovery, *known.controls, *known.devices)
        event = self.say(
            "document.attached",
            party,
            subject=f"party:{party}",
            digest=f"{self.step:064x}",
            kind="photo",
        )
        assert self.attempt(event, signed) == known.signs(signed)

    @rule(data=st.data(), version=st.integers(0, 3), keep=st.sets(st.integers(0, 3), min_size=1))
    def change_governance(self, data: st.DataObject, version: int, keep: set[int]) -> None:
        keys = tuple(sorted(vkey(GOVERNORS[n], 90 + n) for n in keep))
        signed = self.signatures(data, *keys)
        event = self.say(
            "governance.rotated",
            "governance",
            version=max(version, 1),
            origin="keys.example/trail",
            governance=keys,
            threshold=2,
            log_key=vkey("keys.example/trail", 99),
        )
        right = (
            self.governed(signed)
            and max(version, 1) == self.version + 1
            and len(keys) >= 2
            and set(keys) <= signed
        )
        assert self.attempt(event, signed) == right
        if right:
            self.governors, self.version = keys, self.version + 1


def test_keys_do_in_100_random_lives_what_the_model_says() -> None:
    run_state_machine_as_test(
        Keys, settings=settings(max_examples=100, stateful_step_count=40, deadline=None)
    )


@pytest.mark.long
def test_keys_do_in_5000_random_lives_what_the_model_says() -> None:
    run_state_machine_as_test(
        Keys, settings=settings(max_examples=5000, stateful_step_count=60, deadline=None)
    )
