"""Who may begin, govern, admit, authorize and revoke: each rule refuses, by its code."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import (
    AT,
    FOLLOWS,
    GOVERNANCE,
    GOVERNORS,
    KEYS,
    KG,
    LOG,
    MINE,
    ORIGIN,
    PHONE,
    STRANGER,
    TABLET,
    TRADER,
    World,
    admitted,
    adopted,
    authorized,
    created,
    dispatched,
    event,
    extracted,
    first,
    key,
    received,
    revoked,
    site,
    suspended,
    vkey,
    weighed,
)
from ledger.audit.auditor import Auditor, Source
from ledger.custody.rules import key_commitment
from ledger.custody.statement import Statement, registration_entry
from ledger.errors import RefusedError
from ledger.events import Event, encode, event_id
from ledger.log.note import COSIGNATURE, Signer, Verifier

# ---------------------------------------------------------------- beginnings


def test_a_ledger_begins_with_its_creation(tmp_path: Path) -> None:
    assert World(tmp_path / "a").sound().ledger.head().size == 2


WITNESS = Verifier.of(ORIGIN, LOG.verifier.public_key, COSIGNATURE)


@pytest.mark.parametrize(
    ("code", "settings"),
    [
        ("key.two-roles", {"log_key": Signer(ORIGIN, KEYS["governance/1"].seed).verifier.vkey}),
        ("governance.threshold-wrong", {"threshold": 4}),
        ("key.name-mismatch", {"governance": [KEYS[MINE]], "threshold": 1}),
        ("key.name-mismatch", {"log_key": vkey("smelter.example")}),
        ("key.weak", {"log_key": WITNESS.vkey}),
        ("key.demo", {"demo": False}),
    ],
)
def test_a_ledger_does_not_begin_so(tmp_path: Path, code: str, settings: dict[str, Any]) -> None:
    with pytest.raises(RefusedError) as caught:
        World(tmp_path / "a", **settings)
    codes = {one.code for one in caught.value.findings}
    assert codes - FOLLOWS - {"governance.threshold-not-met"} == {code}
    assert list(tmp_path.iterdir()) == []


def test_a_real_ledger_refuses_a_demo_key_of_a_party(tmp_path: Path) -> None:
    governor, log = Signer("governance/1", b"\x01" * 32), Signer(ORIGIN, b"\x02" * 32)
    world = World(
        tmp_path / "a",
        governance=[governor],
        threshold=1,
        log_key=log.verifier.vkey,
        demo=False,
    )
    assert world.refused(admitted(MINE), signed=[governor, KEYS[MINE]]) == ["key.demo"]
    own = Signer(MINE, b"\x03" * 32)
    world.record(admitted(MINE, key=own.verifier.vkey), signed=[governor, own])
    world.sound()


def test_a_ledger_begins_once(world: World) -> None:
    again = created(name="Another")
    assert world.refused(again, signed=GOVERNORS) == ["genesis.repeated"]


def beginning(world: World, *events: Event, signed: tuple[str, ...] = GOVERNORS) -> list[str]:
    """What is found when these events stand first in a log."""

    data = [encode(one) for one in events]
    statement = Statement.draft(event_id(data[0]), data).signed(*(KEYS[name] for name in signed))
    auditor = Auditor()
    entries = [registration_entry(statement.note, AT), *data]
    auditor.feed(Source(index, one) for index, one in enumerate(entries))
    return [one.code for one in auditor.finish().findings]


def test_every_governance_key_signs_the_beginning(world: World) -> None:
    assert beginning(world, created()) == []
    found = beginning(world, created(), signed=GOVERNORS[:2])
    assert set(found) - FOLLOWS == {"key.no-possession"}


def test_nothing_stands_before_the_beginning(world: World) -> None:
    assert set(beginning(world, site())) - FOLLOWS == {"genesis.missing"}


def test_a_ledger_does_not_begin_with_a_rotation(world: World) -> None:
    assert set(beginning(world, rotated())) - FOLLOWS == {"genesis.missing"}


# ---------------------------------------------------------------- governance


ELSEWHERE = key("elsewhere.example/trail", 9).verifier


def rotated(version: int = 1, **fields: Any) -> Event:
    wanted: dict[str, Any] = {
        "version": version,
        "origin": ORIGIN,
        "governance": tuple(sorted(vkey(name) for name in GOVERNORS)),
        "threshold": 2,
        "log_key": vkey(ORIGIN),
        "demo": True,
    }
    return event("governance.rotated", GOVERNANCE, **{**wanted, **fields})


def test_governance_passes_on(world: World) -> None:
    new = key("governance/4", 4)
    keys = tuple(sorted([vkey("governance/1"), new.verifier.vkey]))
    world.record(
        rotated(governance=keys, threshold=1), signed=["governance/1", "governance/2", new]
    )
    world.record(site("CD-NEW", country="CD"), signed=[new])
    world.sound()
    assert world.refused(site("CD-OLD"), signed=["governance/2", "governance/3"]) == [
        "governance.threshold-not-met"
    ]


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("governance.version-wrong", rotated(2)),
        ("governance.origin-changed", rotated(origin=ELSEWHERE.name, log_key=ELSEWHERE.vkey)),
        ("governance.threshold-wrong", rotated(threshold=4)),
        ("key.two-roles", rotated(log_key=Signer(ORIGIN, KEYS[MINE].seed).verifier.vkey)),
        ("key.name-mismatch", rotated(log_key=ELSEWHERE.vkey)),
    ],
)  # fmt: skip
def test_governance_does_not_pass_on_so(world: World, code: str, change: Event) -> None:
    codes = world.refused(change, signed=GOVERNORS)
    assert code in codes
    assert set(codes) <= {code, "governance.threshold-not-met"}


def test_new_governance_signs_too(world: World) -> None:
    new = key("governance/4", 4).verifier.vkey
    change = rotated(governance=tuple(sorted([vkey("governance/1"), new])), threshold=1)
    assert world.refused(change, signed=GOVERNORS) == ["key.no-possession"]


def test_a_threshold_counts_keys_and_not_signatures(world: World) -> None:
    assert world.refused(site("X"), signed=["governance/1"]) == ["governance.threshold-not-met"]
    statement = world.draft(site("X"), signed=["governance/1"])
    line = statement.note.split(b"\n")[-2] + b"\n"
    twice = Statement.of(statement.events, statement.note + line)
    assert world.refused_statement(twice) == ["governance.threshold-not-met"]


@pytest.mark.parametrize(
    "one",
    [
        admitted(STRANGER),
        suspended(TRADER, by=MINE),
        adopted(by=MINE, hand_scale=1),
    ],
    ids=lambda one: one.type,
)
def test_only_governance_admits_suspends_and_adopts(world: World, one: Event) -> None:
    codes = world.refused(msgspec.structs.replace(one, by=MINE), signed=[MINE, STRANGER])
    assert codes[0] == "governance.required"
    assert set(codes) <= {"governance.required", "party.unknown", "key.not-controller"}


# ---------------------------------------------------------------- parties and their keys


def test_a_party_is_admitted_once(world: World) -> None:
    again = key(MINE, 1)
    codes = world.refused(admitted(MINE, key=again.verifier.vkey), signed=[*GOVERNORS[:2], again])
    assert codes == ["party.exists"]


def test_a_party_is_admitted_once_within_one_statement_too(world: World) -> None:
    again = key(STRANGER, 1)
    both = admitted(STRANGER), admitted(STRANGER, key=again.verifier.vkey)
    codes = world.refused(*both, signed=[*GOVERNORS[:2], STRANGER, again])
    assert codes == ["party.exists"]


def test_nobody_is_admitted_under_the_reserved_name(world: World) -> None:
    new = key(GOVERNANCE, 1)
    one = admitted(GOVERNANCE, key=new.verifier.vkey)
    codes = world.refused(one, signed=[*GOVERNORS[:2], new])
    assert codes == ["party.exists", "party.unknown", "key.not-controller"]


def test_a_new_key_shows_that_somebody_holds_it(world: World) -> None:
    assert world.refused(admitted(STRANGER), signed=GOVERNORS) == ["key.no-possession"]
    assert world.refused(authorized(), signed=[MINE]) == ["key.no-possession"]


def test_a_key_is_named_like_its_party(world: World) -> None:
    other = key("other.example", 1)
    codes = world.refused(authorized(key=other.verifier.vkey), signed=[MINE, other])
    assert codes == ["key.name-mismatch"]


def test_a_raw_key_serves_once_under_any_name(world: World) -> None:
    same = Signer(PHONE, KEYS[MINE].seed)
    assert world.refused(authorized(key=same.verifier.vkey), signed=[MINE, same]) == [
        "key.two-roles"
    ]
    for seed in (KEYS["governance/3"].seed, LOG.seed, KEYS[TRADER].seed):
        taken = Signer(PHONE, seed)
        codes = world.refused(authorized(key=taken.verifier.vkey), signed=[MINE, taken])
        assert codes == ["key.two-roles"]


def test_a_raw_key_serves_once_within_one_statement_too(world: World) -> None:
    same = Signer(TABLET, KEYS[PHONE].seed)
    both = authorized(), authorized(key=same.verifier.vkey)
    assert world.refused(*both, signed=[MINE, PHONE, same]) == ["key.two-roles"]


def test_a_key_is_authorized_once(world: World) -> None:
    world.record(authorized())
    assert world.refused(authorized(until="2027-01-01T00:00:00Z")) == ["key.exists"]


def test_a_weak_or_foreign_key_is_no_key(world: World) -> None:
    witness = Verifier.of(PHONE, KEYS[PHONE].verifier.public_key, COSIGNATURE).vkey
    codes = world.refused(authorized(key=witness), signed=[MINE, PHONE])
    assert set(codes) == {"key.weak", "key.no-possession"}
    name, number, _ = vkey(PHONE).split("+", 2)

    small = base64.b64encode(b"\x01" + b"\x01" + bytes(31)).decode()
    codes = world.refused(authorized(key=f"{name}+{number}+{small}"), signed=[MINE, PHONE])
    assert "key.weak" in codes
    assert set(codes) <= {"key.weak", "key.no-possession", "statement.signature-wrong"}


def test_keys_are_for_their_party_or_governance_to_authorize(world: World) -> None:
    assert world.refused(authorized(by=TRADER), signed=[TRADER, PHONE]) == ["key.not-controller"]
    nobody = key("nobody.example", 1)
    codes = world.refused(
        authorized(party="nobody.example", by=GOVERNANCE, key=nobody.verifier.vkey),
        signed=[*GOVERNORS[:2], nobody],
    )
    assert codes == ["party.unknown"]
    world.record(authorized(by=GOVERNANCE), signed=[*GOVERNORS[:2], PHONE])


def test_a_device_does_not_dispose_of_keys(world: World) -> None:
    world.record(authorized())
    one = authorized(TABLET)
    assert world.refused(one, signed=[PHONE, TABLET]) == ["key.not-controller"]
    assert world.refused(revoked(), signed=[PHONE]) == ["key.not-controller"]


def test_a_bound_key_does_not_control_whatever_its_name(world: World) -> None:
    second = key(MINE, 2)
    world.record(
        authorized(key=second.verifier.vkey, types=("key.authorized",)), signed=[MINE, second]
    )
    assert world.refused(authorized(), signed=[second, PHONE]) == ["key.not-controller"]


def test_a_key_is_revoked_once_by_its_own(world: World) -> None:
    assert world.refused(revoked()) == ["key.unknown"]
    world.record(authorized())
    assert world.refused(revoked(party=TRADER, by=TRADER)) == ["key.unknown"]
    assert world.refused(revoked(by=TRADER)) == ["key.not-controller"]
    world.record(revoked())
    assert world.refused(revoked(remark="again")) == ["key.revoked"]


def test_a_revoked_key_signs_no_longer(world: World) -> None:
    world.record(authorized())
    world.record(extracted("A"), signed=[PHONE])
    world.record(revoked())
    assert world.refused(extracted("B"), signed=[PHONE]) == ["key.revoked"]


def test_a_key_is_revoked_from_its_place_within_a_statement_on(world: World) -> None:
    world.record(authorized())
    world.record(extracted("A"), revoked(), signed=[MINE, PHONE])
    both = revoked(MINE, by=GOVERNANCE), extracted("B")
    assert world.refused(*both, signed=[*GOVERNORS[:2], MINE]) == ["key.revoked"]


def test_a_key_expires_by_the_logs_clock(world: World) -> None:
    world.record(authorized(until="2026-02-11T09:00:00Z"))
    world.record(extracted("A"), signed=[PHONE])
    world.clock.seconds += 1
    assert world.refused(extracted("B"), signed=[PHONE]) == ["key.expired"]
    world.record(extracted("B"), signed=[PHONE, MINE])
    world.sound()


def test_a_device_signs_only_what_it_may(world: World) -> None:
    world.record(authorized(types=("lot.tagged", "lot.extracted")))
    world.record(extracted("A"), signed=[PHONE])
    assert world.refused(weighed("A", 5 * KG), signed=[PHONE]) == ["key.out-of-scope"]


def test_a_device_moves_only_so_much(world: World) -> None:
    world.record(authorized(max_mass=50 * KG))
    world.record(extracted("A", 50 * KG), signed=[PHONE])
    assert world.refused(extracted("B", 50 * KG + 1), signed=[PHONE]) == ["key.out-of-scope"]
    world.record(extracted("B", 51 * KG), signed=[PHONE, MINE])
    assert world.refused(dispatched("B"), signed=[PHONE]) == ["key.out-of-scope"]
    assert world.refused(weighed("A", 51 * KG), signed=[PHONE]) == ["key.out-of-scope"]


def test_a_device_receives_only_so_much(world: World) -> None:
    phone = key(f"{TRADER}/phone", 3)
    world.record(
        authorized(party=TRADER, by=TRADER, key=phone.verifier.vkey, max_mass=40 * KG),
        signed=[TRADER, phone],
    )
    world.record(extracted("A", 45 * KG))
    sent = world.record(dispatched("A")).event[0]
    assert world.refused(received(sent, ("A", 45 * KG)), signed=[phone]) == ["key.out-of-scope"]


def test_a_key_that_may_not_sign_lends_no_scope_to_one_that_may(world: World) -> None:
    world.record(
        authorized(types=("lot.tagged",)),
        authorized(TABLET, max_mass=KG),
        signed=[MINE, PHONE, TABLET],
    )
    assert world.refused(extracted("A"), signed=[PHONE, TABLET]) == ["key.out-of-scope"]


def test_a_suspended_party_acts_no_longer(world: World) -> None:
    world.record(extracted("A"))
    world.record(suspended(MINE))
    assert world.refused(extracted("B")) == ["party.suspended"]
    assert world.refused(suspended("nobody.example")) == ["party.unknown"]
    world.sound()


def test_a_party_is_suspended_from_its_place_within_a_statement_on(world: World) -> None:
    events = extracted("A"), suspended(MINE), extracted("B")
    assert world.refused(*events) == ["party.suspended"]


# ---------------------------------------------------------------- keys that come and go


def test_a_committed_key_takes_over_and_the_old_one_ends(tmp_path: Path) -> None:
    world = World(tmp_path / "a")
    first, second = KEYS[MINE], key(MINE, 1)
    promise = key_commitment(second.verifier.vkey)
    world.record(admitted(MINE, next=promise), site())
    turn = event("key.rotated", MINE, party=MINE, key=second.verifier.vkey)
    third = key(MINE, 2)
    other = event("key.rotated", MINE, party=MINE, key=third.verifier.vkey)
    assert world.refused(other, signed=[third]) == ["key.not-committed"]
    assert world.refused(turn, signed=[first]) == ["key.no-possession"]
    world.record(turn, signed=[second])
    world.sound()
    assert world.refused(extracted("A"), signed=[first]) == ["key.revoked"]
    world.record(extracted("A"), signed=[second])
    world.sound()


def test_a_key_that_takes_over_is_named_like_its_party(tmp_path: Path) -> None:
    world = World(tmp_path / "a")
    world.record(admitted(MINE, next=key_commitment(vkey(PHONE))))
    turn = event("key.rotated", MINE, party=MINE, key=vkey(PHONE))
    assert world.refused(turn, signed=[PHONE]) == ["key.name-mismatch"]
    for taken in (MINE, "governance/1"):
        same = Signer(MINE, KEYS[taken].seed)
        other = event("key.rotated", MINE, party=MINE, key=same.verifier.vkey)
        codes = world.refused(other, signed=[same])
        assert codes == ["key.exists" if taken == MINE else "key.two-roles", "key.not-committed"]
    witness = Verifier.of(MINE, KEYS[PHONE].verifier.public_key, COSIGNATURE).vkey
    other = event("key.rotated", MINE, party=MINE, key=witness)
    assert "key.weak" in world.refused(other, signed=[MINE])
    lost = event("key.rotated", MINE, party="nobody.example", key=vkey(PHONE))
    assert world.refused(lost, signed=[MINE, PHONE]) == ["party.unknown"]


def test_a_lost_key_is_recovered_by_governance_and_the_recovery_key(tmp_path: Path) -> None:
    world = World(tmp_path / "a")
    recovery, second = KEYS["gihanga.example/recovery"], key(MINE, 1)
    world.record(admitted(MINE, recovery=recovery.verifier.vkey), site())
    turn = event("key.recovered", GOVERNANCE, party=MINE, key=second.verifier.vkey, reason="stolen")
    assert world.refused(turn, signed=[*GOVERNORS[:2], second]) == ["key.not-recovered"]
    assert world.refused(extracted("A"), signed=[recovery]) == ["statement.signer-missing"]
    world.record(turn, signed=[*GOVERNORS[:2], second, recovery])
    world.sound()
    assert world.refused(extracted("A"), signed=[MINE]) == ["key.revoked"]
    world.record(extracted("A"), signed=[second])
    world.sound()


def test_a_recovery_key_is_named_so(tmp_path: Path) -> None:
    world = World(tmp_path / "a")
    assert first(world.refused(admitted(MINE, recovery=vkey(PHONE)))) == "key.name-mismatch"
    same = Signer("gihanga.example/recovery", KEYS["governance/1"].seed).verifier.vkey
    assert first(world.refused(admitted(MINE, recovery=same))) == "key.two-roles"
    world.record(admitted(TRADER))
    same = Signer("gihanga.example/recovery", KEYS[TRADER].seed).verifier.vkey
    assert first(world.refused(admitted(MINE, recovery=same))) == "key.two-roles"
    witness = Verifier.of("gihanga.example/recovery", LOG.verifier.public_key, COSIGNATURE).vkey
    assert "key.weak" in world.refused(admitted(MINE, recovery=witness))
