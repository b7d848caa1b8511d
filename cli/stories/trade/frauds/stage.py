"""A stage for one fraud: who plays, where, and short ways to say what they sign.

    @fraud("F17", "site.red-used")
    def dug_at_a_red_site(stage: Stage) -> Process:
        pit = stage.pit(status="red")          # said, not signed yet
        stage.dug(pit, 200)
        yield from stage.sign()                # one statement, signed by all who are named

Frauds happen among the honest: at real regions, with their cooperatives, agents, comptoirs
and smelters. Who must be unknown before (so that it has no history) is a newcomer.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

import msgspec

from ledger.events import GOVERNANCE, TYPES, Event
from ledger.events.custody_dispatched import Sent
from ledger.events.custody_received import Received
from ledger.values import Grade

from ..cast import LABORATORIES, Region, Works
from ..diary import Done, Entry, Process, day_of, time_of
from ..dice import DAY, HOUR, Dice
from ..goods import Mineral
from ..tags import Series, given_back, issued
from ..weights import KG
from ..world import World

__all__ = ["FRAUDS", "Fraud", "Injected", "Stage", "fraud"]


class Injected(msgspec.Struct, frozen=True):
    """What was put into a ledger, and the code that must be found about it.

    A finding is about it if it has the code, and one of the entries or subjects.
    """

    name: str
    pattern: str
    code: str
    lots: tuple[str, ...]
    subjects: tuple[str, ...]
    entries: tuple[int, ...]


class Fraud(msgspec.Struct, frozen=True):
    """A way to cheat: pattern of the catalogue, the code that finds it, and how it is played."""

    pattern: str
    code: str
    play: Callable[[Stage], Process]


FRAUDS: dict[str, Fraud] = {}
"""Code -> fraud."""

_Play: TypeAlias = "Callable[[Stage], Process]"

Signed: TypeAlias = Generator[Entry, Done, Done]
"""A statement that is being signed; what comes back is where it stands."""


def fraud(pattern: str, code: str) -> Callable[[_Play], _Play]:
    """Name the pattern that a function plays."""

    def keep(play: _Play) -> _Play:
        FRAUDS[code] = Fraud(pattern, code, play)
        return play

    return keep


class Stage:
    """The `number`-th fraud, called `name`, from `begins` on. `now` is the story's time."""

    def __init__(self, world: World, number: int, code: str, begins: int) -> None:
        self.world = world
        self.number = number
        self.name = f"X{number:04}"
        self.dice: Dice = world.dice(f"fraud/{self.name}/{code}")
        self.now = begins
        regions = world.cast.regions
        self.region: Region = regions[number % len(regions)]
        self.mineral: Mineral = self.region.mineral
        self.country = self.region.spec.country
        sites = self.region.sites
        self.site = sites[number // len(regions) % len(sites)]
        self.coop = self.site.operator
        self.agent = self.region.agents[number % 2]
        self.comptoir = self.region.comptoir
        self.authority = self.region.authority
        self.smelter: Works = world.cast.smelters[self.mineral.name]
        self.lab = LABORATORIES[number % len(LABORATORIES)]
        self.lots: list[str] = []
        self.subjects: list[str] = []
        self.entries: list[int] = []
        self._masses: dict[str, int] = {}
        self._said: list[Event] = []
        self._newcomers: list[str] = []
        self._count = 0

    # --- saying and signing --------------------------------------------------------

    def say(self, kind: str, by: str, /, *also: str, **fields: Any) -> Event:
        """An event that happens now; it goes into the next statement."""
        make: Any = TYPES[kind]
        at = fields.pop("occurred_at", time_of(self.now))
        event: Event = make(by=by, cosigners=tuple(sorted(also)), occurred_at=at, **fields)
        self._said.append(event)
        return event

    def add(self, event: Event) -> None:
        """An event that was made elsewhere."""
        self._said.append(event)

    def sign(self, late: int = HOUR) -> Signed:
        """All that was said since becomes one statement; its `Done` is what comes back."""
        events, self._said = self._said, []
        named = [name for event in events for name in (event.by, *event.cosigners)]
        by = tuple(dict.fromkeys([*named, *self._newcomers]))
        self._newcomers = []
        done: Done = yield Entry(self.now + late, by, events)
        self.entries += [done.entry(place) for place in range(len(events))]
        self.now = max(self.now, done.when)
        return done

    def days(self, count: int) -> None:
        """Time passes."""
        self.now += count * DAY

    def day(self, away: int = 0) -> str:
        """The day of the story, or so many days from it."""
        return day_of(self.now + away * DAY)

    def fresh(self, what: str = "L") -> str:
        """A name that nobody has used."""
        self._count += 1
        return f"{self.name}-{what}{self._count}"

    # --- who -----------------------------------------------------------------------

    def newcomer(self, role: str, country: str = "", **facts: str) -> str:
        """Somebody without a past joins; the new key signs the next statement too."""
        party = f"{self.fresh(role).lower()}.example"
        where = country or self.country
        self.world.cast.add(party, f"Newcomer {party}", where, role)
        self.say(
            "party.admitted",
            GOVERNANCE,
            party=party,
            name=f"Newcomer {party}",
            roles=(role,),
            key=self.world.cast.vkey(party),
            country=where,
            **facts,
        )
        self._newcomers.append(party)
        self.subjects.append(f"party:{party}")
        return party

    # --- where ---------------------------------------------------------------------

    def pit(self, operator: str = "", away: int = 0, **facts: Any) -> str:
        """A new pit of the cooperative, `away` thousandths of a degree east of the depot.

        `facts` are of its inspection; green, if nothing is said.
        """
        site = self.fresh("PIT")
        self.say(
            "site.registered",
            self.authority,
            site=site,
            name=f"Pit {site}",
            kind="mine-asm",
            country=self.country,
            operator=operator or self.coop,
            lat=self.region.spec.lat,
            lon=self.region.spec.lon + away * 10_000,
            capacity=facts.pop("capacity", None),
        )
        wanted = {"status": "green", "inspected": self.day(-10), "valid_to": self.day(700)}
        self.say("site.assessed", self.authority, site=site, **(wanted | facts))
        self.subjects.append(f"site:{site}")
        return site

    def plant(self, operator: str, process: str, **facts: Any) -> str:
        """A new works that declares what it can do."""
        site = self.fresh("WORKS")
        self.say(
            "site.registered",
            operator,
            site=site,
            name=f"Works {site}",
            kind="depot",
            country=self.country,
            operator=operator,
        )
        wanted = {"site": site, "process": process, "substance": self.mineral.element}
        self.say("process.declared", operator, **(wanted | facts))
        self.subjects.append(f"site:{site}")
        return site

    def tags(self, site: str, count: int, agent: str = "") -> Series:
        """A series of tags for a pit."""
        who = agent or self.agent
        prefix = f"{self.fresh('T')}-"
        series, event = issued(self.authority, "mine", site, who, prefix, (10_001, count), self.now)
        self._said.append(event)
        self.subjects.append(f"tags:{series.series}")
        return series

    def given_back(self, series: Series) -> Process:
        """What is left of them."""
        yield from given_back(series, self.now)

    # --- what ----------------------------------------------------------------------

    def grade(self, share: int = 100) -> tuple[Grade, ...]:
        """The usual grade of the region's ore, or so many percent of it."""
        return (Grade(self.mineral.analyte, self.mineral.grade * share // 100),)

    def dug(self, site: str, kilograms: int, by: str = "", agent: str = "", **fields: Any) -> str:
        """A lot of dry ore from a pit, without tags if none are given."""
        lot = self.fresh()
        wanted: dict[str, Any] = {
            "material": self.mineral.ore,
            "mass": kilograms * KG + self.dice.randrange(10) * 100_000,
            "basis": "dry",
            "grades": self.grade(),
            "method": "asm",
        }
        wanted |= fields
        who = by or self.coop
        self.say("lot.extracted", who, agent or self.agent, lot=lot, site=site, **wanted)
        self.keep(lot, wanted["mass"])
        return lot

    def keep(self, lot: str, mass: int) -> None:
        """A lot that belongs to the fraud, and what it weighs."""
        self.lots.append(lot)
        self._masses[lot] = mass

    def mass(self, lot: str) -> int:
        """Milligrams of a lot when it was dug."""
        return self._masses[lot]

    def sent(self, lot: str, giver: str, taker: str, **fields: Any) -> Event:
        """A lot leaves."""
        return self.say("custody.dispatched", giver, to=taker, lots=(Sent(lot),), **fields)

    def got(self, lot: str, giver: str, taker: str, dispatch: str, **fields: Any) -> Event:
        """A lot arrives with the mass it had, or `mass`, and `grades` if they are given."""
        line: dict[str, Any] = {"lot": lot, "mass": self._masses[lot], "basis": "dry"}
        line |= {name: fields.pop(name) for name in ("mass", "grades") if name in fields}
        return self.say(
            "custody.received",
            taker,
            dispatch=dispatch,
            giver=giver,
            lots=(Received(**line),),
            **fields,
        )

    def trip(self, lot: str, giver: str, taker: str, days: int = 2, **fields: Any) -> Process:
        """A lot leaves now and arrives some days later; `fields` are of the arrival."""
        self.sent(lot, giver, taker)
        done: Done = yield from self.sign()
        self.days(days)
        self.got(lot, giver, taker, done.ids[-1], **fields)
        yield from self.sign()

    def certificate(self, lot: str, **facts: Any) -> Event:
        """The authority certifies a lot for ninety days."""
        wanted: dict[str, Any] = {
            "certificate": self.fresh("CERT"),
            "subject": f"lot:{lot}",
            "standard": "regional export certificate (fictional)",
            "valid_from": self.day(),
            "valid_to": self.day(90),
            "mass": self._masses[lot],
        }
        return self.say("certificate.issued", self.authority, **(wanted | facts))
