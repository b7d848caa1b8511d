"""An operator who rewrites the log and makes every hash anew is caught all the same.

Nothing here is stated beside the entries: no leaf, no chain, no checkpoint. What gives the
operator away is what the parties signed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from actors import (
    KEYS,
    MINE,
    PHONE,
    STRANGER,
    TRADER,
    World,
    authorized,
    dispatched,
    extracted,
    received,
    revoked,
    weighed,
)
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.report import Report
from ledger.custody.statement import Statement, decode_registration, registration_entry
from ledger.events import encode
from ledger.log import note

Log = list[list[bytes]]
"""Statements: each its registration and its events."""


def statements(world: World) -> Log:
    """The world's log, cut into statements."""
    log: Log = []
    for source in world.ledger.sources():
        if source.data.endswith(b'"type":"registered"}'):
            log.append([])
        log[-1].append(source.data)
    return log


def audit(log: Log, ledger: str = "") -> Report:
    """What an auditor says who has only these bytes."""
    auditor = Auditor(Trust(ledger))
    entries = [data for statement in log for data in statement]
    auditor.feed(Source(index, data) for index, data in enumerate(entries))
    return auditor.finish()


def codes(log: Log) -> set[str]:
    """Codes of what contradicts."""
    report = audit(log)
    assert report.verdict == "contradicted", report
    return {finding.code for finding in report.findings}


@pytest.fixture
def log(world: World) -> Log:
    """Two bags, one weighed again and handed over; a device key, used and revoked."""
    world.record(extracted("A"), extracted("B"))
    world.record(authorized())
    world.record(weighed("A", 45_000_000), signed=[KEYS[PHONE]])
    world.clock.seconds += 3600
    dispatch = world.record(dispatched("A"))
    world.record(received(dispatch.event[0], ("A", 45_000_000)))
    world.record(revoked())
    found = statements(world)
    assert audit(found, world.ledger.id).verdict == "supported"
    return found


def find(log: Log, kind: str) -> int:
    """The place of the last statement with an event of this type."""
    return max(n for n, s in enumerate(log) if any(f'"type":"{kind}"'.encode() in e for e in s[1:]))


def renoted(statement: Sequence[bytes], signed_note: bytes) -> list[bytes]:
    """The statement with another note in its registration."""
    recorded_at = decode_registration(statement[0]).recorded_at
    return [registration_entry(signed_note, recorded_at), *statement[1:]]


def test_an_entry_that_is_dropped_is_missed_by_its_statement(log: Log) -> None:
    place = find(log, "lot.extracted")
    del log[place][1]
    assert {"statement.count-mismatch", "statement.root-mismatch"} <= codes(log)


def test_a_statement_that_is_dropped_is_missed_by_what_builds_on_it(log: Log) -> None:
    del log[find(log, "lot.weighed")]
    assert "lot.head-spent" in codes(log)


def test_statements_that_change_places_are_not_what_was_built_on(log: Log) -> None:
    place = find(log, "custody.dispatched")
    log[place], log[place + 1] = log[place + 1], log[place]
    assert {"custody.not-in-transit", "time.went-back"} & codes(log)


def test_events_that_change_places_are_not_what_was_signed(log: Log) -> None:
    place = find(log, "lot.extracted")
    log[place][1], log[place][2] = log[place][2], log[place][1]
    assert codes(log) == {"statement.root-mismatch"}


def test_a_statement_stripped_of_a_cosignature_lacks_its_signer(world: World) -> None:
    world.record(extracted("A", cosigners=(TRADER,)))
    log = statements(world)
    kept = decode_registration(log[-1][0]).signed_note
    parsed = note.parse(kept)
    mine = [signature for signature in parsed.signatures if signature.name == MINE]
    stripped = f"{parsed.text}\n{mine[0].line}\n".encode()
    log[-1] = renoted(log[-1], stripped)
    assert codes(log) == {"statement.signer-missing"}


def test_a_key_event_that_is_hidden_leaves_signatures_by_nobody(log: Log) -> None:
    del log[find(log, "key.authorized")]
    assert "statement.signer-missing" in codes(log)


def test_a_revocation_that_is_hidden_is_missed_by_who_has_seen_it(world: World) -> None:
    world.record(extracted("A"), authorized())
    world.record(revoked())
    world.ledger.checkpoint(KEYS["kivu.example/trail"])
    world.record(extracted("B"))
    log = statements(world)
    del log[find(log, "key.revoked")]
    assert {"statement.seen-ahead", "statement.seen-inconsistent"} & codes(log)


def test_a_recorded_time_that_is_moved_back_goes_back(log: Log) -> None:
    kept = decode_registration(log[-1][0])
    log[-1][0] = registration_entry(kept.signed_note, "2026-02-10T00:00:00Z")
    assert codes(log) == {"time.went-back"}


def test_a_statement_of_another_ledger_is_for_another_ledger(log: Log) -> None:
    events = [extracted("C")]

    data = [encode(event) for event in events]
    foreign = Statement.draft("0" * 64, data).signed(KEYS[MINE])
    log.append([registration_entry(foreign.note, "2026-03-01T00:00:00Z"), *data])
    assert codes(log) == {"statement.wrong-ledger"}


def test_another_partys_key_does_not_sign_for_this_one(world: World, log: Log) -> None:

    data = [encode(extracted("C"))]
    forged = Statement.draft(world.ledger.id, data).signed(KEYS[TRADER])
    log.append([registration_entry(forged.note, "2026-03-01T00:00:00Z"), *data])
    assert codes(log) == {"statement.signer-missing"}


def test_a_strangers_key_under_the_partys_name_is_a_wrong_signature_or_none(
    world: World, log: Log
) -> None:

    data = [encode(extracted("C"))]
    draft = Statement.draft(world.ledger.id, data)
    impostor = note.Signer(MINE, KEYS[STRANGER].seed)
    log.append([registration_entry(draft.signed(impostor).note, "2026-03-01T00:00:00Z"), *data])
    assert codes(log) == {"statement.signer-missing"}


def test_an_admission_by_fewer_governors_than_needed_is_none(world: World, log: Log) -> None:
    place = find(log, "party.admitted")
    kept = note.parse(decode_registration(log[place][0]).signed_note)
    fewer = [s for s in kept.signatures if s.name not in ("governance/2", "governance/3")]
    lines = "".join(f"{signature.line}\n" for signature in fewer)
    log[place] = renoted(log[place], f"{kept.text}\n{lines}".encode())
    assert "governance.threshold-not-met" in codes(log)
