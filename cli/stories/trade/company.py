"""A mine of a company: loads of ore from the pit to its own mill, weighed on a bridge."""

from __future__ import annotations

from ledger.events import Event
from ledger.events.lot_extracted import LotExtracted
from ledger.values import Grade

from .cast import MONTHS, Mine, Part
from .diary import Entry, Process, time_of
from .dice import DAY, HOUR, Dice
from .export import Exporter, concentrated
from .weights import KG, PERCENT
from .world import World

__all__ = ["begin_companies", "miller_of"]

_A_DAY = 5


def miller_of(mine: Mine) -> Exporter:
    """The mine as the one who mills and exports."""
    return Exporter(
        mine.site.operator,
        mine.site.site,
        mine.site.country,
        mine.site.country,
        mine.authority,
        mine.mineral,
        "milling",
    )


def begin_companies(world: World) -> None:
    """Every company's mine begins to dig."""
    for mine in world.cast.mines:
        world.diary.begin(_loads(world, mine), world.month(0))


def _loads(world: World, mine: Mine) -> Process:
    """Up to five loads a day, recorded the same evening; milled at the end of the month."""
    dice = world.dice(f"mine/{mine.code}")
    grade = dice.between(mine.mineral.lsm_grade, PERCENT // 10, PERCENT // 2, 4 * PERCENT)
    number = 0
    every = world.plan.every
    parts: list[Part] = []
    for month in range(MONTHS):
        days = -(-world.plan.loads // _A_DAY)
        for day in range(days):
            today = world.month(month) + day * 28 * DAY // days
            events: list[Event] = []
            for _ in range(min(_A_DAY, world.plan.loads - day * _A_DAY)):
                number += 1
                event = _load(dice, mine, f"{mine.code}-{number:05}", today, grade)
                events.append(event)
                parts.append(Part(event.lot, event.mass))
            evening = today + 9 * HOUR
            yield Entry(evening + dice.lognormal(3 * HOUR, 300), (mine.site.operator,), events)
        if month % every == every - 1:
            name = f"{mine.code}-{month + 1:02}"
            milled = concentrated(world, miller_of(mine), parts, name)
            world.diary.begin(milled, world.diary.now())
            parts = []


def _load(dice: Dice, mine: Mine, lot: str, day: int, grade: int) -> LotExtracted:
    """A truck over a weighbridge with divisions of 10 kg."""
    mass = dice.between(25_000 * KG, 1_500 * KG, 15_000 * KG, 35_000 * KG)
    read = dice.noisy(grade, 15_000) // 100_000 * 100_000
    water = dice.between(6 * PERCENT, PERCENT, 2 * PERCENT, 10 * PERCENT)
    return LotExtracted(
        by=mine.site.operator,
        occurred_at=time_of(day + dice.randrange(9 * HOUR)),
        lot=lot,
        material=mine.mineral.ore,
        mass=mass // (10 * KG) * (10 * KG),
        basis="wet",
        site=mine.site.site,
        method="lsm",
        moisture=water // 1_000_000 * 1_000_000,
        grades=(Grade(mine.mineral.analyte, read),),
    )
