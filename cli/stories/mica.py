"""Mica: from villages and a market, mostly without a mine, to the paint of a car.

    Kodara mine     233 bags  7,000 kg --+
    six villages    300 bags  9,000 kg --+--> sorted 17,000 kg --> ground 15,300 kg
    open market     134 bags  4,000 kg --+                              | 500 kg
                                                                        v
    8,250 cars <-- paint 33,000 kg <-- pigment 825 kg (495 kg of mica and 330 kg of oxides)
    60 g of mica each

Every party, place and complaint is made up; the masses are typical of the trade. What can
be shown is less here than what cannot: of the mica in a car 35 % has a mine, 45 % only a
country, 20 % nothing. The ledger keeps these gaps by name to the end. Nobody assays scrap
mica, so its origins are followed by net mass. The pigment weighs more than the mica that
went in, because oxides were added; the mica in it does not.

A report of child labour travels with the mica until it is closed, and is open; a grievance
about a scale runs through all of its stages.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.workspace import Workspace

from . import telling
from .abreast import abreast
from .bags import weights
from .freight import Way, shipped
from .telling import Actor, Paper, Said, Story, Tale, say, step

__all__ = ["PURCHASES", "STORY", "Purchases", "build"]

MINE, CENTRE, MILL = "kodara-mica.example", "giri-collection.example", "damodar-mica.example"
PIGMENT, PAINT, CARS = "isar-pigments.example", "neckar-coatings.example", "tindra-cars.example"
CHILDREN, ASSURANCE = "first-school.example", "mica-assurance.example"

CAR = "CAR-26W26"
INCIDENT, GRIEVANCE = "INC-26-014", "GRV-26-003"
SCRAP = "mica scrap"

# fmt: off
_ACTORS = (
    Actor(MINE, "Kodara Mica Cooperative", ("miner",), "IN", "IN-ML-0882"),
    Actor(CENTRE, "Giri Collection Centre", ("trader",), "IN", "IN-T-1190"),
    Actor(MILL, "Damodar Mica Mill", ("processor", "exporter"), "IN", "IN-E-0415"),
    Actor(PIGMENT, "Isar Pigments", ("manufacturer",), "DE"),
    Actor(PAINT, "Neckar Coatings", ("manufacturer",), "DE"),
    Actor(CARS, "Tindra Cars", ("manufacturer",), "SE"),
    Actor(CHILDREN, "First School", ("civil-society", "issuer"), "IN"),
    Actor(ASSURANCE, "Mica Assurance", ("auditor", "issuer"), "GB"),
)
_WORKS = (
    (CENTRE, "IN-GIRI", "Giri Collection Centre", "depot", "IN"),
    (MILL, "IN-DAMODAR", "Damodar Mica, mill", "mill", "IN"),
    (PIGMENT, "DE-ISAR", "Isar Pigments, works", "factory", "DE"),
    (PAINT, "DE-NECKAR", "Neckar Coatings, works", "factory", "DE"),
    (CARS, "SE-TINDRA", "Tindra Cars, works", "factory", "SE"),
)
# fmt: on


class Purchases(msgspec.Struct, frozen=True):
    """A page of the purchase book: lots, each of so many bags, and what they weigh in all.

    `total` in tenths of a kilogram. `known` says what is known of where they are from: a
    site, a country, or nothing.
    """

    prefix: str
    bags: tuple[int, ...]
    total: int
    known: str
    reason: str = ""

    @property
    def lots(self) -> dict[str, tuple[int, int]]:
        """Each purchase with its bags and its weight, in tenths of a kilogram."""
        scales = [sum(self._weighed[start:end]) for start, end in self._places]
        names = [f"{self.prefix}-{number:02}" for number in range(1, len(self.bags) + 1)]
        return dict(zip(names, zip(self.bags, scales, strict=True), strict=True))

    @property
    def _weighed(self) -> tuple[int, ...]:
        return weights(self.prefix, sum(self.bags), self.total, 21)

    @property
    def _places(self) -> list[tuple[int, int]]:
        ends = [sum(self.bags[: at + 1]) for at in range(len(self.bags))]
        return [(end - bags, end) for end, bags in zip(ends, self.bags, strict=True)]


# fmt: off
PURCHASES = (
    Purchases("KOD", (47, 47, 47, 46, 46), 70_000, "IN-KODARA"),
    Purchases("VIL", (50, 52, 48, 51, 49, 50), 90_000, "IN",
              "bought from households by weight; the village is known, the pit is not"),
    Purchases("MKT", (45, 44, 45), 40_000, "",
              "bought at the open market; the sellers did not say where it was dug"),
)
# fmt: on
KODARA, VILLAGES, MARKET = PURCHASES
_ALL = [lot for page in PURCHASES for lot in page.lots]

_VISIT = Paper(
    "visit-report-26-014.txt",
    "visit-report",
    "Visit report 26-014",
    "First School: two of six villages, eleven children under fourteen sorting scrap (fictional)\n",
)
_SCALE = Paper(
    "calibration-giri-2.txt",
    "calibration",
    "Calibration of scale Giri 2",
    "Scale Giri 2 showed 1.8 % too little; set right on 2026-02-26 (fictional)\n",
)


def _kg(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10} kg"


# --- where it happens ------------------------------------------------------------------


def _places() -> Tale:
    """One mine with a licence; the rest of the belt has none that could be registered."""
    works = [
        say("site.registered", by=by, site=site, name=name, kind=kind, country=land, operator=by)
        for by, site, name, kind, land in _WORKS
    ]
    yield step(
        "2026-01-08T10:00:00Z",
        (MINE, *(by for by, *_ in _WORKS), ASSURANCE),
        say(
            "site.registered",
            by=MINE,
            site="IN-KODARA",
            name="Kodara",
            kind="mine-asm",
            country="IN",
            operator=MINE,
            minerals=["mica"],
            substances=["mica"],
            lat="24.5210",
            lon="85.9340",
            capacity="15 t",
        ),
        *works,
        say(
            "site.assessed",
            by=ASSURANCE,
            site="IN-KODARA",
            status="green",
            inspected="2025-09-22",
            valid_to="2026-09-22",
            miners="58",
            standard="mica workplace standard (fictional)",
        ),
        say(
            "audit.reported",
            by=ASSURANCE,
            audit="MA-2025-40",
            subject="site:IN-DAMODAR",
            standard="mica workplace standard, processors (fictional)",
            outcome="conformant",
            valid_from="2025-11-01",
            valid_to="2026-10-31",
        ),
        tells="1 mine and 5 works registered; the pits behind the villages are on no register",
    )


# --- the purchase book -----------------------------------------------------------------


def _dug() -> Tale:
    """The cooperative's own bags, from its own mine."""
    for day, (lot, (bags, tenths)) in zip((12, 13, 14, 15, 16), KODARA.lots.items(), strict=True):
        yield step(
            f"2026-01-{day}T12:00:00Z",
            (MINE,),
            say(
                "lot.extracted",
                lot=lot,
                material=SCRAP,
                mass=_kg(tenths),
                basis="dry",
                site="IN-KODARA",
                method="asm",
                pieces=bags,
            ),
        )
    way = Way(
        giver=MINE,
        taker=CENTRE,
        left="2026-01-17",
        came="2026-01-17",
        carrier="tractor of the cooperative",
        route=("IN",),
        instrument="hand-scale",
    )
    lots = {lot: _kg(tenths) for lot, (_, tenths) in KODARA.lots.items()}
    yield from shipped(way, lots, tells="Kodara mine: 233 bags, 7,000 kg, dug at a known site")


