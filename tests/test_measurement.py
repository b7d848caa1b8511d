"""A new figure replaces the booked one, and never makes matter of unknown origin known."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actors import KG, MINE, PERCENT, World, adopted, assayed, blended, extracted, weighed
from ledger.custody.amount import Amount
from ledger.custody.measurement import DEFAULT_TOLERANCES, Difference, measured, tolerance
from ledger.effects import Measure
from ledger.values import BILLION, MAX_INTEGER, UNKNOWN, Grade
from reference_matter import Lot, assay, weigh
from test_amount import amounts, plain, total

SITE = "mined-asm||RW-GIH"


def booked(mass: int, dry: int | None = None, metal: int | None = None) -> Amount:
    """An amount of one origin, with so much tantalum."""
    from ledger.values import Content

    contents = None if metal is None else [Content("Ta", metal)]
    return Amount.fresh(mass, dry, None, SITE, contents)


def unknown(amount: Amount) -> int:
    return dict(amount.origins).get(UNKNOWN.key, 0)


# ---------------------------------------------------------------- tolerances


def test_a_ledgers_own_tolerance_comes_first_then_the_table_then_the_default() -> None:
    assert tolerance({"hand-scale": 7, "default": 8}, "hand-scale") == 7
    assert tolerance({"default": 8}, "hand-scale") == DEFAULT_TOLERANCES["hand-scale"]
    assert tolerance({"default": 8}, "spring-balance") == 8
    assert tolerance({}, "spring-balance") == DEFAULT_TOLERANCES["default"]


def test_an_adopted_tolerance_decides_what_is_a_difference(world: World) -> None:
    world.record(extracted("A", 1000), extracted("B", 1000))
    assert world.record(weighed("A", 1015)).findings == ()
    world.record(adopted(hand_scale=10_000_000))
    assert [one.code for one in world.record(weighed("B", 1015)).findings] == ["mass.excess"]
    world.record(adopted(reception=1))
    world.record(extracted("C", 1000))
    assert world.record(weighed("C", 1015)).findings == ()
    world.sound()


# ---------------------------------------------------------------- weights


@pytest.mark.parametrize(
    ("found", "codes", "out_of_nowhere"),
    [
        (1_000_000, [], 0),
        (1_020_000, [], 0),
        (980_000, [], 0),
        (1_020_001, ["mass.excess"], 20_001),
        (979_999, ["mass.shortfall"], 0),
        (1, ["mass.shortfall"], 0),
    ],
)
def test_within_tolerance_a_lot_is_rescaled_and_beyond_it_not(
    found: int, codes: list[str], out_of_nowhere: int
) -> None:
    amount, basis, differences = measured(
        booked(1_000_000), "wet", Measure("A", "hand-scale", found, "wet"), {}
    )
    assert (amount.mass, basis) == (found, "wet")
    assert [one.code for one in differences] == codes
    assert unknown(amount) == out_of_nowhere


def test_small_gains_do_not_add_up_to_an_origin() -> None:
    amount, known = booked(1_000_000), []
    for _ in range(50):
        figure = amount.mass + amount.mass * 19 // 1000
        amount, _, _ = measured(amount, "wet", Measure("A", "hand-scale", figure, "wet"), {})
        known.append(amount.mass - unknown(amount))
    assert max(known) <= 1_020_000
    assert amount.mass > 2_500_000


def test_small_gains_do_not_add_up_though_lots_are_tipped_together_between(world: World) -> None:
    world.record(extracted("L0", 1_000_000))
    for n in range(12):
        lot = world.ledger.lot(f"L{n}")
        world.record(
            weighed(f"L{n}", lot.amount.mass * 1019 // 1000), blended(f"L{n + 1}", f"L{n}")
        )
    amount = world.sound().ledger.lot("L12").amount
    assert amount.mass - unknown(amount) <= 1_020_000


def test_drying_is_no_loss_and_watering_no_gain() -> None:
    wet = booked(1_000_000, 960_000)
    dried, _, differences = measured(wet, "wet", Measure("A", "reception", 960_000, "dry"), {})
    assert differences == []
    assert (dried.mass, dried.dry, unknown(dried)) == (960_000, 960_000, 0)
    watered, _, differences = measured(
        dried, "dry", Measure("A", "reception", 1_200_000, "wet", 200_000_000), {}
    )
    assert differences == []
    assert (watered.mass, watered.dry, unknown(watered)) == (1_200_000, 960_000, 0)


def test_water_is_not_turned_into_ore_by_another_moisture() -> None:
    wet = booked(1_000_000, 500_000)
    assayed_dry, _, differences = measured(wet, "wet", Measure("A", "assay", moisture=0), {})
    assert [one.code for one in differences] == ["mass.excess"]
    assert differences[0] == Difference("mass.excess", "dry mass", 500_000, 1_000_000)
    assert unknown(assayed_dry) == 500_000


def test_a_moisture_for_ore_of_unknown_moisture_is_only_taken_down() -> None:
    amount, _, differences = measured(
        booked(1_000_000), "wet", Measure("A", "assay", moisture=100_000_000), {}
    )
    assert differences == []
    assert (amount.mass, amount.dry) == (1_000_000, 900_000)


def test_metal_follows_the_weight_within_tolerance_and_is_lost_with_it_beyond() -> None:
    amount = booked(1_000_000, 1_000_000, 400_000)
    for figure, metal, anchor in ((990_000, 396_000, 400_000), (500_000, 200_000, 200_000)):
        found, _, _ = measured(amount, "dry", Measure("A", "hand-scale", figure, "dry"), {})
        element = found.element("Ta")
        assert element is not None
        assert (element.mass, element.anchor) == (metal, anchor)
    found, _, _ = measured(amount, "dry", Measure("A", "hand-scale", 2_000_000, "dry"), {})
    element = found.element("Ta")
    assert element is not None
    assert element.mass == 400_000


def test_an_anchor_stays_what_can_be_written(world: World) -> None:
    world.record(adopted(hand_scale=BILLION))
    lots = [extracted(f"L{n}", MAX_INTEGER, basis="dry") for n in range(3)]
    world.record(*lots)
    for n in range(3):
        world.record(
            weighed(f"L{n}", 1, basis="dry"),
            weighed(f"L{n}", BILLION, basis="wet", moisture=BILLION - 1),
        )
    world.record(blended("B", "L0", "L1", "L2"))
    assert world.sound().ledger.lot("B").amount.anchor == MAX_INTEGER


# ---------------------------------------------------------------- assays


@pytest.mark.parametrize(
    ("grade", "codes", "out_of_nowhere"),
    [
        (400_000_000, [], 0),
        (412_000_000, [], 0),
        (388_000_000, [], 0),
        (412_000_001, ["assay.higher"], 12_000),
        (387_999_000, ["assay.lower"], 0),
        (0, ["assay.lower"], 0),
    ],
)
def test_an_assay_is_booked_like_a_weight(
    grade: int, codes: list[str], out_of_nowhere: int
) -> None:
    amount = booked(1_000_000, 1_000_000, 400_000)
    if grade == 412_000_001:
        amount = booked(BILLION, BILLION, 400_000_000)
        out_of_nowhere = 12_000_001
    measure = Measure("A", "assay", grades=(Grade("Ta", grade),))
    found, _, differences = measured(amount, "dry", measure, {})
    assert [one.code for one in differences] == codes
    element = found.element("Ta")
    assert element is not None
    assert dict(element.origins).get(UNKNOWN.key, 0) == out_of_nowhere


def test_better_assays_do_not_add_up_to_an_origin() -> None:
    amount = booked(BILLION, BILLION, 100_000_000)
    for n in range(40):
        grade = 100_000_000 * 102 ** (n + 1) // 100 ** (n + 1)
        measure = Measure("A", "assay", grades=(Grade("Ta", min(grade, BILLION)),))
        amount, _, _ = measured(amount, "dry", measure, {})
    element = amount.element("Ta")
    assert element is not None
    assert element.mass > 200_000_000
    assert element.mass - dict(element.origins)[UNKNOWN.key] <= 103_000_000


def test_an_element_that_is_not_named_keeps_its_figure(world: World) -> None:
    grades = (Grade("Nb", 10 * PERCENT), Grade("Ta", 20 * PERCENT))
    world.record(extracted("A", KG, basis="dry", grades=grades))
    world.record(assayed("A", grades=(Grade("Ta", 20 * PERCENT + 1000),)))
    amount = world.sound().ledger.lot("A").amount
    niobium, tantalum = amount.element("Nb"), amount.element("Ta")
    assert niobium is not None
    assert tantalum is not None
    assert (niobium.mass, tantalum.mass) == (KG // 10, KG // 5 + 1)


def test_what_was_never_assayed_gets_its_origins_from_the_net_mass(world: World) -> None:
    world.record(extracted("A", 700, basis="dry"), extracted("B", 300, basis="dry", site="CD-RUB"))
    world.record(blended("C", "A", "B"), assayed("C", grades=(Grade("Ta", 10 * PERCENT),)))
    element = world.sound().ledger.lot("C").amount.element("Ta")
    assert element is not None
    assert element.basis == "mass"
    assert dict(element.origins) == {SITE: 70, "mined-asm||CD-RUB": 30}
    trail = world.ledger.trace("C")
    assert trail.elements["Ta"].basis == "mass"


# ---------------------------------------------------------------- against the twin

BASES: Any = st.sampled_from(("wet", "dry"))


@given(amounts(), BASES, st.integers(1, MAX_INTEGER), BASES, st.data())
def test_any_weight_is_booked_as_by_the_twin(
    amount: Amount, basis: Any, mass: int, new_basis: Any, data: st.DataObject
) -> None:
    near = data.draw(st.sampled_from((mass, amount.mass, amount.mass * 1019 // 1000 + 1)))
    moisture = data.draw(st.one_of(st.none(), st.integers(0, BILLION)))
    leg = data.draw(st.sampled_from((*sorted(DEFAULT_TOLERANCES), "spring-balance")))
    if basis == "dry":
        amount = msgspec.structs.replace(amount, dry=amount.mass)
    measure = Measure("A", leg, min(near, MAX_INTEGER), new_basis, moisture)
    found, _, differences = measured(amount, basis, measure, {})
    lot = Lot(MINE, basis, plain(amount))
    scale = "default" if leg in ("assay", "process") else leg
    limit = DEFAULT_TOLERANCES.get(scale, DEFAULT_TOLERANCES["default"])
    codes = weigh(lot, min(near, MAX_INTEGER), new_basis, moisture, limit)
    assert plain(found) == lot.matter
    assert [one.code for one in differences] == codes


@given(amounts(), st.lists(st.integers(0, BILLION // 2), min_size=2, max_size=2))
def test_any_assay_is_booked_as_by_the_twin(amount: Amount, grades: list[int]) -> None:
    assume(amount.dry is not None)
    lines = tuple(Grade(n, g) for n, g in zip(("Nb2O5", "Ta"), grades, strict=True))
    found, _, differences = measured(amount, "wet", Measure("A", "assay", grades=lines), {})
    lot = Lot(MINE, "wet", plain(amount))
    codes = assay(lot, msgspec.to_builtins(lines), DEFAULT_TOLERANCES["assay"])
    assert plain(found) == lot.matter
    assert sorted(one.code for one in differences) == sorted(codes)


@given(amounts(), BASES, st.integers(1, MAX_INTEGER), st.one_of(st.none(), st.integers(0, BILLION)))
def test_no_measurement_makes_more_of_a_known_origin_than_the_anchor_allows(
    amount: Amount, basis: Any, mass: int, moisture: int | None
) -> None:
    # All that is known of origin was weighed once; the anchor remembers what it weighed.
    amount = msgspec.structs.replace(amount, dry=None, anchor=amount.mass)
    limit = DEFAULT_TOLERANCES["hand-scale"]
    found, _, _ = measured(amount, basis, Measure("A", "hand-scale", mass, basis, moisture), {})
    assert total(found.origins) == mass
    before = amount.mass - unknown(amount)
    after = mass - unknown(found)
    assert after * BILLION <= max(amount.anchor, before) * (BILLION + limit)
