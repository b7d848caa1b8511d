"""`export` and `import template`: out of the ledger, and a header to fill in."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
from pathlib import Path
from types import ModuleType

import pytest

import ledger.exports
from cli_place import MINE, Place, bag, chain, settled
from ledger.cli.templates import template_row
from ledger.cli.words import Reader, shapes
from ledger.errors import MalformedError
from ledger.events import TYPES


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


# ---------------------------------------------------------------- export


def test_entries_are_json_lines_in_log_order(place: Place) -> None:
    bag(place, "GIH-1")
    lines = place.spawn("export", "entries").out.splitlines()
    assert len(lines) == place.size
    for index, line in enumerate(lines):
        said = json.loads(line)
        assert list(said) == ["index", "leaf", "chain", "entry"]
        assert said["index"] == index
        assert isinstance(json.loads(said["entry"]), dict)


def test_a_file_appears_only_when_it_is_whole(place: Place) -> None:
    bag(place, "GIH-1")
    target = place.root / "entries.jsonl"
    target.write_text("older")
    said = place.json("export", "entries", "-o", target)
    assert said["bytes"] == target.stat().st_size
    assert target.read_text().count("\n") == place.size
    assert f"wrote {target}" in place("export", "entries", "-o", target).out
    whole = target.read_bytes()
    database = sqlite3.connect(place.root / "ledger.db")
    for (name,) in database.execute(
        "SELECT name FROM sqlite_master WHERE type='trigger'"
    ).fetchall():
        database.execute(f"DROP TRIGGER {name}")
    database.execute("UPDATE entry SET data = x'ffff' WHERE idx = 5")
    database.commit()
    database.close()
    assert place("export", "entries", "-o", target, code=5).error == "entry.malformed"
    assert target.read_bytes() == whole
    assert [p for p in place.root.iterdir() if p.name.endswith(".part")] == []


def test_a_file_that_cannot_be_written_is_5(place: Place) -> None:
    target = place.root / "none" / "entries.jsonl"
    assert place("export", "entries", "-o", target, code=5).error == "file.not-written"


def test_a_format_dropped_in_as_one_file_has_its_command(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain(place)
    folder = tmp_path / "formats"
    folder.mkdir()
    (folder / "origins.py").write_text(
        '"""Origins, one to a line.\n\nFor people who like lines.\n"""\n'
        "def render(trail):\n"
        "    return '\\n'.join(o.origin for o in trail.elements['Ta'].origins).encode()\n"
    )
    (folder / "notes.py").write_text('"""No format at all."""\n')
    monkeypatch.setattr(ledger.exports, "__path__", [*ledger.exports.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "ledger.exports.origins", raising=False)
    assert "Origins, one to a line" in place("export", "--help").out
    assert "For people who like lines" in place("export", "origins", "--help").out
    target = place.root / "o.txt"
    place("export", "origins", "PHONE-1", "-o", target)
    assert target.read_text() == "RW-GIH"
    assert place("export", "origins", code=2).error == "usage.wrong"
    assert place("export", "origins", "NOPE", code=3).error == "lot.unknown"
    assert place("export", "notes", code=2).error == "usage.wrong"
    assert isinstance(sys.modules["ledger.exports.origins"], ModuleType)
    del sys.modules["ledger.exports.origins"]


def test_a_format_that_is_not_there_is_2(place: Place) -> None:
    assert place("export", "nonsense", code=2).error == "usage.wrong"


# ---------------------------------------------------------------- templates


@pytest.mark.parametrize("name", [name for name, kind in TYPES.items() if kind.command])
def test_a_template_names_the_fields_and_its_cells_can_be_read(tmp_path: Path, name: str) -> None:
    out = Place(tmp_path)("import", "template", name).out
    header, row = csv.reader(io.StringIO(out))
    forms = shapes(TYPES[name])
    assert set(header) <= set(forms)
    assert set(header) >= {field for field, form in forms.items() if form.required}
    reader = Reader(event=lambda start: start * 32, key=lambda name: name)
    for field, cell in zip(header, row, strict=True):
        try:
            reader.read(cell, forms[field])
        except MalformedError as error:
            pytest.fail(f"{field}: {error}")


def test_a_template_may_be_asked_for_by_its_command(tmp_path: Path) -> None:
    place = Place(tmp_path)
    by_type = place("import", "template", "lot.extracted").out
    assert place("import", "template", "record extraction").out == by_type
    said = place.json("import", "template", "lot.extracted")
    assert said["type"] == "lot.extracted"
    assert said["columns"]["mass"] == "45.2 kg"
    for unknown in ("lot.molten", ""):
        assert place("import", "template", unknown, code=3).error == "type.unknown"


def test_a_template_filled_in_is_registered(place: Place) -> None:
    header = place("import", "template", "lot.extracted").out.splitlines()[0]
    said = {
        "lot": "GIH-1",
        "material": "coltan ore",
        "mass": "45.2 kg",
        "basis": "wet",
        "site": "RW-GIH",
        "method": "asm",
        "moisture": "4.0 %",
        "grades": "Ta2O5=24.0 %",
        "tags": "MT-1 MT-2",
        "occurred_at": "2026-02-11",
        "by": MINE,
    }
    row = ",".join(said.get(field, "") for field in header.split(","))
    place("record", "extraction", "--from", place.file("bags.csv", f"{header}\n{row}\n"))
    assert place.json("lots")["lots"][0]["mass_mg"] == 45_200_000


def test_an_example_is_given_for_every_kind_of_field() -> None:
    for kind in TYPES.values():
        for form in shapes(kind).values():
            assert template_row(form)


def test_a_pack_is_written_as_what_its_file_is_called(place: Place) -> None:
    chain(place)
    said = ("export", "eu-3tg-metals", "PHONE-1", "-o")
    place(*said, place.root / "form.xlsx")
    assert (place.root / "form.xlsx").read_bytes()[:2] == b"PK"
    place(*said, place.root / "form.json")
    assert json.loads((place.root / "form.json").read_text())["export"] == "eu-3tg-metals"
    assert place(*said, place.root / "form.csv", code=2).error == "usage.wrong"
    assert not (place.root / "form.csv").exists()
    assert place("export", "eu-3tg-metals", code=2).error == "usage.wrong"
    assert place("export", "csv", "PHONE-1", code=2).error == "usage.wrong"
    days = ("--from", "2026-01-01", "--to", "never")
    assert place("export", "csv", *days, "-o", place.root / "x", code=2).error == "usage.wrong"
    place("export", "csv", *days[:2], "-o", place.root / "tables")
    assert (
        place("export", "csv", "PHONE-1", "-o", place.root / "tables", code=5).error
        == "file.exists"
    )
