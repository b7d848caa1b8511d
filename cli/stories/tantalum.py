"""Tantalum: from a pit in Rwanda and one in DR Congo to the capacitors of a phone.

    Gihanga      24 bags, 1080.0 kg wet --> Kigali  --> concentrate 746.496 kg --+
    Mwambo Hill  20 bags,  800.0 kg wet --> Kalemie --> concentrate 638.672 kg --+
                                                                                 v
    1,000,000 phones <-- 2,000,000 capacitors <-- powder 337.602 kg <-- smelter, 1384.6 kg
    45 mg Ta each        45.000 kg Ta

Every party, place and paper is made up; the masses are typical of the trade. Ta is
81.897 % of Ta2O5. What the smelter's charge holds beyond powder and intermediate is its
loss, so that the books close to the milligram.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.words import mass, read_mass
from ledger.workspace import Workspace

from . import telling
from .telling import Actor, Paper, Story, Tale, attached, handed_over, say, side_by_side, step

__all__ = ["BRANCHES", "STORY", "Branch", "build"]

LAB = "lakes-assay.example"
SMELTER = "cid900101.example"
CAPACITORS = "karst-capacitors.example"
PHONES = "fjord-phones.example"
PHONE = "PHONE-26W18"

ORE, CONCENTRATE, POWDER = "coltan ore", "coltan concentrate", "tantalum powder"


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One mine, its state agent and its comptoir, up to the drums that leave the country.

    `bags` are their weights at the pit in tenths of a kilogram, `again` what the comptoir's
    scale said more or less, `arrived` the weight of each drum at the smelter. The branch's
    statements are recorded at its own minute of the day.
    """

    country: str
    minute: str
    site: str
    name: str
    icglr: str
    lat: str
    lon: str
    miner: str
    agent: str
    comptoir: str
    depot: str
    prefix: str
    mine_tags: tuple[str, int]
    trade_tags: tuple[str, int]
    bags: tuple[int, ...]
    again: tuple[int, ...]
    moisture: str
    grade: str
    upgraded: str
    purity: str
    tailings: str
    water: str
    drums: tuple[str, str]
    drum: str
    seals: tuple[str, str]
    arrived: tuple[str, str]
    assayed: str
    route: tuple[str, ...]
    waybill: str
    certificates: tuple[str, str]
    inspected: str

    def at(self, day: str) -> str:
        """When this branch's statement of a day, such as 02-09, was recorded."""
        return f"2026-{day}T16:{self.minute}:00Z"

    @property
    def lots(self) -> list[str]:
        """The bags, each a lot."""
        return [f"{self.prefix}-{number:04}" for number in range(1, len(self.bags) + 1)]

    @property
    def concentrate(self) -> str:
        """The lot that is exported."""
        return f"{self.prefix}-C1"

    def tag(self, place: int) -> str:
        """The mine tag on a bag."""
        return f"{self.mine_tags[0]}{self.mine_tags[1] + place}"

    def trade_tag(self, place: int) -> str:
        """The negociant tag on a bag."""
        return f"{self.trade_tags[0]}{self.trade_tags[1] + place}"


