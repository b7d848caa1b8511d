"""Chain-of-custody models: what degrades a lot's, and what does not."""

from __future__ import annotations

from actors import (
    KG,
    LAB,
    MINE,
    PERCENT,
    World,
    assayed,
    blended,
    declared,
    extracted,
    output,
    refined,
    ta,
    weighed,
)
from ledger.custody.books import MODELS
from ledger.values import Content, Grade

IDENTITY, SEGREGATED, BLENDED = MODELS[:3]
ORE = {"basis": "dry", "grades": (Grade("Ta", 20 * PERCENT),)}


def model(world: World, lot: str) -> str:
    return MODELS[world.ledger.lot(lot).model]


def alloyed(lot: str = "ORE", made: str = "RING") -> object:
    """All the tantalum of 10 kg of ore with as much alloy as makes 12 kg."""
    return refined(lot, output(made, 12 * KG, added=2 * KG, contents=ta(2 * KG)))


def test_alloy_and_reagents_do_not_degrade_what_is_tracked(world: World) -> None:
    world.record(extracted("ORE", 10 * KG, **ORE), alloyed())
    made = world.ledger.lot("RING").amount
    assert {key for key, _ in made.origins} == {"mined-asm||RW-GIH", "unknown||"}
    assert model(world, "RING") == IDENTITY


def test_two_mines_and_alloy_are_segregated(world: World) -> None:
    world.record(
        extracted("A", 5 * KG, **ORE),
        extracted("B", 5 * KG, site="CD-RUB", **ORE),
        blended("ORE", "A", "B"),
        alloyed(),
    )
    assert model(world, "RING") == SEGREGATED


def test_reagents_degrade_what_nobody_has_assayed(world: World) -> None:
    world.record(
        extracted("ORE", 10 * KG, basis="dry"),
        refined("ORE", output("SOLD", 12 * KG, added=2 * KG)),
    )
    assert model(world, "SOLD") == BLENDED


def test_a_substance_of_unknown_origin_degrades_the_whole(world: World) -> None:
    world.record(
        extracted("ORE", 10 * KG, **ORE),
        declared("TIN", 10 * KG, grades=(Grade("Sn", 20 * PERCENT),)),
        blended("ALLOY", "ORE", "TIN"),
    )
    assert model(world, "ALLOY") == BLENDED


def test_more_metal_than_went_in_within_tolerance_is_of_unknown_origin(world: World) -> None:
    world.record(
        extracted("ORE", 10 * KG, **ORE),
        refined("ORE", output("POWDER", 10 * KG, contents=(Content("Ta", 2 * KG + 1),))),
    )
    assert model(world, "POWDER") == BLENDED


def test_weight_from_nowhere_degrades_though_the_metal_is_the_same(world: World) -> None:
    world.record(extracted("ORE", 10 * KG, **ORE), weighed("ORE", 11 * KG, basis="dry"))
    assert model(world, "ORE") == BLENDED


def test_metal_from_nowhere_degrades_though_the_weight_is_the_same(world: World) -> None:
    more = assayed("ORE", grades=(Grade("Ta", 25 * PERCENT),))
    world.record(extracted("ORE", 10 * KG, **ORE), more, signed=[MINE, LAB])
    assert model(world, "ORE") == BLENDED


def test_a_shortfall_degrades_nothing_not_even_an_alloy(world: World) -> None:
    world.record(extracted("ORE", 10 * KG, **ORE), alloyed(), weighed("RING", 11 * KG, basis="dry"))
    assert "mass.shortfall" in world.codes()
    assert model(world, "RING") == IDENTITY
