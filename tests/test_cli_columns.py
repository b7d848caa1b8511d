"""Somebody's own book as a table: columns by the names they have there, decimal commas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_place import MINE, Place, settled
from ledger.cli import tables
from ledger.cli.words import Reader
from ledger.errors import MalformedError
from ledger.events import TYPES

BOOK = "Date;Company by tags;Mine tag;Weight in (kg)\n2026-02-11;Gihanga Mining;MT-1;45.2\n"
NAMES = ("lot=Mine tag", "tags=Mine tag", "mass (kg)=Weight in (kg)", "occurred_at=Date")
LOT = {
    "lot": "MT-1",
    "tags": ["MT-1"],
    "mass": 45_200_000,
    "occurred_at": "2026-02-11T00:00:00Z",
}


def read(text: str, *columns: str, comma: bool = False) -> tuple[list[Any], list[Any]]:
    kind = TYPES["lot.extracted"]
    return tables.read(text.encode(), "f.csv", kind, Reader(), columns=columns, comma=comma)


def values(text: str, *columns: str, comma: bool = False) -> list[dict[str, Any]]:
    rows, problems = read(text, *columns, comma=comma)
    assert problems == []
    return [row.values for row in rows]


def problems(text: str, *columns: str, comma: bool = False) -> list[tuple[int, str, str]]:
    found = read(text, *columns, comma=comma)[1]
    return [(one.row, one.column, one.code) for one in found]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def test_a_field_is_taken_from_the_column_that_is_named_and_the_others_are_left_out() -> None:
    assert values(BOOK, *NAMES) == [LOT]


def test_a_part_of_a_field_and_a_unit_can_stand_for_a_column() -> None:
    book = "Bag,Ta,Damp\nMT-1,24.0,4\n"
    assert values(book, "lot=Bag", "grades.Ta2O5 (%)=Ta", "moisture (%)=Damp") == [
        {
            "lot": "MT-1",
            "grades": [{"analyte": "Ta2O5", "grade": 240_000_000}],
            "moisture": 40_000_000,
        }
    ]


def test_a_header_with_an_equals_sign_can_be_named() -> None:
    assert values("Mass = net,Bag\n45.2,MT-1\n", "lot=Bag", "mass (kg)=Mass = net") == [
        {"lot": "MT-1", "mass": 45_200_000}
    ]


def test_a_column_that_is_not_there_is_named_with_the_nearest_that_is() -> None:
    assert problems(BOOK, "lot=Mine tags") == [(1, "Mine tags", "column.missing")]
    message = read(BOOK, "lot=Mine tags")[1][0].message
    assert message.endswith("did you mean Mine tag")
    assert "there are Date, Company by tags" in read(BOOK, "lot=xyz")[1][0].message


def test_a_name_that_two_columns_bear_is_refused() -> None:
    assert problems("Bag,Bag\nMT-1,MT-2\n", "lot=Bag") == [(1, "Bag", "column.twice")]


def test_a_field_that_there_is_not_is_refused_by_its_own_name() -> None:
    assert problems(BOOK, "lott=Mine tag") == [(1, "lott", "column.unknown")]


def test_a_field_is_taken_from_one_column_only() -> None:
    assert problems(BOOK, "lot=Mine tag", "lot=Date") == [(1, "lot", "column.twice")]


def test_a_bad_cell_is_reported_under_the_header_of_the_book() -> None:
    bad = BOOK.replace("45.2", "45.2.1")
    assert problems(bad, *NAMES) == [(2, "Weight in (kg)", "mass.malformed")]


def test_a_row_of_another_length_is_reported_though_its_columns_are_left_out() -> None:
    assert problems("Bag,Note\nMT-1,a,b\n", "lot=Bag") == [(2, "", "row.cells")]


def test_decimal_commas_are_read_where_they_are_announced() -> None:
    assert values(BOOK.replace("45.2", "45,2"), *NAMES, comma=True) == [LOT]
    assert problems(BOOK.replace("45.2", "45,2"), *NAMES) == [
        (2, "Weight in (kg)", "mass.malformed")
    ]


@pytest.mark.parametrize("figure", ["1.045,2", "45.2", "1,045,2", "45,"])
def test_with_decimal_commas_no_figure_has_two_readings(figure: str) -> None:
    assert problems(BOOK.replace("45.2", figure), *NAMES, comma=True) == [
        (2, "Weight in (kg)", "mass.malformed")
    ]


def test_a_comma_that_is_no_number_stays_what_it_is() -> None:
    book = "Bag;What\nMT-1;ore, washed. Twice\n"
    assert values(book, "lot=Bag", "material=What", comma=True) == [
        {"lot": "MT-1", "material": "ore, washed. Twice"}
    ]


@pytest.mark.parametrize("how", [{"columns": ("lot=Bag",)}, {"comma": True}])
def test_columns_and_commas_are_refused_for_json(how: dict[str, Any]) -> None:
    with pytest.raises(MalformedError) as caught:
        tables.read(b'{"lot":"A"}', "f", TYPES["lot.extracted"], Reader(), **how)
    assert caught.value.code == "table.not-csv"


def test_a_book_is_registered_and_options_stand_for_what_it_leaves_out(place: Place) -> None:
    file = place.file("book.csv", BOOK.replace("45.2", "45,2"))
    said = ["--by", MINE, "--material", "coltan ore", "--basis", "wet", "--method", "asm"]
    columns = [word for name in NAMES for word in ("--column", name)]
    place("record", "extraction", "--from", file, *said, "--site", "RW-GIH", *columns,
          "--decimal-comma")  # fmt: skip
    assert [one["mass_mg"] for one in place.json("lots")["lots"]] == [45_200_000]


@pytest.mark.parametrize("words", [["--column", "lot=Bag"], ["--decimal-comma"]])
def test_columns_without_a_table_are_a_mistake_of_usage(place: Place, words: list[str]) -> None:
    assert place("record", "extraction", *words, code=2).error == "usage.wrong"


def test_a_column_without_a_header_is_a_mistake_of_usage(place: Place) -> None:
    file = place.file("book.csv", BOOK)
    answer = place("record", "extraction", "--from", file, "--column", "lot", code=2)
    assert "--column lot" in answer.err