# fmt: off
RWANDA = Branch(
    country="RW", minute="00", site="RW-GIHANGA", name="Gihanga",
    icglr="RW-2.0871+29.3402-00017", lat="-2.0871", lon="29.3402",
    miner="gihanga.example", agent="tags-rw.example",
    comptoir="kigali-comptoir.example", depot="RW-KIGALI-DEPOT",
    prefix="GIH", mine_tags=("MT-", 77010), trade_tags=("NT-", 55201),
    bags=(
        443, 464, 444, 441, 424, 444, 481, 462, 479, 457, 461, 455,
        403, 474, 464, 464, 403, 401, 425, 437, 459, 449, 465, 501,
    ),
    again=(0, 1, 0, -1, 0, 0, 0, -1, 0, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0),
    moisture="4.0 %", grade="24.0 %",
    upgraded="746.496 kg", purity="32.0 %", tailings="290.304 kg", water="43.2 kg",
    drums=("KGL-D1", "KGL-D2"), drum="373.248 kg", seals=("S-4410", "S-4411"),
    arrived=("373.1 kg", "373.0 kg"), assayed="31.9 %",
    route=("RW", "TZ", "AT"), waybill="KGL-2026-0117",
    certificates=("RW-2026-0311", "RW-2026-0312"), inspected="2025-11-03",
)
CONGO = Branch(
    country="CD", minute="30", site="CD-MWAMBO", name="Mwambo Hill",
    icglr="CD-5.9512+28.9034-00009", lat="-5.9512", lon="28.9034",
    miner="mwambo-hill.example", agent="tags-cd.example",
    comptoir="kalemie-comptoir.example", depot="CD-KALEMIE-DEPOT",
    prefix="MWA", mine_tags=("CT-", 40120), trade_tags=("KT-", 9301),
    bags=(
        383, 408, 410, 383, 445, 414, 431, 384, 381, 391,
        397, 416, 406, 388, 375, 386, 432, 379, 406, 385,
    ),
    again=(0, 1, -1, 1, -1, 0, 0, 0, -1, 0, 1, 0, 1, 0, 0, 0, -1, 1, 0, -1),
    moisture="3.0 %", grade="28.0 %",
    upgraded="638.672 kg", purity="33.0 %", tailings="137.328 kg", water="24 kg",
    drums=("KAL-D1", "KAL-D2"), drum="319.336 kg", seals=("S-7120", "S-7121"),
    arrived=("319.3 kg", "319.2 kg"), assayed="32.9 %",
    route=("CD", "TZ", "AT"), waybill="KAL-2026-0042",
    certificates=("CD-2026-0087", "CD-2026-0088"), inspected="2025-11-19",
)
BRANCHES = (RWANDA, CONGO)

_ACTORS = (
    Actor("gihanga.example", "Gihanga Mining", ("miner",), "RW", "RW-ML-0417"),
    Actor("mwambo-hill.example", "Mwambo Hill Cooperative", ("miner",), "CD", "CD-COOP-0093"),
    Actor("tags-rw.example", "Mine Tagging Office, Rwanda", ("state-agent", "issuer"), "RW"),
    Actor("tags-cd.example", "Mine Tagging Service, Tanganyika", ("state-agent", "issuer"), "CD"),
    Actor("kigali-comptoir.example", "Kigali Comptoir", ("trader", "exporter"), "RW", "RW-T-022"),
    Actor("kalemie-comptoir.example", "Kalemie Comptoir", ("trader", "exporter"), "CD", "CD-E-51"),
    Actor(LAB, "Great Lakes Assay", ("laboratory",), "KE", "KE-LAB-301"),
    Actor(SMELTER, "Alm Tantalum, CID900101", ("refiner",), "AT", "CID900101"),
    Actor(CAPACITORS, "Karst Capacitors", ("manufacturer",), "SI"),
    Actor(PHONES, "Fjord Phones", ("manufacturer",), "NO"),
)
_WORKS = (
    (RWANDA.comptoir, "RW-KIGALI-DEPOT", "Kigali Comptoir, depot", "depot", "RW"),
    (CONGO.comptoir, "CD-KALEMIE-DEPOT", "Kalemie Comptoir, depot", "depot", "CD"),
    (SMELTER, "AT-ALM", "Alm Tantalum, smelter", "smelter", "AT"),
    (CAPACITORS, "SI-KARST", "Karst Capacitors, works", "factory", "SI"),
    (PHONES, "NO-FJORD", "Fjord Phones, works", "factory", "NO"),
)
# fmt: on


def _kg(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10} kg"


def _papers(branch: Branch) -> dict[str, Paper]:
    """The papers of a branch's concentrate: assay report, waybill, certificate per drum."""
    lot, drums = branch.concentrate, " and ".join(branch.drums)
    papers = {
        "assay-report": f"Assay report {lot}: {branch.purity} Ta2O5 of dry mass",
        "waybill": f"Waybill {branch.waybill}: {drums}, {branch.drum} each, to CID900101",
    }
    for drum, number in zip(branch.drums, branch.certificates, strict=True):
        papers[drum] = f"Export certificate {number}: drum {drum}, {branch.drum}"
    return {
        name: Paper(
            f"{line.partition(':')[0].replace(' ', '-').lower()}.txt",
            name if name not in branch.drums else "certificate",
            line.partition(":")[0],
            f"{line} (fictional)\n",
        )
        for name, line in papers.items()
    }


_PAPERS = {branch.country: _papers(branch) for branch in BRANCHES}
_INVOICE = Paper(
    "invoice-26-118.txt",
    "invoice",
    "Invoice 26-118",
    "Invoice 26-118: 50.000 kg tantalum powder TAP-0301-A to Karst Capacitors (fictional)\n",
)


