"""`prove`, `verify FILE.tlog-proof` and `receipts check`: what a party can show by itself."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from cli_place import MINE, SMELTER, Place, bag, settled
from ledger.audit.auditor import Source
from ledger.audit.receipts import Comparison, Kept, read, spell
from ledger.log import merkle, note, proof

POLICY = """log {}
witness w1 {}
quorum w1
"""


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = settled(tmp_path / "ledger")
    bag(made, "GIH-1")
    bag(made, "GIH-2")
    made("checkpoint", "make")
    return made


def log_key(place: Place) -> str:
    return str(place.json("log", "--limit", 2)["entries"][1]["entry"]["log_key"])


# ---------------------------------------------------------------- proofs


def test_an_entry_is_proven_to_somebody_with_nothing_but_the_logs_key(
    place: Place, tmp_path: Path
) -> None:
    last = place.size - 1
    file, entry = tmp_path / "bag.tlog-proof", tmp_path / "bag.json"
    answer = place("prove", last, "-o", file, "--entry", entry)
    assert f"entry {last} of {place.size}" in answer.out
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    said = Place(empty).json("verify", file, "--entry", entry, "--log-key", log_key(place))
    assert said["verdict"] == "supported"
    assert said["index"] == last
    assert said["leaf"] == merkle.leaf_hash(entry.read_bytes()).hex()
    assert said["size"] == place.size
    shown = Place(empty)("verify", file, "--entry", entry, "--log-key", log_key(place))
    assert "supported" in shown.out
    assert "not that the rules bear it out" in shown.out


def test_a_proof_is_the_same_bytes_in_a_file_on_stdout_and_in_json(
    place: Place, tmp_path: Path
) -> None:
    event = place.json("log")["entries"][-1]["event"]
    place("prove", event[:12], "-o", tmp_path / "a.tlog-proof")
    file = (tmp_path / "a.tlog-proof").read_bytes()
    document = place.json("prove", event)
    assert place.spawn("prove", event[:8]).out.encode() == file
    assert document["proof"].encode() == file
    assert document["leaf"] == event
    assert proof.decode(file).index == document["index"] == place.size - 1


def test_in_the_ledgers_own_folder_a_proof_needs_nothing_beside_it(
    place: Place, tmp_path: Path
) -> None:
    place("prove", 3, "-o", tmp_path / "three")
    assert place.json("verify", tmp_path / "three")["verdict"] == "supported"
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    answer = Place(empty)("verify", tmp_path / "three", code=5)
    assert answer.error == "workspace.missing"
    assert "--entry FILE" in answer.hint
    place("prove", 3, "-o", tmp_path / "three", "--entry", tmp_path / "entry")
    answer = Place(empty)("verify", tmp_path / "three", "--entry", tmp_path / "entry", code=5)
    assert "--log-key KEY" in answer.hint


def test_a_proof_of_another_entry_or_by_another_log_is_refused(
    place: Place, tmp_path: Path
) -> None:
    file, entry = tmp_path / "a.tlog-proof", tmp_path / "entry"
    place("prove", 3, "-o", file, "--entry", entry)
    stranger = note.Signer("goma.example/trail", bytes(32)).verifier.vkey
    refused = place("verify", file, "--entry", entry, "--log-key", stranger, code=4)
    assert refused.error == "checkpoint.origin-mismatch"
    same_name = note.Signer("kivu.example/trail", bytes(32)).verifier.vkey
    refused = place("verify", file, "--entry", entry, "--log-key", same_name, code=1)
    assert refused.error == "note.no-known-signature"
    entry.write_bytes(entry.read_bytes() + b"\n")
    assert place("verify", file, "--entry", entry, code=1).error == "proof.wrong"
    file.write_bytes(file.read_bytes().replace(b"index 3", b"index 4"))
    assert place("verify", file, code=1).error == "proof.wrong"
    file.write_bytes(b"c2sp.org/tlog-proof@v2\n")
    assert place("verify", file, code=4).error == "proof.malformed"


def test_under_a_policy_a_proof_without_its_witnesses_shows_nothing(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "a.tlog-proof"
    place("prove", 3, "-o", file)
    seed = bytes([9]) * 32
    witness = note.Verifier.of(
        "witness.example", note.Signer("x", seed).verifier.public_key, note.COSIGNATURE
    )
    policy = tmp_path / "policy"
    policy.write_text(POLICY.format(log_key(place), witness.vkey))
    said = place.json("verify", file, "--policy", policy, code=1)
    assert said["verdict"] == "not shown"
    assert said["witnesses"] == []
    assert "by none of the policy" in place("verify", file, "--policy", policy, code=1).out
    from ledger.log.witness import CosignatureSigner

    given = proof.decode(file.read_bytes())
    signer = CosignatureSigner("witness.example", seed, 1_770_796_800)
    cosigned = note.add(given.checkpoint_note, signer)
    file.write_bytes(proof.encode(proof.Proof(given.index, given.hashes, cosigned)))
    said = place.json("verify", file, "--policy", policy)
    assert (said["verdict"], said["witnesses"]) == ("supported", ["w1"])
    assert "w1" in place("verify", file, "--policy", policy).out


def test_what_cannot_be_proven_is_said(place: Place, tmp_path: Path) -> None:
    bag(place, "GIH-3")
    answer = place("prove", place.size - 1, code=3)
    assert answer.error == "checkpoint.not-covered"
    assert answer.hint == "oretrail checkpoint make"
    assert place("prove", 10_000, code=3).error == "entry.unknown"
    assert place("prove", "not-an-id", code=3).error == "entry.unknown"
    fresh = settled(tmp_path / "fresh")
    assert fresh("prove", 0, code=3).error == "checkpoint.none"


def test_options_of_proofs_are_for_proofs(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "a.tlog-proof"
    place("prove", 3, "-o", file)
    assert place("verify", file, "--ledger-id", "0" * 64, code=2).error == "usage.wrong"
    assert place("verify", "--log-key", log_key(place), code=2).error == "usage.wrong"
    assert place("verify", "--entry", file, code=2).error == "usage.wrong"


def test_a_store_that_was_changed_gives_no_proof(place: Place) -> None:
    edit(place, "UPDATE entry SET leaf = zeroblob(32) WHERE idx = 4")
    assert place("prove", 5, code=1).error == "proof.wrong"


def edit(place: Place, *statements: str) -> None:
    """What somebody with the database file can do."""
    database = sqlite3.connect(place.root / "ledger.db")
    rows = database.execute("SELECT name FROM sqlite_master WHERE type='trigger'").fetchall()
    for statement in (*(f"DROP TRIGGER {name}" for (name,) in rows), *statements):
        database.execute(statement)
    database.commit()
    database.close()


# ---------------------------------------------------------------- receipts


def receipts(place: Place) -> list[dict[str, Any]]:
    lines = (place.root / "receipts.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def errors(report: dict[str, Any]) -> list[str]:
    return [
        one["code"]
        for one in report["findings"]
        if one["severity"] == "error" or one["code"].startswith("receipt.")
    ]


def test_every_registration_leaves_its_receipt(place: Place) -> None:
    before = len(receipts(place))
    said = place.json("transfer", "dispatch", "--by", MINE, "--to", SMELTER, "--lot", "GIH-1")[
        "receipt"
    ]
    file = place.root / "d.statement"
    place("transfer", "dispatch", "--by", MINE, "--to", SMELTER, "--lot", "GIH-2", "--draft", file)
    place("sign", file, "--key", MINE)
    again = place.json("register", file)["receipt"]
    kept = receipts(place)
    assert len(kept) == before + 2
    ledger = place.json("verify")["ledger"]
    assert kept[-2:] == [{**said, "ledger": ledger}, {**again, "ledger": ledger}]
    assert place.json("receipts", "check")["verdict"] == "supported"
    assert place.json("register", file)["receipt"] == again
    assert f"{len(kept)} receipts against {place.size} entries" in place("receipts", "check").out


def test_a_receipt_that_cannot_be_kept_is_said_though_the_entry_is_in_the_ledger(
    place: Place,
) -> None:
    (place.root / "receipts.jsonl").unlink()
    (place.root / "receipts.jsonl").mkdir()
    size = place.size
    fields = ("--by", MINE, "--to", SMELTER, "--lot", "GIH-1")
    assert place("transfer", "dispatch", *fields, code=5).error == "receipt.not-kept"
    assert place.size == size + 2
    assert place("receipts", "check", code=5).error == "file.not-read"


def test_without_receipts_there_is_nothing_to_check(place: Place) -> None:
    (place.root / "receipts.jsonl").unlink()
    assert place("receipts", "check", code=3).error == "receipt.none"


def test_a_line_torn_by_a_power_cut_does_not_swallow_the_next(place: Place) -> None:
    file = place.root / "receipts.jsonl"
    count = len(receipts(place))
    file.write_bytes(file.read_bytes()[:-20])
    bag(place, "GIH-4")
    kept, bad = read(file.read_bytes())
    assert len(kept) == count
    assert bad == [count]
    assert errors(place.json("receipts", "check")) == ["receipt.unreadable"]


def test_an_entry_that_was_dropped_after_its_receipt_is_named(place: Place, tmp_path: Path) -> None:
    """The operator goes back to an older copy of the ledger and goes on from there."""
    (place.root / "checkpoint").unlink()
    old = tmp_path / "old.db"
    place("db", "backup", old)
    bag(place, "GIH-5")
    promised = receipts(place)[-1]
    shutil.copy(old, place.root / "ledger.db")
    report = place.json("receipts", "check", code=1)
    assert errors(report) == ["receipt.dropped"]
    assert promised["event"][0][:12] in report["findings"][0]["message"]
    bag(place, "GIH-6")
    bag(place, "GIH-5")
    assert "receipt.moved" in errors(place.json("receipts", "check", code=1))


def test_receipts_are_compared_with_static_files(place: Place, tmp_path: Path) -> None:
    files = tmp_path / "tiles"
    place("export", "tiles", "-o", files)
    assert place.json("receipts", "check", "--against", files)["verdict"] == "supported"
    bag(place, "GIH-7")
    report = place.json("receipts", "check", "--against", files)
    assert errors(report) == ["receipt.waiting"]
    file = place.root / "receipts.jsonl"
    lines = file.read_bytes().split(b"\n")
    last = json.loads(lines[-2])
    lines[-2] = json.dumps({**last, "recorded_at": "2026-02-11T08:00:00Z"}).encode()
    file.write_bytes(b"\n".join(lines))
    late = place.json("receipts", "check", "--against", files, code=1)
    assert errors(late) == ["receipt.delayed"]
    years = 24 * 365 * 100
    patient = place.json("receipts", "check", "--against", files, "--within", years)
    assert errors(patient) == ["receipt.waiting"]
    file.unlink()
    other = settled(tmp_path / "other")
    found = place.json(
        "receipts", "check", "--against", other.root, "--receipts", other.root / "receipts.jsonl"
    )
    assert found["verdict"] == "supported"
    stranger = Place(tmp_path / "stranger")
    stranger("init", "--origin", "goma.example/trail", "--name", "x", "--insecure-no-passphrase")
    found = stranger.json("receipts", "check", "--receipts", other.root / "receipts.jsonl", code=1)
    assert set(errors(found)) == {"ledger.wrong", "receipt.other-ledger"}


KEPT = Kept(4, ("ab" * 32,), 6, "2026-02-11T08:00:00Z", "cd" * 32)


def test_a_receipt_is_one_line() -> None:
    line = spell(KEPT)
    assert line.count(b"\n") == 1
    assert json.loads(line)["index"] == 4
    assert read(line + line) == ([KEPT], [])
    answer = json.dumps({"became": "known", "receipt": json.loads(line)}).encode()
    refused = json.dumps({"became": "refused"}).encode()
    assert read(answer + b"\n" + refused + b"\n") == ([KEPT], [])


@pytest.mark.parametrize("line", [
    b"{", b"[]", b"{}", b"\xff", b"null", b'{"receipt":3}', b"[" * 10_000,
    spell(KEPT).replace(b'"index":4', b'"index":-1'),
    spell(KEPT).replace(b'"index":4', b'"index":5'),
    spell(KEPT).replace(b'"size":6', b'"size":99999999999999999999'),
    spell(KEPT).replace(b"ab", b"AB"), spell(KEPT).replace(b"cd", b"c"),
    spell(KEPT).replace(b"08:00:00", b"08:00"),
    spell(KEPT).replace(b'["' + b"ab" * 32 + b'"]', b"[]"),
], ids=range(14))  # fmt: skip
def test_what_is_no_receipt_is_counted(line: bytes) -> None:
    assert read(spell(KEPT) + line) == ([KEPT], [2])


def registered(recorded_at: str) -> bytes:
    lines = ["oretrail/statement/v1", "ledger " + "cd" * 32, "events 1 " + "ab" * 32, "", "x"]
    said = {"note": lines, "recorded_at": recorded_at, "type": "registered"}
    return json.dumps(said, separators=(",", ":"), sort_keys=True).encode()


def compared(kept: Kept, *entries: bytes, by: str = "") -> list[str]:
    comparison = Comparison([kept])
    sources = [Source(index, data) for index, data in enumerate(entries)]
    assert list(comparison.watch(sources)) == sources
    return [one.code for one in comparison.findings("cd" * 32, by)]


EVENT = b'{"type":"lot.declared"}'
GOOD = Kept(0, (merkle.leaf_hash(EVENT).hex(),), 2, "2026-02-11T08:00:00Z", "cd" * 32)
AT = registered("2026-02-11T08:00:00Z")


def test_what_became_of_a_promise() -> None:
    assert compared(GOOD, AT, EVENT) == []
    assert compared(GOOD, AT, b'{"type":"lot.retired"}') == ["receipt.dropped"]
    assert compared(GOOD, AT, AT, EVENT) == ["receipt.moved"]
    assert compared(GOOD, registered("2026-02-12T08:00:00Z"), EVENT) == ["receipt.time-changed"]
    assert compared(GOOD, b'{"type":"registered"}', EVENT) == ["receipt.time-changed"]
    assert compared(GOOD) == ["receipt.dropped"]
    assert compared(GOOD, by="2026-02-11T08:00:00Z") == ["receipt.waiting"]
    assert compared(GOOD, by="2026-02-11T08:00:01Z") == ["receipt.delayed"]
    published = compared(GOOD, AT, b'{"type":"lot.retired"}', by="2026-02-11T08:00:00Z")
    assert published == ["receipt.dropped"]
    stranger = Kept(GOOD.index, GOOD.event, GOOD.size, GOOD.recorded_at, "ef" * 32)
    assert compared(stranger, AT, EVENT) == ["receipt.other-ledger"]
    nameless = Kept(GOOD.index, GOOD.event, GOOD.size, GOOD.recorded_at)
    assert compared(nameless, AT, EVENT) == []
