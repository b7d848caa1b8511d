"""Frauds at the pit: output, tags, weights, inspections, agents (F1 to F3, F9, F17, F22, F24)."""

from __future__ import annotations

from ledger.values import Grade

from ..diary import Process, time_of
from ..dice import DAY, HOUR
from ..mining import bag_event, dug
from ..weights import KG
from .stage import Stage, fraud

__all__: list[str] = []

TENTH = 100_000


@fraud("F1", "site.output-implausible")
def another_mines_ore(stage: Stage) -> Process:
    """Ore of a forbidden mine comes in under the name of an honest one."""
    region, site, world = stage.region, stage.site, stage.world
    first = stage.now - (stage.now // DAY % 30) * DAY
    tags = stage.tags(site.site, world.plan.bags * world.plan.days * 3 // 2 + 16)
    yield from stage.sign()
    stage.subjects.append(f"site:{site.site}")
    for visit in range(4):
        stage.now = max(first + visit * 6 * DAY, stage.now)
        for _ in range(world.plan.bags * world.plan.days * 5 // 16 + 3):
            bag = dug(stage.dice, tags, stage.fresh("B"), region.mineral.grade)
            event = bag_event(
                region, site, stage.agent, bag, stage.now + stage.dice.randrange(HOUR)
            )
            stage.add(event)
            stage.keep(bag.lot, bag.mass)
        yield from stage.sign(2 * DAY)
    yield from stage.given_back(tags)


@fraud("F2", "tag.other-site")
def tags_of_another_mine(stage: Stage) -> Process:
    """Tags of one mine are on the bags of another."""
    here, there = stage.pit(), stage.pit()
    tags = stage.tags(there, 3)
    stage.dug(here, 120, tags=tags.rest())
    yield from stage.sign()


@fraud("F2", "tag.not-issued")
def tags_that_nobody_issued(stage: Stage) -> Process:
    """The number lies outside of the series."""
    pit = stage.pit()
    tags = stage.tags(pit, 2)
    stage.dug(pit, 80, tags=tags.rest())
    stage.dug(pit, 40, tags=(f"{tags.prefix}{tags.last + 7}",))
    yield from stage.sign()


@fraud("F2", "tag.voided")
def lost_tags_on_a_bag(stage: Stage) -> Process:
    """Said to be lost, and three weeks later on a bag."""
    pit = stage.pit()
    tags = stage.tags(pit, 2)
    used, lost = tags.rest()
    stage.dug(pit, 40, tags=(used,))
    stage.say("tags.voided", stage.agent, series=tags.series, tags=(lost,), reason="lost")
    yield from stage.sign()
    stage.days(21)
    stage.dug(pit, 40, tags=(lost,))
    yield from stage.sign()


@fraud("F2", "tag.old")
def tags_kept_for_months(stage: Stage) -> Process:
    """Put on half a year after they were handed out."""
    pit = stage.pit()
    tags = stage.tags(pit, 2)
    yield from stage.sign()
    stage.days(195)
    stage.dug(pit, 80, tags=tags.rest())
    yield from stage.sign()


@fraud("F2", "tags.unreconciled")
def tags_that_never_come_back(stage: Stage) -> Process:
    """Forty of sixty tags are gone."""
    pit = stage.pit()
    tags = stage.tags(pit, 60)
    stage.dug(pit, 800, tags=tuple(tags.take() for _ in range(20)))
    yield from stage.sign()


@fraud("F3", "tag.reused")
def one_tag_on_two_bags(stage: Stage) -> Process:
    """A photographed tag, used twice."""
    pit = stage.pit()
    tags = stage.tags(pit, 1).rest()
    stage.dug(pit, 40, tags=tags)
    yield from stage.sign()
    stage.days(9)
    stage.dug(pit, 41, tags=tags)
    yield from stage.sign()


@fraud("F3", "tag.look-alike")
def a_letter_for_a_nought(stage: Stage) -> Process:
    """10001 and 1OOO1."""
    pit = stage.pit()
    (tag,) = stage.tags(pit, 1).rest()
    stage.dug(pit, 40, tags=(tag,))
    head, _, number = tag.rpartition("-")
    stage.dug(pit, 41, tags=(f"{head}-{number.replace('0', 'O')}",))
    yield from stage.sign()


@fraud("F9", "weights.identical")
def bags_that_weigh_the_same(stage: Stage) -> Process:
    """Nobody weighed them."""
    yield from _bags(stage, [400 if place % 3 else 380 + place for place in range(36)])


@fraud("F9", "weights.round")
def bags_of_whole_kilograms(stage: Stage) -> Process:
    """Every other weight was guessed."""
    dice = stage.dice
    yield from _bags(
        stage,
        [
            dice.between(400, 60, 200, 600) // (10 if n % 2 else 1) * (10 if n % 2 else 1)
            for n in range(60)
        ],
    )


@fraud("F9", "weights.digits")
def invented_digits(stage: Stage) -> Process:
    """People who make numbers up like some digits better."""
    dice = stage.dice
    yield from _bags(
        stage,
        [dice.between(40, 6, 20, 60) * 10 + dice.choice((2, 3, 5, 7)) for _ in range(60)],
    )


def _bags(stage: Stage, tenths: list[int]) -> Process:
    """Bags of so many tenths of a kilogram, twenty a day."""
    pit = stage.pit()
    for start in range(0, len(tenths), 20):
        for tenth in tenths[start : start + 20]:
            stage.dug(pit, 1, mass=tenth * TENTH)
        yield from stage.sign(8 * HOUR)
        stage.days(1)


@fraud("F9", "logging.bulk")
def a_week_at_the_kitchen_table(stage: Stage) -> Process:
    """Three days of bags within a minute."""
    coop = stage.newcomer("miner")
    pit = stage.pit(coop)
    for place in range(24):
        stage.dug(pit, 38, coop, occurred_at=time_of(stage.now + place * 3 * HOUR))
    yield from stage.sign(3 * DAY)


@fraud("F17", "site.red-used")
def dug_at_a_red_site(stage: Stage) -> Process:
    """Shut out, and dug."""
    stage.dug(stage.pit(status="red"), 200)
    yield from stage.sign()


@fraud("F17", "site.blue-used")
def dug_before_it_was_inspected(stage: Stage) -> Process:
    """Blue: nobody has been there."""
    stage.dug(stage.pit(status="blue"), 200)
    yield from stage.sign()


@fraud("F17", "site.yellow-overdue")
def never_mended(stage: Stage) -> Process:
    """Yellow until a day, and dug after it."""
    pit = stage.pit(status="yellow", valid_to=stage.day(30))
    yield from stage.sign()
    stage.days(50)
    stage.dug(pit, 200)
    yield from stage.sign()


@fraud("F17", "site.assessment-expired")
def inspected_long_ago(stage: Stage) -> Process:
    """Green until a day, and dug after it."""
    stage.dug(stage.pit(inspected=stage.day(-400), valid_to=stage.day(-30)), 200)
    yield from stage.sign()


@fraud("F22", "site.silent")
def a_risky_site_in_silence(stage: Stage) -> Process:
    """Seven months at a site of high risk, and never a word of trouble."""
    coop = stage.newcomer("miner")
    pit = stage.pit(coop, risk="high")
    for _ in range(8):
        stage.dug(pit, 90, coop)
        yield from stage.sign()
        stage.days(28)


@fraud("F24", "agent.overworked")
def more_tags_than_a_day_has_minutes(stage: Stage) -> Process:
    """Two hundred and sixty tags in a day under one key."""
    agent = stage.newcomer("state-agent")
    pit = stage.pit()
    tags = stage.tags(pit, 260, agent)
    for _ in range(2):
        stage.dug(pit, 5_200, agent=agent, tags=tuple(tags.take() for _ in range(130)))
    yield from stage.sign()


@fraud("F24", "agent.concentrated")
def always_the_same_agent(stage: Stage) -> Process:
    """Of three agents, one does nearly all the work of a cooperative."""
    coop = stage.newcomer("miner")
    agents = [stage.newcomer("state-agent") for _ in range(3)]
    pit = stage.pit(coop)
    for agent, count in zip(agents, (200, 12, 12), strict=True):
        tags = stage.tags(pit, count, agent)
        stage.dug(pit, count * 40, coop, agent, tags=tags.rest())
    yield from stage.sign()


@fraud("F24", "agent.two-places")
def an_agent_in_two_places(stage: Stage) -> Process:
    """Two pits, two hundred kilometres apart, within half an hour."""
    agent = stage.newcomer("state-agent")
    near, far = stage.pit(), stage.pit(away=1_800)
    for pit in (near, far):
        tags = stage.tags(pit, 2, agent)
        stage.dug(pit, 80, agent=agent, tags=tags.rest())
        stage.now += HOUR // 2
    yield from stage.sign()


@fraud("F27", "hazard.undeclared")
def radioactive_without_papers(stage: Stage) -> Process:
    """Thorium and uranium above the limit, and no paper of class 7."""
    hot = (Grade("ThO2", 2_000_000), Grade("U3O8", 1_000_000))
    lot = stage.dug(stage.pit(), 300, grades=(*stage.grade(), *hot))
    yield from stage.trip(lot, stage.coop, stage.comptoir)


@fraud("F28", "collection.site-unknown")
def mica_that_nobody_dug(stage: Stage) -> Process:
    """Bought from households, and nobody asks who dug it."""
    trader = stage.newcomer("trader", "IN")
    lot = stage.fresh()
    stage.say(
        "lot.declared",
        trader,
        lot=lot,
        material="mica scrap",
        mass=2_014 * KG,
        basis="dry",
        origin="unknown",
        reason="collected from households",
        country="IN",
    )
    stage.keep(lot, 2_014 * KG)
    yield from stage.sign()