# --- where it happens ------------------------------------------------------------------


def _places() -> Tale:
    """Mines are registered by their state agent, works by whoever runs them."""
    mines = [
        say(
            "site.registered",
            by=branch.agent,
            site=branch.site,
            name=branch.name,
            kind="mine-asm",
            country=branch.country,
            operator=branch.miner,
            minerals=["coltan"],
            substances=["Ta"],
            lat=branch.lat,
            lon=branch.lon,
            icglr=branch.icglr,
        )
        for branch in BRANCHES
    ]
    works = [
        say("site.registered", by=by, site=site, name=name, kind=kind, country=land, operator=by)
        for by, site, name, kind, land in _WORKS
    ]
    tags = [
        say(
            "tags.issued",
            by=branch.agent,
            series=f"{branch.country}-{kind}-2026",
            kind=kind,
            prefix=prefix,
            first=first,
            last=first + len(branch.bags) - 1,
            site=site,
            agent=branch.agent,
        )
        for branch in BRANCHES
        for kind, (prefix, first), site in (
            ("mine", branch.mine_tags, branch.site),
            ("negociant", branch.trade_tags, branch.depot),
        )
    ]
    assessed = [
        say(
            "site.assessed",
            by=branch.agent,
            site=branch.site,
            status="green",
            inspected=branch.inspected,
            valid_to=branch.inspected.replace("2025", "2026"),
            standard="regional mine inspection (fictional)",
        )
        for branch in BRANCHES
    ]
    yield step(
        "2026-02-03T10:00:00Z",
        (*(branch.agent for branch in BRANCHES), *(by for by, *_ in _WORKS)),
        *mines,
        *assessed,
        *works,
        *tags,
        tells="2 mines, found fit, and 5 works registered; 4 series of tags issued",
    )


# --- one branch: from the pit to the smelter's scale -----------------------------------


def _digging(branch: Branch) -> Tale:
    """Four days; each evening one statement by the miner and the tag agent."""
    share = len(branch.bags) // 4
    for number, day in enumerate(("02-09", "02-10", "02-11", "02-12")):
        bags = [
            say(
                "lot.extracted",
                occurred_at=f"2026-{day}T{8 + place % share:02}:15Z",
                lot=branch.lots[place],
                material=ORE,
                mass=_kg(branch.bags[place]),
                basis="wet",
                moisture=branch.moisture,
                grades=[f"Ta2O5={branch.grade}"],
                site=branch.site,
                method="asm",
                tags=[branch.tag(place)],
            )
            for place in range(number * share, (number + 1) * share)
        ]
        yield step(
            branch.at(day),
            (branch.miner, branch.agent),
            *bags,
            tells=f"{branch.name}: {len(branch.bags)} bags dug in four days, weighed, tagged "
            "by the state agent"
            if number == 3
            else "",
        )


def _to_comptoir(branch: Branch) -> Tale:
    """Bags leave the mine and are weighed again; mine tags off, negociant tags on."""
    bags = list(zip(branch.lots, branch.bags, branch.again, strict=True))
    sent, *_ = yield step(
        branch.at("02-13"),
        (branch.miner,),
        say(
            "custody.dispatched",
            occurred_at="2026-02-13T13:00Z",
            to=branch.comptoir,
            lots=[f"{lot}={_kg(tenths)}" for lot, tenths, _ in bags],
            carrier="truck of the comptoir",
            route=[branch.country],
        ),
    )
    wet = f"basis=wet,moisture={branch.moisture}"
    yield step(
        branch.at("02-16"),
        (branch.comptoir,),
        say(
            "custody.received",
            occurred_at="2026-02-16T11:00Z",
            dispatch=sent,
            giver=branch.miner,
            lots=[f"{lot}={_kg(tenths + more)},{wet}" for lot, tenths, more in bags],
        ),
        tells=f"{branch.name}: {len(bags)} bags handed over, {_kg(sum(branch.bags))} "
        "on both scales",
    )
    tagged = [
        say(
            "lot.tagged",
            occurred_at="2026-02-17T09:00Z",
            lot=lot,
            applied=[branch.trade_tag(place)],
            removed=[branch.tag(place)],
        )
        for place, lot in enumerate(branch.lots)
    ]
    yield step(branch.at("02-17"), (branch.comptoir, branch.agent), *tagged)


