"""The benchmarks' load is real: the rules accept it, it verifies, and the table is drawn."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from benchmarks import million
from benchmarks.measure import Line, Result, Timing, in_turn
from benchmarks.page import BEGIN, END, Machine, Table, onto, table
from benchmarks.rows import ROWS
from benchmarks.workload import SHARES, Trade, begin, pyramid
from ledger.events import decode


@pytest.mark.parametrize("per", [1, 100])
def test_the_load_registers_and_verifies_as_supported(tmp_path: Path, per: int) -> None:
    ledger, clock = begin(tmp_path / "ledger.db", firms=8)
    with ledger:
        batches = list(Trade(ledger.id, firms=range(8)).statements(400, per))
        for one in batches:
            clock.now = one.when
            assert ledger.register(one.statement).findings == ()
        report = ledger.verify()
    kinds = Counter(decode(data).type for one in batches for data in one.statement.events)
    assert report.verdict == "supported"
    assert [finding for finding in report.findings if finding.severity == "error"] == []
    assert kinds.total() == 400
    assert abs(kinds["lot.extracted"] - SHARES["dig"] * 400) < 24
    assert len(kinds) == 7


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = (list(Trade("0" * 64, seed=5).statements(60, 7)) for _ in range(2))
    other = list(Trade("0" * 64, seed=6).statements(60, 7))
    assert first == second
    assert first != other


def test_a_pyramid_has_every_lot_behind_its_last(tmp_path: Path) -> None:
    ledger, clock = begin(tmp_path / "ledger.db", firms=1)
    with ledger:
        product, batches = pyramid(ledger.id, leaves=40, fan=6)
        for one in batches:
            clock.now = one.when
            ledger.register(one.statement)
        trail = ledger.trace(product)
    assert len(trail.lots) == 40 + 7 + 2 + 1


def test_a_million_events_go_on_where_they_were_stopped(tmp_path: Path) -> None:
    run = million.Run(tmp_path, events=300, per=50, workers=1, url="")
    assert million.step(run, "make")["events"] == 300
    assert million.step(run, "register")["events"] == 300
    assert million.step(run, "register")["events"] == 0
    assert million.step(run, "verify")["verdict"] == "supported"
    assert million.step(run, "back")["lots"] > 1
    assert million.step(run, "forward")["lots"] > 1


def test_the_table_says_what_is_met_and_what_is_not() -> None:
    name = next(iter(ROWS))
    lines = [
        Line("quick enough", 0.9, 0.8, 1.0, "V", ">= 0.85"),
        Line("too large", 2.0, 1.9, 2.1, "x", "<= 1.6"),
        Line("only told", 3.0, 3.0, 3.0),
    ]
    profile = {"one process": {"rules": 0.75, "SQL": 0.25}}
    rows = {name: Result(lines=lines, profile=profile), "later": Result(missing="no server")}
    made = table(Table(Machine(processor="a chip", cores=2), rows=rows))
    assert "| quick enough | 0.9 V | 0.8 to 1 |  | >= 0.85 | yes |" in made
    assert "| too large | 2 x | 1.9 to 2.1 |  | <= 1.6 | **no** |" in made
    assert "| only told | 3 x | 3 to 3 |  |  |  |" in made
    assert "not run: no server" in made
    assert f"| {name}, one process | 75 | 25 |" in made
    page = onto(f"words\n{BEGIN}\nobsolete\n{END}\nmore\n", made)
    assert page.startswith("words\n")
    assert page.endswith(f"{END}\nmore\n")
    assert "obsolete" not in page


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    turns = iter([1.0, 4.0, 2.0])
    found = in_turn(
        {"ours": lambda: Timing(8, next(turns), 1.0), "control": lambda: Timing(4, 2.0, 2.0)},
        rounds=3,
    )
    line = found.ratio("work", "ours", "control", ">= 2")
    assert (line.value, line.low, line.high, line.beside) == (2.0, 1.0, 4.0, 4.0)
    assert line.met
