"""From the furnace to the shop: metal, parts, products; and some come back.

drums --> charge --> metal + intermediate + slag --> parts + scrap --> products --> sold
            ^                                                             |
            +---------------- taken back, taken apart <-------------------+
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from ledger.custody.books import Lot
from ledger.events import Event
from ledger.events.base import Draw, LossLine
from ledger.events.custody_dispatched import CustodyDispatched, Sent
from ledger.events.custody_received import CustodyReceived, Received
from ledger.events.lot_refined import LotRefined, Output
from ledger.events.lot_retired import LotRetired
from ledger.events.lot_split import LotSplit
from ledger.events.lots_blended import LotsBlended
from ledger.events.product_made import Component, ProductMade
from ledger.events.product_returned import ProductReturned
from ledger.values import BILLION, Content

from .cast import MONTHS, Part, Works
from .diary import Entry, Process, time_of
from .dice import DAY, HOUR, Dice
from .goods import Mineral
from .weights import PERCENT, weighed
from .world import World

__all__ = ["begin_making", "handed"]

_MOST_DRUMS = 500

Mode: TypeAlias = Literal["road", "sea", "air"]
_ON_THE_WAY = {"road": (2, 2), "sea": (12, 10), "air": (1, 2)}
"""Days at least, and how many more as a rule."""
_LAST = MONTHS + 6
"""Months until the last drum has become metal, counted from the first."""


def begin_making(world: World) -> None:
    """Furnaces, presses and lines, month by month."""
    cast, diary = world.cast, world.diary
    for number, (name, smelter) in enumerate(cast.smelters.items()):
        maker = cast.makers[name]
        diary.begin(_smelting(world, smelter, maker), world.month(1) + (5 + number) * DAY)
        diary.begin(_working(world, maker), world.month(2) + (8 + number) * DAY)
    for number, works in enumerate(cast.products):
        diary.begin(_making(world, works, number), world.month(3) + (11 + number) * DAY)


def _smelting(world: World, smelter: Works, maker: Works) -> Process:
    """All that lies there goes into the month's charges."""
    month = 1
    while month < _LAST:
        for start in range(0, len(smelter.stock), _MOST_DRUMS):
            drums = smelter.stock[start : start + _MOST_DRUMS]
            name = f"{smelter.mineral.code if smelter.mineral else ''}{month:02}-{start}"
            yield from _charge(world, smelter, maker, drums, name)
        smelter.stock = []
        month += world.plan.every
        yield Entry(max(world.month(month) + 5 * DAY, world.diary.now() + DAY))


def _charge(
    world: World, smelter: Works, maker: Works, drums: Sequence[Part], name: str
) -> Process:
    """Charged, smelted, and the metal sent to the maker of parts in two lots."""
    mineral = smelter.mineral
    if mineral is None:
        raise ValueError(f"{smelter.party} smelts nothing")
    dice = world.dice(f"charge/{name}")
    charge, metal = f"CHG-{name}", f"MET-{name}"
    now = world.diary.now()
    blended = LotsBlended(
        by=smelter.party,
        occurred_at=time_of(now),
        lot=charge,
        material=mineral.concentrate,
        inputs=tuple(Draw(part.lot) for part in drums),
        mass=sum(part.mass for part in drums),
    )
    yield Entry(now + dice.lognormal(3 * HOUR, 400), (smelter.party,), [blended])
    at = world.diary.now() + 4 * DAY
    smelted = _smelted(dice, smelter, mineral, world.lot(charge), name, at)
    mass = smelted.outputs[0].mass
    first = mass * dice.randrange(35, 66) // 100
    halves = [Part(f"{metal}-1", first), Part(f"{metal}-2", mass - first)]
    at += DAY
    split = LotSplit(
        by=smelter.party,
        occurred_at=time_of(at),
        lot=metal,
        parts=tuple(Draw(part.lot, part.mass) for part in halves),
        material=mineral.metal,
    )
    yield Entry(at + dice.lognormal(3 * HOUR, 400), (smelter.party,), [smelted, split])
    mode: Mode = "sea" if smelter.site.country == "MY" else "road"
    for part in halves:
        trip = handed(world, smelter, maker, part, mode)
        world.diary.begin(trip, world.diary.now() + dice.randrange(1, 8) * DAY)