def _upgrading(branch: Branch) -> Tale:
    """Bags are tipped together, assayed and washed: concentrate, tailings, water."""
    blend, concentrate = f"{branch.prefix}-BLEND", branch.concentrate
    yield step(
        branch.at("02-18"),
        (branch.comptoir,),
        say(
            "lots.blended",
            lot=blend,
            material=ORE,
            inputs=branch.lots,
            mass=_kg(sum(branch.bags)),
        ),
    )
    assay = {"method": "icp", "side": "seller"}
    yield step(
        branch.at("02-20"),
        (LAB, branch.comptoir),
        say("lot.assayed", lot=blend, grades=[f"Ta2O5={branch.grade}"], **assay),
    )
    upgraded = f"mass={branch.upgraded},basis=dry,grades=Ta2O5={branch.purity}"
    tailings = f"mass={branch.tailings},basis=dry,role=residue"
    yield step(
        branch.at("02-24"),
        (branch.comptoir,),
        say(
            "lot.refined",
            lot=blend,
            process="washing",
            facility=branch.depot,
            outputs=[
                f"{concentrate}={CONCENTRATE},{upgraded}",
                f"{branch.prefix}-TAILINGS=washing tailings,{tailings}",
            ],
            losses=[f"moisture={branch.water}"],
        ),
        tells=f"{branch.name}: washed to {branch.upgraded} of concentrate, {branch.purity} Ta2O5",
    )
    report = _PAPERS[branch.country]["assay-report"].digest
    grades = [f"Ta2O5={branch.purity}"]
    yield step(
        branch.at("02-26"),
        (LAB, branch.comptoir),
        say("lot.assayed", lot=concentrate, grades=grades, certificate=report, **assay),
    )


def _exporting(branch: Branch) -> Tale:
    """Two sealed drums; a regional certificate is good for 90 days from its issue."""
    parts = [f"{branch.concentrate}-{number}" for number in (1, 2)]
    drums = [
        say(
            "lots.packed",
            lot=drum,
            material=CONCENTRATE,
            inputs=[part],
            package="drum",
            seals=[seal],
        )
        for drum, part, seal in zip(branch.drums, parts, branch.seals, strict=True)
    ]
    yield step(
        branch.at("02-27"),
        (branch.comptoir,),
        say(
            "lot.split",
            lot=branch.concentrate,
            material=CONCENTRATE,
            parts=[f"{part}={branch.drum}" for part in parts],
        ),
        *drums,
        checkpoint=branch is BRANCHES[-1],
    )
    certificates = [
        say(
            "certificate.issued",
            certificate=number,
            subject=f"lot:{drum}",
            standard="regional export certificate (fictional)",
            valid_from="2026-03-03",
            valid_to="2026-06-01",
            mass=branch.drum,
            origins=[branch.country],
            document=_PAPERS[branch.country][drum].digest,
        )
        for drum, number in zip(branch.drums, branch.certificates, strict=True)
    ]
    yield step(
        branch.at("03-03"),
        (branch.agent,),
        *certificates,
        tells=f"{branch.name}: 2 sealed drums, export certificates "
        f"{' and '.join(branch.certificates)}",
    )


def _to_smelter(branch: Branch) -> Tale:
    """Two borders, then the smelter's own scale and its own assay."""
    waybill = _PAPERS[branch.country]["waybill"]
    sent, *_ = yield step(
        branch.at("03-04"),
        (branch.comptoir,),
        say(
            "custody.dispatched",
            occurred_at="2026-03-04T09:00Z",
            to=SMELTER,
            lots=[f"{drum}={branch.drum}" for drum in branch.drums],
            carrier="Rift Freight",
            route=list(branch.route),
            seals=list(branch.seals),
            waybill=branch.waybill,
        ),
        *(attached(drum, waybill) for drum in branch.drums),
    )
    drums = zip(branch.drums, branch.arrived, strict=True)
    dry = f"basis=dry,grades=Ta2O5={branch.assayed}"
    yield step(
        branch.at("03-27"),
        (SMELTER,),
        say(
            "custody.received",
            occurred_at="2026-03-27T12:00Z",
            dispatch=sent,
            giver=branch.comptoir,
            lots=[f"{drum}={weight},{dry}" for drum, weight in drums],
            seals="intact",
        ),
        tells=f"{branch.name}: {branch.upgraded} sent to the smelter, {mass(_arrived(branch))} "
        f"weighed there, {branch.assayed} Ta2O5",
    )