def _bought() -> Tale:
    """What others bring to the centre: booked as what it is, of unknown origin."""
    told = {
        VILLAGES: "Six villages: 300 bags, 9,000 kg; the country is known, no pit",
        MARKET: "Open market: 134 bags, 4,000 kg; nothing is known of where it was dug",
    }
    day = 19
    for page, words in told.items():
        country = {"country": page.known} if page.known else {}
        for place, (lot, (bags, tenths)) in enumerate(page.lots.items(), 1):
            yield step(
                f"2026-01-{day}T16:00:00Z",
                (CENTRE,),
                say(
                    "lot.declared",
                    lot=lot,
                    material=SCRAP,
                    mass=_kg(tenths),
                    basis="dry",
                    origin="unknown",
                    reason=page.reason,
                    supplier=f"village {place}" if country else "open market",
                    pieces=bags,
                    **country,
                ),
                tells=words if place == len(page.bags) else "",
            )
            day += 1


# --- what was reported -----------------------------------------------------------------


def _progress(number: str, status: str, at: str, *by: str, **fields: str) -> Tale:
    yield step(
        f"{at}T15:00:00Z", by, say("incident.updated", incident=number, status=status, **fields)
    )


def _reported() -> Tale:
    """Children were seen at work: the lots are held back, buying there stops, it stays open."""
    lots = list(VILLAGES.lots)
    yield step(
        "2026-01-29T11:00:00Z",
        (CHILDREN,),
        say(
            "incident.opened",
            incident=INCIDENT,
            kind="incident",
            category="a2-1c",
            severity="high",
            subjects=[f"party:{CENTRE}", *(f"lot:{lot}" for lot in lots)],
            summary="children under fourteen seen sorting scrap in two of six villages",
            happened="2026-01-27",
            evidence=_VISIT.digest,
        ),
        tells=f"{INCIDENT} opened by First School: children at work in two of six villages",
    )
    yield step(
        "2026-01-30T09:00:00Z",
        (CENTRE,),
        say("incident.updated", incident=INCIDENT, status="acknowledged", due="2026-02-28"),
        say("lot.held", lots=lots, reason=f"until {INCIDENT} is assessed"),
        _risk("buying in the two villages has stopped; all lots from villages are held back"),
    )
    yield from _progress(
        INCIDENT,
        "assessed",
        "2026-02-12",
        CENTRE,
        CHILDREN,
        remedy="school places and a stipend for eleven children; monthly visits by First School",
        due="2026-12-31",
        evidence=_VISIT.digest,
    )


