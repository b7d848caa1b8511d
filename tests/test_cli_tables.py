"""Files of many events: good as a whole, or every problem by row and column."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_place import MINE, Place, settled
from ledger.cli import tables
from ledger.cli.words import Reader
from ledger.errors import MalformedError
from ledger.events import TYPES

HEADER = "lot,material,mass,basis,site,method,occurred_at"
ROW = "GIH-1,coltan ore,45.0 kg,wet,RW-GIH,asm,2026-02-11"
KIND = TYPES["lot.extracted"]


def read(text: str | bytes, kind: str | None = "lot.extracted") -> tuple[list[Any], list[Any]]:
    data = text.encode() if isinstance(text, str) else text
    return tables.read(data, "f.csv", None if kind is None else TYPES[kind], Reader())


def values(text: str | bytes, kind: str | None = "lot.extracted") -> list[dict[str, Any]]:
    rows, problems = read(text, kind)
    assert problems == []
    return [row.values for row in rows]


def problems(text: str | bytes, kind: str | None = "lot.extracted") -> list[tuple[int, str, str]]:
    return [(one.row, one.column, one.code) for one in read(text, kind)[1]]


def refused(text: str | bytes, kind: str | None = "lot.extracted") -> str:
    with pytest.raises(MalformedError) as caught:
        read(text, kind)
    return caught.value.code


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


# ---------------------------------------------------------------- CSV


GOOD = {
    "lot": "GIH-1",
    "material": "coltan ore",
    "mass": 45_000_000,
    "basis": "wet",
    "site": "RW-GIH",
    "method": "asm",
    "occurred_at": "2026-02-11T00:00:00Z",
}


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n{ROW}\n",
        f"\ufeff{HEADER}\n{ROW}",
        f"{HEADER}\r\n{ROW}\r\n",
        f"{HEADER}\n{ROW}\n".replace(",", ";"),
        f"{HEADER}\n{ROW}\n".replace(",", "\t"),
        f"{HEADER}\n,,,,,,\n{ROW}\n\n , ,,,,,\n",
        HEADER + '\n"GIH-1","coltan ore","45.0 kg","wet","RW-GIH","asm","2026-02-11"\n',
        f"{HEADER}\n{ROW}\n".replace("mass", "mass (kg)").replace(" kg", ""),
        f" {HEADER} \n{ROW.replace(',', ' , ')}\n",
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(text: str) -> None:
    assert values(text) == [GOOD]


def test_an_empty_cell_is_a_field_left_out() -> None:
    assert values(f"{HEADER},moisture\n{ROW},\n") == [GOOD]


def test_lists_and_things_with_parts_stand_in_one_cell() -> None:
    text = f"{HEADER};tags;grades\n{ROW};MT-1 MT-2;Ta2O5=24 %".replace(",", ";")
    (got,) = values(text)
    assert got["tags"] == ["MT-1", "MT-2"]
    assert got["grades"] == [{"analyte": "Ta2O5", "grade": 240_000_000}]
    (two,) = values(text.replace("MT-1 MT-2", '"MT-1;MT-2"').replace("24 %", "24 %"))
    assert two["tags"] == ["MT-1", "MT-2"]


def test_a_part_may_have_a_column_of_its_own() -> None:
    text = "giver,dispatch,lots.lot,lots.mass (kg),lots.basis,lots.grades\n"
    text += f"a.example,{'0' * 64},C1,5,dry,Ta2O5=30 %\n"
    (got,) = values(text, "custody.received")
    assert got["lots"] == [
        {
            "lot": "C1",
            "mass": 5_000_000,
            "basis": "dry",
            "grades": [{"analyte": "Ta2O5", "grade": 300_000_000}],
        }
    ]


def test_a_pair_may_be_named_by_its_column() -> None:
    text = f"{HEADER},grades.Ta2O5 (%),grades.Nb2O5 (ppm)\n{ROW},24.0,350\n{ROW},,350\n"
    one, two = values(text)
    assert one["grades"] == [
        {"analyte": "Ta2O5", "grade": 240_000_000},
        {"analyte": "Nb2O5", "grade": 350_000},
    ]
    assert two["grades"] == [{"analyte": "Nb2O5", "grade": 350_000}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{HEADER},weight\n{ROW},\n", (1, "weight", "column.unknown")),
        (f"{HEADER},Lot\n{ROW},\n", (1, "Lot", "column.unknown")),
        (f"{HEADER},\n{ROW},\n", (1, "", "column.unknown")),
        (f"{HEADER},lot\n{ROW},x\n", (1, "lot", "column.twice")),
        (f"{HEADER},lot.x\n{ROW},x\n", (1, "lot.x", "column.unknown")),
        (f"{HEADER},grades,grades.Ta2O5\n{ROW},,1 %\n", (1, "grades.Ta2O5", "column.twice")),
        (f"{HEADER}\n{ROW},7\n", (2, "", "row.cells")),
        (f"{HEADER}\n{ROW.rpartition(',')[0]}\n", (2, "", "row.cells")),
        (f"{HEADER}\n{ROW.replace('45.0', '1,250')}\n", (2, "", "row.cells")),
        (
            f"{HEADER}\n{ROW.replace('45.0 kg', chr(34) + '1,250 kg' + chr(34))}\n",
            (2, "mass", "mass.malformed"),
        ),
        (f"{HEADER}\n{ROW}\n{ROW.replace(' kg', '')}\n", (3, "mass", "mass.malformed")),
        (f"{HEADER}\n\n{ROW.replace('wet', 'moist')}\n", (3, "basis", "word.unknown")),
        (
            f"{HEADER}\n{ROW.replace('2026-02-11', '11.02.2026')}\n",
            (2, "occurred_at", "time.malformed"),
        ),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(text: str, found: tuple[int, str, str]) -> None:
    assert found in problems(text)


def test_a_comma_in_a_number_is_never_guessed() -> None:
    text = f"{HEADER}\n{ROW}\n".replace(",", ";").replace("45.0 kg", "1,250 kg")
    (one,) = read(text)[1]
    assert (one.row, one.column, one.code) == (2, "mass", "mass.malformed")
    assert "two ways" in one.message


def test_an_unknown_column_says_what_was_meant() -> None:
    (one,) = read(f"{HEADER},moistur\n{ROW},\n")[1]
    assert "did you mean moisture" in one.message


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "table.empty"),
        (b"\n\n", "table.empty"),
        (f"{HEADER}\n".encode(), "table.empty"),
        (b"lot\nG\xe9\n", "table.not-utf8"),
        (b"\xff\xfel\x00o\x00t\x00", "table.not-utf8"),
        (f'{HEADER}\n"GIH-1\n'.encode(), "table.not-csv"),
        (f'{HEADER}\n"GIH"-1,,,,,,\n'.encode(), "table.not-csv"),
        (f"{HEADER}\n{'x' * 200_000},,,,,,\n".encode(), "table.not-csv"),
        (f"{HEADER}\n{ROW}\n".encode() + f"{ROW}\n".encode() * 4_096, "table.too-many-rows"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(text: bytes, code: str) -> None:
    assert refused(text) == code


def test_a_row_that_is_no_utf8_is_named() -> None:
    with pytest.raises(MalformedError, match=r"row 3 .*0xe9"):
        read(b"lot\nA\nG\xe9\n")


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MAX_BYTES", 10)
    assert refused("x" * 11) == "table.too-large"


def test_as_many_rows_as_a_statement_holds_are_read() -> None:
    assert len(values(f"{HEADER}\n" + f"{ROW}\n" * 4_096)) == 4_096


# ---------------------------------------------------------------- JSON Lines


def test_json_lines_hold_plain_values_or_words() -> None:
    plain = '{"lot":"A","mass":45000000,"grades":[{"analyte":"Ta2O5","grade":240000000}]}'
    words = '{"lot":"A","mass":"45 kg","grades":["Ta2O5=24 %"],"type":"lot.extracted"}'
    cell = '{"lot":"A","mass":"45 kg","grades":"Ta2O5=24 %"}\r'
    one, two, three = values(f"{plain}\n\n{words}\n{cell}\n")
    assert one == two == three


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"lot":"A"', ("", "json.malformed")),
        ('{"lot":"A"}}', ("", "json.malformed")),
        ('["lot"]', ("", "json.malformed")),
        ('{"lot":"\\ud800"}', ("", "json.malformed")),
        ('{"mass":4.5}', ("", "json.float")),
        ('{"mass":1e3}', ("", "json.float")),
        ('{"mass":NaN}', ("", "json.float")),
        ('{"mass":-Infinity}', ("", "json.float")),
        ('{"mass":' + "9" * 5_000 + "}", ("", "json.number")),
        ('{"lot":"A","lot":"B"}', ("", "json.duplicate-key")),
        ('{"grades":[{"analyte":"Ta","analyte":"Ta"}]}', ("", "json.duplicate-key")),
        ('{"lot":' + "[" * 100_000 + "]" * 100_000 + "}", ("", "json.too-deep")),
        ('{"type":"lot.split"}', ("", "event.unsupported")),
        ('{"type":"lot.molten"}', ("", "event.unsupported")),
        ('{"type":7}', ("", "event.unsupported")),
        ('{"mass":"45"}', ("mass", "mass.malformed")),
        ('{"grades":["Ta2O5"]}', ("grades", "field.missing")),
    ],
)
def test_a_wrong_line_is_named(line: str, found: tuple[str, str]) -> None:
    assert problems(f'{{"lot":"A"}}\n{line}\n') == [(2, *found)]


def test_lines_of_several_types_name_theirs() -> None:
    rows, _ = read('{"type":"lot.split","lot":"A"}\n{"type":"lot.tagged"}\n', None)
    assert [row.kind for row in rows] == [TYPES["lot.split"], TYPES["lot.tagged"]]
    assert problems('{"lot":"A"}', None) == [(1, "", "event.unsupported")]
    assert refused("lot\nA\n", None) == "table.not-json"


@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_are_rows_problems_or_our_error(data: bytes) -> None:
    for kind in (KIND, None):
        for start in (b"", b"{", HEADER.encode() + b"\n"):
            try:
                tables.read(start + data, "f", kind, Reader())
            except MalformedError as error:
                assert error.code.startswith("table.")


# ---------------------------------------------------------------- through the command


def test_a_good_file_is_registered_as_one_statement(place: Place) -> None:
    rows = "\n".join(ROW.replace("GIH-1", f"GIH-{number}") for number in range(30))
    file = place.file("bags.csv", f"{HEADER}\n{rows}\n")
    before = place.size
    receipt = place.json("record", "extraction", "--by", MINE, "--from", file)["receipt"]
    assert len(receipt["event"]) == 30
    assert receipt["index"] == before
    assert receipt["size"] == place.size == before + 31
    assert place.json("verify")["verdict"] == "supported"


def test_a_file_with_one_wrong_cell_registers_nothing_and_tells_all(place: Place) -> None:
    text = f"{HEADER}\n{ROW}\n{ROW}\n{ROW}\n"
    text = text.replace("45.0 kg", "45", 1).replace("asm,2026-02-11\n", "pit,2026-02-11\n", 1)
    text += "two words" + ROW.removeprefix("GIH-1") + "\n"
    text += ROW.replace("coltan ore", "") + "\n"
    before = place.size
    answer = place(
        "record", "extraction", "--by", MINE, "--from", place.file("b.csv", text), code=4
    )
    assert answer.error == "table.malformed"
    lines = [line.removeprefix("oretrail: ") for line in answer.err.splitlines()]
    assert lines[0].startswith("row 2, mass: ")
    assert lines[1].startswith("row 2, method: ")
    assert lines[2].startswith("row 5, lot: ")
    assert lines[3].startswith("row 6, material: ")
    assert "4 problems in 3 of 5 rows; nothing was registered" in lines[4]
    assert place.size == before


def test_the_problems_of_a_file_are_json_too(place: Place) -> None:
    text = f"{HEADER}\n{ROW.replace(' kg', '')}\n"
    said = place.json("record", "extraction", "--from", "-", given=text, code=4)["error"]
    assert said["code"] == "table.malformed"
    (problem,) = said["problems"]
    assert problem["row"] == 2
    assert problem["column"] == "mass"
    assert problem["code"] == "mass.malformed"


def test_options_stand_for_what_the_rows_leave_out(place: Place) -> None:
    text = "lot,mass,by\nA,45 kg,\nB,46 kg,gihanga.example\n"
    place(
        *("record", "extraction", "--from", "-", "--by", MINE, "--material", "ore"),
        *("--basis", "dry", "--site", "RW-GIH", "--method", "asm"),
        given=text,
    )
    assert [lot["mass_mg"] for lot in place.json("lots")["lots"]] == [45_000_000, 46_000_000]


def test_events_of_several_types_enter_in_one_statement(place: Place) -> None:
    lines = [
        '{"type":"lot.extracted","lot":"A","material":"ore","mass":"5 kg","basis":"dry",'
        '"site":"RW-GIH","method":"asm"}',
        '{"type":"lot.split","lot":"A","material":"ore","parts":["B=2 kg","C=3 kg"]}',
    ]
    file = place.file("day.jsonl", "\n".join(lines))
    receipt = place.json("record", "events", "--by", MINE, "--from", file)["receipt"]
    assert len(receipt["event"]) == 2
    assert [lot["lot"] for lot in place.json("lots")["lots"]] == ["B", "C"]


def test_a_file_that_is_not_there_is_said(place: Place) -> None:
    answer = place("record", "extraction", "--from", place.root / "none.csv", code=5)
    assert answer.error == "file.not-read"


def test_a_table_sent_by_others_takes_no_digest_of_a_file_here(place: Place) -> None:
    text = "subject,kind,digest\nlot:A,invoice,@/etc/passwd\n"
    answer = place("record", "document", "--by", MINE, "--from", "-", given=text, code=4)
    assert "digest.file" in answer.err


# ---------------------------------------------------------------- workbooks


def test_a_workbook_is_read_like_the_table_it_shows(tmp_path: Path) -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    place = settled(tmp_path / "ledger")
    file = place.root / "bags.xlsx"
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet()
        heads = ["lot", "material", "mass (kg)", "basis", "site", "method", "occurred_at", "tags"]
        for column, text in enumerate(heads):
            page.write_string(0, column, text)
        for row, mass in enumerate((45.2, 40, 0.000001), start=1):
            cells = [f"BAG-{row}", "coltan ore", mass, "wet", "RW-GIH", "asm"]
            for column, cell in enumerate(cells):
                page.write(row, column, cell)
            page.write_datetime(row, 6, datetime.datetime(2026, 2, 11))  # noqa: DTZ001
            page.write_number(row, 7, 77000 + row)
    place("record", "extraction", "--from", file, "--by", MINE)
    lots = {one["lot"]: one["mass_mg"] for one in place.json("lots")["lots"]}
    assert lots == {"BAG-1": 45_200_000, "BAG-2": 40_000_000, "BAG-3": 1}
    assert "77001" in place("show", "BAG-1").out or place.json("trace", "BAG-1")


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04", b"PK\x03\x04" + b"x" * 500, b"\xd0\xcf\x11\xe0 no"]
)
def test_a_broken_workbook_is_one_error(data: bytes, tmp_path: Path) -> None:
    place = settled(tmp_path / "ledger")
    file = place.file("bags.xlsx", data)
    words = ("record", "extraction", "--from", file, "--by", MINE)
    assert place(*words, code=4).error == "table.no-workbook"
