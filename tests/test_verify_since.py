"""What was verified before is not verified again if it is the same, and everything is if not."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from actors import LOG, World, extracted
from cli_place import Place, bag, settled
from ledger.audit import checks
from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.report import Before, Report
from ledger.audit.stretch import Row
from ledger.custody import registration
from ledger.ledger import Ledger
from ledger.log import merkle
from ledger.memory import Memory
from ledger.store import vandal
from second_lies import mutant
from test_parallel_verify import BOOKS, alone, lines, listed, statements


def root(rows: list[Row]) -> str:
    return merkle.root([merkle.leaf_hash(data) for _, data, _, _ in rows]).hex()


def since(rows: list[Row], trust: Trust, size: int) -> Report:
    before = Before(size, root(rows[:size]), "2026-02-11T09:00:00Z")
    auditor = Auditor(trust, checks=checks.load(), before=before)
    auditor.feed(Source(*row) for row in rows)
    report = auditor.finish()
    assert report.before == before
    return msgspec.structs.replace(report, before=None)


def sound_beginnings(rows: list[Row]) -> list[int]:
    """Where a statement ends and everything until there is supported."""
    ends = [*statements(rows)[1:], len(rows)]
    return [end for end in ends if alone(rows[:end], Trust()).verdict == "supported"]


@pytest.mark.parametrize("path", sorted(BOOKS.glob("*.json")), ids=lambda path: path.stem)
def test_the_same_is_found_wherever_a_vector_is_split(path: Path) -> None:
    value = json.loads(path.read_bytes())
    rows = listed(lines(value["entries"]))
    trust = Trust(value["trust"].get("ledger", ""))
    expected = alone(rows, trust)
    sizes = sound_beginnings(rows)
    for size in Random(len(rows)).sample(sizes, min(3, len(sizes))):
        assert since(rows, trust, size) == expected, size


@pytest.mark.parametrize("seed", range(3))
def test_the_same_is_found_of_every_lie_told_after_it(seed: int) -> None:
    split = 0
    for number in range(10):
        name, case = mutant(seed, number)
        rows = listed(case.list())
        trust = Trust(case.ledger, tuple(case.checkpoints))
        expected = alone(rows, trust)
        sizes = sound_beginnings(rows)
        for size in Random(number).sample(sizes, min(3, len(sizes))):
            assert since(rows, trust, size) == expected, (name, size)
            split += expected.verdict == "contradicted"
    assert split > 5


# ---------------------------------------------------------------- ledgers in a store


@pytest.fixture
def grown(world: World) -> World:
    for number in range(6):
        world.record(extracted(f"A-{number}", tags=(f"T-{number % 5}",)))
    return world


def verified(world: World, before: Before | None, **words: Any) -> Report:
    return world.ledger.verify(Trust(world.ledger.id), before=before, **words)


def test_only_what_is_new_has_its_signatures_verified(
    grown: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Before(grown.ledger.head().size, grown.ledger.root().hex())
    grown.record(extracted("B"))
    expected = verified(grown, None)
    asked: list[str] = []

    def good(vkey: str, text: bytes, blob: bytes) -> bool:
        asked.append(vkey)
        return registration.signature_good(vkey, text, blob)

    monkeypatch.setattr("ledger.audit.auditor.signature_good", good)
    report = verified(grown, before)
    assert report.before == before
    assert len(asked) == 1
    assert msgspec.structs.replace(report, before=None) == expected


def test_the_rest_may_be_verified_by_many(grown: World) -> None:
    from concurrent.futures import ThreadPoolExecutor

    before = Before(grown.ledger.head().size, grown.ledger.root().hex())
    for number in range(5):
        grown.record(extracted(f"B-{number}"))
    expected = verified(grown, before)
    with ThreadPoolExecutor(2) as pool:
        assert verified(grown, before, executor=pool, stretch=3) == expected


@pytest.mark.parametrize(
    "change",
    [
        lambda before: msgspec.structs.replace(before, root="0" * 64),
        lambda before: msgspec.structs.replace(before, size=before.size - 1),
        lambda before: msgspec.structs.replace(before, size=before.size + 100),
        lambda before: Before(0, merkle.EMPTY_ROOT.hex()),
    ],
)
def test_if_it_is_not_the_same_everything_is_verified(grown: World, change: Any) -> None:
    before = Before(grown.ledger.head().size, grown.ledger.root().hex())
    assert verified(grown, before).before == before
    report = verified(grown, change(before))
    assert report.before is None
    assert report == verified(grown, None)


def test_a_past_that_was_written_anew_is_verified_whole(grown: World) -> None:
    size = grown.ledger.head().size
    before = Before(size, grown.ledger.root().hex())
    path = Path(grown.ledger._database.path)
    data = grown.ledger.find(str(size - 1))[1]
    grown.ledger.close()
    vandal.rewrite(path, {size - 1: data.replace(b"2026", b"2025")})
    with Ledger.open(path, read_only=True) as ledger:
        report = ledger.verify(Trust(ledger.id), before=before)
    assert report.before is None
    assert "statement.root-mismatch" in {one.code for one in report.findings}


# ---------------------------------------------------------------- the command


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("ORETRAIL_STATE", str(tmp_path / "state"))
    place = settled(tmp_path / "place")
    bag(place, "GIH-1")
    place("checkpoint", "make")
    return place


def test_since_what_is_remembered(place: Place, tmp_path: Path) -> None:
    first = place("verify", "--since", "remembered")
    assert "all of it is verified" in first.err
    size = place.size
    bag(place, "GIH-2")
    place("checkpoint", "make")
    document = place.json("verify", "--since", "remembered")
    assert document["before"]["size"] == size and document["before"]["at"]
    assert document["size"] == size + 2
    assert document["memory"]["state"] == "continues"
    said = place("verify", "--since", "remembered")
    assert f"0 entries now; {size + 2} before, on 20" in said.out
    full = place.json("verify")
    assert "before" not in full
    bag(place, "GIH-3")
    again = place.json("verify", "--since", "remembered")
    assert again["before"]["size"] == size + 2
    (known,) = Memory(tmp_path / "state").sightings()
    assert known.full


def test_since_a_checkpoint_that_was_verified_elsewhere(place: Place, tmp_path: Path) -> None:
    kept = place.file("kept", (place.root / "checkpoint").read_bytes())
    bag(place, "GIH-2")
    place("checkpoint", "make")
    said = place("verify", "--since", kept)
    assert "2 entries now; " in said.out and ", elsewhere, root" in said.out
    # That is somebody's word: it is not remembered as verified here.
    (known,) = Memory(tmp_path / "state").sightings()
    assert not known.full
    assert "all of it is verified" in place("verify", "--since", "remembered").err
    place("verify")
    (known,) = Memory(tmp_path / "state").sightings()
    assert known.full


def test_a_checkpoint_of_another_past_is_found_as_ever(place: Place) -> None:
    from ledger.log import checkpoint

    other = checkpoint.sign(checkpoint.Checkpoint("kivu.example/trail", 3, bytes(32)), LOG)
    answer = place("verify", "--since", place.file("other", other), code=1)
    assert "all of it is verified" in answer.err


@pytest.mark.parametrize(
    "words",
    [
        ("--since", "yesterday"),
        ("--since", "remembered", "--no-memory"),
        ("entries.jsonl", "--since", "remembered"),
    ],
)
def test_since_cannot_be_called_so(place: Place, words: tuple[str, ...]) -> None:
    place("verify", *words, code=2)
