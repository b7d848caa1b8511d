"""The auditor names what is wrong: each finding of its own, provoked by one change to a log.

What an operator can do who makes every hash anew is in `test_dishonest_operator`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import pytest

from actors import AT, KEYS, LOG, MINE, ORIGIN, World, extracted, site, weighed
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.comparison import compare
from ledger.audit.report import KEPT_PER_CODE, Findings, Report
from ledger.custody.registration import Prepared
from ledger.custody.statement import Statement, registration_entry
from ledger.errors import EvidenceError
from ledger.events import encode
from ledger.findings import Finding
from ledger.log import canonical, checkpoint, merkle
from ledger.log.checkpoint import Checkpoint
from postgres_server import BOTH


@pytest.fixture
def log(world: World) -> list[Source]:
    """Two settling statements and two of the mine's, with leaf and chain as stored."""
    world.record(extracted("A"), extracted("B"))
    world.record(weighed("A", 45_000_000))
    return list(world.ledger.sources())


def audit(sources: Iterable[Source], *checkpoints: bytes, ledger: str = "") -> Report:
    auditor = Auditor(Trust(ledger, checkpoints))
    auditor.feed(sources)
    return auditor.finish()


def codes(sources: Iterable[Source], *checkpoints: bytes, ledger: str = "") -> list[str]:
    return [finding.code for finding in audit(sources, *checkpoints, ledger=ledger).findings]


def bare(entries: Iterable[bytes]) -> list[Source]:
    return [Source(index, data) for index, data in enumerate(entries)]


def replaced(log: list[Source], place: int, **fields: Any) -> list[Source]:
    old = log[place]
    wanted = {"index": old.index, "data": old.data, "leaf": old.leaf, "chain": old.chain, **fields}
    return [*log[:place], Source(**wanted), *log[place + 1 :]]


# ---------------------------------------------------------------- entries


@BOTH
def test_a_sound_log_is_supported_with_its_figures(world: World, log: list[Source]) -> None:
    report = audit(log, ledger=world.ledger.id)
    assert (report.verdict, report.findings, report.more) == ("supported", (), 0)
    assert report.ledger == world.ledger.id
    assert report.size == report.counts.entries == len(log)
    assert (report.counts.statements, report.counts.signatures) == (4, 3 + 2 + 6 + 1 + 1)
    assert report.root == merkle.root([merkle.leaf_hash(one.data) for one in log]).hex()
    assert report.chain == (log[-1].chain or b"").hex()
    assert report.require() is report
    # Fed in pieces it says the same, and asked again the same again.
    auditor = Auditor(Trust(world.ledger.id))
    for source in log:
        auditor.feed([source])
    assert auditor.finish() == auditor.finish() == report


def test_nothing_is_not_shown() -> None:
    report = audit([])
    assert report.verdict == "not shown"
    assert [finding.code for finding in report.findings] == ["evidence.empty"]
    with pytest.raises(EvidenceError) as caught:
        report.require()
    assert caught.value.code == "evidence.empty"
    assert caught.value.report is report


def test_an_entry_that_is_left_out_is_missed(log: list[Source]) -> None:
    assert "entry.missing" in codes([*log[:-2], log[-1]])
    assert "entry.missing" in codes(log[1:])


def test_an_entry_that_stands_twice_is_noticed(log: list[Source]) -> None:
    found = codes([*log, log[-1]])
    assert {"entry.missing", "event.duplicate", "statement.count-mismatch"} <= set(found)


def test_a_leaf_and_a_chain_are_recomputed(log: list[Source]) -> None:
    other = bytes(32)
    assert codes(replaced(log, 3, leaf=other)) == ["entry.leaf-mismatch"]
    # One break is one finding, where it is; the links after it fit to it no more.
    assert codes(replaced(log, len(log) - 1, chain=other)) == ["entry.chain-broken"]
    assert codes(replaced(log, 3, chain=other)) == ["entry.chain-broken"] * 2


def test_other_bytes_under_the_same_hashes_are_noticed(log: list[Source]) -> None:
    last = log[-1].data.replace(b"45000000", b"46000000")
    found = codes(replaced(log, len(log) - 1, data=last))
    assert set(found) >= {"entry.leaf-mismatch", "entry.chain-broken", "statement.root-mismatch"}


@pytest.mark.parametrize(
    ("code", "entry"),
    [
        ("canonical.not-json", b"not json"),
        ("canonical.not-canonical", b'{ "type":"lot.weighed"}'),
        ("event.unsupported", b'{"type":"lot.sold"}'),
        ("event.malformed", b'{"lot":"A","type":"lot.weighed"}'),
        ("registration.malformed", b'{"note":[],"type":"registered"}'),
    ],
)
def test_an_entry_of_no_known_form_is_named(log: list[Source], code: str, entry: bytes) -> None:
    found = codes(bare([*(one.data for one in log), entry]))
    assert code in found
    assert "statement.count-mismatch" in found


