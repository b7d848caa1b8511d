"""The made-up books of examples/comptoir-month: always the same, and like real ones."""

from __future__ import annotations

import csv
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

from sessions import ROOT

FOLDER = ROOT / "examples" / "comptoir-month"
BOOK = FOLDER / "book"


def rows(pattern: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    for path in sorted(BOOK.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def total(of: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in of), Decimal(0))


def test_the_books_are_made_again_to_the_byte(tmp_path: Path) -> None:
    subprocess.run([sys.executable, FOLDER / "make_month.py", tmp_path], check=True, timeout=60)
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in BOOK.iterdir()}


def test_there_are_hundreds_of_bags_small_and_large_from_several_pits() -> None:
    log = rows("mine-log-*.csv")
    weights = [Decimal(row["Weight (kg)"]) for row in log]
    assert len(log) > 200
    assert len({row["Mine tag"] for row in log}) == len(log)
    assert len({row["Account"] for row in log}) == 4
    assert len({row["Pit"] for row in log}) == 5
    assert min(weights) == Decimal("9.5")
    assert sum(weight < 15 for weight in weights) > len(log) // 5
    assert sum(weight > 45 for weight in weights) > len(log) // 5


def test_every_bag_that_was_dug_is_delivered_weighed_and_sorted_once() -> None:
    dug = sorted(row["Mine tag"] for row in rows("mine-log-*.csv"))
    for pattern in ("supplies-*.csv", "negociant-log-*.csv"):
        assert sorted(tag for row in rows(pattern) for tag in row["Mine tags"].split("; ")) == dug
    assert sorted(row["Mine tag"] for row in rows("weights-*.csv")) == dug


def test_the_totals_of_the_pages_agree() -> None:
    bought = total(rows("weights-*.csv"), "Weight in per mine tag (kg)")
    assert total(rows("supplies-*.csv"), "Weight in (kg)") == bought
    assert total(rows("negociant-log-*.csv"), "Weight in (kg)") == bought
    log = rows("negociant-log-*.csv")
    sorted_out = sum(Decimal(row["Losses"].split("=")[1].removesuffix(" kg")) for row in log)
    assert total(log, "Weight out (kg)") == bought - sorted_out
