"""Checks about laboratories: splits, one-sided buyers, samples, radioactivity."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import (
    KG,
    LAB,
    MINE,
    SMELTER,
    TRADER,
    adopted,
    assayed,
    dispatched,
    event,
    extracted,
    received,
)
from check_world import CheckWorld
from ledger.values import Grade

PERCENT = 10_000_000


@pytest.fixture
def world(tmp_path: Path) -> CheckWorld:
    world = CheckWorld(tmp_path / "ledger.db")
    # The rules' own tolerance is wide here: what the check adds is looked at.
    world.at("2026-01-06T08:00:00Z", adopted(assay=200_000_000))
    return world


def bought(
    world: CheckWorld, seller: int, buyer: int, lot: str = "G1", analyte: str = "Ta2O5"
) -> None:
    """Grades in tenths of a percent."""
    grades = (Grade(analyte, seller * PERCENT // 10),)
    world.at("2026-02-10T08:00:00Z", extracted(lot, 45 * KG, basis="dry", grades=grades))
    dispatch = world.at("2026-02-11T08:00:00Z", dispatched(lot)).event[0]
    found = (Grade(analyte, buyer * PERCENT // 10),)
    taken = received(dispatch, (lot, 45 * KG), basis="dry", grades=found)
    world.at("2026-02-12T08:00:00Z", taken)


def months_later(world: CheckWorld, lot: str = "Z") -> None:
    world.at("2026-04-10T08:00:00Z", extracted(lot))


@pytest.mark.parametrize(
    ("seller", "buyer", "analyte", "found"),
    [
        (300, 291, "Ta2O5", 0),
        (300, 290, "Ta2O5", 1),
        (300, 310, "Ta2O5", 1),
        (50, 54, "Ta2O5", 0),
        (50, 56, "Ta2O5", 1),
        (880, 881, "Au", 0),
        (880, 882, "Au", 1),
        (880, 870, "mica", 0),
    ],
)
def test_beyond_the_splitting_limit_somebody_has_to_decide(
    world: CheckWorld, seller: int, buyer: int, analyte: str, found: int
) -> None:
    bought(world, seller, buyer, analyte=analyte)
    assert world.found("assay.unresolved") == []
    months_later(world)
    assert world.found("assay.unresolved") == ["assay.unresolved minor"] * found
    assert world.found("assay.unresolved", relative=10**8, points=10**8, fineness=10**8) == []


@pytest.mark.parametrize(("side", "found"), [("umpire", 0), ("state", 0), ("seller", 1)])
def test_an_umpire_decides(world: CheckWorld, side: str, found: int) -> None:
    bought(world, 300, 285)
    grades = (Grade("Ta2O5", 29 * PERCENT),)
    world.at("2026-02-20T08:00:00Z", assayed("G1", TRADER, side=side, grades=grades))
    months_later(world)
    assert world.found("assay.unresolved") == ["assay.unresolved minor"] * found


def test_a_buyers_assay_after_the_reception_counts_too(world: CheckWorld) -> None:
    bought(world, 300, 300)
    grades = (Grade("Ta2O5", 27 * PERCENT),)
    world.at("2026-02-20T08:00:00Z", assayed("G1", TRADER, side="buyer", grades=grades))
    months_later(world)
    assert world.found("assay.unresolved") == ["assay.unresolved minor"]


@pytest.mark.parametrize(("last", "found"), [(306, 1), (294, 0), (301, 0)])
def test_a_buyer_who_always_finds_more(world: CheckWorld, last: int, found: int) -> None:
    for n, buyer in enumerate((305, 306, 305, 307, last)):
        bought(world, 300, buyer, f"G{n}")
    assert world.found("assay.unresolved") == ["assay.always-higher major"] * found
    assert world.found("assay.unresolved", times=6) == []


def sampled(lot: str, share: int, sample: str = "S-1", by: str = LAB) -> Any:
    return assayed(lot, by=by, sample=sample, grades=(Grade("Ta2O5", share * PERCENT),))


def test_one_sample_has_one_result(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1", basis="dry"))
    world.at("2026-02-11T08:00:00Z", sampled("G1", 24))
    world.at("2026-02-12T08:00:00Z", sampled("G1", 24))
    world.at("2026-02-13T08:00:00Z", sampled("G1", 26, "S-2"))
    world.at("2026-02-13T08:00:00Z", sampled("G1", 26, by=SMELTER))
    assert world.found("assay.two-results") == []
    world.at("2026-02-14T08:00:00Z", sampled("G1", 26))
    assert world.found("assay.two-results") == ["assay.two-results major"]


# ---------------------------------------------------------------- radioactivity


def hot(lot: str, thorium: int, uranium: int) -> Any:
    """Ore with so many ppm of ThO2 and U3O8."""
    grades = (
        Grade("Ta2O5", 30 * PERCENT),
        Grade("ThO2", thorium * 1000),
        Grade("U3O8", uranium * 1000),
    )
    return extracted(lot, 45 * KG, basis="dry", grades=grades)


@pytest.mark.parametrize(("thorium", "uranium", "found"), [(1300, 480, 0), (1500, 500, 1)])
def test_above_ten_becquerel_a_gram_a_paper_goes_with_it(
    world: CheckWorld, thorium: int, uranium: int, found: int
) -> None:
    world.at("2026-02-10T08:00:00Z", hot("G1", thorium, uranium))
    world.at("2026-02-11T08:00:00Z", dispatched("G1"))
    assert world.found("hazard.undeclared") == ["hazard.undeclared major"] * found
    assert world.found("hazard.undeclared", activity=20_000) == []


@pytest.mark.parametrize(("kind", "found"), [("class-7", 0), ("waybill", 1)])
def test_the_paper_may_stand_before_or_after(world: CheckWorld, kind: str, found: int) -> None:
    paper = event("document.attached", MINE, subject="lot:G1", digest="ab" * 32, kind=kind)
    world.at("2026-02-10T08:00:00Z", hot("G1", 3000, 3000), hot("G2", 3000, 3000))
    world.at("2026-02-11T08:00:00Z", dispatched("G1"))
    world.at("2026-02-11T09:00:00Z", paper)
    assert world.found("hazard.undeclared") == ["hazard.undeclared major"] * found
