"""From the depot abroad: bags tipped together, washed, put into drums, certified, shipped.

    bags --> blend --> concentrate + tailings + water --> drums, sealed, certified --> smelter

The same for the loads of a company's mine, milled on its site.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ledger.custody.books import Lot
from ledger.events import Event
from ledger.events.base import Draw, LossLine
from ledger.events.certificate_issued import CertificateIssued
from ledger.events.custody_dispatched import CustodyDispatched, Sent
from ledger.events.custody_received import CustodyReceived, Received
from ledger.events.lot_assayed import LotAssayed
from ledger.events.lot_refined import LotRefined, Output
from ledger.events.lot_split import LotSplit
from ledger.events.lots_blended import LotsBlended
from ledger.events.lots_packed import LotsPacked
from ledger.events.payment_declared import PaymentDeclared
from ledger.events.title_transferred import TitleTransferred
from ledger.values import BILLION, Content, Grade

from .cast import LABORATORIES, MONTHS, Part, Region, Works
from .diary import Entry, Process, day_of, time_of
from .dice import DAY, HOUR, Dice
from .goods import Mineral
from .weights import KG, PERCENT, grade_read, weighed
from .world import World

__all__ = ["Exporter", "assayed", "begin_exports", "concentrated", "exporter_of", "shipped"]

_MOST_BAGS = 400
_DRUM = 450 * KG


class Exporter(msgspec.Struct, frozen=True):
    """Whoever upgrades and exports: a comptoir or a company's mine."""

    party: str
    site: str
    country: str
    transit: str
    authority: str
    mineral: Mineral
    process: str


def exporter_of(region: Region) -> Exporter:
    """The comptoir of a region."""
    return Exporter(
        region.comptoir,
        region.depot.site,
        region.spec.country,
        region.spec.transit,
        region.authority,
        region.mineral,
        "washing",
    )


def begin_exports(world: World) -> None:
    """Every comptoir washes and exports, month by month."""
    for region in world.cast.regions:
        world.diary.begin(_monthly(world, region), world.month(1))


def _monthly(world: World, region: Region) -> Process:
    """What lies in the depot at the turn of the month is upgraded."""
    who = exporter_of(region)
    for month in range(1, MONTHS + 4, world.plan.every):
        yield Entry(world.month(month) + 3 * DAY)
        for start in range(0, len(region.stock), _MOST_BAGS):
            bags = region.stock[start : start + _MOST_BAGS]
            name = f"{region.code}-{month:02}{chr(97 + start // _MOST_BAGS)}"
            world.diary.begin(concentrated(world, who, bags, name), world.diary.now())
        region.stock = []


def concentrated(world: World, who: Exporter, parts: Sequence[Part], name: str) -> Process:
    """Tipped together, assayed, washed or milled, assayed; then on to the drums."""
    dice = world.dice(f"upgrade/{name}")
    mineral = who.mineral
    now = world.diary.now()
    blend, lot = f"{name}-BLEND", f"{name}-CON"
    mass = sum(part.mass for part in parts)
    tipped = LotsBlended(
        by=who.party,
        occurred_at=time_of(now),
        lot=blend,
        material=mineral.ore,
        inputs=tuple(Draw(part.lot) for part in parts),
        mass=mass,
    )
    yield Entry(now + dice.lognormal(6 * HOUR, 400), (who.party,), [tipped])
    yield from assayed(world, dice, blend, mineral, who.party)
    charge = world.lot(blend)
    washed = _upgraded(dice, who, charge, lot, world.diary.now() + 3 * DAY)
    yield Entry(world.diary.now() + 3 * DAY + dice.lognormal(6 * HOUR, 400), (who.party,), [washed])
    yield from assayed(world, dice, lot, mineral, who.party)
    yield from _exported(world, dice, who, lot, name)


def assayed(world: World, dice: Dice, lot: str, mineral: Mineral, holder: str) -> Process:
    """A laboratory takes a sample and reports two days later, close to what is booked."""
    lab = LABORATORIES[dice.randrange(len(LABORATORIES))]
    booked = world.lot(lot).amount
    oxide = _of(booked.element(mineral.element), mineral) * BILLION // (booked.dry or 1)
    at = world.diary.now() + 2 * DAY
    event = LotAssayed(
        by=lab,
        cosigners=(holder,),
        occurred_at=time_of(at),
        lot=lot,
        grades=(Grade(mineral.analyte, grade_read(dice, oxide)),),
        method="icp",
        sample=f"{lab.split('-')[0].upper()}-{lot}",
        side="seller",
    )
    yield Entry(at + dice.lognormal(5 * HOUR, 400), tuple(sorted((lab, holder))), [event])


def _of(element: object, mineral: Mineral) -> int:
    """The mass of the analyte that holds this much of the element."""
    return getattr(element, "mass", 0) * BILLION // mineral.factor


