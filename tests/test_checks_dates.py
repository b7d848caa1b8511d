"""Checks about dates and about who hands over to whom."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import (
    EXPORTER,
    KG,
    LAB,
    MINE,
    SMELTER,
    TRADER,
    blended,
    cancelled,
    declared,
    dispatched,
    event,
    extracted,
    output,
    received,
    refined,
    rejected,
    split,
    weighed,
)
from check_world import CheckWorld
from ledger.audit.checks.base import seconds
from ledger.events.base import Draw

DUG = "2026-02-10T08:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CheckWorld]:
    world = CheckWorld(tmp_path / "ledger.db")
    yield world
    world.ledger.close()


@pytest.mark.parametrize(
    ("moment", "since"),
    [
        ("2000-01-01T00:00:00Z", 946_684_800),
        ("2026-02-28T23:59:59Z", 1_772_323_199),
        ("2199-12-31T12:30:01Z", 7_258_077_001),
    ],
)
def test_seconds_are_counted_from_1970(moment: str, since: int) -> None:
    assert seconds(moment) == since


# ---------------------------------------------------------------- recorded late


def test_what_was_recorded_a_month_later_is_found_once_a_statement(world: CheckWorld) -> None:
    late = [extracted("G1"), extracted("G2")]
    world.at(DUG, *late, recorded="2026-03-12T08:00:00Z")
    assert world.found("recorded.late") == []
    world.at(DUG, extracted("G3"), extracted("G4"), recorded="2026-03-13T08:00:00Z")
    world.at(DUG, extracted("G5"), recorded="2026-03-13T09:00:00Z")
    assert world.found("recorded.late") == ["recorded.late major"] * 2
    assert world.found("recorded.late", days=32) == []


def test_stock_that_is_declared_is_old_by_nature(world: CheckWorld) -> None:
    world.at(DUG, declared("D"), recorded="2026-06-12T08:00:00Z")
    assert world.found("recorded.late", events=1) == []


@pytest.mark.parametrize("added", [0, 1])
def test_a_milligram_of_reagent_excuses_no_delay(world: CheckWorld, added: int) -> None:
    world.at(DUG, extracted("G"))
    washed = refined("G", output("W", 45 * KG + added, added=added))
    world.at(DUG, washed, recorded="2026-03-11T08:00:00Z")
    assert world.found("recorded.late", days=29) == []
    assert world.found("recorded.late", days=28) == ["recorded.late major"]


def test_who_is_late_as_a_habit_is_told_once(world: CheckWorld) -> None:
    for number in range(5):
        world.at(DUG, extracted(f"A{number}"))
    for number in range(5):
        world.at(DUG, extracted(f"B{number}"), recorded=f"2026-02-13T08:00:0{number + 1}Z")
    assert world.found("recorded.late") == []
    world.at(DUG, extracted("C"), recorded="2026-02-13T09:00:00Z")
    (finding,) = world.findings("recorded.late")
    assert (finding.severity, finding.subject) == ("minor", f"party:{MINE}")
    assert finding.message.startswith("6 of 11 events")
    assert world.found("recorded.late", events=12) == []
    assert world.found("recorded.late", hours=73) == []
    assert world.found("recorded.late", share=600_000_000) == []


# ---------------------------------------------------------------- before its cause


def test_what_happened_before_what_it_builds_on_is_found(world: CheckWorld) -> None:
    world.at("2026-02-12T08:00:00Z", extracted("G1"), extracted("G2"))
    world.at("2026-02-11T08:00:00Z", weighed("G1", 45 * KG), recorded="2026-02-13T08:00:00Z")
    assert world.found("time.before-cause") == []
    world.at("2026-02-11T07:59:59Z", weighed("G2", 45 * KG), recorded="2026-02-13T08:00:00Z")
    (finding,) = world.findings("time.before-cause")
    assert (finding.severity, finding.subject) == ("major", "lot:G2")
    assert world.found("time.before-cause", hours=25) == []


def test_what_a_lot_went_through_counts_however_it_was_told(world: CheckWorld) -> None:
    world.at("2026-02-12T08:00:00Z", extracted("G1"))
    world.at("2026-02-11T20:00:00Z", weighed("G1", 45 * KG), recorded="2026-02-13T08:00:00Z")
    # Half a day before the digging once, and half a day more: both count from the digging.
    world.at("2026-02-11T07:00:00Z", weighed("G1", 45 * KG), recorded="2026-02-13T08:00:00Z")
    assert world.found("time.before-cause") == ["time.before-cause major"]


def test_a_blend_before_its_bags_were_dug_and_a_reception_before_the_dispatch(
    world: CheckWorld,
) -> None:
    world.at("2026-02-12T08:00:00Z", extracted("G1"), extracted("G2"))
    world.at(DUG, blended("B", "G1", "G2"), recorded="2026-02-13T08:00:00Z")
    sent = world.at("2026-02-16T08:00:00Z", dispatched("B")).event[0]
    world.at(
        "2026-02-14T08:00:00Z", received(sent, ("B", 90 * KG)), recorded="2026-02-18T08:00:00Z"
    )
    assert [one.subject for one in world.findings("time.before-cause")] == ["lot:G2", "lot:B"]


def test_a_correction_may_speak_of_any_time(world: CheckWorld) -> None:
    world.at("2026-02-12T08:00:00Z", extracted("G1"))
    head = world.ledger.lot("G1").head
    undo = event("event.voided", MINE, event=head, lots=("G1",), reason="typo")
    world.at(DUG, undo, recorded="2026-02-13T08:00:00Z")
    assert world.found("time.before-cause") == []


# ---------------------------------------------------------------- kitchen table


def evening(world: CheckWorld, days: int, bags: int, prefix: str = "G") -> None:
    """So many bags, dug on so many days, all recorded in one evening."""
    world.wind("2026-02-20T20:00:00Z")
    world.record(
        *(
            extracted(f"{prefix}{n}", occurred_at=f"2026-02-{11 + n % days:02}T08:00:00Z")
            for n in range(bags)
        )
    )


@pytest.mark.parametrize(("days", "bags", "found"), [(3, 21, 1), (2, 21, 0), (3, 20, 0)])
def test_many_days_in_one_sitting(world: CheckWorld, days: int, bags: int, found: int) -> None:
    evening(world, days, bags)
    assert world.found("logging.bulk") == ["logging.bulk minor"] * found
    if found:
        assert world.found("logging.bulk", days=4) == world.found("logging.bulk", events=21) == []


def test_sittings_apart_do_not_add_up(world: CheckWorld) -> None:
    for day in range(11, 14):
        for half in range(2):
            at = f"2026-02-{day}T08:00:00Z"
            bags = [extracted(f"G{day}{half}{n}") for n in range(10)]
            world.at(at, *bags, recorded=f"2026-02-20T20:{day}:00Z")
    # Six times ten bags within three minutes.
    assert world.found("logging.bulk") == ["logging.bulk minor"]
    assert world.found("logging.bulk", seconds=59) == []


def test_a_party_is_told_of_once_with_the_most_days(world: CheckWorld) -> None:
    evening(world, 3, 24)
    world.clock.seconds += 86_400
    evening(world, 9, 27, prefix="H")
    world.wind("2026-02-21T20:00:00Z")
    world.record(
        *(extracted(f"I{n}", occurred_at=f"2026-02-1{n % 5}T08:00:00Z") for n in range(30))
    )
    (finding,) = world.findings("logging.bulk")
    assert "and 1 times more" in finding.message


# ---------------------------------------------------------------- one hand


def handed(world: CheckWorld, lot: str, apart: int, *, giver: str = MINE) -> None:
    """A lot is sent to the comptoir and received so many seconds later."""
    world.clock.seconds = max(world.clock.seconds, seconds("2026-03-01T08:00:00Z"))
    world.record(declared(lot, by=giver, occurred_at=DUG))
    sent = world.record(dispatched(lot, by=giver, occurred_at=DUG)).event[0]
    world.clock.seconds += apart
    taken = received(sent, (lot, 45 * KG), giver=giver, basis="dry")
    world.record(msgspec.structs.replace(taken, occurred_at=DUG))
    world.clock.seconds += 3_600


def related(tmp_path: Path, mine: dict[str, Any], trader: dict[str, Any]) -> CheckWorld:
    return CheckWorld(tmp_path / "other.db", {MINE: mine, TRADER: trader})


def test_strangers_who_take_their_time_are_no_finding(world: CheckWorld) -> None:
    for number in range(4):
        handed(world, f"A{number}", 60)
    assert world.found("handover.one-hand") == []
    assert world.found("handover.one-hand", seconds=61) == ["handover.at-once minor"]


def test_one_group_is_told_once(tmp_path: Path) -> None:
    world = related(tmp_path, {"group": "kivu.example"}, {"group": "kivu.example"})
    handed(world, "A", 60)
    handed(world, "B", 60)
    (finding,) = world.findings("handover.one-hand")
    assert (finding.code, finding.severity) == ("handover.one-group", "minor")
    assert finding.subject == f"party:{TRADER}" and "kivu.example" in finding.message


@pytest.mark.parametrize(
    ("mine", "trader"),
    [({"group": "a.example"}, {"group": "b.example"}), ({"group": "a.example"}, {}), ({}, {})],
)
def test_other_groups_are_no_finding(tmp_path: Path, mine: Any, trader: Any) -> None:
    world = related(tmp_path, mine, trader)
    handed(world, "A", 60)
    assert world.found("handover.one-hand") == []


def test_signing_in_the_same_second_again_and_again(world: CheckWorld) -> None:
    for number, apart in enumerate((0, 0, 60, 0)):
        handed(world, f"A{number}", apart)
    (finding,) = world.findings("handover.one-hand")
    assert (finding.code, finding.severity) == ("handover.at-once", "minor")
    assert "3 of 4 hand-overs" in finding.message
    assert world.found("handover.one-hand", times=5) == []
    assert world.found("handover.one-hand", share=800_000_000) == []


def test_one_group_that_signs_at_once_is_major(tmp_path: Path) -> None:
    world = related(tmp_path, {"group": "kivu.example"}, {"group": "kivu.example"})
    for number in range(3):
        handed(world, f"A{number}", 0)
    assert world.found("handover.one-hand") == ["handover.one-group major"]


def test_one_licence_in_one_country_is_major(tmp_path: Path) -> None:
    world = related(tmp_path, {"licence": "L-17"}, {"licence": "L-17"})
    handed(world, "A", 60)
    assert world.found("handover.one-hand") == ["handover.one-hand major"]


def test_one_licence_number_in_two_countries_is_no_finding(tmp_path: Path) -> None:
    world = related(tmp_path, {"licence": "L-17"}, {"licence": "L-17", "country": "UG"})
    handed(world, "A", 60)
    assert world.found("handover.one-hand") == []


def test_what_is_turned_back_is_no_hand_over(tmp_path: Path) -> None:
    world = related(tmp_path, {"group": "kivu.example"}, {"group": "kivu.example"})
    world.wind("2026-03-01T08:00:00Z")
    world.record(declared("A", occurred_at=DUG))
    sent = world.record(dispatched("A", occurred_at=DUG)).event[0]
    world.record(rejected(sent, "A"))
    assert world.found("handover.one-hand") == []


# ---------------------------------------------------------------- in a circle


def sold(
    world: CheckWorld, lot: str, giver: str, taker: str, day: str, *, kg: int = 45, days: int = 1
) -> None:
    """A lot leaves on a day and arrives some days after."""
    sent = world.at(f"{day}T08:00:00Z", dispatched(lot, by=giver, to=taker)).event[0]
    came = f"{day[:8]}{int(day[8:]) + days:02}T08:00:00Z"
    world.at(came, received(sent, (lot, kg * KG), by=taker, giver=giver))


@pytest.mark.parametrize(
    ("back", "found"), [("2026-05-11", ["trade.circular major"]), ("2026-05-12", [])]
)
def test_a_lot_that_comes_back_is_found(world: CheckWorld, back: str, found: list[str]) -> None:
    world.at(DUG, extracted("G1"))
    sold(world, "G1", MINE, TRADER, "2026-02-11")
    sold(world, "G1", TRADER, MINE, back)
    assert world.found("trade.circular") == found
    assert world.found("trade.circular", days=60) == []


def test_a_ring_of_three_is_found_once_a_round(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"))
    sold(world, "G1", MINE, TRADER, "2026-02-11")
    sold(world, "G1", TRADER, EXPORTER, "2026-02-13")
    sold(world, "G1", EXPORTER, TRADER, "2026-02-15")
    (finding,) = world.findings("trade.circular")
    assert finding.subject == "lot:G1" and f"comes to {TRADER} from {EXPORTER}" in finding.message
    sold(world, "G1", TRADER, SMELTER, "2026-02-17")
    assert len(world.found("trade.circular")) == 1


def test_what_was_tipped_together_and_divided_is_followed(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"), declared("X", by=TRADER))
    sold(world, "G1", MINE, TRADER, "2026-02-11")
    world.at("2026-02-13T08:00:00Z", blended("B", "G1", "X", by=TRADER))
    world.at(
        "2026-02-13T08:00:00Z",
        split("B", Draw("B1", 30 * KG), Draw("B2", 60 * KG), by=TRADER),
    )
    sold(world, "B2", TRADER, MINE, "2026-02-14", kg=60)
    assert world.found("trade.circular") == ["trade.circular major"]
    assert world.found("trade.circular", share=510_000_000) == []


def test_remnants_of_what_was_sold_on_are_no_circle(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"), declared("X", 90 * KG, by=TRADER))
    sold(world, "G1", MINE, TRADER, "2026-02-11")
    drawn = Draw("G1", 20 * KG)
    world.at("2026-02-13T08:00:00Z", blended("B", drawn, "X", by=TRADER))
    sold(world, "B", TRADER, MINE, "2026-02-14", kg=110)
    assert world.found("trade.circular") == []


def test_what_a_process_made_may_come_back(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"))
    sold(world, "G1", MINE, SMELTER, "2026-02-11")
    world.at("2026-02-13T08:00:00Z", refined("G1", output("C", 45 * KG), by=SMELTER))
    sold(world, "C", SMELTER, MINE, "2026-02-14")
    assert world.found("trade.circular") == []


def test_what_is_turned_back_or_kept_for_others_is_no_circle(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"), extracted("G2"), extracted("G3"))
    sent = world.at(DUG, dispatched("G1", "G2")).event[0]
    world.at("2026-02-11T08:00:00Z", rejected(sent, "G1"), cancelled(sent, "G2"))
    sold(world, "G3", MINE, LAB, "2026-02-12")
    sold(world, "G3", LAB, MINE, "2026-02-14")
    sold(world, "G1", MINE, TRADER, "2026-02-16")
    assert world.found("trade.circular") == []


def test_parts_that_are_not_weighed_go_round_too(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1"))
    sold(world, "G1", MINE, TRADER, "2026-02-11")
    world.at("2026-02-13T08:00:00Z", split("G1", Draw("A", 15 * KG), Draw("B"), by=TRADER))
    sold(world, "B", TRADER, MINE, "2026-02-14", kg=30)
    assert world.found("trade.circular") == ["trade.circular major"]
