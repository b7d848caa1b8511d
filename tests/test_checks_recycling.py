"""Checks about recycled material: evidence, chemistry, returns, run-around scrap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from actors import KG, LAB, MINE, SMELTER, TRADER, adjusted, assayed, component, event, extracted
from check_world import CheckWorld
from ledger.values import Grade

PERCENT = 10_000_000
PPM = 1_000


@pytest.fixture
def world(tmp_path: Path) -> CheckWorld:
    return CheckWorld(tmp_path / "ledger.db")


def recovered(lot: str, mass: int = 3 * KG, by: str = SMELTER, **fields: Any) -> Any:
    wanted = {
        "lot": lot,
        "material": "gold scrap",
        "mass": mass,
        "basis": "dry",
        "origin": "recycled-post-consumer",
        "source": "jewellery",
        "collector": "collector.example",
    }
    return event("lot.recovered", by, **{**wanted, **fields})


def alloy(**parts: int) -> tuple[Grade, ...]:
    return tuple(Grade(metal, share) for metal, share in sorted(parts.items()))


DORE = alloy(Au=86 * PERCENT, Ag=9 * PERCENT, Cu=PERCENT // 10, Zn=0)


# ---------------------------------------------------------------- evidence


def test_recycled_without_collector_or_paper_is_found(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", recovered("S1", collector=None))
    assert world.found("recycled.no-evidence") == ["recycled.no-evidence major"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"collector": None, "evidence": "ab" * 32},
        {"collector": None, "origin": "byproduct"},
    ],
)
def test_a_collector_or_a_paper_is_enough(world: CheckWorld, fields: Any) -> None:
    world.at("2026-02-10T08:00:00Z", recovered("S1", **fields))
    assert world.found("recycled.no-evidence") == []


def test_a_paper_may_follow_and_a_mistake_may_be_taken_back(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", recovered("S1", collector=None))
    wrong = world.at("2026-02-10T08:00:00Z", recovered("S2", collector=None)).event[0]
    paper = event(
        "document.attached", SMELTER, subject="lot:S1", digest="ab" * 32, kind="collection-note"
    )
    void = event("event.voided", SMELTER, event=wrong, lots=("S2",), reason="no such scrap")
    world.at("2026-02-12T08:00:00Z", paper, void)
    assert world.found("recycled.no-evidence") == []


# ---------------------------------------------------------------- chemistry


@pytest.mark.parametrize(
    ("grades", "found"),
    [
        (alloy(Au=86 * PERCENT, Hg=40 * PPM), 1),
        (alloy(Au=86 * PERCENT, Hg=10 * PPM), 0),
        (DORE, 1),
        # 18 carat: as much silver, and copper that no mine's dore has.
        (alloy(Au=75 * PERCENT, Ag=125 * PERCENT // 10, Cu=125 * PERCENT // 10, Zn=0), 0),
        # Nobody measured copper and zinc: nothing is known.
        (alloy(Au=86 * PERCENT, Ag=9 * PERCENT), 0),
        (alloy(Au=999 * PERCENT // 10, Ag=0, Cu=0, Zn=0), 0),
        (alloy(Hg=40 * PPM, Cu=20 * PERCENT), 0),
    ],
)
def test_scrap_that_looks_like_dore(
    world: CheckWorld, grades: tuple[Grade, ...], found: int
) -> None:
    world.at("2026-02-10T08:00:00Z", recovered("S1", grades=grades))
    assert world.found("recycled.like-dore") == ["recycled.like-dore major"] * found


def test_a_later_assay_is_looked_at_too(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", recovered("S1", grades=alloy(Au=86 * PERCENT)))
    later = assayed("S1", SMELTER, grades=alloy(Hg=40 * PPM))
    world.at("2026-02-12T08:00:00Z", later)
    assert world.found("recycled.like-dore") == ["recycled.like-dore major"]
    assert world.found("recycled.like-dore", mercury=50 * PPM) == []


def test_mined_gold_may_look_like_mined_gold(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("D1", basis="dry", grades=DORE))
    world.at("2026-02-12T08:00:00Z", assayed("D1", MINE, grades=alloy(Hg=40 * PPM, Au=1)))
    assert world.found("recycled.like-dore") == []


# ---------------------------------------------------------------- returns


def back(lot: str, units: int, mass: int) -> Any:
    return event(
        "product.returned",
        SMELTER,
        lot=lot,
        product="P",
        units=units,
        mass=mass,
        material="spent phones",
    )


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ([(60, 6), (40, 4)], []),
        ([(60, 6), (41, 4)], ["product.more-returned-than-made critical"]),
        ([(60, 7)], ["product.more-returned-than-made major"]),
    ],
)
def test_no_more_comes_back_than_was_made(
    world: CheckWorld, returns: list[tuple[int, int]], expected: list[str]
) -> None:
    """A hundred units of 100 g."""
    made = event(
        "product.made",
        MINE,
        product="P",
        model="phone",
        units=100,
        components=(component("G1"),),
    )
    world.at("2026-02-10T08:00:00Z", extracted("G1", 10 * KG, basis="dry"), made)
    for n, (units, mass) in enumerate(returns):
        world.at("2026-03-10T08:00:00Z", back(f"B{n}", units, mass * KG))
    assert world.found("product.more-returned-than-made") == expected
    if expected == ["product.more-returned-than-made major"]:
        assert world.found("product.more-returned-than-made", mass=200_000_000) == []


def test_a_return_that_was_taken_back_does_not_count(world: CheckWorld) -> None:
    made = event(
        "product.made",
        MINE,
        product="P",
        model="phone",
        units=100,
        components=(component("G1"),),
    )
    world.at("2026-02-10T08:00:00Z", extracted("G1", 10 * KG, basis="dry"), made)
    wrong = world.at("2026-03-10T08:00:00Z", back("B1", 60, 6 * KG)).event[0]
    void = event("event.voided", SMELTER, event=wrong, lots=("B1",), reason="counted twice")
    world.at("2026-03-11T08:00:00Z", void)
    world.at("2026-03-12T08:00:00Z", back("B2", 90, 9 * KG))
    assert world.found("product.more-returned-than-made") == []


# ---------------------------------------------------------------- run-around


def scrapped(world: CheckWorld, **fields: Any) -> None:
    """5 kg leave the mine's books; fields say what comes back, by default the same mass."""
    when = fields.pop("when", "2026-03-10T08:00:00Z")
    reason = fields.pop("reason", "scrap")
    world.at("2026-02-10T08:00:00Z", extracted("G1", 100 * KG, basis="dry"))
    world.at("2026-02-11T08:00:00Z", adjusted("G1", reason, lost=5 * KG))
    wanted = {"origin": "recycled-pre-consumer", "collector": None, "by": MINE, "mass": 5 * KG}
    world.at(when, recovered("R1", source="offcuts", **{**wanted, **fields}))


