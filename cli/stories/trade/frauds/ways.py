"""Frauds on the way: dates, hand-overs, routes, circles (F8, F10, F12, F13, F15, F16, F23)."""

from __future__ import annotations

from itertools import pairwise

from ledger.events.base import Draw

from ..diary import Process, time_of
from ..dice import DAY, HOUR
from ..weights import KG
from .stage import Stage, fraud

__all__: list[str] = []


@fraud("F8", "recorded.late")
def written_down_weeks_later(stage: Stage) -> Process:
    """Dug, it says, five weeks before the log heard of it."""
    pit = stage.pit()
    yield from stage.sign()
    stage.days(40)
    stage.dug(pit, 200, occurred_at=time_of(stage.now - 36 * DAY))
    yield from stage.sign()


@fraud("F8", "time.before-cause")
def weighed_before_it_was_dug(stage: Stage) -> Process:
    """The weighing is dated five days before the digging."""
    pit = stage.pit()
    yield from stage.sign()
    stage.days(10)
    lot = stage.dug(pit, 200)
    yield from stage.sign()
    stage.say(
        "lot.weighed",
        stage.coop,
        lot=lot,
        mass=stage.mass(lot),
        basis="dry",
        instrument="platform",
        occurred_at=time_of(stage.now - 5 * DAY),
    )
    yield from stage.sign()


@fraud("F10", "reception.missing")
def a_consignment_that_never_came(stage: Stage) -> Process:
    """Sent, and nobody has signed for it."""
    lot = stage.dug(stage.pit(), 200)
    stage.sent(lot, stage.coop, stage.comptoir)
    yield from stage.sign()


@fraud("F12", "handover.one-hand")
def two_names_and_one_licence(stage: Stage) -> Process:
    """Giver and taker trade under the same licence."""
    licence = stage.fresh("LIC")
    giver, taker = (stage.newcomer("trader", licence=licence) for _ in range(2))
    lot = stage.dug(stage.pit(giver), 200, giver)
    yield from stage.trip(lot, giver, taker)


@fraud("F12", "handover.one-group")
def from_one_pocket_to_the_other(stage: Stage) -> Process:
    """Giver and taker belong to one group."""
    group = stage.fresh("GROUP")
    giver, taker = (stage.newcomer("trader", group=group) for _ in range(2))
    lot = stage.dug(stage.pit(giver), 200, giver)
    yield from stage.trip(lot, giver, taker)


@fraud("F12", "handover.at-once")
def one_person_with_two_phones(stage: Stage) -> Process:
    """Sent and received in the same second, four times."""
    taker = stage.newcomer("trader")
    pit = stage.pit()
    for lot in [stage.dug(pit, 100) for _ in range(4)]:
        stage.sent(lot, stage.coop, taker)
        done = yield from stage.sign(0)
        stage.got(lot, stage.coop, taker, done.ids[-1])
        yield from stage.sign(0)
        stage.now += HOUR


@fraud("F13", "trade.circular")
def round_in_a_circle(stage: Stage) -> Process:
    """From the comptoir to a friend, and back, to look like more."""
    friend = stage.newcomer("trader")
    lot = stage.dug(stage.pit(), 200)
    places = (stage.coop, stage.comptoir, friend, stage.comptoir)
    for giver, taker in pairwise(places):
        yield from stage.trip(lot, giver, taker)
        stage.days(4)


_QUIET = ("MZ", "ET", "SL", "NG", "MG", "GN", "LR", "CM", "GA", "CF", "ZW", "NA", "AO", "ML", "NE")
"""Countries where nothing else is recorded, so that a little too much shows."""


@fraud("F15", "country.exports-above-production")
def more_than_the_country_digs(stage: Stage) -> Process:
    """Ore of nobody knows where leaves under the name of a country that digs little."""
    stage.country = _QUIET[stage.number % len(_QUIET)]
    trader = stage.newcomer("trader")
    dug = stage.dug(stage.pit(trader), 100, trader)
    bought, blend = stage.fresh(), stage.fresh()
    stage.say(
        "lot.declared",
        trader,
        lot=bought,
        material=stage.mineral.ore,
        mass=900 * KG,
        basis="dry",
        grades=stage.grade(),
        origin="unknown",
        reason="bought at the gate",
    )
    stage.keep(bought, 900 * KG)
    stage.say(
        "lots.blended",
        trader,
        lot=blend,
        material=stage.mineral.ore,
        inputs=(Draw(dug), Draw(bought)),
    )
    stage.keep(blend, stage.mass(dug) + 900 * KG)
    yield from stage.sign()
    stage.days(2)
    stage.certificate(blend, origins=(stage.country,))
    yield from stage.trip(blend, trader, stage.smelter.party, 30)


@fraud("F15", "route.undeclared")
def through_another_country(stage: Stage) -> Process:
    """The papers on arrival show a border that nobody declared."""
    lot = stage.dug(stage.pit(), 300)
    end = stage.smelter.site.country
    stage.sent(lot, stage.coop, stage.smelter.party, route=(stage.country, "TZ", end))
    done = yield from stage.sign()
    stage.days(40)
    shown = (stage.country, "AE", "TZ", end)
    stage.got(lot, stage.coop, stage.smelter.party, done.ids[-1], route=shown)
    yield from stage.sign()


@fraud("F16", "travel.too-fast")
def faster_than_any_ship(stage: Stage) -> Process:
    """Across an ocean in twenty hours."""
    trader = stage.newcomer("trader")
    stage.say(
        "site.registered",
        trader,
        site=stage.fresh("DEPOT"),
        name="Depot",
        kind="depot",
        country=stage.country,
        operator=trader,
        lat=stage.region.spec.lat,
        lon=stage.region.spec.lon,
    )
    lot = stage.dug(stage.pit(), 300)
    yield from stage.trip(lot, stage.coop, trader)
    stage.days(3)
    stage.sent(lot, trader, stage.smelter.party, mode="sea")
    done = yield from stage.sign()
    stage.now += 20 * HOUR
    stage.got(lot, trader, stage.smelter.party, done.ids[-1])
    yield from stage.sign()


@fraud("F23", "waybill.two-addressees")
def one_waybill_for_two(stage: Stage) -> Process:
    """The same waybill, shown to two buyers."""
    buyers = (stage.comptoir, stage.newcomer("trader"))
    pit, waybill = stage.pit(), stage.fresh("WB")
    lots = [stage.dug(pit, 200) for _ in buyers]
    for lot, buyer in zip(lots, buyers, strict=True):
        stage.sent(lot, stage.coop, buyer, waybill=waybill)
    done = yield from stage.sign()
    stage.days(2)
    for place, (lot, buyer) in enumerate(zip(lots, buyers, strict=True)):
        stage.got(lot, stage.coop, buyer, done.ids[place - 2])
    yield from stage.sign()
