"""At the pit: bags are dug, weighed and tagged.

Two or four days a month a tag agent comes to a site: the bags of that day are one statement of
the cooperative and the agent, which reaches the log days later. Bags weigh 40 kg, 6 kg more
or less, read to 0.1 kg on a scale that errs by as much; one tag in two hundred is spoiled;
and what was mistyped is voided and said again.
"""

from __future__ import annotations

import msgspec

from ledger.events import Event
from ledger.events.event_voided import EventVoided
from ledger.events.lot_extracted import LotExtracted
from ledger.values import Grade

from .cast import MONTHS, Region, Site
from .depot import carried
from .diary import Entry, Process, time_of
from .dice import DAY, HOUR, Dice
from .tags import Series, given_back, issued, spoiled
from .weights import KG, PERCENT, Bag, scale
from .world import World

__all__ = ["bag_event", "begin_mining", "dug"]

_SPOILED = 5_000
_MISTYPED = 20_000
"""In a million. Half of all events are bags dug, so one event in a hundred is a mistake."""


def begin_mining(world: World) -> None:
    """Every artisanal site begins to dig."""
    for region in world.cast.regions:
        for place, site in enumerate(region.sites):
            world.diary.begin(_site(world, region, site, place), world.month(0) - DAY)


def _site(world: World, region: Region, site: Site, place: int) -> Process:
    """A year at a site: some days of tagging a month, its two agents in turn.

    Sites of a region have days of their own, so that no agent is in two places.
    """
    dice = world.dice(f"site/{site.site}")
    usual = world.plan.bags
    grade = dice.between(region.mineral.grade, 2 * PERCENT, 5 * PERCENT, 60 * PERCENT)
    number = 0
    series: dict[str, Series] = {}
    for month in range(MONTHS):
        if month % 2 == 0:
            yield Entry(world.month(month) - DAY)
            yield from _new_tags(world, region, site, place, month, series)
        for turn in range(world.plan.days):
            tags = series[region.agents[turn % 2]]
            at = world.month(month) + (turn * 28 // world.plan.days + place) * DAY
            yield Entry(at)
            # Of the tags at hand, some will be spoiled.
            most = max(min(usual * 3 // 2, tags.left * 4 // 5), 1)
            count = dice.between(usual, max(usual // 8, 1), 1, most)
            code = f"{region.code}{'ABCDEF'[place]}"
            bags = [dug(dice, tags, f"{code}-{number + n + 1:05}", grade) for n in range(count)]
            number += count
            world.diary.begin(_tagging_day(world, region, site, tags, at, bags), at)
    yield Entry(world.diary.now() + DAY)
    for one in series.values():
        yield from given_back(one, world.diary.now())


def _new_tags(
    world: World, region: Region, site: Site, place: int, month: int, series: dict[str, Series]
) -> Process:
    """What is left of the old series goes back, and each agent gets a new one."""
    for one in series.values():
        yield from given_back(one, world.diary.now())
    events = []
    now = world.diary.now()
    for letter, agent in zip("PQ", region.agents, strict=True):
        # An agent has as many days in two months; twice what they need, and some to spoil.
        prefix = f"{site.country}{region.code}{'ABCDEF'[place]}{letter}-"
        numbers = (10_001 + month * world.plan.bags * 10, world.plan.bags * world.plan.days * 2 + 8)
        series[agent], event = issued(
            region.authority, "mine", site.site, agent, prefix, numbers, now
        )
        events.append(event)
    yield Entry(now, (region.authority,), events)


def dug(dice: Dice, series: Series, lot: str, grade: int) -> Bag:
    """A bag of ore, with the next tag on it."""
    true = dice.between(40 * KG, 6 * KG, 15 * KG, 65 * KG)
    moisture = dice.between(4 * PERCENT, 12 * PERCENT // 10, PERCENT // 2, 9 * PERCENT)
    assayed = dice.noisy(grade, 15_000)
    return Bag(
        lot,
        series.take(),
        true,
        scale(dice, true),
        moisture // 1_000_000 * 1_000_000,
        assayed // 1_000_000 * 1_000_000,
    )


def bag_event(
    region: Region, site: Site, agent: str, bag: Bag, at: int, mass: int | None = None
) -> LotExtracted:
    """The bag as cooperative and agent record it."""
    return LotExtracted(
        by=site.operator,
        cosigners=(agent,),
        occurred_at=time_of(at),
        lot=bag.lot,
        material=region.mineral.ore,
        mass=mass or bag.mass,
        basis="wet",
        site=site.site,
        method="asm",
        moisture=bag.moisture,
        grades=(Grade(region.mineral.analyte, bag.grade),),
        tags=(bag.tag,),
    )


def _tagging_day(
    world: World, region: Region, site: Site, tags: Series, at: int, bags: list[Bag]
) -> Process:
    """One day's bags; then what was mistyped, again; then they are carried to the depot."""
    dice = world.dice(f"day/{bags[0].lot}")
    both = (site.operator, tags.agent)
    events: list[Event] = []
    wrong: list[tuple[int, int, int]] = []
    times = sorted(at + dice.randrange(9 * HOUR) for _ in bags)
    for place, (bag, moment) in enumerate(zip(bags, times, strict=True)):
        mass = None
        if dice.happens(_MISTYPED):
            wrong.append((place, len(events), moment))
            mass = _mistyped(bag.mass)
        events.append(bag_event(region, site, tags.agent, bag, moment, mass))
        if dice.happens(_SPOILED):
            events.append(spoiled(tags, moment))
    done = yield Entry(at + 9 * HOUR + dice.lognormal(2 * DAY, 350), both, events)
    if wrong:
        again: list[Event] = []
        for place, where, moment in wrong:
            bag = bags[place]
            bags[place] = msgspec.structs.replace(bag, lot=f"{bag.lot}-2")
            again.append(_voided(site, tags.agent, bag, done.ids[where], done.when + HOUR))
            again.append(bag_event(region, site, tags.agent, bags[place], moment))
        done = yield Entry(done.when + HOUR + dice.lognormal(5 * HOUR, 400), both, again)
    world.diary.begin(carried(world, region, site, bags, at + 9 * HOUR), done.when)


def _mistyped(mass: int) -> int:
    """The mass with the digits of its kilograms the wrong way round."""
    tens, ones = divmod(mass // KG, 10)
    return (ones * 10 + tens or 1) * KG + mass % KG


def _voided(site: Site, agent: str, bag: Bag, event: str, at: int) -> Event:
    return EventVoided(
        by=site.operator,
        cosigners=(agent,),
        occurred_at=time_of(at),
        event=event,
        lots=(bag.lot,),
        reason="mass mistyped",
    )
