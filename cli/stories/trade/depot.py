"""From the pit to the depot: carried by road, weighed again, and tagged again."""

from __future__ import annotations

from collections.abc import Iterator

from ledger.events import Event
from ledger.events.custody_dispatched import CustodyDispatched, Sent
from ledger.events.custody_received import CustodyReceived, Received
from ledger.events.lot_tagged import LotTagged

from .cast import MONTHS, Part, Region, Site
from .diary import Entry, Process, time_of
from .dice import DAY, HOUR, Dice
from .tags import given_back, issued
from .weights import Bag, scale
from .world import World

__all__ = ["begin_depots", "carried"]

_LAST_TRIPS = 40 * DAY
"""By then what came before a day has been written down."""


def carried(world: World, region: Region, site: Site, bags: list[Bag], ready: int) -> Process:
    """A truck takes the day's bags; the comptoir weighs them, an agent watches the tagging."""
    dice = world.dice(f"trip/{bags[0].lot}")
    left = ready + HOUR + dice.randrange(2 * DAY)
    dispatch = CustodyDispatched(
        by=site.operator,
        occurred_at=time_of(left),
        to=region.comptoir,
        lots=tuple(Sent(bag.lot) for bag in bags),
        carrier="local truck",
        route=(site.country,),
        waybill=f"WB-{bags[0].lot}",
        mode="road",
    )
    sent = yield Entry(left + dice.lognormal(DAY, 450), (site.operator,), [dispatch])
    came = left + 2 * HOUR + dice.lognormal(8 * HOUR, 500)
    yield Entry(came + HOUR)
    read = [scale(dice, bag.true) for bag in bags]
    received = CustodyReceived(
        by=region.comptoir,
        occurred_at=time_of(came),
        dispatch=sent.ids[0],
        giver=site.operator,
        lots=tuple(Received(bag.lot, mass, "wet") for bag, mass in zip(bags, read, strict=True)),
        instrument="hand-scale",
        seals="none",
    )
    tagged = list(_tagged_again(region, bags, came + HOUR, dice))
    due = came + HOUR + 300 * len(bags) + dice.lognormal(8 * HOUR, 400)
    yield Entry(
        max(due, sent.when + HOUR), (region.comptoir, region.depot_agent), [received, *tagged]
    )
    region.stock += [Part(bag.lot, mass) for bag, mass in zip(bags, read, strict=True)]


def _tagged_again(region: Region, bags: list[Bag], at: int, dice: Dice) -> Iterator[Event]:
    """The mine's tag comes off, the trader's goes on."""
    tags = [series for series in region.tags if series.since <= at][-1]
    for bag in bags:
        at += dice.randrange(60, 300)
        yield LotTagged(
            by=region.comptoir,
            cosigners=(region.depot_agent,),
            occurred_at=time_of(at),
            lot=bag.lot,
            applied=(tags.take(),),
            removed=(bag.tag,),
        )


def begin_depots(world: World) -> None:
    """Every depot has its tags for traders."""
    for region in world.cast.regions:
        world.diary.begin(_depot(world, region), world.month(0) - DAY)


def _depot(world: World, region: Region) -> Process:
    """New tags every two months; what is left goes back when the last bags have come."""
    count = len(region.sites) * world.plan.bags * world.plan.days * 3 + 10
    for turn in range(MONTHS // 2 + 1):
        yield Entry(world.month(2 * turn) - DAY)
        now = world.diary.now()
        prefix = f"{region.spec.country}{region.code}N-"
        numbers = (100_001 + turn * 2 * count, count)
        agent = region.depot_agent
        series, event = issued(
            region.authority, "negociant", region.depot.site, agent, prefix, numbers, now
        )
        region.tags.append(series)
        yield Entry(now, (region.authority,), [event])
        yield Entry(now + _LAST_TRIPS)
        while len(region.tags) > 1:
            yield from given_back(region.tags.pop(0), world.diary.now())
    while region.tags:
        yield from given_back(region.tags.pop(), world.diary.now())