# ---------------------------------------------------------------- statements


def registered(statement: Statement, at: str = "2026-02-11T09:00:00Z") -> list[bytes]:
    return [registration_entry(statement.note, at), *statement.events]


def after(log: list[Source], *more: bytes) -> list[str]:
    """What is found when these entries follow the log."""
    return codes(bare([*(one.data for one in log), *more]))


def statement(world: World, *events: Any, seen: tuple[int, str] | None = None) -> Statement:
    data = [encode(one) for one in events]
    return Statement.draft(world.ledger.id, data, seen).signed(KEYS[MINE])


def test_events_under_no_statement_are_nobodys(log: list[Source]) -> None:
    assert set(codes(bare(one.data for one in log[1:]))) >= {"statement.missing"}
    event = encode(extracted("C"))
    note = canonical.encode({"note": ["x"], "recorded_at": AT, "type": "registered"})
    assert "note.malformed" in after(log, note, event)


@BOTH
def test_a_note_of_another_kind_is_no_statement(world: World, log: list[Source]) -> None:
    point = checkpoint.sign(Checkpoint(ORIGIN, 1, bytes(32)), LOG)
    entry = registration_entry(point, "2026-02-11T09:00:00Z")
    assert after(log, entry) == ["statement.malformed"]


@BOTH
def test_a_statement_covers_all_its_events_and_no_others(world: World, log: list[Source]) -> None:
    both = statement(world, extracted("C"), extracted("D"))
    entry, first, second = registered(both)
    assert after(log, entry, first, second) == []
    assert after(log, entry, first) == ["statement.count-mismatch", "statement.root-mismatch"]
    assert after(log, entry, second, first) == ["statement.root-mismatch"]
    assert set(after(log, entry)) == {"statement.count-mismatch", "statement.root-mismatch"}


@BOTH
def test_a_statement_stands_once(world: World, log: list[Source]) -> None:
    entries = registered(statement(world, extracted("C")))
    found = after(log, *entries, *entries)
    assert set(found) == {"event.duplicate", "lot.exists"}


@BOTH
def test_the_clock_of_the_log_does_not_go_back(world: World, log: list[Source]) -> None:
    entries = registered(statement(world, extracted("C")), "2026-02-11T08:59:59Z")
    assert after(log, *entries) == ["time.went-back"]


@BOTH
def test_what_was_seen_is_looked_up_in_the_past(world: World, log: list[Source]) -> None:
    report = audit(log)
    for seen, code in (
        ((report.size, report.root), None),
        ((report.size + 1, report.root), "statement.seen-ahead"),
        ((1, report.root), "statement.seen-ahead"),
        ((report.size, "00" * 32), "statement.seen-inconsistent"),
    ):
        entries = registered(statement(world, extracted("C"), seen=seen))
        assert after(log, *entries) == ([code] if code else [])


@BOTH
def test_a_bad_signature_and_a_missing_one_are_named(world: World, log: list[Source]) -> None:
    good = statement(world, extracted("C"))
    other = statement(world, extracted("D"))
    line = other.note.split(b"\n")[-2]
    note = b"\n".join([*good.note.split(b"\n")[:-2], line, b""])
    entry = registration_entry(note, "2026-02-11T09:00:00Z")
    assert set(after(log, entry, *good.events)) == {
        "statement.signature-wrong",
        "statement.signer-missing",
    }


def test_more_events_than_a_statement_can_hold_are_not_gathered_for_ever(
    log: list[Source],
) -> None:
    event = encode(extracted("C"))
    found = audit(bare([*(one.data for one in log), *[event] * 5000]))
    assert "statement.count-mismatch" in {one.code for one in found.findings}
    assert "statement.missing" in {one.code for one in found.findings}
    assert found.more > 0


@BOTH
def test_the_rest_is_judged_after_a_finding(world: World, log: list[Source]) -> None:
    bad = registered(statement(world, extracted("A", remark="again")))
    good = registered(statement(world, extracted("C")))
    late = registered(statement(world, extracted("C", remark="again")))
    assert after(log, *bad, *good, *late) == ["lot.exists", "lot.exists"]


def test_an_auditor_shows_each_statement_to_whoever_observes(log: list[Source]) -> None:
    shown: list[int] = []

    def observe(indexes: Any, prepared: Any, books: Any) -> None:
        assert all(isinstance(one, Prepared) for one in prepared)
        shown.extend(indexes)

    auditor = Auditor(observe=observe)
    auditor.feed(log)
    auditor.finish()
    events = [one.index for one in log if not one.data.endswith(b'"registered"}')]
    assert shown == events


# ---------------------------------------------------------------- what is known already


def test_another_ledger_is_not_the_pinned_one(log: list[Source]) -> None:
    assert codes(log, ledger="00" * 32) == ["ledger.wrong"]


