"""Frauds at depot and plant: weights, grades, yields, laboratories (F4 to F7, F23, F26)."""

from __future__ import annotations

from ledger.events.base import LossLine
from ledger.events.lot_refined import Output
from ledger.values import Content, Grade, contained

from ..diary import Process
from ..weights import PERCENT
from .stage import Stage, fraud

__all__: list[str] = []


@fraud("F4", "grade.jumped")
def richer_ore_tipped_in(stage: Stage) -> Process:
    """The laboratory finds a third more than the pit did, and no process was recorded."""
    lot = stage.dug(stage.pit(), 300)
    yield from stage.sign()
    stage.days(3)
    stage.say(
        "lot.assayed",
        stage.lab,
        stage.coop,
        lot=lot,
        grades=stage.grade(133),
        sample=stage.fresh("S"),
        side="seller",
    )
    yield from stage.sign()


@fraud("F4", "weight.gained")
def heavier_in_the_store(stage: Stage) -> Process:
    """Untagged ore fills the bags up."""
    lot = stage.dug(stage.pit(), 300)
    yield from stage.sign()
    stage.days(3)
    heavier = stage.mass(lot) * 1_019 // 1_000
    stage.say(
        "lot.weighed", stage.coop, lot=lot, mass=heavier, basis="dry", instrument="hand-scale"
    )
    yield from stage.sign()


@fraud("F5", "transit.gain")
def heavier_on_arrival(stage: Stage) -> Process:
    """More than the two scales can err, under the cover of a bad one."""
    lot = stage.dug(stage.pit(), 300)
    mass = stage.mass(lot) * 1_036 // 1_000
    yield from stage.trip(lot, stage.coop, stage.comptoir, mass=mass, instrument="spring-scale")


@fraud("F5", "transit.loss")
def lighter_by_a_bad_scale(stage: Stage) -> Process:
    """Something was taken out on the way, under the cover of a bad scale."""
    lot = stage.dug(stage.pit(), 300)
    mass = stage.mass(lot) * 964 // 1_000
    yield from stage.trip(lot, stage.coop, stage.comptoir, mass=mass, instrument="spring-scale")


@fraud("F5", "mass.excess")
def much_heavier_on_arrival(stage: Stage) -> Process:
    """A tenth more."""
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, stage.comptoir, mass=stage.mass(lot) * 11 // 10)


@fraud("F5", "mass.shortfall")
def lighter_on_arrival(stage: Stage) -> Process:
    """A tenth less."""
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, stage.comptoir, mass=stage.mass(lot) * 9 // 10)


@fraud("F5", "transit.biased")
def a_little_more_every_time(stage: Stage) -> Process:
    """Ten hand-overs, each a percent above, each within tolerance."""
    trader = stage.newcomer("trader")
    pit = stage.pit()
    lots = [stage.dug(pit, 200) for _ in range(10)]
    for lot in lots:
        stage.sent(lot, stage.coop, trader)
    done = yield from stage.sign()
    stage.days(2)
    for lot, dispatch in zip(lots, done.ids[-10:], strict=True):
        mass = stage.mass(lot) * 1_011 // 1_000
        stage.got(lot, stage.coop, trader, dispatch, mass=mass, instrument="hand-scale")
    yield from stage.sign()


@fraud("F6", "yield.too-high")
def more_than_the_plant_can(stage: Stage) -> Process:
    """At most 85 percent was declared; 96 came out, the rest from elsewhere."""
    yield from _refined(stage, [96], least=60, most=85)


@fraud("F6", "yield.too-low")
def where_did_it_go(stage: Stage) -> Process:
    """At least 90 percent was declared; 70 came out, and the rest left by the back door."""
    yield from _refined(stage, [70], least=90, most=98)


@fraud("F6", "yield.drifted")
def a_yield_that_wears_away(stage: Stage) -> Process:
    """From 95 percent to 84 within a year, never outside of what was declared."""
    yield from _refined(stage, [95] * 7 + [84] * 17, least=80, most=98)


@fraud("F7", "plant.over-capacity")
def more_than_goes_in(stage: Stage) -> Process:
    """Twice what the plant can take in a month."""
    yield from _refined(stage, [90], least=60, most=98, capacity=150_000_000)


def _refined(
    stage: Stage, recoveries: list[int], least: int, most: int, capacity: int | None = None
) -> Process:
    """Charges of a new works, six a month, each with so many percent recovered."""
    miller = stage.newcomer("refiner")
    works = stage.plant(
        miller,
        "washing",
        recovery_min=least * PERCENT,
        recovery_max=most * PERCENT,
        capacity=capacity,
    )
    pit = stage.pit(miller)
    for start in range(0, len(recoveries), 6):
        for recovery in recoveries[start : start + 6]:
            _charge(stage, miller, works, stage.dug(pit, 300, miller), recovery)
        yield from stage.sign()
        stage.days(30)


def _charge(stage: Stage, miller: str, works: str, lot: str, recovery: int) -> None:
    (whole,) = contained(stage.mass(lot), stage.grade())
    kept = whole.mass * recovery // 100
    mass = stage.mass(lot) * recovery // 150
    rest = stage.mass(lot) - mass
    outputs = (
        Output(
            f"{lot}-CON",
            stage.mineral.concentrate,
            mass,
            "dry",
            contents=(Content(whole.element, kept),),
        ),
        Output(f"{lot}-TAIL", "tailings", rest - 1_000_000, "dry", role="residue"),
    )
    stage.say(
        "lot.refined",
        miller,
        lot=lot,
        process="washing",
        facility=works,
        outputs=outputs,
        losses=(LossLine("spill", 1_000_000),),
    )
    stage.keep(f"{lot}-CON", mass)


@fraud("F26", "assay.unresolved")
def laboratories_that_do_not_agree(stage: Stage) -> Process:
    """Two points between seller and buyer, and no umpire."""
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, stage.comptoir, grades=stage.grade(91))


@fraud("F26", "assay.always-higher")
def the_buyer_always_finds_more(stage: Stage) -> Process:
    """Six lots, each two percent richer on arrival."""
    trader = stage.newcomer("trader")
    pit = stage.pit()
    for lot in [stage.dug(pit, 200) for _ in range(6)]:
        stage.sent(lot, stage.coop, trader)
    done = yield from stage.sign()
    stage.days(2)
    (seller,) = stage.grade()
    better = (Grade(seller.analyte, seller.grade * 1_025 // 1_000),)
    for lot, dispatch in zip(stage.lots, done.ids[-6:], strict=True):
        stage.got(lot, stage.coop, trader, dispatch, grades=better)
    yield from stage.sign()


@fraud("F23", "assay.two-results")
def two_results_of_one_sample(stage: Stage) -> Process:
    """One sample number, two grades, each for its own audience."""
    pit = stage.pit()
    sample = stage.fresh("S")
    for share in (100, 102):
        lot = stage.dug(pit, 300)
        stage.say(
            "lot.assayed", stage.lab, stage.coop, lot=lot, grades=stage.grade(share), sample=sample
        )
    yield from stage.sign()