def _upgraded(dice: Dice, who: Exporter, charge: Lot, lot: str, at: int) -> Event:
    """Concentrate with most of the metal, tailings with the rest, and the water.

    A mill is given less than a washing table: ore of a few percent loses a quarter.
    """
    mineral = who.mineral
    dry = charge.amount.dry or 0
    have = charge.amount.element(mineral.element)
    usual = mineral.washed if who.process == "washing" else 75 * PERCENT
    part = dice.between(usual, PERCENT // 2, usual - 3 * PERCENT, usual + PERCENT)
    metal = (have.mass if have else 0) * part // BILLION
    grade = dice.between(mineral.upgraded, PERCENT // 4, 30 * PERCENT, 76 * PERCENT)
    mass = metal * BILLION // mineral.factor * BILLION // grade // 10_000 * 10_000
    mass = min(mass, dry - KG)
    return LotRefined(
        by=who.party,
        occurred_at=time_of(at),
        lot=charge.lot,
        process=who.process,
        facility=who.site,
        outputs=(
            Output(
                lot,
                mineral.concentrate,
                mass,
                "dry",
                contents=(Content(mineral.element, metal),),
            ),
            Output(f"{lot}-TAILINGS", "tailings", dry - mass, "dry", role="residue"),
        ),
        losses=(LossLine("moisture", charge.amount.mass - dry),),
    )


def _exported(world: World, dice: Dice, who: Exporter, lot: str, name: str) -> Process:
    """Into sealed drums, certified by the authority, royalties paid; then shipped."""
    mineral = who.mineral
    mass = world.lot(lot).amount.mass
    count = max(-(-mass // _DRUM), 1)
    masses = [mass // count + (place < mass % count) for place in range(count)]
    now = world.diary.now() + DAY
    drums = [f"{name}-D{place + 1}" for place in range(count)]
    events: list[Event] = [
        LotSplit(
            by=who.party,
            occurred_at=time_of(now),
            lot=lot,
            parts=tuple(Draw(f"{drum}-IN", one) for drum, one in zip(drums, masses, strict=True)),
            material=mineral.concentrate,
        )
    ]
    events += [
        LotsPacked(
            by=who.party,
            occurred_at=time_of(now + (place + 1) * 600),
            lot=drum,
            material=mineral.concentrate,
            inputs=(f"{drum}-IN",),
            package="drum",
            seals=(f"SEAL-{drum}",),
        )
        for place, drum in enumerate(drums)
    ]
    done = now + count * 600 + HOUR
    yield Entry(done + dice.lognormal(5 * HOUR, 400), (who.party,), events)
    at = world.diary.now() + DAY
    certificates: list[Event] = [
        _certificate(who, drum, one, at) for drum, one in zip(drums, masses, strict=True)
    ]
    yield Entry(at + dice.lognormal(5 * HOUR, 400), (who.authority,), certificates)
    smelter = world.cast.smelters[mineral.name]
    parts = [Part(drum, one) for drum, one in zip(drums, masses, strict=True)]
    royalty = _royalty(who, drums, mass, world.diary.now() + DAY, name)
    yield from shipped(world, dice, who, parts, smelter, name, royalty)


def _certificate(who: Exporter, drum: str, mass: int, at: int) -> Event:
    return CertificateIssued(
        by=who.authority,
        occurred_at=time_of(at),
        certificate=f"{who.country}-{drum}",
        subject=f"lot:{drum}",
        standard="regional export certificate (fictional)",
        scope=who.mineral.concentrate,
        valid_from=day_of(at),
        valid_to=day_of(at + 90 * DAY),
        mass=mass,
        origins=(who.country,),
    )


def _royalty(who: Exporter, drums: list[str], mass: int, at: int, name: str) -> Event:
    """Four percent of a made-up price of eleven dollars a kilogram."""
    return PaymentDeclared(
        by=who.party,
        occurred_at=time_of(at),
        subject=f"party:{who.party}",
        kind="royalty",
        amount=max(mass * 44 // KG, 1),
        currency="USD",
        payee=f"Revenue office {who.country}",
        paid_on=day_of(at),
        receipt=f"ROY-{name}",
        lots=tuple(drums[:512]),
    )


def shipped(
    world: World,
    dice: Dice,
    who: Exporter,
    drums: Sequence[Part],
    smelter: Works,
    name: str,
    *before: Event,
) -> Process:
    """By sea for some weeks; the smelter's own scale and laboratory; then into its stock.

    `before` is what the exporter says besides, such as what it paid.
    """
    left = world.diary.now() + DAY + HOUR
    country = smelter.site.country
    route = tuple(dict.fromkeys((who.country, who.transit, country)))
    sold = TitleTransferred(
        by=who.party,
        cosigners=(smelter.party,),
        occurred_at=time_of(left - HOUR),
        to=smelter.party,
        lots=tuple(part.lot for part in drums),
        contract=f"INV-{name}",
        incoterm="FCA",
    )
    dispatch = CustodyDispatched(
        by=who.party,
        occurred_at=time_of(left),
        to=smelter.party,
        lots=tuple(Sent(part.lot, part.mass) for part in drums),
        carrier="Rift Freight",
        route=route,
        seals=tuple(f"SEAL-{part.lot}" for part in drums)[:64],
        waybill=f"BL-{name}",
        mode="sea",
    )
    yield Entry(left, (who.party, smelter.party), [sold])
    sent = yield Entry(left + dice.lognormal(5 * HOUR, 400), (who.party,), [*before, dispatch])
    came = left + min(12 * DAY + dice.lognormal(20 * DAY, 300), 60 * DAY)
    yield Entry(came)
    got = [_arrived(world, dice, who.mineral, part) for part in drums]
    received = CustodyReceived(
        by=smelter.party,
        occurred_at=time_of(came),
        dispatch=sent.ids[-1],
        giver=who.party,
        lots=tuple(got),
        route=route,
        seals="intact",
    )
    due = came + HOUR + dice.lognormal(4 * HOUR, 400)
    yield Entry(max(due, sent.when + HOUR), (smelter.party,), [received])
    smelter.stock += [Part(one.lot, one.mass) for one in got]


def _arrived(world: World, dice: Dice, mineral: Mineral, drum: Part) -> Received:
    """A drum on the buyer's scale, and its grade by the buyer's laboratory."""
    booked = world.lot(drum.lot).amount
    oxide = _of(booked.element(mineral.element), mineral) * BILLION // booked.mass
    grade = Grade(mineral.analyte, grade_read(dice, oxide))
    return Received(drum.lot, weighed(dice, drum.mass), "dry", None, (grade,))
