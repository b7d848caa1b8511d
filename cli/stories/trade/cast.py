"""Who takes part in a generated trade, how many of them, and where they are.

    per region     up to four mines, two tag agents for the mines and one for the depot,
                   a comptoir with its depot
    per country    an authority that registers, issues tags and certifies
    per mineral    a smelter and a maker of parts
    once           laboratories, product makers, a recycler, an auditor

Keys are demo keys, numbered in the order of the cast; the same size has the same cast.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from ledger.custody.demo_keys import DEMO_KEYS, demo_seed
from ledger.events import GOVERNANCE
from ledger.log.note import Signer

from .dice import Dice
from .goods import MAKERS_OF_PRODUCTS, MINERALS, MINES, Mineral, Place, RegionSpec, region
from .tags import Series

__all__ = [
    "LABORATORIES",
    "MONTH",
    "MONTHS",
    "ORIGIN",
    "Cast",
    "Mine",
    "Part",
    "Party",
    "Plan",
    "Region",
    "Site",
    "Works",
    "place_everybody",
]

ORIGIN = "demo.example/trade"
LABORATORIES = ("upland-assay.example", "harbour-assay.example")
MONTH = 30 * 86_400
MONTHS = 12
"""Months of digging; what was dug last needs some more to become a product."""

THRESHOLD, GOVERNORS = 2, 3
_PER_REGION = 4

KG = 1_000_000


class Plan(msgspec.Struct, frozen=True):
    """How much of everything: for about `size` events."""

    size: int
    sites: int
    regions: int
    mines: int
    bags: int
    days: int
    loads: int
    every: int

    @classmethod
    def of(cls, size: int) -> Plan:
        """Numbers for a size: `bags` on each of the `days` of tagging a month, `loads` a month
        at a company's mine, exports `every` so many months.

        Four events in five are about bags: one is dug, and tagged again at the depot.
        """
        sites = max(size // 4_000, 2)
        regions = max(-(-sites // _PER_REGION), 2)
        mines = min(1 + size // 20_000, len(MINES))
        every = 1 if size > 10_000 else 2
        days = 4 if size > 10_000 else 2
        fixed = sites * MONTHS * 12 // every + 250
        loads = max(min(size // (mines * MONTHS * 25), 22), 2)
        left = size - fixed - mines * MONTHS * (loads + 10)
        bags = left * 10 // (sites * MONTHS * days * 22)
        return cls(size, sites, regions, mines, max(bags, 2), days, loads, every)


class Party(msgspec.Struct, frozen=True):
    """Somebody with a key."""

    party: str
    name: str
    roles: tuple[str, ...]
    country: str


class Part(msgspec.Struct):
    """A lot in stock: so many milligrams or pieces of it are left."""

    lot: str
    mass: int
    pieces: int = 0


class Site(msgspec.Struct, frozen=True):
    """A place. `monthly` is what an artisanal mine usually gives, mg of wet ore."""

    site: str
    name: str
    kind: str
    country: str
    operator: str
    lat: int
    lon: int
    miners: int = 0
    monthly: int = 0


class Region(msgspec.Struct):
    """Artisanal mines around a comptoir, what waits in its depot, and the depot's tags."""

    spec: RegionSpec
    code: str
    sites: tuple[Site, ...]
    agents: tuple[str, str]
    depot_agent: str
    comptoir: str
    authority: str
    depot: Site
    stock: list[Part] = []
    tags: list[Series] = []

    @property
    def mineral(self) -> Mineral:
        """What is dug here."""
        return self.spec.mineral


class Mine(msgspec.Struct):
    """A mine of a company, with its mill on the site."""

    site: Site
    code: str
    mineral: Mineral
    authority: str


class Works(msgspec.Struct):
    """A smelter, a maker of parts, a product maker, a recycler; and what waits there."""

    party: str
    site: Site
    mineral: Mineral | None = None
    stock: list[Part] = []


class Cast:
    """Parties and their keys. Names are added at the end only."""

    def __init__(self) -> None:
        names = [f"{GOVERNANCE}/{n}" for n in range(1, GOVERNORS + 1)] + [ORIGIN]
        self._keys = {name: Signer(name, demo_seed(n)) for n, name in enumerate(names)}
        self.parties: dict[str, Party] = {}
        self.regions: list[Region] = []
        self.mines: list[Mine] = []
        self.smelters: dict[str, Works] = {}
        self.makers: dict[str, Works] = {}
        self.products: list[Works] = []
        self.recycler = ""
        self.auditor = ""

    @property
    def governance(self) -> tuple[Signer, ...]:
        """The keys that govern."""
        return tuple(self._keys[f"{GOVERNANCE}/{n}"] for n in range(1, GOVERNORS + 1))

    @property
    def log(self) -> Signer:
        """The log's own key."""
        return self._keys[ORIGIN]

    def all(self) -> tuple[Signer, ...]:
        """Every key there is."""
        return tuple(self._keys.values())

    def add(self, party: str, name: str, country: str, *roles: str) -> str:
        """A further party with the next demo key; its id."""
        if party not in self.parties:
            self.parties[party] = Party(party, name, roles, country)
            self._keys[party] = Signer(party, _seed(len(self._keys)))
        return party

    def vkey(self, party: str) -> str:
        """The party's public key."""
        return self._keys[party].verifier.vkey

    def signing(self, names: Iterable[str]) -> list[Signer]:
        """The keys of these parties; governance signs with as many as it needs."""
        found: list[Signer] = []
        for name in names:
            found += self.governance[:THRESHOLD] if name == GOVERNANCE else [self._keys[name]]
        return found

    def works(self) -> list[Works]:
        """Everybody after the mines."""
        return [*self.smelters.values(), *self.makers.values(), *self.products]


