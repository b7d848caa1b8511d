"""Refusals of the auditor's readers that only one shape of bad input comes to."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest

from actors import World, extracted
from ledger.audit import bundle, entry_list, workbook
from ledger.audit.auditor import Auditor
from ledger.audit.comparison import compare
from ledger.audit.copy_file import CopyFile
from ledger.audit.tables import Column, Table
from ledger.errors import ConfigError, MalformedError

PACK = Path(__file__).resolve().parent.parent / "specs" / "vectors" / "bundle"


def test_rows_out_of_order_and_rows_of_no_lot_are_named(world: World) -> None:
    world.record(extracted("A"), extracted("B"))
    auditor = Auditor()
    auditor.feed(world.ledger.sources())
    auditor.finish()
    books, (one, two) = auditor.books, list(world.ledger.lots())

    def messages(*lots: object) -> str:
        return "; ".join(found.message for found in compare(books, books, lots))  # type: ignore[arg-type]

    assert messages(one, two) == ""
    assert "lot A stands after lot B" in messages(two, one)
    sold = msgspec.structs.replace(one, holder="thief.example")
    assert "lot A differs in holder" in messages(sold, two)
    stray = msgspec.structs.replace(two, lot="C")
    assert "the tables hold lot C, the log does not" in messages(one, two, stray)


def test_a_copy_without_an_entry_says_so() -> None:
    with pytest.raises(MalformedError, match="there is no entry in it"):
        list(CopyFile([b"\n"]).sources())


def test_a_line_of_an_entry_list_is_a_mebibyte_at_most() -> None:
    with pytest.raises(MalformedError, match="longer than a mebibyte"):
        list(entry_list.read([b" " * (1 << 22)]))


def test_a_statement_of_which_no_event_is_here_has_no_hashes_beside() -> None:
    case = json.loads((PACK / "good-hand-over.json").read_bytes())
    sound = bundle.decode("".join(f"{line}\n" for line in case["lines"]).encode())
    last = max(at for at, data in sound.entries if data.endswith(b'"type":"registered"}'))
    bare = msgspec.structs.replace(
        sound,
        entries=tuple(one for one in sound.entries if one[0] <= last),
        partial=(*(one for one in sound.partial if one[0] < last), (last, bytes(32))),
    )
    found = bundle.verify(bundle.encode(bare)).report.findings
    assert f"1 hashes for the statement at {last}, not 0" in [one.message for one in found]


def test_without_its_package_a_workbook_is_one_line_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError) as refused:
        workbook.workbook("2026-01-01T00:00:00Z")
    assert refused.value.code == "extra.missing"


def test_a_sheet_holds_no_more_rows_than_excel_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("xlsxwriter")
    monkeypatch.setattr(workbook, "_ROWS", 2)
    book, _ = workbook.workbook("2026-01-01T00:00:00Z")
    table = Table("lots", "a lot", (Column("lot", "text", "its id"),))
    workbook.sheet(book, table, [("A",), ("B",)])
    with pytest.raises(ConfigError) as refused:
        workbook.sheet(book, msgspec.structs.replace(table, name="more"), [("A",)] * 3)
    assert refused.value.code == "export.too-large"
