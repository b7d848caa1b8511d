"""Where the cobalt comes from: a hill dug by hand, an open pit, and used batteries.

    2,400 bags --> 12 trucks --> weighbridge --> ore, leached --> hydroxide --+
    14 shifts at the pit ------------------> ore, leached --> hydroxide ------+--> refinery
    black mass of two kinds, 6 t and 4 t -------------------------------------+

`cobalt` tells what the refinery and its customers make of it.
"""

from __future__ import annotations

from ledger.words import mass, read_mass

from .bags import rounded, weights
from .freight import Way, shipped
from .telling import Actor, Paper, Said, Tale, attached, say, step

__all__ = [
    "ACTORS",
    "BAGS",
    "CATHODE",
    "CELLS",
    "PACKS",
    "PAPERS",
    "REFINERY",
    "SHIFTS",
    "by_hand",
    "by_machine",
    "less",
    "made",
    "places",
    "taken_back",
    "watched",
]

MUKUBA, SERVICE, HYDROMET = "mukuba-hill.example", "mine-service-cd.example", "hydromet.example"
TENGA, LAB, ASSURANCE = "tenga-mining.example", "lakes-assay.example", "ore-assurance.example"
SCHEME, RECYCLER = "take-back.example", "spree-recycling.example"
REFINERY, CATHODE = "baltic-cobalt.example", "vistula-cathode.example"
CELLS, PACKS = "malar-cells.example", "fjord-motors.example"

ORE, HYDROXIDE = "cobalt ore", "cobalt hydroxide"

BAGS = weights("mukuba", 2_400, 1_200_000, 25)
"""What each bag weighs, in tenths of a kilogram: 120 t in all."""

SHIFTS = rounded(weights("tenga", 14, 1_400_000, 4_200), 20)
"""Dry ore of each shift at the pit, in kilograms: 1,400 t in all."""

_PER_DAY = 200
_DAYS = tuple(f"2026-01-{day}" for day in (19, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30, 31))
_TRUCKS = tuple(f"MUK-T{number:02}" for number in range(1, len(_DAYS) + 1))

# fmt: off
ACTORS = (
    Actor(MUKUBA, "Mukuba Hill Cooperative", ("miner",), "CD", "CD-COOP-0210"),
    Actor(SERVICE, "Mine Service, Lualaba", ("state-agent", "issuer"), "CD"),
    Actor(HYDROMET, "Lualaba Hydromet", ("processor", "exporter"), "CD", "CD-E-77"),
    Actor(TENGA, "Tenga Mining", ("miner", "processor", "exporter"), "CD", "CD-PE-0588"),
    Actor(LAB, "Great Lakes Assay", ("laboratory",), "KE", "KE-LAB-301"),
    Actor(ASSURANCE, "Ore Assurance", ("auditor", "issuer"), "GB"),
    Actor(SCHEME, "Battery Take-back Scheme", ("collector",), "DE"),
    Actor(RECYCLER, "Spree Battery Recycling", ("recycler",), "DE", "DE-BR-14"),
    Actor(REFINERY, "Baltic Cobalt, CID904410", ("refiner",), "FI", "CID904410"),
    Actor(CATHODE, "Vistula Cathode", ("manufacturer",), "PL"),
    Actor(CELLS, "Malar Cells", ("manufacturer",), "SE"),
    Actor(PACKS, "Fjord Motors", ("manufacturer",), "NO"),
)
_WORKS = (
    (HYDROMET, "CD-HYDROMET", "Lualaba Hydromet, plant", "concentrator", "CD"),
    (RECYCLER, "DE-SPREE", "Spree Battery Recycling, shredder", "recycler", "DE"),
    (REFINERY, "FI-BALTIC", "Baltic Cobalt, refinery", "refinery", "FI"),
    (CATHODE, "PL-VISTULA", "Vistula Cathode, works", "factory", "PL"),
    (CELLS, "SE-MALAR", "Malar Cells, works", "factory", "SE"),
    (PACKS, "NO-FJORD-MOTORS", "Fjord Motors, works", "factory", "NO"),
)
_PLANTS = (  # site, process, input in a month, least and best recovery of Co
    (HYDROMET, "CD-HYDROMET", "leaching", "400 t", "75 %", "90 %"),
    (TENGA, "CD-TENGA", "leaching", "2000 t", "75 %", "90 %"),
    (REFINERY, "FI-BALTIC", "sulfate-refining", "300 t", "94 %", "98 %"),
)
# fmt: on


