"""Checks about weights: in store, on the way, always the same way, too even; and grades."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors import (
    KG,
    MINE,
    PERCENT,
    SMELTER,
    TRADER,
    adopted,
    assayed,
    blended,
    declared,
    dispatched,
    extracted,
    output,
    received,
    refined,
    ta,
    weighed,
)
from check_world import CheckWorld
from ledger.events.base import LossLine
from ledger.values import Content, Grade

DUG = "2026-02-10T08:00:00Z"
LATER = "2026-02-12T08:00:00Z"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[CheckWorld]:
    world = CheckWorld(tmp_path / "ledger.db")
    yield world
    world.ledger.close()


# ---------------------------------------------------------------- in store


@pytest.mark.parametrize(
    ("grams", "found"),
    [
        (40_800, []),
        (40_801, ["weight.gained major"]),
        (39_000, []),
        (40_000, []),
    ],
)
def test_a_bag_that_became_heavier_in_store(
    world: CheckWorld, grams: int, found: list[str]
) -> None:
    world.at(DUG, extracted("G1", 40 * KG))
    world.at(LATER, weighed("G1", grams * 1_000))
    assert world.found("weight.gained") == found


def test_a_heap_is_weighed_more_closely_than_a_bag(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", 500 * KG), extracted("G2", 500 * KG))
    world.at(LATER, blended("H", "G1", "G2"))
    world.at(LATER, weighed("H", 1_010_600_000))
    assert world.found("weight.gained") == []
    world.at(LATER, weighed("H", 1_021_900_000))
    (finding,) = world.findings("weight.gained")
    assert finding.subject == "lot:H" and "in the store of gihanga.example" in finding.message
    assert world.found("weight.gained", gain=20_000_000) == []
    assert world.found("weight.gained", scale=2_000_000) == []


def test_an_adopted_tolerance_does_not_hide_it(world: CheckWorld) -> None:
    world.at(DUG, adopted(hand_scale=100_000_000), extracted("G1", 400 * KG))
    world.at(LATER, weighed("G1", 436 * KG))
    assert "mass.excess" not in world.codes()
    assert world.found("weight.gained") == ["weight.gained major"]


def test_water_is_no_gain(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", 400 * KG, moisture=4 * PERCENT), extracted("G2", basis="dry"))
    world.at(LATER, weighed("G1", 480 * KG, moisture=20 * PERCENT), weighed("G2", 60 * KG))
    assert world.found("weight.gained") == []
    world.at(LATER, weighed("G1", 480 * KG, moisture=4 * PERCENT))
    assert world.found("weight.gained") == ["weight.gained major"]


def test_what_arrives_heavier_or_is_assayed_only_is_not_heavier_in_store(world: CheckWorld) -> None:
    world.at(DUG, extracted("G1", basis="dry"))
    world.at(DUG, assayed("G1"))
    sent = world.at(DUG, dispatched("G1")).event[0]
    world.at(LATER, received(sent, ("G1", 60 * KG), basis="dry"))
    assert world.found("weight.gained") == []


# ---------------------------------------------------------------- grades


def richer(world: CheckWorld, before: int, after: int) -> None:
    """A lot of one grade, in tenths of a percent, is assayed with another."""
    grades = (Grade("Ta", before * PERCENT // 10),)
    world.at(DUG, extracted("G1", 100 * KG, basis="dry", grades=grades))
    world.at(LATER, assayed("G1", grades=(Grade("Ta", after * PERCENT // 10),)))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (200, 230, []),
        (200, 231, ["grade.jumped major"]),
        (200, 150, []),
        (4, 9, []),  # a trace
    ],
)
def test_a_grade_that_jumps_in_store(
    world: CheckWorld, before: int, after: int, found: list[str]
) -> None:
    richer(world, before, after)
    assert world.found("grade.jumped") == found
    assert world.found("grade.jumped", jump=200_000_000) == []


def test_a_blend_richer_than_what_went_in(world: CheckWorld) -> None:
    grades = (Grade("Ta", 20 * PERCENT),)
    lots = [extracted(lot, 100 * KG, basis="dry", grades=grades) for lot in ("G1", "G2")]
    world.at(DUG, *lots)
    stones = LossLine("stones", 40 * KG, ())
    world.at(LATER, blended("H", "G1", "G2", losses=(stones,)))
    (finding,) = world.findings("grade.jumped")
    assert "25.0 % Ta" in finding.message and "20.0 % went in" in finding.message


def test_a_process_may_raise_the_grade_and_a_plain_loss_does_not(world: CheckWorld) -> None:
    grades = (Grade("Ta", 20 * PERCENT),)
    world.at(DUG, *(extracted(n, 100 * KG, basis="dry", grades=grades) for n in ("G1", "G2", "X")))
    tailings = LossLine("tailings", 60 * KG, (Content("Ta", KG),))
    world.at(LATER, refined("G1", output("C", 40 * KG, contents=ta(19 * KG)), losses=[tailings]))
    world.at(LATER, blended("H", "G2", losses=(LossLine("spill", KG),)))
    unknown = declared("U", 50 * KG)
    world.at(LATER, unknown)
    world.at(LATER, blended("M", "X", "U", losses=(LossLine("stones", 40 * KG, ()),)))
    world.at(LATER, assayed("M", grades=(Grade("Ta", 60 * PERCENT),)))
    assert world.found("grade.jumped") == []


# ---------------------------------------------------------------- on the way


def carried(
    world: CheckWorld,
    sent: int,
    got: int,
    lot: str = "G1",
    *,
    leg: str | None = None,
    basis: str = "dry",
    moisture: int | None = None,
    giver: str = MINE,
) -> None:
    """A lot of so many grams leaves, and arrives with so many."""
    if lot not in {one.lot for one in world.ledger.lots()}:
        world.at(DUG, extracted(lot, sent * 1_000, by=giver, basis=basis, moisture=moisture))
    dispatch = world.at(DUG, dispatched(lot, by=giver)).event[0]
    fields: dict[str, Any] = {"basis": basis, "moisture": moisture, "giver": giver}
    taken = received(dispatch, (lot, got * 1_000), **fields)
    world.at(LATER, msgspec.structs.replace(taken, instrument=leg))


@pytest.mark.parametrize(
    ("got", "basis", "found"),
    [
        (102_000, "dry", []),
        (102_001, "dry", ["transit.gain major"]),
        (98_000, "dry", []),
        (97_999, "dry", ["transit.loss minor"]),
        (102_001, "wet", ["transit.gain major"]),
        (90_000, "wet", []),
        (89_999, "wet", ["transit.loss minor"]),
    ],
)
def test_what_a_generous_tolerance_lets_pass_on_the_way(
    world: CheckWorld, got: int, basis: str, found: list[str]
) -> None:
    world.at(DUG, adopted(reception=200_000_000))
    carried(world, 100_000, got, basis=basis)
    assert world.found("transit.difference") == found


def test_what_the_rules_report_is_not_reported_again(world: CheckWorld) -> None:
    carried(world, 100_000, 105_000)
    carried(world, 100_000, 95_000, "G2")
    assert {"mass.excess", "mass.shortfall"} <= set(world.codes())
    assert world.found("transit.difference") == []


def test_masses_of_different_bases_do_not_compare(world: CheckWorld) -> None:
    world.at(DUG, adopted(reception=500_000_000), extracted("G1", 100 * KG))
    dispatch = world.at(DUG, dispatched("G1")).event[0]
    world.at(LATER, received(dispatch, ("G1", 130 * KG), basis="dry"))
    assert world.found("transit.difference") == []


# ---------------------------------------------------------------- always the same way


def many(world: CheckWorld, *gains: int, sent: int = 1_000_000, **fields: Any) -> list[str]:
    """Consignments of a tonne, each with so many grams more on arrival; what is found."""
    for number, gain in enumerate(gains):
        carried(world, sent, sent + gain, f"G{number}", **fields)
    return world.found("transit.biased")


def test_small_gains_that_always_point_one_way_are_found(world: CheckWorld) -> None:
    assert many(world, *[4_000] * 7) == []
    carried(world, 1_000_000, 1_004_000, "H")
    (finding,) = world.findings("transit.biased")
    assert (finding.severity, finding.subject) == ("major", f"party:{TRADER}")
    assert "in 8 receptions" in finding.message and "gained 32.000 kg" in finding.message
    assert world.found("transit.biased", times=9) == []
    assert world.found("transit.biased", calibration=4_000_000) == []
    assert world.found("transit.biased", scale=9_000_000) == []
    carried(world, 1_000_000, 1_004_000, "I")
    assert len(world.found("transit.biased")) == 1


def test_losses_of_dry_matter_are_found_and_drying_is_minor(world: CheckWorld) -> None:
    assert many(world, *[-4_000] * 8) == ["transit.biased major"]


def test_wet_mass_that_dries_is_minor(world: CheckWorld) -> None:
    assert many(world, *[-4_000] * 8, basis="wet") == ["transit.biased minor"]


def test_dry_matter_computed_from_a_moisture_is_less_certain(world: CheckWorld) -> None:
    small = [2_500] * 12
    assert many(world, *small, basis="wet", moisture=5 * PERCENT) == []
    assert world.found("transit.biased", wet=1_500_000) == ["transit.biased major"]


def test_errors_both_ways_are_no_bias(world: CheckWorld) -> None:
    assert many(world, *[4_000, -4_000] * 8) == []


def test_scales_that_differ_a_little_are_no_bias(world: CheckWorld) -> None:
    assert many(world, *[1_500] * 16) == []


def test_one_gross_error_is_no_bias(world: CheckWorld) -> None:
    assert many(world, *[0] * 8, 200_000, *[0] * 4) == []


def test_hand_scales_are_given_more_room(world: CheckWorld) -> None:
    assert many(world, *[100] * 12, sent=40_000, leg="hand-scale") == []
    assert world.found("transit.biased", hand=1_000_000) == ["transit.biased major"]


def test_each_pair_is_counted_by_itself(world: CheckWorld) -> None:
    for number in range(5):
        carried(world, 1_000_000, 1_004_000, f"A{number}", giver=MINE)
    for number in range(5):
        ore = declared(f"B{number}", 1_000 * KG, by=SMELTER)
        world.at(DUG, ore)
        carried(world, 1_000_000, 1_004_000, f"B{number}", giver=SMELTER)
    assert world.found("transit.biased") == []
    assert len(world.found("transit.biased", times=5)) == 2


def test_many_bags_of_one_reception_are_one_step(world: CheckWorld) -> None:
    for trip in range(8):
        lots = [f"T{trip}-{bag}" for bag in range(24)]
        world.at(DUG, *(extracted(lot, 40 * KG) for lot in lots))
        dispatch = world.at(DUG, dispatched(*lots)).event[0]
        taken = received(dispatch, *((lot, 40 * KG + 200_000) for lot in lots))
        world.at(LATER, msgspec.structs.replace(taken, instrument="hand-scale"))
    (finding,) = world.findings("transit.biased")
    assert "in 8 receptions" in finding.message


# ---------------------------------------------------------------- too even


def bags(world: CheckWorld, masses: list[int], **fields: Any) -> list[str]:
    """Bags of so many grams; what is found about their weights."""
    named = [extracted(f"G{n}", mass * 1_000, **fields) for n, mass in enumerate(masses)]
    world.at(DUG, *named)
    return [one.code for one in world.findings("weights.too-regular")]


def spread(count: int) -> list[int]:
    """So many different weights around 40 kg, to 0.1 kg, of all last digits."""
    return [34_000 + place * 3_700 % 12_100 // 100 * 100 for place in range(count)]


def test_weights_as_a_scale_shows_them_are_no_finding(world: CheckWorld) -> None:
    assert bags(world, spread(120)) == []


@pytest.mark.parametrize(("times", "found"), [(30, []), (31, ["weights.identical"])])
def test_one_weight_too_often(world: CheckWorld, times: int, found: list[str]) -> None:
    bags(world, [*spread(100 - times), *[29_900] * times])
    codes = [one.code for one in world.findings("weights.too-regular", chi=10**6)]
    assert codes == found
    assert world.found("weights.too-regular", share=330_000_000, chi=10**6) == []
    assert world.found("weights.too-regular", lots=101) == []


def test_round_weights_are_found(world: CheckWorld) -> None:
    found = bags(world, [*spread(40), *(1_000 * (34 + place % 12) for place in range(40))])
    assert found == ["weights.round"]
    (finding,) = world.findings("weights.too-regular")
    assert "multiples of 1.000 kg" in finding.message


def test_digits_that_are_shunned_are_found(world: CheckWorld) -> None:
    masses = [34_000 + place * 7 % 12 * 1_000 + place % 5 * 200 for place in range(80)]
    assert bags(world, [*masses, 40_100]) == ["weights.digits"]
    assert world.found("weights.too-regular", chi=10**6) == []


def test_a_scale_with_coarse_divisions_is_no_finding(world: CheckWorld) -> None:
    assert bags(world, [34_000 + place * 7 % 25 * 500 for place in range(100)]) == []


def test_bags_filled_to_the_kilogram_say_nothing_of_digits(world: CheckWorld) -> None:
    assert bags(world, [49_000 + place % 4 * 1_000 for place in range(60)]) == []


def test_few_bags_and_machines_are_not_looked_at(world: CheckWorld) -> None:
    assert bags(world, [40_000] * 29) == []
    world.at(DUG, *(extracted(f"L{place}", 20_000 * KG, method="lsm") for place in range(60)))
    assert world.found("weights.too-regular") == []


def test_each_site_and_party_is_looked_at_by_itself(world: CheckWorld) -> None:
    one = [extracted(f"A{place}", 40 * KG) for place in range(20)]
    two = [extracted(f"B{place}", 40 * KG, site="CD-RUB") for place in range(20)]
    world.at(DUG, *one, *two)
    assert world.found("weights.too-regular") == []
    assert len(world.found("weights.too-regular", lots=20)) == 2