def point(size: int, root: bytes) -> bytes:
    return checkpoint.sign(Checkpoint(ORIGIN, size, root), LOG)


@BOTH
def test_a_kept_checkpoint_is_in_the_past(world: World, log: list[Source]) -> None:
    early = world.ledger.checkpoint(LOG)
    world.record(site("NEW"))
    late = world.ledger.checkpoint(LOG)
    now = list(world.ledger.sources())
    assert codes(now, early, late) == []
    assert codes(log, early, late) == ["log.truncated"]
    size = len(log)
    assert codes(log, point(size, bytes(32))) == ["checkpoint.root-mismatch"]
    assert codes(log, point(1, merkle.leaf_hash(log[0].data))) == ["checkpoint.root-mismatch"]


def test_a_checkpoint_that_is_none_is_named(log: list[Source]) -> None:
    root = bytes.fromhex(audit(log).root)
    good = point(len(log), root)
    assert codes(log, good) == []
    assert codes(log, b"nothing") == ["note.malformed"]
    forged = checkpoint.sign(Checkpoint(ORIGIN, len(log), root), _impostor())
    assert codes(log, forged) == ["note.no-known-signature"]
    text, _, line = good.rpartition(b" ")
    blob = bytearray(base64.b64decode(line.strip()))
    blob[-40] ^= 1
    assert codes(log, text + b" " + base64.b64encode(bytes(blob)) + b"\n")[0].startswith(
        "signature"
    )


def _impostor() -> Any:
    from actors import key

    return key(ORIGIN, 1)


# ---------------------------------------------------------------- tables


LOT_A = "number = (SELECT number FROM subject WHERE name = 'lot:A')"
LOT_B = LOT_A.replace("lot:A", "lot:B")


@BOTH
@pytest.mark.parametrize(
    "change",
    [
        f"UPDATE lot SET doc = (SELECT doc FROM lot WHERE {LOT_B}) WHERE {LOT_A}",
        f"UPDATE lot SET holder = (SELECT number FROM lot WHERE {LOT_B}) WHERE {LOT_A}",
        f"UPDATE lot SET state = 2 WHERE {LOT_A}",
        f"DELETE FROM lot WHERE {LOT_A}",
        "DELETE FROM party WHERE id = 'comptoir.example'",
        "DELETE FROM key",
        "DELETE FROM register",
        "DELETE FROM setting WHERE name = 'ledger'",
        "DELETE FROM touch",
        f"UPDATE lot SET head = 0 WHERE {LOT_A}",
    ],
)
def test_a_table_that_says_something_else_than_the_log_is_found_out(
    world: World, log: list[Source], change: str
) -> None:
    with world.ledger.writing() as connection:
        connection.exec_driver_sql(change)
    findings = world.ledger.verify().findings
    drift = [finding for finding in findings if finding.code == "books.drift"]
    if "touch" in change or "SET head" in change:
        # Columns and tables that only find are compared by `db check`.
        assert drift == []
        assert world.ledger.check() != []
    else:
        assert drift
        assert all(finding.severity == "critical" for finding in drift)
    world.ledger.rebuild()
    assert world.sound().ledger.check() == []


@BOTH
def test_a_lot_that_the_log_does_not_know_is_found_out(world: World, log: list[Source]) -> None:
    books = Auditor().books
    lots = world.ledger.lots()
    auditor = Auditor()
    auditor.feed(log)
    auditor.finish()
    assert [f.code for f in compare(books, books, lots)] == ["books.drift"] * len(lots)
    assert list(compare(auditor.books, auditor.books, lots)) == []
    assert [f.code for f in compare(auditor.books, auditor.books, lots[1:])] == ["books.drift"]


def test_a_head_that_claims_more_than_there_is_is_found_out(
    world: World, log: list[Source]
) -> None:
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = size + 1")
    assert [f.code for f in world.ledger.verify().findings if f.severity == "critical"] == [
        "log.truncated"
    ]
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("UPDATE head SET size = size - 1, chain = zeroblob(32)")
    assert [f.code for f in world.ledger.verify().findings if f.severity == "critical"] == [
        "books.drift"
    ]


# ---------------------------------------------------------------- reports


def test_findings_are_kept_up_to_a_number_and_counted_beyond() -> None:
    found = Findings()
    many = [Finding(code="x.y", message="m", severity="minor")] * (KEPT_PER_CODE + 5)
    found.add(many)
    found.add([Finding(code="a.b", message="m", severity="critical", entries=(9,))])
    assert len(found.kept) == KEPT_PER_CODE + 1
    assert found.kept[0].code == "a.b"
    assert found.more == 5
    assert found.contradicts


def test_a_report_that_contradicts_is_raised_with_its_first_finding(log: list[Source]) -> None:
    report = audit(log, ledger="00" * 32)
    with pytest.raises(EvidenceError) as caught:
        report.require()
    assert caught.value.code == "ledger.wrong"
    assert caught.value.report is report