def _paper(kind: str, title: str, text: str) -> Paper:
    return Paper(f"{title.replace(' ', '-').lower()}.txt", kind, title, f"{text} (fictional)\n")


_POST = _paper(
    "collection-report",
    "Collection report 2025",
    "Take-back scheme: 41.3 t of spent vehicle batteries, shredded to 6.000 t of black mass",
)
_PRE = _paper(
    "delivery-note",
    "Delivery note 5520",
    "Electrode scrap of another cell maker, shredded to 4.000 t of black mass",
)
_ASSAYS = {
    lot: _paper("assay-report", f"Assay report {lot}", f"{lot}: {grade} Co of dry mass")
    for lot, grade in (("MUK-ORE", "4.0 %"), ("TEN-ORE", "0.9 %"))
}


PAPERS = (*_ASSAYS.values(), _POST, _PRE)


def _kg(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10} kg"


def less(whole: str, *parts: str) -> str:
    """What is left of a mass."""
    return mass(read_mass(whole) - sum(read_mass(part) for part in parts))


def made(
    lot: str, material: str, weight: str, cobalt: str, flowed: str = "", more: str = "basis=dry"
) -> str:
    """A product: what `flowed` into it (its cobalt, if no more is said), the rest was added."""
    added = less(weight, flowed or cobalt)
    return f"{lot}={material},mass={weight},added={added},contents=Co={cobalt},{more}"


# --- where it happens ------------------------------------------------------------------


def _site(by: str, site: str, name: str, kind: str, country: str, **more: object) -> Said:
    return say(
        "site.registered",
        by=by,
        site=site,
        name=name,
        kind=kind,
        country=country,
        **({"operator": by} | more),
    )


def _registered() -> list[Said]:
    ores = {"minerals": ["cobalt ore"], "substances": ["Co"]}
    hill = {"operator": MUKUBA, "lat": "-10.6120", "lon": "25.4010", "capacity": "150 t", **ores}
    pit = {"lat": "-10.5835", "lon": "26.0920", "licence": "CD-PE-0588", "capacity": "2000 t"}
    return [
        _site(SERVICE, "CD-MUKUBA", "Mukuba Hill", "mine-asm", "CD", **hill),
        _site(TENGA, "CD-TENGA", "Tenga, pit and plant", "mine-lsm", "CD", **pit, **ores),
        *(_site(*works) for works in _WORKS),
    ]


def _declared() -> list[Said]:
    """What the plants can do, said beforehand."""
    return [
        say(
            "process.declared",
            by=by,
            site=site,
            process=process,
            capacity=capacity,
            substance="Co",
            recovery_min=least,
            recovery_max=best,
        )
        for by, site, process, capacity, least, best in _PLANTS
    ]


def _certified() -> list[Said]:
    """Somebody else's word for each source, and for how the refinery keeps its account."""
    standards = (
        ("OA-2025-071", "CD-TENGA", "responsible copper and cobalt (fictional)"),
        ("OA-2025-072", "DE-SPREE", "recycled content of batteries (fictional)"),
        ("OA-2025-073", "FI-BALTIC", "chain of custody, mass balance (fictional)"),
    )
    certificates = [
        say(
            "certificate.issued",
            by=ASSURANCE,
            certificate=number,
            subject=f"site:{site}",
            standard=standard,
            valid_from="2025-06-01",
            valid_to="2027-05-31",
        )
        for number, site, standard in standards
    ]
    inspection = say(
        "site.assessed",
        by=SERVICE,
        site="CD-MUKUBA",
        status="green",
        inspected="2025-10-14",
        valid_to="2026-10-14",
        miners="410",
        standard="national inspection of artisanal zones (fictional)",
    )
    return [inspection, *certificates]


def _risk(likelihood: str, measures: str) -> Said:
    """What the buyer of the ore does against child labour, and how it stands."""
    return say(
        "risk.assessed",
        by=HYDROMET,
        subject="site:CD-MUKUBA",
        category="a2-1c",
        severity="high",
        likelihood=likelihood,
        response="continue",
        measures=measures,
        due="2026-12-31",
    )


def places() -> Tale:
    """Mines and works; each source with somebody's word that it is fit."""
    yield step(
        "2026-01-14T10:00:00Z",
        tuple(dict.fromkeys((SERVICE, TENGA, *(by for by, *_ in _WORKS), ASSURANCE))),
        *_registered(),
        *_declared(),
        *_certified(),
        _risk("medium", "fenced zone, age checked at the gate, school fees from the premium"),
        tells="1 hill dug by hand, 1 open pit, 1 recycler and 5 more works registered",
    )