def place_everybody(plan: Plan, seed: int) -> Cast:
    """The cast for a plan. The dice only place mines around their depots."""
    cast = Cast()
    dice = Dice.of(seed, "places")
    for lab in LABORATORIES:
        cast.add(lab, lab.split("-")[0].title() + " assay laboratory", "DE", "laboratory")
    cast.auditor = cast.add("ridge-audit.example", "Ridge audit", "CH", "auditor", "scheme")
    for number in range(plan.regions):
        share = plan.sites // plan.regions + (number < plan.sites % plan.regions)
        cast.regions.append(_region(cast, plan, dice, number, share))
    for number, mine in enumerate(MINES[: plan.mines]):
        owner = cast.add(
            f"{mine.name}.example", f"{mine.name.title()} mining", mine.country, "miner"
        )
        site = Site(
            f"{mine.country}-{mine.name.upper()}",
            mine.name.title(),
            "mine-lsm",
            mine.country,
            owner,
            mine.lat,
            mine.lon,
        )
        authority = _authority(cast, mine.country)
        cast.mines.append(Mine(site, f"L{number + 1}", mine.mineral, authority))
    for mineral in MINERALS:
        cast.smelters[mineral.name] = _works(cast, mineral, mineral.smelter, "smelter", "refiner")
        cast.makers[mineral.name] = _works(cast, mineral, mineral.maker, "factory", "manufacturer")
    for place in MAKERS_OF_PRODUCTS:
        cast.products.append(_works(cast, None, place, "factory", "manufacturer"))
    cast.recycler = cast.add("loop-metals.example", "Loop metals", "BE", "recycler")
    return cast


def _seed(number: int) -> bytes:
    """A demo key while there are any (the last one is nobody's), then keys as public as those."""
    if number < DEMO_KEYS - 1:
        return demo_seed(number)
    return sha256(f"oretrail/trade-key/{number}".encode()).digest()


def _authority(cast: Cast, country: str) -> str:
    return cast.add(
        f"mines-{country.lower()}.example", f"Mines office {country}", country, "issuer"
    )


def _region(cast: Cast, plan: Plan, dice: Dice, number: int, count: int) -> Region:
    spec, code = region(number), f"R{number + 1:02}"
    name = spec.name.title()
    sites = tuple(_pit(cast, plan, dice, spec, place + 1) for place in range(count))
    agents = [
        cast.add(
            f"tags-{code.lower()}-{n}.example", f"Tags {name} {n}", spec.country, "state-agent"
        )
        for n in (1, 2, 3)
    ]
    comptoir = cast.add(
        f"{spec.name}-comptoir.example", f"{name} comptoir", spec.country, "trader", "exporter"
    )
    depot = Site(
        f"{spec.country}-{spec.name.upper()}-DEPOT",
        f"{name} depot",
        "depot",
        spec.country,
        comptoir,
        spec.lat,
        spec.lon,
    )
    authority = _authority(cast, spec.country)
    return Region(spec, code, sites, (agents[0], agents[1]), agents[2], comptoir, authority, depot)


def _pit(cast: Cast, plan: Plan, dice: Dice, spec: RegionSpec, place: int) -> Site:
    """Within some 20 km of the depot, on a grid of a hundred metres."""
    name = f"{spec.name.title()} {place}"
    monthly = plan.bags * plan.days * 40 * KG
    return Site(
        f"{spec.country}-{spec.name.upper()}-{place}",
        name,
        "mine-asm",
        spec.country,
        cast.add(
            f"{spec.name}-coop-{place}.example",
            f"{spec.name.title()} cooperative {place}",
            spec.country,
            "miner",
        ),
        spec.lat + dice.randrange(-150, 151) * 10_000,
        spec.lon + dice.randrange(-150, 151) * 10_000,
        miners=max(monthly // (80 * KG), 12),
        monthly=monthly,
    )


def _works(cast: Cast, mineral: Mineral | None, place: Place, kind: str, role: str) -> Works:
    slug = place.name.lower().replace(" ", "-")
    party = cast.add(f"{slug}.example", place.name, place.country, role)
    lat, lon = place.lat * 100_000, place.lon * 100_000
    name = f"{place.country}-{slug.upper()}"
    site = Site(name, place.name, kind, place.country, party, lat, lon)
    return Works(party, site, mineral)
