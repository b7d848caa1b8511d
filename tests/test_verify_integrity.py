"""Integrity only: what a verification without rules finds, and what it never claims."""

from __future__ import annotations

import json
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actors import World, extracted
from cli_place import Place, bag, settled
from ledger import abreast
from ledger.audit.auditor import Source, Trust
from ledger.audit.integrity import Integrity, look_at_hashes
from ledger.audit.report import Report
from ledger.audit.stretch import Row
from ledger.ledger import Ledger
from ledger.memory import Memory
from ledger.store import vandal
from second_lies import mutant
from test_parallel_verify import (
    BOOKS,
    SHELF,
    Listed,
    alone,
    lines,
    listed,
    statements,
    ways_to_cut,
)

ABOUT = {
    "entry.missing",
    "entry.leaf-mismatch",
    "entry.chain-broken",
    "registration.malformed",
    "statement.missing",
    "statement.malformed",
    "statement.too-large",
    "statement.count-mismatch",
    "statement.root-mismatch",
    "statement.seen-ahead",
    "statement.seen-inconsistent",
    "note.malformed",
    "ledger.wrong",
    "log.truncated",
    "time.went-back",
    "evidence.empty",
}
"""What is found by bytes and hashes alone, whoever looks."""


def looked_at(rows: list[Row], trust: Trust) -> Report:
    auditor = Integrity(trust)
    auditor.feed(Source(*row) for row in rows)
    return auditor.finish()


def abreast_of(rows: list[Row], trust: Trust, cuts: list[int], hands: Executor) -> Report:
    SHELF["log"] = rows
    auditor = Integrity(trust)
    found = abreast.ahead(hands, Listed, "log", cuts, 3, look_at_hashes)
    come = list(abreast.feed(auditor, found))
    auditor.feed(Source(*row) for row in rows[max(come, default=0) :])
    return auditor.finish()


def judged(rows: list[Row], trust: Trust) -> None:
    full, report = alone(rows, trust), looked_at(rows, trust)
    assert report.verdict != "supported"
    if report.verdict == "contradicted":
        assert full.verdict == "contradicted"
    if full.verdict == "supported":
        assert [one.code for one in report.findings] == ["evidence.integrity-only"]
        assert report.counts == full.counts
    assert (report.size, report.root, report.chain) == (full.size, full.root, full.chain)
    # Whose log it is, rules decide: a beginning that they refuse is none.
    about = ABOUT - (set() if full.ledger == report.ledger else {"ledger.wrong", "log.truncated"})
    found = {(one.code, one.entries) for one in report.findings if one.code in about}
    assert found == {(one.code, one.entries) for one in full.findings if one.code in about}
    for cuts in ways_to_cut(rows, Random(len(rows))):
        assert abreast_of(rows, trust, cuts, abreast.Inline()) == report, cuts


@pytest.mark.parametrize("path", sorted(BOOKS.glob("*.json")), ids=lambda path: path.stem)
def test_of_every_vector_the_bytes_are_judged_as_ever(path: Path) -> None:
    value = json.loads(path.read_bytes())
    kept = tuple(x.encode() for x in value["trust"].get("checkpoints", ()))
    judged(listed(lines(value["entries"])), Trust(value["trust"].get("ledger", ""), kept))


@pytest.mark.parametrize("seed", range(3))
def test_of_every_lie_the_bytes_are_judged_as_ever(seed: int) -> None:
    for number in range(10):
        _, case = mutant(seed, number)
        judged(listed(case.list()), Trust(case.ledger, tuple(case.checkpoints)))


def test_a_log_that_passes_is_not_supported_and_says_why(world: World) -> None:
    world.record(extracted("A"))
    report = world.ledger.verify_integrity()
    assert report.verdict == "not shown"
    (only,) = report.findings
    assert (only.code, only.severity) == ("evidence.integrity-only", "info")
    assert "the rules were not checked" in only.message


def test_a_rule_that_is_broken_is_not_seen_and_a_byte_is(world: World) -> None:
    world.record(extracted("A"))
    world.record(*(extracted(f"B-{number}") for number in range(20)))
    path = Path(str(world.ledger._database.path))
    expected = world.ledger.verify_integrity(workers=1)
    assert world.ledger.verify_integrity(workers=2) == expected
    with ThreadPoolExecutor(2) as pool:
        assert world.ledger.verify_integrity(executor=pool, stretch=5) == expected
    world.ledger.close()
    size = expected.size
    with Ledger.open(path) as ledger:
        data = ledger.find(str(size - 5))[1]
    vandal.rewrite(path, {size - 5: data.replace(b"2026", b"2025")})
    with Ledger.open(path, read_only=True) as ledger:
        report = ledger.verify_integrity()
        assert report.verdict == "contradicted"
        assert "statement.root-mismatch" in {one.code for one in report.findings}


@pytest.mark.parametrize("change", ["blob", "unsigned"])
def test_a_signature_that_is_wrong_or_by_nobody_is_found(world: World, change: str) -> None:
    world.record(extracted("A"))
    rows: list[Row] = [(s.index, s.data, None, None) for s in world.ledger.sources()]
    at = statements(rows)[-1]
    value: dict[str, Any] = json.loads(rows[at][1])
    line = value["note"][-1]
    if change == "blob":
        value["note"][-1] = line[:-8] + ("A" if line[-8] != "A" else "B") + line[-7:]
    else:
        value["note"][-1] = line.replace("gihanga.example", "nobody.example")
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    rows[at] = (at, text.encode(), None, None)
    report = looked_at(rows, Trust())
    code = "statement.signature-wrong" if change == "blob" else "statement.signer-missing"
    assert report.verdict == "contradicted"
    assert code in {one.code for one in report.findings if one.entries == (at,)}


# ---------------------------------------------------------------- the command


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("ORETRAIL_STATE", str(tmp_path / "state"))
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    place("checkpoint", "make")
    return place


def test_the_command_says_that_no_rule_was_checked(place: Place, tmp_path: Path) -> None:
    said = place("verify", "--integrity", code=1)
    assert "the rules were not checked" in said.out
    assert said.out.splitlines()[-1].startswith("not shown")
    document = place.json("verify", "--integrity", "--jobs", "2", code=1)
    assert document["verdict"] == "not shown"
    assert [one["code"] for one in document["findings"]] == ["evidence.integrity-only"]
    # What was not verified is not remembered, and nobody can build on it.
    assert document["memory"]["state"] == "not-remembered"
    assert Memory(tmp_path / "state").sightings() == ()


def test_a_ledger_that_was_rolled_back_is_found_by_hashes(place: Place, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(place.root, tmp_path / "older")
    bag(place, "GIH-2")
    place("checkpoint", "make")
    place("verify")
    older = Place(tmp_path / "older")
    document = older.json("verify", "--integrity", code=1)
    assert document["verdict"] == "contradicted"
    assert "log.rolled-back" in {one["code"] for one in document["findings"]}


@pytest.mark.parametrize(
    "words",
    [("--integrity", "--since", "remembered"), ("GIH-1", "--integrity")],
)
def test_integrity_cannot_be_asked_for_so(place: Place, words: tuple[str, ...]) -> None:
    place("verify", *words, code=2)
