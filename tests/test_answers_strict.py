"""What the answers refuse that no other test would miss: tables, lists, copies, workbooks."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from actors import KG, World, extracted
from hostile import chain
from ledger.audit import workbook
from ledger.audit.comparison import compare
from ledger.audit.copy_file import CopyFile
from ledger.audit.entry_list import Line, read, spell
from ledger.audit.tables import TABLES
from ledger.custody.books import Books
from ledger.errors import ConfigError, MalformedError
from ledger.exports import packs
from ledger.gather import gather
from ledger.ledger import Ledger


def replayed(ledger: Ledger) -> tuple[Books, Books]:
    """The books of a replay with all their lots, and the rest as the tables have it."""
    books = ledger.books()
    whole = Books({lot.lot: lot for lot in ledger.lots()})
    for name in ("parties", "keys", "register", "governance", "tolerances", "ledger"):
        setattr(whole, name, getattr(books, name))
    return whole, books


@pytest.fixture
def bags(world: World) -> Ledger:
    world.record(extracted("A"), extracted("B"))
    return world.ledger


def test_tables_that_say_what_the_log_says_do_not_drift(bags: Ledger) -> None:
    right, rest = replayed(bags)
    assert list(compare(right, rest, bags.lots())) == []


def test_a_lot_that_the_tables_have_otherwise_drifts(bags: Ledger) -> None:
    right, rest = replayed(bags)
    one, two = bags.lots()
    (found,) = compare(right, rest, [msgspec.structs.replace(one, holder="thief.example"), two])
    assert (found.code, found.subject) == ("books.drift", "lot:A")
    assert "thief.example" in found.message


def test_a_lot_that_stands_twice_in_the_tables_drifts(bags: Ledger) -> None:
    right, rest = replayed(bags)
    one, two = bags.lots()
    found = list(compare(right, rest, [one, one, two]))
    assert [each.message for each in found] == ["lot A stands after lot A in the tables"]


def test_a_line_of_more_than_a_mebibyte_is_no_entry() -> None:
    line = spell(Line(0, "0" * 64, "0" * 64, "x" * (1 << 20)))
    with pytest.raises(MalformedError, match="mebibyte"):
        list(read([line]))


def test_a_copy_without_an_entry_is_none() -> None:
    with pytest.raises(MalformedError) as refused:
        list(CopyFile([b"\n", b"kivu.example/trail\n"]).sources())
    assert refused.value.code == "copy.malformed"
    assert "no entry" in str(refused.value)


def test_a_workbook_without_its_library_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError) as refused:
        workbook.workbook("2026-02-11T08:00:00Z")
    assert refused.value.code == "extra.missing"


def test_a_table_of_more_rows_than_a_sheet_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(workbook, "_ROWS", 2)
    book, _ = workbook.workbook("2026-02-11T08:00:00Z")
    rows = [("A", "slag", KG, "2026-02-11T08:00:00Z", at, "0" * 64) for at in range(3)]
    with pytest.raises(ConfigError) as refused:
        workbook.sheet(book, TABLES["losses"], rows)
    assert refused.value.code == "export.too-large"
    assert book.close() is None


def test_every_certificate_stands_among_all_audits(tmp_path: Path) -> None:
    world = chain(tmp_path / "ledger.db")
    dossier = gather(world.ledger, ["BAG-1"])
    (trail,) = dossier.trails
    told = {
        one.name: answers
        for one, answers in packs.answered(packs.load("eu-3tg-minerals"), dossier, trail)
    }
    (answer,) = told["third-party audits"]
    assert answer.text.startswith("certificate CERT-1 of lot:BAG-1")