def watched() -> Tale:
    """The buyer comes back to the risk before half a year is over."""
    yield step(
        "2026-04-25T12:00:00Z",
        (HYDROMET,),
        _risk("low", "three unannounced visits, nobody under age met; 64 children at school"),
    )


# --- three feeds -----------------------------------------------------------------------


def _bag(number: int) -> str:
    return f"MUK-{number + 1:04}"


def _when(place: int) -> str:
    """The bags of a day are tied up one after the other, from seven in the morning."""
    minutes, seconds = divmod(place * 145, 60)
    return f"T{7 + minutes // 60:02}:{minutes % 60:02}:{seconds:02}Z"


def _hill() -> Tale:
    """Each evening the bags of the day in one statement, and the truck they are loaded on."""
    for day, (date, truck) in enumerate(zip(_DAYS, _TRUCKS, strict=True)):
        numbers = range(day * _PER_DAY, (day + 1) * _PER_DAY)
        bags = [
            say(
                "lot.extracted",
                occurred_at=f"{date}{_when(place)}",
                lot=_bag(number),
                material=ORE,
                mass=_kg(BAGS[number]),
                basis="wet",
                moisture="12.0 %",
                grades=["Co=4.0 %"],
                site="CD-MUKUBA",
                method="asm",
            )
            for place, number in enumerate(numbers)
        ]
        yield step(
            f"{date}T17:00:00Z",
            (MUKUBA, SERVICE),
            *bags,
            say("lots.packed", lot=truck, material=ORE, inputs=[_bag(n) for n in numbers]),
            tells="Mukuba Hill: 2,400 bags in twelve days, 120 t, weighed with the state agent"
            if day == len(_DAYS) - 1
            else "",
        )


def _loads() -> dict[str, tuple[str, str]]:
    """Each truck as the bags add up, and as the plant's weighbridge shows it, in steps of 20 kg."""
    sums = tuple(sum(BAGS[n : n + _PER_DAY]) for n in range(0, len(BAGS), _PER_DAY))
    return {
        truck: (_kg(out), _kg(got))
        for truck, out, got in zip(_TRUCKS, sums, rounded(sums, 200), strict=True)
    }


def by_hand() -> Tale:
    """2,400 bags to hydroxide at the refinery's door."""
    yield from _hill()
    way = Way(
        giver=MUKUBA,
        taker=HYDROMET,
        left="2026-02-02",
        came="2026-02-03",
        carrier="trucks of the plant",
        route=("CD",),
        measured="basis=wet,moisture=12.0 %",
        instrument="weighbridge",
    )
    yield from shipped(way, _loads(), tells="Mukuba Hill: twelve trucks over the weighbridge")
    inputs, report = list(_TRUCKS), _ASSAYS["MUK-ORE"]
    yield step(
        "2026-02-04T15:00:00Z",
        (HYDROMET,),
        say("lots.blended", lot="MUK-ORE", material=ORE, inputs=inputs, mass="120000 kg"),
        attached("MUK-ORE", report),
    )
    yield from _leached(HYDROMET, "MUK", "120000 kg", water="14400 kg")
    yield from _to_refinery(HYDROMET, "MUK-HYD", "23091.2 kg", "LUA-2026-031", 10)


def by_machine() -> Tale:
    """Fourteen shifts to hydroxide at the refinery's door."""
    for number, ore in enumerate(SHIFTS, 1):
        date = f"2026-01-{18 + number:02}" if number <= 13 else "2026-02-01"
        yield step(
            f"{date}T18:00:00Z",
            (TENGA,),
            say(
                "lot.extracted",
                lot=f"TEN-S{number:02}",
                material=ORE,
                mass=f"{ore} kg",
                basis="dry",
                grades=["Co=0.9 %"],
                site="CD-TENGA",
                method="lsm",
            ),
            tells="Tenga: 1,400 t of ore from the pit in fourteen shifts"
            if number == len(SHIFTS)
            else "",
        )
    inputs = [f"TEN-S{number:02}" for number in range(1, len(SHIFTS) + 1)]
    yield step(
        "2026-02-04T15:30:00Z",
        (TENGA,),
        say("lots.blended", lot="TEN-ORE", material=ORE, inputs=inputs, mass="1400000 kg"),
        attached("TEN-ORE", _ASSAYS["TEN-ORE"]),
    )
    yield from _leached(TENGA, "TEN", "1400000 kg")
    yield from _to_refinery(TENGA, "TEN-HYD", "67742 kg", "TEN-2026-007", 11)