def _arrived(*branches: Branch) -> int:
    return sum(read_mass(drum) for branch in branches for drum in branch.arrived)


def _branch(branch: Branch) -> Tale:
    for chapter in (_digging, _to_comptoir, _upgrading, _exporting, _to_smelter):
        yield from chapter(branch)


# --- both together: from the furnace to the phone --------------------------------------


def _smelting() -> Tale:
    """Both origins in one charge; whatever Ta is in neither output is lost with the slag."""
    slag = _arrived(*BRANCHES) - read_mass("337.602 kg") - read_mass("13.500 kg")
    yield step(
        "2026-03-31T16:00:00Z",
        (SMELTER,),
        say(
            "lots.blended",
            lot="CHG-0301",
            material=CONCENTRATE,
            inputs=[drum for branch in BRANCHES for drum in branch.drums],
            mass=mass(_arrived(*BRANCHES)),
        ),
        checkpoint=True,
    )
    powder = "mass=337.602 kg,basis=dry,contents=Ta=337.602 kg"
    returned = "mass=13.500 kg,basis=dry,role=byproduct,contents=Ta=11.009 kg"
    yield step(
        "2026-04-07T16:00:00Z",
        (SMELTER,),
        say(
            "lot.refined",
            lot="CHG-0301",
            process="smelting",
            facility="AT-ALM",
            outputs=[f"TAP-0301={POWDER},{powder}", f"RET-0301=tantalum oxide,{returned}"],
            losses=[f"slag={mass(slag)}"],
        ),
        tells="CID900101: both origins in one charge, smelted to 337.602 kg of powder",
    )
    yield step(
        "2026-04-08T12:00:00Z",
        (SMELTER,),
        say(
            "lot.split",
            lot="TAP-0301",
            material=POWDER,
            parts=["TAP-0301-A=50.000 kg", "TAP-0301-B=287.602 kg"],
        ),
    )


def _sintering() -> Tale:
    """A part of the powder becomes anodes, the rest of that part scrap."""
    anodes = "mass=45.000 kg,basis=dry,contents=Ta=45.000 kg,pieces=2000000"
    scrap = "mass=5.000 kg,basis=dry,role=byproduct,contents=Ta=5.000 kg"
    yield step(
        "2026-04-17T16:00:00Z",
        (CAPACITORS,),
        say(
            "lot.refined",
            lot="TAP-0301-A",
            process="sintering",
            facility="SI-KARST",
            outputs=[f"CAP-0412=tantalum capacitors,{anodes}", f"SCR-0412=anode scrap,{scrap}"],
        ),
        tells="2,000,000 capacitors of 22.5 mg, and 5.000 kg of scrap",
    )


def _assembly() -> Tale:
    """Two capacitors go into each phone."""
    yield step(
        "2026-04-30T16:00:00Z",
        (PHONES,),
        say(
            "product.made",
            product=PHONE,
            model="Fjord F1 phone",
            units=1_000_000,
            components=["CAP-0412,per_unit=2"],
            serials="26W18-0000001 to 26W18-1000000",
            facility="NO-FJORD",
        ),
        tells="1,000,000 phones, two capacitors in each",
    )


def _tale() -> Tale:
    yield from _places()
    yield from side_by_side(*(_branch(branch) for branch in BRANCHES))
    yield from _smelting()
    sold, days = attached("TAP-0301-A", _INVOICE), ("2026-04-08", "2026-04-13")
    yield from handed_over("TAP-0301-A", "50.000 kg", SMELTER, CAPACITORS, days, sold)
    yield from _sintering()
    days = ("2026-04-20", "2026-04-24")
    yield from handed_over("CAP-0412", "45.000 kg", CAPACITORS, PHONES, days)
    yield from _assembly()


STORY = Story(
    name="tantalum",
    title="Demonstration: tantalum from two mines to a phone",
    origin="demo.example/tantalum",
    begins="2026-02-02T09:00:00Z",
    actors=_ACTORS,
    papers=(*(paper for papers in _PAPERS.values() for paper in papers.values()), _INVOICE),
    tell=_tale,
    product=PHONE,
    dug=("GIH-0005", "MWA-0007"),
)


def build(root: Path, clock: Callable[[], int] | None = None) -> Workspace:
    """This story as a new workspace at `root`; see `telling.build`."""
    return telling.build(STORY, root, clock)
