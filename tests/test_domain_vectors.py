"""Every vector of events, statements and books, against the library."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest

from ledger.audit.auditor import Auditor, Source, Trust
from ledger.audit.entry_list import read
from ledger.custody.outbox import Outbox
from ledger.custody.statement import Statement, decode_registration, registration_entry
from ledger.errors import LedgerError, MalformedError
from ledger.events import TYPES, decode, effects_of, encode, event_id
from ledger.log import merkle

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors"
ROOMS = ["events", "statement", "outbox", "books"]


def made_by(name: str) -> ModuleType:
    """A script of the vectors' own folder."""
    if str(VECTORS) not in sys.path:
        sys.path.insert(0, str(VECTORS))
    return importlib.import_module(name)


def cases(room: str) -> Any:
    paths = sorted((VECTORS / room).glob("*.json"))
    return pytest.mark.parametrize(
        "case", [json.loads(path.read_bytes()) for path in paths], ids=[path.stem for path in paths]
    )


def test_making_the_vectors_again_changes_nothing() -> None:
    made = made_by("make_domain_vectors").files()
    found = {
        path.relative_to(VECTORS).as_posix(): path.read_bytes()
        for room in ROOMS
        for path in (VECTORS / room).iterdir()
    }
    assert sorted(found) == sorted(made)
    assert [path for path in made if made[path] != found[path]] == []


@pytest.mark.parametrize("room", ROOMS)
def test_a_vector_is_named_good_or_after_its_mistake(room: str) -> None:
    for path in sorted((VECTORS / room).glob("*.json")):
        assert re.fullmatch(r"[a-z0-9-]+", path.stem)
        case = json.loads(path.read_bytes())
        right = case["expected"]["verdict"] == "supported" if room == "books" else not case["error"]
        assert right == path.stem.startswith("good-")


def test_every_event_type_has_an_event_that_is_accepted_and_one_that_is_not() -> None:
    names = {path.stem for path in (VECTORS / "events").glob("*.json")}
    for kind in TYPES:
        dashed = kind.replace(".", "-")
        assert f"good-{dashed}" in names, f"no example of {kind} in specs/vectors/event_cases.py"
        assert any(name.startswith(f"{dashed}-") for name in names), f"no mistake in a {kind}"


def test_a_text_has_no_default_but_absence() -> None:
    """msgspec leaves a default out by identity: a text's would have two spellings."""
    for kind in TYPES.values():
        for field in msgspec.structs.fields(kind):
            assert not isinstance(field.default, str), f"{kind.__name__}.{field.name}"


def written(effect: Any) -> dict[str, Any]:
    members = {name: getattr(effect, name) for name in effect.__struct_fields__}
    plain = {name: msgspec.to_builtins(each) for name, each in members.items() if each is not None}
    return {"effect": type(effect).__name__, **plain}


@cases("outbox")
def test_outboxes(case: dict[str, Any]) -> None:
    data = case["file"].encode()
    if case["error"] is not None:
        with pytest.raises(MalformedError) as caught:
            Outbox.decode(data)
        assert caught.value.code == case["error"]
        return
    outbox = Outbox.decode(data)
    assert outbox.encode() == data
    assert (outbox.ledger, list(outbox.seen)) == (case["ledger"], case["seen"])
    assert [list(one.ids) for one in outbox.statements] == case["ids"]


@cases("events")
def test_events(case: dict[str, Any]) -> None:
    data = case["text"].encode()
    if case["error"] is not None:
        with pytest.raises(MalformedError) as caught:
            decode(data)
        assert caught.value.code == case["error"]
        return
    event = decode(data)
    assert encode(event) == data
    assert event_id(data) == case["id"] == merkle.leaf_hash(data).hex()
    assert json.loads(json.dumps([written(e) for e in effects_of(event)])) == case["effects"]


@cases("statement")
def test_statements(case: dict[str, Any]) -> None:
    data = case["file"].encode()
    if case["error"] is not None:
        with pytest.raises(LedgerError) as caught:
            Statement.decode(data)
        assert caught.value.code == case["error"]
        assert isinstance(caught.value, MalformedError)
        return
    statement = Statement.decode(data)
    assert statement.encode() == data
    assert list(statement.ids) == case["ids"]
    assert (statement.header.ledger, statement.header.root) == (case["ledger"], case["root"])
    assert statement.header.seen == (tuple(case["seen"]) if "seen" in case else None)
    assert [f"{s.name}+{s.key_id.hex()}" for s in statement.signatures] == case["signed_by"]
    if "registration" in case:
        entry = registration_entry(statement.note, case["recorded_at"])
        assert entry == case["registration"].encode()
        assert merkle.leaf_hash(entry).hex() == case["leaf"]
        assert decode_registration(entry).signed_note == statement.note


def sources(case: dict[str, Any]) -> list[Source]:
    """The vector's entries, read as an exported list is read."""
    lines = [
        json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        for line in case["entries"]
    ]
    return list(read(lines))


@cases("books")
def test_books(case: dict[str, Any]) -> None:
    trust, expected = case["trust"], case["expected"]
    kept = tuple(each.encode() for each in trust.get("checkpoints", ()))
    auditor = Auditor(Trust(trust["ledger"], kept))
    auditor.feed(sources(case))
    report = auditor.finish()
    story = made_by("story")
    lots = auditor.books.lots
    assert {
        "verdict": report.verdict,
        "ledger": report.ledger,
        "size": report.size,
        "root": report.root,
        "chain": report.chain,
        "findings": [
            {"code": f.code, "severity": f.severity, "entries": list(f.entries)}
            for f in report.findings
        ],
        "lots": {name: story.written(lots[name]) for name in sorted(lots)},
    } == expected
    assert set(case["about"]) <= {finding["code"] for finding in expected["findings"]}


@cases("books")
def test_nothing_in_the_books_is_made_of_nothing(case: dict[str, Any]) -> None:
    """Origins always add up to their figure, whatever was recorded."""
    for lot in case["expected"]["lots"].values():
        assert sum(lot["origins"].values()) == lot["mass"]
        for content in lot.get("contents", ()):
            assert sum(content["origins"].values()) == content["mass"]