def test_scrap_that_comes_back_is_found(world: CheckWorld) -> None:
    scrapped(world)
    assert world.found("recycled.run-around") == ["recycled.run-around major"]
    assert world.found("recycled.run-around", days=20) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"mass": 6 * KG},
        {"reason": "spill"},
        {"collector": "other.example"},
        {"by": TRADER},
        {"origin": "recycled-post-consumer"},
        {"when": "2026-06-10T08:00:00Z"},
    ],
)
def test_other_scrap_is_no_run_around(world: CheckWorld, fields: Any) -> None:
    scrapped(world, **fields)
    assert world.found("recycled.run-around") == []


def test_scrap_of_a_lot_that_the_party_holds_contradicts_its_origin(world: CheckWorld) -> None:
    world.at("2026-02-10T08:00:00Z", extracted("G1", 100 * KG, basis="dry"))
    own = {"origin": "recycled-pre-consumer", "collector": MINE, "source": "offcuts of G1, cut"}
    world.at("2026-02-12T08:00:00Z", recovered("R1", by=MINE, **own))
    others = {"origin": "recycled-pre-consumer", "collector": None, "source": "offcuts of G1"}
    world.at("2026-02-12T08:00:00Z", recovered("R2", by=LAB, **others))
    assert world.found("recycled.run-around") == ["recycled.run-around critical"]
