"""What a lot is made up of, and what it is in: exact, in one pass, and as the trail has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulk import MINE, WHEN, bag, mine
from cli_place import Place, chain, settled
from ledger.cli.stories import gold, mica, tantalum
from ledger.custody.shares import WHOLE, Behind, Edge, behind, inside, told
from ledger.custody.statement import Statement
from ledger.errors import StorageError, UnknownError
from ledger.events.base import Draw
from ledger.events.lot_split import LotSplit
from ledger.events.lots_blended import LotsBlended
from ledger.ledger import Ledger
from ledger.store import projections, shelf, walks
from ledger.store.shelf import Shelf
from reference_matter import made_up

Flows = list[tuple[int, int, int]]


def edges(flows: Flows, end: int = 1) -> list[Edge]:
    return [(*flow, f"L{flow[end]}") for flow in flows]


def up(subject: int, flows: Flows) -> Behind:
    """By a query that is not there: all edges into what is upstream."""
    reached, todo = {subject}, [subject]
    while todo:
        at = todo.pop()
        new = {source for target, source, _ in flows if target == at} - reached
        reached |= new
        todo += new
    return behind(subject, f"L{subject}", edges([flow for flow in flows if flow[0] in reached]))


def down(subject: int, flows: Flows) -> dict[str, int]:
    reached = {subject}
    for target, source, _ in sorted(flows):
        if source in reached:
            reached.add(target)
    found = inside(subject, edges([flow for flow in flows if flow[0] in reached], end=0))
    return {one.lot: one.parts for one in found}


# ---------------------------------------------------------------- arithmetic


@st.composite
def graphs(draw: st.DrawFn) -> Flows:
    size = draw(st.integers(2, 12))
    flows = {
        (target, source): draw(st.integers(0, 10**9))
        for target in range(1, size)
        for source in draw(st.sets(st.integers(0, target - 1), max_size=4))
    }
    return draw(st.permutations([(*ends, mass) for ends, mass in flows.items()]))


@given(graphs())
def test_shares_are_those_of_the_slow_twin_in_any_order_of_edges(flows: Flows) -> None:
    subject = max([target for target, _, _ in flows], default=0)
    found = up(subject, flows)
    slow = made_up(subject, flows)
    assert found.parts.keys() == {f"L{lot}" for lot in slow}
    for lot, exact in slow.items():
        assert abs(Fraction(found.parts[f"L{lot}"], WHOLE) - exact) < Fraction(100, WHOLE)
    assert sum(found.parts[lot] for lot in found.began) == WHOLE
    assert found.mass == sum(mass for target, _, mass in flows if target == subject)


@given(graphs())
def test_what_is_behind_a_lot_has_that_lot_after_it_with_the_same_share(flows: Flows) -> None:
    lots = {lot for target, source, _ in flows for lot in (target, source)}
    after = {lot: down(lot, flows) for lot in lots}
    for lot in lots:
        for name, parts in up(lot, flows).parts.items():
            if name != f"L{lot}":
                assert abs(after[int(name[1:])].pop(f"L{lot}") - parts) < 100
    assert not any(after.values())


def test_lots_that_part_and_meet_again_forty_times_are_walked_once_each() -> None:
    flows = []
    for level in range(40):
        top, left, right, end = (3 * level + step for step in range(4))
        flows += [(left, top, 3), (right, top, 1), (end, left, 3), (end, right, 1)]
    found = up(120, flows)
    assert len(found.parts) == 121
    assert found.parts["L0"] == WHOLE
    assert found.parts["L1"] == WHOLE // 4 * 3
    assert down(0, flows)["L120"] == WHOLE


def test_a_lot_that_nothing_but_pieces_without_mass_flowed_into_began_where_it_is() -> None:
    found = up(1, [(1, 0, 0)])
    assert found == Behind({"L1": WHOLE, "L0": 0}, ["L1", "L0"], 0)
    assert down(0, [(1, 0, 0)]) == {"L1": 0}


def test_what_is_told_adds_up_and_the_largest_remainder_gets_what_is_left() -> None:
    found = up(3, [(3, 0, 1), (3, 1, 1), (3, 2, 1)])
    assert told(found, 100) == {"L3": 100, "L0": 33, "L1": 33, "L2": 34}
    deep = up(4, [(3, 0, 1), (3, 1, 2), (4, 3, 5), (4, 2, 5)])
    assert told(deep, 1_000) == {"L4": 1_000, "L3": 500, "L2": 500, "L0": 167, "L1": 333}


@pytest.mark.parametrize("flows", [[(1, 2, 5)], [(1, 1, 5)], [(1, 0, 5), (0, 1, 5)]])
def test_a_lot_that_is_made_of_a_later_one_is_an_error(flows: Flows) -> None:
    with pytest.raises(ValueError, match="came after it"):
        behind(1, "L1", edges(flows))
    with pytest.raises(ValueError, match="came after it"):
        inside(0, edges(flows, end=0))


# ---------------------------------------------------------------- of a ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with mine(tmp_path / "ledger.db") as made:
        yield made


def blend(name: str, *lots: Draw) -> LotsBlended:
    return LotsBlended(by=MINE.name, occurred_at=WHEN, lot=name, material="coltan ore", inputs=lots)


def dug(ledger: Ledger, count: int) -> list[str]:
    ledger.register(Statement.draft(ledger.id, [bag(at) for at in range(count)]).signed(MINE))
    return [f"BAG-{at:08}" for at in range(count)]


def test_five_hundred_and_twelve_lots_in_one_give_their_masses(ledger: Ledger) -> None:
    ledger.record([blend("PILE", *map(Draw, dug(ledger, 512)))], MINE)
    found = ledger.shares("PILE")
    masses = told(found.behind, found.behind.mass)
    assert len(found.behind.began) == 512
    assert masses == {"PILE": found.behind.mass} | {
        f"BAG-{at:08}": 40_000_000 + at for at in range(512)
    }
    (one,) = ledger.inside("BAG-00000511")
    assert (one.lot, one.mass) == ("PILE", 40_000_511)
    assert abs(one.parts - found.behind.parts["BAG-00000511"]) <= 1


def test_a_chain_of_three_thousand_lots_is_one_query(ledger: Ledger) -> None:
    dug(ledger, 1)
    ledger.record([blend("HEAP-0", Draw("BAG-00000000"))], MINE)
    chained = [blend(f"HEAP-{at}", Draw(f"HEAP-{at - 1}")) for at in range(1, 3_000)]
    for start in range(0, len(chained), 1_000):
        ledger.record(chained[start : start + 1_000], MINE)
    found = ledger.shares("HEAP-2999").behind
    assert (len(found.parts), found.began) == (3_001, ["BAG-00000000"])
    assert set(found.parts.values()) == {WHOLE}
    assert [one.mass for one in ledger.inside("BAG-00000000")] == [40_000_000] * 3_000


def test_lots_that_are_split_and_joined_again_and_again_are_walked_once(ledger: Ledger) -> None:
    dug(ledger, 1)
    top, steps = "BAG-00000000", []
    for level in range(30):
        halves = tuple(Draw(f"{side}-{level}", mass=20_000_000) for side in "AB")
        steps.append(
            LotSplit(by=MINE.name, occurred_at=WHEN, lot=top, material="ore", parts=halves)
        )
        top = f"TOP-{level}"
        steps.append(blend(top, *(Draw(half.lot) for half in halves)))
    ledger.record(steps, MINE)
    found = ledger.shares(top).behind
    assert len(found.parts) == 91
    assert found.parts["A-0"] == found.parts["B-29"] == WHOLE // 2
    assert {one.lot: one.parts for one in ledger.inside("BAG-00000000")}[top] == WHOLE


@pytest.mark.parametrize("story", [gold, mica, tantalum], ids=lambda story: str(story.__name__))
def test_the_tables_say_of_every_lot_of_a_story_what_its_trail_says(
    story: ModuleType, tmp_path: Path
) -> None:
    with story.build(tmp_path / "demo").ledger(read_only=True) as ledger:
        lots = ledger.lots()
        assert len(lots) >= 20
        for lot in lots:
            found, trail = ledger.shares(lot.lot), ledger.trace(lot.lot)
            assert {line.lot for line in trail.lots} == found.behind.parts.keys()
            if not lot.amount.mass:
                assert found.elements == {}
                continue
            assert found.elements.keys() == trail.elements.keys()
            for name, one in found.elements.items():
                proven = trail.elements[name]
                assert one.origins == proven.origins
                assert (one.mass_mg, one.basis) == (proven.mass_mg, proven.basis)
                assert one.coverage.items() <= proven.coverage.items()


def test_a_lot_that_is_not_here_has_no_shares(ledger: Ledger) -> None:
    for ask in (ledger.shares, ledger.inside):
        with pytest.raises(UnknownError, match="no lot or product X"):
            ask("X")


def test_tables_that_go_in_circles_are_our_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with mine(path) as ledger:
        ledger.record([blend("PILE", *map(Draw, dug(ledger, 2)))], MINE)
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO edge SELECT source, target, idx + 1, mass FROM edge")
    connection.close()
    with Ledger.open(path, read_only=True) as ledger:
        for ask in (ledger.shares, ledger.inside):
            with pytest.raises(StorageError, match="came after it") as caught:
                ask("BAG-00000000")
            assert caught.value.code == "storage.corrupt"


def test_no_walk_reads_a_whole_table(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger.record([blend("PILE", *map(Draw, dug(ledger, 300)))], MINE)
    asked: list[tuple[str, tuple[object, ...]]] = []
    with ledger._reading() as connection:
        run = type(connection).exec_driver_sql

        def noted(self: object, sql: str, values: tuple[object, ...] = ()) -> object:
            asked.append((sql, values))
            return run(self, sql, values)

        monkeypatch.setattr(type(connection), "exec_driver_sql", noted)
        lot = projections.lot(connection, "BAG-00000007")
        assert lot is not None
        walks.shares(connection, lot)
        walks.inside(connection, "BAG-00000007")
        assert len(list(projections.downstream(connection, "BAG-00000007"))) == 2
        projections.ancestors(connection, "PILE")
        plans = [
            row[3]
            for sql, values in asked
            for row in run(connection, f"EXPLAIN QUERY PLAN {sql}", values)
        ]
    assert any("edge_by_source" in step for step in plans)
    whole = [step for step in plans if step.startswith("SCAN") and "walk" not in step]
    assert [step for step in whole if step not in ("SCAN CONSTANT ROW", "SCAN setting")] == []


# ---------------------------------------------------------------- said by the command


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = settled(tmp_path / "ledger")
    chain(made)
    return made


def test_a_quick_trace_says_that_it_is_not_proven(place: Place) -> None:
    said = place.json("trace", "PHONE-1", "--quick")
    proven = place.json("trace", "PHONE-1")
    assert said["proven"] is False
    assert said["elements"]["Ta"]["origins"] == proven["elements"]["Ta"]["origins"]
    assert [one["lot"] for one in said["lots"] if one["began"]] == ["GIH-1", "GIH-2"]
    assert [one["share_ppb"] for one in said["lots"]] == [10**9, 10**9, 10**9 // 2, 10**9 // 2]
    shown = place("trace", "PHONE-1", "--quick").out
    assert "made up of 2 lots, by way of 2 lots, by net mass as it flowed" in shown
    assert shown.endswith("by the tables, not proven; oretrail trace PHONE-1 proves it\n")
    assert list(place.json("trace", "PHONE-1", "--quick", "--element", "Ta")["elements"]) == ["Ta"]


def test_of_a_lot_that_is_used_up_only_the_lots_are_told(place: Place) -> None:
    shown = place("trace", "GIH-C1", "--quick").out
    assert "nothing of it is left" in shown
    assert "50.000 %   45.000 kg   GIH-2" in shown
    assert place.json("trace", "GIH-C1", "--quick")["elements"] == {}


def test_where_a_lot_went_is_told_with_its_share(place: Place) -> None:
    said = place.json("trace", "GIH-1", "--down")
    assert {one["lot"] for one in said["inside"]} == {"GIH-C1", "TAP-1", "PHONE-1"}
    assert {one["share_ppb"] for one in said["inside"]} == {500_000_000}
    shown = place("trace", "GIH-1", "--down").out
    assert "of GIH-1   its share" in shown
    assert place("trace", "GIH-1", "--down", "--quick", code=2).error == "usage.wrong"


# ---------------------------------------------------------------- the trail


def test_of_a_site_is_read_what_was_said_and_not_what_else_was_dug(ledger: Ledger) -> None:
    dug(ledger, 100)
    with ledger._reading() as connection:
        found = Shelf(connection).about({"site:RW-1"})
    assert [one.event.type for one in found.values()] == ["site.registered"]
    assert len(ledger.trace("BAG-00000007").entries) <= 5


def test_a_trail_of_more_events_than_are_kept_at_hand_is_the_same(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    lots = dug(ledger, 300)
    ledger.record(
        [blend("PILE-1", *map(Draw, lots[::2])), blend("PILE-2", *map(Draw, lots[1::2]))], MINE
    )
    ledger.record([blend("HEAP", Draw("PILE-1"), Draw("PILE-2"))], MINE)
    trail = ledger.trace("HEAP")
    assert (len(trail.lots), len(trail.findings)) == (303, 0)
    monkeypatch.setattr(shelf, "_KEPT", 7)
    assert ledger.trace("HEAP") == trail
    assert list(trail.entries) == sorted(set(trail.entries))