_LEACHED = {  # grade, cobalt in the hydroxide and in the tailings, hydroxide wet, its water
    "MUK": ("4.0 %", "3463.68 kg", "760.32 kg", "23091.2 kg", "50 %", "CD-HYDROMET", "82 %"),
    "TEN": ("0.9 %", "10080 kg", "2520 kg", "67742 kg", "52 %", "CD-TENGA", "80 %"),
}


def _leached(by: str, prefix: str, ore: str, water: str = "") -> Tale:
    """Ore is assayed and leached; its cobalt comes out as hydroxide, wet from the press."""
    grade, cobalt, left, wet, moisture, plant, recovery = _LEACHED[prefix]
    name = f"{prefix}-ORE"
    yield step(
        "2026-02-06T12:00:00Z",
        (LAB, by),
        say(
            "lot.assayed",
            lot=name,
            grades=[f"Co={grade}"],
            method="icp",
            side="seller",
            certificate=_ASSAYS[name].digest,
        ),
    )
    hydroxide = made(f"{prefix}-HYD", HYDROXIDE, wet, cobalt, more=f"basis=wet,moisture={moisture}")
    tailings = less(ore, cobalt, *([water] if water else []))
    rest = f"{prefix}-TAILINGS=leach tailings,mass={tailings},basis=dry,role=residue"
    rest += f",contents=Co={left}"
    yield step(
        "2026-02-16T17:00:00Z",
        (by,),
        say(
            "lot.refined",
            lot=name,
            process="leaching",
            facility=plant,
            outputs=[hydroxide, rest],
            losses=[f"moisture={water}"] if water else [],
        ),
        tells=f"{name}: leached to {wet} of wet hydroxide with {cobalt} Co ({recovery})",
    )


def _to_refinery(giver: str, lot: str, weight: str, waybill: str, hour: int) -> Tale:
    """Certified as of DR Congo, by road to the coast and by sea to the Baltic."""
    certificate = say(
        "certificate.issued",
        certificate=f"CD-{waybill}",
        subject=f"lot:{lot}",
        standard="export certificate (fictional)",
        valid_from="2026-02-18",
        valid_to="2026-05-18",
        mass=weight,
        origins=["CD"],
    )
    yield step(f"2026-02-18T{hour}:00:00Z", (SERVICE,), certificate)
    way = Way(
        giver=giver,
        taker=REFINERY,
        left="2026-02-20",
        came="2026-04-02",
        carrier="Copper Road Freight",
        route=("CD", "ZM", "TZ", "FI"),
        waybill=waybill,
        measured="basis=wet",
    )
    yield from shipped(way, {lot: weight}, tells=f"{weight} of {lot} shipped to Baltic Cobalt")


def taken_back() -> Tale:
    """Black mass of two kinds, which stay apart: used batteries, and another maker's scrap."""
    kinds = (
        ("SPR-POST", "6000 kg", "recycled-post-consumer", "spent vehicle batteries", SCHEME, _POST),
        ("SPR-PRE", "4000 kg", "recycled-pre-consumer", "electrode scrap", SCHEME, _PRE),
    )
    yield step(
        "2026-03-02T16:00:00Z",
        (RECYCLER,),
        *(
            say(
                "lot.recovered",
                lot=lot,
                material="black mass",
                mass=weight,
                basis="dry",
                origin=origin,
                source=source,
                collector=collector,
                site="DE-SPREE",
                grades=["Co=20 %"],
                evidence=paper.digest,
            )
            for lot, weight, origin, source, collector, paper in kinds
        ),
        tells="Take-back: 10 t of black mass, 6 t from used batteries, 4 t from makers' scrap",
    )
    way = Way(
        giver=RECYCLER,
        taker=REFINERY,
        left="2026-03-10",
        came="2026-03-16",
        carrier="Hanse Freight",
        route=("DE", "FI"),
        waybill="SPR-2026-112",
    )
    yield from shipped(way, {lot: weight for lot, weight, *_ in kinds})
    yield step(
        "2026-04-02T17:00:00Z",
        (REFINERY,),
        say(
            "lots.blended",
            lot="SPR-BLACK",
            material="black mass",
            inputs=["SPR-POST", "SPR-PRE"],
            mass="10000 kg",
        ),
    )