def _released() -> Tale:
    yield step(
        "2026-02-16T09:00:00Z",
        (CENTRE,),
        say(
            "lot.released",
            lots=list(VILLAGES.lots),
            reason=f"{INCIDENT} is assessed and stays open; it travels with the mica",
        ),
        tells=f"{INCIDENT} assessed, eleven children to school; held lots released, it stays open",
    )


def _complained() -> Tale:
    """A grievance about a scale, by somebody whose name is nobody's business."""
    yield step(
        "2026-02-18T11:00:00Z",
        (CHILDREN,),
        say(
            "incident.opened",
            incident=GRIEVANCE,
            kind="grievance",
            category="unfair-weighing",
            severity="medium",
            subjects=[f"party:{CENTRE}"],
            summary="the second scale of the centre shows less than the bags weigh",
            complainant="seller-7f3a",
        ),
    )
    yield from _progress(GRIEVANCE, "acknowledged", "2026-02-20", CENTRE)
    yield from _progress(GRIEVANCE, "assessed", "2026-02-26", CENTRE, evidence=_SCALE.digest)
    yield from _progress(
        GRIEVANCE,
        "remedied",
        "2026-03-09",
        CENTRE,
        remedy="scale set right and shown to sellers; 1.8 % paid afterwards to 41 households",
        evidence=_SCALE.digest,
    )
    yield from _progress(GRIEVANCE, "confirmed", "2026-03-16", CHILDREN)
    yield step(
        "2026-03-17T15:00:00Z",
        (CENTRE, CHILDREN),
        say("incident.closed", incident=GRIEVANCE, outcome="remedied"),
        tells=f"{GRIEVANCE} about a scale: remedied, confirmed by the complainant, closed",
    )


def _risk(measures: str, response: str = "suspend", by: str = CENTRE) -> Said:
    return say(
        "risk.assessed",
        by=by,
        subject=f"party:{CENTRE}",
        category="a2-1c",
        severity="high",
        likelihood="high",
        response=response,
        incident=INCIDENT,
        measures=measures,
        due="2026-12-31",
    )


# --- from scrap to paint ---------------------------------------------------------------


def _milled() -> Tale:
    """All purchases in one heap, sorted by hand, ground in the mill."""
    way = Way(
        giver=CENTRE,
        taker=MILL,
        left="2026-02-23",
        came="2026-02-24",
        carrier="two trucks of the mill",
        route=("IN",),
    )
    weighed = [item for page in PURCHASES for item in _twice(page)]
    yield from shipped(way, dict(weighed), tells="667 bags, 20,000 kg, weighed again at the mill")
    yield step(
        "2026-02-27T16:00:00Z",
        (MILL,),
        say("lots.blended", lot="HEAP-0227", material=SCRAP, inputs=_ALL, mass="20000 kg"),
        say(
            "lot.refined",
            lot="HEAP-0227",
            process="sorting",
            facility="IN-DAMODAR",
            outputs=[
                "SORT-0227=sorted mica,mass=17000 kg,basis=dry",
                "WASTE-0227=sorting waste,mass=3000 kg,basis=dry,role=residue",
            ],
        ),
    )
    yield step(
        "2026-03-20T16:00:00Z",
        (MILL,),
        say(
            "lot.refined",
            lot="SORT-0227",
            process="grinding",
            facility="IN-DAMODAR",
            outputs=["GRD-0320=ground mica,mass=15300 kg,basis=dry,contents=mica=15300 kg"],
            losses=["dust=1700 kg"],
        ),
        tells="Damodar mill: sorted to 17,000 kg, ground to 15,300 kg",
    )
    yield step(
        "2026-03-23T12:00:00Z",
        (MILL,),
        say(
            "lot.split",
            lot="GRD-0320",
            material="ground mica",
            parts=["GRD-0320-A=500 kg", "GRD-0320-B=14800 kg"],
        ),
    )