def _smelted(
    dice: Dice, smelter: Works, mineral: Mineral, charge: Lot, name: str, at: int
) -> LotRefined:
    """Metal, 99.9 % pure; an intermediate that is worked up again; and slag with the rest."""
    have = charge.amount.element(mineral.element)
    held = have.mass if have else 0
    pure = held * dice.between(mineral.smelted, PERCENT // 2, 80 * PERCENT, 975_000_000) // BILLION
    back = held * mineral.returned // BILLION
    mass, again = pure * 1_000 // 999, back * 100 // 80
    metal = Output(
        f"MET-{name}", mineral.metal, mass, "dry", contents=(Content(mineral.element, pure),)
    )
    intermediate = Output(
        f"RET-{name}",
        f"{mineral.element} intermediate",
        again,
        "dry",
        role="byproduct",
        contents=(Content(mineral.element, back),),
    )
    return LotRefined(
        by=smelter.party,
        occurred_at=time_of(at),
        lot=charge.lot,
        process="smelting",
        facility=smelter.site.site,
        outputs=(metal, intermediate),
        losses=(LossLine("slag", charge.amount.mass - mass - again),),
    )


def handed(world: World, giver: Works, taker: Works, part: Part, mode: Mode) -> Process:
    """One lot, dry and certain, from one works to the next."""
    dice = world.dice(f"handed/{part.lot}/{taker.party}")
    left = world.diary.now()
    countries = (giver.site.country, taker.site.country)
    dispatch = CustodyDispatched(
        by=giver.party,
        occurred_at=time_of(left),
        to=taker.party,
        lots=(Sent(part.lot, part.mass),),
        carrier="courier",
        route=tuple(dict.fromkeys(countries)),
        waybill=f"CMR-{part.lot}",
        mode=mode,
    )
    sent = yield Entry(left + dice.lognormal(3 * HOUR, 400), (giver.party,), [dispatch])
    least, usual = _ON_THE_WAY[mode]
    came = left + least * DAY + dice.lognormal(usual * DAY, 400)
    yield Entry(came)
    mass = weighed(dice, part.mass) if part.mass > 1_000_000 else part.mass
    received = CustodyReceived(
        by=taker.party,
        occurred_at=time_of(came),
        dispatch=sent.ids[0],
        giver=giver.party,
        lots=(Received(part.lot, mass, "dry"),),
    )
    due = came + HOUR + dice.lognormal(3 * HOUR, 400)
    yield Entry(max(due, sent.when + HOUR), (taker.party,), [received])
    taker.stock.append(Part(part.lot, mass, part.pieces))


def _working(world: World, maker: Works) -> Process:
    """Metal becomes parts, counted; what is cut off is scrap of the same origin."""
    month = 2
    turn = 0
    while month < _LAST + 1:
        lots, maker.stock = maker.stock, []
        for part in lots:
            turn += 1
            taker = world.cast.products[turn % len(world.cast.products)]
            yield from _worked(world, maker, taker, part)
        month += 1
        yield Entry(max(world.month(month) + 8 * DAY, world.diary.now() + DAY))


def _worked(world: World, maker: Works, taker: Works, part: Part) -> Process:
    mineral = maker.mineral
    if mineral is None:
        raise ValueError(f"{maker.party} works nothing")
    dice = world.dice(f"work/{part.lot}")
    booked = world.lot(part.lot).amount
    element = booked.element(mineral.element)
    held = element.mass if element else 0
    good = booked.mass * dice.between(mineral.worked, PERCENT // 2, 80 * PERCENT, 99 * PERCENT)
    pieces = good // BILLION // mineral.part_mass
    if not pieces:
        return
    mass = pieces * mineral.part_mass
    name = f"PRT-{part.lot[4:]}"
    at = world.diary.now() + 2 * DAY
    rest = booked.mass - mass
    outputs = [_output(name, mineral, mass, held * mass // booked.mass, pieces)]
    scrap = Output(
        f"SCR-{part.lot[4:]}",
        f"{mineral.element} scrap",
        rest,
        "dry",
        role="byproduct",
        contents=(Content(mineral.element, held * rest // booked.mass),),
    )
    outputs += [scrap] if rest else []
    worked = LotRefined(
        by=maker.party,
        occurred_at=time_of(at),
        lot=part.lot,
        process="pressing",
        facility=maker.site.site,
        outputs=tuple(outputs),
    )
    yield Entry(at + dice.lognormal(3 * HOUR, 400), (maker.party,), [worked])
    made = Part(name, mass, pieces)
    world.diary.begin(handed(world, maker, taker, made, "air"), world.diary.now() + 2 * DAY)


def _output(name: str, mineral: Mineral, mass: int, content: int, pieces: int) -> Output:
    return Output(
        name,
        mineral.part,
        mass,
        "dry",
        contents=(Content(mineral.element, content),),
        pieces=pieces,
    )


def _making(world: World, works: Works, number: int) -> Process:
    """Every month a batch out of the parts at hand; it is sold, and a few come back later."""
    month = 3
    while month < _LAST + 2:
        for batch in range(4):
            chosen = _chosen(world, works)
            if not chosen:
                break
            yield from _batch(world, works, chosen, f"DEV-{'AB'[number]}{month:02}{batch}")
        month += 1
        yield Entry(max(world.month(month) + 11 * DAY, world.diary.now() + DAY))


def _chosen(world: World, works: Works) -> list[tuple[Part, int]]:
    """One lot of each part at hand, and how many of it go into a unit."""
    per = {mineral.part: mineral.per_unit for mineral in _minerals(world)}
    found: dict[str, tuple[Part, int]] = {}
    for part in works.stock:
        material = world.lot(part.lot).material
        if part.pieces >= per[material]:
            found.setdefault(material, (part, per[material]))
    return list(found.values())


def _minerals(world: World) -> list[Mineral]:
    return [works.mineral for works in world.cast.makers.values() if works.mineral]


def _batch(world: World, works: Works, chosen: Sequence[tuple[Part, int]], name: str) -> Process:
    units = min(part.pieces // per for part, per in chosen)
    for part, per in chosen:
        part.pieces -= units * per
    works.stock = [part for part in works.stock if part.pieces]
    now = world.diary.now()
    made = ProductMade(
        by=works.party,
        occurred_at=time_of(now + 4 * DAY),
        product=name,
        model="handset",
        units=units,
        components=tuple(Component(part.lot, per_unit=per) for part, per in chosen),
        facility=works.site.site,
    )
    sold = LotRetired(
        by=works.party,
        occurred_at=time_of(now + 5 * DAY),
        lot=name,
        reason="placed-on-market",
    )
    mass = sum(world.lot(part.lot).amount.mass for part, _ in chosen)
    yield Entry(now + 5 * DAY + 2 * HOUR, (works.party,), [made, sold])
    mass -= sum(world.lot(part.lot).amount.mass for part, _ in chosen)
    if units >= 100:
        back = _taken_back(world, works, name, units // 50, mass * (units // 50) // units)
        world.diary.begin(back, world.diary.now() + 60 * DAY)


def _taken_back(world: World, works: Works, product: str, units: int, mass: int) -> Process:
    """One in fifty is taken back within months; what was in it has a life of its own now."""
    event: Event = ProductReturned(
        by=world.cast.recycler,
        occurred_at=time_of(world.diary.now()),
        lot=f"EOL-{product}",
        product=product,
        units=units,
        mass=max(mass, 1),
        material="spent handsets",
        country=works.site.country,
    )
    yield Entry(world.diary.now() + 6 * HOUR, (world.cast.recycler,), [event])
