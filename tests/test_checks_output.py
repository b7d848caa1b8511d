"""Checks about mines and plants: output, workforce, capacity, recovery; and their arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import AUTHORITY, KG, MINE, PERCENT, SMELTER, declared, event, extracted, site, ta
from check_world import CheckWorld
from ledger.audit.plausibility import chi_square, median
from ledger.events import Event
from ledger.events.base import LossLine
from ledger.events.lot_refined import Output
from ledger.values import Content, Grade


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CheckWorld]:
    world = CheckWorld(tmp_path / "ledger.db")
    yield world
    world.ledger.close()


# ---------------------------------------------------------------- arithmetic


@given(st.lists(st.integers(0, 10**15)))
def test_the_median_has_as_many_above_as_below(figures: list[int]) -> None:
    middle = median(figures)
    if figures:
        assert sum(one < middle for one in figures) <= len(figures) / 2
        assert sum(one > middle for one in figures) <= len(figures) / 2
    else:
        assert middle == 0


def test_a_median_is_in_the_middle() -> None:
    assert (median([7]), median([9, 1, 2]), median([1, 2, 4, 9])) == (7, 2, 3)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_chi_square_is_that_of_the_books_of_statistics(counts: list[int]) -> None:
    total = sum(counts)
    expected = Fraction(total, len(counts))
    exact = sum((n - expected) ** 2 / expected for n in counts) if total else Fraction(0)
    assert chi_square(counts) == int(exact * 1000)


# ---------------------------------------------------------------- output of a mine


def months(world: CheckWorld, *masses: int, where: str = "RW-X", lots: int = 12) -> None:
    """In each month from February 2026 so many lots of so many kilograms together."""
    for number, mass in enumerate(masses):
        each = [
            extracted(f"{where}-{number}-{place}", mass * KG // lots, site=where)
            for place in range(lots)
        ]
        world.at(f"2026-{number + 2:02}-20T08:00:00Z", *each)


def mine(where: str = "RW-X", **fields: Any) -> Event:
    return site(where, kind="mine-asm", operator=MINE, **fields)


def inspected(miners: int, day: str, where: str = "RW-X") -> Event:
    return event(
        "site.assessed", AUTHORITY, site=where, status="green", inspected=day, miners=miners
    )


@pytest.mark.parametrize(
    ("mass", "found"),
    [
        (1_050, []),
        (1_056, ["site.output-implausible major"]),
        (1_200, ["site.output-implausible major"]),
        (1_212, ["site.output-implausible critical"]),
    ],
)
def test_more_than_the_declared_capacity(world: CheckWorld, mass: int, found: list[str]) -> None:
    world.at("2026-01-06T08:00:00Z", mine(capacity=1_000 * KG))
    months(world, 900, mass)
    assert world.found("site.output-implausible") == found


def test_capacity_is_for_each_month_and_what_is_bought_is_not_dug(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine(capacity=1_000 * KG))
    months(world, 1_000, 1_000, 1_000)
    world.at("2026-04-20T09:00:00Z", declared("D", 900 * KG))
    assert world.found("site.output-implausible") == []
    assert len(world.found("site.output-implausible", major=-50_000_000)) == 3


def test_a_bag_entered_in_the_wrong_unit_and_voided_is_not_counted(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine(capacity=1_000 * KG))
    months(world, 900)
    world.at("2026-02-27T08:00:00Z", extracted("W", 41_000 * KG, site="RW-X"))
    world.at("2026-03-01T08:00:00Z", extracted("M", 41 * KG, site="RW-X"))
    head = world.ledger.lot("W").head
    world.at(
        "2026-03-02T08:00:00Z",
        event("event.voided", MINE, event=head, lots=("W",), reason="kilograms, not tonnes"),
    )
    assert world.found("site.output-implausible") == []


def test_more_than_its_people_can_dig(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine(), inspected(4, "2026-01-05"))
    # 4 people, 26 days, 15 kg of coltan ore, and a quarter more: 1950 kg.
    months(world, 1_944, 1_956)
    (finding,) = world.findings("site.output-implausible")
    assert finding.severity == "major" and "in 2026-03; as many people" in finding.message
    assert world.found("site.output-implausible", per_day_3t=16_000_000) == []


def test_the_last_count_of_people_before_the_month_is_taken(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine(), inspected(4, "2026-01-05"))
    world.at("2026-03-10T08:00:00Z", inspected(8, "2026-03-09"))
    months(world, 1_900, 3_600)
    assert world.found("site.output-implausible") == []


def test_ore_of_low_grade_is_dug_faster_and_machines_need_few_people(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine(), inspected(1, "2026-01-05"))
    world.at("2026-01-06T08:00:00Z", mine("RW-Y"), inspected(1, "2026-01-05", "RW-Y"))
    cobalt = extracted("C", 3_000 * KG, site="RW-X", material="heterogenite")
    machine = extracted("L", 90_000 * KG, site="RW-Y", method="lsm")
    world.at("2026-02-06T08:00:00Z", cobalt, machine)
    assert world.found("site.output-implausible") == []


@pytest.mark.parametrize(
    ("masses", "found"),
    [
        ((900, 1000, 1100, 900, 1000, 1100, 2400), ["site.output-implausible major"]),
        ((900, 1000, 1100, 900, 1000, 2400), []),  # five months are no past
        ((900, 1000, 1100, 900, 1000, 1100, 1480), []),
        ((900, 1000, 1100, 900, 1000, 1100, 1800), []),  # chance, with so few lots
    ],
)
def test_far_more_than_in_the_year_before(
    world: CheckWorld, masses: tuple[int, ...], found: list[str]
) -> None:
    world.at("2026-01-06T08:00:00Z", mine())
    months(world, *masses)
    assert world.found("site.output-implausible") == found


def test_many_lots_leave_less_to_chance(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", mine())
    months(world, 1000, 1000, 1000, 1000, 1000, 1000, 1800, lots=20)
    assert world.found("site.output-implausible") == ["site.output-implausible major"]
    assert world.found("site.output-implausible", past=1_900_000_000) == []


# ---------------------------------------------------------------- plants


def plant(process: str = "smelting", where: str = "AT-ALM", **fields: Any) -> Event:
    return event("process.declared", SMELTER, site=where, process=process, **fields)


def smelted(
    world: CheckWorld,
    at: str,
    lot: str,
    metal: int,
    *,
    mass: int = 100,
    fed: int | None = 20,
    facility: str | None = "AT-ALM",
    lost: int = 0,
    role: str = "product",
) -> None:
    """A charge with `fed` kg of tantalum becomes powder with `metal` kg, and slag."""
    ore = declared(lot, mass * KG, by=SMELTER)
    if fed is not None:
        share = fed * 1_000_000_000 // mass
        ore = declared(lot, mass * KG, by=SMELTER, grades=(Grade("Ta", share),))
    product = Output(  # type: ignore[call-arg]
        lot=f"{lot}-P",
        material="powder",
        mass=max(metal, 1) * KG,
        basis="dry",
        role=role,  # type: ignore[arg-type]
        contents=ta(metal * KG),
    )
    slag = LossLine("slag", (mass - max(metal, 1)) * KG, (Content("Ta", lost * KG),))
    named = {} if facility is None else {"facility": facility}
    fields: dict[str, Any] = {"outputs": (product,), "losses": (slag,), **named}
    world.at(at, ore)
    world.at(at, event("lot.refined", SMELTER, lot=lot, process="smelting", **fields))


DAY = "2026-02-10T08:00:00Z"


@pytest.mark.parametrize(
    ("metal", "found"),
    [
        (17, []),
        (18, []),
        (19, []),
        (16, ["yield.too-low major"]),
        (20, ["yield.too-high major"]),
    ],
)
def test_recovery_outside_of_what_was_declared(
    world: CheckWorld, metal: int, found: list[str]
) -> None:
    world.at("2026-01-06T08:00:00Z", plant(substance="Ta", recovery_min=85 * PERCENT))
    world.at(
        "2026-01-07T08:00:00Z",
        plant(substance="Ta2O5", recovery_min=85 * PERCENT, recovery_max=95 * PERCENT),
    )
    smelted(world, DAY, "C", metal)
    assert world.found("yield.implausible") == found
    assert world.found("yield.implausible", slack=60_000_000) == []


def test_metal_in_residues_is_not_recovered(world: CheckWorld) -> None:
    declared_range = {"recovery_min": 85 * PERCENT, "recovery_max": 95 * PERCENT}
    world.at("2026-01-06T08:00:00Z", plant(substance="Ta", **declared_range))
    smelted(world, DAY, "C", 18, role="residue")
    smelted(world, DAY, "D", 18, role="byproduct")
    (finding,) = world.findings("yield.implausible")
    assert (finding.code, finding.subject) == ("yield.too-low", "lot:C")


@pytest.mark.parametrize("missing", ["declaration", "substance", "limits", "content", "facility"])
def test_recovery_is_not_judged_on_what_nobody_said(world: CheckWorld, missing: str) -> None:
    said: dict[str, Any] = {"substance": "Ta", "recovery_min": 85 * PERCENT}
    said |= {"recovery_max": 95 * PERCENT}
    if missing == "substance":
        del said["substance"]
    elif missing == "limits":
        said = {"substance": "Ta"}
    if missing != "declaration":
        world.at("2026-01-06T08:00:00Z", plant(**said))
    if missing == "facility":  # which of the two?
        world.at("2026-01-06T08:00:00Z", site("AT-TWO", operator=SMELTER, country="AT"))
        world.at("2026-01-06T08:00:00Z", plant(where="AT-TWO", **said))
    fed = None if missing == "content" else 20
    smelted(world, DAY, "C", 2, fed=fed, facility=None if missing == "facility" else "AT-ALM")
    assert world.found("yield.implausible") == []


def test_the_only_plant_of_a_party_need_not_be_named(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", plant(substance="Ta", recovery_min=85 * PERCENT))
    smelted(world, DAY, "C", 2, facility=None)
    assert world.found("yield.implausible") == ["yield.too-low major"]


def test_recovery_that_drifts_over_a_year_is_told(world: CheckWorld) -> None:
    wide = {"recovery_min": 50 * PERCENT, "recovery_max": 99 * PERCENT}
    world.at("2026-01-06T08:00:00Z", plant(substance="Ta", **wide))
    for number in range(12):
        smelted(world, f"2026-{number + 1:02}-10T08:00:00Z", f"C{number}", 18 - (number > 5) * 2)
    (finding,) = world.findings("yield.implausible")
    assert (finding.code, finding.severity) == ("yield.drifted", "minor")
    assert "90.0 %" in finding.message and "85.0 %" in finding.message
    assert world.found("yield.implausible", drift=60_000_000) == []
    assert world.found("yield.implausible", charges=13) == []


@pytest.mark.parametrize(
    ("mass", "found"),
    [
        (110, []),
        (111, ["plant.over-capacity major"]),
        (140, ["plant.over-capacity major"]),
        (141, ["plant.over-capacity critical"]),
    ],
)
def test_a_plant_that_takes_in_more_than_it_can(
    world: CheckWorld, mass: int, found: list[str]
) -> None:
    world.at("2026-01-06T08:00:00Z", plant(capacity=200 * KG))
    smelted(world, DAY, "C", 9)
    smelted(world, "2026-02-20T08:00:00Z", "D", 9, mass=mass, facility=None)
    smelted(world, "2026-03-01T08:00:00Z", "E", 9)
    assert world.found("plant.over-capacity") == found


def test_a_plant_without_a_capacity_may_take_in_what_it_likes(world: CheckWorld) -> None:
    world.at("2026-01-06T08:00:00Z", plant())
    smelted(world, DAY, "C", 9, mass=9_000)
    assert world.found("plant.over-capacity") == []
    world.at("2026-03-06T08:00:00Z", plant(capacity=9_000 * KG))
    assert world.found("plant.over-capacity") == []
    assert world.found("plant.over-capacity", major=-1) == ["plant.over-capacity major"]