def _twice(page: Purchases) -> list[tuple[str, tuple[str, str]]]:
    """Both scales of each purchase: a little more here, a little less there."""
    lots = list(page.lots.items())
    again = [(1, -1)[place % 2] for place in range(len(lots) // 2 * 2)] + [0] * (len(lots) % 2)
    return [
        (lot, (_kg(tenths), _kg(tenths + more)))
        for (lot, (_, tenths)), more in zip(lots, again, strict=True)
    ]


def _onwards(giver: str, taker: str, lot: str, weight: str, *days: str, basis: str = "dry") -> Tale:
    left, came, route = days
    way = Way(
        giver=giver,
        taker=taker,
        left=left,
        came=came,
        carrier="Isar Freight",
        route=tuple(route.split()),
        measured=f"basis={basis}",
    )
    yield from shipped(way, {lot: weight})


def _coated() -> Tale:
    """Flakes are coated with oxides: more mass than before, no more mica."""
    yield step(
        "2026-05-08T16:00:00Z",
        (PIGMENT,),
        say(
            "lot.refined",
            lot="GRD-0320-A",
            process="coating",
            facility="DE-ISAR",
            outputs=[
                "PIG-0508=pearl pigment,mass=825 kg,basis=dry,added=330 kg,contents=mica=495 kg"
            ],
            losses=["dust=5 kg,contents=mica=5 kg"],
        ),
        tells="Isar Pigments: 500 kg of mica and 330 kg of oxides, 825 kg of pigment, 60 % mica",
    )


def _mixed() -> Tale:
    yield step(
        "2026-05-29T16:00:00Z",
        (PAINT,),
        say(
            "lot.refined",
            lot="PIG-0508",
            process="paint-making",
            facility="DE-NECKAR",
            outputs=[
                "COAT-0529=base coat,mass=33000 kg,basis=wet,added=32175 kg,contents=mica=495 kg"
            ],
        ),
    )


def _sprayed() -> Tale:
    yield step(
        "2026-06-26T16:00:00Z",
        (CARS,),
        say(
            "product.made",
            product=CAR,
            model="Tindra T2 car, base coat",
            units=8_250,
            components=["COAT-0529,mass=33000 kg"],
            serials="26W26-0001 to 26W26-8250",
            facility="SE-TINDRA",
        ),
        _risk(
            "the mica of this paint is 35 % from a known mine; the pigment maker is asked for "
            "mica with a mine, and funds the school places",
            response="continue",
            by=CARS,
        ),
        tells="8,250 cars with 60 g of mica each: 35 % from a mine, 45 % from a country, "
        "20 % unknown",
    )


def _tale() -> Tale:
    yield from _places()
    yield from _dug()
    yield from _bought()
    yield from _reported()
    yield from _released()
    yield from abreast(_complained(), _milled())
    days = ("2026-03-24", "2026-04-28", "IN LK DE")
    yield from _onwards(MILL, PIGMENT, "GRD-0320-A", "500 kg", *days)
    yield from _coated()
    yield from _onwards(PIGMENT, PAINT, "PIG-0508", "825 kg", "2026-05-11", "2026-05-13", "DE")
    yield from _mixed()
    days = ("2026-06-01", "2026-06-05", "DE DK SE")
    yield from _onwards(PAINT, CARS, "COAT-0529", "33000 kg", *days, basis="wet")
    yield from _sprayed()


STORY = Story(
    name="mica",
    title="Demonstration: mica from a mine, from villages and from a market to a car's paint",
    origin="demo.example/mica",
    begins="2026-01-06T09:00:00Z",
    actors=_ACTORS,
    papers=(_VISIT, _SCALE),
    tell=_tale,
    product=CAR,
    dug=("KOD-01", "VIL-02"),
)


def build(root: Path, clock: Callable[[], int] | None = None) -> Workspace:
    """This story as a new workspace at `root`; see `telling.build`."""
    return telling.build(STORY, root, clock)
